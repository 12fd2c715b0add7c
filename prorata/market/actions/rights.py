# SPDX-License-Identifier: MIT
"""A rights issue: every holder may buy new shares at a price, or sell that right to others.

The rights are shares of a token of their own. Every holder of record gets one for each share, from
the vault, so that nothing is rounded; they are traded like any shares. An elective exchange burns
them: for `held` rights, and `given` times the price, it mints `given` new shares. What is not
exercised until the last second lapses: the exchange is closed, the rights that are left are burnt,
and the shares that nobody took can be sold by a call, whose file is written: whoever wants more
than its rights gave orders there, and is allotted pro rata, to the lot.

Whatever was interrupted goes on by running the same again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from prorata.assets.asset import Asset
from prorata.chain.operator import Operator
from prorata.contracts.currency import Currency
from prorata.contracts.share_exchange import (
    Exchange,
    ExchangeStage,
    ExchangeTerms,
    ShareExchange,
)
from prorata.deployments.changes import Change
from prorata.deployments.deployment import Deployment
from prorata.deployments.further_tokens import further_asset, put_token_beside
from prorata.errors import InputError
from prorata.files.writer import write_json, written_whole
from prorata.income.pushes import PAGE_SIZE
from prorata.market.actions.agency import end_agency
from prorata.market.actions.kept_plans import FOLDER, Units, read_kept_plan
from prorata.market.actions.plan_files import read_plan
from prorata.market.actions.ratios import Ratio, parse_ratio
from prorata.market.actions.share_distributions import (
    Given,
    ShareOffer,
    give_shares,
    plan_shares,
)
from prorata.market.exchanges.opening import OpenedExchange, open_exchange
from prorata.market.exchanges.steps import close_exchange
from prorata.market.exchanges.terms import Opening
from prorata.register.enforcement import Basis, Done, burn
from prorata.register.holders import holders_now
from prorata.values.amounts import format_units
from prorata.values.times import moment

__all__ = [
    "Lapsed",
    "RightsIssued",
    "RightsPlan",
    "find_rights",
    "issue_rights",
    "lapse_rights",
    "read_rights",
    "rights_asset",
    "rights_for",
    "rights_terms",
    "shares_taken",
]

ONE_FOR_ONE = Ratio(1, 1)


class RightsPlan(BaseModel):
    """A rights issue: `ratio` is new shares for rights, `price` what one whole new share costs.

    The price is in the smallest unit of `currency`; what is paid goes to `treasury`. `closes_at` is
    the last Unix second of the exercise.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    symbol: str
    name: str
    token: str
    record: int
    ratio: str
    currency: str
    price: Units
    closes_at: int
    treasury: str
    excluded: tuple[str, ...]

    @property
    def words(self) -> str:
        """What names the exchange in the journal."""
        content = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return f"rights/{sha256(content.encode()).hexdigest()}"


@dataclass(frozen=True)
class RightsIssued:
    """Rights that everybody has: the asset of the rights, their exchange, and how they came."""

    rights: Deployment
    opened: OpenedExchange
    given: Given


@dataclass(frozen=True)
class Lapsed:
    """Rights that lapsed: `burnt` by holder, and `left` shares that nobody took.

    `offer` is the file of a call that would sell them; None where none are left.
    """

    closed: Change
    burnt: Mapping[str, int]
    orders: tuple[Done, ...]
    left: int
    offer: Path | None


def read_rights(folder: Path, symbol: str) -> RightsPlan | None:
    """The plan of this rights issue; None where there is none.

    Raises: InputError when the file is damaged.
    """
    return read_kept_plan(RightsPlan, _path(folder, symbol))


def _path(folder: Path, symbol: str) -> Path:
    return folder / FOLDER / f"rights-{symbol}.json"


def rights_asset(found: Deployment, plan: RightsPlan) -> Asset:
    """The settings of the rights: as many as there can be shares of the asset.

    Raises: InputError when the plan's names cannot be those of an asset.
    """
    settings = found.settings
    return further_asset(
        found,
        name=plan.name,
        symbol=plan.symbol,
        decimals=settings.decimals,
        authorised=settings.authorised,
    )


def rights_terms(found: Deployment, plan: RightsPlan, rights: str) -> ExchangeTerms:
    """The terms of the exercise as the contract has them."""
    ratio, one = parse_ratio(plan.ratio), 10**found.settings.decimals
    return ExchangeTerms(
        token=rights,
        per=ratio.held * one,
        burns=True,
        treasury=plan.treasury,
        currency=plan.currency,
        pays=plan.price * ratio.given,
        other=plan.token,
        other_shares=ratio.given * one,
        closes_at=plan.closes_at,
    )


