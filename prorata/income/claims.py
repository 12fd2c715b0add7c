# SPDX-License-Identifier: MIT
"""Claiming what a holder is owed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from prorata.chain.operator import Operator
from prorata.chain.steps import Receipt
from prorata.contracts.vault import (
    Distribution,
    DividendVault,
    Settlement,
    find_distribution,
    settlements,
)
from prorata.deployments.deployment import Deployment
from prorata.income.denominators import count_shares
from prorata.income.payable import why_not_payable

__all__ = ["Claimed", "Payout", "claim", "payouts"]

Payout: TypeAlias = Settlement
"""What a claim or a push paid one holder from one distribution."""


# ------------------------------------------------------------------------------------------ claim


@dataclass(frozen=True)
class Claimed:
    """What a claim did; `not_payable` are distributions that cannot be claimed now."""

    payouts: tuple[Payout, ...]
    receipt: Receipt | None
    not_payable: tuple[int, ...] = field(default=())


def claim(
    operator: Operator,
    deployment: Deployment,
    holder: str,
    ids: Sequence[int] | None = None,
) -> Claimed:
    """Claim what `holder` is owed from the distributions `ids`, or from all open ones.

    Anyone may claim for a holder: the money goes to the holder or the payee it has set.

    Raises: InputError when a named distribution, or every unclaimed one, is not payable now; what
    `Operator.send` raises.
    """
    vault = deployment.vault("pending")
    operator.settle()
    if ids is None:
        every = [d for d in vault.distributions() if d.token in deployment.paying]
        candidates = _unclaimed(vault, every, holder)
    else:
        candidates = _unclaimed(vault, [find_distribution(vault, i) for i in ids], holder)
    refusals = {found.id: why_not_payable(operator.chain, found) for found in candidates}
    not_payable = {number: why for number, why in refusals.items() if why is not None}
    payable = [number for number, why in refusals.items() if why is None]
    for found in candidates:
        if found.id in payable:
            count_shares(operator, deployment, found)
    due = [number for number in payable if vault.entitlement(number, holder).gross > 0]
    if not_payable and (ids is not None or not due):
        raise next(iter(not_payable.values()))
    if not due:
        return Claimed((), None)
    key = f"claim/{'+'.join(map(str, due))}/{holder}"
    receipt = operator.send_one(key, vault.claim(due, holder))
    return Claimed(payouts([receipt]), receipt, tuple(not_payable))


def _unclaimed(
    vault: DividendVault, distributions: Sequence[Distribution], holder: str
) -> list[Distribution]:
    return [d for d in distributions if not vault.is_claimed(d.id, holder)]


def payouts(receipts: Sequence[Receipt]) -> tuple[Payout, ...]:
    """What transactions of whatever kind have settled."""
    return tuple(settled for r in receipts for settled in settlements(r.events()))
