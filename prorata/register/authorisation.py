# SPDX-License-Identifier: MIT
"""How many shares may ever be issued: changed by an order with a reason and a document.

The number stands in no contract. It binds `issue`, and whoever reads the manifest, which keeps the
numbers before it and why each was changed.
"""

from __future__ import annotations

from dataclasses import dataclass

from prorata.assets.asset import Asset
from prorata.chain.operator import Operator
from prorata.deployments.deployment import Deployment
from prorata.deployments.settings import take_settings
from prorata.errors import InputError
from prorata.files.writer import json_object
from prorata.register.enforcement import Basis
from prorata.values.amounts import format_units
from prorata.values.times import moment

__all__ = ["Authorised", "authorise"]


@dataclass(frozen=True)
class Authorised:
    """Shares that may be issued, in smallest units: before, now, and issued so far."""

    before: int
    now: int
    supply: int
    basis: Basis

    @property
    def changed(self) -> bool:
        """Whether it was another number before."""
        return self.before != self.now


def check_authorised(deployment: Deployment, shares: str) -> Asset:
    """The asset with another number of authorised shares.

    Raises: InputError when it is no number, or less than what is issued already; ChainError.
    """
    fields = {**deployment.settings.model_dump(mode="json"), "authorised_shares": shares}
    settings = Asset.of(fields)
    supply = deployment.token().total_supply()
    if settings.authorised < supply:
        issued = format_units(supply, settings.decimals, trim=True)
        raise InputError.of(
            "shares",
            shares,
            f"is less than the {issued} shares of {settings.symbol} that are issued",
            "authorise at least those, or burn some first",
        )
    return settings


def authorise(
    operator: Operator, found: Deployment, basis: Basis, shares: str, *, dry_run: bool = False
) -> Authorised:
    """Let so many whole shares be issued in all, from now on. Nothing is sent.

    Raises: InputError as `check_authorised` does; ChainError.
    """
    settings = check_authorised(found, shares)
    done = Authorised(
        found.settings.authorised, settings.authorised, found.token().total_supply(), basis
    )
    if done.changed and not dry_run:
        _note(operator, found, done)
        take_settings(found, settings, operator.address, basis.facts())
    return done


def _note(operator: Operator, found: Deployment, done: Authorised) -> None:
    """Put the order into the log, once: a run may have been killed before the manifest said it."""
    unit, number = found.settings.unit, len(found.manifest.history) + 1
    order = f"authorise/{number}"
    journal = operator.journal
    if journal is None or any(note.get("order") == order for note in journal.notes):
        return
    facts = {
        "order": order,
        "what": "authorise",
        "shares": unit.amount(done.now),
        "before": unit.amount(done.before),
        **done.basis.facts(),
        "by": operator.address,
        "at": moment(operator.chain.now()),
    }
    journal.note(json_object(facts))
