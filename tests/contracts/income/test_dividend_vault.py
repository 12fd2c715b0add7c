"""The vault: declaring, claiming, pushing and ending distributions, figure by figure."""

from __future__ import annotations

import random

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from tests.chainkit import ZERO, RevmKit
from tests.contracts.books import Books
from tests.contracts.harness import (
    DAY,
    NOTHING,
    SKIPPED_CLAIMED,
    SKIPPED_NOTHING,
    SKIPPED_POLICY,
    Harness,
    person,
    refused,
    terms,
)

MAX = 2**256 - 1
MAX_AMOUNT = 2**160 - 1
MAX_SHARES = 2**96 - 1


@pytest.fixture
def shares(harness) -> dict[str, int]:
    """An uneven division of 10,000 shares."""
    return {harness.ann: 5_000, harness.ben: 3_333, harness.cid: 1_666, harness.dan: 1}


@pytest.fixture
def record(harness, shares) -> int:
    """A record of that division, closed."""
    harness.issue(shares)
    return harness.close()


@pytest.fixture
def books(harness, shares, record) -> Books:
    """The exact model beside the vault."""
    return Books(harness, shares)


def dollars(harness: Harness, account: str) -> int:
    """What an account has of the dollar."""
    return int(harness.dollar.call("balanceOf", account))


def mapped(harness: Harness, variable: str, *keys: str) -> int:
    """The slot of an entry of the vault's mapping of mappings of addresses."""
    layout = harness.kit.codec.artifacts["DividendVault"].storage_layout["storage"]
    slot = next(int(entry["slot"]) for entry in layout if entry["label"] == variable)
    for key in keys:
        slot = int.from_bytes(keccak(encode(["address", "uint256"], [key, slot])), "big")
    return slot


def reasons(receipt) -> list[tuple[str, int]]:
    """Whom a push passed over, and why."""
    return [(event["holder"], event["reason"]) for event in receipt.named("Skipped")]


# --------------------------------------------------------------------- declaring


def test_a_declaration_takes_the_money_and_tells_everything(harness, record):
    """One event has all the terms; the money is in the vault; ids run from one."""
    stated = {
        "kind": 4, "payable_from": harness.kit.now + 5, "deadline": harness.kit.now + DAY,
        "sweep_to": harness.issuer, "document": b"\x07" * 32, "excluded": [harness.dan],
    }  # fmt: skip
    receipt = harness.declaring(record, 1_000_000, **stated)
    event = receipt.named("Declared")[0]
    given = event.pop("terms")
    assert event == {
        "id": 1,
        "token": harness.token.address,
        "currency": harness.dollar.address,
        "recordId": record,
        "declarer": harness.agent,
        "received": 1_000_000,
        "carriedIn": 0,
    }
    assert given == tuple(
        tuple(who.lower() for who in part) if isinstance(part, list) else
        part.lower() if isinstance(part, str) else part
        for part in terms(**stated)
    )  # fmt: skip
    assert dollars(harness, harness.vault.address) == 1_000_000
    assert dollars(harness, harness.agent) == 0
    assert harness.vault.call("distributionCount") == 1
    assert harness.figures(1) == {
        "token": harness.token.address,
        "recordId": record,
        "currency": harness.dollar.address,
        "declarer": harness.agent,
        "terms": {
            "kind": 4,
            "payableFrom": harness.kit.now + 5,
            "deadline": harness.kit.now + DAY,
            "sweepTo": harness.issuer,
            "taxPolicy": ZERO,
            "documentHash": b"\x07" * 32,
            "excluded": [harness.dan],
        },
        "taxCollector": ZERO,
        "amount": 1_000_000,
        "carriedIn": 0,
        "eligibleSupply": 9_999,
        "settledShares": 0,
        "paid": 0,
        "withheld": 0,
        "remitted": 0,
        "owed": 1_000_000,
        "carriedOut": 0,
        "swept": 0,
    }


@pytest.mark.parametrize("number", [0, 2, 2**32, 2**64, 2**64 + 1, 2**248 + 1, MAX])
def test_an_unknown_distribution_is_refused_everywhere(harness, record, number):
    """Every function that takes an id names the one it does not know, however large."""
    harness.declare(record, 1_000)
    vault = harness.vault
    for function in ("remit", "sweep", "refund"):
        with refused("DividendVault_UnknownDistribution", number):
            vault.send(function, number)
    with refused("DividendVault_UnknownDistribution", number):
        harness.claim(harness.ann, 1, number)
    with refused("DividendVault_UnknownDistribution", number):
        harness.push(number, harness.ann)
    for function in ("entitlement", "claimable", "isClaimed"):
        with refused("DividendVault_UnknownDistribution", number):
            vault.call(function, number, harness.ann)
    with refused("DividendVault_UnknownDistribution", number):
        vault.call("distribution", number)
    assert vault.call("claimable", 1, harness.ann) == 500


def test_a_declaration_without_money_is_refused(harness, record):
    """Nothing is no distribution, in any currency."""
    with refused("DividendVault_NothingReceived", harness.dollar.address, 0):
        harness.declare(record, 0)
    with refused("DividendVault_NothingReceived", ZERO, 0):
        harness.declare_native(record, 0)
    assert harness.vault.call("distributionCount") == 0


@pytest.mark.attack("E2")
@pytest.mark.parametrize(("sent", "stated"), [(0, 5), (4, 5), (6, 5)])
def test_native_coin_must_be_exactly_what_the_declaration_says(harness, record, sent, stated):
    """Neither less nor more, nor none."""
    with refused("DividendVault_WrongValue", sent, stated):
        harness.vault.send(
            "declare", harness.token.address, record, ZERO, stated, terms(), value=sent
        )  # fmt: skip


@pytest.mark.attack("E2")
def test_native_coin_sent_with_another_currency_is_refused(harness, record):
    """It would be lost."""
    harness.fund(harness.agent, harness.dollar, 5)
    with refused("DividendVault_WrongValue", 1, 0):
        harness.vault.send(
            "declare", harness.token.address, record, harness.dollar.address, 5, terms(),
            sender=harness.agent, value=1,
        )  # fmt: skip


@pytest.mark.attack("E2")
def test_native_coin_cannot_be_sent_to_the_vault_by_itself(harness):
    """There is no function that would take it."""
    with refused("empty", ""):
        harness.kit.transact(harness.ann, harness.vault.address, b"", 5)


@pytest.mark.parametrize("amount", [MAX_AMOUNT + 1, MAX])
def test_an_amount_of_more_than_160_bits_is_refused(harness, record, amount):
    """The refusal names what arrived and the limit."""
    with refused("DividendVault_AmountTooLarge", amount, MAX_AMOUNT):
        harness.declare(record, amount)


def test_an_amount_that_is_too_large_with_the_carry_is_refused(harness, record):
    """The limit is on the sum, and the carry stays where it is."""
    first = harness.declare(record, 10_001)
    harness.push(first, harness.ann, harness.ben, harness.cid, harness.dan)
    assert harness.vault.call("carried", harness.token.address, harness.dollar.address) == 1
    harness.fund(harness.agent, harness.dollar, MAX_AMOUNT)
    with refused("DividendVault_AmountTooLarge", MAX_AMOUNT + 1, MAX_AMOUNT):
        harness.vault.send(
            "declare", harness.token.address, record, harness.dollar.address, MAX_AMOUNT, terms(),
            sender=harness.agent,
        )  # fmt: skip
    assert harness.vault.call("carried", harness.token.address, harness.dollar.address) == 1


