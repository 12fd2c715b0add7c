# SPDX-License-Identifier: MIT
"""The terms of an exchange as people write them in a file, and as the contract has them.

gets: 98.50 USD                  what a holder gets …
per: 1                           … for so many whole shares; 1 if it is not said
pays: 5.00 USD                   what a holder pays for them, as in the exercise of rights
other:                           shares of another asset that a holder gets
  asset: NEWCO                   a symbol of a deployment on the chain, or an address
  shares: 2                      how many whole ones for `per`
  from: 0x…                      whose they are; they are minted if it is not said
  fraction_price: 10.00          money for a whole one, in lieu of a fraction
shares_go_to: burnt              or the address of the acquirer
acquirer: 0x…                    who keeps its shares where they are burnt
mandatory: false                 true: everybody's shares are exchanged, from `opens_at`
opens_at: 2027-04-01T09:00:00Z   at once if it is not said
closes_at: 2027-06-30
valuer: 0x…                      who names prices within the bounds that follow
least_price: 90.00 USD
most_price: 110.00 USD
max_age: 2d                      how old a price may be
day_limit: 10,000                shares of all holders together in one UTC day
treasury: 0x…                    where money goes back to; whoever opens it, if it is not said
take_until: 2032-06-30           until when what is owed can be taken
sweep_to: 0x…
document: resolution.pdf         a file, whose SHA-256 is kept, or a hash
funding: 500,000.00              money to open it with
locked: 5,000                    shares of the acquirer's that are locked, and not exchanged
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict

from prorata.contracts.currency import Currency
from prorata.contracts.share_exchange import ExchangeTerms
from prorata.deployments.deployment import Deployment
from prorata.errors import InputError
from prorata.files.models import parsed_by, validated
from prorata.files.yaml_reader import read_yaml
from prorata.market.legs import find_asset
from prorata.values.addresses import ZERO_ADDRESS, check_address
from prorata.values.amounts import MAX_SHARES, Unit, parse_units
from prorata.values.times import parse_beginning, parse_time

__all__ = [
    "EXAMPLE",
    "ExchangeFile",
    "Opening",
    "OtherShares",
    "document_hash_of",
    "money_of",
    "read_exchange_file",
    "resolve_exchange",
    "shares_of_text",
]

EXAMPLE = "docs/guide/exits.md"
BURNT = "burnt"
MOST_MONEY = 2**128 - 1
MOST_AGE = 2**32 - 1

_HASH = re.compile(r"0x[0-9a-fA-F]{64}", re.ASCII)
_SPAN = re.compile(r"(?P<count>[0-9]{1,9})(?P<unit>[smhd])", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


@dataclass(frozen=True)
class Opening:
    """An exchange that is to be opened: `funding` in the currency's smallest unit.

    `locked` are shares of the acquirer's that a mandatory exchange locks, and does not take. Of a
    mandatory one, no funding stands for all that it needs.
    """

    terms: ExchangeTerms
    funding: int = 0
    locked: int = 0


# ---------------------------------------------------------------------------------------- the file


def _text(value: object) -> str:
    """Words and whole numbers: a number with a point is quoted, since YAML would round it."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        rule, remedy = "is no text", "write it in quotes"
        raise InputError.of("value", value, rule, remedy)
    return str(value)


Text = Annotated[str, parsed_by(_text)]


class OtherShares(BaseModel):
    """Shares of another asset that a holder gets."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    asset: Text
    shares: Text
    origin: Text | None = None
    fraction_price: Text | None = None


class ExchangeFile(BaseModel):
    """What the file says, in people's words."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    gets: Text | None = None
    per: Text = "1"
    pays: Text | None = None
    other: OtherShares | None = None
    shares_go_to: Text = BURNT
    acquirer: Text | None = None
    mandatory: bool = False
    opens_at: object = None
    closes_at: object = None
    valuer: Text | None = None
    least_price: Text | None = None
    most_price: Text | None = None
    max_age: Text | None = None
    day_limit: Text | None = None
    treasury: Text | None = None
    take_until: object = None
    sweep_to: Text | None = None
    document: Text | None = None
    funding: Text | None = None
    locked: Text | None = None


