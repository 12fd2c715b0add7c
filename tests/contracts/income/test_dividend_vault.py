"""The vault: declaring, claiming, pushing and ending distributions, figure by figure."""

from __future__ import annotations

import random

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from tests.chainkit import ZERO, RevmKit
from tests.contracts.books import Books
from tests.contracts.stage import (
    DAY,
    NOTHING,
    SKIPPED_CLAIMED,
    SKIPPED_NOTHING,
    SKIPPED_PAYMENT,
    SKIPPED_POLICY,
    Stage,
    person,
    refused,
    terms,
)

MAX = 2**256 - 1
MAX_AMOUNT = 2**160 - 1
MAX_SHARES = 2**96 - 1


@pytest.fixture
def shares(stage) -> dict[str, int]:
    """An uneven division of 10,000 shares."""
    return {stage.ann: 5_000, stage.ben: 3_333, stage.cid: 1_666, stage.dan: 1}


@pytest.fixture
def record(stage, shares) -> int:
    """A record of that division, closed."""
    stage.issue(shares)
    return stage.close()


@pytest.fixture
def books(stage, shares, record) -> Books:
    """The exact model beside the vault."""
    return Books(stage, shares)


def dollars(stage: Stage, account: str) -> int:
    """What an account has of the dollar."""
    return int(stage.dollar.call("balanceOf", account))


def mapped(stage: Stage, variable: str, *keys: str) -> int:
    """The slot of an entry of the vault's mapping of mappings of addresses."""
    layout = stage.kit.codec.artifacts["DividendVault"].storage_layout["storage"]
    slot = next(int(entry["slot"]) for entry in layout if entry["label"] == variable)
    for key in keys:
        slot = int.from_bytes(keccak(encode(["address", "uint256"], [key, slot])), "big")
    return slot


def reasons(receipt) -> list[tuple[str, int]]:
    """Whom a push passed over, and why."""
    return [(event["holder"], event["reason"]) for event in receipt.named("Skipped")]


# --------------------------------------------------------------------- declaring


