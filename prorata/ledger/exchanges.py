# SPDX-License-Identifier: MIT
"""The exchanges of shares of one token, or into them, as `ShareExchange` tells of them.

Of every exchange the events say how much of its currency is in the contract's care:

    here = funds for exchanges to come + owed

and of every share that was taken, that it was paid exactly its floor (law X1):

    paid = floor(shares * price / per) + floor(rest * fraction price / per)

where the second part is in lieu of a fraction of the other share. Whatever the events say otherwise
is kept in `broken`. Amounts are smallest units.

Shares that brought money and nothing else are told as a sale. What other shares are worth nobody
knows here, so an exchange into them has no price, and no gain is made up; what was paid in lieu of
a fraction stands beside it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from prorata.chain.calls import DecodedEvent
from prorata.chain.events import Moment, moment_of, transaction_of
from prorata.contracts.share_exchange import ExchangeQuote, ExchangeTerms
from prorata.ledger.trades import Trade
from prorata.values.addresses import ZERO_ADDRESS

__all__ = ["EXCHANGING", "Brought", "ExchangeAccount", "ExchangeStep", "Exchanges", "Exit"]

EXCHANGING: Final = (
    "Opened",
    "Funded",
    "Drained",
    "PriceSet",
    "Exchanged",
    "Owed",
    "Taken",
    "HoldEnded",
    "Swept",
    "Closed",
    "Cancelled",
)
"""The events that tell of an exchange's money, or how far it is."""


_SOURCE = "exchange "


class Exit(Enum):
    """What an exchange is for whoever gives shares."""

    REDEMPTION = "redemption"
    MATURITY = "maturity"
    SQUEEZE_OUT = "squeeze-out"
    RETIREMENT = "retirement"
    EXCHANGE = "exchange"


class ExchangeStep(Enum):
    """How far an exchange is, as far as events tell."""

    OPENED = "opened"
    CLOSED = "closed"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Exchanged:
    """Shares that were given, and what they brought, paid or owed."""

    moment: Moment
    transaction: str
    holder: str
    payee: str
    shares: int
    brought: ExchangeQuote
    note: bytes


@dataclass(frozen=True)
class Brought:
    """What shares brought in an exchange, and in which currency."""

    currency: str
    quote: ExchangeQuote


