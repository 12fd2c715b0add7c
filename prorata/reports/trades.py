# SPDX-License-Identifier: MIT
"""Trades in reports: how shares moved, what is held of them, and a person's gains in a year.

A sale takes the oldest lots first. Its cost and gain stand where the cost of all of its lots is
known, in the currency of the sale; where it is not, the row says so and no gain is made up.
Proceeds are after the venue's fee; the cost of a purchase has the tax in it.

A trade counts in the year in which it was settled, in the calendar of the holder's rule. Shares
of a lost wallet belong to the person, whose lots go on in the wallet it has now.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from pydantic import BaseModel, ConfigDict

from prorata.files.writer import Row
from prorata.ledger.audits import Audit
from prorata.ledger.books import Books
from prorata.ledger.lots import LotPart, gain_of
from prorata.ledger.movements import Movement, MovementKind, Movements
from prorata.ledger.trades import Trade
from prorata.market.order_terms import price_text
from prorata.reports.calls import CallOrderRow, call_facts
from prorata.tax.years import YearRules
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.amounts import Amount
from prorata.values.times import iso, year_of
from prorata.values.words import counted

__all__ = [
    "UNKNOWN_COST",
    "DeliveryRow",
    "LotRow",
    "MovementRow",
    "PurchaseRow",
    "SaleRow",
    "TradeLine",
    "TradeTotal",
    "YearTrading",
    "held_rows",
    "movement_rows",
    "movement_words",
    "movements_in",
    "trade_lines",
    "trading_facts",
    "year_trading",
]

UNKNOWN_COST = "cost not known here"

_NAMES = {
    MovementKind.ISSUE: ("issue", "issues"),
    MovementKind.BURN: ("burn", "burns"),
    MovementKind.TRADE: ("trade", "trades"),
    MovementKind.ALLOTMENT: ("allotment in an offering", "allotments in offerings"),
    MovementKind.AUCTION: ("trade in an auction", "trades in auctions"),
    MovementKind.TENDER: ("tender", "tenders"),
    MovementKind.RETURN: ("return to an offering", "returns to offerings"),
    MovementKind.REDEMPTION: ("redemption", "redemptions"),
    MovementKind.MATURITY: ("redemption at maturity", "redemptions at maturity"),
    MovementKind.SQUEEZE_OUT: ("squeeze-out", "squeeze-outs"),
    MovementKind.RETIREMENT: ("retirement", "retirements"),
    MovementKind.EXCHANGE: ("exchange for other shares", "exchanges for other shares"),
    MovementKind.DELIVERY: ("delivery from a hold", "deliveries from holds"),
    MovementKind.CUSTODY: ("movement into or out of care", "movements into or out of care"),
    MovementKind.ORDER: ("order of an agent", "orders of an agent"),
    MovementKind.RECOVERY: ("recovery", "recoveries"),
    MovementKind.TRANSFER: ("other transfer", "other transfers"),
}

_NOT_IN_STATEMENTS = (
    MovementKind.ISSUE,
    MovementKind.BURN,
    MovementKind.CUSTODY,
    MovementKind.ORDER,
    MovementKind.RECOVERY,
    MovementKind.TRANSFER,
)
_DELIVERIES = (MovementKind.DELIVERY, MovementKind.EXCHANGE)
"""Which, of those that are no trades, went to or from somebody."""

_WITHOUT_PRICE = {
    MovementKind.RETIREMENT: "retired",
    MovementKind.EXCHANGE: "an exchange for other shares",
}


class MovementRow(Row):
    """How shares moved, other than at issue and by plain transfers."""

    time: str
    kind: str
    giver: str
    receiver: str
    shares: Amount
    price: str
    currency: str
    currency_address: str
    paid: Amount | None
    fee: Amount | None
    tax: Amount | None
    reference: str
    transaction: str


class LotRow(Row):
    """Shares of one lot that a sale took."""

    acquired_on: str
    origin: str
    shares: Amount
    cost: Amount | None


class SaleRow(Row):
    """Shares that a person sold; `kind` says how, if not to somebody who traded."""

    sold_on: str
    kind: str
    account: str
    buyer: str
    shares: Amount
    price: str
    currency: str
    currency_address: str
    gross: Amount | None
    fee: Amount | None
    proceeds: Amount | None
    acquired_from: str
    acquired_to: str
    cost: Amount | None
    gain: Amount | None
    note: str
    transaction: str


class PurchaseRow(Row):
    """Shares that a person bought; `kind` says how, if not from somebody who traded."""

    bought_on: str
    kind: str
    account: str
    seller: str
    shares: Amount
    price: str
    currency: str
    currency_address: str
    gross: Amount | None
    tax: Amount | None
    cost: Amount | None
    note: str
    transaction: str


class DeliveryRow(Row):
    """Shares that went from or to a person out of a hold."""

    delivered_on: str
    account: str
    direction: str
    other: str
    shares: Amount
    reference: str
    transaction: str


class TradeLine(Row):
    """A sale, a purchase or a delivery, as a file of a person's trades has it."""

    kind: str
    date: str
    account: str
    other: str
    shares: Amount
    price: str = ""
    currency: str = ""
    currency_address: str = ""
    gross: Amount | None = None
    fee: Amount | None = None
    tax: Amount | None = None
    proceeds: Amount | None = None
    cost: Amount | None = None
    gain: Amount | None = None
    note: str = ""
    transaction: str


