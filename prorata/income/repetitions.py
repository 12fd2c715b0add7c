# SPDX-License-Identifier: MIT
"""Distributions that are alike: what may be the same payment a second time.

The journal tells what this account has declared from this folder. A copy of the folder, another
account or another program may have declared the same, and only the vault knows of that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from prorata.chain.operator import Operator
from prorata.contracts.currency import money
from prorata.contracts.vault import Distribution
from prorata.deployments.deployment import Deployment
from prorata.income.declarations import Declaration, is_declared, record_token

__all__ = ["Alike", "alike"]


@dataclass(frozen=True)
class Alike:
    """A declaration, and a distribution of the vault that pays the same on the same terms.

    It is for the same record, or for another one where the record was not named.
    """

    declaration: Declaration
    distribution: Distribution

    @property
    def amount(self) -> str:
        """How much both pay."""
        return money(self.declaration.amount, self.declaration.currency)

    def __str__(self) -> str:
        """What they are, for a question: a sentence without its end."""
        found, what = self.distribution, self.declaration
        record = f"{what.column.replace('_', ' ')} {found.record_id}"
        return (
            f"distribution {found.id} pays {self.amount} on the same terms at {record}, "
            f"declared by {found.declarer}"
        )


def alike(
    operator: Operator,
    deployment: Deployment,
    declarations: Sequence[Declaration],
    *,
    record_named: bool,
) -> list[Alike]:
    """What the vault has already that is like one of those yet to be declared.

    Without `record_named` a distribution for another record is alike, too: whoever says the same
    again after a record has closed may mean the payment that was made. What this account's journal
    has is no question: it is not declared again.

    Raises: ChainError.
    """
    new = [what for what in declarations if not is_declared(operator, deployment, what)]
    if not new:
        return []
    there = deployment.vault().distributions_of(deployment.paying)
    return [
        Alike(what, found[-1])
        for what in new
        if (found := list(_like(deployment, what, there, record_named=record_named)))
    ]


def _like(
    deployment: Deployment,
    what: Declaration,
    there: Sequence[Distribution],
    *,
    record_named: bool,
) -> Iterator[Distribution]:
    token = record_token(deployment, what).address
    for found in there:
        same_record = found.record_id == what.record_id or not record_named
        if found.token == token and same_record and _pays_the_same(found, what):
            yield found


def _pays_the_same(found: Distribution, what: Declaration) -> bool:
    wanted, terms = what.terms, found.terms
    return (
        found.currency == what.currency.address
        and found.received == what.amount
        and (terms.kind, terms.document_hash) == (wanted.kind, wanted.document_hash)
        and (terms.tax_policy, terms.sweep_to) == (wanted.tax_policy, wanted.sweep_to)
        and {*terms.excluded} == {*wanted.excluded}
    )
