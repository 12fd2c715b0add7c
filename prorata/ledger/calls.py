# SPDX-License-Identifier: MIT
"""The calls in one token: offerings, tenders and auctions, as `CallAuction` tells of them.

Of every call and currency the events say how much money is in its care (law B1):

    escrowed = refundable + proceeds + owed

`refundable` came in with bids, or as the budget of a tender, and pays for what is delivered or goes
back. `proceeds` were paid for delivered lots of a sale and wait until enough are. `owed` could not
be paid to whom it belongs. Lots that were delivered were paid for at one price (law B4), and are
never more than the call cleared (law B2): whatever the events say otherwise is kept in `broken`.

Who sold and who bought is told as trades. Amounts are smallest units.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

from prorata.chain.calls import DecodedEvent
from prorata.chain.events import Moment, moment_of, transaction_of
from prorata.contracts.call_terms import CallKind, CallTerms, Side
from prorata.ledger.trades import Trade
from prorata.values.addresses import ZERO_ADDRESS

__all__ = ["CALLING", "CallAccount", "CallMoney", "CallOrder", "CallStage", "Calls"]

BPS = 10_000

CALLING: Final = (
    "Opened",
    "Placed",
    "Withdrawn",
    "Struck",
    "Restored",
    "Closed",
    "Accepted",
    "Failed",
    "Cancelled",
    "Delivered",
    "Refunded",
    "NotReleased",
    "PrincipalPaid",
    "Returned",
    "Owed",
    "Taken",
    "Swept",
)
"""The events that tell of a call's money, or how far it is."""


class CallStage(Enum):
    """How far a call is, as far as events tell: not whether every order has had its turn."""

    OPEN = "open"
    CLEARED = "cleared"
    SETTLING = "settling"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass
class CallMoney:
    """The money of a call in one currency, as `ICallAuction.Escrow`."""

    currency: str
    refundable: int = 0
    proceeds: int = 0
    owed: int = 0
    received: int = 0
    """All that came in, and where it went."""
    refunded: int = 0
    paid: int = 0
    """To sellers and principals, and in fees, or owed to them since."""
    fees: int = 0
    """The venue's part of the proceeds that wait."""

    @property
    def escrowed(self) -> int:
        """What is there, whatever for."""
        return self.refundable + self.proceeds + self.owed


@dataclass
class CallOrder:
    """An order, and what became of it: lots, and money in the currency of its ladder."""

    number: int
    owner: str
    side: Side
    quantity: int
    step: int
    ladder: int
    placed_at: Moment
    transaction: str
    gave: int
    """Money that came with a bid, or shares that an ask has held."""
    delivered: int = 0
    cost: int = 0
    refunded: int = 0
    """Money, or shares, that it got back."""
    kept: int = 0
    """Shares of an ask that it did not need, and that could not be let go yet."""
    returned: int = 0
    """Lots that it gave back."""
    state: str = "placed"


@dataclass
class CallAccount:
    """A call as its events tell it; `price` is money for a lot in the first currency."""

    id: str
    terms: CallTerms
    opened_at: Moment
    transaction: str
    money: tuple[CallMoney, ...]
    stage: CallStage = CallStage.OPEN
    orders: dict[int, CallOrder] = field(default_factory=dict)
    closed_at: Moment | None = None
    closing: str = ""
    """The transaction that closed it."""
    price: int = 0
    step: int = 0
    lots: int = 0
    demand: int = 0
    supply: int = 0
    delivered: int = 0
    owed_to: Counter[tuple[int, str]] = field(default_factory=Counter)
    """What is owed by ladder and account, until it is swept."""
    swept: set[int] = field(default_factory=set)
    """Ladders of which what was owed has gone to whom the terms name."""

    @property
    def currencies(self) -> list[str]:
        """Its one or two currencies."""
        return [money.currency for money in self.money]

    @property
    def label(self) -> str:
        """As a person says it: an offering, a tender or an auction."""
        return "offering" if self.terms.kind is CallKind.SALE else self.terms.kind.label

    @property
    def progress(self) -> str:
        """How far it is, in a word: `delivered` once all lots are that change hands."""
        done = self.stage is CallStage.SETTLING and self.delivered == self.lots
        return "delivered" if done else self.stage.value

    def price_on(self, ladder: int) -> int:
        """What a lot costs on a ladder, once the call is closed."""
        return self.price if ladder == 0 else self.terms.ladders[ladder].price_at(self.step)

    def ladder_of(self, currency: str) -> int | None:
        """Which ladder has a currency."""
        found = self.currencies
        return found.index(currency) if currency in found else None


