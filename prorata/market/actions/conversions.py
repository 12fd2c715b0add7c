# SPDX-License-Identifier: MIT
"""Reverse splits and mergers: all shares become shares of another token, fractions become money.

A conversion is a mandatory exchange (`ShareExchange`) that the owner opens with notice. Its steps:
the successor token, where it is new; the exchange contract as agent of both tokens; the exchange,
funded for every fraction that there can be; and, from `opens_at` on, the pause of the old token,
everybody's shares page by page, and the end, of both roles too. The old token keeps its records and
what its holders are owed for them. Whatever was interrupted goes on by running the same again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from prorata.assets.asset import Asset
from prorata.chain.operator import Operator
from prorata.contracts.currency import Currency, money
from prorata.contracts.share_exchange import (
    ExchangeQuote,
    ExchangeStage,
    ExchangeTerms,
    ShareExchange,
)
from prorata.contracts.share_token import ShareToken
from prorata.deployments.deployment import Deployment
from prorata.deployments.further_tokens import further_asset, put_token_beside
from prorata.errors import InputError, Problem
from prorata.market.actions.agency import end_agency
from prorata.market.actions.conversion_files import ConversionPlan, write_conversion
from prorata.market.actions.ratios import Ratio, parse_ratio
from prorata.market.exchanges.account import ExchangeAccount, account_of
from prorata.market.exchanges.carrying import exchange_everybody
from prorata.market.exchanges.law import brings, total_of
from prorata.market.exchanges.opening import OpenedExchange, open_exchange
from prorata.market.exchanges.steps import close_exchange
from prorata.market.exchanges.terms import Opening
from prorata.market.exchanges.vault_shares import (
    VaultShares,
    burn_left_over,
    read_vault_shares,
    require_pushed,
    unpushed,
)
from prorata.register.enforcement import Basis, pause
from prorata.register.holders import holders_now
from prorata.values.times import moment

__all__ = [
    "ConversionPreview",
    "Converted",
    "ConvertedLine",
    "carry_conversion",
    "check_conversion",
    "conversion_terms",
    "preview_conversion",
    "successor_asset",
]

MOST_UNITS = 2**96 - 1


@dataclass(frozen=True)
class ConvertedLine:
    """One holder: its shares and what they bring, in smallest units."""

    holder: str
    shares: int
    brings: ExchangeQuote


@dataclass(frozen=True)
class ConversionPreview:
    """Who would get what, by those who hold shares now.

    Shares in the vault are not among them. `funding` is the money that must be paid in, for
    whatever wallets shares are in by then.
    """

    terms: ExchangeTerms
    lines: tuple[ConvertedLine, ...]
    vault: VaultShares
    funding: int = 0

    @property
    def left_over(self) -> int:
        """Shares of nobody's in the vault, which are burnt."""
        return self.vault.left_over

    @property
    def total(self) -> ExchangeQuote:
        """What all of them bring together."""
        return total_of(line.brings for line in self.lines)

    @property
    def shares(self) -> int:
        """What all of them give."""
        return sum(line.shares for line in self.lines)


@dataclass(frozen=True)
class Converted:
    """How far a conversion is: without an `account` it waits for `opens_at`.

    `skipped` says why for each holder whose shares were not taken; `finished` is whether nothing
    is left to be exchanged.
    """

    opened: OpenedExchange
    other: Deployment | None
    account: ExchangeAccount | None = None
    skipped: Mapping[str, str] | None = None
    finished: bool = False


# ---------------------------------------------------------------------------------------- planning


def conversion_terms(
    found: Deployment, plan: ConversionPlan, other: str, decimals: int
) -> ExchangeTerms:
    """The terms of a plan as the contract has them.

    Raises: InputError when the price of a whole share is none of its smallest unit.
    """
    ratio: Ratio = parse_ratio(plan.ratio)
    owner, held = found.token().owner(), found.settings.decimals
    price, rest = divmod(plan.fraction_price, 10**decimals)
    if rest:
        rule = f"is no whole number of units for each of the {10**decimals} of a share"
        raise InputError.of("fraction-price", plan.fraction_price, rule, "give a rounder price")
    return ExchangeTerms(
        token=plan.token,
        per=ratio.held * 10**held,
        burns=True,
        treasury=owner,
        currency=plan.currency,
        gets=plan.cash * ratio.held,
        other=other,
        other_shares=ratio.given * 10**decimals,
        fraction_price=price,
        mandatory=True,
        opens_at=plan.opens_at,
        closes_at=plan.closes_at,
        document_hash=bytes.fromhex(plan.document_hash.removeprefix("0x")),
    )


def preview_conversion(
    found: Deployment, contract: ShareExchange, terms: ExchangeTerms
) -> ConversionPreview:
    """Who would get what, by the register as it is now.

    Raises: BooksError; RevertError for terms that the contract refuses; ChainError.
    """
    balances, vault = dict(holders_now(found)), read_vault_shares(found)
    balances.pop(vault.vault, None)
    lines = [
        ConvertedLine(holder, shares, brings(terms, shares))
        for holder, shares in sorted(balances.items(), key=lambda one: (-one[1], one[0]))
        if shares
    ]
    funding = contract.funding_for(terms, 0) if lines else 0
    return ConversionPreview(terms, tuple(lines), vault, funding)


def check_conversion(operator: Operator, found: Deployment, preview: ConversionPreview) -> None:
    """Check what the exchange contract cannot know, before anything is sent.

    Raises: InputError for the first fault.
    """
    problems = [*_faulty_parties(operator, found, preview), *_faulty_terms(found, preview)]
    if problems:
        raise InputError(problems[:1])


