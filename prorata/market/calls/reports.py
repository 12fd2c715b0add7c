# SPDX-License-Identifier: MIT
"""What became of a call: every order with what it gave, got and got back, from the chain's events.

The account is the same however often the settlement was interrupted, and whoever settled. It is
held against the law and against what the contract says, to the unit, before anybody is shown it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prorata.contracts.call_auction import CallOrder, OrderState, Stage
from prorata.contracts.call_terms import Side, Wanted
from prorata.errors import BooksError
from prorata.files.writer import Row, json_object, write_csv_rows, write_json
from prorata.market.calls.books import Book, kept_shares, read_book
from prorata.market.calls.known_calls import KnownCall
from prorata.market.calls.placements import gives
from prorata.values.amounts import Amount

__all__ = ["CallReport", "CallRow", "ReportLine", "report_call"]


class CallRow(Row):
    """An order, as a file has it; `back` is money of a bid and shares of an ask."""

    order: int
    owner: str
    side: str
    state: str
    gave: Amount
    got: Amount
    paid: Amount
    fee: Amount
    back: Amount
    owed: Amount
    undelivered: Amount


@dataclass(frozen=True)
class ReportLine:
    """An order and what came of it.

    `lots` were delivered for `cost`, of which `fee` is the venue's; `back` is the money that a bid
    got back, or the shares of an ask; `owed` waits to be taken, and is part of the money before.
    `kept` are shares of an ask that it did not need, and that could not be let go yet.
    """

    number: int
    order: CallOrder
    lots: int
    cost: int
    fee: int
    back: int
    owed: int
    kept: int = 0


@dataclass(frozen=True)
class CallReport:
    """What became of a call. `paid_out` is what its principal got, by ladder."""

    book: Book
    lines: tuple[ReportLine, ...]
    paid_out: tuple[int, ...]
    escrowed: tuple[int, ...]
    owed_besides: tuple[tuple[str, int, int], ...] = ()
    """What the principal and the venue could not be paid: account, ladder, amount."""

    @property
    def call(self) -> KnownCall:
        """The call."""
        return self.book.call

    @property
    def undelivered(self) -> list[ReportLine]:
        """Orders that lack something of what they got."""
        return [line for line in self.lines if line.order.undelivered]

    @property
    def kept(self) -> list[ReportLine]:
        """Orders of which shares stay held that they did not need."""
        return [line for line in self.lines if line.kept]

    @property
    def owed(self) -> list[tuple[str, int, int]]:
        """Who could not be paid: account, ladder, amount."""
        orders = [(one.order.owner, one.order.ladder, one.owed) for one in self.lines if one.owed]
        return [*self.owed_besides, *orders]

    def row(self, line: ReportLine) -> CallRow:
        """A line, as a file has it."""
        call, order = self.call, line.order
        money, share = call.units.money[order.ladder], call.units.share
        bid = order.side is Side.BID
        gave = gives_of(call, order)
        return CallRow(
            order=line.number,
            owner=order.owner,
            side="bid" if bid else "ask",
            state=order.state.label,
            gave=money.amount(gave) if bid else share.amount(gave),
            got=share.amount(line.lots * call.terms.lot)
            if bid
            else money.amount(line.cost - line.fee),
            paid=money.amount(line.cost) if bid else share.amount(line.lots * call.terms.lot),
            fee=money.amount(0 if bid else line.fee),
            back=money.amount(line.back) if bid else share.amount(line.back),
            owed=money.amount(line.owed),
            undelivered=share.amount(order.undelivered * call.terms.lot),
        )

    @property
    def file(self) -> str:
        """The name of its files, without the ending."""
        return f"call-{self.call.short}"

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        units, state = self.call.units, self.book.state
        return json_object(
            {
                **self.call.as_json(),
                "stage": state.stage.label,
                "price": None
                if not state.clearing.price
                else str(units.exact_price(state.clearing.price)),
                "cleared": units.share.amount(state.clearing.lots * units.lot),
                "delivered": units.share.amount(state.delivered * units.lot),
                "principal_paid": [
                    unit.amount(n) for unit, n in zip(units.money, self.paid_out, strict=True)
                ],
                "escrowed": [
                    unit.amount(n) for unit, n in zip(units.money, self.escrowed, strict=True)
                ],
                "owed": [
                    {"to": account, "amount": units.money[ladder].amount(amount)}
                    for account, ladder, amount in self.owed
                ],
                "kept": [
                    {
                        "order": line.number,
                        "owner": line.order.owner,
                        "shares": units.share.amount(line.kept),
                    }
                    for line in self.kept
                ],
                "orders": [self.row(line).values for line in self.lines],
            }
        )

    def write(self, folder: Path) -> None:
        """Write the account as JSON and CSV.

        Raises: InputError when it cannot be written.
        """
        write_json(folder / f"{self.file}.json", self.as_json(), column="deployment")
        rows = [self.row(line) for line in self.lines]
        write_csv_rows(folder / f"{self.file}.csv", CallRow, rows, column="deployment")


def gives_of(call: KnownCall, order: CallOrder) -> int:
    """What an order gave when it was placed."""
    return gives(call, Wanted(order.side, order.quantity, order.step, order.ladder))


def report_call(call: KnownCall) -> CallReport:
    """The account of a call as it stands.

    Raises: BooksError when the chain contradicts the law, the events or itself; ChainError.
    """
    book = read_book(call)
    sums, kept = _sums(call), kept_shares(call)
    ladders = range(len(call.units.money))
    rows = {(one.ladder, one.owner) for one in book.orders}
    others = {(n, who) for n in ladders for who in (call.terms.principal, call.terms.fee_to)}
    asked = sorted(rows | others)
    owed = dict(zip(asked, call.contract.owed_to_many(call.id, asked), strict=True))
    lines = []
    for number, order in enumerate(book.orders, 1):
        key = (order.ladder, order.owner)
        # What is owed to somebody with several orders stands at the first of them.
        lines.append(
            ReportLine(
                number,
                order,
                sums.lots[number],
                sums.cost[number],
                sums.fee[number],
                sums.back[number],
                owed.pop(key, 0),
                kept.get(number, 0),
            )
        )
    besides = tuple((who, ladder, amount) for (ladder, who), amount in owed.items() if amount)
    escrowed = tuple(call.contract.escrow_of(call.id, ladder).escrowed for ladder in ladders)
    paid = tuple(sums.principal[call.terms.ladders[ladder].currency] for ladder in ladders)
    report = CallReport(book, tuple(lines), paid, escrowed, besides)
    _require_books(report)
    return report


@dataclass(frozen=True)
class _Sums:
    lots: Mapping[int, int]
    cost: Mapping[int, int]
    fee: Mapping[int, int]
    back: Mapping[int, int]
    principal: Mapping[str, int]


def _sums(call: KnownCall) -> _Sums:
    """What the events of a call add up to, by order."""
    lots: dict[int, int] = defaultdict(int)
    cost: dict[int, int] = defaultdict(int)
    fee: dict[int, int] = defaultdict(int)
    back: dict[int, int] = defaultdict(int)
    principal: dict[str, int] = defaultdict(int)
    names = ("Delivered", "Refunded", "Returned", "PrincipalPaid")
    for event in call.events(*names):
        said = event.args
        if event.name == "Delivered":
            for number in {said["bid"], said["ask"]} - {0}:
                lots[number] += said["lots"]
                cost[number] += said["cost"]
                fee[number] += said["fee"]
        elif event.name == "Refunded":
            back[said["order"]] += said["money"] + said["shares"]
        elif event.name == "Returned":
            lots[said["order"]] -= said["lots"]
            cost[said["order"]] -= said["paid"]
            back[said["order"]] += said["paid"]
        else:
            principal[said["currency"]] += said["amount"]
    return _Sums(lots, cost, fee, back, principal)


def _require_books(report: CallReport) -> None:
    """Hold events, orders and the law against each other.

    Raises: BooksError.
    """
    book, call = report.book, report.call
    settled = book.state.stage is Stage.SETTLED
    for line in report.lines:
        order = line.order
        if order.delivered != line.lots:
            _contradict(call, line, "delivered lots", order.delivered, line.lots)
        law = None if book.outcome is None else book.outcome.allotted[line.number - 1]
        if settled and law is not None and order.allotted != law:
            _contradict(call, line, "allotted lots", order.allotted, law)
        if order.state is OrderState.ENDED:
            spent = line.cost if order.side is Side.BID else line.lots * call.terms.lot
            gave = gives_of(call, order)
            told = spent + line.back + line.kept
            if told != gave:
                _contradict(call, line, "what it gave", gave, told)


def _contradict(call: KnownCall, line: ReportLine, what: str, chain: int, books: int) -> None:
    raise BooksError(
        f"{what} of order {line.number} of {call.title} are {chain:,} on the chain and "
        f"{books:,} by events and law",
        "run `prorata drift`, and report it with the id of the call",
    )