class Calls:
    """The calls in the shares of one token, by id, as far as events were entered."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.by_id: dict[str, CallAccount] = {}
        self.broken: list[tuple[str, str, int, int]] = []
        """A call, what is wrong in it, what the event says, and what the law says."""
        self._enter: Mapping[str, Callable[[CallAccount, DecodedEvent, int], None]] = {
            "Placed": self._placed,
            "Withdrawn": self._withdrawn,
            "Struck": self._marked,
            "Restored": self._marked,
            "Closed": self._closed,
            "Accepted": self._decided,
            "Failed": self._decided,
            "Cancelled": self._decided,
            "Delivered": self._delivered,
            "Refunded": self._refunded,
            "NotReleased": self._not_released,
            "PrincipalPaid": self._principal_paid,
            "Returned": self._returned,
            "Owed": self._owed,
            "Taken": self._taken,
            "Swept": self._swept,
        }

    def __len__(self) -> int:
        return len(self.by_id)

    @property
    def currencies(self) -> set[str]:
        """Every currency of a call."""
        return {currency for call in self.by_id.values() for currency in call.currencies}

    def of_event(self, event: DecodedEvent) -> CallAccount | None:
        """The call that an event is about; None if it is one in other shares."""
        return self.by_id.get(_number(event.args.get("id")))

    # ------------------------------------------------------------------------- events

    def apply(self, event: DecodedEvent, timestamp: int) -> None:
        """Enter an event of the contract: those of other tokens' calls are passed over."""
        if event.name == "Opened":
            self._opened(event, timestamp)
            return
        call = self.of_event(event)
        enter = self._enter.get(event.name)
        if call is not None and enter is not None:
            enter(call, event, timestamp)

    def _opened(self, event: DecodedEvent, timestamp: int) -> None:
        if str(event.args["token"]) != self.token:
            return
        terms, number = CallTerms.of(event.args["terms"]), _number(event.args["id"])
        used = [one for one in terms.ladders if one.currency != ZERO_ADDRESS]
        money = tuple(CallMoney(one.currency) for one in used)
        moment, transaction = moment_of(event, timestamp), transaction_of(event)
        self.by_id[number] = CallAccount(number, terms, moment, transaction, money)
        if terms.kind is CallKind.TENDER:
            money[0].received = money[0].refundable = terms.budget

    def _placed(self, call: CallAccount, event: DecodedEvent, timestamp: int) -> None:
        args, terms = event.args, call.terms
        side, quantity = Side(args["side"]), int(args["quantity"])
        step, ladder, gave = int(args["step"]), int(args["ladder"]), quantity * terms.lot
        if side is Side.BID:
            price = 1 if terms.by_amount else terms.ladders[ladder].price_at(step)
            gave = quantity * price
            call.money[ladder].refundable += gave
            call.money[ladder].received += gave
        order = CallOrder(
            number=int(args["order"]),
            owner=str(args["owner"]),
            side=side,
            quantity=quantity,
            step=step,
            ladder=ladder,
            placed_at=moment_of(event, timestamp),
            transaction=transaction_of(event),
            gave=gave,
        )
        call.orders[order.number] = order

    def _withdrawn(self, call: CallAccount, event: DecodedEvent, _: int) -> None:
        order = call.orders[int(event.args["order"])]
        order.state = "withdrawn"
        self._give_back(call, order, order.gave)

    def _marked(self, call: CallAccount, event: DecodedEvent, _: int) -> None:
        order = call.orders[int(event.args["order"])]
        order.state = "struck" if event.name == "Struck" else "placed"

    def _refunded(self, call: CallAccount, event: DecodedEvent, _: int) -> None:
        order = call.orders[int(event.args["order"])]
        back = int(event.args["money" if order.side is Side.BID else "shares"])
        # What could not be let go before has gone back with the rest.
        order.kept = 0
        self._give_back(call, order, back)

    def _not_released(self, call: CallAccount, event: DecodedEvent, _: int) -> None:
        order = call.orders[int(event.args["order"])]
        order.kept = int(event.args["shares"])
        there = order.gave - order.delivered * call.terms.lot - order.refunded
        self._most(call, f"what order {order.number} has kept", order.kept, there)

    def _give_back(self, call: CallAccount, order: CallOrder, back: int) -> None:
        order.refunded += back
        if order.side is Side.BID:
            money = call.money[order.ladder]
            money.refundable -= back
            money.refunded += back
        spent = order.cost if order.side is Side.BID else order.delivered * call.terms.lot
        self._most(call, f"what order {order.number} got back", order.refunded, order.gave - spent)

    def _closed(self, call: CallAccount, event: DecodedEvent, timestamp: int) -> None:
        args = event.args
        call.closed_at, call.closing = moment_of(event, timestamp), transaction_of(event)
        call.step, call.price, call.lots = int(args["step"]), int(args["price"]), int(args["lots"])
        call.demand, call.supply = int(args["demand"]), int(args["supply"])
        call.stage = CallStage.CLEARED if call.terms.accept_by else CallStage.SETTLING

    def _decided(self, call: CallAccount, event: DecodedEvent, _: int) -> None:
        call.stage = {
            "Accepted": CallStage.SETTLING,
            "Failed": CallStage.FAILED,
            "Cancelled": CallStage.CANCELLED,
        }[event.name]

    def _delivered(self, call: CallAccount, event: DecodedEvent, _: int) -> None:
        args, bid = event.args, int(event.args["bid"])
        lots, cost, fee = int(args["lots"]), int(args["cost"]), int(args["fee"])
        ladder = call.orders[bid].ladder if bid else 0
        money = call.money[ladder]
        money.refundable -= cost
        if call.terms.kind is CallKind.SALE:
            money.proceeds += cost
            money.fees += fee
        else:
            money.paid += cost
        for number in filter(None, (bid, int(args["ask"]))):
            call.orders[number].delivered += lots
            call.orders[number].cost += cost
        call.delivered += lots
        self._same(call, f"the cost of {lots} lots", cost, lots * call.price_on(ladder))
        self._same(call, f"the fee on {cost}", fee, cost * call.terms.fee_bps // BPS)
        self._most(call, "lots delivered", call.delivered, call.lots)

    def _returned(self, call: CallAccount, event: DecodedEvent, _: int) -> None:
        order, bps = call.orders[int(event.args["order"])], call.terms.fee_bps
        lots, paid = int(event.args["lots"]), int(event.args["paid"])
        money = call.money[order.ladder]
        self._same(call, f"what {lots} lots brought", paid, lots * call.price_on(order.ladder))
        money.fees -= order.cost * bps // BPS - (order.cost - paid) * bps // BPS
        money.proceeds -= paid
        money.refunded += paid
        order.delivered, order.cost = order.delivered - lots, order.cost - paid
        order.returned += lots
        order.refunded += paid
        call.delivered -= lots

    def _principal_paid(self, call: CallAccount, event: DecodedEvent, _: int) -> None:
        ladder = call.ladder_of(str(event.args["currency"]))
        if ladder is not None:
            self._paid_out(call, ladder, int(event.args["amount"]))

    def _paid_out(self, call: CallAccount, ladder: int, amount: int) -> None:
        """The principal's own went to it, or is owed to it: all proceeds, or a budget's rest."""
        money = call.money[ladder]
        if call.terms.kind is CallKind.SALE:
            self._same(call, "proceeds", amount, money.proceeds - money.fees)
            money.paid += money.proceeds
            money.proceeds = money.fees = 0
        else:
            money.refundable -= amount
            money.refunded += amount

    def _owed(self, call: CallAccount, event: DecodedEvent, _: int) -> None:
        account, amount = str(event.args["account"]), int(event.args["amount"])
        ladder = call.ladder_of(str(event.args["currency"]))
        if ladder is None:
            return
        money = call.money[ladder]
        money.owed += amount
        call.owed_to[ladder, account] += amount
        if account == call.terms.principal and self._is_principals(call, money, amount):
            self._paid_out(call, ladder, amount)

    @staticmethod
    def _is_principals(call: CallAccount, money: CallMoney, amount: int) -> bool:
        """Whether it is the principal's own that is owed, and not a fee to the same account."""
        if call.terms.fee_to != call.terms.principal:
            return True
        if call.terms.kind is CallKind.SALE:
            return amount == money.proceeds - money.fees
        return amount <= money.refundable and amount * BPS > money.paid * call.terms.fee_bps

    def _taken(self, call: CallAccount, event: DecodedEvent, _: int) -> None:
        account, amount = str(event.args["account"]), int(event.args["amount"])
        ladder = call.ladder_of(str(event.args["currency"]))
        if ladder is not None:
            call.money[ladder].owed -= amount
            call.owed_to[ladder, account] -= amount

    def _swept(self, call: CallAccount, event: DecodedEvent, _: int) -> None:
        ladder = call.ladder_of(str(event.args["currency"]))
        if ladder is not None:
            call.money[ladder].owed -= int(event.args["amount"])
            call.swept.add(ladder)

    # --------------------------------------------------------------------------- laws

    def _same(self, call: CallAccount, figure: str, said: int, law: int) -> None:
        if said != law:
            self.broken.append((call.id, figure, said, law))

    def _most(self, call: CallAccount, figure: str, said: int, law: int) -> None:
        if said > law:
            self.broken.append((call.id, f"{figure}, at most", said, law))

    # ------------------------------------------------------------------------- trades

    def trade(self, event: DecodedEvent, timestamp: int) -> Trade | None:
        """The trade that a `Delivered` or `Returned` tells of; the latter is one back."""
        call = self.of_event(event)
        if call is None or event.name not in ("Delivered", "Returned"):
            return None
        args, returns = event.args, event.name == "Returned"
        bid = int(args["order" if returns else "bid"])
        issuer = ZERO_ADDRESS if call.terms.mint else call.terms.principal
        return Trade(
            moment=moment_of(event, timestamp),
            transaction=transaction_of(event),
            seller=str(args["owner"] if returns else args["seller"]),
            buyer=issuer if returns else str(args["buyer"]),
            shares=int(args["lots"]) * call.terms.lot,
            currency=call.currencies[call.orders[bid].ladder if bid else 0],
            paid=int(args["paid" if returns else "cost"]),
            fee=0 if returns else int(args["fee"]),
            source=f"call {call.id}",
        )


def _number(value: Any) -> str:
    return "" if value is None else f"0x{bytes(value).hex()}"