@pytest.mark.attack("B4")
@pytest.mark.parametrize("number", [0, 2, 2**32 - 1])
def test_a_declaration_for_an_unknown_record_is_refused(harness, record, number):
    """The token says so."""
    with refused("ShareToken_UnknownRecord", number, 1):
        harness.declare(number, 1_000)


@pytest.mark.attack("B4")
@pytest.mark.parametrize("number", [2**32, 2**32 + 1, MAX])
def test_a_record_id_that_does_not_fit_is_refused(harness, record, number):
    """Its low bits could be another record's."""
    with refused("DividendVault_RecordTooLarge", number, 2**32 - 1):
        harness.declare(number, 1_000)


def test_a_declaration_for_something_that_is_no_token_is_refused(harness, record):
    """Neither an account without code nor a contract without records can be paid for."""
    for nothing in (person(1), harness.dollar.address):
        harness.fund(harness.agent, harness.dollar, 5)
        with refused("empty", ""):
            harness.vault.send(
                "declare", nothing, 1, harness.dollar.address, 5, terms(), sender=harness.agent
            )


@pytest.mark.attack("A4")
def test_a_declaration_without_eligible_shares_is_refused(harness, shares):
    """An empty record, and one whose holders are all excluded, absorb nothing."""
    empty = harness.close()
    with refused("DividendVault_NoEligibleShares", harness.token.address, empty):
        harness.declare(empty, 1_000)
    harness.issue(shares)
    full = harness.close()
    with refused("DividendVault_NoEligibleShares", harness.token.address, full):
        harness.declare(full, 1_000, excluded=list(shares))
    assert dollars(harness, harness.vault.address) == 0


@pytest.mark.attack("A10")
def test_an_account_excluded_twice_counts_once(harness, record):
    """The excluded are a set, and those without shares change nothing."""
    excluded = [harness.ann, harness.eve, harness.ann, harness.ann, harness.eve]
    number = harness.declare(record, 5_000, excluded=excluded)
    assert harness.figures(number)["eligibleSupply"] == 5_000
    assert harness.vault.call("entitlement", number, harness.ann) == (0, 0, 0)
    assert harness.vault.call("entitlement", number, harness.ben) == (3_333, 0, 3_333)


@pytest.mark.attack("A10")
def test_exclusion_is_by_the_balance_at_the_record(harness, record):
    """What an excluded account holds later makes no difference, in either direction."""
    harness.move(harness.ann, harness.ben, 5_000)
    number = harness.declare(record, 5_000, excluded=[harness.ann])
    assert harness.figures(number)["eligibleSupply"] == 5_000
    harness.move(harness.ben, harness.ann, 8_333)
    assert harness.vault.call("entitlement", number, harness.ben) == (3_333, 0, 3_333)
    assert harness.claim(harness.ann, number).events == ()


@pytest.mark.parametrize("count", [31, 32])
def test_up_to_32_accounts_can_be_excluded(harness, record, count):
    """The list is read by every claim, so it is bounded."""
    number = harness.declare(record, 1_000, excluded=[person(i) for i in range(count)])
    assert len(harness.figures(number)["terms"]["excluded"]) == count
    assert harness.claim(harness.ann, number).settlements[0]["gross"] == 500


@pytest.mark.attack("H")
@pytest.mark.parametrize("count", [33, 200])
def test_more_than_32_excluded_are_refused(harness, record, count):
    """Even if they are one account repeated."""
    with refused("DividendVault_TooManyExcluded", count, 32):
        harness.declare(record, 1_000, excluded=[harness.ann] * count)


def test_a_deadline_and_a_recipient_need_each_other(harness, record):
    """One without the other is refused."""
    deadline = harness.kit.now + DAY
    with refused("DividendVault_SweepMismatch", deadline, ZERO):
        harness.declare(record, 1_000, deadline=deadline)
    with refused("DividendVault_SweepMismatch", 0, harness.issuer):
        harness.declare(record, 1_000, sweep_to=harness.issuer)


def test_the_vault_cannot_be_the_recipient(harness, record):
    """What was swept to itself would be nobody's."""
    with refused("DividendVault_InvalidPayee", harness.vault.address):
        harness.declare(
            record, 1_000, deadline=harness.kit.now + DAY, sweep_to=harness.vault.address
        )  # fmt: skip


def test_a_deadline_that_leaves_no_time_is_refused(harness, record):
    """Not in the past, and not before the first payment; the same second is enough."""
    now = harness.kit.now
    with refused("DividendVault_DeadlineTooEarly", now - 1, 0):
        harness.declare(record, 1_000, deadline=now - 1, sweep_to=harness.issuer)
    with refused("DividendVault_DeadlineTooEarly", now + 9, now + 10):
        harness.declare(
            record, 1_000, payable_from=now + 10, deadline=now + 9, sweep_to=harness.issuer
        )
    number = harness.declare(
        record, 1_000, payable_from=now + 10, deadline=now + 10, sweep_to=harness.issuer
    )
    harness.kit.now = now + 10
    assert len(harness.claim(harness.ann, number).settlements) == 1


def test_a_deadline_before_an_open_record_is_payable_is_refused(harness, shares):
    """An open record is payable from the second after it closes, whatever the terms say."""
    harness.issue(shares)
    closes_at = harness.kit.now + DAY
    record = harness.schedule(closes_at)
    with refused("DividendVault_DeadlineTooEarly", closes_at, closes_at + 1):
        harness.declare(record, 1_000, deadline=closes_at, sweep_to=harness.issuer)
    number = harness.declare(record, 1_000, deadline=closes_at + 1, sweep_to=harness.issuer)
    assert harness.figures(number)["terms"]["payableFrom"] == closes_at + 1


def test_a_tax_policy_needs_a_collector(harness, record):
    """Not nobody, and not the vault; and a policy that cannot be asked is refused too."""
    for collector in (ZERO, harness.vault.address):
        policy = harness.kit.deploy("FlatTax", 1_000, collector)
        with refused("DividendVault_NoCollector", policy.address):
            harness.declare(record, 1_000, tax_policy=policy.address)
    with refused("empty", ""):
        harness.declare(record, 1_000, tax_policy=person(1))


def test_a_tax_of_more_than_the_whole_cannot_be_made(kit):
    """10,000 basis points are the whole income; a flat tax of more does not exist."""
    with refused("FlatTax_RateTooHigh", 10_001, 10_000):
        kit.deploy("FlatTax", 10_001, kit.accounts[1])
    assert kit.deploy("FlatTax", 10_000, kit.accounts[1]).call("basisPoints") == 10_000


@pytest.mark.attack("A8")
def test_only_what_arrives_in_the_call_is_distributed(books):
    """Money given to the vault before and after is neither income nor lost sight of."""
    harness = books.harness
    books.donate(harness.dollar, 999)
    number = books.declare(1, 10_000)
    books.donate(harness.dollar, 1_000_000)
    books.claim(harness.ann, number)
    books.push(number, harness.ben, harness.cid, harness.dan)
    second = books.declare(1, 5)
    assert harness.figures(second)["amount"] == 5


