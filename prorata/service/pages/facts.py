# SPDX-License-Identifier: MIT
"""What pages say of an asset and of a holder: from the ledger, as of one moment, and from the node.

What the ledger says is of the block to which it has read. What can be claimed now, and what an
account has of a currency, is the chain's to say; such figures carry the node's block.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from prorata.contracts.base import NATIVE
from prorata.contracts.currency import Currency
from prorata.contracts.vault import DividendVault
from prorata.deployments.deployment import Deployment
from prorata.errors import RevertError
from prorata.service.asking import Followed
from prorata.store import schema
from prorata.store.asof import AsOf, holder, moment, supply
from prorata.store.flows import Declared, Income, distributions, income
from prorata.store.listings import documents
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.amounts import Amount, Unit, percent

__all__ = ["AssetFacts", "Claimable", "Earned", "Held", "Wallet", "asset_facts", "held_of",
           "is_issuer", "wallet_of"]  # fmt: skip

LATEST = 20
_SAFE = re.compile("https://[a-z0-9]", re.IGNORECASE)


@dataclass(frozen=True)
class Paid:
    """A distribution as a page lists it; the amount is blank where its currency is not known."""

    number: int
    record: int
    amount: Amount | None
    currency: str
    payable_from: int
    deadline: int


@dataclass(frozen=True)
class Named:
    """A document that the token names; `link` is empty where no browser should follow it."""

    name: str
    uri: str
    link: str
    hash: str
    time: int


@dataclass(frozen=True)
class AssetFacts:
    """An asset at a moment; nothing in it is about a single holder."""

    followed: Followed
    moment: AsOf
    shares: Amount
    holders: int
    records: Sequence[tuple[int, int]]
    distributions: Sequence[Paid]
    documents: Sequence[Named]

    @property
    def token(self) -> str:
        """Its address."""
        return str(self.followed.asset.token)


def asset_facts(connection: Connection, followed: Followed, units: dict[str, Unit]) -> AssetFacts:
    """What everybody may know of an asset, as far as it is read.

    Raises: IncompleteError.
    """
    asset = followed.asset.id
    then = moment(connection, asset, None)
    total = supply(connection, asset, then.block)
    declared = distributions(connection, asset, then.block)[-LATEST:]
    return AssetFacts(
        followed,
        then,
        followed.unit.amount(total.total),
        total.holders,
        _records(connection, asset, then.block),
        [_paid(one, units) for one in reversed(declared)],
        [
            Named(one.name, one.uri, one.uri if _SAFE.match(one.uri) else "", one.hash, one.time)
            for one in documents(connection, asset, then.block)
        ],
    )


def _records(connection: Connection, asset: int, block: int) -> list[tuple[int, int]]:
    record, gone = schema.record.c, schema.record_cancellation.c
    cancelled = select(gone.number).where(gone.asset == asset, gone.block <= block)
    wanted = (
        select(record.number, record.closes_at)
        .where(record.asset == asset, record.block <= block, record.number.not_in(cancelled))
        .order_by(record.number.desc())
        .limit(LATEST)
    )
    return [(row.number, row.closes_at) for row in connection.execute(wanted)]


def _paid(one: Declared, units: dict[str, Unit]) -> Paid:
    unit = units.get(one.currency)
    return Paid(
        one.number,
        one.record,
        None if unit is None else unit.amount(one.received + one.carried_in),
        one.currency,
        one.payable_from,
        one.deadline,
    )


# ------------------------------------------------------------------------------------- of a holder


@dataclass(frozen=True)
class Earned:
    """What a holder was paid in a currency; figures are blank where it is not known."""

    currency: str
    gross: Amount | None
    tax: Amount | None
    net: Amount | None
    payments: int


@dataclass(frozen=True)
class Held:
    """What an account has of an asset, as the ledger has it."""

    facts: AssetFacts
    shares: Amount
    percent: str
    earned: Sequence[Earned]
    before: Sequence[str] = ()
    """Lost wallets whose place it has."""


def held_of(
    connection: Connection,
    followed: Followed,
    account: str,
    before: Sequence[str],
    units: dict[str, Unit],
) -> Held | None:
    """What an account has, and was paid; None for one that never had anything to do with it.

    Raises: IncompleteError.
    """
    facts = asset_facts(connection, followed, units)
    asset, block = followed.asset.id, facts.moment.block
    shares = holder(connection, asset, block, account)
    paid = [one for who in (account, *before) for one in income(connection, asset, block, of=who)]
    if not shares and not paid and not before and not _ever(connection, asset, account):
        return None
    return Held(
        facts,
        followed.unit.amount(shares),
        percent(shares, facts.shares.units) if facts.shares.units else "",
        _earned(paid, units),
        before,
    )


def _ever(connection: Connection, asset: int, account: str) -> bool:
    wanted = (
        select(schema.holder.c.block)
        .join(schema.account, schema.account.c.id == schema.holder.c.account)
        .where(schema.holder.c.asset == asset, schema.account.c.address == account)
    )
    return connection.execute(wanted).first() is not None


def _earned(paid: Sequence[Income], units: dict[str, Unit]) -> list[Earned]:
    found = []
    for currency in sorted({one.currency for one in paid}):
        of = [one for one in paid if one.currency == currency]
        gross, tax = sum(one.gross for one in of), sum(one.tax for one in of)
        unit = units.get(currency)
        payments = sum(one.payments for one in of)
        if unit is None:
            found.append(Earned(currency, None, None, None, payments))
            continue
        found.append(
            Earned(
                currency, unit.amount(gross), unit.amount(tax), unit.amount(gross - tax), payments
            )
        )
    return found


# ---------------------------------------------------------------------------------- from the chain


@dataclass(frozen=True)
class Claimable:
    """What a claim would pay now, net."""

    number: int
    holder: str
    amount: Amount


@dataclass(frozen=True)
class Wallet:
    """What the chain says of an account now."""

    block: int
    claimable: Sequence[Claimable]
    balances: Sequence[Amount]
    payee: str
    is_issuer: bool

    @property
    def totals(self) -> list[Amount]:
        """What can be claimed, in each currency."""
        units: dict[tuple[str, int], int] = {}
        for one in self.claimable:
            key = (one.amount.currency, one.amount.decimals)
            units[key] = units.get(key, 0) + one.amount.units
        return [Unit(*key).amount(total) for key, total in units.items()]


def wallet_of(found: Deployment, account: str, before: Sequence[str]) -> Wallet:
    """Ask the chain.

    Raises: ChainError.
    """
    vault, block = found.vault(), found.chain.block()
    money: dict[str, Unit] = {}

    def unit(currency: str) -> Unit:
        if currency not in money:
            money[currency] = Currency(found.chain, currency).unit
        return money[currency]

    claimable = [
        Claimable(one.id, who, unit(one.currency).amount(units))
        for one in vault.distributions_of(found.paying)
        for who in (account, *before)
        if (units := _net(vault, one.id, who))
    ]
    for currency in (*found.currencies.values(), NATIVE):
        unit(currency)
    balances = [
        unit.amount(Currency(found.chain, currency).balance_of(account))
        for currency, unit in money.items()
    ]
    payee = vault.payee_of(account)
    return Wallet(
        block.number,
        claimable,
        balances,
        account if payee == ZERO_ADDRESS else payee,
        is_issuer(found, account),
    )


def is_issuer(found: Deployment, account: str) -> bool:
    """Whether an account is the owner or an agent of the token."""
    token = found.token()
    return token.owner() == account or token.is_agent(account)


def _net(vault: DividendVault, number: int, holder: str) -> int:
    try:
        return vault.claimable(number, holder)
    except RevertError:
        # Its tax policy has no answer: a claim would fail too.
        return 0