class TradeTotal(Row):
    """All of a person's trades of a year in one currency.

    `cost` and `gain` are of those sales of which the cost is known, `sales_of_known_cost` of them.
    """

    currency: str
    currency_address: str
    sales: int
    proceeds: Amount
    sales_of_known_cost: int
    cost: Amount
    gain: Amount
    purchases: int
    paid: Amount


class YearTrading(BaseModel):
    """A person's trades in a year, and what it had when the year ended."""

    model_config = ConfigDict(frozen=True)

    sales: Sequence[SaleRow]
    lots_sold: Sequence[Sequence[LotRow]]
    """For each sale the lots that it took, the oldest first."""
    purchases: Sequence[PurchaseRow]
    deliveries: Sequence[DeliveryRow]
    orders: Sequence[CallOrderRow]
    """Those that were placed in calls in the year."""
    totals: Sequence[TradeTotal]
    shares_at_end: Amount
    held_at_end: Amount
    """How many of them were held for somebody else."""
    note: str = (
        "The oldest shares are sold first. Gains are in the currency of the sale, after the "
        "venue's fee and with the tax on the purchase in the cost. This is not tax advice."
    )


# ------------------------------------------------------------------------------------ movements


def movement_rows(books: Books, token: str) -> list[MovementRow]:
    """Trades, deliveries, and whatever else was no issue and no plain transfer, in order."""
    movements = books.movements.get(token)
    return [] if movements is None else [_movement(books, token, one) for one in movements.listed]


def movement_words(books: Books, token: str) -> str:
    """How often shares moved, by kind, in one sentence."""
    unit, totals = books.unit(token), books.movements[token].totals()
    said = [
        f"{counted(number, *_NAMES[kind])} of {unit.amount(shares).figure}"
        for kind, (number, shares) in totals.items()
        if number
    ]
    return f"Shares moved in {', '.join(said)}"


def held_rows(books: Books, token: str) -> Iterator[tuple[str, ...]]:
    """For each person of whose shares some are held: the wallet, and what makes the number up."""
    holds, ledger, unit = books.movements[token].holds, books.ledgers[token], books.unit(token)
    persons: dict[str, list[str]] = {}
    for account in holds.accounts():
        persons.setdefault(ledger.claimant_of(account), []).append(account)
    for person, wallets in persons.items():
        found = holds.figures(wallets)
        amounts = found.held, found.open_holds, found.kept, found.taken_by_order
        if any(amounts):
            yield (person, *(unit.amount(amount).figure for amount in amounts))


