# SPDX-License-Identifier: MIT
"""A call as its book: every order as the chain has it, and what the law makes of them.

The law is `prorata.market.clearing`, which shares no step with the contract. While a call is open
it says what it would clear at, and who would get what; once it is closed, what each order is due,
to the unit, and the chain is held against it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from prorata.contracts.call_auction import CallOrder, CallState, OrderState, Stage
from prorata.contracts.call_terms import CallKind, Side
from prorata.errors import BooksError
from prorata.market import clearing as law
from prorata.market.calls.known_calls import KnownCall
from prorata.values.addresses import ZERO_ADDRESS

__all__ = [
    "Book",
    "BookLine",
    "kept_shares",
    "line_json",
    "read_book",
    "read_orders",
    "rules_of",
    "side_word",
]

READ_AT_ONCE = 500

COUNTS = (OrderState.PLACED, OrderState.ALLOTTED, OrderState.ENDED)
"""The states of an order that takes part, or did, unless it was struck before."""


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
    struck: frozenset[int] = frozenset()
    """The numbers of those that were struck, and of which nothing is left here."""

    def counts(self, number: int) -> bool:
        """Whether an order takes part, or did."""
        return number not in self.struck and self.orders[number - 1].state in COUNTS

    @property
    def lines(self) -> list[BookLine]:
        """Every order that takes part, in order of placement."""
        found = self.outcome
        if found is None:
            return [
                BookLine(number, order, 0, 0, 0)
                for number, order in enumerate(self.orders, 1)
                if self.counts(number)
            ]
        rows = zip(self.orders, found.allotted, found.costs, found.refunds, strict=True)
        return [
            BookLine(number, order, lots, cost, back)
            for number, (order, lots, cost, back) in enumerate(rows, 1)
            if self.counts(number)
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
    struck = _struck(call, state, orders)
    book = Book(call, state, orders, None, struck)
    outcome: law.CallOutcome | None = None
    if state.stage in (Stage.CLEARED, Stage.SETTLING, Stage.SETTLED):
        outcome = _outcome(book, state.clearing.price if call.terms.is_valued else None)
        _require_law(call, state, outcome)
    elif state.stage is Stage.OPEN and (not call.terms.is_valued or price is not None):
        outcome = _outcome(book, price)
    return replace(book, outcome=outcome)


def _outcome(book: Book, price: int | None) -> law.CallOutcome:
    counted = [
        law.CallOrder(int(one.side), one.quantity, one.step, one.ladder, book.counts(number))
        for number, one in enumerate(book.orders, 1)
    ]
    return law.outcome(rules_of(book.call), counted, price)


def _struck(call: KnownCall, state: CallState, orders: Sequence[CallOrder]) -> frozenset[int]:
    """Orders that were struck before the close and have had their refund since.

    The chain says of them only that they have ended, as of those that got nothing.
    """
    ended = (one.state is OrderState.ENDED and not one.allotted for one in orders)
    if state.stage in (Stage.NONE, Stage.OPEN) or not any(ended):
        return frozenset()
    found: set[int] = set()
    for event in call.events("Struck", "Restored"):
        number = int(event.args["order"])
        if event.name == "Struck":
            found.add(number)
        else:
            found.discard(number)
    return frozenset(n for n in found if orders[n - 1].state is OrderState.ENDED)


def kept_shares(call: KnownCall) -> dict[int, int]:
    """Shares that an ask did not need in its turn and that could not be let go, by order.

    They stay held until a refund lets them go. Raises: ChainError.
    """
    found: dict[int, int] = {}
    if call.terms.kind is CallKind.SALE:
        return found
    for event in call.events("NotReleased", "Refunded"):
        number = int(event.args["order"])
        found.pop(number, None)
        if event.name == "NotReleased":
            found[number] = int(event.args["shares"])
    return found


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