@pytest.mark.attack("A9")
def test_a_distribution_cannot_be_topped_up(books):
    """The same declaration again is another distribution, and the first one stands."""
    first = books.declare(1, 10_000)
    books.claim(books.harness.ann, first)
    second = books.declare(1, 10_000)
    assert (first, second) == (1, 2)
    assert books.claim(books.harness.ann, first, second) == 5_000


# ---------------------------------------------------------------- before the record


def test_a_declaration_for_an_open_record_waits_for_it(harness, shares):
    """Until the record closes nothing is known and nothing can be paid; then the first payment
    fixes what is divided by, and it is as always."""
    harness.issue(shares)
    closes_at = harness.kit.now + DAY
    record = harness.schedule(closes_at)
    number = harness.declare(record, 10_000)
    figures = harness.figures(number)
    assert (figures["eligibleSupply"], figures["owed"]) == (0, 10_000)
    harness.kit.now = closes_at
    with refused("DividendVault_NotPayableYet", number, closes_at + 1, closes_at):
        harness.claim(harness.ann, number)
    with refused("DividendVault_NotPayableYet", number, closes_at + 1, closes_at):
        harness.push(number, harness.ann)
    assert harness.vault.call("claimable", number, harness.ann) == 0
    with refused("ShareToken_RecordOpen", record, closes_at, closes_at):
        harness.vault.call("entitlement", number, harness.ann)
    with refused("ShareToken_RecordOpen", record, closes_at, closes_at):
        harness.vault.send("refund", number)
    harness.move(harness.ann, harness.eve, 1_000)
    harness.kit.now = closes_at + 1
    assert harness.figures(number)["eligibleSupply"] == 0
    assert harness.vault.call("claimable", number, harness.ann) == 4_000
    harness.push(number, harness.ann, harness.eve, harness.ben, harness.cid)
    figures = harness.figures(number)
    assert figures["eligibleSupply"] == 10_000
    assert (figures["paid"], figures["settledShares"], figures["owed"]) == (9_999, 9_999, 1)
    harness.claim(harness.dan, number)
    assert harness.figures(number)["owed"] == 0


@pytest.mark.attack("A4")
def test_a_late_record_without_eligible_shares_goes_back_to_its_declarer(harness):
    """Anyone may send it back, once; nobody can be paid from it."""
    record = harness.schedule()
    number = harness.declare(record, 10_000)
    harness.kit.now += DAY + 1
    assert harness.claim(harness.ann, number).events == ()
    assert harness.figures(number)["owed"] == 10_000
    receipt = harness.vault.send("refund", number, sender=harness.stranger)
    assert receipt.named("Refunded") == [
        {"id": number, "declarer": harness.agent, "amount": 10_000}
    ]
    assert dollars(harness, harness.agent) == 10_000
    figures = harness.figures(number)
    assert (figures["owed"], figures["swept"], figures["carriedOut"]) == (0, 10_000, 0)
    with refused("DividendVault_NothingLeft", number):
        harness.vault.send("refund", number)


@pytest.mark.attack("A4")
def test_a_late_record_with_everybody_excluded_goes_back_too(harness, shares):
    """Exclusion can leave nobody, as an empty token can."""
    harness.issue(shares)
    record = harness.schedule()
    number = harness.declare(record, 10_000, excluded=list(shares))
    harness.kit.now += DAY + 1
    assert reasons(harness.push(number, harness.ann)) == [(harness.ann, SKIPPED_NOTHING)]
    harness.vault.send("refund", number)
    assert dollars(harness, harness.agent) == 10_000


def test_a_distribution_with_eligible_shares_cannot_be_refunded(harness, record):
    """Neither a paid one nor one declared early and untouched since."""
    early = harness.declare(harness.schedule(), 1_000)
    number = harness.declare(record, 1_000)
    with refused("DividendVault_NotRefundable", number, 10_000):
        harness.vault.send("refund", number)
    harness.kit.now += DAY + 1
    with refused("DividendVault_NotRefundable", early, 10_000):
        harness.vault.send("refund", early)
    harness.push(early, harness.ann, harness.ben, harness.cid, harness.dan)
    with refused("DividendVault_NotRefundable", early, 10_000):
        harness.vault.send("refund", early)


def test_what_was_carried_in_does_not_leave_with_a_refund(harness, shares):
    """What arrived goes back; the carry belongs to the holders and is carried again."""
    harness.issue(shares)
    first = harness.declare(harness.close(), 10_001)
    harness.push(first, *shares)
    carry = (harness.token.address, harness.dollar.address)
    assert harness.vault.call("carried", *carry) == 1
    late = harness.declare(harness.schedule(), 500, excluded=list(shares))
    assert harness.figures(late)["amount"] == 501
    harness.kit.now += DAY + 1
    harness.vault.send("refund", late)
    assert dollars(harness, harness.agent) == 500
    assert harness.vault.call("carried", *carry) == 1
    figures = harness.figures(late)
    assert (figures["swept"], figures["carriedOut"], figures["owed"]) == (500, 1, 0)


def test_a_token_that_lies_cannot_have_a_refund_and_the_income_too(harness, record):
    """`IDividendVault`: a token that lies harms only distributions declared for it."""
    honest = harness.declare(record, 10_000)
    liar = harness.kit.deploy("BareToken")
    liar.send("setTime", 1, harness.kit.now)
    trap = harness.declare(1, 10_000, token=liar, sender=harness.stranger)
    harness.kit.now += 1
    harness.vault.send("refund", trap)
    assert dollars(harness, harness.stranger) == 10_000
    liar.send("setSupply", 1, 1)
    liar.send("setShares", harness.stranger, 1, 1)
    with refused("DividendVault_NothingLeft", trap):
        harness.claim(harness.stranger, trap)
    assert dollars(harness, harness.vault.address) == 10_000
    harness.claim(harness.ann, honest)


def test_a_token_that_lies_about_balances_cannot_overdraw_its_distribution(harness, record):
    """Balances that exceed the supply break the liar's own payments only."""
    harness.declare(record, 10_000)
    liar = harness.kit.deploy("BareToken")
    liar.send("setTime", 1, harness.kit.now - 1)
    liar.send("setSupply", 1, 100)
    liar.send("setShares", harness.eve, 1, 60)
    liar.send("setShares", harness.stranger, 1, 60)
    trap = harness.declare(1, 1_000, token=liar)
    harness.claim(harness.eve, trap)
    with refused("DividendVault_SupplyTooLarge", 60, 40):
        harness.claim(harness.stranger, trap)
    liar.send("setShares", harness.stranger, 1, MAX)
    with refused("DividendVault_SupplyTooLarge", MAX, 40):
        harness.claim(harness.stranger, trap)
    assert dollars(harness, harness.vault.address) == 10_400


def test_what_the_token_says_later_changes_no_division(harness):
    """The supply counted at the declaration, or by the first claim, is the one for all; the view
    says what is paid."""
    bare = harness.kit.deploy("BareToken")
    bare.send("setTime", 1, harness.kit.now - 1)
    bare.send("setTime", 2, harness.kit.now)
    for record in (1, 2):
        bare.send("setSupply", record, 100)
        bare.send("setShares", harness.ann, record, 10)
        bare.send("setShares", harness.ben, record, 10)
    closed, late = (harness.declare(n, 1_000, token=bare) for n in (1, 2))
    unusual = harness.declare(1, 1_000, token=bare, excluded=[harness.eve])
    harness.kit.now += 1
    harness.claim(harness.ben, late)
    for record in (1, 2):
        bare.send("setSupply", record, 50)
    for number in (closed, late, unusual):
        assert harness.vault.call("entitlement", number, harness.ann) == (100, 0, 100)
        harness.claim(harness.ann, number)
    assert dollars(harness, harness.ann) == 300


