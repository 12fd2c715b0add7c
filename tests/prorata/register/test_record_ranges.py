"""Weights from record times, and the register as record ranges over it see it."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prorata.errors import BooksError, InputError
from prorata.income.record_ranges import weigh
from prorata.register.record_ranges import RangeRegister
from prorata.register.shares import Ledger

DAY = 86_400
MONDAY = 1_806_278_400  # 2027-03-29T00:00:00Z, a Monday
ZERO = "0x" + "0" * 40
TOKEN, STREAMS = "0x" + "1" * 40, "0x" + "2" * 40
ANN, BEN = "0x" + "a" * 40, "0x" + "b" * 40


@dataclass(frozen=True)
class SourcedValue:
    """An event as a contract tells it."""

    name: str
    args: dict[str, Any]


def close_of(day: int) -> int:
    """The last second of a day, counted from the Monday."""
    return MONDAY + (day + 1) * DAY - 1


def refused(call, *arguments) -> str:
    with pytest.raises(InputError) as refusal:
        call(*arguments)
    return str(refusal.value)


# ------------------------------------------------------------------------------------ weights


def test_a_record_a_day_weighs_the_same_each_day():
    assert weigh([close_of(day) for day in range(5)], "days", close_of(-1)) == (1,) * 5


def test_monday_stands_for_the_weekend():
    """Friday, Monday, Tuesday: one day, three days, one day."""
    times = [close_of(4), close_of(7), close_of(8)]
    assert weigh(times, "days", close_of(3)) == (1, 3, 1)


def test_months_weigh_their_own_days():
    """March, April and May at their ends, whatever the hour."""
    ends = (31, 61, 92)
    times = [MONDAY - 28 * DAY + end * DAY - 1 - 3_600 * i for i, end in enumerate(ends)]
    assert weigh(times, "days", MONDAY - 28 * DAY - 1) == (31, 30, 31)


def test_seconds_are_exact_and_have_nothing_in_common():
    assert weigh([100, 250, 260], "seconds", 0) == (10, 15, 1)
    assert weigh([DAY, 2 * DAY], "seconds", 0) == (1, 1)


def test_equal_weights_need_no_beginning():
    assert weigh([5, 6, 9], "equal") == (1, 1, 1)


def test_what_cannot_be_weighed_is_refused():
    assert refused(weigh, [], "days", 0).startswith('records: "0" is no range; ')
    assert refused(weigh, [5], "months", 0) == (
        'weights: "months" is no way to weigh; write days, seconds, equal'
    )
    assert refused(weigh, [close_of(0)], "days") == (
        'since: "" is missing, and the record at 2027-03-29T23:59:59Z has none before it; say when '
        "its period begins, or weigh all equal"
    )
    assert refused(weigh, [close_of(1), close_of(1) - 60], "days", close_of(0)) == (
        'records: "2027-03-30T23:58:59Z" is not later than 2027-03-30T23:59:59Z; give times in '
        "ascending order"
    )
    assert refused(weigh, [close_of(1) - 60, close_of(1)], "days", close_of(0)) == (
        'records: "2027-03-30T23:59:59Z" is of the same day as 2027-03-30T23:58:59Z; weigh by '
        "seconds, or leave one of them out"
    )
    assert refused(weigh, [2**32, 2**32 + 1], "seconds", 0) == (
        'weights: "4294967296" is more than 4294967295; weigh by days, or all equal'
    )


@given(gaps=st.lists(st.integers(1, 10**6), min_size=1, max_size=40), start=st.integers(0, 10**9))
def test_seconds_keep_their_proportions(gaps, start):
    """Weights are the gaps without their common factor, so nobody's part depends on the unit."""
    times = [start + sum(gaps[: i + 1]) for i in range(len(gaps))]
    weights = weigh(times, "seconds", start)
    assert gcd(*weights) == 1
    assert all(w * gaps[0] == gap * weights[0] for w, gap in zip(weights, gaps, strict=True))


# ----------------------------------------------------------------------------------- register


def transfer(giver: str, receiver: str, shares: int) -> SourcedValue:
    return SourcedValue("Transfer", {"from": giver, "to": receiver, "value": shares})


def scheduled(number: int, closes_at: int) -> SourcedValue:
    return SourcedValue("RecordScheduled", {"recordId": number, "closesAt": closes_at})


def defined(number: int, records: list[int], weights: list[int]) -> SourcedValue:
    args = {"rangeId": number, "definer": ANN, "recordIds": records, "weights": weights}
    return SourcedValue("RangeDefined", args)


@pytest.fixture
def ledger() -> Ledger:
    """Ann gives Ben half between two records; a third has not closed."""
    events = [
        (scheduled(1, 10), 1), (scheduled(2, 20), 1), (scheduled(3, 30), 1),
        (transfer(ZERO, ANN, 100), 2), (transfer(ANN, BEN, 50), 15),
    ]  # fmt: skip
    return Ledger.of(events, TOKEN, 25)


def test_a_record_range_is_the_sum_of_its_records(ledger):
    record_ranges = [defined(1, [1, 2], [1, 3]), defined(2, [2], [7])]
    register = RangeRegister.over(ledger, STREAMS, record_ranges)
    assert (register.token, register.asset) == (STREAMS, TOKEN)
    assert (register.until, register.record_count) == (25, 2)
    assert register.balances_at(1) == {ANN: 250, BEN: 150}
    assert register.balances_at(2) == {ANN: 350, BEN: 350}
    assert (register.balance_at(BEN, 1), register.total_supply_at(1)) == (150, 400)
    assert (register.record_time(1), register.is_closed(1)) == (20, True)
    assert list(register) == [ANN, BEN]
    assert register.balances == {ANN: 50, BEN: 50}


def test_a_record_range_that_has_not_closed_cannot_be_read(ledger):
    register = RangeRegister.over(ledger, STREAMS, [defined(1, [1, 3], [1, 1])])
    assert (register.record_time(1), register.is_closed(1)) == (30, False)
    for read in (register.balances_at, register.total_supply_at):
        assert refused(read, 1) == (
            'record: "1" closes at 30 and the chain is at 25; wait until it has closed'
        )
    assert refused(register.balance_at, ANN, 1).startswith('record: "1" closes at 30')


def test_an_unknown_record_range_is_refused(ledger):
    register = RangeRegister.over(ledger, STREAMS, [defined(1, [1], [1])])
    for number in (0, 2):
        assert refused(register.balances_at, number) == (
            f'record_range: "{number}" was never defined; give 1 to 1'
        )
    empty = RangeRegister.over(ledger, STREAMS, [])
    assert refused(empty.record_time, 1).endswith("define a record range first")


def test_a_gap_in_the_definitions_is_noticed(ledger):
    for events in ([defined(2, [1], [1])], [SourcedValue("Paused", {})]):
        with pytest.raises(BooksError, match="where record range 1 is next"):
            RangeRegister.over(ledger, STREAMS, events)
