# SPDX-License-Identifier: MIT
"""The trade tape of an asset: what was traded, when, and at what price, from events alone.

A price is what a whole share cost in whole units of the money, fee and tax apart, as an exact
fraction. A filled order has one; so has a settled trade of two legs, in which two people gave each
other shares and one currency. Any other trade is listed without a price, and counts in no figure
but its own number; so do deliveries from holds, which are no trades here. What holders sell to each
other in an auction are trades. An offering and a tender are not: each call that was closed is one
print, with its price and the lots that change hands at it, and counts in no other figure.

Nobody asks whether a trade is fair: two wallets of one person make whatever price they like. Of an
order in which the shares were the money, the fee and the tax are shares, and no event says so: the
books, which see what moved, give such a trade no price. Days are those of UTC.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import Any

from prorata.chain.abi import topics_of
from prorata.chain.calls import Event
from prorata.chain.events import read_events
from prorata.contracts.call_terms import CallKind
from prorata.contracts.holds import Holds
from prorata.contracts.trade_settlement import TradeSettlement
from prorata.deployments.deployment import Deployment
from prorata.files.writer import Row
from prorata.ledger.audits import usual_market
from prorata.ledger.calls import CALLING, CallAccount, Calls
from prorata.ledger.trades import TRADING, Trade, trades_in
from prorata.market.order_book import Best, read_order_book
from prorata.market.order_terms import price_text
from prorata.market.papers import token_unit
from prorata.market.singletons import CALL_AUCTION, HOLDS, SETTLEMENT, singleton_address
from prorata.values.amounts import Amount, Unit
from prorata.values.times import UTC, moment

__all__ = [
    "DayRow",
    "Delivery",
    "Figures",
    "PrintRow",
    "Tape",
    "TapeRow",
    "figures_of",
    "read_tape",
]

DELIVERING = ("Delivered", "KeptDelivered")


class TapeRow(Row):
    """A trade or a delivery, as a file has it; without a price, what depends on it is empty."""

    time: str
    kind: str
    shares: Amount
    price: str
    price_exact: str
    currency: str
    currency_address: str
    value: Amount | None
    fee: Amount | None
    tax: Amount | None
    seller: str
    buyer: str
    reference: str
    transaction: str


class DayRow(Row):
    """The trades of one day in one currency, for a program: prices are exact ratios."""

    day: str
    currency: str
    currency_address: str
    trades: int
    volume: Amount
    value: Amount
    last: str | None
    high: str | None
    low: str | None
    average: str | None
    fee: Amount
    tax: Amount


@dataclass(frozen=True)
class Delivery:
    """Shares that were delivered from a hold; `reference` is the hold, or its keeper."""

    time: int
    giver: str
    receiver: str
    shares: int
    reference: str
    transaction: str
    by_keeper: bool


class PrintRow(Row):
    """A call that was closed: its one price, for a lot, and what was asked and offered at it."""

    time: str
    kind: str
    stage: str
    price: str
    price_exact: str
    currency: str
    currency_address: str
    lots: int
    shares: Amount
    value: Amount
    demand: int
    supply: int
    call: str
    transaction: str


@dataclass(frozen=True)
class Figures:
    """Trades in one currency together; prices are for whole shares in whole units of the money.

    `average` is the value of all by their volume. A part of an order that is so small that the
    parts before it had its shares, or its money, has no price; what it has counts.
    """

    trades: int
    volume: int
    value: int
    fee: int
    tax: int
    last: Fraction | None
    high: Fraction | None
    low: Fraction | None
    average: Fraction | None


@dataclass(frozen=True)
class Tape:
    """The trades and deliveries of an asset, in order, and the best posted prices now.

    `units` say how the money of each currency is written.
    """

    share_unit: Unit
    trades: tuple[Trade, ...]
    deliveries: tuple[Delivery, ...] = ()
    units: Mapping[str, Unit] = field(default_factory=dict)
    best: tuple[Best, ...] = ()
    calls: tuple[CallAccount, ...] = ()
    """Those that were closed, in order."""

    def between(self, first: int | None, last: int | None) -> Tape:
        """The same from the second `first` to `last`, both included; None for no bound."""

        def within(time: int) -> bool:
            return (first is None or time >= first) and (last is None or time <= last)

        trades = tuple(one for one in self.trades if within(one.time))
        deliveries = tuple(one for one in self.deliveries if within(one.time))
        calls = tuple(one for one in self.calls if within(_closed(one)))
        return Tape(self.share_unit, trades, deliveries, self.units, self.best, calls)

    def price(self, trade: Trade) -> Fraction | None:
        """What a whole share cost; None for a trade, or a part so small, that has no price."""
        if not trade.priced or not trade.shares or not trade.paid:
            return None
        return self.rate(trade.currency, trade.paid, trade.shares)

    def rate(self, currency: str, paid: int, shares: int) -> Fraction:
        """What a whole share costs if so many smallest units cost so much."""
        money = Fraction(paid, 10 ** self.units[currency].decimals)
        return money / Fraction(shares, 10**self.share_unit.decimals)

    @property
    def currencies(self) -> list[str]:
        """Every currency in which there is a price or a posted order, in order of address."""
        traded = {trade.currency for trade in self.trades if trade.priced}
        return sorted(traded | {best.currency for best in self.best})

    def unit(self, currency: str) -> Unit:
        """How the amounts of a currency are written."""
        return self.units[currency]

    def figures(self, currency: str) -> Figures:
        """Everything that was traded in a currency."""
        return figures_of(self, [one for one in self.trades if one.currency == currency])

    @property
    def days(self) -> list[tuple[str, str, Figures]]:
        """Day, currency and figures of the trades, in order."""
        groups: dict[tuple[str, str], list[Trade]] = {}
        for trade in self.trades:
            if trade.priced:
                groups.setdefault((_day(trade.time), trade.currency), []).append(trade)
        return [(*key, figures_of(self, trades)) for key, trades in sorted(groups.items())]

    @property
    def unpriced(self) -> int:
        """How many trades have no price."""
        return sum(not trade.priced for trade in self.trades)

    @property
    def rows(self) -> list[TapeRow]:
        """Trades and deliveries in order of time."""
        listed = [(trade.time, self._trade_row(trade)) for trade in self.trades]
        listed += [(one.time, self._delivery_row(one)) for one in self.deliveries]
        return [row for _, row in sorted(listed, key=lambda pair: pair[0])]

    @property
    def prints(self) -> list[PrintRow]:
        """The calls that were closed, each in its first currency, in order of time."""
        return [self._print(one) for one in self.calls]

    def _print(self, one: CallAccount) -> PrintRow:
        currency, shares = one.currencies[0], one.lots * one.terms.lot
        price, unit = self.rate(currency, one.price, one.terms.lot), self.units[currency]
        return PrintRow(
            time=moment(_closed(one)),
            kind=one.label,
            stage=one.progress,
            price=price_text(price, unit),
            price_exact=str(price),
            currency=unit.symbol,
            currency_address=currency,
            lots=one.lots,
            shares=self.share_unit.amount(shares),
            value=unit.amount(one.lots * one.price),
            demand=one.demand,
            supply=one.supply,
            call=one.id,
            transaction=one.closing,
        )

    def _trade_row(self, trade: Trade) -> TapeRow:
        price, unit = self.price(trade), self.units.get(trade.currency) if trade.priced else None
        return TapeRow(
            time=moment(trade.time),
            kind="auction" if trade.source else "order" if trade.maker else "trade",
            shares=self.share_unit.amount(trade.shares),
            price="" if price is None or unit is None else price_text(price, unit),
            price_exact="" if price is None else str(price),
            currency="" if unit is None else unit.symbol,
            currency_address=trade.currency,
            value=None if unit is None else unit.amount(trade.paid),
            fee=None if unit is None else unit.amount(trade.fee),
            tax=None if unit is None else unit.amount(trade.tax),
            seller=trade.seller,
            buyer=trade.buyer,
            reference=trade.source or (str(trade.nonce) if trade.maker else trade.digest),
            transaction=trade.transaction,
        )

    def _delivery_row(self, one: Delivery) -> TapeRow:
        return TapeRow(
            time=moment(one.time),
            kind="delivery by keeper" if one.by_keeper else "delivery",
            shares=self.share_unit.amount(one.shares),
            price="",
            price_exact="",
            currency="",
            currency_address="",
            value=None,
            fee=None,
            tax=None,
            seller=one.giver,
            buyer=one.receiver,
            reference=one.reference,
            transaction=one.transaction,
        )

    def _named(self, currency: str) -> dict[str, Any]:
        return {"currency": self.units[currency].symbol, "currency_address": currency}

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        return {
            "trades": self.rows,
            "without_price": self.unpriced,
            "calls": self.prints,
            "days": [
                DayRow(day=day, **self._named(currency), **self._written(currency, figures))
                for day, currency, figures in self.days
            ],
            "currencies": [
                {
                    **self._named(currency),
                    **self._written(currency, self.figures(currency)),
                    **self._posted(currency),
                }
                for currency in self.currencies
            ],
        }

    def _written(self, currency: str, figures: Figures) -> dict[str, Any]:
        unit = self.units[currency]
        return {
            "trades": figures.trades,
            "volume": self.share_unit.amount(figures.volume),
            "value": unit.amount(figures.value),
            "last": _ratio(figures.last),
            "high": _ratio(figures.high),
            "low": _ratio(figures.low),
            "average": _ratio(figures.average),
            "fee": unit.amount(figures.fee),
            "tax": unit.amount(figures.tax),
        }

    def _posted(self, currency: str) -> dict[str, str | None]:
        """The best prices of the posted orders that are alive."""
        best = next((one for one in self.best if one.currency == currency), None)
        return {
            "bid": None if best is None else _ratio(best.bid),
            "ask": None if best is None else _ratio(best.ask),
            "spread": None if best is None else _ratio(best.spread),
        }


def _ratio(price: Fraction | None) -> str | None:
    """A price for a program, exactly: `1000` or `2000/3`."""
    return None if price is None else str(price)


def figures_of(tape: Tape, trades: Iterable[Trade]) -> Figures:
    """The figures of priced trades in one currency, in order of time."""
    listed = list(trades)
    prices = [price for trade in listed if (price := tape.price(trade)) is not None]
    volume, value = sum(one.shares for one in listed), sum(one.paid for one in listed)
    return Figures(
        trades=len(listed),
        volume=volume,
        value=value,
        fee=sum(one.fee for one in listed),
        tax=sum(one.tax for one in listed),
        last=prices[-1] if prices else None,
        high=max(prices, default=None),
        low=min(prices, default=None),
        average=tape.rate(listed[0].currency, value, volume) if volume else None,
    )


def _closed(call: CallAccount) -> int:
    return 0 if call.closed_at is None else call.closed_at[0]


def _day(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).date().isoformat()


# ---------------------------------------------------------------------------------------- reading


def read_tape(
    deployment: Deployment, settlement: str | None = None, holds: str | None = None
) -> Tape:
    """The tape of an asset, from its first block to the newest, and its order book.

    The contracts are those of every chain, if no others are named; a chain that has none has no
    trades.

    Raises: ChainError.
    """
    chain = deployment.chain
    contract = TradeSettlement(chain, settlement or singleton_address(SETTLEMENT))
    keeping = Holds(chain, holds or singleton_address(HOLDS))
    trades, deliveries, calls = _read(deployment, contract.address, keeping.address)
    best = read_order_book(deployment, contract).best if chain.code(contract.address) else []
    currencies = {trade.currency for trade in trades if trade.priced} | calls.currencies
    units = {currency: token_unit(chain, currency) for currency in sorted(currencies)}
    units.update((one.currency, one.unit) for one in best)
    closed = [one for one in calls.by_id.values() if one.closed_at is not None]
    return Tape(
        deployment.settings.unit,
        tuple(trades),
        tuple(deliveries),
        units,
        tuple(best),
        tuple(sorted(closed, key=_closed)),
    )


def _read(
    deployment: Deployment, settlement: str, holds: str
) -> tuple[list[Trade], list[Delivery], Calls]:
    token, market = deployment.token().address, usual_market()
    asked = {settlement: TRADING, holds: DELIVERING, market.auction: CALLING}
    names = {settlement: SETTLEMENT, holds: HOLDS, market.auction: CALL_AUCTION}
    topics = [topic for at, told in asked.items() if at for topic in topics_of(names[at], *told)]
    first, last = deployment.manifest.first_block, deployment.chain.block().number
    events = read_events(deployment.chain, list(filter(None, asked)), first, last, topics)
    trades: list[Trade] = []
    deliveries: list[Delivery] = []
    calls = Calls(token)
    for event, time in events:
        if event.log.address == settlement:
            trades += trades_in(event, token, time)
        elif event.log.address == market.auction:
            calls.apply(event, time)
            trades += _auctioned(calls, event, time)
        elif (
            event.name in DELIVERING
            and str(event.args["asset"]) == token
            # What calls and exchanges deliver they tell themselves.
            and event.args.get("keeper") not in (market.auction, market.exchange)
        ):
            deliveries += _delivered(event.args, time, event.log.transaction_hash)
    return trades, deliveries, calls


def _auctioned(calls: Calls, event: Event, time: int) -> Iterator[Trade]:
    """What holders sold to each other."""
    call = calls.of_event(event)
    if event.name == "Delivered" and call is not None and call.terms.kind is CallKind.AUCTION:
        trade = calls.trade(event, time)
        assert trade is not None
        yield trade


def _delivered(args: Mapping[str, Any], time: int, transaction: str) -> Iterator[Delivery]:
    keeper = args.get("keeper")
    yield Delivery(
        time=time,
        giver=str(args["owner"] if keeper else args["from"]),
        receiver=str(args["to"]),
        shares=int(args["amount"]),
        reference=str(keeper) if keeper else f"0x{bytes(args['id']).hex()}",
        transaction=transaction,
        by_keeper=keeper is not None,
    )
