# SPDX-License-Identifier: MIT
"""A call as its book: every order as the chain has it, and what the law makes of them.

The law is `prorata.market.clearing`, which shares no step with the contract. While a call is open
it says what it would clear at, and who would get what; once it is closed, what each order is due,
to the unit, and the chain is held against it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from prorata.contracts.call_auction import CallOrder, CallState, OrderState, Stage
from prorata.contracts.call_terms import Side
from prorata.errors import BooksError
from prorata.market import clearing as law
from prorata.market.calls.known_calls import KnownCall
from prorata.values.addresses import ZERO_ADDRESS

__all__ = [
    "Book",
    "BookLine",
    "line_json",
    "read_book",
    "read_orders",
    "rules_of",
    "side_word",
]

READ_AT_ONCE = 500

COUNTS = (OrderState.PLACED, OrderState.ALLOTTED, OrderState.ENDED)
"""The states of an order that takes part; one that ended before the close does not."""


@dataclass(frozen=True)
class BookLine:
    """An order with what the law gives it: lots, what it pays or is paid, what goes back.

    `back` is money of a bid, and lots of an ask.
    """

    number: int
    order: CallOrder
    lots: int
    cost: int
    back: int


@dataclass(frozen=True)
class Book:
    """A call with all its orders. `outcome` is None while a valuer has named no price."""

    call: KnownCall
    state: CallState
    orders: tuple[CallOrder, ...]
    outcome: law.CallOutcome | None

    @property
    def lines(self) -> list[BookLine]:
        """Every order that takes part, in order of placement."""
        found = self.outcome
        if found is None:
            return [
                BookLine(number, order, 0, 0, 0)
                for number, order in enumerate(self.orders, 1)
                if _counts(order)
            ]
        rows = zip(self.orders, found.allotted, found.costs, found.refunds, strict=True)
        return [
            BookLine(number, order, lots, cost, back)
            for number, (order, lots, cost, back) in enumerate(rows, 1)
            if _counts(order)
        ]

    @property
    def is_final(self) -> bool:
        """Whether the price is fixed."""
        return self.state.stage not in (Stage.NONE, Stage.OPEN)

    def fee(self, money: int) -> int:
        """What the venue gets of so much money, rounded down."""
        return money * self.call.terms.fee_bps // law.BASIS_POINTS


def rules_of(call: KnownCall) -> law.CallRules:
    """The terms that the clearing depends on."""
    terms = call.terms
    ladders = tuple(
        law.Ladder(one.first_price, one.increment)
        for one in terms.ladders
        if one.currency != ZERO_ADDRESS
    )
    return law.CallRules(
        kind=law.Kind(int(terms.kind)),
        ladders=ladders,
        steps=terms.steps,
        lots=terms.lots,
        least_lots=terms.least_lots,
        budget=terms.budget,
        by_amount=terms.by_amount,
        valued=terms.is_valued,
        fee_bps=terms.fee_bps,
    )


def read_orders(call: KnownCall) -> tuple[CallOrder, ...]:
    """Every order of a call, in order of placement. Raises: ChainError."""
    count = call.state.orders
    found: list[CallOrder] = []
    for start in range(1, count + 1, READ_AT_ONCE):
        numbers = range(start, min(start + READ_AT_ONCE, count + 1))
        found += call.contract.orders_of(call.id, numbers)
    return tuple(found)


def read_book(call: KnownCall, price: int | None = None) -> Book:
    """The book of a call now; `price` is what a valuer would name, in a call that is open.

    Raises: BooksError when the chain cleared at anything else than the law says; ChainError.
    """
    state = call.state
    orders = read_orders(call)
    outcome: law.CallOutcome | None = None
    if state.stage in (Stage.CLEARED, Stage.SETTLING, Stage.SETTLED):
        named = state.clearing.price if call.terms.is_valued else None
        outcome = _outcome(call, orders, named)
        _require_law(call, state, outcome)
    elif state.stage is Stage.OPEN and (not call.terms.is_valued or price is not None):
        outcome = _outcome(call, orders, price)
    return Book(call, state, orders, outcome)


def _outcome(call: KnownCall, orders: Sequence[CallOrder], price: int | None) -> law.CallOutcome:
    counted = [
        law.CallOrder(int(one.side), one.quantity, one.step, one.ladder, _counts(one))
        for one in orders
    ]
    return law.outcome(rules_of(call), counted, price)


def _counts(order: CallOrder) -> bool:
    return order.state in COUNTS


def _require_law(call: KnownCall, state: CallState, outcome: law.CallOutcome) -> None:
    """Hold the chain against the law before anybody is shown either.

    Raises: BooksError.
    """
    said = state.clearing
    chain = (said.step, said.price, said.lots, said.demand, said.supply)
    if chain != tuple(outcome.clearing):
        raise BooksError(
            f"{call.title} cleared at {chain} on the chain, and by the law at "
            f"{tuple(outcome.clearing)}: step, price, lots, demand, supply",
            "send nothing: report it with the id of the call",
        )


def side_word(side: Side) -> str:
    """What an order does: buy or sell."""
    return "buys" if side is Side.BID else "sells"


def line_json(book: Book, line: BookLine) -> dict[str, Any]:
    """A line for a program."""
    units, order = book.call.units, line.order
    bid = order.side is Side.BID
    money = units.money[order.ladder]
    share = units.share
    lot = units.lot
    return {
        "order": line.number,
        "owner": order.owner,
        "side": "bid" if bid else "ask",
        "state": order.state.label,
        "wanted": money.amount(order.quantity)
        if book.call.terms.by_amount
        else share.amount(order.quantity * lot),
        "gets": share.amount(line.lots * lot) if bid else money.amount(line.cost),
        "pays": money.amount(line.cost) if bid else share.amount(line.lots * lot),
        "back": money.amount(line.back) if bid else share.amount(line.back * lot),
        "allotted": share.amount(order.allotted * lot),
        "delivered": share.amount(order.delivered * lot),
    }
