# SPDX-License-Identifier: MIT
"""The periods of a waterfall: a CSV file, or a workbook, with a line for each payment date.

    date        the day on which it is paid; each later than the one before
    income      and interest, principal, recoveries, fees: what came in, in whole units
    pool        the pool's closing balance at the cut-off
    delinquent  that of its loans that are 60 days late or more
    losses      principal that was lost in the period

Each bucket that is due a column of its own has it there too. Columns of money may be left out, and
blank cells are nothing; what triggers, rates and write-downs read must be there. Every fault is
reported with its line.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike

from prorata.assets.loans.months import Lateness, PoolMonth
from prorata.assets.term_fields import parse_amount, parse_date
from prorata.assets.waterfalls.terms import COLLECTIONS, FACTS, WaterfallTerms, require_after
from prorata.files.csv_reader import Sheet
from prorata.files.tabular import read_tabular

__all__ = ["Period", "parse_periods", "period_of_month", "read_periods"]


@dataclass(frozen=True)
class Period:
    """What came in for one payment date, in smallest units, and what the pool is then.

    `columns` has what buckets are due by columns of their own; `due_on` is the date before it
    rolled to a business day, where it did.
    """

    date: dt.date
    income: int = 0
    interest: int = 0
    principal: int = 0
    recoveries: int = 0
    fees: int = 0
    pool: int = 0
    delinquent: int = 0
    losses: int = 0
    columns: Mapping[str, int] = field(default_factory=dict)
    due_on: dt.date | None = None

    @property
    def collections(self) -> int:
        """All money that came in."""
        return self.income + self.interest + self.principal + self.recoveries + self.fees


def period_of_month(month: PoolMonth) -> Period:
    """What a pool's report says of one collection period."""
    return Period(
        date=month.pays_on,
        interest=month.interest,
        principal=month.collected_principal,
        recoveries=month.recoveries,
        fees=month.fees,
        pool=month.closing,
        delinquent=sum(month.balances[Lateness.DAYS_60 :]),
        losses=month.losses,
        due_on=month.due_on,
    )


def read_periods(
    path: str | PathLike[str], terms: WaterfallTerms, *, sheet: str | None = None
) -> list[Period]:
    """The periods in a file; `sheet` names one of a workbook.

    Raises: InputError with every fault in it, or when it cannot be read.
    """
    return read_tabular(
        path,
        lambda content: parse_periods(content, terms, str(path)),
        sheet=sheet,
        dates=("date",),
    )


def parse_periods(
    content: str | bytes, terms: WaterfallTerms, subject: str = "the periods file"
) -> list[Period]:
    """The same of a file's content.

    Raises: InputError with every fault in it.
    """
    needed = ("date", *terms.facts, *terms.columns)
    optional = [name for name in (*COLLECTIONS, *FACTS) if name not in needed]
    sheet = Sheet(subject, needed, optional=optional, row="period")
    found: list[Period] = []
    for number, row in sheet.rows(content):
        before = found[-1].date if found else terms.starts
        if (period := _period(sheet, number, row, terms, before)) is not None:
            found.append(period)
    sheet.check()
    return found


def _period(
    sheet: Sheet, line: int, row: Mapping[str, str], terms: WaterfallTerms, before: dt.date
) -> Period | None:
    faults = len(sheet.problems)
    day = sheet.cell(line, row, "date", lambda text: require_after(parse_date(text), before))
    money = _amounts(sheet, line, row, (*COLLECTIONS, *FACTS), terms)
    columns = _amounts(sheet, line, row, terms.columns, terms)
    if day is None or len(sheet.problems) > faults:
        return None
    return Period(
        date=day,
        income=money["income"],
        interest=money["interest"],
        principal=money["principal"],
        recoveries=money["recoveries"],
        fees=money["fees"],
        pool=money["pool"],
        delinquent=money["delinquent"],
        losses=money["losses"],
        columns=columns,
    )


def _amounts(
    sheet: Sheet, line: int, row: Mapping[str, str], names: Sequence[str], terms: WaterfallTerms
) -> dict[str, int]:
    """What stands in these columns; a blank cell is nothing, but for the pool's balance."""
    found = dict.fromkeys(names, 0)
    for name in names:
        if row.get(name, "") or name in terms.facts:
            cell = sheet.cell(line, row, name, lambda text: parse_amount(text, terms.decimals))
            found[name] = cell or 0
    return found
