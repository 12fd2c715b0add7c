# SPDX-License-Identifier: MIT
"""Calls and exchanges in reports: where their money is, and what became of a person's orders.

Of every call and currency, all that came in went back, was paid for delivered lots, or is still
there. What is owed went back or was paid as far as the books of the call go, and waits to be taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from prorata.contracts.call_terms import Side
from prorata.files.writer import Row
from prorata.ledger.audits import Audit
from prorata.ledger.books import Books
from prorata.ledger.calls import CallAccount, CallMoney, CallOrder
from prorata.ledger.exchanges import ExchangeAccount
from prorata.tax.years import YearRules
from prorata.values.amounts import Amount
from prorata.values.times import iso, year_of

__all__ = [
    "CallOrderRow",
    "CallRow",
    "ExchangeRow",
    "call_facts",
    "call_rows",
    "escrow_columns",
    "exchange_rows",
    "order_rows",
    "orders_in",
]


class CallRow(Row):
    """A call and its money in one currency; a price is for a lot."""

    call: str
    kind: str
    stage: str
    opened_on: str
    closed_on: str
    lot: Amount
    lots: int
    delivered: int
    price: Amount | None
    demand: int
    supply: int
    currency: str
    currency_address: str
    received: Amount
    went_back: Amount
    paid: Amount
    refundable: Amount
    proceeds: Amount
    owed: Amount
    document: str


class CallOrderRow(Row):
    """An order in a call, and what became of it.

    Money of a bid is in the currency; of an ask, `gave` and `got_back` are shares.
    """

    call: str
    kind: str
    order: int
    placed_on: str
    account: str
    side: str
    state: str
    limit: Amount
    currency: str
    currency_address: str
    gave: Amount
    shares: Amount
    cost: Amount
    got_back: Amount
    waits: Amount
    transaction: str


class ExchangeRow(Row):
    """An exchange in which shares are given, and its money; `price` is for `per` shares."""

    exchange: int
    kind: str
    step: str
    opened_on: str
    mandatory: bool
    per: Amount
    price: Amount | None
    currency: str
    currency_address: str
    other: str
    exchanged: Amount
    received: Amount | None
    went_back: Amount | None
    paid: Amount | None
    funds: Amount | None
    owed: Amount | None
    document: str


# ------------------------------------------------------------------------------------------- calls


def call_rows(books: Books, token: str) -> list[CallRow]:
    """The calls in a token, in order of opening, each once for each of its currencies."""
    movements = books.movements.get(token)
    found = () if movements is None else movements.calls.by_id.values()
    return [_call(books, one, ladder) for one in found for ladder in range(len(one.money))]


def _call(books: Books, one: CallAccount, ladder: int) -> CallRow:
    money, closed = one.money[ladder], one.closed_at
    unit = books.unit(money.currency)
    return CallRow(
        call=one.id,
        kind=one.label,
        stage=one.progress,
        opened_on=iso(one.opened_at[0]),
        closed_on="" if closed is None else iso(closed[0]),
        lot=books.unit(one.terms.token).amount(one.terms.lot),
        lots=one.lots,
        delivered=one.delivered,
        price=None if closed is None else unit.amount(one.price_on(ladder)),
        demand=one.demand,
        supply=one.supply,
        currency=unit.symbol,
        currency_address=money.currency,
        received=unit.amount(money.received),
        went_back=unit.amount(money.refunded),
        paid=unit.amount(money.paid),
        refundable=unit.amount(money.refundable),
        proceeds=unit.amount(money.proceeds),
        owed=unit.amount(money.owed),
        document=f"0x{one.terms.document_hash.hex()}",
    )


def order_rows(books: Books, token: str) -> list[CallOrderRow]:
    """Every order that was placed in a call, call by call."""
    movements = books.movements.get(token)
    found = () if movements is None else movements.calls.by_id.values()
    return [_order(books, one, order) for one in found for order in one.orders.values()]


def orders_in(
    books: Books, token: str, year: int, rules: YearRules
) -> dict[str, list[CallOrderRow]]:
    """The orders that everybody placed in a year, by person."""
    movements, ledger = books.movements.get(token), books.ledgers[token]
    persons: dict[str, list[CallOrderRow]] = {}
    for call in () if movements is None else movements.calls.by_id.values():
        for order in call.orders.values():
            person = ledger.claimant_of(order.owner)
            if year_of(order.placed_at[0], rules.rule_of(person).calendar) == year:
                persons.setdefault(person, []).append(_order(books, call, order))
    return persons


def _order(books: Books, call: CallAccount, order: CallOrder) -> CallOrderRow:
    is_bid, money = order.side is Side.BID, call.money[order.ladder].currency
    unit, shares = books.unit(money), books.unit(call.terms.token)
    given = unit if is_bid else shares
    spent = order.cost if is_bid else order.delivered * call.terms.lot
    waits = order.gave - order.refunded - spent
    return CallOrderRow(
        call=call.id,
        kind=call.label,
        order=order.number,
        placed_on=iso(order.placed_at[0]),
        account=order.owner,
        side=order.side.label,
        state="done" if order.state == "placed" and not waits else order.state,
        limit=unit.amount(call.terms.ladders[order.ladder].price_at(order.step)),
        currency=unit.symbol,
        currency_address=money,
        gave=given.amount(order.gave),
        shares=shares.amount(order.delivered * call.terms.lot),
        cost=unit.amount(order.cost),
        got_back=given.amount(order.refunded),
        waits=given.amount(waits),
        transaction=order.transaction,
    )


# --------------------------------------------------------------------------------------- exchanges


def exchange_rows(books: Books, token: str) -> list[ExchangeRow]:
    """The exchanges in which shares of a token are given, in order of opening."""
    movements = books.movements.get(token)
    return [] if movements is None else [_exchange(books, one) for one in movements.exchanges.given]


def _exchange(books: Books, one: ExchangeAccount) -> ExchangeRow:
    terms, unit, shares = one.terms, books.unit(one.terms.currency), books.unit(one.terms.token)
    has_money = one.pays_money

    def money(amount: int) -> Amount | None:
        return unit.amount(amount) if has_money else None

    return ExchangeRow(
        exchange=one.id,
        kind=one.exit.value,
        step=one.step.value,
        opened_on=iso(one.opened_at[0]),
        mandatory=terms.mandatory,
        per=shares.amount(terms.per),
        price=money(one.price),
        currency=unit.symbol if has_money else "",
        currency_address=terms.currency if has_money else "",
        other=terms.other if terms.other_shares else "",
        exchanged=shares.amount(one.exchanged),
        received=money(one.received),
        went_back=money(one.went_back),
        paid=money(one.paid),
        funds=money(one.funds),
        owed=money(one.owed),
        document=f"0x{terms.document_hash.hex()}",
    )


# --------------------------------------------------------------------------------- where money is


def escrow_columns(audit: Audit, token: str) -> Iterator[tuple[str, str, dict[str, int]]]:
    """For each call or exchange and currency: what it is, the currency, and where its money is.

    `there` is what the contract answers, and `difference` what the events do not account for.
    """
    movements = audit.books.movements.get(token)
    if movements is None:
        return
    answers = audit.trading[token].escrow
    for number, call in enumerate(movements.calls.by_id.values(), start=1):
        for ladder, money in enumerate(call.money):
            there = answers.escrows[call.id, ladder].escrowed
            yield f"{call.label} {number}", money.currency, _of_call(money, there)
    for one in movements.exchanges.given:
        if one.pays_money:
            found = answers.exchanges[one.id]
            yield (
                f"{one.exit.value} {one.id}",
                one.terms.currency,
                {
                    "received": one.received,
                    "went_back": one.went_back,
                    "paid": one.paid,
                    "waits": one.funds,
                    "owed": one.owed,
                    "there": found.funds + found.owed,
                    "difference": found.funds + found.owed - one.here,
                },
            )


def _of_call(money: CallMoney, there: int) -> dict[str, int]:
    return {
        "received": money.received,
        "went_back": money.refunded,
        "paid": money.paid,
        "waits": money.refundable + money.proceeds,
        "owed": money.owed,
        "there": there,
        "difference": there - money.escrowed,
    }


def call_facts(books: Books, token: str) -> dict[str, Any]:
    """Calls, orders and exchanges, for `books.json`."""
    return {
        "calls": call_rows(books, token),
        "orders": order_rows(books, token),
        "exchanges": exchange_rows(books, token),
    }
