# SPDX-License-Identifier: MIT
"""What an issuer sees: the register with names, the audit, aged balances, drift, and previews."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from prorata.chain.node import RpcChain
from prorata.deployments.deployment import Deployment
from prorata.deployments.drift import DriftReport, find_drift, known_transactions
from prorata.income.previews import Preview, preview_all
from prorata.ledger.audits import audit_deployment
from prorata.ledger.unclaimed import read_unclaimed
from prorata.reports.tables import verdict
from prorata.service.asking import Followed
from prorata.service.preparing.actions import Distribute
from prorata.service.preparing.play import played
from prorata.store.asof import AsOf, balances
from prorata.store.office import Office
from prorata.store.office_people import people_of
from prorata.values.addresses import checksummed
from prorata.values.amounts import Amount, percent

__all__ = ["Audited", "Shown", "audited", "names_of", "previewed", "register_of"]

LARGEST = 200


def register_of(
    connection: Connection, followed: Followed, then: AsOf
) -> list[tuple[str, Amount, str]]:
    """The largest holders: address, shares, and how much of all."""
    held = balances(connection, followed.asset.id, then.block)
    total = sum(held.values())
    rows = sorted(held.items(), key=lambda one: (-one[1], one[0]))[:LARGEST]
    found = []
    for packed, shares in rows:
        address = str(checksummed(packed))
        part = percent(shares, total) if total else ""
        found.append((address, followed.unit.amount(shares), part))
    return found


def names_of(office: Office, who: str, chain_id: int, addresses: Sequence[str]) -> dict[str, str]:
    """The names of wallets, as the office has them; its trail has that `who` has read them.

    Raises: StoreError when the trail cannot be written.
    """
    read = Office(office.database, who=who, tenant=office.tenant, clock=office.clock)
    known = people_of(read, chain_id, addresses, action="people.shown page")
    return {address: one.name for address, one in known.items()}


# --------------------------------------------------------------------------------------- the audit


@dataclass(frozen=True)
class Aged:
    """What is owed of a distribution, by age."""

    number: int
    owed: Amount
    buckets: Sequence[tuple[str, Amount]]


@dataclass(frozen=True)
class Audited:
    """What an audit has found at a block."""

    block: int
    verdict: str
    agrees: bool
    aged: Sequence[Aged]
    drift: DriftReport


def audited(chain: RpcChain, folder: Path) -> Audited:
    """Audit a deployment, with what is owed and what has changed.

    Raises: DeploymentError, BooksError, ChainError.
    """
    found = Deployment.unchecked(chain, folder)
    drift = find_drift(found, known_transactions(found))
    proven = audit_deployment(found)
    aged = tuple(_aged(found))
    return Audited(
        proven.answers.block.number,
        verdict(proven),
        not proven.books.differences,
        aged,
        drift,
    )


def _aged(found: Deployment) -> Iterator[Aged]:
    for one in read_unclaimed(found).distributions:
        unit = one.currency.unit
        buckets = [(age, unit.amount(units)) for age, units in one.by_bucket().items()]
        yield Aged(one.distribution.id, unit.amount(one.owed), buckets)


# -------------------------------------------------------------------------------------- a preview


@dataclass(frozen=True)
class Shown:
    """A preview as a page has it: all figures are text."""

    title: str
    provisional: bool
    refusal: str | None
    notices: Sequence[str]
    lines: Sequence[dict[str, object]]
    count: int
    shares: str
    gross: str
    tax: str
    remainder: str


def previewed(chain: RpcChain, folder: Path, arguments: Distribute, account: str) -> list[Shown]:
    """What each holder would be paid; nothing is sent.

    Raises: InputError, NoEligibleShares, BooksError, ChainError.
    """
    with played(chain, folder, account, "unsigned") as on:
        declarations = arguments.declarations(on)
        return [_shown(one) for one in preview_all(on.operator, on.deployment, declarations)]


def _shown(found: Preview) -> Shown:
    unit, shares = found.declaration.currency.unit, found.share_unit
    kind = found.declaration.terms.kind.label.capitalize()
    amount = unit.amount(found.received)
    lines = sorted(found.lines, key=lambda one: (-one.gross, one.holder))
    return Shown(
        title=f"{kind} of {amount.text} {amount.currency} at {found.declaration.record}",
        provisional=found.provisional,
        refusal=None if found.refusal is None else f"{found.refusal}",
        notices=found.notices,
        lines=[
            {
                "holder": one.holder,
                "held": one.held,
                "shares": shares.amount(one.shares).text,
                "gross": unit.amount(one.gross).text,
                "tax": "" if one.tax is None else unit.amount(one.tax).text,
                "net": "" if one.net is None else unit.amount(one.net).text,
            }
            for one in lines[:LARGEST]
        ],
        count=len(lines),
        shares=shares.amount(found.shares).text,
        gross=unit.amount(found.gross).text,
        tax=unit.amount(found.tax).text,
        remainder=f"{unit.amount(found.remainder).text} {unit.symbol}",
    )
