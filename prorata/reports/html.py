# SPDX-License-Identifier: MIT
"""A yearly statement as a page that a person can read and print: HTML without anything to load.

Names come from files and symbols from strangers' contracts, so every text is escaped (by Jinja2).
"""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from prorata.reports.documents import YearStatement

__all__ = ["page"]

_AMOUNTS = {
    "gross_cash_amount": "Gross amount",
    "withholding_tax_amount": "Withholding tax",
    "tax_repaid_amount": "Tax repaid",
    "net_cash_amount": "Net amount",
}
_PAYMENTS = {
    "payment_date": "Payment date",
    "event_name": "Event",
    "kind": "Income",
    "record_date": "Record date",
    "ex_dividend_date": "Ex-date",
    "eligible_balance": "Shares",
    "currency": "Currency",
    **_AMOUNTS,
}
_TOTALS = {"currency": "Currency", "payments": "Payments", **_AMOUNTS}
_BOXES = {
    "form": "Form",
    "box": "Box",
    "name": "Name of the box",
    "currency": "Currency",
    "amount": "Amount",
}
_FORMS = {
    "income_code": "Box 1 Income code",
    "tax_rate": "Box 3b Tax rate",
    "currency": "Currency",
    "gross_income": "Box 2 Gross income",
    "federal_tax_withheld": "Box 7a Federal tax withheld",
    "overwithheld_tax_repaid": "Box 9 Overwithheld tax repaid to recipient",
    "total_withholding_credit": "Box 10 Total withholding credit",
}
_CORRECTIONS = {
    "booked_on": "Booked on",
    "year": "Year concerned",
    "distribution": "Distribution",
    "currency": "Currency",
    "withheld": "Withheld",
    "due": "Due",
    "repaid": "Repaid",
    "by": "By the",
    "procedure": "Procedure",
}
_NUMBERS = frozenset(
    {
        *_AMOUNTS,
        *("eligible_balance", "payments", "amount", "gross_income", "federal_tax_withheld"),
        *("overwithheld_tax_repaid", "total_withholding_credit", "withheld", "due", "repaid"),
    }
)


@cache
def _template() -> Template:
    """The page's template, in which whatever is put is escaped and nothing may be missing."""
    environment = Environment(
        loader=PackageLoader("prorata.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    return environment.get_template("year.html.j2")


def page(statement: YearStatement) -> str:
    """The page of a statement."""
    currencies = {
        f"{total.currency} is {total.currency_address or 'the native coin of the chain'}."
        for total in statement.totals
    }
    return _template().render(
        statement=statement,
        currencies=sorted(currencies),
        totals=_TOTALS,
        payments=_PAYMENTS,
        boxes=_BOXES,
        forms=_FORMS,
        corrections=_CORRECTIONS,
        numbers=_NUMBERS,
    )