def test_a_token_of_more_than_96_bits_is_refused(harness):
    """The refusal names the eligible supply and the limit; the limit itself is fine."""
    bare = harness.kit.deploy("BareToken")
    bare.send("setTime", 1, harness.kit.now - 1)
    bare.send("setSupply", 1, MAX_SHARES + 1)
    bare.send("setShares", harness.ann, 1, 1)
    with refused("DividendVault_SupplyTooLarge", MAX_SHARES + 1, MAX_SHARES):
        harness.declare(1, 1_000, token=bare)
    number = harness.declare(1, 1_000, token=bare, excluded=[harness.ann])
    assert harness.figures(number)["eligibleSupply"] == MAX_SHARES
    with refused("DividendVault_NotRefundable", number, MAX_SHARES):
        harness.vault.send("refund", number)


def test_a_late_token_of_more_than_96_bits_goes_back(harness):
    """It cannot be paid, so it can be refunded."""
    bare = harness.kit.deploy("BareToken")
    bare.send("setTime", 1, harness.kit.now)
    bare.send("setSupply", 1, MAX_SHARES + 1)
    bare.send("setShares", harness.ann, 1, 1)
    number = harness.declare(1, 1_000, token=bare)
    harness.kit.now += 1
    with refused("DividendVault_SupplyTooLarge", MAX_SHARES + 1, MAX_SHARES):
        harness.claim(harness.ann, number)
    harness.vault.send("refund", number)
    assert dollars(harness, harness.agent) == 1_000


# -------------------------------------------------------------------------- carry


def test_a_remainder_joins_the_next_declaration_of_an_agent(books):
    """Whatever its terms are; and the event says how much it was."""
    harness = books.harness
    first = books.declare(1, 10_003)
    books.push(first, *books.balances)
    carried = harness.vault.call("carried", harness.token.address, harness.dollar.address)
    assert carried == 2
    second = books.declare(1, 1_000, rate=500, excluded=[harness.dan])
    assert harness.figures(second)["amount"] == 1_002
    assert harness.vault.call("carried", harness.token.address, harness.dollar.address) == 0


def test_a_remainder_stays_with_its_token_and_currency(harness, record):
    """Another token, another currency, native or not: none of them sees it."""
    first = harness.declare(record, 10_001)
    harness.push(first, harness.ann, harness.ben, harness.cid, harness.dan)
    other = harness.kit.deploy("Dollar", "Other", "OTH", 18)
    another = Harness(harness.kit)
    another.vault = harness.vault
    another.issue({another.ann: 10})
    elsewhere = another.declare(another.close(), 100, currency=harness.dollar)
    numbers = [
        harness.declare(record, 100, currency=other), harness.declare_native(record, 100), elsewhere
    ]  # fmt: skip
    assert [harness.figures(number)["amount"] for number in numbers] == [100, 100, 100]
    assert harness.vault.call("carried", harness.token.address, harness.dollar.address) == 1


@pytest.mark.parametrize(
    "steering",
    ["none", "now", "one share", "excluded", "tax", "deadline", "later", "open record"],
)
def test_the_carry_of_a_token_that_names_nobody_joins_a_plain_declaration(harness, steering):
    """Where there is nobody to ask, the terms decide."""
    bare = harness.kit.deploy("BareToken")
    bare.send("setTime", 1, harness.kit.now - 1)
    bare.send("setTime", 2, harness.kit.now)
    bare.send("setTime", 3, harness.kit.now - 1)
    bare.send("setSupply", 1, 3)
    bare.send("setSupply", 3, 1)
    for holder in (harness.ann, harness.ben, harness.cid):
        bare.send("setShares", holder, 1, 1)
    first = harness.declare(1, 100, token=bare, sender=harness.stranger)
    harness.push(first, harness.ann, harness.ben, harness.cid)
    stated = {
        "now": {"payable_from": harness.kit.now},
        "excluded": {"excluded": [harness.ann]},
        "tax": {"tax_policy": harness.kit.deploy("FlatTax", 0, harness.collector).address},
        "deadline": {"deadline": harness.kit.now, "sweep_to": harness.stranger},
        "later": {"payable_from": harness.kit.now + 1},
    }.get(steering, {})
    at = {"open record": 2, "one share": 3}.get(steering, 1)
    second = harness.declare(at, 100, token=bare, sender=harness.stranger, **stated)
    assert harness.figures(second)["carriedIn"] == (steering in ("none", "now", "one share"))


def test_a_carry_larger_than_a_distribution_can_name_is_carried_in_parts(harness, record):
    """Beyond any number of settlements a chain can make, so it is put where it would have come to:
    what does not fit in 48 bits waits for the next declaration."""
    limit, more = 2**48 - 1, 7
    series = mapped(harness, "_series", harness.token.address, harness.dollar.address)
    harness.kit.evm.insert_account_storage(harness.vault.address, series, limit + more)
    harness.dollar.send("mint", harness.vault.address, limit + more)
    parts = [harness.figures(harness.declare(record, 100))["carriedIn"] for _ in range(3)]
    assert parts == [limit, more, 0]
    assert harness.vault.call("carried", harness.token.address, harness.dollar.address) == 0


def test_a_series_without_room_for_another_lane_is_refused(harness, record):
    """Longer than any chain, so it is put near its end: the last lane still fits, the next not."""
    limit, lane = 2**32 - 1, 28
    series = mapped(harness, "_series", harness.token.address, harness.dollar.address)
    near_the_end = (limit - lane) << 160
    harness.kit.evm.insert_account_storage(harness.vault.address, series, near_the_end)
    number = harness.declare(record, 10_000)
    harness.push(number, harness.ann, harness.ben, harness.cid, harness.dan)
    assert harness.figures(number)["paid"] == 10_000
    with refused("Progress_Full", limit + 1 + lane, limit):
        harness.declare(record, 10_000)


def test_a_record_beyond_the_reach_of_time_is_refused(harness):
    """Its first second of payment would not fit."""
    bare = harness.kit.deploy("BareToken")
    bare.send("setTime", 1, 2**48 - 1)
    with refused("DividendVault_NotPayableInTime", 2**48):
        harness.declare(1, 100, token=bare)
    bare.send("setTime", 2, 2**48 - 2)
    number = harness.declare(2, 100, token=bare)
    assert harness.figures(number)["terms"]["payableFrom"] == 2**48 - 1


@pytest.mark.attack("A8")
@pytest.mark.parametrize(
    "steering",
    ["excluded", "tax", "deadline", "later", "open record"],
)
@pytest.mark.parametrize("actor", ["stranger", "agent", "owner"])
def test_a_stranger_cannot_steer_the_carry(harness, record, steering, actor):
    """With exclusions, tax, a deadline or a far date, the carry joins only the token's own."""
    first = harness.declare(record, 10_001)
    harness.push(first, harness.ann, harness.ben, harness.cid, harness.dan)
    tax = harness.kit.deploy("FlatTax", 0, harness.collector).address
    stated = {
        "excluded": {"excluded": [harness.ann]},
        "tax": {"tax_policy": tax},
        "deadline": {"deadline": harness.kit.now, "sweep_to": harness.stranger},
        "later": {"payable_from": harness.kit.now + 1},
        "open record": {},
    }[steering]
    target = harness.schedule() if steering == "open record" else record
    receipt = harness.declaring(target, 100, sender=getattr(harness, actor), **stated)
    carried_in = 0 if actor == "stranger" else 1
    assert receipt.named("Declared")[0]["carriedIn"] == carried_in
    left = harness.vault.call("carried", harness.token.address, harness.dollar.address)
    assert left == 1 - carried_in