def read_exchange_file(path: Path) -> ExchangeFile:
    """The terms in a YAML file.

    Raises: InputError with every fault in it, or when it cannot be read.
    """
    content = read_yaml(path, "terms", EXAMPLE)
    other = content.get("other")
    if isinstance(other, dict) and "from" in other:
        content = {**content, "other": {**other, "origin": other["from"]}}
        del content["other"]["from"]
    return validated(ExchangeFile, content, EXAMPLE, str(path))


# ------------------------------------------------------------------------------------- their values


def resolve_exchange(said: ExchangeFile, found: Deployment, opener: str) -> Opening:
    """The terms as the contract has them, for the asset of the deployment.

    Raises: InputError for what is not exact, unknown or out of range; ChainError.
    """
    unit = found.settings.unit
    currency = _currency(said, found)
    money = Unit("", 0) if currency is None else currency.unit
    burns = said.shares_go_to.strip().lower() == BURNT
    if not burns and said.acquirer is not None:
        rule = "is said besides shares_go_to, which names the acquirer already"
        raise InputError.of("acquirer", said.acquirer, rule, "leave one of them out")
    acquirer = said.acquirer if burns else said.shares_go_to
    treasury = said.treasury or (None if currency is None else opener)
    terms = ExchangeTerms(
        token=found.token().address,
        per=shares_of_text("per", said.per, unit),
        burns=burns,
        acquirer=_address("shares_go_to", acquirer),
        currency=ZERO_ADDRESS if currency is None else currency.address,
        gets=_money("gets", said.gets, currency),
        pays=_money("pays", said.pays, currency),
        mandatory=said.mandatory,
        opens_at=0 if said.opens_at is None else parse_beginning("opens_at", said.opens_at),
        closes_at=0 if said.closes_at is None else parse_time("closes_at", said.closes_at),
        valuer=_address("valuer", said.valuer),
        least_price=_money("least_price", said.least_price, currency),
        most_price=_money("most_price", said.most_price, currency),
        max_age=0 if said.max_age is None else _span("max_age", said.max_age),
        day_limit=0
        if said.day_limit is None
        else shares_of_text("day_limit", said.day_limit, unit),
        treasury=_address("treasury", treasury),
        take_until=0 if said.take_until is None else parse_time("take_until", said.take_until),
        sweep_to=_address("sweep_to", said.sweep_to),
        document_hash=bytes(32) if said.document is None else document_hash_of(said.document),
    )
    if said.other is not None:
        terms = _with_other(terms, said.other, found, money)
    funding = 0 if said.funding is None else _plain_money("funding", said.funding, currency)
    locked = 0 if said.locked is None else shares_of_text("locked", said.locked, unit)
    return Opening(terms, funding, locked)


def money_of(column: str, text: str, found: Deployment) -> tuple[Currency, int]:
    """An amount with its currency, from `98.50 USD`.

    Raises: InputError when it is not both, or not exact.
    """
    amount, _, named = text.strip().partition(" ")
    if not named or " " in named:
        rule = "is not an amount and a currency"
        raise InputError.of(column, text, rule, 'write "98.50 USD", or "98.50 0x…"')
    try:
        currency = found.currency(named)
    except InputError as error:
        problem = error.problems[0]
        raise InputError.of(column, text, problem.rule, problem.remedy) from None
    if currency.is_native:
        rule, remedy = "cannot be taken by allowance", "use its wrapped ERC-20, such as WETH"
        raise InputError.of(column, "ETH", rule, remedy)
    return currency, _units(column, amount, currency.unit, MOST_MONEY)


def shares_of_text(column: str, text: str, unit: Unit) -> int:
    """So many shares in smallest units.

    Raises: InputError when they are none, nothing, or too many.
    """
    amount = _units(column, text, unit, MAX_SHARES, "shares")
    if amount == 0:
        raise InputError.of(column, text, "is nothing", "give more than 0, or leave it out")
    return amount


