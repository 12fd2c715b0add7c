# SPDX-License-Identifier: MIT
"""The tables of an analysis as people keep them: marks, prices, rates, income, flows, positions.

CSV files or workbooks, with a header. Times are days or seconds, numbers are digits; every fault
is named with its line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

from prorata.analysis.distributions import Distribution
from prorata.analysis.fields import parse_digest, parse_line, parse_number
from prorata.analysis.indices import Paid, Priced
from prorata.analysis.marks import Basis, Mark, MarkKind
from prorata.analysis.portfolio import Holding, Rate
from prorata.analysis.returns import Flow
from prorata.errors import InputError
from prorata.files.csv_reader import Sheet
from prorata.files.tabular import read_tabular
from prorata.values.kinds import Kind
from prorata.values.times import parse_time

__all__ = [
    "read_flows",
    "read_holdings",
    "read_income",
    "read_marks",
    "read_marks_of",
    "read_paid",
    "read_prices",
    "read_rates",
]

T = TypeVar("T")
Named = TypeVar("Named", bound=Enum)


@dataclass(frozen=True)
class Row:
    """One line of a table; each cell is read once, and its fault noted."""

    sheet: Sheet
    line: int
    cells: Mapping[str, str]

    def get(self, column: str, parse: Callable[[str], T]) -> T | None:
        """What a cell says, or None for one with a fault."""
        return self.sheet.cell(self.line, self.cells, column, parse)

    def text(self, column: str) -> str | None:
        """A name, a currency or a source."""
        return self.get(column, parse_line)

    def time(self, column: str) -> int | None:
        """A second; of a day alone, its last one."""
        return self.get(column, lambda text: parse_time(column, text))

    def above_nothing(self, column: str) -> Fraction | None:
        """A number over 0."""
        return self.get(column, lambda text: _least(text, over=True))

    def optional(self, column: str, parse: Callable[[str], T]) -> T | None:
        """What a cell says that may be blank or without a column."""
        return self.get(column, parse) if self.cells.get(column) else None

    def once(self, noun: str, *columns: str) -> None:
        """Note a fault where a line before says the same in these columns."""
        said = " ".join(self.cells.get(column, "") for column in columns)
        first = self.sheet.first_line(self.line, noun, said)
        if first != self.line:
            rule, remedy = f"stands on line {first} already", f"give each {noun} one line"
            self.sheet.add(self.line, columns[0], said, rule, remedy)


def _read(
    path: Path,
    noun: str,
    columns: Sequence[str],
    parse: Callable[[Row], T | None],
    optional: Sequence[str] = (),
) -> list[T]:
    """The rows of a table; each is one of what `noun` says.

    Raises: InputError with every fault.
    """

    def whole(content: str | bytes) -> list[T]:
        sheet = Sheet(str(path), columns, optional=optional, row=noun)
        found = [parse(Row(sheet, line, cells)) for line, cells in sheet.rows(content)]
        sheet.check()
        return [one for one in found if one is not None]

    return read_tabular(path, whole, dates=[name for name in columns if name in _TIMES])


_TIMES = ("time", "record", "declared", "ex")


def _least(text: str, *, over: bool = False) -> Fraction:
    number = parse_number(text)
    if number < 0 or (over and not number):
        rule = "is negative" if number < 0 else "is 0"
        raise InputError.of(None, text, rule, f"write {'more than 0' if over else '0 or more'}")
    return number


def _word(kind: type[Named]) -> Callable[[str], Named]:
    """Reads one of the words of a list."""

    def parse(text: str) -> Named:
        for one in kind:
            if text == one.value:
                return one
        words = ", ".join(str(one.value) for one in kind)
        raise InputError.of(None, text, "is no word for it", f"write one of {words}")

    return parse


def _kind(text: str) -> Kind:
    for one in Kind:
        if text == one.label:
            return one
    words = ", ".join(one.label for one in Kind)
    raise InputError.of(None, text, "is no kind of income", f"write one of {words}")


# ------------------------------------------------------------------------------------------- marks


def read_marks(path: Path) -> list[Mark]:
    """Marks: asset, time, kind, value, currency, basis, source; the document's digest if there is.

    Raises: InputError with every fault.
    """
    columns = ("asset", "time", "kind", "value", "currency", "basis", "source")
    return _read(path, "mark", columns, _mark, ("document",))


def read_marks_of(path: Path, asset: str) -> list[tuple[int, Mark]]:
    """Marks of one asset, each with its line: the same columns without `asset`.

    `supersedes` may name the mark whose place one takes.

    Raises: InputError with every fault.
    """

    def parse(row: Row) -> tuple[int, Mark] | None:
        mark = _mark(replace(row, cells={**row.cells, "asset": asset}))
        return None if mark is None else (row.line, mark)

    columns = ("time", "kind", "value", "currency", "basis", "source")
    return _read(path, "mark", columns, parse, ("document", "supersedes"))


def _mark(row: Row) -> Mark | None:
    row.once("mark", "asset", "time", "kind", "basis")
    asset, currency, source = row.text("asset"), row.text("currency"), row.text("source")
    time, value = row.time("time"), row.get("value", _least)
    kind, basis = row.get("kind", _word(MarkKind)), row.get("basis", _word(Basis))
    document = row.optional("document", parse_digest)
    supersedes = row.optional("supersedes", parse_line)
    if asset is None or currency is None or source is None or time is None:
        return None
    if value is None or kind is None or basis is None:
        return None
    decimals = len(row.cells["value"].partition(".")[2])
    amount = int(value * 10**decimals)
    name = f"line {row.line}"
    return Mark(
        asset, time, kind, amount, currency, decimals, basis, source, document, supersedes, name
    )


def read_prices(path: Path) -> list[Priced]:
    """Prices of the members of an index: time, asset, price.

    Raises: InputError with every fault.
    """
    return _read(path, "price", ("time", "asset", "price"), _price)


def _price(row: Row) -> Priced | None:
    row.once("price", "time", "asset")
    time, asset, price = row.time("time"), row.text("asset"), row.above_nothing("price")
    return None if time is None or asset is None or price is None else Priced(time, asset, price)


def read_rates(path: Path) -> list[Rate]:
    """Exchange rates: time, currency, value of one unit in the reporting currency, source.

    Raises: InputError with every fault.
    """
    return _read(path, "rate", ("time", "currency", "value", "source"), _rate)


def _rate(row: Row) -> Rate | None:
    row.once("rate", "time", "currency")
    time, value = row.time("time"), row.above_nothing("value")
    currency, source = row.text("currency"), row.text("source")
    if time is None or value is None or currency is None or source is None:
        return None
    return Rate(time, currency, value, source)


# ----------------------------------------------------------------------------- income and positions


def read_paid(path: Path) -> list[Paid]:
    """Income of the members of an index: the first time without it, asset, amount of one unit.

    Raises: InputError with every fault.
    """
    return _read(path, "payment", ("ex", "asset", "amount"), _paid)


def _paid(row: Row) -> Paid | None:
    row.once("income", "ex", "asset")
    ex, asset, amount = row.time("ex"), row.text("asset"), row.get("amount", _least)
    return None if ex is None or asset is None or amount is None else Paid(ex, asset, amount)


def read_income(path: Path) -> dict[str, list[Distribution]]:
    """Distributions by asset: asset, record, declared, amount of a share gross, currency, kind.

    `net` has the amount after tax where that is known.

    Raises: InputError with every fault.
    """
    found: dict[str, list[Distribution]] = {}
    columns = ("asset", "record", "declared", "amount", "currency", "kind")
    for asset, one in _read(path, "distribution", columns, _distribution, ("net",)):
        found.setdefault(asset, []).append(one)
    return found


def _distribution(row: Row) -> tuple[str, Distribution] | None:
    asset, currency = row.text("asset"), row.text("currency")
    record, declared = row.time("record"), row.time("declared")
    amount, kind = row.get("amount", _least), row.get("kind", _kind)
    net = row.optional("net", _least)
    if asset is None or currency is None or record is None:
        return None
    if declared is None or amount is None or kind is None:
        return None
    return asset, Distribution(record, declared, amount, currency, kind, net)


def read_flows(path: Path) -> list[Flow]:
    """What the owner paid in, which is negative, and got back: time, amount.

    Raises: InputError with every fault.
    """
    return _read(path, "flow", ("time", "amount"), _flow)


def _flow(row: Row) -> Flow | None:
    time, amount = row.time("time"), row.get("amount", parse_number)
    return None if time is None or amount is None else Flow(time, amount)


def read_holdings(path: Path) -> list[Holding]:
    """Positions: asset, quantity, and the kind of mark that values it.

    Raises: InputError with every fault.
    """
    return _read(path, "position", ("asset", "quantity", "mark"), _holding)


def _holding(row: Row) -> Holding | None:
    row.once("asset", "asset")
    asset, quantity = row.text("asset"), row.above_nothing("quantity")
    kind = row.get("mark", _word(MarkKind))
    if asset is None or quantity is None or kind is None:
        return None
    return Holding(asset, quantity, kind)
