# SPDX-License-Identifier: MIT
"""A yearly statement as a letter: one page for a screen and for paper, which loads nothing.

It has the issuer's head, the holder's address where an envelope's window shows it, the account
number and the period; a table of payments for each currency, with the words of the holder's own
country beside the English ones; and the boxes of US forms for persons of the United States. Dates
are days; times and transactions stand in the small print.

Names come from files and symbols from strangers' contracts, so every text is escaped (by Jinja2).
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from prorata.reports.documents import PaymentRow, TotalRow, YearStatement
from prorata.reports.layouts import layout
from prorata.reports.recipients import UNITED_STATES, Issuer, Recipient
from prorata.reports.trades import YearTrading
from prorata.values.amounts import Amount, figures
from prorata.values.countries import find_country

__all__ = ["Letter", "page"]

WORDS = Path(__file__).parent / "data" / "words.csv"
_AMOUNTS = (
    "gross_cash_amount",
    "withholding_tax_amount",
    "tax_repaid_amount",
    "net_cash_amount",
)

NEUTRAL = Issuer(name="")
"""In place of an issuer that nobody named."""


@dataclass(frozen=True)
class Letter:
    """A statement with its sender and its recipient; `asset` is the asset's name."""

    statement: YearStatement
    recipient: Recipient
    issuer: Issuer = NEUTRAL
    asset: str = ""

    @property
    def title(self) -> str:
        """What it is."""
        return f"Statement of income {self.statement.year}"

    @property
    def name(self) -> str:
        """Whose it is: the person, or the wallet of nobody that is named."""
        return self.recipient.name or self.statement.name or self.statement.holder

    @property
    def repaid(self) -> bool:
        """Whether tax was repaid, which then has a column of its own."""
        return any(total.tax_repaid_amount.units for total in self.statement.totals)

    @property
    def us_forms(self) -> bool:
        """Whether the boxes of the 1099 series are shown: to a person of the United States."""
        us_person = self.recipient.us_person
        return us_person is True or (us_person is None and self._may_report)

    @property
    def form_1042_s(self) -> bool:
        """Whether Form 1042-S is shown: to a foreign person, by an issuer that may have to file."""
        return self.recipient.us_person is not True and self._may_report

    @property
    def _may_report(self) -> bool:
        return self.issuer.country in ("", UNITED_STATES)


def page(letter: Letter) -> str:
    """The page of a statement."""
    return layout("statement").render(
        letter=letter,
        statement=letter.statement,
        issuer=letter.issuer,
        recipient=letter.recipient,
        country=_country_name(letter.recipient.country),
        sections=[_section(letter, total) for total in letter.statement.totals],
        trading=letter.statement.trading,
        trades=_trades(letter.statement.trading),
        words=_words().get(letter.recipient.country, {}),
        repaid=letter.repaid,
        day=_day,
    )


# --------------------------------------------------------------------------------------- the tables


def _section(letter: Letter, total: TotalRow) -> Mapping[str, Any]:
    """The payments in one currency, and their sum."""
    same = [p for p in letter.statement.payments if p.currency_address == total.currency_address]
    columns = [
        figures([*(getattr(row, name) for row in same), getattr(total, name)])
        for name in _AMOUNTS
        if letter.repaid or name != "tax_repaid_amount"
    ]
    lines = list(zip(*columns, strict=True))
    return {
        "currency": total.currency,
        "address": total.currency_address,
        "payments": [(row, _shares(row), line) for row, line in zip(same, lines, strict=False)],
        "total": lines[-1],
    }


def _trades(trading: YearTrading | None) -> Sequence[Mapping[str, Any]]:
    """Sales and purchases in each currency, and last those without a price."""
    if trading is None:
        return ()
    found = []
    for total in trading.totals:
        sales = [row for row in trading.sales if row.currency_address == total.currency_address]
        bought = [
            row for row in trading.purchases if row.currency_address == total.currency_address
        ]
        found.append(
            {
                "currency": total.currency,
                "address": total.currency_address,
                "total": total,
                "sales": sales,
                "purchases": bought,
                "proceeds": figures([*(_known(row.proceeds) for row in sales), total.proceeds]),
                "costs": figures([*(_known(row.cost) for row in bought), total.paid]),
            }
        )
    return found


def _known(amount: Amount | None) -> Amount:
    """An amount of a trade with a price, which there is."""
    assert amount is not None
    return amount


def _shares(row: PaymentRow) -> str:
    held = row.eligible_balance.figure
    return f"{held} {row.weighted}" if row.weighted else held


@cache
def _words() -> Mapping[str, Mapping[str, str]]:
    """What a country calls the kinds of income and the amounts, by its two letters."""
    with WORDS.open(encoding="utf-8", newline="") as file:
        return {row.pop("country"): row for row in csv.DictReader(file)}


def _country_name(code: str) -> str:
    return find_country(code).name if code else ""


def _day(moment: str) -> str:
    """The day of a moment, as a person dates it: `2027-03-31`."""
    return moment.partition("T")[0]
