"""Terms of a call: which are refused, with what, and that every bit of them counts."""

from __future__ import annotations

from typing import Any

import pytest
from eth_utils.crypto import keccak

from tests.chainkit import ZERO, Deployed, Reverted, RevmKit
from tests.contracts.compliant import Compliant
from tests.contracts.harness import Harness, person, refused
from tests.contracts.market.call_terms import (
    AUCTION,
    FIELDS,
    NO_LADDER,
    SALE,
    TENDER,
    call_terms,
    words,
)

DAY = 86_400
MAX_40, MAX_96, MAX_128 = 2**40 - 1, 2**96 - 1, 2**128 - 1
VALUER, VENUE = person(1), person(2)
EURO = person(3)


class Terms:
    """A token, a currency, and terms about them that are valid."""

    def __init__(self, kit: RevmKit, harness: Harness | None = None) -> None:
        self.harness = harness or Harness(kit)
        self.kit, self.token, self.dollar = kit, self.harness.token, self.harness.dollar
        self.probe: Deployed = kit.deploy("CallProbe")

    def of(self, **given: Any) -> tuple[Any, ...]:
        """Valid terms, but for what is given."""
        plain = call_terms(
            self.kit.now, self.token.address, self.dollar.address, self.harness.owner, **given
        )
        return words(plain)

    def check(self, **given: Any) -> None:
        """Reverts as the opening of a call would."""
        self.probe.call("requireValid", self.of(**given))

    def ladder(self, first: int, increment: int = 0) -> tuple[Any, ...]:
        """A ladder in dollars."""
        return (self.dollar.address, first, increment)


@pytest.fixture
def terms(kit) -> Terms:
    return Terms(kit)


# --------------------------------------------------------------------------------- success


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({}, id="sale"),
        pytest.param({"mint": True}, id="minting"),
        pytest.param({"kind": TENDER}, id="tender"),
        pytest.param({"kind": AUCTION}, id="auction"),
        pytest.param({"valuer": VALUER, "byAmount": True}, id="by-amount"),
        pytest.param({"kind": AUCTION, "valuer": VALUER}, id="auction-with-valuer"),
        pytest.param({"kind": TENDER, "valuer": VALUER}, id="tender-with-valuer"),
        pytest.param({"lot": MAX_96 // 1_000}, id="as-many-shares-as-there-can-be"),
        pytest.param({"lots": MAX_40}, id="as-many-lots-as-there-can-be"),
        pytest.param({"feeTo": VENUE, "feeBps": 100}, id="highest-fee"),
        pytest.param({"deliveryGas": 500_000}, id="least-gas"),
        pytest.param({"deliveryGas": 10_000_000}, id="most-gas"),
        pytest.param({"opensAt": 0}, id="from-the-start"),
    ],
)
def test_terms_that_make_sense_pass(terms, given):
    """What each kind of call is opened with."""
    terms.check(**given)


def test_all_times_can_be_there_and_some_can_be_equal(terms):
    """`opensAt <= withdrawUntil < closesAt < closeBy <= acceptBy < settleBy < returnUntil`."""
    now = terms.kit.now
    terms.check(
        leastLots=1, opensAt=now, withdrawUntil=now, closesAt=now + 1, closeBy=now + 2,
        acceptBy=now + 2, settleBy=now + 3, returnUntil=now + 400 * DAY,
        takeUntil=now + 3_000 * DAY, sweepTo=VENUE,
    )  # fmt: skip
    terms.check(closesAt=now, opensAt=now - 1)


def test_a_sale_can_be_in_two_currencies_and_a_ladder_be_as_high_as_money(terms):
    """The highest price is one that 128 bits hold."""
    top = MAX_128 // 255
    terms.check(steps=255, ladders=(terms.ladder(top, top), (EURO, 1, top)))


def test_a_right_is_had_at_a_record_that_has_closed(terms):
    """A record closes at the end of its second."""
    record = terms.harness.close()
    given = {"recordId": record, "entitledLots": 1, "entitledShares": 7}
    closed = terms.kit.now - DAY
    terms.check(**given, opensAt=closed + 1)
    with refused("CallAuction_RecordNotClosed", record, closed, closed):
        terms.check(**given, opensAt=closed)
    with refused("CallAuction_RecordNotClosed", record + 1, 0, terms.kit.now):
        terms.check(**{**given, "recordId": record + 1})


def test_a_record_that_was_cancelled_gives_no_right(terms):
    """Its balances never come."""
    record = terms.harness.schedule(terms.kit.now + 5)
    terms.token.send("cancelRecords", record, sender=terms.harness.owner)
    terms.kit.now += DAY
    with refused("CallAuction_RecordNotClosed", record, 0, terms.kit.now):
        terms.check(recordId=record, entitledLots=1, entitledShares=1)