def _movement(books: Books, token: str, one: Movement) -> MovementRow:
    trade = one.trade
    reference = one.reference
    if trade is not None:
        order = f"order {trade.nonce} of {trade.maker}" if trade.maker else trade.digest
        reference = trade.source or order
    return MovementRow(
        time=iso(one.moment[0]),
        kind=one.kind.value,
        giver=one.giver,
        receiver=one.receiver,
        shares=books.unit(token).amount(one.shares),
        **_priced(books, token, trade),
        paid=_money(books, trade, "paid"),
        fee=_money(books, trade, "fee"),
        tax=_money(books, trade, "tax"),
        reference=reference,
        transaction=one.transaction,
    )


def _priced(books: Books, token: str, trade: Trade | None) -> dict[str, Any]:
    """Price and currency of a trade; empty for what has none."""
    if trade is None or not trade.priced:
        return {"price": "", "currency": "", "currency_address": ""}
    money, shares = books.unit(trade.currency), books.unit(token)
    price = ""
    if trade.shares and trade.paid:
        paid = Fraction(trade.paid, 10**money.decimals)
        price = price_text(paid / Fraction(trade.shares, 10**shares.decimals), money)
    return {"price": price, "currency": money.symbol, "currency_address": trade.currency}


def _money(books: Books, trade: Trade | None, name: str) -> Amount | None:
    """One of a trade's amounts; None where it has no price."""
    if trade is None or not trade.priced:
        return None
    return books.unit(trade.currency).amount(getattr(trade, name))


# ---------------------------------------------------------------------------------------- a year


@dataclass(frozen=True)
class _Sold:
    """A sale, and the lots that it took."""

    movement: Movement
    trade: Trade
    parts: tuple[LotPart, ...]

    @property
    def known(self) -> tuple[int, int] | None:
        """Cost and gain, if the cost of all of its lots is known."""
        if not self.trade.priced:
            return None
        return gain_of(self.trade.proceeds, self.trade.currency, self.parts)


def movements_in(
    books: Books, token: str, year: int, rules: YearRules
) -> dict[str, list[Movement]]:
    """Everybody's trades and deliveries in a year, by person; the giver's and the receiver's.

    What went in calls and exchanges is among them; nobody gives what was minted.
    """
    movements, ledger = books.movements.get(token), books.ledgers[token]
    persons: dict[str, list[Movement]] = {}
    for one in () if movements is None else movements.listed:
        if one.kind in _NOT_IN_STATEMENTS:
            continue
        # From the holds contract's care it is the owner that gives: that of the hold.
        wallets = {one.owner or one.giver, one.receiver} - {ZERO_ADDRESS}
        for person in {ledger.claimant_of(wallet) for wallet in wallets}:
            if year_of(one.moment[0], rules.rule_of(person).calendar) == year:
                persons.setdefault(person, []).append(one)
    return persons


def year_trading(
    books: Books,
    token: str,
    movements: Sequence[Movement],
    wallets: Sequence[str],
    ends_at: int,
    *,
    orders: Sequence[CallOrderRow] = (),
) -> YearTrading:
    """A person's trades in a year that ends with a second, and what its wallets have then.

    `movements` are those of the year that `movements_in` found to be the person's, `orders` those
    that it placed in calls (`prorata.reports.calls`).
    """
    mine = frozenset(wallets)
    trades = [(one, one.trade) for one in movements if one.trade is not None]
    lots = books.lots_of(token)
    sold = [_Sold(one, trade, lots.sold(one)) for one, trade in trades if one.giver in mine]
    bought = [(one, trade) for one, trade in trades if one.receiver in mine]
    delivered = [one for one in movements if one.kind in _DELIVERIES and one.trade is None]
    shares, held = _at_end(books, token, wallets, ends_at)
    return YearTrading(
        sales=[_sale(books, token, one) for one in sold],
        lots_sold=[[_lot(books, token, part) for part in one.parts] for one in sold],
        purchases=[_purchase(books, token, *one) for one in bought],
        deliveries=[row for one in delivered for row in _deliveries(books, token, one, mine)],
        orders=list(orders),
        totals=list(_totals(books, sold, [trade for _, trade in bought])),
        shares_at_end=books.unit(token).amount(shares),
        held_at_end=books.unit(token).amount(held),
    )


