# SPDX-License-Identifier: MIT
"""Show what was traded, when, and at what price."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from prorata.cli.command import Command, reading_options
from prorata.cli.output import Output
from prorata.cli.session import Session
from prorata.files.writer import write_csv_rows
from prorata.market.order_terms import price_text
from prorata.market.tape import Figures, PrintRow, Tape, TapeRow, read_tape
from prorata.values.addresses import check_address
from prorata.values.amounts import Unit
from prorata.values.times import parse_beginning, parse_time
from prorata.values.words import counted

EXAMPLES = (
    "prorata tape",
    "prorata tape --from 2027-01-01 --to 2027-03-31 --csv trades.csv",
)


@click.command(cls=Command, examples=EXAMPLES)
@click.option("--from", "first", help="The first second or day.  [default: the asset's first]")
@click.option("--to", "last", help="The last second, or the day at whose end it ends.")
@click.option(
    "--csv",
    "csv_path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write every trade and delivery to this file.",
)
@click.option("--settlement", help="Another settlement contract than the usual one.")
@reading_options
def cli(first: str | None, last: str | None, csv_path: Path | None, **options: Any) -> None:
    """Show what was traded, when, and at what price.

    Trades are filled orders and settled trades, read from events. A price is for a whole share, fee
    and tax apart; the average of a day, or of all, is weighted by volume. A trade of several legs
    has no price of its own, and a delivery from a hold is no trade: both are listed without one. Of
    calls that were closed it shows the one price and the lots; what holders sold in them is a trade
    each.
    The spread is that of the posted orders that somebody could fill now.

    Nobody says that a price is fair: two wallets of one person can trade with each other.
    """
    session = Session.of(options)
    since = None if first is None else parse_beginning("from", first)
    until = None if last is None else parse_time("to", last)
    named = options["settlement"]
    settlement = None if named is None else check_address("settlement", named)
    with session.reading() as found:
        tape = read_tape(found, settlement).between(since, until)
        symbol = found.settings.symbol
    if csv_path is not None:
        write_csv_rows(csv_path, TapeRow, tape.rows)
    _show(session.output, symbol, tape, csv_path)
    session.output.result(tape.as_json())


def _show(output: Output, symbol: str, tape: Tape, csv_path: Path | None) -> None:
    rows = tape.rows
    if not rows and not tape.prints:
        output.say(f"Nothing was traded in {symbol}")
    elif rows:
        more = f"in {csv_path}" if csv_path else "`--csv FILE` writes them all"
        title = f"{symbol}: {counted(len(tape.trades), 'trade')}, the newest first"
        columns = ("time", "kind", "shares>", "price>", "currency", "seller", "buyer")
        output.table(title, columns, [_cells(row) for row in reversed(rows)], more=more)
    if tape.prints:
        heads = ("time", "call", "price>", "currency", "shares>", "lots bid>", "asked>", "stage")
        output.table("Calls, the newest first", heads, [_print(one) for one in tape.prints[::-1]])
    for currency in tape.currencies:
        _show_currency(output, tape, currency)
    if len(tape.days) > 1:
        columns = ("day", "currency", "volume>", "last>", "high>", "low>", "average>")
        output.table("By day, the newest first", columns, list(_days(tape))[::-1])
    if csv_path is not None:
        output.say(f"Every line is in {csv_path}")


def _days(tape: Tape) -> Iterator[tuple[str, ...]]:
    for day, currency, figures in tape.days:
        unit, volume = tape.unit(currency), tape.share_unit.amount(figures.volume).figure
        yield (day, unit.symbol, volume, *_prices(figures, unit))


def _prices(figures: Figures, unit: Unit) -> list[str]:
    """The last, highest, lowest and average price."""
    prices = (figures.last, figures.high, figures.low, figures.average)
    return ["none" if price is None else price_text(price, unit) for price in prices]


def _cells(row: TapeRow) -> tuple[str, ...]:
    return (
        row.time,
        row.kind,
        row.shares.figure,
        row.price,
        row.currency,
        row.seller,
        row.buyer,
    )


def _print(row: PrintRow) -> tuple[str, ...]:
    return (
        row.time,
        row.kind,
        row.price,
        row.currency,
        row.shares.figure,
        str(row.demand),
        str(row.supply),
        row.stage,
    )


def _show_currency(output: Output, tape: Tape, currency: str) -> None:
    figures, unit = tape.figures(currency), tape.unit(currency)
    output.say(f"In {unit.symbol}, {currency}:")
    if figures.trades:
        volume = tape.share_unit.amount(figures.volume).figure
        names = ("last", "high", "low", "average")
        priced = zip(names, _prices(figures, unit), strict=True)
        said = ", ".join(f"{name} {price}" for name, price in priced)
        output.say(f"  {volume} shares for {_money(unit, figures.value)}; {said}")
        output.say(f"  fees {_money(unit, figures.fee)}, tax {_money(unit, figures.tax)}")
    best = next((one for one in tape.best if one.currency == currency), None)
    if best is not None:
        bid, ask, spread = (
            "none" if price is None else price_text(price, unit)
            for price in (best.bid, best.ask, best.spread)
        )
        output.say(f"  posted orders: bid {bid}, ask {ask}, spread {spread}")


def _money(unit: Unit, amount: int) -> str:
    return f"{unit.amount(amount).text} {unit.symbol}"
