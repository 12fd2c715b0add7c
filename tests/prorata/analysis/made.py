"""Marks, distributions and times of tests, in few words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from fractions import Fraction

from prorata.analysis.distributions import Distribution
from prorata.analysis.marks import Basis, Mark, MarkKind

DAY = 86_400


def second(text: str) -> int:
    """The first second of a day in UTC, or the second of a time."""
    return int(datetime.fromisoformat(text).replace(tzinfo=timezone.utc).timestamp())


def month_end(number: int) -> int:
    """Noon of the 28th of a month, counted from January 2020."""
    return second(f"{2020 + number // 12}-{number % 12 + 1:02d}-28") + DAY // 2


def mark(
    time: int,
    amount: int,
    *,
    kind: MarkKind = MarkKind.NAV,
    basis: Basis = Basis.EX,
    currency: str = "USD",
    asset: str = "Maple",
    decimals: int = 2,
) -> Mark:
    return Mark(asset, time, kind, amount, currency, decimals, basis, "the administrator")


def monthly(amounts: Sequence[int], **further) -> list[Mark]:
    """A mark at the end of each month."""
    return [mark(month_end(n), amount, **further) for n, amount in enumerate(amounts)]


def paid(
    record: int, gross: Fraction | int, declared: int | None = None, **further
) -> Distribution:
    said = record if declared is None else declared
    currency = further.pop("currency", "USD")
    return Distribution(record, said, Fraction(gross), currency, **further)
