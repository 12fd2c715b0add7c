# SPDX-License-Identifier: MIT
"""Arithmetic of figures: fractions, and decimals at 50 digits where a number has no fraction.

Sums, products and quotients are exact. Powers and roots are decimals rounded half-even to 50
significant digits, computed with 20 digits more. Rounding for a reader happens in `rounded` only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from decimal import MAX_EMAX, MIN_EMIN, ROUND_HALF_EVEN, Context, Decimal, localcontext
from fractions import Fraction

__all__ = ["DIGITS", "decimal_of", "exact", "power", "root", "rounded", "settled", "total", "wide"]

DIGITS = 50
"""Significant digits of a power, a root, or a rate that solves an equation."""

_GUARD = 20


@contextmanager
def wide() -> Iterator[Context]:
    """Decimals with the digits of an answer and the guard digits, and exponents of any size."""
    context = Context(prec=DIGITS + _GUARD, rounding=ROUND_HALF_EVEN, Emin=MIN_EMIN, Emax=MAX_EMAX)
    with localcontext(context) as local:
        yield local


def decimal_of(value: Fraction) -> Decimal:
    """The value to the precision in force."""
    return Decimal(value.numerator) / Decimal(value.denominator)


def settled(value: Decimal) -> Fraction:
    """The value rounded to the digits of an answer."""
    return Fraction(Context(prec=DIGITS, rounding=ROUND_HALF_EVEN).plus(value))


def power(base: Fraction, exponent: Fraction) -> Fraction:
    """The power of a positive base: exact for a whole exponent, else to 50 digits.

    Raises: ValueError for a base that is not positive under another exponent.
    """
    if exponent.denominator == 1:
        return Fraction(base**exponent.numerator)
    if base <= 0:
        raise ValueError(f"{base} has no power {exponent}")
    with wide():
        return settled(decimal_of(base) ** decimal_of(exponent))


def root(value: Fraction) -> Fraction:
    """The square root of what is not negative: exact where it is a fraction, else to 50 digits."""
    with wide():
        found = decimal_of(value).sqrt()
    near = Fraction(found).limit_denominator(value.denominator)
    return near if near * near == value else settled(found)


def total(values: Iterable[Fraction | int]) -> Fraction:
    """The exact sum, added in pairs: one after the other, thousands of prices take minutes."""
    parts = [(Fraction(value).numerator, Fraction(value).denominator) for value in values]
    while len(parts) > 1:
        pairs = zip(parts[::2], parts[1::2], strict=False)
        last = parts[-1:] if len(parts) % 2 else []
        parts = [(a * d + c * b, b * d) if b != d else (a + c, b) for (a, b), (c, d) in pairs]
        parts += last
    return Fraction(*parts[0]) if parts else Fraction(0)


def rounded(value: Fraction | int, places: int, *, grouping: bool = False) -> str:
    """The value as text, rounded half-even to so many places."""
    return _digits(round(value * 10**places), places, grouping=grouping)


def _digits(units: int, places: int, *, grouping: bool = False) -> str:
    """So many units of the last place: a figure may be larger than an amount of a chain."""
    whole, part = divmod(abs(units), 10**places)
    sign = "-" if units < 0 else ""
    return f"{sign}{whole:{',' if grouping else ''}}" + (f".{part:0{places}d}" if places else "")


def exact(value: Fraction | int) -> str:
    """The value as text that loses nothing: a decimal where it ends, else `1/3`."""
    value = Fraction(value)
    places, rest = 0, value.denominator
    while rest % 10 == 0:
        rest, places = rest // 10, places + 1
    for prime in (2, 5):
        while rest % prime == 0:
            rest, places = rest // prime, places + 1
    if rest != 1 or places > DIGITS:
        return str(value)
    return _digits(int(value * 10**places), places)