@dataclass
class ExchangeAccount:
    """An exchange as its events tell it; money is in its currency."""

    id: int
    terms: ExchangeTerms
    opened_at: Moment
    transaction: str
    price: int
    step: ExchangeStep = ExchangeStep.OPENED
    funds: int = 0
    owed: int = 0
    received: int = 0
    """All that came in, and where it went."""
    went_back: int = 0
    paid: int = 0
    """To holders, or owed to them since."""
    due: int = 0
    """What holders paid; it went to the treasury, past the contract."""
    exchanged: int = 0
    owed_to: Counter[str] = field(default_factory=Counter)
    """By whose shares, until it is taken or swept."""
    owed_other: int = 0
    """Shares of the other token that are owed."""
    moved: set[str] = field(default_factory=set)
    """Whose part was untied from a hold: how much it was, only the contract knows."""
    swept: bool = False
    entries: list[Exchanged] = field(default_factory=list)

    @property
    def exit(self) -> Exit:
        """What it is for whoever gives shares."""
        terms = self.terms
        if terms.other_shares or terms.pays:
            return Exit.EXCHANGE
        if terms.mandatory:
            return Exit.MATURITY if terms.acquirer == ZERO_ADDRESS else Exit.SQUEEZE_OUT
        return Exit.REDEMPTION if terms.gets else Exit.RETIREMENT

    @property
    def pays_money(self) -> bool:
        """Whether it has a currency."""
        return self.terms.currency != ZERO_ADDRESS

    @property
    def here(self) -> int:
        """What the contract has of the currency for this exchange."""
        return self.funds + self.owed

    def quote(self, shares: int) -> ExchangeQuote:
        """What so many shares bring by law, at the present price (`IShareExchange`)."""
        terms = self.terms
        whole, rest = divmod(shares * terms.other_shares, terms.per)
        in_lieu = rest * terms.fraction_price // terms.per
        paid = shares * self.price // terms.per + in_lieu
        return ExchangeQuote(paid, -(-shares * terms.pays // terms.per), whole, in_lieu)


class Exchanges:
    """The exchanges in which shares of one token are given or had, as far as events were entered.

    Money is told of those in which they are given: who reads the other token tells of the others.
    """

    def __init__(self, token: str) -> None:
        self.token = token
        self.by_id: dict[int, ExchangeAccount] = {}
        self.broken: list[tuple[int, str, str, str]] = []
        """An exchange, what is wrong in it, what the event says, and what the law says."""
        self._enter: Mapping[str, Callable[[ExchangeAccount, DecodedEvent, int], None]] = {
            "Funded": self._funded,
            "Drained": self._went_back,
            "PriceSet": self._priced,
            "Exchanged": self._exchanged,
            "Owed": self._owed,
            "Taken": self._taken,
            "HoldEnded": self._untied,
            "Swept": self._swept,
            "Closed": self._went_back,
            "Cancelled": self._went_back,
        }

    def __len__(self) -> int:
        return len(self.by_id)

    @property
    def given(self) -> Iterator[ExchangeAccount]:
        """Those in which shares of this token are given."""
        return (one for one in self.by_id.values() if one.terms.token == self.token)

    @property
    def currencies(self) -> set[str]:
        """Every currency that shares of this token were given for."""
        return {one.terms.currency for one in self.given} - {ZERO_ADDRESS}

    def of_event(self, event: DecodedEvent) -> ExchangeAccount | None:
        """The exchange that an event is about; None if it is of no concern to this token."""
        return self.by_id.get(int(event.args.get("id", 0)))

    # ------------------------------------------------------------------------- events

    def apply(self, event: DecodedEvent, timestamp: int) -> None:
        """Enter an event of the contract: those of other tokens' exchanges are passed over."""
        if event.name == "Opened":
            self._opened(event, timestamp)
            return
        found, enter = self.of_event(event), self._enter.get(event.name)
        if found is not None and enter is not None:
            enter(found, event, timestamp)

    def _opened(self, event: DecodedEvent, timestamp: int) -> None:
        terms, number = ExchangeTerms.of(event.args["terms"]), int(event.args["id"])
        if self.token in (terms.token, terms.other):
            moment, transaction = moment_of(event, timestamp), transaction_of(event)
            self.by_id[number] = ExchangeAccount(number, terms, moment, transaction, terms.gets)

    def _funded(self, one: ExchangeAccount, event: DecodedEvent, _: int) -> None:
        one.funds += int(event.args["amount"])
        one.received += int(event.args["amount"])

    def _went_back(self, one: ExchangeAccount, event: DecodedEvent, _: int) -> None:
        one.funds -= int(event.args["amount"])
        one.went_back += int(event.args["amount"])
        if event.name != "Drained":
            one.step = ExchangeStep(event.name.lower())

    def _priced(self, one: ExchangeAccount, event: DecodedEvent, _: int) -> None:
        one.price = int(event.args["price"])

    def _exchanged(self, one: ExchangeAccount, event: DecodedEvent, timestamp: int) -> None:
        args, brought = event.args, ExchangeQuote.of(event.args)
        holder, shares = str(args["holder"]), int(args["shares"])
        law = one.quote(shares)
        if brought != law:
            figure = f"what {shares} shares of {holder} brought"
            self.broken.append((one.id, figure, str(brought), str(law)))
        one.funds -= brought.paid
        one.paid += brought.paid
        one.due += brought.due
        one.exchanged += shares
        one.entries.append(
            Exchanged(
                moment_of(event, timestamp),
                transaction_of(event),
                holder,
                str(args["payee"]),
                shares,
                brought,
                bytes(args["note"]),
            )
        )

    def _owed(self, one: ExchangeAccount, event: DecodedEvent, _: int) -> None:
        one.owed += int(event.args["paid"])
        one.owed_other += int(event.args["otherShares"])
        one.owed_to[str(event.args["holder"])] += int(event.args["paid"])

    def _taken(self, one: ExchangeAccount, event: DecodedEvent, _: int) -> None:
        one.owed -= int(event.args["paid"])
        one.owed_other -= int(event.args["otherShares"])
        one.owed_to[str(event.args["holder"])] -= int(event.args["paid"])

    def _untied(self, one: ExchangeAccount, event: DecodedEvent, _: int) -> None:
        one.moved |= {str(event.args["holder"]), str(event.args["account"])}

    def _swept(self, one: ExchangeAccount, event: DecodedEvent, _: int) -> None:
        one.owed -= int(event.args["paid"])
        one.swept = True

    # ------------------------------------------------------------------------- trades

    def brought(self, trade: Trade) -> Brought | None:
        """What the shares of a trade brought in an exchange; None for any other trade."""
        for one in self.given if trade.source.startswith(_SOURCE) else ():
            if trade.source == f"{_SOURCE}{one.id}":
                for entry in one.entries:
                    if (entry.moment, entry.holder) == (trade.moment, trade.seller):
                        return Brought(one.terms.currency, entry.brought)
        return None

    def trade(self, event: DecodedEvent, timestamp: int) -> Trade | None:
        """The sale that an `Exchanged` tells of, of shares that brought money and nothing else."""
        one = self.of_event(event)
        if one is None or event.name != "Exchanged" or one.terms.token != self.token:
            return None
        terms, args = one.terms, event.args
        return Trade(
            moment=moment_of(event, timestamp),
            transaction=transaction_of(event),
            seller=str(args["holder"]),
            buyer=ZERO_ADDRESS if terms.burns else terms.acquirer,
            shares=int(args["shares"]),
            currency="" if one.exit in (Exit.EXCHANGE, Exit.RETIREMENT) else terms.currency,
            paid=int(args["paid"]) if one.exit not in (Exit.EXCHANGE, Exit.RETIREMENT) else 0,
            source=f"{_SOURCE}{one.id}",
        )