def issue_rights(
    operator: Operator,
    found: Deployment,
    contract: ShareExchange,
    plan: RightsPlan,
    *,
    beside: Path,
    page_size: int = PAGE_SIZE,
) -> RightsIssued:
    """Put the rights on the chain, open their exercise, and hand them out, each once.

    The record must have closed. `beside` is where the folder of the rights belongs.

    Raises: InputError for what stands in the way; what `Operator.send` raises.
    """
    operator.settle()
    write_json(_path(found.folder, plan.symbol), plan.model_dump(mode="json"))
    rights = put_token_beside(operator, found, rights_asset(found, plan), beside / plan.symbol)
    token = rights.token()
    opening = Opening(rights_terms(found, plan, token.address))
    opened = open_exchange(operator, contract, opening, words=plan.words)
    offer = ShareOffer("rights", str(ONE_FOR_ONE), ONE_FOR_ONE, plan.record, token, plan.excluded)
    handed_out, _ = plan_shares(operator, found, offer)
    given = give_shares(operator, found, handed_out, page_size=page_size)
    return RightsIssued(rights, opened, given)


# -------------------------------------------------------------------------------------- exercising


def find_rights(contract: ShareExchange, rights: str) -> tuple[int, Exchange]:
    """The latest elective exchange of a rights token, by its number.

    Raises: InputError when there is none; ChainError.
    """
    count = contract.exchange_count()
    ids = range(count, 0, -1)
    for number, exchange in zip(ids, contract.exchanges_of(list(ids)), strict=True):
        if exchange.terms.token == rights and not exchange.terms.mandatory:
            return number, exchange
    rule = "has no exchange in which it is exercised"
    raise InputError.of("rights", rights, rule, "check the symbol or the address")


def rights_for(terms: ExchangeTerms, shares: int) -> int:
    """How many rights so many new shares take, in smallest units.

    Raises: InputError when no number of rights brings exactly these.
    """
    rights = -(-shares * terms.per // terms.other_shares)
    if not shares or rights * terms.other_shares // terms.per != shares:
        rule = "are not what any number of rights brings"
        raise InputError.of("shares", shares, rule, f"give a multiple of {terms.other_shares}")
    return rights


# ---------------------------------------------------------------------------------------- lapsing


def shares_taken(terms: ExchangeTerms, exchanged: int) -> int:
    """New shares that so many exercised rights brought at most."""
    return exchanged * terms.other_shares // terms.per


def lapse_rights(
    operator: Operator,
    found: Deployment,
    rights: Deployment,
    contract: ShareExchange,
    basis: Basis,
    *,
    offer_seconds: int,
) -> Lapsed:
    """Close the exercise after its last second, and burn the rights that are left, each once.

    `offer_seconds` is how long the call for the shares that nobody took shall be open.

    Raises: InputError while rights can be exercised still; what `Operator.send` raises.
    """
    operator.settle()
    number, exchange = find_rights(contract, rights.token().address)
    terms, now = exchange.terms, found.chain.now()
    if exchange.stage is not ExchangeStage.CLOSED and now <= terms.closes_at:
        rule = f"can be exercised until {moment(terms.closes_at)}: the chain's time is "
        remedy = "wait until then"
        raise InputError.of("rights", rights.settings.symbol, f"{rule}{moment(now)}", remedy)
    closed = close_exchange(operator, contract, number)
    # The orders are those of the asset, whose journal has the transactions.
    ordering = Deployment(found.folder, rights.manifest, found.chain)
    burnt = {holder: held for holder, held in sorted(holders_now(rights).items()) if held}
    orders = tuple(
        burn(operator, ordering, basis, holder=holder, amount=held)
        for holder, held in burnt.items()
    )
    end_agency(operator, contract, number)
    left = shares_taken(terms, _handed_out(found, rights) - exchange.exchanged)
    offer = _write_offer(found, rights, terms, left, offer_seconds) if left else None
    return Lapsed(closed, burnt, orders, left, offer)


def _handed_out(found: Deployment, rights: Deployment) -> int:
    """How many rights there were.

    Raises: InputError when their plan is not in the asset's folder.
    """
    symbol = rights.settings.symbol
    plan = read_rights(found.folder, symbol)
    given = None if plan is None else read_plan(found.folder, "rights", plan.record)
    if given is None:
        rule = f"are none that were issued from {found.folder}"
        raise InputError.of("rights", symbol, rule, "use the folder that has their plan")
    return given.shares


def _write_offer(
    found: Deployment, rights: Deployment, terms: ExchangeTerms, left: int, seconds: int
) -> Path:
    """The terms of a call that sells what nobody took, at the price of the rights."""
    unit, symbol = found.settings.unit, rights.settings.symbol
    money = Currency(found.chain, terms.currency).unit
    price = terms.pays * 10**unit.decimals // terms.other_shares
    known = {address: label for label, address in found.currencies.items()}
    lines = (
        f"name: {found.settings.symbol}, shares of {symbol} that nobody took",
        f'sells: "{format_units(left, unit.decimals, grouping=False, trim=True)}"',
        (
            f"price: {{currency: {known.get(terms.currency, terms.currency)!r}, "
            f'at: "{format_units(price, money.decimals, grouping=False, trim=True)}"}}'
        ),
        f"closes: {moment(found.chain.now() + seconds)}",
        "shares_from: mint",
    )
    path = found.folder / FOLDER / f"rights-{symbol}-offer.yaml"
    if path.exists():
        # It may have been edited since, and opened.
        return path
    with written_whole(path) as part:
        part.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
