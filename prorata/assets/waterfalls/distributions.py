# SPDX-License-Identifier: MIT
"""What a sheet pays each tranche, as the file that `prorata distribute --from` declares.

Each distribution carries the hash of the sheet as that of its document, so that the vault's terms
say by which sheet the amount was found.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prorata.assets.waterfalls.sheets import Payment, Sheet
from prorata.errors import InputError

__all__ = ["distribution_file", "distributions", "parse_records"]


def distributions(sheet: Sheet) -> Mapping[str, list[Payment]]:
    """What each tranche is paid, by its name; those that are paid nothing are not there."""
    found: dict[str, list[Payment]] = {}
    for payment in sheet.payments:
        if payment.tranche:
            found.setdefault(payment.to, []).append(payment)
    return found


def distribution_file(sheet: Sheet, tranche: str, record: int) -> str:
    """The file of one tranche's distributions, to the holders of a record date of its token."""
    return "\n".join(_lines(sheet, tranche, record)) + "\n"


def _lines(sheet: Sheet, tranche: str, record: int) -> Iterator[str]:
    unit, period = sheet.terms.unit, sheet.period
    yield f"# {sheet.terms.name}, period {sheet.number}, paid on {period.date}: {tranche}"
    yield "distributions:"
    for payment in distributions(sheet).get(tranche, ()):
        yield f"  - record: {record}"
        yield f'    currency: "{unit.symbol}"'
        yield f'    amount: "{unit.text(payment.amount, grouping=False)}"'
        yield f"    kind: {payment.income}"
        yield f'    document: "{sheet.hash}"'


def parse_records(texts: tuple[str, ...], tranches: Mapping[str, object]) -> dict[str, int]:
    """The record date of each tranche's token, from `senior=3`.

    Raises: InputError for what is no such pair, names no tranche, or names one twice.
    """
    records: dict[str, int] = {}
    for text in texts:
        name, equals, number = (part.strip() for part in text.partition("="))
        if not equals or not number.isascii() or not number.isdigit() or not int(number):
            rule, remedy = "names no tranche and record", "write senior=3"
            raise InputError.of("record", text, rule, remedy)
        if name not in tranches:
            listed = ", ".join(tranches) or "none"
            rule = f"names no tranche of the terms, which are {listed}"
            raise InputError.of("record", text, rule, "write one of them")
        if name in records:
            raise InputError.of("record", text, "names a tranche twice", "keep one of them")
        records[name] = int(number)
    return records
