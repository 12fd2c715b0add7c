# SPDX-License-Identifier: MIT
"""The payments of a manager or a bank, as a file, held against what was declared on the chain.

    date           the day of the payment, such as 2027-03-31
    currency       the symbol of the vault's currency
    amount         with at most the currency's decimals
    distribution   the distribution that it paid for; empty where nobody knows
    reference      what the bank's statement says; may be left out
    owner          who has to explain a difference; may be left out

Several payments for one distribution are one amount. Every difference has an age and an owner, so
that somebody can be asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timezone
from functools import partial
from pathlib import Path

from prorata.errors import InputError
from prorata.files.csv_reader import Sheet
from prorata.files.tabular import read_tabular
from prorata.ledger.books import Books
from prorata.ledger.entries import DistributionAccount
from prorata.values.amounts import Unit, parse_units, strange_character

__all__ = ["Paid", "Unmatched", "read_payments", "unmatched"]

COLUMNS, OPTIONAL = ("date", "currency", "amount", "distribution"), ("reference", "owner")
DAY = 86_400
NOBODY = "not named"


@dataclass(frozen=True)
class Paid:
    """A line of the file; `distribution` is None where it names none."""

    line: int
    day: date
    currency: str
    units: int
    distribution: int | None
    reference: str = ""
    owner: str = ""

    @property
    def second(self) -> int:
        """The first of its day."""
        return int(datetime(*self.day.timetuple()[:3], tzinfo=timezone.utc).timestamp())


@dataclass(frozen=True)
class Unmatched:
    """A difference between file and chain: `by_file` and `by_chain` are units of `currency`."""

    what: str
    distribution: int | None
    currency: Unit
    by_file: int
    by_chain: int
    days: int
    owner: str
    lines: tuple[int, ...] = ()
    references: tuple[str, ...] = ()

    @property
    def difference(self) -> int:
        """What the file has more than the chain."""
        return self.by_file - self.by_chain


def read_payments(path: Path, books: Books, *, sheet: str | None = None) -> list[Paid]:
    """The lines of a CSV file or a workbook.

    Raises: InputError with every fault in it.
    """
    units: dict[str, set[Unit]] = {}
    for one in books.distributions.values():
        unit = books.unit(one.currency)
        units.setdefault(unit.symbol, set()).add(unit)

    def parse(content: str | bytes) -> list[Paid]:
        rows = Sheet(str(path), COLUMNS, optional=OPTIONAL, row="payment")
        found = list(_paid(rows, content, units))
        rows.check()
        return found

    return read_tabular(path, parse, sheet=sheet, dates=("date",))


def _paid(sheet: Sheet, content: str | bytes, units: Mapping[str, set[Unit]]) -> Iterator[Paid]:
    for number, row in sheet.rows(content):
        day = sheet.cell(number, row, "date", _day)
        unit = sheet.cell(number, row, "currency", partial(_unit, units))
        amount = None
        if unit is not None:
            amount = sheet.cell(number, row, "amount", partial(_amount, unit))
        known = sheet.cell(number, row, "distribution", _number)
        words = [sheet.cell(number, row, name, _words) for name in OPTIONAL]
        if day is not None and unit is not None and amount is not None and known is not None:
            reference, owner = (word or "" for word in words)
            yield Paid(number, day, unit.symbol, amount, known or None, reference, owner)


def _day(cell: str) -> date:
    try:
        if len(cell) != 10:
            raise ValueError
        return date.fromisoformat(cell)
    except ValueError:
        raise InputError.of("date", cell, "is no day", "write one such as 2027-03-31") from None


def _unit(units: Mapping[str, set[Unit]], cell: str) -> Unit:
    found = units.get(cell, set())
    if len(found) == 1:
        return next(iter(found))
    if found:
        rule, remedy = "is the symbol of several currencies", "keep them in files of their own"
        raise InputError.of("currency", cell, rule, remedy)
    rule = "is no currency in which a distribution was declared"
    raise InputError.of("currency", cell, rule, f"write one of {', '.join(units) or 'none'}")


def _amount(unit: Unit, cell: str) -> int:
    return parse_units(cell, unit.decimals)


def _number(cell: str) -> int:
    """The number of a distribution; 0 for an empty cell."""
    if not cell:
        return 0
    if not (cell.isascii() and cell.isdecimal()) or not int(cell[:18]) or len(cell) > 18:
        rule = "is no number of a distribution"
        raise InputError.of("distribution", cell, rule, "write one such as 3, or nothing")
    return int(cell)


def _words(cell: str) -> str:
    if (strange := strange_character(cell, printable=True)) is not None:
        raise InputError.of(None, cell, *strange)
    return cell


# --------------------------------------------------------------------------------------- comparing


def unmatched(books: Books, token: str, payments: Sequence[Paid]) -> list[Unmatched]:
    """Everything of which file and chain say different things, the oldest first."""
    declared = {one.id: one for one in books.of_asset(token)}
    named: dict[int, list[Paid]] = {}
    found = []
    for paid in payments:
        if paid.distribution is None:
            found.append(_stray(books, "names no distribution", None, paid))
        elif paid.distribution not in declared:
            found.append(_stray(books, "names one that there is not", paid.distribution, paid))
        else:
            named.setdefault(paid.distribution, []).append(paid)
    for number, one in declared.items():
        found += _of(books, one, named.get(number, []))
    return sorted(found, key=lambda one: (-one.days, one.distribution or 0, one.lines))


def _of(books: Books, one: DistributionAccount, paid: Sequence[Paid]) -> Iterator[Unmatched]:
    """What of a distribution does not agree."""
    unit = books.unit(one.currency)
    same = [line for line in paid if line.currency == unit.symbol]
    for line in paid:
        if line.currency != unit.symbol:
            yield _stray(books, f"is not in {unit.symbol}", one.id, line)
    by_file = sum(line.units for line in same)
    if by_file == one.received:
        return
    since = min([one.declared_at, *(line.second for line in same)])
    owners = dict.fromkeys(line.owner for line in same if line.owner)
    what = "amounts differ" if same else "declared, and not in the file"
    yield Unmatched(
        what,
        one.id,
        unit,
        by_file,
        one.received,
        max(books.until - since, 0) // DAY,
        ", ".join(owners) or (NOBODY if same else f"declarer {one.declarer}"),
        tuple(line.line for line in same),
        tuple(line.reference for line in same if line.reference),
    )


def _stray(books: Books, what: str, number: int | None, paid: Paid) -> Unmatched:
    units = (books.unit(one.currency) for one in books.distributions.values())
    unit = next(unit for unit in units if unit.symbol == paid.currency)
    days = max(books.until - paid.second, 0) // DAY
    owner = paid.owner or NOBODY
    references = (paid.reference,) if paid.reference else ()
    return Unmatched(what, number, unit, paid.units, 0, days, owner, (paid.line,), references)