def _at_end(books: Books, token: str, wallets: Sequence[str], second: int) -> tuple[int, int]:
    """Shares of some wallets when a year ended, or now, and how many of them were held."""
    ledger, movements = books.ledgers[token], books.movements[token]
    time = min(second, ledger.until)
    cared_for = sum(movements.holds.custody_of(wallet, time) for wallet in wallets)
    own = sum(ledger.balance_at_time(wallet, time) for wallet in wallets)
    return own + cared_for, movements.holds.held_at(wallets, time)


def _sale(books: Books, token: str, one: _Sold) -> SaleRow:
    trade, parts, known = one.trade, one.parts, one.known
    unit = books.unit(trade.currency)
    cost, gain = (None, None) if known is None else map(unit.amount, known)
    return SaleRow(
        sold_on=iso(trade.time),
        kind=_kind(one.movement, "sale"),
        account=one.movement.giver,
        buyer=one.movement.receiver,
        shares=books.unit(token).amount(trade.shares),
        **_priced(books, token, trade),
        gross=_money(books, trade, "paid"),
        fee=_money(books, trade, "fee"),
        proceeds=_money(books, trade, "proceeds"),
        acquired_from=iso(parts[0].acquired_at[0]) if parts else "",
        acquired_to=iso(parts[-1].acquired_at[0]) if parts else "",
        cost=cost,
        gain=gain,
        note=_note(books, token, one.movement, known=known is not None),
        transaction=trade.transaction,
    )


def _kind(one: Movement, plain: str) -> str:
    return plain if one.kind is MovementKind.TRADE else one.kind.value


def _note(books: Books, token: str, one: Movement, *, known: bool) -> str:
    assert one.trade is not None
    if one.trade.priced:
        return "" if known else UNKNOWN_COST
    said = _WITHOUT_PRICE.get(one.kind, "a trade without a price of its own")
    brought = books.movements[token].exchanges.brought(one.trade)
    if brought is None:
        return said
    money = brought.currency
    for amount, words in (
        (brought.quote.paid - brought.quote.in_lieu, "paid"),
        (brought.quote.in_lieu, "paid in lieu of a fraction"),
        (brought.quote.due, "paid for it by the holder"),
    ):
        if amount:
            said += f", {books.money(money, amount)} {words}"
    return said


def _lot(books: Books, token: str, part: LotPart) -> LotRow:
    cost = part.cost
    return LotRow(
        acquired_on=iso(part.acquired_at[0]),
        origin=part.lot.origin,
        shares=books.unit(token).amount(part.shares),
        cost=None if cost is None else books.unit(part.lot.currency).amount(cost),
    )


def _purchase(books: Books, token: str, one: Movement, trade: Trade) -> PurchaseRow:
    return PurchaseRow(
        bought_on=iso(trade.time),
        kind=_kind(one, "purchase"),
        account=one.receiver,
        seller=one.giver,
        shares=books.unit(token).amount(trade.shares),
        **_priced(books, token, trade),
        gross=_money(books, trade, "paid"),
        tax=_money(books, trade, "tax"),
        cost=_money(books, trade, "cost"),
        note=_note(books, token, one, known=True),
        transaction=trade.transaction,
    )


def _deliveries(
    books: Books, token: str, one: Movement, mine: frozenset[str]
) -> Iterator[DeliveryRow]:
    giver = one.owner or one.giver
    for account, other, direction in (
        (giver, one.receiver, "given"),
        (one.receiver, giver, "received"),
    ):
        if account in mine:
            yield DeliveryRow(
                delivered_on=iso(one.moment[0]),
                account=account,
                direction=direction,
                other=other,
                shares=books.unit(token).amount(one.shares),
                reference=one.reference,
                transaction=one.transaction,
            )