def test_a_stranger_may_pay_income_to_everybody_but_not_the_carry(harness, record):
    """Even a plain declaration could steer it, by choosing an old record."""
    first = harness.declare(record, 10_001)
    harness.push(first, harness.ann, harness.ben, harness.cid, harness.dan)
    receipt = harness.declaring(
        record, 100, sender=harness.stranger, payable_from=harness.kit.now, document=b"\x01" * 32
    )
    assert receipt.named("Declared")[0]["carriedIn"] == 0
    assert harness.figures(2)["amount"] == 100


# ----------------------------------------------------------------------- claiming


def test_a_claim_pays_the_floor_and_settles_the_shares(books):
    """One event, one payment; a second claim is no error, pays nothing and changes nothing."""
    harness = books.harness
    number = books.declare(1, 1_000_003)
    assert books.claim(harness.ann, number) == 500_001
    assert dollars(harness, harness.ann) == 500_001
    again = harness.claim(harness.ann, number)
    assert again.events == ()
    assert harness.vault.call("claim", [number], harness.ann) == 0
    assert dollars(harness, harness.ann) == 500_001
    books.check()


def test_a_claim_returns_how_many_distributions_it_settled(harness, record):
    """Those claimed before, those without shares, and repetitions in one call do not count."""
    first, second = harness.declare(record, 1_000), harness.declare(record, 1_000)
    harness.claim(harness.ann, first)
    assert harness.vault.call("claim", [first, second, second], harness.ann) == 1
    assert harness.vault.call("claim", [second, first, second], harness.ben) == 2
    assert harness.vault.call("claim", [first, second], harness.eve) == 0
    assert harness.vault.call("claim", [], harness.ann) == 0
    harness.claim(harness.ben, second, second, first, second)
    assert dollars(harness, harness.ben) == 666


def test_twelve_distributions_of_one_currency_are_one_payment(books):
    """Twelve settlements, their sum in one transfer."""
    harness = books.harness
    numbers = [books.declare(1, 10_000 + month) for month in range(12)]
    before = harness.claim(harness.ben, *numbers[:6])
    assert len(before.named("Transfer")) == 1
    receipt = harness.claim(harness.ann, *numbers)
    sent = receipt.named("Transfer")
    assert len(sent) == 1
    assert len(receipt.settlements) == 12
    assert sent[0]["value"] == sum(event["gross"] for event in receipt.settlements)


def test_several_currencies_can_be_claimed_in_one_call_in_any_order(books):
    """Dollars, native coin and another currency, interleaved, each to the unit."""
    harness = books.harness
    euro = harness.kit.deploy("Dollar", "Euro", "EUR", 2)
    coins = harness.kit.balance(harness.ann)
    numbers = [
        books.declare(1, 10_001),
        books.declare(1, 10**18 + 7, native=True),
        books.declare(1, 777, currency=euro),
        books.declare(1, 20_003),
        books.declare(1, 10**18 + 9, native=True),
    ]
    books.claim(harness.ann, *reversed(numbers))
    assert dollars(harness, harness.ann) == 5_000 + 10_001
    assert harness.kit.balance(harness.ann) - coins == 10**18 + 7
    assert euro.call("balanceOf", harness.ann) == 388
    books.claim(harness.ben, *numbers)
    books.claim(harness.cid, *numbers)
    books.claim(harness.dan, *numbers)


@pytest.mark.attack("A13")
def test_anyone_may_trigger_a_claim_but_the_money_goes_to_the_holder(harness, record):
    """Whoever calls gets nothing."""
    number = harness.declare(record, 10_000)
    for sender in (harness.stranger, harness.agent, harness.owner, harness.ben):
        before = harness.kit.evm.snapshot()
        harness.claim(harness.ann, number, sender=sender)
        assert dollars(harness, harness.ann) == 5_000
        assert dollars(harness, sender) == 0
        harness.kit.evm.revert(before)


@pytest.mark.attack("A13")
def test_the_money_goes_to_the_payee_the_holder_has_set(harness, record):
    """Set, changed, reset by naming nobody or oneself; told by an event and by `payeeOf`."""
    vault = harness.vault
    numbers = [harness.declare(record, 10_000) for _ in range(4)]
    for number, given, effective in zip(
        numbers,
        (harness.eve, harness.issuer, ZERO, harness.ann),
        (harness.eve, harness.issuer, harness.ann, harness.ann),
        strict=True,
    ):
        receipt = vault.send("setPayee", given, sender=harness.ann)
        assert receipt.events == (("PayeeSet", {"holder": harness.ann, "payee": effective}),)
        assert vault.call("payeeOf", harness.ann) == effective
        before = dollars(harness, effective)
        assert harness.claim(harness.ann, number).settlements[0]["payee"] == effective
        assert dollars(harness, effective) == before + 5_000


@pytest.mark.attack("A13")
def test_a_payee_is_not_followed_to_the_payees_payee(harness, record):
    """Ann chose Ben's address, not what Ben chooses."""
    number = harness.declare(record, 10_000)
    harness.vault.send("setPayee", harness.ben, sender=harness.ann)
    harness.vault.send("setPayee", harness.stranger, sender=harness.ben)
    harness.claim(harness.ann, number)
    assert dollars(harness, harness.ben) == 5_000


def test_the_vault_cannot_be_a_payee(harness, record):
    """Not by choice, and not by holding shares that somebody sent it."""
    address = harness.vault.address
    with refused("DividendVault_InvalidPayee", address):
        harness.vault.send("setPayee", address, sender=harness.ann)
    harness.move(harness.ann, address, 5_000)
    number = harness.declare(harness.close(), 10_000)
    assert harness.figures(number)["eligibleSupply"] == 10_000
    assert harness.claim(address, number).events == ()
    assert reasons(harness.push(number, address)) == [(address, SKIPPED_NOTHING)]
    assert harness.vault.call("entitlement", number, address) == (0, 0, 0)
    assert harness.vault.call("isClaimed", number, address) is False


@pytest.mark.attack("C3")
def test_what_a_recovered_wallet_was_owed_goes_to_its_successor(harness):
    """If the token names one; with the payee the successor has set, not the lost wallet's."""
    token = harness.kit.deploy("RecoveringToken")
    token.send("setTime", 1, harness.kit.now - 1)
    token.send("setSupply", 1, 4)
    for holder in (harness.ann, harness.ben, harness.cid, harness.dan):
        token.send("setShares", holder, 1, 1)
    number = harness.declare(1, 4_000, token=token)
    harness.vault.send("setPayee", harness.stranger, sender=harness.ann)
    token.send("setSuccessor", harness.ann, harness.eve)
    assert harness.claim(harness.ann, number).settlements[0]["payee"] == harness.eve
    token.send("setSuccessor", harness.ben, harness.issuer)
    harness.vault.send("setPayee", harness.collector, sender=harness.issuer)
    harness.push(number, harness.ben)
    harness.claim(harness.cid, number)
    paid = [dollars(harness, who) for who in (harness.eve, harness.collector, harness.cid)]
    assert paid == [1_000] * 3
    assert dollars(harness, harness.stranger) == 0


