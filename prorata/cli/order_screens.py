# SPDX-License-Identifier: MIT
"""What the commands of orders show: an order, what a fill would do, what it did, and the board."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from prorata.cli.changes import sent_facts
from prorata.cli.output import escape
from prorata.cli.session import Session
from prorata.deployments.deployment import Deployment
from prorata.files.writer import json_object
from prorata.market.fills import FillCheck, Filled, Moved, check_fill, order_title
from prorata.market.order_book import ANYBODY, Best, OrderBook, PostedOrder
from prorata.market.order_files import SignedOrder
from prorata.market.order_obstacles import OF_MAKER, obstacles_in_words
from prorata.market.order_terms import price_of, price_text
from prorata.market.orders import next_record
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.amounts import Amount, format_units
from prorata.values.times import lasting, moment

__all__ = [
    "show_book",
    "show_check",
    "show_filled",
    "show_order",
    "show_preview",
    "warn_of_maker",
    "warn_of_record",
]


def _worded(amount: Amount) -> str:
    return f"{amount.text} {amount.currency}"


# ---------------------------------------------------------------------------------------- an order


def show_order(session: Session, signed: SignedOrder, path: Path) -> None:
    """What was signed, or is to be, and how it goes on."""
    order = signed.order
    price = price_text(price_of(order, signed.share_unit, signed.money_unit), signed.money_unit)
    rows = [
        ("maker", order.maker),
        ("gives", _worded(signed.give_unit.amount(order.give_amount))),
        ("takes", _worded(signed.take_unit.amount(order.take_amount))),
        ("price", f"{price} {signed.money_unit.symbol} a share"),
        ("filled", _manner(signed)),
        ("by", "anybody" if order.taker == ZERO_ADDRESS else order.taker),
        ("until", moment(order.valid_until)),
        ("ends with", f"record {order.record}" if order.record else "no record"),
        *_parts_of_money(signed),
        ("nonce", str(order.nonce)),
    ]
    title = f"{'Signed' if signed.signature else 'To be signed'}: {order_title(signed)}"
    session.output.table(title, ("", ""), rows)
    session.output.say(f"  {'digest':<12}0x{signed.digest.hex()}")
    if signed.signature:
        session.output.say(f"{path} is the order: `prorata order fill {path}` fills it")
    else:
        session.output.say(
            f"{path} is to be signed by {order.maker}: `prorata order sign --from {path} "
            "--signature 0x… --out FILE` takes what it signed"
        )
    facts: dict[str, Any] = {
        "file": str(path),
        "signed": bool(signed.signature),
        "digest": f"0x{signed.digest.hex()}",
        "maker": order.maker,
        "gives": signed.give_unit.amount(order.give_amount, order.give),
        "takes": signed.take_unit.amount(order.take_amount, order.take),
        "price": str(price_of(order, signed.share_unit, signed.money_unit)),
        "valid_until": moment(order.valid_until),
        "nonce": str(order.nonce),
        "permit": signed.permit is not None,
    }
    if not signed.signature:
        facts["typed_data"] = signed.message
    session.output.result(json_object(facts))


def _manner(signed: SignedOrder) -> str:
    order = signed.order
    if not order.in_parts:
        return "whole or not at all"
    return f"in parts, each of {_worded(signed.give_unit.amount(order.least_fill))} or more"


def _parts_of_money(signed: SignedOrder) -> list[tuple[str, str]]:
    order, rows = signed.order, []
    for name, bps, receiver, whose in (
        ("fee", order.fee_bps, order.fee_to, "out of what the seller gets"),
        ("tax", order.tax_bps, order.tax_to, "on top of what the buyer pays"),
    ):
        if bps:
            rows.append((name, f"{format_units(bps, 2)}% to {receiver}, {whose}"))
    return rows


def warn_of_record(session: Session, found: Deployment, signed: SignedOrder) -> None:
    """Say where a record ends the order before its time does."""
    order = signed.order
    if not order.record or order.record_token != found.token().address:
        return
    coming = next_record(found.token(), found.chain.now())
    if coming.number != order.record or coming.closes_at is None:
        return
    if coming.closes_at < order.valid_until:
        away = lasting(max(0, coming.closes_at - found.chain.now()))
        session.output.notice(
            f"record {order.record} closes at {moment(coming.closes_at)}, in {away}, and the order "
            "ends with it; --through-records signs one that does not"
        )


def warn_of_maker(session: Session, found: Deployment, signed: SignedOrder) -> None:
    """Say what keeps an order that was just signed from being filled, whoever would."""
    if not signed.signature:
        return
    order = signed.order
    taker = ANYBODY if order.taker == ZERO_ADDRESS else order.taker
    check = check_fill(found.chain, signed, taker)
    against = [one for one in check.obstacles if one.code in OF_MAKER]
    for sentence in obstacles_in_words(check.case, against):
        session.output.notice(f"it cannot be filled yet: {escape(sentence)}")


# ------------------------------------------------------------------------------------------ a fill


def show_check(session: Session, check: FillCheck) -> None:
    """Whether a fill would pass, what it would cost, and everything in its way."""
    verdict = "would pass" if check.passes else "would be refused"
    taker = check.case.taker
    session.output.say(f"A fill by {taker} {verdict}: {escape(check.moved.label)}")
    _say_moved(session, check.moved)
    for sentence in check.sentences:
        session.output.say(f"  - {escape(sentence)}")
    session.output.say(f"The most that would pass now: {_worded(check.most)}")
    session.output.result(check.as_json())


def show_preview(session: Session, check: FillCheck) -> None:
    """What a fill that is not sent would do."""
    session.output.say(f"Would {escape(check.moved.label)}; nothing was sent")
    _say_moved(session, check.moved)
    for sentence in check.sentences:
        session.output.say(f"  - {escape(sentence)}")
    session.output.result({"dry_run": True, **check.as_json()})


def show_filled(session: Session, done: Filled) -> None:
    """What a fill did, now or before."""
    receipt = done.receipt
    if receipt.resumed:
        session.output.say(
            f"Nothing was sent: filled before in {receipt.hash}: {escape(done.moved.label)}"
        )
    else:
        session.output.say(f"Filled in {receipt.hash}: {escape(done.moved.label)}")
    _say_moved(session, done.moved)
    order = done.moved.signed.order
    facts = {"maker": order.maker, **done.moved.as_json(), **sent_facts(receipt)}
    session.output.result(json_object(facts))


def _say_moved(session: Session, moved: Moved) -> None:
    unit, order = moved.signed.money_unit, moved.signed.order
    rows = [
        ("gives", _worded(moved.gives)),
        ("gets", _worded(moved.gets)),
    ]
    if moved.price is not None:
        rows.append(("price", f"{price_text(moved.price, unit)} {unit.symbol} a share"))
    for name, amount, receiver, payer in (
        ("fee", moved.fee, order.fee_to, "the seller"),
        ("tax", moved.tax, order.tax_to, "the buyer"),
    ):
        if amount:
            rows.append((name, f"{_worded(unit.amount(amount))} to {receiver}, borne by {payer}"))
    for name, text in rows:
        session.output.say(f"  {name:<12}{text}")


# --------------------------------------------------------------------------------------- the board


def show_book(
    session: Session,
    found: Deployment,
    book: OrderBook,
    best: Sequence[Best],
    csv_path: Path | None,
) -> None:
    """The orders that were posted, and the best prices.

    Money that the asset's file does not name has its address, for anybody's can be called USD.
    """
    symbol, known = found.settings.symbol, {*found.currencies.values()}
    if not book.orders:
        session.output.say(f"No order about {symbol} is to be shown")
    else:
        more = "`--csv FILE` writes them all" if csv_path is None else f"in {csv_path}"
        columns = ("order", "left>", "price", "maker", "state")
        rows = [_line(one, known) for one in book.orders]
        session.output.table(f"Orders about {symbol}", columns, rows, more=more)
    for one in best:
        bid, ask, spread = (
            "none" if price is None else price_text(price, one.unit)
            for price in (one.bid, one.ask, one.spread)
        )
        money = one.unit.symbol if one.currency in known else one.currency
        session.output.say(f"  {money:<12}bid {bid}, ask {ask}, spread {spread}")
    session.output.result(
        json_object(
            {
                "asset": symbol,
                "orders": [one.as_json() for one in book.orders],
                "best": [one.as_json() for one in best],
            }
        )
    )


def _line(one: PostedOrder, known: Collection[str]) -> tuple[str, ...]:
    row = one.row
    money = row.currency if row.money in known else row.money
    state = row.state
    if one.is_alive:
        some = "" if one.open == one.left else f" for {row.open.text}"
        state = f"open{some} until {row.valid_until[:10]}"
    size, price = f"{row.side} {row.shares.text}", f"{row.price} {money}"
    return (size, row.left.text, price, row.maker, state)
