# SPDX-License-Identifier: MIT
"""A yearly statement as a page that a person can read and print: HTML without anything to load.

Names come from files and symbols from strangers' contracts, so that every text is escaped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from prorata.files.writer import Row
from prorata.reports.documents import YearStatement

__all__ = ["page"]

_STYLE = """
@page { size: A4 landscape; margin: 12mm }
body { font: 10pt/1.4 system-ui, sans-serif; margin: 2em auto; max-width: 75em; color: #111 }
h1 { font-size: 15pt; margin: 0 } h2 { font-size: 11pt; margin: 1.5em 0 .3em }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; padding: .2em .8em .2em 0; border-bottom: 1px solid #ccc }
th { font-weight: 600 } .number { text-align: right; font-variant-numeric: tabular-nums }
small, .fine { font-size: 8pt; color: #444; overflow-wrap: anywhere }
tr { break-inside: avoid }
"""

_AMOUNTS = {
    "gross_cash_amount": "Gross amount",
    "withholding_tax_amount": "Withholding tax",
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
}
_NUMBERS = frozenset(
    {*_AMOUNTS, "eligible_balance", "payments", "amount", "gross_income", "federal_tax_withheld"}
)


def page(statement: YearStatement) -> str:
    """The page of a statement."""
    title = f"{statement.symbol}: payments in {statement.year}"
    who = f"{statement.name}, {statement.holder}" if statement.name else statement.holder
    parts = [
        f"<h1>{escape(title)}</h1>",
        f"<p>{escape(who)}</p>",
        _table("Totals by currency", _TOTALS, statement.totals),
        _table("Payments", _PAYMENTS, statement.payments),
        _table("If you are a U.S. person (Form W-9)", _BOXES, statement.boxes_1099),
        _table(
            "If you are a foreign person (Form W-8): Form 1042-S",
            _FORMS,
            statement.forms_1042_s,
        ),
        "<p>" + "<br>\n".join(map(escape, [*statement.remarks, statement.note])) + "</p>",
        _sources(statement),
    ]
    body = "\n".join(part for part in parts if part)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    )


def _table(title: str, columns: Mapping[str, str], rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    head = "".join(f"<th{_side(key)}>{escape(name)}</th>" for key, name in columns.items())
    lines = [
        "".join(f"<td{_side(key)}>{escape(row.cells[key])}</td>" for key in columns) for row in rows
    ]
    body = "\n".join(f"<tr>{line}</tr>" for line in lines)
    return f"<h2>{escape(title)}</h2>\n<table>\n<tr>{head}</tr>\n{body}\n</table>"


def _side(key: str) -> str:
    return ' class="number"' if key in _NUMBERS else ""


def _sources(statement: YearStatement) -> str:
    """Where each payment can be looked up, in small print."""
    lines = [
        f"Distribution {paid.distribution}: {paid.account} to {paid.payee}, "
        f"transaction {paid.transaction}"
        for paid in statement.payments
    ]
    known = {
        f"{total.currency} is {total.currency_address or 'the native coin of the chain'}."
        for total in statement.totals
    }
    lines += sorted(known)
    lines.append(
        f"Share token {statement.token}, dividend vault {statement.vault}, as of {statement.as_of}."
    )
    if not statement.year_has_ended:
        lines.append(f"The year {statement.year} has not ended yet.")
    return '<p class="fine">' + "<br>\n".join(map(escape, lines)) + "</p>"
