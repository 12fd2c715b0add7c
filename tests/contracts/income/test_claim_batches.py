"""Claims of several distributions: shared slots, receivers by order, tokens that answer badly."""

from __future__ import annotations

import random

import pytest
from eth_abi.abi import encode
from eth_account import Account
from hypothesis import given
from hypothesis import strategies as st

from prorata.apportion import apportion
from tests.chainkit import ZERO, RevmKit
from tests.contracts.harness import DAY, NOTHING, Harness, person, refused, terms

KEY = "0x" + "0d" * 32
DECLARER = Account.from_key(KEY).address


@pytest.fixture
def record(harness) -> int:
    """A record of four holders of 10,000 shares, closed."""
    harness.issue({harness.ann: 5_000, harness.ben: 3_333, harness.cid: 1_666, harness.dan: 1})
    return harness.close()


def dollars(harness: Harness, account: str) -> int:
    """What an account has of the dollar."""
    return int(harness.dollar.call("balanceOf", account))


# --------------------------------------------------------------------- shared slots


def test_more_distributions_than_any_one_slot_has_marks_for(harness, record):
    """Law 4 across the holder's file (64 marks), its words (256 each) and lanes of many slots: of
    300 each is paid once, whatever was claimed before, to the unit.
    """
    numbers = [harness.declare(record, 1_000 + i) for i in range(300)]
    chance = random.Random(11)
    early = chance.sample(numbers, 100)
    harness.claim(harness.ben, *early)
    harness.push(numbers[70], harness.ben, harness.ann)
    owed = [n for n in numbers if n not in early and n != numbers[70]]
    assert harness.vault.call("claim", numbers, harness.ben) == len(owed)
    harness.claim(harness.ben, *numbers[:150])
    harness.claim(harness.ben, *numbers[100:])
    assert harness.vault.call("claim", numbers, harness.ben) == 0
    assert dollars(harness, harness.ben) == sum((1_000 + i) * 3_333 // 10_000 for i in range(300))
    for number in (numbers[0], numbers[63], numbers[64], numbers[255], numbers[256], numbers[299]):
        assert harness.vault.call("isClaimed", number, harness.ben) is True
        assert harness.vault.call("isClaimed", number, harness.cid) is False
    for holder in (harness.ann, harness.cid, harness.dan):
        harness.claim(holder, *numbers)
    assert harness.vault.call("claimable", numbers[0], harness.ann) == 0
    held = (5_000, 3_333, 1_666, 1)
    left = sum(n - sum(n * shares // 10_000 for shares in held) for n in range(1_000, 1_300))
    carried = harness.vault.call("carried", harness.token.address, harness.dollar.address)
    taken = sum(harness.figures(n)["carriedIn"] for n in numbers)
    assert (carried, taken) == (left, 0)
    assert dollars(harness, harness.vault.address) == left


def test_a_claim_in_the_order_of_declaration_costs_no_more_memory_than_a_sorted_one(
    harness, record
):
    """Three currencies in turn, 200 distributions: each run has its own question, slots and payment
    to pay for, and none pays for the memory of those before it, which was 45 million gas."""
    euro = harness.kit.deploy("Dollar", "Euro", "EUR", 2)
    ways = [
        lambda: harness.declare(record, 1_000),
        lambda: harness.declare_native(record, 1_000),
        lambda: harness.declare(record, 1_000, currency=euro),
    ]
    numbers = [ways[i % 3]() for i in range(200)]
    before = harness.kit.evm.snapshot()
    in_order = harness.claim(harness.ben, *numbers)
    paid = sorted((e["id"], e["gross"]) for e in in_order.settlements)
    harness.kit.evm.revert(before)
    by_currency = harness.claim(harness.ben, *(n for rest in range(3) for n in numbers[rest::3]))
    assert sorted((e["id"], e["gross"]) for e in by_currency.settlements) == paid
    assert paid == [(number, 333) for number in numbers]
    assert in_order.gas < 4_000_000
    assert in_order.gas - by_currency.gas < 197 * 13_000


def test_what_stands_behind_a_list_is_not_claimed(harness, record):
    """A call may be longer than its list: what follows is nobody's wish, be it of the series that
    the list ends with."""
    ether = harness.declare_native(record, 1_000)
    rent = [harness.declare(record, 1_000) for _ in range(4)]
    for listed, behind in ((rent[:1], rent[1]), ([ether, rent[2]], rent[3])):
        data = harness.kit.codec.call("DividendVault", "claim", listed, harness.ann)
        longer = data + behind.to_bytes(32, "big")
        harness.kit.transact(harness.ann, harness.vault.address, longer)
        assert harness.vault.call("isClaimed", behind, harness.ann) is False
        assert all(harness.vault.call("isClaimed", n, harness.ann) for n in listed)
    assert dollars(harness, harness.ann) == 2 * 500


def test_a_holder_paid_first_from_a_worthless_series_is_paid_as_exactly(harness, record):
    """Somebody else's series may become a holder's home: that costs a slot, and no money."""
    bare = harness.kit.deploy("BareToken")
    bare.send("setTime", 1, harness.kit.now - 1)
    bare.send("setSupply", 1, 10)
    bare.send("setShares", harness.ann, 1, 10)
    junk = harness.kit.deploy("Dollar", "Junk", "JNK", 0)
    harness.push(
        harness.declare(1, 10, token=bare, currency=junk, sender=harness.stranger), harness.ann
    )
    numbers = [harness.declare(record, 1_000) for _ in range(3)]
    harness.push(numbers[0], harness.ann)
    harness.claim(harness.ann, *numbers)
    assert dollars(harness, harness.ann) == 1_500
    assert junk.call("balanceOf", harness.ann) == 10
    harness.vault.send("setPayee", harness.eve, sender=harness.ann)
    assert [harness.vault.call("isClaimed", n, harness.ann) for n in numbers] == [True] * 3
    harness.claim(harness.ann, harness.declare(record, 1_000))
    assert dollars(harness, harness.eve) == 500


def test_neighbours_in_a_slot_do_not_touch_each_other(codec):
    """Laws 2 and 25: lanes of any width, claimed in any order, settle their own shares and
    losses."""

    @given(st.data())
    def law(data):
        harness = Harness(RevmKit(codec))
        people = [person(i) for i in range(4)]
        supplies, numbers = [], []
        held = dict.fromkeys(people, 0)
        for _ in range(data.draw(st.integers(1, 5), "records")):
            width = data.draw(st.sampled_from([0, 1, 7, 20, 31, 32, 33, 60, 85, 93]), "bits")
            more = {who: data.draw(st.integers(0, 2**width), "more") for who in people}
            harness.issue(more)
            held = {who: held[who] + more[who] for who in people}
            if not sum(held.values()):
                harness.issue({people[0]: 1})
                held[people[0]] += 1
            supplies.append(dict(held))
            record = harness.close()
            amount = data.draw(st.integers(1, 2**100), "amount")
            numbers.append(
                (harness.declare(record, amount, sender=harness.stranger), amount, dict(held))
            )
        calls = [(n, who) for n in range(len(numbers)) for who in people]
        for index, who in data.draw(st.permutations(calls), "order"):
            if data.draw(st.booleans(), "together"):
                harness.claim(who, *[number for number, _, _ in numbers])
            else:
                harness.push(numbers[index][0], who)
            for number, amount, balances in numbers:
                figures = harness.figures(number)
                done = [p for p in people if harness.vault.call("isClaimed", number, p)]
                law = apportion(amount, balances)
                assert figures["settledShares"] == sum(balances[p] for p in done)
                assert figures["paid"] == sum(law.gross[p] for p in done if balances[p])
        for number, amount, balances in numbers:
            assert harness.figures(number)["carriedOut"] == apportion(amount, balances).remainder
            assert harness.figures(number)["owed"] == 0

    law()


@pytest.mark.parametrize("way", ["claim", "push"])
def test_what_was_declared_while_its_record_was_open_pays_every_holder(harness, way):
    """Law 1: the first payment finds the denominator, and the second pays its share too."""
    harness.issue({harness.ann: 5_000, harness.ben: 3_333, harness.cid: 1_667})
    record = harness.schedule()
    numbers = [harness.declare(record, 10_000), harness.declare(record, 7)]
    harness.kit.now += 2 * DAY
    paid = {}
    for holder in (harness.ann, harness.ben, harness.cid):
        if way == "claim":
            harness.claim(holder, *numbers)
        else:
            for number in numbers:
                harness.push(number, holder)
        paid[holder] = dollars(harness, holder)
    assert paid == {harness.ann: 5_003, harness.ben: 3_335, harness.cid: 1_668}


# ------------------------------------------------------------------------ claimTo


def test_a_holder_says_where_one_claim_goes(harness, record):
    """Once, to anyone, and over the payee it has set; the event names the receiver."""
    harness.vault.send("setPayee", harness.issuer, sender=harness.ann)
    first, second = harness.declare(record, 10_000), harness.declare(record, 20_000)
    receipt = harness.vault.send(
        "claimTo", [first, second], harness.ann, harness.ann, harness.eve, sender=harness.ann
    )
    assert [(e["payee"], e["gross"]) for e in receipt.settlements] == [
        (harness.eve, 5_000),
        (harness.eve, 10_000),
    ]
    assert [name for name, _ in receipt.events] == ["ClaimedMany", "Transfer"]
    assert dollars(harness, harness.eve) == 15_000
    third = harness.declare(record, 10_000)
    harness.claim(harness.ann, third)
    assert dollars(harness, harness.issuer) == 5_000


@pytest.mark.attack("A13")
def test_nobody_else_says_where_it_goes(harness, record):
    """Not a stranger, an agent, the owner or the payee; neither to nobody nor to the vault."""
    number = harness.declare(record, 10_000)
    harness.vault.send("setPayee", harness.issuer, sender=harness.ann)
    for sender in (harness.stranger, harness.agent, harness.owner, harness.issuer):
        for named in (sender, harness.ann):
            with refused("DividendVault_NotClaimant", sender, harness.ann):
                harness.vault.send("claimTo", [number], harness.ann, named, sender, sender=sender)
    with refused("DividendVault_InvalidPayee", ZERO):
        harness.vault.send("claimTo", [number], harness.ann, harness.ann, ZERO, sender=harness.ann)
    with refused("DividendVault_InvalidPayee", harness.vault.address):
        harness.vault.send(
            "claimTo", [number], harness.ann, harness.ann, harness.vault.address, sender=harness.ann
        )
    assert harness.vault.call("claimable", number, harness.ann) == 5_000


@pytest.mark.attack("C3")
def test_only_the_successor_says_where_a_lost_wallets_income_goes(harness, record):
    """The old key has no say any more; a frozen successor waits."""
    number = harness.declare(record, 10_000)
    harness.token.send("recoveryAddress", harness.ann, harness.eve, ZERO, sender=harness.agent)
    with refused("DividendVault_NotClaimant", harness.ann, harness.eve):
        harness.vault.send("claimTo", [number], *[harness.ann] * 3, sender=harness.ann)
    call = ([number], harness.ann, harness.eve, harness.issuer)
    harness.token.send("setAddressFrozen", harness.eve, True, sender=harness.agent)
    with refused("DividendVault_IncomeHeld", harness.token.address, harness.ann):
        harness.vault.send("claimTo", *call, sender=harness.eve)
    harness.token.send("setAddressFrozen", harness.eve, False, sender=harness.agent)
    harness.vault.send("claimTo", *call, sender=harness.eve)
    assert dollars(harness, harness.issuer) == 5_000


# ------------------------------------------------------------------ declareWithPermit


def signed(
    harness: Harness, coin, amount: int, deadline: int, nonce: int = 0
) -> tuple[int, int, bytes, bytes]:
    """A permit for the vault, as eth-account signs it."""
    domain = {
        "name": "Permit coin",
        "version": "1",
        "chainId": 1,
        "verifyingContract": coin.address,
    }
    names = ("owner", "spender", "value", "nonce", "deadline")
    kinds = ("address", "address", "uint256", "uint256", "uint256")
    types = {"Permit": [{"name": n, "type": k} for n, k in zip(names, kinds, strict=True)]}
    message = {
        "owner": DECLARER, "spender": harness.vault.address, "value": amount, "nonce": nonce,
        "deadline": deadline,
    }  # fmt: skip
    done = Account.sign_typed_data(KEY, domain, types, message)
    return deadline, done.v, done.r.to_bytes(32, "big"), done.s.to_bytes(32, "big")


def test_a_declaration_is_funded_by_permit(harness, record):
    """No approval beforehand; the allowance is used up."""
    coin = harness.kit.deploy("PermitCoin")
    coin.send("mint", DECLARER, 10_000)
    permit = signed(harness, coin, 10_000, harness.kit.now)
    declared = (harness.token.address, record, coin.address, 10_000, terms())
    receipt = harness.vault.send("declareWithPermit", *declared, permit, sender=DECLARER)
    assert receipt.named("Declared")[0]["declarer"] == DECLARER
    assert coin.call("allowance", DECLARER, harness.vault.address) == 0
    harness.claim(harness.ann, 1)
    assert coin.call("balanceOf", harness.ann) == 5_000


@pytest.mark.attack("G")
def test_a_permit_that_somebody_used_first_does_no_harm(harness, record):
    """What counts is the allowance."""
    coin = harness.kit.deploy("PermitCoin")
    coin.send("mint", DECLARER, 10_000)
    deadline, v, r, s = permit = signed(harness, coin, 10_000, harness.kit.now)
    coin.send(
        "permit",
        DECLARER,
        harness.vault.address,
        10_000,
        deadline,
        v,
        r,
        s,
        sender=harness.stranger,
    )
    declared = (harness.token.address, record, coin.address, 10_000, terms())
    harness.vault.send("declareWithPermit", *declared, permit, sender=DECLARER)
    assert harness.figures(1)["amount"] == 10_000


@pytest.mark.attack("G")
@pytest.mark.parametrize("fault", ["expired", "another amount", "another signer"])
def test_a_permit_that_does_not_fit_funds_nothing(harness, record, fault):
    """Then there is no allowance, and the declaration is refused."""
    coin = harness.kit.deploy("PermitCoin")
    sender = harness.stranger if fault == "another signer" else DECLARER
    coin.send("mint", sender, 10_000)
    deadline = harness.kit.now - 1 if fault == "expired" else harness.kit.now
    permit = signed(harness, coin, 9_999 if fault == "another amount" else 10_000, deadline)
    declared = (harness.token.address, record, coin.address, 10_000, terms())
    with refused("DividendVault_FundingFailed", coin.address, sender, 10_000):
        harness.vault.send("declareWithPermit", *declared, permit, sender=sender)
    assert harness.vault.call("distributionCount") == 0


def test_permits_are_for_currencies_that_have_them(harness, record):
    """One without, and with an allowance, is taken all the same; the native coin has none."""
    harness.fund(harness.agent, harness.dollar, 500)
    declared = (harness.token.address, record, harness.dollar.address, 500, terms())
    harness.vault.send(
        "declareWithPermit", *declared, (0, 27, NOTHING, NOTHING), sender=harness.agent
    )
    assert harness.figures(1)["amount"] == 500
    declared = (harness.token.address, record, ZERO, 500, terms())
    with refused("DividendVault_WrongValue", 0, 500):
        harness.vault.send(
            "declareWithPermit", *declared, (0, 27, NOTHING, NOTHING), sender=harness.agent
        )


# ------------------------------------------------------------- tokens that answer badly

ANN = "0x" + "5a" * 20


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        encode(["address", "uint256[]"], [ANN, []]),
        encode(["address", "uint256[]"], [ANN, [5]])[:-1],
        encode(["address", "uint256[]"], [ANN, [5, 5]]),
        encode(["uint256", "uint256[]"], [2**160, [5]]),
        encode(["address", "uint256", "uint256", "uint256"], [ANN, 0x60, 1, 5]),
    ],
    ids=["nothing", "no balances", "cut off", "too many", "no address", "elsewhere"],
)
def test_a_token_that_answers_badly_is_refused_by_name(kit, answer):
    """It harms its own distributions only, and can mend its answer."""
    harness = Harness(kit)
    token = kit.deploy("CarelessHoldings")
    number = harness.declare(1, 1_000, token=token, sender=harness.stranger)
    token.send("answer", answer)
    with refused("RecordQuery_Unreadable", token.address, harness.ann):
        harness.claim(harness.ann, number)
    token.send("answer", encode(["address", "uint256[]"], [harness.ann, [5]]) + b"\1" * 320)
    harness.claim(harness.ann, number)
    assert dollars(harness, harness.ann) == 500


def test_a_token_that_fails_with_the_word_for_yes_has_not_said_it(kit):
    """It is asked one question at a time, whatever it would answer to all of them at once."""
    harness = Harness(kit)
    token = kit.deploy("CarelessHoldings")
    token.send("fail")
    number = harness.declare(1, 1_000, token=token, sender=harness.stranger)
    token.send("answer", b"")
    harness.claim(harness.ann, number)
    assert dollars(harness, harness.ann) == 500


def test_a_token_that_says_neither_yes_nor_no_has_not_said_it(kit):
    """Of income that is held, 0 and 1 are answers; what says anything else is asked one by one."""
    harness = Harness(kit)
    token = kit.deploy("CarelessHoldings")
    for word, offered in ((0, True), (1, True), (2, False), (2**256 - 1, False)):
        token.send("say", word)
        number = harness.declare(1, 1_000, token=token, sender=harness.stranger)
        token.send("answer", b"")
        if offered:
            with refused("RecordQuery_Unreadable", token.address, harness.ann):
                harness.claim(harness.ann, number)
        else:
            harness.claim(harness.ann, number)
        assert dollars(harness, harness.ann) == (0 if offered else 500 * (1 + (word > 2)))


def test_a_token_that_overstates_a_holding_is_stopped_at_its_own_money(kit):
    """More shares than are unsettled, up to the largest number there is, are refused."""
    harness = Harness(kit)
    token = kit.deploy("CarelessHoldings")
    number = harness.declare(1, 1_000, token=token, sender=harness.stranger)
    for shares in (11, 2**96, 2**255 + 5, 2**256 - 1):
        token.send("answer", encode(["address", "uint256[]"], [harness.ann, [shares]]))
        with refused("DividendVault_SupplyTooLarge", shares, 10):
            harness.claim(harness.ann, number)
        with refused("DividendVault_SupplyTooLarge", shares, 10):
            harness.push(number, harness.ann)


def test_a_deadline_at_the_end_of_time_is_refused(harness, record):
    """The one second that stands for none."""
    last = 2**48 - 1
    harness.fund(harness.agent, harness.dollar, 10)
    with refused("DividendVault_DeadlineTooLate", last, last - 1):
        harness.declare(record, 10, deadline=last, sweep_to=harness.issuer)
    number = harness.declare(record, 10, deadline=last - 1, sweep_to=harness.issuer)
    assert harness.figures(number)["terms"]["deadline"] == last - 1


def test_income_may_wait_in_a_token_that_knows_no_holdings(harness):
    """A token without `holdingsAt` is asked one question at a time, with the same result."""
    bare = harness.kit.deploy("BareToken")
    bare.send("setTime", 1, harness.kit.now - DAY)
    bare.send("setSupply", 1, 10)
    bare.send("setShares", harness.ann, 1, 4)
    numbers = [harness.declare(1, 1_000, token=bare, sender=harness.stranger) for _ in range(3)]
    assert harness.vault.call("claim", numbers, harness.ann) == 3
    harness.claim(harness.ann, *numbers)
    assert dollars(harness, harness.ann) == 1_200
