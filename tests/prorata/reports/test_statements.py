"""Files for people: what stands in them, from books made of invented events."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from prorata.errors import InputError
from prorata.ledger.books import Books
from prorata.register.captable import CapTable, Holding
from prorata.register.shares import Ledger
from prorata.reports.documents import DistributionRow
from prorata.reports.statements import (
    cap_table,
    cap_table_rows,
    distribution_rows,
    statement,
    totals,
    write_cap_table,
    write_distributions,
    write_statements,
)
from prorata.values.addresses import ZERO_ADDRESS as ZERO
from prorata.values.amounts import Unit
from prorata.values.times import iso
from tests.amounts import cells

A, B, C, TREASURY, NOBODY = ("0x" + digit * 40 for digit in "12345")
TOKEN, USD, POLICY, ISSUER = ("0x" + digit * 40 for digit in "6789")
KNOWN = CapTable((Holding(A, 50, "Ada", "individual"), Holding(TREASURY, 10, "House", "treasury")))


@dataclass
class ReportedEvent:
    name: str
    args: dict[str, Any] = field(default_factory=dict)


def declared(number, record_id, received, **terms):
    full = {
        "kind": 2, "payableFrom": 0, "deadline": 0, "sweepTo": ZERO, "taxPolicy": ZERO,
        "documentHash": bytes(32), "excluded": (TREASURY,), **terms,
    }  # fmt: skip
    return ReportedEvent(
        "Declared",
        {
            "id": number, "token": TOKEN, "currency": USD, "recordId": record_id,
            "declarer": ISSUER, "received": received, "carriedIn": 0, "terms": full,
        },
    )  # fmt: skip


def claimed(number, holder, gross, tax=0, payee=None):
    args = {"id": number, "holder": holder, "payee": payee or holder, "gross": gross, "tax": tax}
    return ReportedEvent("Claimed", args)


@pytest.fixture
def books():
    """Shares 50, 30, 20 and 10 in the treasury; B sells all after the first record."""
    ledger = Ledger.of(
        [
            (ReportedEvent("Transfer", {"from": ZERO, "to": A, "value": 50}), 10),
            (ReportedEvent("Transfer", {"from": ZERO, "to": B, "value": 30}), 10),
            (ReportedEvent("Transfer", {"from": ZERO, "to": C, "value": 20}), 10),
            (ReportedEvent("Transfer", {"from": ZERO, "to": TREASURY, "value": 10}), 10),
            (ReportedEvent("RecordScheduled", {"recordId": 1, "closesAt": 100}), 10),
            (ReportedEvent("RecordScheduled", {"recordId": 2, "closesAt": 200}), 10),
            (ReportedEvent("Transfer", {"from": B, "to": A, "value": 30}), 150),
        ],
        TOKEN,
        until=300,
    )
    books = Books.of(
        [
            (declared(1, 1, 1_000_001), 110),
            (claimed(1, A, 500_000), 120),
            (ReportedEvent("Skipped", {"id": 1, "holder": B, "reason": 2}), 121),
            (declared(2, 2, 2_000_000, taxPolicy=POLICY), 210),
            (claimed(2, A, 1_600_000, 160_000, payee=A), 220),
            (declared(3, 2, 500, payableFrom=1_000), 230),
            (declared(4, 2, 700, deadline=240, sweepTo=ISSUER), 231),
        ],
        [ledger],
        units={USD: Unit("USD", 6), TOKEN: Unit("HSE", 0)},
        withholding={POLICY: 1_000},
    )
    assert books.balanced
    return books


def test_times_are_iso_8601_in_utc():
    assert iso(1_774_999_999 + 1_600) == "2026-03-31T23:59:59Z"
    assert iso(0) == ""
    assert iso(2**48 - 1) == str(2**48 - 1)


# ------------------------------------------------------------------------------------ statements


def test_a_statement_has_a_line_for_every_record_with_shares(books):
    rows = statement(books, TOKEN, A)
    assert [(row.distribution, row.shares.cell, row.status) for row in rows] == [
        (1, "50", "paid"), (2, "80", "paid"), (3, "80", "not due"), (4, "80", "expired"),
    ]  # fmt: skip
    assert [row.distribution for row in statement(books, TOKEN, B)] == [1]
    assert statement(books, TOKEN, NOBODY) == []


def test_amounts_have_all_decimals_and_no_separators(books):
    paid, taxed, *_ = [row.cells for row in statement(books, TOKEN, A)]
    assert (paid["gross"], paid["tax"], paid["net"]) == ("0.500000", "0.000000", "0.500000")
    assert (taxed["gross"], taxed["tax"], taxed["net"]) == ("1.600000", "0.160000", "1.440000")
    assert taxed["currency"] == "USD"


def test_dates_are_of_the_record_the_first_day_and_the_payment(books):
    paid, _, not_due, _ = [row.cells for row in statement(books, TOKEN, A)]
    assert paid["record_date"] == "1970-01-01T00:01:40Z"
    # The record closed before, but nothing could be paid before it was declared.
    assert paid["payable_from"] == "1970-01-01T00:01:50Z"
    assert paid["paid_at"] == "1970-01-01T00:02:00Z"
    assert (not_due["payable_from"], not_due["paid_at"]) == ("1970-01-01T00:16:40Z", "")


def test_who_is_unpaid_sees_what_can_be_claimed_and_what_went_wrong(books):
    [line] = [row.cells for row in statement(books, TOKEN, B)]
    assert (line["status"], line["net"], line["payee"]) == ("claimable", "0.300000", "")
    assert line["note"] == "the last push failed: the currency or the payee refused the payment"


def test_tax_that_is_not_withheld_yet_is_shown_at_the_policys_rate(books):
    line = statement(books, TOKEN, C)[1].cells
    assert (line["status"], line["gross"], line["tax"]) == ("claimable", "0.400000", "0.040000")


def test_the_treasury_sees_that_it_is_excluded(books):
    assert {row.status for row in statement(books, TOKEN, TREASURY)} == {"excluded"}
    assert {row.gross.cell for row in statement(books, TOKEN, TREASURY)} == {"0.000000"}
    assert totals(books, TOKEN, TREASURY) == []


def test_totals_add_the_lines_up_by_status(books):
    [row] = [row.cells for row in totals(books, TOKEN, A)]
    lines = [row.cells for row in statement(books, TOKEN, A)]

    def units(text):
        return int(text.replace(".", ""))

    for key in ("gross", "tax", "net"):
        assert units(row[key]) == sum(units(line[key]) for line in lines)
    for status in ("paid", "claimable", "held", "not due", "expired"):
        found = sum(units(line["net"]) for line in lines if line["status"] == status)
        assert units(row[status.replace(" ", "_")]) == found


# --------------------------------------------------------------------------------- distributions


def test_the_register_shows_where_the_money_of_each_distribution_is(books):
    rows = distribution_rows(books)
    assert [row.state for row in rows] == ["open", "open", "not due", "expired"]
    first = rows[0].cells
    assert (first["received"], first["paid"], first["owed"]) == ("1.000001", "0.500000", "0.500001")
    assert (first["eligible_shares"], first["holders"], first["holders_paid"]) == ("100", "3", "1")
    assert rows[1].withheld.cell == "0.160000"


def test_the_register_of_another_token_is_empty(books, tmp_path):
    write_distributions(books, tmp_path / "d.csv", tmp_path / "d.json", tokens=[NOBODY])
    assert (tmp_path / "d.csv").read_text() == ",".join(DistributionRow.columns()) + "\n"
    assert DistributionRow.columns()[:3] == ("distribution", "token", "kind")
    assert json.loads((tmp_path / "d.json").read_text())["distributions"] == []


# ------------------------------------------------------------------------------------ cap tables


def test_a_cap_table_is_sorted_named_and_in_percent(books):
    table = cap_table(books.ledgers[TOKEN].balances_at(1), KNOWN)
    assert [row.cells for row in cap_table_rows(table)] == [
        {"address": A, "name": "Ada", "kind": "individual", "shares": "50", "percent": "45.45%"},
        {"address": B, "name": "", "kind": "", "shares": "30", "percent": "27.27%"},
        {"address": C, "name": "", "kind": "", "shares": "20", "percent": "18.18%"},
        {"address": TREASURY, "name": "House", "kind": "treasury", "shares": "10",
         "percent": "9.09%"},
    ]  # fmt: skip


def test_shares_that_can_be_divided_have_their_decimals():
    table = cap_table({A: 1_500, B: 0}, None, decimals=3)
    [row] = cap_table_rows(table)
    assert (row.shares.cell, row.percent) == ("1.500", "100.00%")
    assert row.shares == Unit("shares", 3).amount(1_500)


# ----------------------------------------------------------------------------------------- files


def test_files_hold_the_same_rows_as_csv_and_as_json(books, tmp_path):
    written = write_statements(books, TOKEN, tmp_path, KNOWN)
    assert [path.name for path in written] == [
        f"{holder}.{kind}" for holder in (A, B, C, TREASURY) for kind in ("csv", "json")
    ]
    for holder in (A, B, C, TREASURY):
        with (tmp_path / f"{holder}.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        found = json.loads((tmp_path / f"{holder}.json").read_text())
        assert rows == [cells(line) for line in found["lines"]]
        assert found["holder"] == holder
    assert json.loads((tmp_path / f"{A}.json").read_text())["name"] == "Ada"


def test_the_same_books_give_the_same_bytes(books, tmp_path):
    contents = []
    for name in ("one", "two"):
        folder = tmp_path / name
        write_statements(books, TOKEN, folder, KNOWN)
        write_cap_table(cap_table(books.ledgers[TOKEN].balances, KNOWN), folder / "captable.csv")
        write_distributions(books, folder / "d.csv", folder / "d.json")
        contents.append({path.name: path.read_bytes() for path in sorted(folder.iterdir())})
    assert contents[0] == contents[1]
    assert len(contents[0]) == 11


def test_a_cap_table_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "captable.csv"
    with pytest.raises(InputError) as refused:
        write_cap_table(cap_table({A: 50, B: 30}, KNOWN), path)
    assert str(refused.value) == (
        f'file: "{path}" cannot be written (not a directory); give another path'
    )