# -------------------------------------------------------------------------------- refusals


def _mismatch(kind: int, given: int, valuer: str = ZERO) -> tuple[Any, ...]:
    return ("CallAuction_TermsMismatch", kind, valuer, given)


REFUSALS: dict[str, tuple[dict[str, Any], tuple[Any, ...]]] = {
    "sale-of-nobody": ({"principal": ZERO}, ("CallAuction_WrongPrincipal", SALE, ZERO)),
    "tender-of-nobody": (
        {"kind": TENDER, "principal": ZERO},
        ("CallAuction_WrongPrincipal", TENDER, ZERO),
    ),
    "auction-of-somebody": (
        {"kind": AUCTION, "principal": VENUE},
        ("CallAuction_WrongPrincipal", AUCTION, VENUE),
    ),
    "J29-no-lot": ({"lot": 0}, ("CallAuction_WrongLot", 0, 1)),
    "tender-of-parts": ({"kind": TENDER, "lot": 2}, ("CallAuction_WrongLot", 2, 1)),
    "tender-of-none": ({"kind": TENDER, "lot": 0}, ("CallAuction_WrongLot", 0, 1)),
    "no-lots": ({"lots": 0}, ("CallAuction_WrongLots", 0, 0, MAX_40)),
    "fewer-than-least": (
        {"lots": 5, "leastLots": 6, "returnUntil": 2_001_800_000},
        ("CallAuction_WrongLots", 5, 6, MAX_40),
    ),
    "lots-of-nobody": ({"kind": AUCTION, "lots": 1}, ("CallAuction_WrongLots", 1, 0, 0)),
    "J29-more-shares-than-are-counted": (
        {"lot": MAX_96 // 1_000 + 1},
        ("CallAuction_WrongLots", 1_000, 0, 999),
    ),
    "more-lots-than-are-counted": (
        {"lots": MAX_40 + 1},
        ("CallAuction_WrongLots", MAX_40 + 1, 0, MAX_40),
    ),
    "tender-without-money": (
        {"kind": TENDER, "budget": 4},
        ("CallAuction_WrongBudget", 4, 5),
    ),
    "sale-with-money": ({"budget": 1}, ("CallAuction_WrongBudget", 1, 0)),
    "J29-no-step": ({"steps": 0}, ("CallAuction_WrongSteps", 0, 255)),
    "fee-too-high": (
        {"feeTo": VENUE, "feeBps": 101},
        ("CallAuction_WrongFee", 101, 100, VENUE),
    ),
    "fee-to-nobody": ({"feeBps": 1}, ("CallAuction_WrongFee", 1, 100, ZERO)),
    "too-little-gas": (
        {"deliveryGas": 499_999},
        ("CallAuction_WrongDeliveryGas", 499_999, 500_000, 10_000_000),
    ),
    "too-much-gas": (
        {"deliveryGas": 10_000_001},
        ("CallAuction_WrongDeliveryGas", 10_000_001, 500_000, 10_000_000),
    ),
    "sweep-never": ({"sweepTo": VENUE}, ("CallAuction_SweepMismatch", 0, VENUE)),
    "sweep-to-nobody": (
        {"takeUntil": 2_900_000_000},
        ("CallAuction_SweepMismatch", 2_900_000_000, ZERO),
    ),
    "tender-that-mints": ({"kind": TENDER, "mint": True}, _mismatch(TENDER, 1)),
    "auction-that-mints": ({"kind": AUCTION, "mint": True}, _mismatch(AUCTION, 1)),
    "by-amount-without-valuer": ({"byAmount": True}, _mismatch(SALE, 1)),
    "tender-by-amount": (
        {"kind": TENDER, "byAmount": True, "valuer": VALUER},
        _mismatch(TENDER, 1, VALUER),
    ),
    "no-time-to-return": ({"leastLots": 1}, _mismatch(SALE, 0)),
    "nothing-to-return": ({"returnUntil": 2_001_800_000}, _mismatch(SALE, 2_001_800_000)),
    "tender-with-returns": (
        {"kind": TENDER, "leastLots": 1, "returnUntil": 2_001_800_000},
        _mismatch(TENDER, 2_001_800_000),
    ),
    "auction-to-accept": ({"kind": AUCTION, "acceptBy": 9}, _mismatch(AUCTION, 9)),
    "record-without-right": ({"recordId": 3}, _mismatch(SALE, 3)),
    "right-to-nothing": ({"recordId": 3, "entitledShares": 9}, _mismatch(SALE, 3)),
    "right-of-no-share": ({"recordId": 3, "entitledLots": 9}, _mismatch(SALE, 3)),
    "right-without-record": ({"entitledLots": 9, "entitledShares": 9}, _mismatch(SALE, 0)),
    "right-by-amount": (
        {
            "recordId": 3, "entitledLots": 9, "entitledShares": 9, "byAmount": True,
            "valuer": VALUER,
        },
        _mismatch(SALE, 3, VALUER),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSALS)
def test_terms_that_contradict_each_other_are_refused(terms, name):
    """J29: with the value, and what it should be."""
    given, (error, *values) = REFUSALS[name]
    with refused(error, *values):
        terms.check(**given)


def test_money_does_not_go_to_the_contract_itself(terms):
    """What came back to where it is kept would be nobody's."""
    here = terms.probe.address
    for given in (
        {"feeTo": here},
        {"feeTo": here, "feeBps": 5},
        {"sweepTo": here, "takeUntil": terms.kit.now + 30 * DAY},
    ):
        with refused("CallAuction_InvalidReceiver", here):
            terms.check(**given)
    with refused("CallAuction_WrongPrincipal", SALE, here):
        terms.check(principal=here)


def test_a_lot_of_a_tender_is_one_whole_share(kit):
    """Nobody is left with a part that it cannot tender."""
    terms = Terms(kit, Harness(kit, decimals=18))
    terms.check(kind=TENDER, lot=10**18)
    with refused("CallAuction_WrongLot", 1, 10**18):
        terms.check(kind=TENDER, lot=1)


def test_all_shares_are_no_more_lots_than_can_be_counted(kit):
    """Else two holders could trade so many lots in an auction that it could not be closed."""
    terms = Terms(kit, Harness(kit, decimals=18))
    terms.harness.issue({terms.harness.ann: 2 * MAX_40})
    terms.check(kind=AUCTION, lot=2)
    terms.harness.issue({terms.harness.ann: 1})
    terms.check(kind=AUCTION, lot=3)
    terms.check(kind=SALE, lot=2)
    with refused("CallAuction_WrongLot", 2, 3):
        terms.check(kind=AUCTION, lot=2)


def test_ladders_that_are_none_are_refused(terms):
    """One too few, one too many, the same twice, or paid in the share itself."""
    dollar, share = terms.dollar.address, terms.token.address
    plain, euro = terms.ladder(5), (EURO, 5, 0)
    for ladder, currency, given in (
        (0, ZERO, {"ladders": (NO_LADDER, NO_LADDER)}),
        (0, ZERO, {"ladders": ((ZERO, 5, 0), NO_LADDER)}),
        (0, ZERO, {"ladders": (NO_LADDER, plain)}),
        (0, share, {"ladders": ((share, 5, 0), NO_LADDER)}),
        (1, share, {"ladders": (plain, (share, 5, 0))}),
        (1, dollar, {"ladders": (plain, plain)}),
        (1, ZERO, {"ladders": (plain, (ZERO, 5, 0))}),
        (1, ZERO, {"ladders": (plain, (ZERO, 0, 5))}),
        (1, EURO, {"ladders": (plain, euro), "valuer": VALUER}),
        (1, EURO, {"ladders": (plain, euro), "kind": TENDER}),
        (1, EURO, {"ladders": (plain, euro), "kind": AUCTION}),
    ):
        with refused("CallAuction_WrongLadder", ladder, currency):
            terms.check(**given)


def test_prices_that_are_none_are_refused(terms):
    """J29: zero, the same at two steps, or more than money can be, on each ladder."""
    plain = (EURO, 5, 1)
    for first, increment, steps, price, least in (
        (0, 0, 1, 0, 1),
        (0, 9, 2, 0, 1),
        (5, 0, 2, 5, 6),
        (MAX_128, 1, 2, MAX_128 + 1, 1),
        (1, MAX_128, 255, 254 * MAX_128 + 1, 1),
    ):
        bad = terms.ladder(first, increment)
        for ladders in ((bad, NO_LADDER), (bad, plain), (plain, bad)):
            with refused("CallAuction_WrongPrice", price, least, MAX_128):
                terms.check(ladders=ladders, steps=steps)
    terms.check(ladders=(terms.ladder(MAX_128, 0), NO_LADDER))


TIMES = ("opensAt", "withdrawUntil", "closesAt", "closeBy", "acceptBy", "settleBy", "returnUntil")
MAY_EQUAL = {"withdrawUntil", "acceptBy"}


@pytest.mark.parametrize("index", range(1, len(TIMES)), ids=TIMES[1:])
def test_each_time_comes_after_the_one_before_it(terms, index):
    """Those that may be equal are refused one second earlier."""
    now = terms.kit.now
    times = {name: now + 10 * place for place, name in enumerate(TIMES)}
    name, before = TIMES[index], times[TIMES[index - 1]]
    terms.check(leastLots=1, **times)
    good = before if name in MAY_EQUAL else before + 1
    terms.check(leastLots=1, **{**times, name: good})
    with refused("CallAuction_TimesOutOfOrder", before, good - 1):
        terms.check(leastLots=1, **{**times, name: good - 1})


@pytest.mark.parametrize("name", ["closeBy", "settleBy"])
def test_a_time_that_must_be_there_is(terms, name):
    """Zero is no time, but of those that can be left out."""
    plain = dict(zip(FIELDS, terms.of(), strict=True))
    before = {"closeBy": plain["closesAt"], "settleBy": plain["closeBy"]}[name]
    with refused("CallAuction_TimesOutOfOrder", before, 0):
        terms.check(**{name: 0})


def test_times_that_were_left_out_are_passed_over(terms):
    """Each then follows the last one that is there."""
    now = terms.kit.now
    with refused("CallAuction_TimesOutOfOrder", now, now):
        terms.check(opensAt=now, closesAt=now)
    with refused("CallAuction_TimesOutOfOrder", now + 9, now + 9):
        terms.check(closesAt=now + 5, closeBy=now + 9, settleBy=now + 9)
    with refused("CallAuction_TimesOutOfOrder", now + 99, now + 99):
        terms.check(
            closesAt=now + 5, closeBy=now + 9, settleBy=now + 99, takeUntil=now + 99,
            sweepTo=VENUE,
        )  # fmt: skip


def test_a_call_ends_within_400_days_and_not_in_the_past(terms):
    """J29: a time in milliseconds is refused."""
    now = terms.kit.now
    with refused("CallAuction_Past", now - 1, now):
        terms.check(opensAt=now - 9, closesAt=now - 1)
    limit = now + 400 * DAY
    terms.check(settleBy=limit)
    with refused("CallAuction_TooFar", limit + 1, limit):
        terms.check(settleBy=limit + 1)
    with refused("CallAuction_TooFar", limit + 1, limit):
        terms.check(leastLots=1, returnUntil=limit + 1)


def test_holders_do_not_trade_among_themselves_under_a_least_holding(kit):
    """Section 15 (o): pairs would be refused for what others left them."""
    terms = Terms(kit, Compliant(kit, minHolding=7))
    with refused("CallAuction_LeastHolding", terms.token.address, 7):
        terms.check(kind=AUCTION)
    terms.check()
    terms.check(kind=TENDER)
    for settings in ({"maxHolding": 7}, {"minHolding": 1}):
        terms.harness.put_in_force(**settings)
        terms.check(kind=AUCTION)


# ----------------------------------------------------------------------------- every bit


def _words(terms: Terms, **given: Any) -> tuple[bytes, bytes]:
    """The selector, and the 38 words behind it."""
    data = terms.kit.codec.call("CallProbe", "requireValid", terms.of(**given))
    assert len(data) == 4 + 38 * 32
    return data[:4], data[4:]


def _flat() -> list[tuple[str, int]]:
    """The 38 words with their bits."""
    flat: list[tuple[str, int]] = []
    for name, bits in FIELDS.items():
        if name == "ladders":
            flat += [(f"{name}{i}", each) for i in range(2) for each in (160, 128, 128)]
        else:
            flat.append((name, bits))
    return flat


def test_no_word_has_a_bit_that_its_type_has_no_room_for(terms):
    """Else one call could have two ids."""
    selector, encoded = _words(terms)
    assert terms.kit.read(terms.harness.owner, terms.probe.address, selector + encoded) == b""
    for place, (name, bits) in enumerate(_flat()):
        for bit in {bits, 255} - {256, 255 if bits == 256 else -1}:
            dirty = int.from_bytes(encoded[32 * place : 32 * place + 32], "big") | 1 << bit
            data = encoded[: 32 * place] + dirty.to_bytes(32, "big") + encoded[32 * place + 32 :]
            with pytest.raises(Reverted) as caught:
                terms.kit.read(terms.harness.owner, terms.probe.address, selector + data)
            assert caught.value.name == "empty", name
    kind = encoded[:64] + (3).to_bytes(32, "big") + encoded[96:]
    with pytest.raises(Reverted) as caught:
        terms.kit.read(terms.harness.owner, terms.probe.address, selector + kind)
    assert caught.value.name == "empty"


def test_the_id_is_the_hash_of_all_words(terms):
    """Section 15 (l): only this hash is stored, so every bit of the terms is in it."""
    _, encoded = _words(terms)
    assert terms.probe.call("idOf", terms.of()) == keccak(encoded)


def test_a_price_is_the_first_and_what_each_step_adds(terms):
    """On either ladder."""
    given = terms.of(steps=9, ladders=(terms.ladder(5, 2), (EURO, 7, 3)))
    for step in range(9):
        assert terms.probe.call("priceAt", given, 0, step) == 5 + 2 * step
        assert terms.probe.call("priceAt", given, 1, step) == 7 + 3 * step