def _faulty_parties(
    operator: Operator, found: Deployment, preview: ConversionPreview
) -> Iterator[Problem]:
    """Who must be able to act, and what it needs."""
    token, terms = found.token(), preview.terms
    if operator.address != (owner := token.owner()):
        rule = f"does not own {token.symbol()}, and only its owner exchanges everybody's shares"
        yield Problem(None, "account", operator.address, rule, f"use the account {owner}")
    if not token.is_agent(operator.address):
        rule = f"is no agent of {token.symbol()}, which pauses it when the exchange begins"
        remedy = f"run `prorata agents add {operator.address}` first"
        yield Problem(None, "account", operator.address, rule, remedy)
    if not preview.lines:
        yield Problem(None, "asset", token.symbol(), "has no shares", "there is nothing to do")
    currency = Currency(found.chain, terms.currency)
    held = currency.balance_of(operator.address)
    if held < preview.funding:
        rule = (
            f"is what all shares can need in whatever wallets they are, and more than the "
            f"{money(held, currency)} of {operator.address}: what is not needed comes back"
        )
        yield Problem(None, "funding", money(preview.funding, currency), rule, "fund the account")


def _faulty_terms(found: Deployment, preview: ConversionPreview) -> Iterator[Problem]:
    """What is wrong with times and numbers, and with shares that are on their way."""
    token, terms, now = found.token(), preview.terms, found.chain.now()
    if terms.opens_at <= now:
        rule = f"gives no notice: the chain's time is {moment(now)}"
        yield Problem(None, "at", moment(terms.opens_at), rule, "name a later time")
    if terms.closes_at <= terms.opens_at:
        rule = f"is not later than {moment(terms.opens_at)}, when the exchange begins"
        yield Problem(None, "until", moment(terms.closes_at), rule, "give a later time")
    if max(terms.per, terms.other_shares) > MOST_UNITS:
        rule = "is beyond what the exchange contract can count"
        yield Problem(
            None, "ratio", f"{terms.other_shares}:{terms.per}", rule, "give a simpler one"
        )
    for number, closes in enumerate(token.record_times(), start=1):
        if closes is not None and closes >= terms.opens_at:
            rule = f"closes at {moment(closes)}, when its holders will have other shares"
            remedy = "let the exchange begin later, or cancel it with `prorata record cancel`"
            yield Problem(None, "record", str(number), rule, remedy)
    if (problem := unpushed(preview.vault)) is not None:
        yield problem


# ------------------------------------------------------------------------------------------ acting


def carry_conversion(
    operator: Operator,
    found: Deployment,
    contract: ShareExchange,
    plan: ConversionPlan,
    *,
    beside: Path,
    page_size: int | None = None,
) -> Converted:
    """Carry a plan out as far as the chain's time lets it, from wherever it stands.

    `beside` is where the folder of a successor that is new belongs.

    Raises: InputError for what stands in the way; what `Operator.send` raises.
    """
    operator.settle()
    write_conversion(found.folder, plan)
    other, deployed = _other(operator, found, plan, beside)
    terms = conversion_terms(found, plan, other.address, other.decimals())
    opened = open_exchange(operator, contract, Opening(terms), words=plan.words)
    if found.chain.now() < plan.opens_at:
        return Converted(opened, deployed)
    skipped: dict[str, str] = {}
    stage = contract.exchange_of(opened.id).stage
    if stage is ExchangeStage.CANCELLED:
        rule = "was cancelled"
        raise InputError.of("exchange", opened.id, rule, "remove its plan to make another one")
    if stage is not ExchangeStage.CLOSED:
        basis = Basis(plan.reason, plan.document_hash, plan.document)
        # Nobody can be paid in shares that are paused.
        require_pushed(read_vault_shares(found))
        pause(operator, found, basis)
        burn_left_over(operator, found, read_vault_shares(found), basis)
        done = exchange_everybody(operator, found, contract, opened.id, page_size=page_size)
        skipped = {holder: why.label for holder, why in done.skipped.items()}
        if (why_kept := done.vault.why_kept()) is not None:
            skipped[done.vault.vault] = why_kept
    finished = not found.token("pending").total_supply()
    if finished:
        close_exchange(operator, contract, opened.id)
    account = account_of(found, contract, opened.id)
    if finished:
        owed = [line.holder for line in account.owed_at_first]
        end_agency(operator, contract, opened.id, owed)
    return Converted(opened, deployed, account, skipped, finished)


def _other(
    operator: Operator, found: Deployment, plan: ConversionPlan, beside: Path
) -> tuple[ShareToken, Deployment | None]:
    """The token whose shares everybody gets."""
    if not plan.deploys:
        assert plan.other is not None
        return ShareToken(found.chain, plan.other), None
    settings = successor_asset(found, plan)
    deployed = put_token_beside(operator, found, settings, beside / plan.symbol)
    return deployed.token(), deployed


def successor_asset(found: Deployment, plan: ConversionPlan) -> Asset:
    """The settings of a successor: as many shares are authorised as the old ones bring.

    Raises: InputError when the plan's names cannot be those of an asset.
    """
    ratio = parse_ratio(plan.ratio)
    authorised = -(-found.settings.authorised * ratio.given // ratio.held)
    return further_asset(
        found,
        name=plan.name,
        symbol=plan.symbol,
        decimals=found.settings.decimals,
        authorised=authorised,
    )
