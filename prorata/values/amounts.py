# SPDX-License-Identifier: MIT
"""Amounts between people and the chain: exact text to integer units and back.

An amount is always an `int` of the currency's smallest unit; `decimals` says how many digits of
it stand behind the point (6 for most dollar tokens, 18 for ether, 0 for whole shares). Nothing
here is a float or a Decimal, and nothing is rounded: text that does not name exactly one amount
is refused with an `InputError`, never repaired.

The round trip is a law: `parse_units(format_units(amount, d), d) == amount` for every amount that
fits the chain's 256-bit word and every number of decimals from 0 to 77.

For programs an amount is an `Amount`, in every JSON document alike; `Unit` makes it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, model_serializer

from prorata.errors import InputError

__all__ = [
    "ETHER",
    "MAX_DECIMALS",
    "MAX_SHARES",
    "MAX_UNITS",
    "Amount",
    "Unit",
    "figures",
    "format_units",
    "parse_units",
    "percent",
    "plain_text",
    "strange_character",
]

MAX_UNITS = 2**256 - 1
MAX_DECIMALS = 77  # the most for which one whole unit still fits 256 bits

_PLAIN = re.compile(r"(?P<whole>0|[1-9][0-9]*)(?:\.(?P<part>[0-9]+))?", re.ASCII)
_GROUPED = re.compile(
    r"(?P<whole>[1-9][0-9]{0,2}(?:(?:,[0-9]{3})+|(?:_[0-9]{3})+))(?:\.(?P<part>[0-9]+))?", re.ASCII
)
_SEPARATED = re.compile(r"[0-9][0-9._]*[,_][0-9,_.]*", re.ASCII)
_MISTAKES = tuple(
    (re.compile(shape, re.ASCII | re.IGNORECASE), rule, remedy)
    for shape, rule, remedy in (
        (r"[+-]?(nan|inf|infinity)", "is not a number", "write digits such as {example}"),
        (r"#.*", "is a spreadsheet's error mark", "repair the cell and write {example}, say"),
        (
            r"[+-]?[0-9][0-9.,_]*e[+-]?[0-9]+",
            "is in exponent notation",
            "format the cell as a plain number and write every digit",
        ),
        (r"-.*|\(.*\)", "is negative", "write an amount without a sign such as {example}"),
        (r"\+.*", "has a sign", "write an amount without a sign such as {example}"),
        (
            _SEPARATED.pattern,
            "has a separator between its digits",
            "write it without, such as {example}",
        ),
        (r"0[0-9]+(\.[0-9]*)?", "starts with a zero", "remove the leading zeros"),
    )
)


def parse_units(text: str, decimals: int, *, grouping: bool = True, noun: str = "units") -> int:
    """The amount that `text` names, in smallest units.

    Accepted: ASCII digits, one point with digits on both sides of it, and in the whole part
    either commas or underscores between every three digits (`85,000.00`, `1_000_000`); with
    `grouping=False`, for files that programs write, neither. Refused, each in its own sentence:
    blanks, spaces, signs, exponents, NaN, leading zeros, misplaced separators, more decimals than
    the currency has even when they are zeros, digits of other scripts, hidden characters, and
    amounts over 2**256 - 1. `noun` is the plural used when `decimals` is 0.

    Raises: InputError with a single problem, without line or column.
    """
    _check_decimals(decimals)
    match = _PLAIN.fullmatch(text) or (_GROUPED.fullmatch(text) if grouping else None)
    if match is None:
        raise InputError.of(None, text, *_malformed(text, decimals, grouping, noun))
    whole, part = re.sub("[,_]", "", match["whole"]), match["part"] or ""
    if part and decimals == 0:
        raise InputError.of(
            None, text, f"is not a whole number of {noun}", f"write whole {noun} only"
        )
    if len(part) > decimals:
        raise InputError.of(
            None,
            text,
            f"has {len(part)} decimals and only {decimals} exist",
            f"write at most {decimals} digits after the point",
        )
    digits = whole + part.ljust(decimals, "0")
    # The length is checked first: Python refuses to convert very long texts with its own error.
    if len(digits.lstrip("0")) > 78 or (units := int(digits)) > MAX_UNITS:
        raise InputError.of(
            None, text, "does not fit the chain's 256-bit word", "write a smaller amount"
        )
    return units


def format_units(amount: int, decimals: int, *, grouping: bool = True, trim: bool = False) -> str:
    """The amount as text with all its decimals: `85000000000, 6` is `85,000.000000`.

    `grouping` puts commas between thousands of the whole part; `trim` drops the zeros at the end
    of the decimals and a point with nothing behind it. A negative amount, which is only ever a
    difference between two books, keeps its minus sign and cannot be parsed back.

    Raises: InputError when the amount is no integer or is beyond 256 bits.
    """
    _check_decimals(decimals)
    if isinstance(amount, bool) or not isinstance(amount, int):
        raise InputError.of("amount", amount, "is not an integer", "give smallest units as an int")
    if abs(amount) > MAX_UNITS:
        raise InputError.of(
            "amount", "…", "does not fit the chain's 256-bit word", "give a smaller amount"
        )
    whole, part = divmod(abs(amount), 10**decimals)
    fraction = f"{part:0{decimals}d}" if decimals else ""
    if trim:
        fraction = fraction.rstrip("0")
    sign = "-" if amount < 0 else ""
    return sign + (f"{whole:,}" if grouping else str(whole)) + (f".{fraction}" if fraction else "")


def plain_text(units: int, decimals: int) -> str:
    """An amount as people read it: two decimals, and more where they say something."""
    whole, _, part = format_units(units, decimals, trim=True).partition(".")
    part = part.ljust(min(2, decimals), "0")
    return f"{whole}.{part}" if part else whole


def percent(part: int, whole: int, places: int = 2) -> str:
    """`part / whole` as a percentage such as `8.00%`, in integers.

    Rounded down, so that a column of the parts of one whole never adds up to more than 100%.

    Raises: InputError unless 0 <= part <= whole, whole > 0 and 0 <= places <= 18.
    """
    if not 0 <= places <= 18:
        raise InputError.of("places", places, "is outside 0 to 18", "give 0 to 18")
    if whole <= 0 or not 0 <= part <= whole:
        raise InputError.of(
            "part", part, f"is not a part of {whole}", "give 0 <= part <= whole, and whole over 0"
        )
    return f"{format_units(part * 100 * 10**places // whole, places)}%"


def strange_character(text: str, *, printable: bool = False) -> tuple[str, str] | None:
    """The rule and remedy for the first character that may not be what it looks like, or None.

    That is every character outside visible ASCII, named with its code point; with
    `printable=True`, for names of people, only those that cannot be seen.
    """
    if text.isprintable() and (printable or (text.isascii() and " " not in text)):
        return None  # as nearly every cell of a large file is
    for position, character in enumerate(text, start=1):
        if "!" <= character <= "~" or (printable and character.isprintable()):
            continue
        if character == " ":
            return f"has a space at position {position}", "remove it"
        if "\udc80" <= character <= "\udcff":
            byte = ord(character) - 0xDC00
            return (
                f"has the byte 0x{byte:02X} at position {position}, which is not UTF-8",
                "save the file as CSV UTF-8",
            )
        name = unicodedata.name(character, "CONTROL CHARACTER")
        kind = "foreign" if character.isprintable() else "hidden"
        return (
            f"has the {kind} character U+{ord(character):04X} {name} at position {position}",
            "remove it" if kind == "hidden" else "type it again in plain ASCII",
        )
    return None


def _malformed(text: str, decimals: int, grouping: bool, noun: str) -> tuple[str, str]:
    """The rule that `text` breaks and the remedy; called only for text that is not a number."""
    example = "1500" if decimals == 0 else f"1500.{'25'[:decimals]}"
    if text.strip(" ") == "":
        return "is blank", f"write a number of {noun} such as {example}"
    if (strange := strange_character(text)) is not None:
        return strange
    if grouping and _SEPARATED.fullmatch(text):
        return (
            "has separators that do not stand between groups of three digits",
            f"write {example}, or 1,500 with one kind of separator every three digits",
        )
    for shape, rule, remedy in _MISTAKES:
        if shape.fullmatch(text):
            return rule, remedy.format(example=example)
    return "is not a number", f"write digits such as {example}"


def _check_decimals(decimals: int) -> None:
    if isinstance(decimals, bool) or not isinstance(decimals, int):
        raise InputError.of("decimals", decimals, "is not an integer", "give 0 to 77")
    if not 0 <= decimals <= MAX_DECIMALS:
        raise InputError.of("decimals", decimals, f"is outside 0 to {MAX_DECIMALS}", "give 0 to 77")


MAX_SHARES = 2**96 - 1  # what the token's packed account slot can hold


# ------------------------------------------------------------------------------------ for programs


class Amount(BaseModel):
    """An amount with all that there is to know of it, as every JSON document has it.

        {"units": "85000000000", "text": "85,000.00", "decimals": 6, "currency": "USD"}

    `units` are smallest units, as text because many programs keep large numbers only in part;
    `text` is for people; `currency` is the symbol, of shares the token's. `address` is there where
    a reader must tell currencies of one symbol apart.
    """

    model_config = ConfigDict(frozen=True)

    units: int
    decimals: int
    currency: str
    address: str | None = None

    @property
    def text(self) -> str:
        """As people read it: two decimals, and more where they say something."""
        return plain_text(self.units, self.decimals)

    @property
    def figure(self) -> str:
        """As tables have it: all decimals, but of more than six only those that say something."""
        return format_units(self.units, self.decimals, trim=self.decimals > 6)

    @property
    def cell(self) -> str:
        """As files for spreadsheets have it: all decimals, no separators."""
        return format_units(self.units, self.decimals, grouping=False)

    @model_serializer
    def as_json(self) -> dict[str, Any]:
        """The JSON object."""
        known = {
            "units": str(self.units),
            "text": self.text,
            "decimals": self.decimals,
            "currency": self.currency,
        }
        return known if self.address is None else {**known, "address": self.address}


@dataclass(frozen=True)
class Unit:
    """How amounts of one currency, or shares of one token, are written."""

    symbol: str
    decimals: int

    def text(self, amount: int, *, grouping: bool = True) -> str:
        """The amount with all its decimals, without the symbol."""
        return format_units(amount, self.decimals, grouping=grouping)

    def amount(self, units: int, address: str | None = None) -> Amount:
        """So many smallest units."""
        return Amount(units=units, decimals=self.decimals, currency=self.symbol, address=address)

    def if_known(self, units: int | None) -> Amount | None:
        """So many smallest units, or None where nobody knows how many."""
        return None if units is None else self.amount(units)


ETHER = Unit("ETH", 18)


def figures(amounts: Sequence[Amount]) -> list[str]:
    """Amounts of one currency as a column shows them: all with the decimals that any of them needs.

    Never fewer than two, where the currency has them, and never one digit cut off.
    """
    parts = [_decimals(amount) for amount in amounts]
    width = max(map(len, parts), default=0)
    return [
        f"{_whole(amount)}{'.' * bool(width)}{part.ljust(width, '0')}"
        for amount, part in zip(amounts, parts, strict=True)
    ]


def _whole(amount: Amount) -> str:
    """The digits before the point, with the sign of a loss."""
    return f"{'-' * (amount.units < 0)}{abs(amount.units) // 10**amount.decimals:,}"


def _decimals(amount: Amount) -> str:
    """The digits behind the point without the last noughts, two of them at least."""
    if not amount.decimals:
        return ""
    part = f"{abs(amount.units) % 10**amount.decimals:0{amount.decimals}d}"
    return part.rstrip("0").ljust(min(2, amount.decimals), "0")