def _totals(books: Books, sold: Sequence[_Sold], bought: Sequence[Trade]) -> Iterator[TradeTotal]:
    """One row per currency, in order of address."""
    currencies = {one.trade.currency for one in sold} | {trade.currency for trade in bought}
    for currency in sorted(currencies - {""}):
        unit = books.unit(currency)
        sales = [one for one in sold if one.trade.currency == currency]
        known = [one.known for one in sales if one.known is not None]
        paid = [trade.cost for trade in bought if trade.currency == currency]
        yield TradeTotal(
            currency=unit.symbol,
            currency_address=currency,
            sales=len(sales),
            proceeds=unit.amount(sum(one.trade.proceeds for one in sales)),
            sales_of_known_cost=len(known),
            cost=unit.amount(sum(cost for cost, _ in known)),
            gain=unit.amount(sum(gain for _, gain in known)),
            purchases=len(paid),
            paid=unit.amount(sum(paid)),
        )


def trade_lines(trading: YearTrading) -> list[TradeLine]:
    """Sales, purchases and deliveries in order of time."""
    lines = [_sold_line(row) for row in trading.sales]
    lines += [_bought_line(row) for row in trading.purchases]
    lines += [_delivered_line(row) for row in trading.deliveries]
    return sorted(lines, key=lambda line: line.date)


def _sold_line(row: SaleRow) -> TradeLine:
    kind = row.kind if row.kind == "sale" else f"sale, {row.kind}"
    return TradeLine(**{**_alike(row), "kind": kind}, date=row.sold_on, other=row.buyer)


def _bought_line(row: PurchaseRow) -> TradeLine:
    kind = row.kind if row.kind == "purchase" else f"purchase, {row.kind}"
    return TradeLine(**{**_alike(row), "kind": kind}, date=row.bought_on, other=row.seller)


def _alike(row: Row) -> dict[str, Any]:
    """The columns that a line has under the same names."""
    return {name: value for name, value in row if name in TradeLine.model_fields}


def _delivered_line(row: DeliveryRow) -> TradeLine:
    return TradeLine(
        kind=f"delivery {row.direction}",
        date=row.delivered_on,
        account=row.account,
        other=row.other,
        shares=row.shares,
        note=row.reference,
        transaction=row.transaction,
    )


# ------------------------------------------------------------------------------------- for programs


def trading_facts(audit: Audit, token: str) -> dict[str, Any]:
    """How the shares of a token moved and what is held of them, for `books.json`."""
    books, movements = audit.books, audit.books.movements.get(token)
    if movements is None:
        return {}
    unit, figures = books.unit(token), movements.holds.figures()
    totals = movements.totals()
    return {
        "settlement": movements.market.settlement,
        "holds": movements.market.holds,
        "movements": {
            kind.value: {"number": number, "shares": unit.amount(shares)}
            for kind, (number, shares) in totals.items()
        },
        "held": {
            "on_token": unit.amount(figures.held),
            "open_holds": unit.amount(figures.open_holds),
            "kept": unit.amount(figures.kept),
            "taken_by_order": unit.amount(figures.taken_by_order),
            "by_others": unit.amount(figures.by_others),
            "difference": unit.amount(figures.difference),
        },
        "care": list(_care(audit, token, movements)),
        **call_facts(books, token),
        "listed": movement_rows(books, token),
    }


def _care(audit: Audit, token: str, movements: Movements) -> Iterator[dict[str, Any]]:
    """What the holds contract has in its care of each asset, and what lies at the settlement."""
    answers, holds = audit.trading[token], movements.holds
    for asset in sorted({*answers.cared_for, *answers.at_settlement}):
        unit = audit.books.unit(asset)
        promised = holds.in_custody if asset == token else holds.currencies[asset]
        yield {
            "asset": asset,
            "symbol": unit.symbol,
            "promised": unit.amount(promised),
            "there": unit.amount(answers.cared_for.get(asset, 0)),
            "at_settlement": unit.amount(answers.at_settlement.get(asset, 0)),
        }
