"""Trades in statements and letters: proceeds, cost and gain, by person and year."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prorata.ledger.books import Books
from prorata.ledger.movements import IssuePrice, MarketContracts, Movements
from prorata.register.captable import CapTable, Holding
from prorata.register.shares import Ledger
from prorata.reports.annual import paid_in, year_statement
from prorata.reports.letters import Letter, page
from prorata.reports.mailing import Post, issue_statements
from prorata.reports.recipients import Recipient
from prorata.reports.trades import UNKNOWN_COST, YearTrading, movement_rows, trade_lines
from prorata.tax.years import YearRules
from prorata.values.addresses import ZERO_ADDRESS as ZERO
from prorata.values.amounts import Unit
from tests.prorata.ledger.test_movements import (
    ADA,
    BOB,
    CYD,
    HOLDS,
    SETTLEMENT,
    TOKEN,
    USD,
    Told,
    filled,
    settled,
    transfer,
)  # fmt: skip

YEAR_2026, YEAR_2027 = 1_767_225_600, 1_798_761_600
CENT = 10**4


def told(at: int, *events: Told) -> list[tuple[Told, int]]:
    return [(event, at) for event in events]


def books_of(
    happened: Iterable[tuple[Told, int]],
    *,
    until: int = YEAR_2027 + 10**7,
    price: int | None = 1_000,
) -> Books:
    """Books of these events; shares cost so many dollars each at issue, or nobody knows."""
    issue_price = None if price is None else IssuePrice(USD, Fraction(price * 10**6))
    ledger = Ledger(TOKEN)
    movements = Movements(TOKEN, MarketContracts(SETTLEMENT, HOLDS), issue_price)
    for event, time in happened:
        by = SETTLEMENT if event.name in ("Filled", "Settled") else TOKEN
        by = HOLDS if event.name in ("Held", "Delivered") else by
        if by == TOKEN:
            ledger.apply(event, time)
        movements.apply(event, time, by=by)
    ledger.advance(until)
    movements.close()
    books = Books([ledger], units={USD: Unit("USD", 6), TOKEN: Unit("HSE", 0)})
    books.movements[TOKEN] = movements
    books.until = until
    return books


def sold(seller: str, buyer: str, shares: int, dollars: int, **more: int) -> list[Told]:
    """The seller's order of so many shares for so many dollars, filled."""
    fill = filled(seller, buyer, given=shares, taken=dollars * 10**6, **more)
    return [fill, transfer(seller, buyer, shares)]


@pytest.fixture
def books() -> Books:
    """Ada sells some of her issue with a fee, buys back with a tax, and sells across both lots."""
    return books_of(
        [
            *told(YEAR_2026, transfer(ZERO, ADA, 100), transfer(ZERO, BOB, 50)),
            *told(YEAR_2026 + 100, *sold(ADA, BOB, 60, 66_000, fee=330_000_000)),
            *told(YEAR_2026 + 200, *sold(BOB, ADA, 20, 24_000, tax=240_000_000)),
            *told(YEAR_2027 + 100, *sold(ADA, BOB, 50, 45_000)),
        ]
    )


def trading(books: Books, person: str, year: int) -> YearTrading:
    [one] = [found for found in paid_in(books, TOKEN, year) if found.holder == person]
    found = year_statement(books, TOKEN, year, one).trading
    assert found is not None
    return found


# ---------------------------------------------------------------------------------- sales and gains


def test_proceeds_are_after_the_fee_and_the_gain_is_over_the_cost_of_the_oldest(books):
    found = trading(books, ADA, 2026)
    [sale] = found.sales
    assert (sale.gross.text, sale.fee.text, sale.proceeds.text) == (
        "66,000.00", "330.00", "65,670.00",
    )  # fmt: skip
    assert (sale.price, sale.cost.text, sale.gain.text) == ("1,100.00", "60,000.00", "5,670.00")
    assert (sale.buyer, sale.sold_on[:10], sale.note) == (BOB, "2026-01-01", "")


def test_a_purchase_costs_its_price_and_the_tax(books):
    [bought] = trading(books, ADA, 2026).purchases
    assert (bought.gross.text, bought.tax.text, bought.cost.text) == (
        "24,000.00", "240.00", "24,240.00",
    )  # fmt: skip
    assert bought.seller == BOB