@pytest.mark.attack("C3")
def test_each_token_of_a_claim_names_its_own_successor(harness, record):
    """Two tokens in one call, in one currency: only the recovered wallet's goes elsewhere."""
    token = harness.kit.deploy("RecoveringToken")
    token.send("setTime", 1, harness.kit.now - 1)
    token.send("setSupply", 1, 2)
    token.send("setShares", harness.ann, 1, 1)
    token.send("setSuccessor", harness.ann, harness.eve)
    numbers = [
        harness.declare(record, 10_000),
        harness.declare(1, 2_000, token=token),
        harness.declare(record, 10_000),
    ]
    harness.claim(harness.ann, *numbers)
    assert (dollars(harness, harness.ann), dollars(harness, harness.eve)) == (10_000, 1_000)


def test_a_claim_before_the_first_payment_is_refused(harness, record):
    """The refusal says from when, and what time it is; one second decides."""
    payable = harness.kit.now + DAY
    number = harness.declare(record, 10_000, payable_from=payable)
    harness.kit.now = payable - 1
    with refused("DividendVault_NotPayableYet", number, payable, payable - 1):
        harness.claim(harness.ann, number)
    with refused("DividendVault_NotPayableYet", number, payable, payable - 1):
        harness.push(number, harness.ann)
    assert harness.vault.call("claimable", number, harness.ann) == 0
    assert harness.vault.call("entitlement", number, harness.ann) == (5_000, 0, 5_000)
    harness.kit.now = payable
    assert harness.vault.call("claimable", number, harness.ann) == 5_000
    harness.claim(harness.ann, number)


def test_a_claim_after_the_deadline_is_refused(harness, record):
    """Until the end of the deadline's second it is good."""
    deadline = harness.kit.now + DAY
    number = harness.declare(record, 10_000, deadline=deadline, sweep_to=harness.issuer)
    harness.kit.now = deadline
    harness.claim(harness.ann, number)
    harness.kit.now = deadline + 1
    assert harness.vault.call("claimable", number, harness.ben) == 0
    assert harness.vault.call("entitlement", number, harness.ben) == (3_333, 0, 3_333)
    with refused("DividendVault_Expired", number, deadline, deadline + 1):
        harness.claim(harness.ben, number)
    with refused("DividendVault_Expired", number, deadline, deadline + 1):
        harness.push(number, harness.ben)


def test_one_obstacle_refuses_the_whole_claim(harness, record):
    """What came before it in the list is not paid either."""
    good = harness.declare(record, 10_000)
    waiting = harness.declare(record, 10_000, payable_from=harness.kit.now + 5)
    with refused("DividendVault_NotPayableYet", waiting, harness.kit.now + 5, harness.kit.now):
        harness.claim(harness.ann, good, waiting)
    assert harness.vault.call("isClaimed", good, harness.ann) is False
    assert dollars(harness, harness.ann) == 0


@pytest.mark.attack("A5")
def test_a_holder_of_less_than_a_unit_is_settled_at_zero(books):
    """A gross of nothing is a settlement like another: no payment, but the remainder is freed."""
    harness = books.harness
    number = books.declare(1, 9_999)
    assert books.claim(harness.dan, number) == 0
    assert harness.vault.call("isClaimed", number, harness.dan) is True
    books.push(number, harness.ann, harness.ben, harness.cid)
    assert harness.vault.call("carried", harness.token.address, harness.dollar.address) == 3


def test_who_held_no_shares_is_not_settled(books):
    """A stranger's claim leaves no mark, and none after buying shares later."""
    harness = books.harness
    number = books.declare(1, 10_000)
    assert harness.claim(harness.eve, number).events == ()
    harness.move(harness.ann, harness.eve, 100)
    assert harness.claim(harness.eve, number).events == ()
    assert harness.vault.call("isClaimed", number, harness.eve) is False
    assert harness.vault.call("entitlement", number, harness.eve) == (0, 0, 0)


@pytest.mark.attack("A2")
def test_income_survives_the_shares(books):
    """Sold or burned after the record, they have earned."""
    harness = books.harness
    number = books.declare(1, 10_000)
    harness.move(harness.ann, harness.eve, 5_000)
    harness.token.send("burn", harness.ben, 3_333, sender=harness.agent)
    books.check()
    assert books.claim(harness.ann, number) == 5_000
    assert books.claim(harness.ben, number) == 3_333


def test_many_distributions_keep_their_marks_and_lanes_apart(harness, record):
    """Beyond 256 of one currency, each claim sets its own bit and lane, its neighbours' none."""
    numbers = [harness.declare(record, 10_000) for _ in range(260)]
    chosen = [0, 1, 127, 128, 254, 255, 256, 257, 259]
    harness.claim(harness.ann, *(numbers[i] for i in chosen[::2]))
    harness.claim(harness.ben, *(numbers[i] for i in chosen[1::2]))
    for index, number in enumerate(numbers):
        ann, ben = index in chosen[::2], index in chosen[1::2]
        assert harness.vault.call("isClaimed", number, harness.ann) is ann
        assert harness.vault.call("isClaimed", number, harness.ben) is ben
        assert harness.figures(number)["settledShares"] == 5_000 * ann + 3_333 * ben


# ------------------------------------------------------------------------ pushing


def test_a_push_pays_a_page_and_passes_over_the_rest_with_reasons(books):
    """Paid before, without shares, named twice: each has its reason, and none is an error."""
    harness = books.harness
    number = books.declare(1, 10_003)
    books.claim(harness.ann, number)
    receipt = harness.push(
        number, harness.ann, harness.eve, harness.ben, harness.ben, harness.vault.address
    )
    assert reasons(receipt) == [
        (harness.ann, SKIPPED_CLAIMED),
        (harness.eve, SKIPPED_NOTHING),
        (harness.ben, SKIPPED_CLAIMED),
        (harness.vault.address, SKIPPED_NOTHING),
    ]
    assert [event["holder"] for event in receipt.settlements] == [harness.ben]
    assert dollars(harness, harness.ben) == 3_333


def test_a_push_returns_how_many_it_settled(harness, record):
    """And an empty page is none."""
    number = harness.declare(record, 10_000)
    page = [harness.ann, harness.eve, harness.ben, harness.ann]
    assert harness.vault.call("push", number, page) == 2
    assert harness.vault.call("push", number, []) == 0


@pytest.mark.attack("A14")
def test_pages_in_any_order_pay_what_claims_would(books):
    """Shares that change hands between the pages change nothing."""
    harness = books.harness
    number = books.declare(1, 1_000_007)
    books.push(number, harness.dan, harness.cid)
    harness.move(harness.ann, harness.eve, 5_000)
    books.push(number, harness.eve, harness.ann)
    books.push(number, harness.ben)


def test_a_page_repeated_pays_nobody_twice(books):
    """Not in the same page, not in the next."""
    number = books.declare(1, 10_003)
    books.push(number, *books.balances, *books.balances)
    held = [dollars(books.harness, holder) for holder in books.balances]
    books.push(number, *books.balances)
    assert [dollars(books.harness, holder) for holder in books.balances] == held


