"""The layouts that the facts speak of are the bytecode's: both say the same of random words."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import product

import pytest
import z3

from tests.assurance.proofs import layouts as of
from tests.assurance.proofs.layouts import RESTATED, Restated, word
from tests.chainkit import Codec, Deployed, RevmKit

ROUNDS = 40
CHANCE = random.Random("prorata")


@pytest.fixture(scope="module")
def probe(artifacts) -> Deployed:
    """The libraries, behind a contract."""
    return RevmKit(Codec({"LibraryProbe": artifacts["LibraryProbe"]})).deploy("LibraryProbe")


def some(width: int) -> int:
    """A number of up to so many bits, often with long runs of zeros or ones."""
    kind = CHANCE.randrange(4)
    number = CHANCE.getrandbits(CHANCE.randint(1, width) if kind else width)
    if kind == 1:
        number ^= (1 << width) - 1
    if kind == 2:
        number = 1 << CHANCE.randrange(width)
    return number


def as_number(value: object) -> int:
    """Whatever the contract answers, as a number."""
    return int(value, 16) if isinstance(value, str) else int(value)  # type: ignore[call-overload]


def evaluated(expression: z3.ExprRef) -> int:
    """What z3 makes of an expression without unknowns."""
    value = z3.simplify(expression)
    return int(z3.is_true(value)) if z3.is_bool(value) else value.as_long()


def given(restated: Restated, probe: Deployed) -> tuple[list[z3.ExprRef], list[object]]:
    """Random arguments, for z3 and for the contract."""
    numbers = [some(width) for width in restated.widths]
    terms = [
        z3.BoolVal(bool(number)) if width == 1 else word(number)
        for number, width in zip(numbers, restated.widths, strict=True)
    ]
    kinds = probe.kit.codec.signature("LibraryProbe", restated.probe, len(numbers)).takes
    passed = [
        f"0x{number:040x}" if kind == "address" else bool(number) if kind == "bool" else number
        for number, kind in zip(numbers, kinds, strict=True)
    ]
    return terms, passed


@pytest.mark.parametrize("restated", RESTATED, ids=[restated.of for restated in RESTATED])
def test_a_restatement_says_what_the_bytecode_says(probe, restated: Restated) -> None:
    """Each function of a packed type, restated for z3, gives what the contract gives."""
    for _ in range(ROUNDS):
        terms, passed = given(restated, probe)
        assert evaluated(restated.function(*terms)) == as_number(
            probe.call(restated.probe, *passed)
        )


def test_two_accounts_are_ready_if_both_are_ordinary_and_of_today(probe) -> None:
    """Balances and lengths of histories have no say; random words hardly ever agree on a record."""
    filled = (1 << 128) - 1
    times = [0, 1, 6, 2**32 - 1]
    accounts = [
        (since, flag, body | since << 208 | flag)
        for since in times
        for flag in (0, 1 << 240, 1 << 241, 1 << 242, 1 << 243, 1 << 255)
        for body in (0, 1, filled)
    ]
    for closed in times:
        for one, another in product(accounts, CHANCE.sample(accounts, 12)):
            ready = all(since == closed and not flag for since, flag, _ in (one, another))
            for first, second in ((one[2], another[2]), (another[2], one[2])):
                whole = closed << 208 | CHANCE.choice((0, (1 << 208) - 1, 31 << 240))
                assert probe.call("accountBothReady", first, second, whole) is ready
        ready = [whole for since, flag, whole in accounts if since == closed and not flag]
        for first, second in product(ready, ready):
            assert probe.call("accountBothReady", first, second, closed << 208) is True


FIELDS = (
    "token", "series", "ordinal", "recordId", "currency", "payableFrom", "lastSecond", "amount",
    "eligible", "declarer", "carriedIn", "lane", "kind",
)  # fmt: skip


def test_a_sheet_is_packed_as_restated(probe) -> None:
    """The four words of a sheet are those of the restatement, whatever its fields are. (Law 9)"""
    for _ in range(ROUNDS):
        values = {name: some(of.SHEET_FIELDS[name][2]) for name in FIELDS}
        flag = CHANCE.choice([0, *(1 << bit for bit in range(251, 256))])
        passed = [
            f"0x{values[name]:040x}" if of.SHEET_FIELDS[name][2:] == (160,) and name != "amount"
            else values[name]
            for name in FIELDS
        ]  # fmt: skip
        words = probe.call("sheetWords", [*passed, flag])
        bits = {name: word(value) for name, value in values.items()}
        expected = (
            of.sheet_first(*(bits[n] for n in ("token", "series", "ordinal", "recordId"))),
            of.sheet_second(*(bits[n] for n in ("currency", "payableFrom", "lastSecond"))),
            of.sheet_third(bits["amount"], bits["eligible"]),
            of.sheet_fourth(
                *(bits[n] for n in ("declarer", "carriedIn", "lane", "kind")), word(flag)
            ),
        )
        assert [evaluated(term) for term in expected] == list(words)


def test_a_sheet_is_read_as_restated(probe) -> None:
    """The fields of any four words are those of the restatement. (Law 9)"""
    for _ in range(ROUNDS):
        words = [some(256) for _ in range(4)]
        fields = probe.call("sheetFields", words)
        for name, value in zip(FIELDS, fields, strict=False):
            place = of.SHEET_FIELDS[name][0]
            assert evaluated(of.sheet_field(name, word(words[place]))) == as_number(value)


def test_lanes_are_allotted_as_restated(probe) -> None:
    """Where a lane lies, for any number of shares, is what the restatement says."""
    for _ in range(ROUNDS):
        position, eligible = some(31), max(1, some(96))
        start, end, lane = of.allotted(word(position), word(eligible.bit_length()))
        assert (evaluated(lane), evaluated(end)) == tuple(
            probe.call("progressAllocate", position, eligible)
        )
        assert evaluated(start) >= position


def test_settlements_are_booked_as_restated(probe) -> None:
    """Gross income is the floor, and the slot afterwards what the restatement says. (Law 1)"""
    for _ in range(ROUNDS // 5):
        eligible, amount = max(1, some(96)), some(160)
        lane, _ = probe.call("progressAllocate", some(24), eligible)
        width, shift = lane & 0xFF, (lane >> 8) & 0xFF
        settled, before = 0, some(shift) if shift else 0
        lanes = before
        while settled < eligible:
            left = eligible - settled
            shares = min(left, max(1, CHANCE.randint(left // 2, left)))
            lost = amount * (settled + shares) // eligible
            lost -= amount * settled // eligible + amount * shares // eligible
            expected = of.lanes_after(word(lanes), word(lane), word(shares), z3.BoolVal(lost == 1))
            gross, after = probe.call("progressSettle", lanes, lane, amount, shares, eligible)
            assert gross == Fraction(amount * shares, eligible).__floor__()
            assert after == evaluated(expected)
            lanes, settled = after, settled + shares
        assert (lanes >> shift) & ((1 << width) - 1) == eligible
        assert lanes & ((1 << shift) - 1) == before