def test_a_sale_across_lots_says_what_it_took_of_each(books):
    found = trading(books, ADA, 2027)
    [sale], [lots] = found.sales, found.lots_sold
    assert [(lot.origin, lot.shares.units, lot.cost.text) for lot in lots] == [
        ("issue", 40, "40,000.00"), ("purchase", 10, "12,120.00"),
    ]  # fmt: skip
    assert (sale.cost.text, sale.gain.text) == ("52,120.00", "-7,120.00")
    assert sale.acquired_from < sale.acquired_to


def test_the_years_totals_are_by_currency_and_shares_are_those_of_its_last_second(books):
    first, second = trading(books, ADA, 2026), trading(books, ADA, 2027)
    [total] = first.totals
    assert (total.sales, total.proceeds.text, total.gain.text) == (1, "65,670.00", "5,670.00")
    assert (total.purchases, total.paid.text) == (1, "24,240.00")
    assert (first.shares_at_end.units, second.shares_at_end.units) == (60, 10)
    assert trading(books, BOB, 2027).shares_at_end.units == 140


def test_no_gain_is_made_up_where_the_cost_is_not_known(books):
    unknown = books_of(
        [
            *told(YEAR_2026, transfer(ZERO, ADA, 10), transfer(ZERO, BOB, 5)),
            *told(YEAR_2026 + 1, *sold(ADA, BOB, 4, 4_400)),
            *told(YEAR_2026 + 2, *sold(BOB, ADA, 9, 9_900)),
        ],
        price=None,
    )
    [sale] = trading(unknown, ADA, 2026).sales
    assert (sale.cost, sale.gain, sale.note) == (None, None, UNKNOWN_COST)
    # Of Bob's nine shares the cost of four is known: that is not enough.
    [sale] = trading(unknown, BOB, 2026).sales
    assert (sale.gain, sale.note) == (None, UNKNOWN_COST)
    [total] = trading(unknown, ADA, 2026).totals
    assert (total.sales, total.sales_of_known_cost, total.gain.units) == (1, 0, 0)


def test_a_trade_without_a_price_is_a_line_without_proceeds():
    bartered = books_of(
        [
            *told(YEAR_2026, transfer(ZERO, ADA, 10)),
            *told(YEAR_2026 + 1, settled((TOKEN, ADA, BOB, 4)), transfer(ADA, BOB, 4)),
        ]
    )
    [sale] = trading(bartered, ADA, 2026).sales
    assert (sale.proceeds, sale.gain, sale.price) == (None, None, "")
    assert sale.note == "a trade without a price of its own"
    assert trading(bartered, ADA, 2026).totals == []


def test_a_recovered_persons_lots_and_trades_are_in_one_statement():
    recovered = Told("RecoverySuccess", {"lostWallet": ADA, "newWallet": CYD})
    books = books_of(
        [
            *told(YEAR_2026, transfer(ZERO, ADA, 10), transfer(ZERO, BOB, 1)),
            *told(YEAR_2026 + 1, *sold(ADA, BOB, 4, 4_400)),
            *told(YEAR_2026 + 2, transfer(ADA, CYD, 6), recovered),
            *told(YEAR_2026 + 3, *sold(CYD, BOB, 5, 5_500)),
        ]
    )
    assert [one.holder for one in paid_in(books, TOKEN, 2026)] == [BOB, CYD]
    found = trading(books, CYD, 2026)
    assert [(sale.account, sale.gain.text) for sale in found.sales] == [
        (ADA, "400.00"), (CYD, "500.00"),
    ]  # fmt: skip
    assert found.shares_at_end.units == 1


def test_a_delivery_from_a_hold_is_told_to_both_and_has_no_price():
    terms = {"to": BOB, "amount": 4, "until": 9}
    number = {"id": bytes(32), "asset": TOKEN}
    held = Told("Held", {**number, "owner": ADA, "terms": terms, "inCustody": False})
    delivered = Told("Delivered", {**number, "from": ADA, "to": BOB, "amount": 4})
    books = books_of(
        [
            *told(YEAR_2026, transfer(ZERO, ADA, 10)),
            *told(YEAR_2026 + 1, held, Told("HeldSet", {"account": ADA, "held": 7})),
            *told(YEAR_2026 + 2, delivered, transfer(ADA, BOB, 4)),
        ]
    )
    [given_row], [received] = (trading(books, who, 2026).deliveries for who in (ADA, BOB))
    assert (given_row.direction, received.direction) == ("given", "received")
    assert trading(books, ADA, 2026).held_at_end.units == 7
    assert [line.kind for line in trade_lines(trading(books, BOB, 2026))] == ["delivery received"]