@pytest.mark.parametrize("last", ["push", "claim"])
def test_the_last_settlement_carries_the_remainder_once(books, last):
    """By claim or push; pages and claims afterwards carry nothing more."""
    harness = books.harness
    number = books.declare(1, 10_003)
    books.push(number, harness.ann, harness.ben, harness.cid)
    receipt = (
        harness.push(number, harness.dan) if last == "push" else harness.claim(harness.dan, number)
    )
    assert receipt.named("Carried") == [
        {
            "id": number,
            "token": harness.token.address,
            "currency": harness.dollar.address,
            "amount": 2,
        }
    ]
    for receipt in (harness.push(number, *books.balances), harness.claim(harness.ann, number)):
        assert receipt.named("Carried") == []
    assert harness.vault.call("carried", harness.token.address, harness.dollar.address) == 2
    figures = harness.figures(number)
    assert (figures["carriedOut"], figures["owed"], figures["paid"]) == (2, 0, 10_001)


def test_a_distribution_that_divides_evenly_carries_nothing(books):
    """There is no event of nothing."""
    harness = books.harness
    number = books.declare(1, 10_000)
    assert harness.push(number, *books.balances).named("Carried") == []
    assert harness.figures(number)["owed"] == 0


# -------------------------------------------------------------------- withholding


@pytest.mark.parametrize("rate", [0, 1, 1_500, 2_637, 9_999, 10_000])
def test_tax_is_withheld_by_floor_and_shown_gross_tax_and_net(books, rate):
    """The odd unit is the holder's; what is withheld goes to the collector, once."""
    harness = books.harness
    number = books.declare(1, 1_000_003, rate=rate)
    books.claim(harness.ann, number)
    books.push(number, harness.ben, harness.cid, harness.dan)
    withheld = harness.figures(number)["withheld"]
    assert dollars(harness, harness.collector) == 0
    if withheld:
        books.remit(number)
    with refused("DividendVault_NothingLeft", number):
        harness.vault.send("remit", number)
    assert dollars(harness, harness.collector) == withheld


def test_tax_can_be_remitted_as_it_comes_in(books):
    """After each claim what is new, by anyone; and after the deadline too."""
    harness = books.harness
    number = books.declare(
        1, 1_000_003, rate=2_637, deadline=harness.kit.now + DAY, sweep_to=harness.issuer
    )
    books.claim(harness.ann, number)
    books.remit(number)
    books.push(number, harness.ben)
    harness.kit.now += DAY + 1
    books.sweep(number)
    books.remit(number)


@pytest.mark.attack("A10")
def test_a_tax_of_the_whole_leaves_nothing_and_pays_nothing(books):
    """The holder is settled with a net of zero, and no empty payment is made."""
    harness = books.harness
    number = books.declare(1, 10_000, rate=10_000)
    receipt = harness.claim(harness.ann, number)
    assert [name for name, _ in receipt.events] == ["Claimed"]
    assert harness.figures(number)["withheld"] == 5_000


@pytest.mark.attack("A10")
def test_a_policy_that_asks_for_more_than_the_income_is_refused(harness, record):
    """A claim says so, a push passes over; the income stays owed."""
    policy = harness.kit.deploy("WilfulTax", harness.collector)
    policy.send("setTax", harness.ann, 5_001, 0)
    policy.send("setTax", harness.ben, 3_333, 0)
    number = harness.declare(record, 10_000, tax_policy=policy.address)
    with refused("DividendVault_TaxTooHigh", number, harness.ann, 5_001, 5_000):
        harness.claim(harness.ann, number)
    with refused("DividendVault_TaxTooHigh", number, harness.ann, 5_001, 5_000):
        harness.vault.call("entitlement", number, harness.ann)
    receipt = harness.push(number, harness.ann, harness.ben)
    assert reasons(receipt) == [(harness.ann, SKIPPED_POLICY)]
    assert receipt.settlements == [
        {"id": number, "holder": harness.ben, "payee": harness.ben, "gross": 3_333, "tax": 3_333}
    ]
    policy.send("setTax", harness.ann, 5_000, 0)
    assert reasons(harness.push(number, harness.ann)) == []


@pytest.mark.attack("A10")
def test_a_policy_is_not_asked_about_an_income_of_nothing(harness, record):
    """One who would not answer holds nobody up: neither a page nor a claim."""
    policy = harness.kit.deploy("WilfulTax", harness.collector)
    policy.send("setTax", harness.dan, 0, 1)
    numbers = [harness.declare(record, 9_999, tax_policy=policy.address) for _ in range(2)]
    nothing = {"holder": harness.dan, "payee": harness.dan, "gross": 0, "tax": 0}
    for number, pay in zip(numbers, ("push", "claim"), strict=True):
        ids = (number, harness.dan) if pay == "push" else (harness.dan, number)
        assert getattr(harness, pay)(*ids).settlements == [{"id": number, **nothing}]


@pytest.mark.parametrize("mood", ["refusing", "burning", "speechless"])
def test_a_policy_that_does_not_answer_is_passed_over_by_a_push(harness, record, mood):
    """It holds up its own holder, not the page."""
    policy = harness.kit.deploy("WilfulTax", harness.collector)
    number = harness.declare(record, 10_000, tax_policy=policy.address)
    policy.send("setTax", harness.ann, 0, ["refusing", "burning", "speechless"].index(mood) + 1)
    receipt = harness.push(number, harness.ann, harness.ben)
    assert reasons(receipt) == [(harness.ann, SKIPPED_POLICY)]
    assert dollars(harness, harness.ben) == 3_333
    assert harness.vault.call("isClaimed", number, harness.ann) is False
    assert harness.figures(number)["withheld"] == 0


def test_a_policy_that_refuses_is_heard_by_a_claim(harness, record):
    """Its own error reaches the caller."""
    policy = harness.kit.deploy("WilfulTax", harness.collector)
    number = harness.declare(record, 10_000, tax_policy=policy.address)
    policy.send("setTax", harness.ann, 0, 1)
    with refused("WilfulTax_Refused", harness.ann):
        harness.claim(harness.ann, number)


# -------------------------------------------------------------------------- ending


def test_a_sweep_before_the_deadline_is_refused(harness, record):
    """So is one of a distribution without a deadline, for ever."""
    deadline = harness.kit.now + DAY
    bounded = harness.declare(record, 10_000, deadline=deadline, sweep_to=harness.issuer)
    endless = harness.declare(record, 10_000)
    harness.kit.now = deadline
    with refused("DividendVault_NotExpired", bounded, deadline, deadline):
        harness.vault.send("sweep", bounded)
    harness.kit.now = 2**47
    with refused("DividendVault_NotExpired", endless, 0, 2**47):
        harness.vault.send("sweep", endless)


@pytest.mark.parametrize("claimed", [0, 1, 2, 3])
def test_a_sweep_divides_the_rest_between_recipient_and_carry(books, claimed):
    """The recipient gets the floor of the unclaimed shares, the holders' carry the odd units."""
    harness = books.harness
    number = books.declare(
        1, 1_000_003, deadline=harness.kit.now + DAY, sweep_to=harness.issuer, rate=1_000
    )
    books.push(number, *list(books.balances)[::-1][:claimed])
    harness.kit.now += DAY + 1
    books.sweep(number)
    assert dollars(harness, harness.issuer) == harness.figures(number)["swept"]
    with refused("DividendVault_NothingLeft", number):
        harness.vault.send("sweep", number)