def document_hash_of(text: str) -> bytes:
    """The SHA-256 of a file, or a hash as it is given.

    Raises: InputError when there is no such file, or the hash is zero.
    """
    if _HASH.fullmatch(text):
        given = bytes.fromhex(text[2:])
        if not any(given):
            raise InputError.of("document", text, "is no hash of anything", "give the file")
        return given
    try:
        return sha256(Path(text).read_bytes()).digest()
    except OSError as error:
        rule = f"cannot be read ({str(error.strerror).lower()})"
        remedy = "give a file, or a hash of 32 bytes as 0x…"
        raise InputError.of("document", text, rule, remedy) from None


def _currency(said: ExchangeFile, found: Deployment) -> Currency | None:
    """The one currency of all prices.

    Raises: InputError when they name several.
    """
    named = {
        column: money_of(column, text, found)[0]
        for column in ("gets", "pays", "least_price", "most_price")
        if (text := getattr(said, column)) is not None
    }
    for column, currency in named.items():
        first = next(iter(named.values()))
        if currency.address != first.address:
            rule = f"is in another currency than {first.unit.symbol}"
            raise InputError.of(column, getattr(said, column), rule, "name one currency only")
    return next(iter(named.values()), None)


def _money(column: str, text: str | None, currency: Currency | None) -> int:
    if text is None or currency is None:
        return 0
    return _units(column, text.strip().partition(" ")[0], currency.unit, MOST_MONEY)


def _plain_money(column: str, text: str, currency: Currency | None) -> int:
    """An amount in the currency of the terms, which it may name."""
    amount, _, named = text.strip().partition(" ")
    if currency is None:
        rule, remedy = "is money, and the terms name no currency", "say what is paid: gets"
        raise InputError.of(column, text, rule, remedy)
    if named and named.upper() != currency.unit.symbol.upper() and named != currency.address:
        rule = f"is in another currency than {currency.unit.symbol}"
        raise InputError.of(column, text, rule, "name one currency only")
    return _units(column, amount, currency.unit, MOST_MONEY)


def _with_other(
    terms: ExchangeTerms, said: OtherShares, found: Deployment, money: Unit
) -> ExchangeTerms:
    asset = find_asset(found.chain, said.asset, found, "other.asset")
    price = 0
    if (text := said.fraction_price) is not None:
        if not money.symbol:
            rule = "is money, and the terms name no currency"
            remedy = 'name it with gets, if it is 0: "0 USD"'
            raise InputError.of("other.fraction_price", text, rule, remedy)
        price = _fraction_price(text, money, asset.unit)
    return replace(
        terms,
        other=asset.address,
        other_shares=shares_of_text("other.shares", said.shares, asset.unit),
        other_from=_address("other.from", said.origin),
        fraction_price=price,
    )


def _fraction_price(text: str, money: Unit, other: Unit) -> int:
    """Money for the smallest unit of the other token, from what a whole one costs."""
    whole = _units("other.fraction_price", text.strip().partition(" ")[0], money, MOST_MONEY)
    price, rest = divmod(whole, int(10**other.decimals))
    if rest:
        rule = (
            f"is no whole number of the smallest units of {money.symbol} for each of {other.symbol}"
        )
        raise InputError.of("other.fraction_price", text, rule, "give a rounder price")
    return price


def _units(column: str, text: str, unit: Unit, most: int, noun: str | None = None) -> int:
    try:
        amount = parse_units(text, unit.decimals, noun=noun or unit.symbol or "units")
    except InputError as error:
        problem = error.problems[0]
        raise InputError.of(column, text, problem.rule, problem.remedy) from None
    if amount > most:
        raise InputError.of(column, text, "is more than the contract can have", "give less")
    return amount


def _span(column: str, text: str) -> int:
    given = _SPAN.fullmatch(text.strip())
    seconds = 0 if given is None else int(given["count"]) * _SECONDS[given["unit"]]
    if not 0 < seconds <= MOST_AGE:
        raise InputError.of(column, text, "is no span of time", "write 3600s, 90m, 12h or 2d")
    return seconds


def _address(column: str, text: str | None) -> str:
    return ZERO_ADDRESS if text is None else check_address(column, text.strip())
