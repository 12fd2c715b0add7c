"""The picture and the tables tell the truth: what was distributed, at what, and who is excluded."""

from __future__ import annotations

import io

from rich.console import Console

from prorata.ledger.books import Books
from prorata.register.captable import CapTable, Holding
from prorata.register.record_ranges import RangeRegister
from prorata.register.shares import Ledger
from prorata.reports.figure import _excluded, _incomes, _rounded, draw
from prorata.reports.statements import distribution_rows
from prorata.reports.tables import distributions_table
from prorata.values.addresses import ZERO_ADDRESS as ZERO
from prorata.values.amounts import Unit
from tests.prorata.reports.test_annual import (
    ISSUER,
    RECORD,
    SHARES,
    TOKEN,
    UNITS,
    USD,
    A,
    B,
    C,
    ReportedEvent,
    books_of,
    claimed,
    declared,
    second,
)

RANGES = "0x" + "b" * 40


def excluding(number, received, *accounts):
    event = declared(number, received)
    event.args["terms"]["excluded"] = accounts
    return event


def test_a_distribution_is_shown_as_what_was_paid_in():
    """Not as what holders get of it: 850,000 is not 849,999.99."""
    events = [
        (excluding(1, 850_000_000_000, A), RECORD + 5),
        (claimed(B, B, (1, 510_000_000_000, 0)), RECORD + 9),
    ]
    books = books_of(events)
    [income] = _incomes(books, TOKEN)[USD]
    assert (income.label, _rounded(income.amount, UNITS[USD])) == ("record 1", "850,000")
    odd = books_of([(excluding(1, 100_000_001, C), RECORD + 5)])
    [income] = _incomes(odd, TOKEN)[USD]
    assert income.amount == 100_000_001


def test_the_treasury_is_who_is_excluded_whatever_a_file_calls_its_kind():
    books = books_of([(excluding(1, 1_000_000, A, C), RECORD + 5)])
    assert _excluded(books, TOKEN) == {A, C}
    assert _excluded(books_of([]), TOKEN) == frozenset()


def test_record_ranges_are_in_picture_and_tables_and_called_so(tmp_path):
    """Their shares are weighted, and said to be."""
    register = [
        *((ReportedEvent("Transfer", {"from": ZERO, "to": who, "value": n}), 10)
          for who, n in SHARES.items()),
        (ReportedEvent("RecordScheduled", {"recordId": 1, "closesAt": RECORD}), 20),
    ]  # fmt: skip
    ledger = Ledger.of(register, TOKEN, until=second(2030))
    terms = {"rangeId": 1, "definer": ISSUER, "recordIds": (1,), "weights": (3,)}
    ranges = RangeRegister.over(ledger, RANGES, [ReportedEvent("RangeDefined", terms)])
    paid = declared(1, 300_000_000)
    paid.args |= {"token": RANGES, "recordId": 1}
    books = Books.of(
        [(paid, RECORD + 5)], [ledger, ranges], units={**UNITS, RANGES: Unit("HSE", 0)}
    )
    assert books.balanced, books.differences
    [income] = _incomes(books, TOKEN)[USD]
    assert income.label == "range 1"
    console = Console(file=io.StringIO(), width=120)
    console.print(distributions_table(books))
    assert "range 1" in console.file.getvalue()
    [row] = distribution_rows(books)
    assert (row.record, row.weighted) == ("record range 1", "weighted")
    table = CapTable(tuple(Holding(who, n) for who, n in SHARES.items()))
    draw(tmp_path / "p.png", books, TOKEN, table, table, title="T", subtitle="S")
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")