def test_a_sweep_reaches_the_first_of_all_addresses(books):
    """Only the zero address is nobody."""
    harness, first = books.harness, f"0x{1:040x}"
    number = books.declare(1, 10_000, deadline=harness.kit.now, sweep_to=first)
    harness.kit.now += 1
    books.sweep(number)
    assert dollars(harness, first) == 10_000


def test_a_finished_distribution_leaves_nothing_to_sweep(books):
    """Everybody has claimed."""
    harness = books.harness
    number = books.declare(1, 10_003, deadline=harness.kit.now + DAY, sweep_to=harness.issuer)
    books.push(number, *books.balances)
    harness.kit.now += DAY + 1
    with refused("DividendVault_NothingLeft", number):
        harness.vault.send("sweep", number)
    books.check()


def test_a_late_distribution_that_nobody_touched_can_be_swept(harness, shares):
    """Its denominator is found by the sweep."""
    harness.issue(shares)
    record = harness.schedule()
    closes_at = harness.kit.now + DAY
    number = harness.declare(record, 10_003, deadline=closes_at + 9, sweep_to=harness.issuer)
    harness.kit.now = closes_at + 10
    harness.vault.send("sweep", number)
    assert dollars(harness, harness.issuer) == 10_003
    figures = harness.figures(number)
    assert (figures["swept"], figures["carriedOut"], figures["owed"]) == (10_003, 0, 0)
    with refused("DividendVault_NotRefundable", number, 10_000):
        harness.vault.send("refund", number)


def test_a_late_distribution_without_shares_is_not_swept_but_refunded(harness):
    """There is no denominator to divide by."""
    record = harness.schedule()
    closes_at = harness.kit.now + DAY
    number = harness.declare(record, 10_000, deadline=closes_at + 9, sweep_to=harness.issuer)
    harness.kit.now = closes_at + 10
    with refused("DividendVault_NoEligibleShares", harness.token.address, record):
        harness.vault.send("sweep", number)
    harness.vault.send("refund", number)
    assert dollars(harness, harness.agent) == 10_000


# ------------------------------------------------------------------ large and exact


@pytest.mark.attack("A6")
@pytest.mark.parametrize(
    "amount",
    [1, 7, 10**36 + 1, 2**96, 2**96 + 1, 123_456_789 * 10**36 + 7, 2**159 + 1, MAX_AMOUNT],
)
def test_every_amount_is_divided_exactly(harness, amount):
    """From one unit to 2^160 - 1, by a supply of 2^96 - 1: each figure equals the model's."""
    shares = {harness.ann: 2**95 + 1, harness.ben: 2**94 - 3, harness.cid: 1}
    shares[harness.dan] = MAX_SHARES - sum(shares.values())
    harness.issue(shares)
    books = Books(harness, shares)
    number = books.declare(harness.close(), amount)
    for holder in shares:
        books.claim(holder, number)


@pytest.mark.attack("A7")
def test_splitting_shares_gains_nothing(harness):
    """A thousandth here and there is rounded down each time; the deposit is never exceeded."""
    people = [person(i) for i in range(100)]
    shares = dict.fromkeys(people, 1) | {harness.ann: 100}
    harness.issue(shares)
    record = harness.close()
    number = harness.declare(record, 199)
    harness.push(number, *people, harness.ann)
    assert [dollars(harness, who) for who in people] == [0] * 100
    assert dollars(harness, harness.ann) == 99
    assert harness.vault.call("carried", harness.token.address, harness.dollar.address) == 100


def declare_something(dice: random.Random, books: Books, record: int) -> None:
    """A declaration of a random kind."""
    harness, bounded, native = books.harness, dice.random() < 0.5, dice.random() < 0.3
    books.declare(
        record,
        dice.choice([1, 9_999, 10**6 + 3, 2**70 + 7 if native else 2**100 + 7]),
        native=native,
        rate=dice.choice([0, 0, 777, 3_000]),
        deadline=harness.kit.now + DAY if bounded else 0,
        sweep_to=harness.issuer if bounded else ZERO,
        excluded=dice.choice([[], [harness.dan], [harness.ann, harness.ann]]),
    )


def pay_something(dice: random.Random, books: Books) -> None:
    """A claim of several, or a page of one, of those that can still be paid."""
    people = list(books.balances)
    payable = [number for number in books.lines if not books.expired(number)]
    if payable and dice.random() < 0.5:
        books.claim(dice.choice(people), *dice.sample(payable, dice.randint(1, len(payable))))
    elif payable:
        books.push(dice.choice(payable), *dice.sample(people, dice.choice([1, 2, 4])))


def end_something(dice: random.Random, books: Books) -> None:
    """Half a day later, tax withheld and what has expired are sent where they belong."""
    books.harness.kit.now += DAY // 2
    for number, line in books.lines.items():
        if line.model.withheld > line.model.remitted and dice.random() < 0.5:
            books.remit(number)
        if books.expired(number) and books.is_open(number):
            books.sweep(number)


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in range(1, 4))]
)
def test_a_series_of_distributions_follows_the_model_to_the_unit(harness, shares, record, seed):
    """Declarations of every kind, claims, pages, remittances and sweeps in random order."""
    dice = random.Random(seed)
    books = Books(harness, shares)
    for _ in range(80):
        action = dice.choice(["declare", "pay", "pay", "pay", "end"])
        if action == "declare":
            declare_something(dice, books, record)
        elif action == "pay":
            pay_something(dice, books)
        else:
            end_something(dice, books)
    models = [line.model for line in books.lines.values()]
    assert sum(model.swept > 0 for model in models) > 0
    assert sum(model.remitted > 0 for model in models) > 0
    assert sum(model.settled_shares == model.eligible for model in models) > 0


def test_the_order_of_claims_makes_no_difference_to_anybody(kit):
    """Forty holders in four orders: the same payments and the same remainder."""
    outcomes = set()
    for seed in range(4):
        harness = Harness(RevmKit(kit.codec))
        dice = random.Random(1)
        shares = {person(i): dice.randint(1, 10**6) for i in range(40)}
        harness.issue(shares)
        number = harness.declare(harness.close(), 10**9 + 7)
        order = list(shares)
        random.Random(seed).shuffle(order)
        harness.push(number, *order)
        paid = tuple(dollars(harness, who) for who in shares)
        rest = harness.vault.call("carried", harness.token.address, harness.dollar.address)
        assert sum(paid) + rest == 10**9 + 7
        outcomes.add((paid, rest))
    assert len(outcomes) == 1


def test_terms_without_a_kind_cannot_be_said(harness, record):
    """A kind that does not exist is refused before anything is read."""
    data = encode(
        ["address", "uint256", "address", "uint256",
         "(uint8,uint48,uint48,address,address,bytes32,address[])"],
        [harness.token.address, record, ZERO, 0, (5, 0, 0, ZERO, ZERO, NOTHING, [])],
    )  # fmt: skip
    selector = harness.kit.codec.call(
        "DividendVault", "declare", harness.token.address, record, ZERO, 0, terms()
    )[:4]
    with refused("empty", ""):
        harness.kit.transact(harness.agent, harness.vault.address, selector + data)
