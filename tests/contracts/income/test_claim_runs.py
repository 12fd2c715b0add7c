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
from tests.contracts.stage import DAY, NOTHING, Stage, person, refused, terms

KEY = "0x" + "0d" * 32
DECLARER = Account.from_key(KEY).address


@pytest.fixture
def record(stage) -> int:
    """A record of four holders of 10,000 shares, closed."""
    stage.issue({stage.ann: 5_000, stage.ben: 3_333, stage.cid: 1_666, stage.dan: 1})
    return stage.close()


def dollars(stage: Stage, account: str) -> int:
    """What an account has of the dollar."""
    return int(stage.dollar.call("balanceOf", account))


# --------------------------------------------------------------------- shared slots


def test_more_distributions_than_any_one_slot_has_marks_for(stage, record):
    """Law 4 across the holder's file (64 marks), its words (256 each) and lanes of many slots: of
    300 each is paid once, whatever was claimed before, to the unit.
    """
    numbers = [stage.declare(record, 1_000 + i) for i in range(300)]
    chance = random.Random(11)
    early = chance.sample(numbers, 100)
    stage.claim(stage.ben, *early)
    stage.push(numbers[70], stage.ben, stage.ann)
    owed = [n for n in numbers if n not in early and n != numbers[70]]
    assert stage.vault.call("claim", numbers, stage.ben) == len(owed)
    stage.claim(stage.ben, *numbers[:150])
    stage.claim(stage.ben, *numbers[100:])
    assert stage.vault.call("claim", numbers, stage.ben) == 0
    assert dollars(stage, stage.ben) == sum((1_000 + i) * 3_333 // 10_000 for i in range(300))
    for number in (numbers[0], numbers[63], numbers[64], numbers[255], numbers[256], numbers[299]):
        assert stage.vault.call("isClaimed", number, stage.ben) is True
        assert stage.vault.call("isClaimed", number, stage.cid) is False
    for holder in (stage.ann, stage.cid, stage.dan):
        stage.claim(holder, *numbers)
    assert stage.vault.call("claimable", numbers[0], stage.ann) == 0
    held = (5_000, 3_333, 1_666, 1)
    left = sum(n - sum(n * shares // 10_000 for shares in held) for n in range(1_000, 1_300))
    carried = stage.vault.call("carried", stage.token.address, stage.dollar.address)
    taken = sum(stage.figures(n)["carriedIn"] for n in numbers)
    assert (carried, taken) == (left, 0)
    assert dollars(stage, stage.vault.address) == left


def test_what_stands_behind_a_list_is_not_claimed(stage, record):
    """A call may be longer than its list: what follows is nobody's wish, be it of the series that
    the list ends with."""
    ether = stage.declare_native(record, 1_000)
    rent = [stage.declare(record, 1_000) for _ in range(4)]
    for listed, behind in ((rent[:1], rent[1]), ([ether, rent[2]], rent[3])):
        data = stage.kit.codec.call("DividendVault", "claim", listed, stage.ann)
        longer = data + behind.to_bytes(32, "big")
        stage.kit.transact(stage.ann, stage.vault.address, longer)
        assert stage.vault.call("isClaimed", behind, stage.ann) is False
        assert all(stage.vault.call("isClaimed", n, stage.ann) for n in listed)
    assert dollars(stage, stage.ann) == 2 * 500


def test_a_holder_paid_first_from_a_worthless_series_is_paid_as_exactly(stage, record):
    """Somebody else's series may become a holder's home: that costs a slot, and no money."""
    bare = stage.kit.deploy("BareToken")
    bare.send("setTime", 1, stage.kit.now - 1)
    bare.send("setSupply", 1, 10)
    bare.send("setShares", stage.ann, 1, 10)
    junk = stage.kit.deploy("Dollar", "Junk", "JNK", 0)
    stage.push(stage.declare(1, 10, token=bare, currency=junk, sender=stage.stranger), stage.ann)
    numbers = [stage.declare(record, 1_000) for _ in range(3)]
    stage.push(numbers[0], stage.ann)
    stage.claim(stage.ann, *numbers)
    assert dollars(stage, stage.ann) == 1_500
    assert junk.call("balanceOf", stage.ann) == 10
    stage.vault.send("setPayee", stage.eve, sender=stage.ann)
    assert [stage.vault.call("isClaimed", n, stage.ann) for n in numbers] == [True] * 3
    stage.claim(stage.ann, stage.declare(record, 1_000))
    assert dollars(stage, stage.eve) == 500


def test_neighbours_in_a_slot_do_not_touch_each_other(codec):
    """Laws 2 and 25: lanes of any width, claimed in any order, settle their own shares and
    losses."""

    @given(st.data())
    def law(data):
        stage = Stage(RevmKit(codec))
        people = [person(i) for i in range(4)]
        supplies, numbers = [], []
        held = dict.fromkeys(people, 0)
        for _ in range(data.draw(st.integers(1, 5), "records")):
            width = data.draw(st.sampled_from([0, 1, 7, 20, 31, 32, 33, 60, 85, 93]), "bits")
            more = {who: data.draw(st.integers(0, 2**width), "more") for who in people}
            stage.issue(more)
            held = {who: held[who] + more[who] for who in people}
            if not sum(held.values()):
                stage.issue({people[0]: 1})
                held[people[0]] += 1
            supplies.append(dict(held))
            record = stage.close()
            amount = data.draw(st.integers(1, 2**100), "amount")
            numbers.append(
                (stage.declare(record, amount, sender=stage.stranger), amount, dict(held))
            )
        calls = [(n, who) for n in range(len(numbers)) for who in people]
        for index, who in data.draw(st.permutations(calls), "order"):
            if data.draw(st.booleans(), "together"):
                stage.claim(who, *[number for number, _, _ in numbers])
            else:
                stage.push(numbers[index][0], who)
            for number, amount, balances in numbers:
                figures = stage.figures(number)
                done = [p for p in people if stage.vault.call("isClaimed", number, p)]
                law = apportion(amount, balances)
                assert figures["settledShares"] == sum(balances[p] for p in done)
                assert figures["paid"] == sum(law.gross[p] for p in done if balances[p])
        for number, amount, balances in numbers:
            assert stage.figures(number)["carriedOut"] == apportion(amount, balances).remainder
            assert stage.figures(number)["owed"] == 0

    law()


@pytest.mark.parametrize("way", ["claim", "push"])
def test_what_was_declared_while_its_record_was_open_pays_every_holder(stage, way):
    """Law 1: the first payment finds the denominator, and the second pays its share too."""
    stage.issue({stage.ann: 5_000, stage.ben: 3_333, stage.cid: 1_667})
    record = stage.schedule()
    numbers = [stage.declare(record, 10_000), stage.declare(record, 7)]
    stage.kit.now += 2 * DAY
    paid = {}
    for holder in (stage.ann, stage.ben, stage.cid):
        if way == "claim":
            stage.claim(holder, *numbers)
        else:
            for number in numbers:
                stage.push(number, holder)
        paid[holder] = dollars(stage, holder)
    assert paid == {stage.ann: 5_003, stage.ben: 3_335, stage.cid: 1_668}


# ------------------------------------------------------------------------ claimTo


def test_a_holder_says_where_one_claim_goes(stage, record):
    """Once, to anyone, and over the payee it has set; the event names the receiver."""
    stage.vault.send("setPayee", stage.issuer, sender=stage.ann)
    first, second = stage.declare(record, 10_000), stage.declare(record, 20_000)
    receipt = stage.vault.send("claimTo", [first, second], stage.ann, stage.eve, sender=stage.ann)
    assert [(e["payee"], e["gross"]) for e in receipt.settlements] == [
        (stage.eve, 5_000),
        (stage.eve, 10_000),
    ]
    assert [name for name, _ in receipt.events] == ["ClaimedMany", "Transfer"]
    assert dollars(stage, stage.eve) == 15_000
    third = stage.declare(record, 10_000)
    stage.claim(stage.ann, third)
    assert dollars(stage, stage.issuer) == 5_000


def test_A13_nobody_else_says_where_it_goes(stage, record):
    """Not a stranger, an agent, the owner or the payee; neither to nobody nor to the vault."""
    number = stage.declare(record, 10_000)
    stage.vault.send("setPayee", stage.issuer, sender=stage.ann)
    for sender in (stage.stranger, stage.agent, stage.owner, stage.issuer):
        with refused("DividendVault_NotClaimant", sender, stage.ann):
            stage.vault.send("claimTo", [number], stage.ann, sender, sender=sender)
    with refused("DividendVault_InvalidPayee", ZERO):
        stage.vault.send("claimTo", [number], stage.ann, ZERO, sender=stage.ann)
    with refused("DividendVault_InvalidPayee", stage.vault.address):
        stage.vault.send("claimTo", [number], stage.ann, stage.vault.address, sender=stage.ann)
    assert stage.vault.call("claimable", number, stage.ann) == 5_000


def test_C3_only_the_successor_says_where_a_lost_wallets_income_goes(stage, record):
    """The old key has no say any more; a frozen successor waits."""
    number = stage.declare(record, 10_000)
    stage.token.send("recoveryAddress", stage.ann, stage.eve, ZERO, sender=stage.agent)
    with refused("DividendVault_NotClaimant", stage.ann, stage.eve):
        stage.vault.send("claimTo", [number], stage.ann, stage.ann, sender=stage.ann)
    stage.token.send("setAddressFrozen", stage.eve, True, sender=stage.agent)
    with refused("DividendVault_Waiting", stage.token.address, stage.ann):
        stage.vault.send("claimTo", [number], stage.ann, stage.issuer, sender=stage.eve)
    stage.token.send("setAddressFrozen", stage.eve, False, sender=stage.agent)
    stage.vault.send("claimTo", [number], stage.ann, stage.issuer, sender=stage.eve)
    assert dollars(stage, stage.issuer) == 5_000


# ------------------------------------------------------------------ declareWithPermit


def signed(
    stage: Stage, coin, amount: int, deadline: int, nonce: int = 0
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
        "owner": DECLARER, "spender": stage.vault.address, "value": amount, "nonce": nonce,
        "deadline": deadline,
    }  # fmt: skip
    done = Account.sign_typed_data(KEY, domain, types, message)
    return deadline, done.v, done.r.to_bytes(32, "big"), done.s.to_bytes(32, "big")


def test_a_declaration_is_funded_by_permit(stage, record):
    """No approval beforehand; the allowance is used up."""
    coin = stage.kit.deploy("PermitCoin")
    coin.send("mint", DECLARER, 10_000)
    permit = signed(stage, coin, 10_000, stage.kit.now)
    said = (stage.token.address, record, coin.address, 10_000, terms())
    receipt = stage.vault.send("declareWithPermit", *said, permit, sender=DECLARER)
    assert receipt.named("Declared")[0]["declarer"] == DECLARER
    assert coin.call("allowance", DECLARER, stage.vault.address) == 0
    stage.claim(stage.ann, 1)
    assert coin.call("balanceOf", stage.ann) == 5_000


def test_G_a_permit_that_somebody_used_first_does_no_harm(stage, record):
    """What counts is the allowance."""
    coin = stage.kit.deploy("PermitCoin")
    coin.send("mint", DECLARER, 10_000)
    deadline, v, r, s = permit = signed(stage, coin, 10_000, stage.kit.now)
    coin.send(
        "permit", DECLARER, stage.vault.address, 10_000, deadline, v, r, s, sender=stage.stranger
    )
    said = (stage.token.address, record, coin.address, 10_000, terms())
    stage.vault.send("declareWithPermit", *said, permit, sender=DECLARER)
    assert stage.figures(1)["amount"] == 10_000


@pytest.mark.parametrize("fault", ["expired", "another amount", "another signer"])
def test_G_a_permit_that_does_not_fit_funds_nothing(stage, record, fault):
    """Then there is no allowance, and the declaration is refused."""
    coin = stage.kit.deploy("PermitCoin")
    sender = stage.stranger if fault == "another signer" else DECLARER
    coin.send("mint", sender, 10_000)
    deadline = stage.kit.now - 1 if fault == "expired" else stage.kit.now
    permit = signed(stage, coin, 9_999 if fault == "another amount" else 10_000, deadline)
    said = (stage.token.address, record, coin.address, 10_000, terms())
    with refused("DividendVault_FundingFailed", coin.address, sender, 10_000):
        stage.vault.send("declareWithPermit", *said, permit, sender=sender)
    assert stage.vault.call("distributionCount") == 0


def test_permits_are_for_currencies_that_have_them(stage, record):
    """One without, and with an allowance, is taken all the same; the native coin has none."""
    stage.fund(stage.agent, stage.dollar, 500)
    said = (stage.token.address, record, stage.dollar.address, 500, terms())
    stage.vault.send("declareWithPermit", *said, (0, 27, NOTHING, NOTHING), sender=stage.agent)
    assert stage.figures(1)["amount"] == 500
    said = (stage.token.address, record, ZERO, 500, terms())
    with refused("DividendVault_WrongValue", 0, 500):
        stage.vault.send("declareWithPermit", *said, (0, 27, NOTHING, NOTHING), sender=stage.agent)


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
    stage = Stage(kit)
    token = kit.deploy("CarelessHoldings")
    number = stage.declare(1, 1_000, token=token, sender=stage.stranger)
    token.send("answer", answer)
    with refused("Holdings_Unreadable", token.address, stage.ann):
        stage.claim(stage.ann, number)
    token.send("answer", encode(["address", "uint256[]"], [stage.ann, [5]]) + b"\1" * 320)
    stage.claim(stage.ann, number)
    assert dollars(stage, stage.ann) == 500


def test_a_token_that_fails_with_the_word_for_yes_has_not_said_it(kit):
    """It is asked one question at a time, whatever it would answer to all of them at once."""
    stage = Stage(kit)
    token = kit.deploy("CarelessHoldings")
    token.send("fail")
    number = stage.declare(1, 1_000, token=token, sender=stage.stranger)
    token.send("answer", b"")
    stage.claim(stage.ann, number)
    assert dollars(stage, stage.ann) == 500


def test_a_token_that_overstates_a_holding_is_stopped_at_its_own_money(kit):
    """More shares than are unsettled, up to the largest number there is, are refused."""
    stage = Stage(kit)
    token = kit.deploy("CarelessHoldings")
    number = stage.declare(1, 1_000, token=token, sender=stage.stranger)
    for shares in (11, 2**96, 2**255 + 5, 2**256 - 1):
        token.send("answer", encode(["address", "uint256[]"], [stage.ann, [shares]]))
        with refused("DividendVault_SupplyTooLarge", shares, 10):
            stage.claim(stage.ann, number)
        with refused("DividendVault_SupplyTooLarge", shares, 10):
            stage.push(number, stage.ann)


def test_a_deadline_at_the_end_of_time_is_refused(stage, record):
    """The one second that stands for none."""
    last = 2**48 - 1
    stage.fund(stage.agent, stage.dollar, 10)
    with refused("DividendVault_DeadlineTooLate", last, last - 1):
        stage.declare(record, 10, deadline=last, sweep_to=stage.issuer)
    number = stage.declare(record, 10, deadline=last - 1, sweep_to=stage.issuer)
    assert stage.figures(number)["terms"]["deadline"] == last - 1


def test_income_may_wait_in_a_token_that_knows_no_holdings(stage):
    """A token without `holdingsAt` is asked one question at a time, with the same result."""
    bare = stage.kit.deploy("BareToken")
    bare.send("setTime", 1, stage.kit.now - DAY)
    bare.send("setSupply", 1, 10)
    bare.send("setShares", stage.ann, 1, 4)
    numbers = [stage.declare(1, 1_000, token=bare, sender=stage.stranger) for _ in range(3)]
    assert stage.vault.call("claim", numbers, stage.ann) == 3
    stage.claim(stage.ann, *numbers)
    assert dollars(stage, stage.ann) == 1_200