def test_a_declaration_takes_the_money_and_tells_everything(stage, record):
    """One event has all the terms; the money is in the vault; ids run from one."""
    said = {
        "kind": 4, "payable_from": stage.kit.now + 5, "deadline": stage.kit.now + DAY,
        "sweep_to": stage.issuer, "document": b"\x07" * 32, "excluded": [stage.dan],
    }  # fmt: skip
    receipt = stage.declaring(record, 1_000_000, **said)
    event = receipt.named("Declared")[0]
    given = event.pop("terms")
    assert event == {
        "id": 1,
        "token": stage.token.address,
        "currency": stage.dollar.address,
        "recordId": record,
        "declarer": stage.agent,
        "received": 1_000_000,
        "carriedIn": 0,
    }
    assert given == tuple(
        tuple(who.lower() for who in part) if isinstance(part, list) else
        part.lower() if isinstance(part, str) else part
        for part in terms(**said)
    )  # fmt: skip
    assert dollars(stage, stage.vault.address) == 1_000_000
    assert dollars(stage, stage.agent) == 0
    assert stage.vault.call("distributionCount") == 1
    assert stage.figures(1) == {
        "token": stage.token.address,
        "recordId": record,
        "currency": stage.dollar.address,
        "declarer": stage.agent,
        "terms": {
            "kind": 4,
            "payableFrom": stage.kit.now + 5,
            "deadline": stage.kit.now + DAY,
            "sweepTo": stage.issuer,
            "taxPolicy": ZERO,
            "documentHash": b"\x07" * 32,
            "excluded": [stage.dan],
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
def test_an_unknown_distribution_is_refused_everywhere(stage, record, number):
    """Every function that takes an id names the one it does not know, however large."""
    stage.declare(record, 1_000)
    vault = stage.vault
    for function in ("remit", "sweep", "refund"):
        with refused("DividendVault_UnknownDistribution", number):
            vault.send(function, number)
    with refused("DividendVault_UnknownDistribution", number):
        stage.claim(stage.ann, 1, number)
    with refused("DividendVault_UnknownDistribution", number):
        stage.push(number, stage.ann)
    for function in ("entitlement", "claimable", "isClaimed"):
        with refused("DividendVault_UnknownDistribution", number):
            vault.call(function, number, stage.ann)
    with refused("DividendVault_UnknownDistribution", number):
        vault.call("distribution", number)
    assert vault.call("claimable", 1, stage.ann) == 500


def test_a_declaration_without_money_is_refused(stage, record):
    """Nothing is no distribution, in any currency."""
    with refused("DividendVault_NothingReceived", stage.dollar.address, 0):
        stage.declare(record, 0)
    with refused("DividendVault_NothingReceived", ZERO, 0):
        stage.declare_native(record, 0)
    assert stage.vault.call("distributionCount") == 0


@pytest.mark.parametrize(("sent", "said"), [(0, 5), (4, 5), (6, 5)])
def test_E2_native_coin_must_be_exactly_what_the_declaration_says(stage, record, sent, said):
    """Neither less nor more, nor none."""
    with refused("DividendVault_WrongValue", sent, said):
        stage.vault.send(
            "declare", stage.token.address, record, ZERO, said, terms(), value=sent
        )  # fmt: skip


def test_E2_native_coin_sent_with_another_currency_is_refused(stage, record):
    """It would be lost."""
    stage.fund(stage.agent, stage.dollar, 5)
    with refused("DividendVault_WrongValue", 1, 0):
        stage.vault.send(
            "declare", stage.token.address, record, stage.dollar.address, 5, terms(),
            sender=stage.agent, value=1,
        )  # fmt: skip


def test_E2_native_coin_cannot_be_sent_to_the_vault_by_itself(stage):
    """There is no function that would take it."""
    with refused("empty", ""):
        stage.kit.transact(stage.ann, stage.vault.address, b"", 5)


@pytest.mark.parametrize("amount", [MAX_AMOUNT + 1, MAX])
def test_an_amount_of_more_than_160_bits_is_refused(stage, record, amount):
    """The refusal names what arrived and the limit."""
    with refused("DividendVault_AmountTooLarge", amount, MAX_AMOUNT):
        stage.declare(record, amount)


def test_an_amount_that_is_too_large_with_the_carry_is_refused(stage, record):
    """The limit is on the sum, and the carry stays where it is."""
    first = stage.declare(record, 10_001)
    stage.push(first, stage.ann, stage.ben, stage.cid, stage.dan)
    assert stage.vault.call("carried", stage.token.address, stage.dollar.address) == 1
    stage.fund(stage.agent, stage.dollar, MAX_AMOUNT)
    with refused("DividendVault_AmountTooLarge", MAX_AMOUNT + 1, MAX_AMOUNT):
        stage.vault.send(
            "declare", stage.token.address, record, stage.dollar.address, MAX_AMOUNT, terms(),
            sender=stage.agent,
        )  # fmt: skip
    assert stage.vault.call("carried", stage.token.address, stage.dollar.address) == 1


@pytest.mark.parametrize("number", [0, 2, 2**32 - 1])
def test_B4_a_declaration_for_an_unknown_record_is_refused(stage, record, number):
    """The token says so."""
    with refused("ShareToken_UnknownRecord", number, 1):
        stage.declare(number, 1_000)


@pytest.mark.parametrize("number", [2**32, 2**32 + 1, MAX])
def test_B4_a_record_id_that_does_not_fit_is_refused(stage, record, number):
    """Its low bits could be another record's."""
    with refused("DividendVault_RecordTooLarge", number, 2**32 - 1):
        stage.declare(number, 1_000)


def test_a_declaration_for_something_that_is_no_token_is_refused(stage, record):
    """Neither an account without code nor a contract without records can be paid for."""
    for nothing in (person(1), stage.dollar.address):
        stage.fund(stage.agent, stage.dollar, 5)
        with refused("empty", ""):
            stage.vault.send(
                "declare", nothing, 1, stage.dollar.address, 5, terms(), sender=stage.agent
            )


def test_A4_a_declaration_without_eligible_shares_is_refused(stage, shares):
    """An empty record, and one whose holders are all excluded, absorb nothing."""
    empty = stage.close()
    with refused("DividendVault_NoEligibleShares", stage.token.address, empty):
        stage.declare(empty, 1_000)
    stage.issue(shares)
    full = stage.close()
    with refused("DividendVault_NoEligibleShares", stage.token.address, full):
        stage.declare(full, 1_000, excluded=list(shares))
    assert dollars(stage, stage.vault.address) == 0


def test_A10_an_account_excluded_twice_counts_once(stage, record):
    """The excluded are a set, and those without shares change nothing."""
    excluded = [stage.ann, stage.eve, stage.ann, stage.ann, stage.eve]
    number = stage.declare(record, 5_000, excluded=excluded)
    assert stage.figures(number)["eligibleSupply"] == 5_000
    assert stage.vault.call("entitlement", number, stage.ann) == (0, 0, 0)
    assert stage.vault.call("entitlement", number, stage.ben) == (3_333, 0, 3_333)


def test_A10_exclusion_is_by_the_balance_at_the_record(stage, record):
    """What an excluded account holds later makes no difference, in either direction."""
    stage.move(stage.ann, stage.ben, 5_000)
    number = stage.declare(record, 5_000, excluded=[stage.ann])
    assert stage.figures(number)["eligibleSupply"] == 5_000
    stage.move(stage.ben, stage.ann, 8_333)
    assert stage.vault.call("entitlement", number, stage.ben) == (3_333, 0, 3_333)
    assert stage.claim(stage.ann, number).events == ()


@pytest.mark.parametrize("count", [31, 32])
def test_up_to_32_accounts_can_be_excluded(stage, record, count):
    """The list is read by every claim, so it is bounded."""
    number = stage.declare(record, 1_000, excluded=[person(i) for i in range(count)])
    assert len(stage.figures(number)["terms"]["excluded"]) == count
    assert stage.claim(stage.ann, number).settlements[0]["gross"] == 500


@pytest.mark.parametrize("count", [33, 200])
def test_H_more_than_32_excluded_are_refused(stage, record, count):
    """Even if they are one account repeated."""
    with refused("DividendVault_TooManyExcluded", count, 32):
        stage.declare(record, 1_000, excluded=[stage.ann] * count)


def test_a_deadline_and_a_recipient_need_each_other(stage, record):
    """One without the other is refused."""
    deadline = stage.kit.now + DAY
    with refused("DividendVault_SweepMismatch", deadline, ZERO):
        stage.declare(record, 1_000, deadline=deadline)
    with refused("DividendVault_SweepMismatch", 0, stage.issuer):
        stage.declare(record, 1_000, sweep_to=stage.issuer)


def test_the_vault_cannot_be_the_recipient(stage, record):
    """What was swept to itself would be nobody's."""
    with refused("DividendVault_InvalidPayee", stage.vault.address):
        stage.declare(
            record, 1_000, deadline=stage.kit.now + DAY, sweep_to=stage.vault.address
        )  # fmt: skip


def test_a_deadline_that_leaves_no_time_is_refused(stage, record):
    """Not in the past, and not before the first payment; the same second is enough."""
    now = stage.kit.now
    with refused("DividendVault_DeadlineTooEarly", now - 1, 0):
        stage.declare(record, 1_000, deadline=now - 1, sweep_to=stage.issuer)
    with refused("DividendVault_DeadlineTooEarly", now + 9, now + 10):
        stage.declare(record, 1_000, payable_from=now + 10, deadline=now + 9, sweep_to=stage.issuer)
    number = stage.declare(
        record, 1_000, payable_from=now + 10, deadline=now + 10, sweep_to=stage.issuer
    )
    stage.kit.now = now + 10
    assert len(stage.claim(stage.ann, number).settlements) == 1


def test_a_deadline_before_an_open_record_is_payable_is_refused(stage, shares):
    """An open record is payable from the second after it closes, whatever the terms say."""
    stage.issue(shares)
    closes_at = stage.kit.now + DAY
    record = stage.schedule(closes_at)
    with refused("DividendVault_DeadlineTooEarly", closes_at, closes_at + 1):
        stage.declare(record, 1_000, deadline=closes_at, sweep_to=stage.issuer)
    number = stage.declare(record, 1_000, deadline=closes_at + 1, sweep_to=stage.issuer)
    assert stage.figures(number)["terms"]["payableFrom"] == closes_at + 1


def test_a_tax_policy_needs_a_collector(stage, record):
    """Not nobody, and not the vault; and a policy that cannot be asked is refused too."""
    for collector in (ZERO, stage.vault.address):
        policy = stage.kit.deploy("FlatTax", 1_000, collector)
        with refused("DividendVault_NoCollector", policy.address):
            stage.declare(record, 1_000, tax_policy=policy.address)
    with refused("empty", ""):
        stage.declare(record, 1_000, tax_policy=person(1))


def test_a_tax_of_more_than_the_whole_cannot_be_made(kit):
    """10,000 basis points are the whole income; a flat tax of more does not exist."""
    with refused("FlatTax_RateTooHigh", 10_001, 10_000):
        kit.deploy("FlatTax", 10_001, kit.accounts[1])
    assert kit.deploy("FlatTax", 10_000, kit.accounts[1]).call("basisPoints") == 10_000


def test_A8_only_what_arrives_in_the_call_is_distributed(books):
    """Money given to the vault before and after is neither income nor lost sight of."""
    stage = books.stage
    books.donate(stage.dollar, 999)
    number = books.declare(1, 10_000)
    books.donate(stage.dollar, 1_000_000)
    books.claim(stage.ann, number)
    books.push(number, stage.ben, stage.cid, stage.dan)
    second = books.declare(1, 5)
    assert stage.figures(second)["amount"] == 5


def test_A9_a_distribution_cannot_be_topped_up(books):
    """The same declaration again is another distribution, and the first one stands."""
    first = books.declare(1, 10_000)
    books.claim(books.stage.ann, first)
    second = books.declare(1, 10_000)
    assert (first, second) == (1, 2)
    assert books.claim(books.stage.ann, first, second) == 5_000


# ---------------------------------------------------------------- before the record


def test_a_declaration_for_an_open_record_waits_for_it(stage, shares):
    """Until the record closes nothing is known and nothing can be paid; then it is as always."""
    stage.issue(shares)
    closes_at = stage.kit.now + DAY
    record = stage.schedule(closes_at)
    number = stage.declare(record, 10_000)
    figures = stage.figures(number)
    assert (figures["eligibleSupply"], figures["owed"]) == (0, 10_000)
    stage.kit.now = closes_at
    with refused("DividendVault_NotPayableYet", number, closes_at + 1, closes_at):
        stage.claim(stage.ann, number)
    with refused("DividendVault_NotPayableYet", number, closes_at + 1, closes_at):
        stage.push(number, stage.ann)
    assert stage.vault.call("claimable", number, stage.ann) == 0
    with refused("ShareToken_RecordOpen", record, closes_at, closes_at):
        stage.vault.call("entitlement", number, stage.ann)
    with refused("ShareToken_RecordOpen", record, closes_at, closes_at):
        stage.vault.send("refund", number)
    stage.move(stage.ann, stage.eve, 1_000)
    stage.kit.now = closes_at + 1
    assert stage.figures(number)["eligibleSupply"] == 10_000
    assert stage.vault.call("claimable", number, stage.ann) == 4_000
    stage.push(number, stage.ann, stage.eve, stage.ben, stage.cid)
    figures = stage.figures(number)
    assert (figures["paid"], figures["settledShares"], figures["owed"]) == (9_999, 9_999, 1)
    stage.claim(stage.dan, number)
    assert stage.figures(number)["owed"] == 0


def test_A4_a_late_record_without_eligible_shares_goes_back_to_its_declarer(stage):
    """Anyone may send it back, once; nobody can be paid from it."""
    record = stage.schedule()
    number = stage.declare(record, 10_000)
    stage.kit.now += DAY + 1
    assert stage.claim(stage.ann, number).events == ()
    assert stage.figures(number)["owed"] == 10_000
    receipt = stage.vault.send("refund", number, sender=stage.stranger)
    assert receipt.named("Refunded") == [{"id": number, "declarer": stage.agent, "amount": 10_000}]
    assert dollars(stage, stage.agent) == 10_000
    figures = stage.figures(number)
    assert (figures["owed"], figures["swept"], figures["carriedOut"]) == (0, 10_000, 0)
    with refused("DividendVault_NothingLeft", number):
        stage.vault.send("refund", number)


def test_A4_a_late_record_with_everybody_excluded_goes_back_too(stage, shares):
    """Exclusion can leave nobody, as an empty token can."""
    stage.issue(shares)
    record = stage.schedule()
    number = stage.declare(record, 10_000, excluded=list(shares))
    stage.kit.now += DAY + 1
    assert reasons(stage.push(number, stage.ann)) == [(stage.ann, SKIPPED_NOTHING)]
    stage.vault.send("refund", number)
    assert dollars(stage, stage.agent) == 10_000


def test_a_distribution_with_eligible_shares_cannot_be_refunded(stage, record):
    """Neither a paid one nor one declared early and untouched since."""
    early = stage.declare(stage.schedule(), 1_000)
    number = stage.declare(record, 1_000)
    with refused("DividendVault_NotRefundable", number, 10_000):
        stage.vault.send("refund", number)
    stage.kit.now += DAY + 1
    with refused("DividendVault_NotRefundable", early, 10_000):
        stage.vault.send("refund", early)
    stage.push(early, stage.ann, stage.ben, stage.cid, stage.dan)
    with refused("DividendVault_NotRefundable", early, 10_000):
        stage.vault.send("refund", early)


def test_what_was_carried_in_does_not_leave_with_a_refund(stage, shares):
    """What arrived goes back; the carry belongs to the holders and is carried again."""
    stage.issue(shares)
    first = stage.declare(stage.close(), 10_001)
    stage.push(first, *shares)
    carry = (stage.token.address, stage.dollar.address)
    assert stage.vault.call("carried", *carry) == 1
    late = stage.declare(stage.schedule(), 500, excluded=list(shares))
    assert stage.figures(late)["amount"] == 501
    stage.kit.now += DAY + 1
    stage.vault.send("refund", late)
    assert dollars(stage, stage.agent) == 500
    assert stage.vault.call("carried", *carry) == 1
    figures = stage.figures(late)
    assert (figures["swept"], figures["carriedOut"], figures["owed"]) == (500, 1, 0)


def test_a_token_that_lies_cannot_have_a_refund_and_the_income_too(stage, record):
    """`IDividendVault`: a token that lies harms only distributions declared for it."""
    honest = stage.declare(record, 10_000)
    liar = stage.kit.deploy("BareToken")
    liar.send("setTime", 1, stage.kit.now)
    trap = stage.declare(1, 10_000, token=liar, sender=stage.stranger)
    stage.kit.now += 1
    stage.vault.send("refund", trap)
    assert dollars(stage, stage.stranger) == 10_000
    liar.send("setSupply", 1, 1)
    liar.send("setShares", stage.stranger, 1, 1)
    with refused("DividendVault_NothingLeft", trap):
        stage.claim(stage.stranger, trap)
    assert dollars(stage, stage.vault.address) == 10_000
    stage.claim(stage.ann, honest)


def test_a_token_that_lies_about_balances_cannot_overdraw_its_distribution(stage, record):
    """Balances that exceed the supply break the liar's own payments only."""
    stage.declare(record, 10_000)
    liar = stage.kit.deploy("BareToken")
    liar.send("setTime", 1, stage.kit.now - 1)
    liar.send("setSupply", 1, 100)
    liar.send("setShares", stage.eve, 1, 60)
    liar.send("setShares", stage.stranger, 1, 60)
    trap = stage.declare(1, 1_000, token=liar)
    stage.claim(stage.eve, trap)
    with refused("DividendVault_SupplyTooLarge", 60, 40):
        stage.claim(stage.stranger, trap)
    liar.send("setShares", stage.stranger, 1, MAX)
    with refused("DividendVault_SupplyTooLarge", MAX, 40):
        stage.claim(stage.stranger, trap)
    assert dollars(stage, stage.vault.address) == 10_400


def test_what_the_token_says_later_changes_no_division(stage):
    """The supply counted at the declaration, or by the first claim, is the one for all; the view
    says what is paid."""
    bare = stage.kit.deploy("BareToken")
    bare.send("setTime", 1, stage.kit.now - 1)
    bare.send("setTime", 2, stage.kit.now)
    for record in (1, 2):
        bare.send("setSupply", record, 100)
        bare.send("setShares", stage.ann, record, 10)
        bare.send("setShares", stage.ben, record, 10)
    closed, late = (stage.declare(n, 1_000, token=bare) for n in (1, 2))
    unusual = stage.declare(1, 1_000, token=bare, excluded=[stage.eve])
    stage.kit.now += 1
    stage.claim(stage.ben, late)
    for record in (1, 2):
        bare.send("setSupply", record, 50)
    for number in (closed, late, unusual):
        assert stage.vault.call("entitlement", number, stage.ann) == (100, 0, 100)
        stage.claim(stage.ann, number)
    assert dollars(stage, stage.ann) == 300


def test_a_token_of_more_than_96_bits_is_refused(stage):
    """The refusal names the eligible supply and the limit; the limit itself is fine."""
    bare = stage.kit.deploy("BareToken")
    bare.send("setTime", 1, stage.kit.now - 1)
    bare.send("setSupply", 1, MAX_SHARES + 1)
    bare.send("setShares", stage.ann, 1, 1)
    with refused("DividendVault_SupplyTooLarge", MAX_SHARES + 1, MAX_SHARES):
        stage.declare(1, 1_000, token=bare)
    number = stage.declare(1, 1_000, token=bare, excluded=[stage.ann])
    assert stage.figures(number)["eligibleSupply"] == MAX_SHARES
    with refused("DividendVault_NotRefundable", number, MAX_SHARES):
        stage.vault.send("refund", number)


def test_a_late_token_of_more_than_96_bits_goes_back(stage):
    """It cannot be paid, so it can be refunded."""
    bare = stage.kit.deploy("BareToken")
    bare.send("setTime", 1, stage.kit.now)
    bare.send("setSupply", 1, MAX_SHARES + 1)
    bare.send("setShares", stage.ann, 1, 1)
    number = stage.declare(1, 1_000, token=bare)
    stage.kit.now += 1
    with refused("DividendVault_SupplyTooLarge", MAX_SHARES + 1, MAX_SHARES):
        stage.claim(stage.ann, number)
    stage.vault.send("refund", number)
    assert dollars(stage, stage.agent) == 1_000


# -------------------------------------------------------------------------- carry


def test_a_remainder_joins_the_next_declaration_of_an_agent(books):
    """Whatever its terms are; and the event says how much it was."""
    stage = books.stage
    first = books.declare(1, 10_003)
    books.push(first, *books.balances)
    carried = stage.vault.call("carried", stage.token.address, stage.dollar.address)
    assert carried == 2
    second = books.declare(1, 1_000, rate=500, excluded=[stage.dan])
    assert stage.figures(second)["amount"] == 1_002
    assert stage.vault.call("carried", stage.token.address, stage.dollar.address) == 0


def test_a_remainder_stays_with_its_token_and_currency(stage, record):
    """Another token, another currency, native or not: none of them sees it."""
    first = stage.declare(record, 10_001)
    stage.push(first, stage.ann, stage.ben, stage.cid, stage.dan)
    other = stage.kit.deploy("Dollar", "Other", "OTH", 18)
    twin = Stage(stage.kit)
    twin.vault = stage.vault
    twin.issue({twin.ann: 10})
    elsewhere = twin.declare(twin.close(), 100, currency=stage.dollar)
    numbers = [
        stage.declare(record, 100, currency=other), stage.declare_native(record, 100), elsewhere
    ]  # fmt: skip
    assert [stage.figures(number)["amount"] for number in numbers] == [100, 100, 100]
    assert stage.vault.call("carried", stage.token.address, stage.dollar.address) == 1


@pytest.mark.parametrize(
    "steering",
    ["none", "now", "one share", "excluded", "tax", "deadline", "later", "open record"],
)
def test_the_carry_of_a_token_that_names_nobody_joins_a_plain_declaration(stage, steering):
    """Where there is nobody to ask, the terms decide."""
    bare = stage.kit.deploy("BareToken")
    bare.send("setTime", 1, stage.kit.now - 1)
    bare.send("setTime", 2, stage.kit.now)
    bare.send("setTime", 3, stage.kit.now - 1)
    bare.send("setSupply", 1, 3)
    bare.send("setSupply", 3, 1)
    for holder in (stage.ann, stage.ben, stage.cid):
        bare.send("setShares", holder, 1, 1)
    first = stage.declare(1, 100, token=bare, sender=stage.stranger)
    stage.push(first, stage.ann, stage.ben, stage.cid)
    said = {
        "now": {"payable_from": stage.kit.now},
        "excluded": {"excluded": [stage.ann]},
        "tax": {"tax_policy": stage.kit.deploy("FlatTax", 0, stage.collector).address},
        "deadline": {"deadline": stage.kit.now, "sweep_to": stage.stranger},
        "later": {"payable_from": stage.kit.now + 1},
    }.get(steering, {})
    at = {"open record": 2, "one share": 3}.get(steering, 1)
    second = stage.declare(at, 100, token=bare, sender=stage.stranger, **said)
    assert stage.figures(second)["carriedIn"] == (steering in ("none", "now", "one share"))


def test_a_carry_larger_than_a_distribution_can_name_is_carried_in_parts(stage, record):
    """Beyond any number of settlements a chain can make, so it is put where it would have come to:
    what does not fit in 48 bits waits for the next declaration."""
    limit, more = 2**48 - 1, 7
    series = mapped(stage, "_series", stage.token.address, stage.dollar.address)
    stage.kit.evm.insert_account_storage(stage.vault.address, series, limit + more)
    stage.dollar.send("mint", stage.vault.address, limit + more)
    parts = [stage.figures(stage.declare(record, 100))["carriedIn"] for _ in range(3)]
    assert parts == [limit, more, 0]
    assert stage.vault.call("carried", stage.token.address, stage.dollar.address) == 0


def test_a_series_without_room_for_another_lane_is_refused(stage, record):
    """Longer than any chain, so it is put near its end: the last lane still fits, the next not."""
    limit, lane = 2**32 - 1, 28
    series = mapped(stage, "_series", stage.token.address, stage.dollar.address)
    near_the_end = (limit - lane) << 160
    stage.kit.evm.insert_account_storage(stage.vault.address, series, near_the_end)
    number = stage.declare(record, 10_000)
    stage.push(number, stage.ann, stage.ben, stage.cid, stage.dan)
    assert stage.figures(number)["paid"] == 10_000
    with refused("Progress_Full", limit + 1 + lane, limit):
        stage.declare(record, 10_000)


def test_a_record_beyond_the_reach_of_time_is_refused(stage):
    """Its first second of payment would not fit."""
    bare = stage.kit.deploy("BareToken")
    bare.send("setTime", 1, 2**48 - 1)
    with refused("DividendVault_NotPayableInTime", 2**48):
        stage.declare(1, 100, token=bare)
    bare.send("setTime", 2, 2**48 - 2)
    number = stage.declare(2, 100, token=bare)
    assert stage.figures(number)["terms"]["payableFrom"] == 2**48 - 1


@pytest.mark.parametrize(
    "steering",
    ["excluded", "tax", "deadline", "later", "open record"],
)
@pytest.mark.parametrize("actor", ["stranger", "agent", "owner"])
def test_A8_a_stranger_cannot_steer_the_carry(stage, record, steering, actor):
    """With exclusions, tax, a deadline or a far date, the carry joins only the token's own."""
    first = stage.declare(record, 10_001)
    stage.push(first, stage.ann, stage.ben, stage.cid, stage.dan)
    tax = stage.kit.deploy("FlatTax", 0, stage.collector).address
    said = {
        "excluded": {"excluded": [stage.ann]},
        "tax": {"tax_policy": tax},
        "deadline": {"deadline": stage.kit.now, "sweep_to": stage.stranger},
        "later": {"payable_from": stage.kit.now + 1},
        "open record": {},
    }[steering]
    target = stage.schedule() if steering == "open record" else record
    receipt = stage.declaring(target, 100, sender=getattr(stage, actor), **said)
    carried_in = 0 if actor == "stranger" else 1
    assert receipt.named("Declared")[0]["carriedIn"] == carried_in
    left = stage.vault.call("carried", stage.token.address, stage.dollar.address)
    assert left == 1 - carried_in


def test_a_stranger_may_pay_income_to_everybody_but_not_the_carry(stage, record):
    """Even a plain declaration could steer it, by choosing an old record."""
    first = stage.declare(record, 10_001)
    stage.push(first, stage.ann, stage.ben, stage.cid, stage.dan)
    receipt = stage.declaring(
        record, 100, sender=stage.stranger, payable_from=stage.kit.now, document=b"\x01" * 32
    )
    assert receipt.named("Declared")[0]["carriedIn"] == 0
    assert stage.figures(2)["amount"] == 100


# ----------------------------------------------------------------------- claiming


def test_a_claim_pays_the_floor_and_settles_the_shares(books):
    """One event, one payment; a second claim is no error, pays nothing and changes nothing."""
    stage = books.stage
    number = books.declare(1, 1_000_003)
    assert books.claim(stage.ann, number) == 500_001
    assert dollars(stage, stage.ann) == 500_001
    again = stage.claim(stage.ann, number)
    assert again.events == ()
    assert stage.vault.call("claim", [number], stage.ann) == 0
    assert dollars(stage, stage.ann) == 500_001
    books.check()


def test_a_claim_returns_how_many_distributions_it_settled(stage, record):
    """Those claimed before, those without shares, and repetitions in one call do not count."""
    first, second = stage.declare(record, 1_000), stage.declare(record, 1_000)
    stage.claim(stage.ann, first)
    assert stage.vault.call("claim", [first, second, second], stage.ann) == 1
    assert stage.vault.call("claim", [second, first, second], stage.ben) == 2
    assert stage.vault.call("claim", [first, second], stage.eve) == 0
    assert stage.vault.call("claim", [], stage.ann) == 0
    stage.claim(stage.ben, second, second, first, second)
    assert dollars(stage, stage.ben) == 666


def test_twelve_distributions_of_one_currency_are_one_payment(books):
    """Twelve settlements, their sum in one transfer."""
    stage = books.stage
    numbers = [books.declare(1, 10_000 + month) for month in range(12)]
    before = stage.claim(stage.ben, *numbers[:6])
    assert len(before.named("Transfer")) == 1
    receipt = stage.claim(stage.ann, *numbers)
    sent = receipt.named("Transfer")
    assert len(sent) == 1
    assert len(receipt.settlements) == 12
    assert sent[0]["value"] == sum(event["gross"] for event in receipt.settlements)


def test_several_currencies_can_be_claimed_in_one_call_in_any_order(books):
    """Dollars, native coin and another currency, interleaved, each to the unit."""
    stage = books.stage
    euro = stage.kit.deploy("Dollar", "Euro", "EUR", 2)
    coins = stage.kit.balance(stage.ann)
    numbers = [
        books.declare(1, 10_001),
        books.declare(1, 10**18 + 7, native=True),
        books.declare(1, 777, currency=euro),
        books.declare(1, 20_003),
        books.declare(1, 10**18 + 9, native=True),
    ]
    books.claim(stage.ann, *reversed(numbers))
    assert dollars(stage, stage.ann) == 5_000 + 10_001
    assert stage.kit.balance(stage.ann) - coins == 10**18 + 7
    assert euro.call("balanceOf", stage.ann) == 388
    books.claim(stage.ben, *numbers)
    books.claim(stage.cid, *numbers)
    books.claim(stage.dan, *numbers)


def test_A13_anyone_may_trigger_a_claim_but_the_money_goes_to_the_holder(stage, record):
    """Whoever calls gets nothing."""
    number = stage.declare(record, 10_000)
    for sender in (stage.stranger, stage.agent, stage.owner, stage.ben):
        before = stage.kit.evm.snapshot()
        stage.claim(stage.ann, number, sender=sender)
        assert dollars(stage, stage.ann) == 5_000
        assert dollars(stage, sender) == 0
        stage.kit.evm.revert(before)


def test_A13_the_money_goes_to_the_payee_the_holder_has_set(stage, record):
    """Set, changed, reset by naming nobody or oneself; told by an event and by `payeeOf`."""
    vault = stage.vault
    numbers = [stage.declare(record, 10_000) for _ in range(4)]
    for number, given, effective in zip(
        numbers,
        (stage.eve, stage.issuer, ZERO, stage.ann),
        (stage.eve, stage.issuer, stage.ann, stage.ann),
        strict=True,
    ):
        receipt = vault.send("setPayee", given, sender=stage.ann)
        assert receipt.events == (("PayeeSet", {"holder": stage.ann, "payee": effective}),)
        assert vault.call("payeeOf", stage.ann) == effective
        before = dollars(stage, effective)
        assert stage.claim(stage.ann, number).settlements[0]["payee"] == effective
        assert dollars(stage, effective) == before + 5_000


def test_A13_a_payee_is_not_followed_to_the_payees_payee(stage, record):
    """Ann chose Ben's address, not what Ben chooses."""
    number = stage.declare(record, 10_000)
    stage.vault.send("setPayee", stage.ben, sender=stage.ann)
    stage.vault.send("setPayee", stage.stranger, sender=stage.ben)
    stage.claim(stage.ann, number)
    assert dollars(stage, stage.ben) == 5_000


def test_the_vault_cannot_be_a_payee(stage, record):
    """Not by choice, and not by holding shares itself."""
    address = stage.vault.address
    with refused("DividendVault_InvalidPayee", address):
        stage.vault.send("setPayee", address, sender=stage.ann)
    stage.move(stage.ann, address, 5_000)
    number = stage.declare(stage.close(), 10_000)
    with refused("DividendVault_InvalidPayee", address):
        stage.claim(address, number)
    assert reasons(stage.push(number, address)) == [(address, SKIPPED_PAYMENT)]
    assert stage.vault.call("isClaimed", number, address) is False


def test_C3_what_a_recovered_wallet_was_owed_goes_to_its_successor(stage):
    """If the token names one; with the payee the successor has set, not the lost wallet's."""
    token = stage.kit.deploy("RecoveringToken")
    token.send("setTime", 1, stage.kit.now - 1)
    token.send("setSupply", 1, 4)
    for holder in (stage.ann, stage.ben, stage.cid, stage.dan):
        token.send("setShares", holder, 1, 1)
    number = stage.declare(1, 4_000, token=token)
    stage.vault.send("setPayee", stage.stranger, sender=stage.ann)
    token.send("setSuccessor", stage.ann, stage.eve)
    assert stage.claim(stage.ann, number).settlements[0]["payee"] == stage.eve
    token.send("setSuccessor", stage.ben, stage.issuer)
    stage.vault.send("setPayee", stage.collector, sender=stage.issuer)
    stage.push(number, stage.ben)
    stage.claim(stage.cid, number)
    paid = [dollars(stage, who) for who in (stage.eve, stage.collector, stage.cid)]
    assert paid == [1_000] * 3
    assert dollars(stage, stage.stranger) == 0


def test_C3_each_token_of_a_claim_names_its_own_successor(stage, record):
    """Two tokens in one call, in one currency: only the recovered wallet's goes elsewhere."""
    token = stage.kit.deploy("RecoveringToken")
    token.send("setTime", 1, stage.kit.now - 1)
    token.send("setSupply", 1, 2)
    token.send("setShares", stage.ann, 1, 1)
    token.send("setSuccessor", stage.ann, stage.eve)
    numbers = [
        stage.declare(record, 10_000),
        stage.declare(1, 2_000, token=token),
        stage.declare(record, 10_000),
    ]
    stage.claim(stage.ann, *numbers)
    assert (dollars(stage, stage.ann), dollars(stage, stage.eve)) == (10_000, 1_000)


def test_a_claim_before_the_first_payment_is_refused(stage, record):
    """The refusal says from when, and what time it is; one second decides."""
    payable = stage.kit.now + DAY
    number = stage.declare(record, 10_000, payable_from=payable)
    stage.kit.now = payable - 1
    with refused("DividendVault_NotPayableYet", number, payable, payable - 1):
        stage.claim(stage.ann, number)
    with refused("DividendVault_NotPayableYet", number, payable, payable - 1):
        stage.push(number, stage.ann)
    assert stage.vault.call("claimable", number, stage.ann) == 0
    assert stage.vault.call("entitlement", number, stage.ann) == (5_000, 0, 5_000)
    stage.kit.now = payable
    assert stage.vault.call("claimable", number, stage.ann) == 5_000
    stage.claim(stage.ann, number)


def test_a_claim_after_the_deadline_is_refused(stage, record):
    """Until the end of the deadline's second it is good."""
    deadline = stage.kit.now + DAY
    number = stage.declare(record, 10_000, deadline=deadline, sweep_to=stage.issuer)
    stage.kit.now = deadline
    stage.claim(stage.ann, number)
    stage.kit.now = deadline + 1
    assert stage.vault.call("claimable", number, stage.ben) == 0
    assert stage.vault.call("entitlement", number, stage.ben) == (3_333, 0, 3_333)
    with refused("DividendVault_Expired", number, deadline, deadline + 1):
        stage.claim(stage.ben, number)
    with refused("DividendVault_Expired", number, deadline, deadline + 1):
        stage.push(number, stage.ben)


def test_one_obstacle_refuses_the_whole_claim(stage, record):
    """What came before it in the list is not paid either."""
    good = stage.declare(record, 10_000)
    waiting = stage.declare(record, 10_000, payable_from=stage.kit.now + 5)
    with refused("DividendVault_NotPayableYet", waiting, stage.kit.now + 5, stage.kit.now):
        stage.claim(stage.ann, good, waiting)
    assert stage.vault.call("isClaimed", good, stage.ann) is False
    assert dollars(stage, stage.ann) == 0


def test_A5_a_holder_of_less_than_a_unit_is_settled_at_zero(books):
    """A gross of nothing is a settlement like another: no payment, but the remainder is freed."""
    stage = books.stage
    number = books.declare(1, 9_999)
    assert books.claim(stage.dan, number) == 0
    assert stage.vault.call("isClaimed", number, stage.dan) is True
    books.push(number, stage.ann, stage.ben, stage.cid)
    assert stage.vault.call("carried", stage.token.address, stage.dollar.address) == 3


def test_who_held_no_shares_is_not_settled(books):
    """A stranger's claim leaves no mark, and none after buying shares later."""
    stage = books.stage
    number = books.declare(1, 10_000)
    assert stage.claim(stage.eve, number).events == ()
    stage.move(stage.ann, stage.eve, 100)
    assert stage.claim(stage.eve, number).events == ()
    assert stage.vault.call("isClaimed", number, stage.eve) is False
    assert stage.vault.call("entitlement", number, stage.eve) == (0, 0, 0)


def test_A2_income_survives_the_shares(books):
    """Sold or burned after the record, they have earned."""
    stage = books.stage
    number = books.declare(1, 10_000)
    stage.move(stage.ann, stage.eve, 5_000)
    stage.token.send("burn", stage.ben, 3_333, sender=stage.agent)
    books.check()
    assert books.claim(stage.ann, number) == 5_000
    assert books.claim(stage.ben, number) == 3_333


def test_many_distributions_keep_their_marks_and_lanes_apart(stage, record):
    """Beyond 256 of one currency, each claim sets its own bit and lane, its neighbours' none."""
    numbers = [stage.declare(record, 10_000) for _ in range(260)]
    chosen = [0, 1, 127, 128, 254, 255, 256, 257, 259]
    stage.claim(stage.ann, *(numbers[i] for i in chosen[::2]))
    stage.claim(stage.ben, *(numbers[i] for i in chosen[1::2]))
    for index, number in enumerate(numbers):
        ann, ben = index in chosen[::2], index in chosen[1::2]
        assert stage.vault.call("isClaimed", number, stage.ann) is ann
        assert stage.vault.call("isClaimed", number, stage.ben) is ben
        assert stage.figures(number)["settledShares"] == 5_000 * ann + 3_333 * ben


# ------------------------------------------------------------------------ pushing


def test_a_push_pays_a_page_and_passes_over_the_rest_with_reasons(books):
    """Paid before, without shares, named twice: each has its reason, and none is an error."""
    stage = books.stage
    number = books.declare(1, 10_003)
    books.claim(stage.ann, number)
    receipt = stage.push(number, stage.ann, stage.eve, stage.ben, stage.ben, stage.vault.address)
    assert reasons(receipt) == [
        (stage.ann, SKIPPED_CLAIMED),
        (stage.eve, SKIPPED_NOTHING),
        (stage.ben, SKIPPED_CLAIMED),
        (stage.vault.address, SKIPPED_NOTHING),
    ]
    assert [event["holder"] for event in receipt.settlements] == [stage.ben]
    assert dollars(stage, stage.ben) == 3_333


def test_a_push_returns_how_many_it_settled(stage, record):
    """And an empty page is none."""
    number = stage.declare(record, 10_000)
    page = [stage.ann, stage.eve, stage.ben, stage.ann]
    assert stage.vault.call("push", number, page) == 2
    assert stage.vault.call("push", number, []) == 0


def test_A14_pages_in_any_order_pay_what_claims_would(books):
    """Shares that change hands between the pages change nothing."""
    stage = books.stage
    number = books.declare(1, 1_000_007)
    books.push(number, stage.dan, stage.cid)
    stage.move(stage.ann, stage.eve, 5_000)
    books.push(number, stage.eve, stage.ann)
    books.push(number, stage.ben)


def test_a_page_repeated_pays_nobody_twice(books):
    """Not in the same page, not in the next."""
    number = books.declare(1, 10_003)
    books.push(number, *books.balances, *books.balances)
    held = [dollars(books.stage, holder) for holder in books.balances]
    books.push(number, *books.balances)
    assert [dollars(books.stage, holder) for holder in books.balances] == held


@pytest.mark.parametrize("last", ["push", "claim"])
def test_the_last_settlement_carries_the_remainder_once(books, last):
    """By claim or push; pages and claims afterwards carry nothing more."""
    stage = books.stage
    number = books.declare(1, 10_003)
    books.push(number, stage.ann, stage.ben, stage.cid)
    receipt = stage.push(number, stage.dan) if last == "push" else stage.claim(stage.dan, number)
    assert receipt.named("Carried") == [
        {
            "id": number,
            "token": stage.token.address,
            "currency": stage.dollar.address,
            "amount": 2,
        }
    ]
    for receipt in (stage.push(number, *books.balances), stage.claim(stage.ann, number)):
        assert receipt.named("Carried") == []
    assert stage.vault.call("carried", stage.token.address, stage.dollar.address) == 2
    figures = stage.figures(number)
    assert (figures["carriedOut"], figures["owed"], figures["paid"]) == (2, 0, 10_001)


def test_a_distribution_that_divides_evenly_carries_nothing(books):
    """There is no event of nothing."""
    stage = books.stage
    number = books.declare(1, 10_000)
    assert stage.push(number, *books.balances).named("Carried") == []
    assert stage.figures(number)["owed"] == 0


# -------------------------------------------------------------------- withholding


@pytest.mark.parametrize("rate", [0, 1, 1_500, 2_637, 9_999, 10_000])
def test_tax_is_withheld_by_floor_and_shown_gross_tax_and_net(books, rate):
    """The odd unit is the holder's; what is withheld goes to the collector, once."""
    stage = books.stage
    number = books.declare(1, 1_000_003, rate=rate)
    books.claim(stage.ann, number)
    books.push(number, stage.ben, stage.cid, stage.dan)
    withheld = stage.figures(number)["withheld"]
    assert dollars(stage, stage.collector) == 0
    if withheld:
        books.remit(number)
    with refused("DividendVault_NothingLeft", number):
        stage.vault.send("remit", number)
    assert dollars(stage, stage.collector) == withheld


def test_tax_can_be_remitted_as_it_comes_in(books):
    """After each claim what is new, by anyone; and after the deadline too."""
    stage = books.stage
    number = books.declare(
        1, 1_000_003, rate=2_637, deadline=stage.kit.now + DAY, sweep_to=stage.issuer
    )
    books.claim(stage.ann, number)
    books.remit(number)
    books.push(number, stage.ben)
    stage.kit.now += DAY + 1
    books.sweep(number)
    books.remit(number)


def test_A10_a_tax_of_the_whole_leaves_nothing_and_pays_nothing(books):
    """The holder is settled with a net of zero, and no empty payment is made."""
    stage = books.stage
    number = books.declare(1, 10_000, rate=10_000)
    receipt = stage.claim(stage.ann, number)
    assert [name for name, _ in receipt.events] == ["Claimed"]
    assert stage.figures(number)["withheld"] == 5_000


def test_A10_a_policy_that_asks_for_more_than_the_income_is_refused(stage, record):
    """A claim says so, a push passes over; the income stays owed."""
    policy = stage.kit.deploy("WilfulTax", stage.collector)
    policy.send("setTax", stage.ann, 5_001, 0)
    policy.send("setTax", stage.ben, 3_333, 0)
    number = stage.declare(record, 10_000, tax_policy=policy.address)
    with refused("DividendVault_TaxTooHigh", number, stage.ann, 5_001, 5_000):
        stage.claim(stage.ann, number)
    with refused("DividendVault_TaxTooHigh", number, stage.ann, 5_001, 5_000):
        stage.vault.call("entitlement", number, stage.ann)
    receipt = stage.push(number, stage.ann, stage.ben)
    assert reasons(receipt) == [(stage.ann, SKIPPED_POLICY)]
    assert receipt.settlements == [
        {"id": number, "holder": stage.ben, "payee": stage.ben, "gross": 3_333, "tax": 3_333}
    ]
    policy.send("setTax", stage.ann, 5_000, 0)
    assert reasons(stage.push(number, stage.ann)) == []


def test_A10_a_policy_is_not_asked_about_an_income_of_nothing(stage, record):
    """One who would not answer holds nobody up: neither a page nor a claim."""
    policy = stage.kit.deploy("WilfulTax", stage.collector)
    policy.send("setTax", stage.dan, 0, 1)
    numbers = [stage.declare(record, 9_999, tax_policy=policy.address) for _ in range(2)]
    nothing = {"holder": stage.dan, "payee": stage.dan, "gross": 0, "tax": 0}
    for number, pay in zip(numbers, ("push", "claim"), strict=True):
        ids = (number, stage.dan) if pay == "push" else (stage.dan, number)
        assert getattr(stage, pay)(*ids).settlements == [{"id": number, **nothing}]


@pytest.mark.parametrize("mood", ["refusing", "burning", "speechless"])
def test_a_policy_that_does_not_answer_is_passed_over_by_a_push(stage, record, mood):
    """It holds up its own holder, not the page."""
    policy = stage.kit.deploy("WilfulTax", stage.collector)
    number = stage.declare(record, 10_000, tax_policy=policy.address)
    policy.send("setTax", stage.ann, 0, ["refusing", "burning", "speechless"].index(mood) + 1)
    receipt = stage.push(number, stage.ann, stage.ben)
    assert reasons(receipt) == [(stage.ann, SKIPPED_POLICY)]
    assert dollars(stage, stage.ben) == 3_333
    assert stage.vault.call("isClaimed", number, stage.ann) is False
    assert stage.figures(number)["withheld"] == 0


def test_a_policy_that_refuses_is_heard_by_a_claim(stage, record):
    """Its own error reaches the caller."""
    policy = stage.kit.deploy("WilfulTax", stage.collector)
    number = stage.declare(record, 10_000, tax_policy=policy.address)
    policy.send("setTax", stage.ann, 0, 1)
    with refused("WilfulTax_Refused", stage.ann):
        stage.claim(stage.ann, number)


# -------------------------------------------------------------------------- ending


def test_a_sweep_before_the_deadline_is_refused(stage, record):
    """So is one of a distribution without a deadline, for ever."""
    deadline = stage.kit.now + DAY
    bounded = stage.declare(record, 10_000, deadline=deadline, sweep_to=stage.issuer)
    endless = stage.declare(record, 10_000)
    stage.kit.now = deadline
    with refused("DividendVault_NotExpired", bounded, deadline, deadline):
        stage.vault.send("sweep", bounded)
    stage.kit.now = 2**47
    with refused("DividendVault_NotExpired", endless, 0, 2**47):
        stage.vault.send("sweep", endless)


@pytest.mark.parametrize("claimed", [0, 1, 2, 3])
def test_a_sweep_divides_the_rest_between_recipient_and_carry(books, claimed):
    """The recipient gets the floor of the unclaimed shares, the holders' carry the odd units."""
    stage = books.stage
    number = books.declare(
        1, 1_000_003, deadline=stage.kit.now + DAY, sweep_to=stage.issuer, rate=1_000
    )
    books.push(number, *list(books.balances)[::-1][:claimed])
    stage.kit.now += DAY + 1
    books.sweep(number)
    assert dollars(stage, stage.issuer) == stage.figures(number)["swept"]
    with refused("DividendVault_NothingLeft", number):
        stage.vault.send("sweep", number)


def test_a_sweep_reaches_the_first_of_all_addresses(books):
    """Only the zero address is nobody."""
    stage, first = books.stage, f"0x{1:040x}"
    number = books.declare(1, 10_000, deadline=stage.kit.now, sweep_to=first)
    stage.kit.now += 1
    books.sweep(number)
    assert dollars(stage, first) == 10_000


def test_a_finished_distribution_leaves_nothing_to_sweep(books):
    """Everybody has claimed."""
    stage = books.stage
    number = books.declare(1, 10_003, deadline=stage.kit.now + DAY, sweep_to=stage.issuer)
    books.push(number, *books.balances)
    stage.kit.now += DAY + 1
    with refused("DividendVault_NothingLeft", number):
        stage.vault.send("sweep", number)
    books.check()


def test_a_late_distribution_that_nobody_touched_can_be_swept(stage, shares):
    """Its denominator is found by the sweep."""
    stage.issue(shares)
    record = stage.schedule()
    closes_at = stage.kit.now + DAY
    number = stage.declare(record, 10_003, deadline=closes_at + 9, sweep_to=stage.issuer)
    stage.kit.now = closes_at + 10
    stage.vault.send("sweep", number)
    assert dollars(stage, stage.issuer) == 10_003
    figures = stage.figures(number)
    assert (figures["swept"], figures["carriedOut"], figures["owed"]) == (10_003, 0, 0)
    with refused("DividendVault_NotRefundable", number, 10_000):
        stage.vault.send("refund", number)


def test_a_late_distribution_without_shares_is_not_swept_but_refunded(stage):
    """There is no denominator to divide by."""
    record = stage.schedule()
    closes_at = stage.kit.now + DAY
    number = stage.declare(record, 10_000, deadline=closes_at + 9, sweep_to=stage.issuer)
    stage.kit.now = closes_at + 10
    with refused("DividendVault_NoEligibleShares", stage.token.address, record):
        stage.vault.send("sweep", number)
    stage.vault.send("refund", number)
    assert dollars(stage, stage.agent) == 10_000


# ------------------------------------------------------------------ large and exact


@pytest.mark.parametrize(
    "amount",
    [1, 7, 10**36 + 1, 2**96, 2**96 + 1, 123_456_789 * 10**36 + 7, 2**159 + 1, MAX_AMOUNT],
)
def test_A6_every_amount_is_divided_exactly(stage, amount):
    """From one unit to 2^160 - 1, by a supply of 2^96 - 1: each figure equals the model's."""
    shares = {stage.ann: 2**95 + 1, stage.ben: 2**94 - 3, stage.cid: 1}
    shares[stage.dan] = MAX_SHARES - sum(shares.values())
    stage.issue(shares)
    books = Books(stage, shares)
    number = books.declare(stage.close(), amount)
    for holder in shares:
        books.claim(holder, number)


def test_A7_splitting_shares_gains_nothing(stage):
    """A thousandth here and there is rounded down each time; the deposit is never exceeded."""
    people = [person(i) for i in range(100)]
    shares = dict.fromkeys(people, 1) | {stage.ann: 100}
    stage.issue(shares)
    record = stage.close()
    number = stage.declare(record, 199)
    stage.push(number, *people, stage.ann)
    assert [dollars(stage, who) for who in people] == [0] * 100
    assert dollars(stage, stage.ann) == 99
    assert stage.vault.call("carried", stage.token.address, stage.dollar.address) == 100


def declare_something(dice: random.Random, books: Books, record: int) -> None:
    """A declaration of a random kind."""
    stage, bounded, native = books.stage, dice.random() < 0.5, dice.random() < 0.3
    books.declare(
        record,
        dice.choice([1, 9_999, 10**6 + 3, 2**70 + 7 if native else 2**100 + 7]),
        native=native,
        rate=dice.choice([0, 0, 777, 3_000]),
        deadline=stage.kit.now + DAY if bounded else 0,
        sweep_to=stage.issuer if bounded else ZERO,
        excluded=dice.choice([[], [stage.dan], [stage.ann, stage.ann]]),
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
    books.stage.kit.now += DAY // 2
    for number, line in books.lines.items():
        if line.withheld > line.remitted and dice.random() < 0.5:
            books.remit(number)
        if books.expired(number) and books.is_open(number):
            books.sweep(number)


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in range(1, 4))]
)
def test_a_series_of_distributions_follows_the_model_to_the_unit(stage, shares, record, seed):
    """Declarations of every kind, claims, pages, remittances and sweeps in random order."""
    dice = random.Random(seed)
    books = Books(stage, shares)
    for _ in range(80):
        action = dice.choice(["declare", "pay", "pay", "pay", "end"])
        if action == "declare":
            declare_something(dice, books, record)
        elif action == "pay":
            pay_something(dice, books)
        else:
            end_something(dice, books)
    assert sum(line.swept > 0 for line in books.lines.values()) > 0
    assert sum(line.remitted > 0 for line in books.lines.values()) > 0
    assert sum(line.settled == line.eligible for line in books.lines.values()) > 0


