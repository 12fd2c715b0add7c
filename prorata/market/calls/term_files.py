# SPDX-License-Identifier: MIT
"""The terms of a call as people write them: a YAML file.

    name: Harbour Street 12, first issue
    sells: "400"                              shares
    at_least: "100"                           fewer, and everything goes back
    price: {currency: USD, at: "100.00"}      of a share
    opens: 2027-05-01T09:00:00 Europe/Berlin
    withdraw_until: 2027-05-24 Europe/Berlin
    closes: 2027-05-31T17:00:00 Europe/Berlin
    most_per_person: "50"

Numbers stand in quotes, with or without decimals; times have a zone. A day alone is its last
second, and where something opens its first. An offer `sells`, a tender `buys`, a redemption window
has a `budget` and a `valuer`, an auction has neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from prorata.contracts.call_terms import DELIVERY_GAS_LEAST, CallKind
from prorata.errors import InputError
from prorata.files.models import parsed_by, validated
from prorata.files.yaml_reader import read_yaml
from prorata.market.calls.ladders import WrittenPrices
from prorata.values.times import parse_beginning, parse_time

__all__ = [
    "FORMS",
    "AuctionFile",
    "CallFile",
    "OfferFile",
    "PreEmption",
    "PriceWords",
    "TenderFile",
    "WindowFile",
    "read_terms",
]

EXAMPLE = "docs/guide/offering.md"
MOST_NAME = 80


def _words(value: object) -> str:
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    rule = "is not written as a number in quotes"
    raise InputError.of("value", value, rule, 'write it in quotes, such as "100.50"')


def _ending(value: object) -> int:
    return parse_time("time", value)


def _opening(value: object) -> int:
    return parse_beginning("time", value)


Words = Annotated[str, parsed_by(_words)]
Ends = Annotated[int, parsed_by(_ending)]
Begins = Annotated[int, parsed_by(_opening)]
Gas = Annotated[int, Field(ge=DELIVERY_GAS_LEAST, le=10_000_000)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class PriceWords(_Part):
    """Prices of one currency, of a share or of a lot."""

    currency: Words
    per: Literal["share", "lot"] = "share"
    at: Words | None = None
    low: Words | None = Field(default=None, alias="from")
    high: Words | None = Field(default=None, alias="to")
    step: Words | None = None
    around: Words | None = None

    @property
    def written(self) -> WrittenPrices:
        """The prices in words."""
        per_lot = self.per == "lot"
        return WrittenPrices(self.at, self.low, self.high, self.step, self.around, per_lot)


class PreEmption(_Part):
    """Who may order how much: what holders had at a record, `gives` new shares `per` so many.

    Without the two, the shares of the offer over all shares of the record.
    """

    record: Annotated[int, Field(ge=1, lt=2**32)]
    gives: Words | None = None
    per: Words | None = None


class _Fee(_Part):
    to: Words
    rate: Words


class _Unclaimed(_Part):
    until: Ends
    to: Words


class CallFile(_Part):
    """What the terms of every call say."""

    KIND: ClassVar[CallKind]
    NOUN: ClassVar[str]

    name: Annotated[str, Field(min_length=1, max_length=MOST_NAME)]
    lot: Words | None = None
    price: PriceWords
    opens: Begins = 0
    withdraw_until: Ends = 0
    closes: Ends
    close_by: Ends | None = None
    settle_by: Ends | None = None
    smallest_order: Words | None = None
    most_per_person: Words | None = None
    registry: Words | None = None
    fee: _Fee | None = None
    unclaimed: _Unclaimed | None = None
    document: Words | None = None
    delivery_gas: Gas = DELIVERY_GAS_LEAST

    @property
    def salt(self) -> bytes:
        """What tells it from other calls of its opener: the hash of its name."""
        return sha256(self.name.encode()).digest()


class _PrincipalFile(CallFile):
    principal: Words | None = None
    accept_by: Ends = 0
    at_least: Words | None = None


class OfferFile(_PrincipalFile):
    """An offering: the principal sells, from its own wallet or by minting."""

    KIND = CallKind.SALE
    NOUN = "offer"

    sells: Words
    shares_from: Literal["treasury", "mint"] = "treasury"
    also_in: PriceWords | None = None
    return_until: Ends | None = None
    pre_emption: PreEmption | None = None
    valuer: Words | None = None
    orders: Literal["shares", "money"] = "shares"


class TenderFile(_PrincipalFile):
    """A tender or a buy-back: the principal buys, and its money is there from the opening on."""

    KIND = CallKind.TENDER
    NOUN = "tender"

    buys: Words
    budget: Words | None = None


class WindowFile(CallFile):
    """A redemption window: what holders give is bought at a price that is named afterwards."""

    KIND = CallKind.TENDER
    NOUN = "window"

    principal: Words | None = None
    budget: Words
    buys: Words | None = None
    valuer: Words | None = None


class AuctionFile(CallFile):
    """An auction among holders."""

    KIND = CallKind.AUCTION
    NOUN = "auction"

    at_least: Words | None = None


FORMS: Mapping[str, type[CallFile]] = {
    form.NOUN: form for form in (OfferFile, TenderFile, AuctionFile, WindowFile)
}
"""The forms of terms by the noun of their commands."""


def read_terms(path: Path, noun: str) -> CallFile:
    """The terms in a file: YAML, of which JSON is a part.

    Raises: InputError with every fault in the file, or when it cannot be read.
    """
    content: Mapping[str, Any] = read_yaml(path, "terms", EXAMPLE)
    return validated(FORMS[noun], content, EXAMPLE, str(path))