def test_a_year_is_that_of_the_holders_calendar(books):
    """In Honolulu the first second of 2026 is still 2025."""
    rules = YearRules(zone="Pacific/Honolulu")
    assert [len(one.movements) for one in paid_in(books, TOKEN, 2025, rules)] == [2, 2]
    assert [one.holder for one in paid_in(books, TOKEN, 2027)] == [ADA, BOB]
    assert paid_in(books, TOKEN, 2028) == []


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(1, 10**4), st.booleans()), max_size=8))
def test_gains_are_proceeds_less_costs_and_nothing_is_lost(sales):
    """Of two people who trade with each other: Σ gains + cost of what is left = Σ money moved."""
    happened = told(YEAR_2026, transfer(ZERO, ADA, 300), transfer(ZERO, BOB, 300))
    for number, (shares, dollars, back) in enumerate(sales, start=1):
        parties = (BOB, ADA) if back else (ADA, BOB)
        happened += told(YEAR_2026 + number, *sold(*parties, shares, dollars))
    books = books_of(happened)
    gains = cost_left = 0
    for person in (ADA, BOB) if sales else ():
        found = trading(books, person, 2026)
        gains += sum(sale.gain.units for sale in found.sales)
        for sale, lots in zip(found.sales, found.lots_sold, strict=True):
            assert sale.proceeds.units - sum(lot.cost.units for lot in lots) == sale.gain.units
        parts = books.lots_of(TOKEN).lots.of(person)
        assert sum(part.shares for part in parts) == found.shares_at_end.units
        cost_left += sum(part.cost for part in parts)
    assert not sales or cost_left - gains == 600_000 * 10**6


# ------------------------------------------------------------------------------------------- files


def test_the_letter_shows_sales_purchases_and_what_is_left(books):
    [ada, _] = paid_in(books, TOKEN, 2026)
    letter = Letter(year_statement(books, TOKEN, 2026, ada), Recipient(ADA))
    shown = page(letter)
    for text in (
        "Shares bought and sold", "has 60 HSE", "65,670.00", "5,670.00", "24,240.00",
        "Total sold, in USD", "Total bought, in USD", f"USD is {USD}",
    ):  # fmt: skip
        assert text in shown
    [_, bob] = paid_in(books, TOKEN, 2027)
    assert "Total sold" not in page(Letter(year_statement(books, TOKEN, 2027, bob), Recipient(BOB)))


def test_who_traded_gets_files_of_it_and_a_second_run_writes_none(books, tmp_path):
    issued = issue_statements(books, TOKEN, 2026, tmp_path, post=Post())
    assert [one.holder for one in issued.statements] == [ADA, BOB]
    with (issued.folder / "trades" / f"{ADA}.csv").open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert [(line["kind"], line["gain"]) for line in lines] == [
        ("sale", "5670.000000"), ("purchase", ""),
    ]  # fmt: skip
    facts = json.loads((issued.folder / f"{ADA}.json").read_text())
    assert facts["trading"]["sales"][0]["gain"]["text"] == "5,670.00"
    assert (issued.folder / f"{BOB}.pdf").read_bytes().startswith(b"%PDF")
    assert issue_statements(books, TOKEN, 2026, tmp_path, post=Post()).unchanged


def test_movements_are_listed_with_their_price_and_order(books):
    first, *_ = movement_rows(books, TOKEN)
    assert (first.kind, first.price, first.paid.text) == ("trade", "1,100.00", "66,000.00")
    assert first.reference == f"order 0 of {ADA}"
    assert movement_rows(Books([]), TOKEN) == []


def test_names_are_escaped_in_a_letter_of_trades(books):
    [ada, _] = paid_in(books, TOKEN, 2026)
    known = CapTable((Holding(ADA, 1, "Ada <b>", "individual"),))
    statement = year_statement(books, TOKEN, 2026, ada, next(iter(known)))
    assert "<b>" not in page(Letter(statement, Recipient(ADA))).partition("<h1>")[0][-400:]