def test_the_order_of_claims_makes_no_difference_to_anybody(kit):
    """Forty holders in four orders: the same payments and the same remainder."""
    outcomes = set()
    for seed in range(4):
        stage = Stage(RevmKit(kit.codec))
        dice = random.Random(1)
        shares = {person(i): dice.randint(1, 10**6) for i in range(40)}
        stage.issue(shares)
        number = stage.declare(stage.close(), 10**9 + 7)
        order = list(shares)
        random.Random(seed).shuffle(order)
        stage.push(number, *order)
        paid = tuple(dollars(stage, who) for who in shares)
        rest = stage.vault.call("carried", stage.token.address, stage.dollar.address)
        assert sum(paid) + rest == 10**9 + 7
        outcomes.add((paid, rest))
    assert len(outcomes) == 1


def test_terms_without_a_kind_cannot_be_said(stage, record):
    """A kind that does not exist is refused before anything is read."""
    data = encode(
        ["address", "uint256", "address", "uint256",
         "(uint8,uint48,uint48,address,address,bytes32,address[])"],
        [stage.token.address, record, ZERO, 0, (5, 0, 0, ZERO, ZERO, NOTHING, [])],
    )  # fmt: skip
    selector = stage.kit.codec.call(
        "DividendVault", "declare", stage.token.address, record, ZERO, 0, terms()
    )[:4]
    with refused("empty", ""):
        stage.kit.transact(stage.agent, stage.vault.address, selector + data)
