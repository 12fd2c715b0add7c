# SPDX-License-Identifier: MIT
"""The number of shares that a distribution is divided by, counted before the first payment.

The first payment from a distribution that was declared while its record was open counts the shares
that earn: the supply, less what each excluded account held. Over a long record range, with many
accounts left out, that can be more than a transaction may use. Then it is counted in transactions
of a few accounts each. Anyone may do it, and a run that stops is continued by running it again: the
vault goes on where it was.
"""

from __future__ import annotations

from prorata.chain.calls import Call
from prorata.chain.operator import Operator
from prorata.chain.steps import Intent, Receipt
from prorata.contracts.vault import Distribution, DividendVault
from prorata.deployments.deployment import Deployment
from prorata.errors import ChainError

__all__ = ["ACCOUNTS_AT_ONCE", "count_shares", "pages_to_count"]

ACCOUNTS_AT_ONCE = 4
"""One of them may cost more than a million gas, and the supply, read with the last, as much."""

# With so much, payments do it by themselves.
_LITTLE = 3_000_000


def pages_to_count(excluded: int) -> int:
    """How many transactions it can take at most to count, before the first payment."""
    return -(-excluded // ACCOUNTS_AT_ONCE) if excluded > ACCOUNTS_AT_ONCE else 0


def _may_need_pages(found: Distribution) -> bool:
    """Whether its shares are not counted, and leave out more than a few accounts."""
    return not found.eligible_supply and pages_to_count(len(found.terms.excluded)) > 0


def count_shares(
    operator: Operator, deployment: Deployment, found: Distribution
) -> tuple[Receipt, ...]:
    """Count the shares of a distribution, if its first payment could not do that itself.

    What cannot be counted at all, as that of a cancelled record, is left to whoever pays or refunds
    it to say.

    Raises: what `Operator.send` raises.
    """
    if not _may_need_pages(found):
        return ()
    vault = deployment.vault("pending")
    operator.settle()
    if not _is_too_much(operator, vault, found):
        return ()
    receipts: list[Receipt] = []
    while (left := vault.accounts_left(found.id)) or not receipts:
        operator.tell(f"counting the shares of {left} excluded accounts")
        receipts.append(operator.send_one(*_page(vault, found, left)))
    return tuple(receipts)


def _is_too_much(operator: Operator, vault: DividendVault, found: Distribution) -> bool:
    """Whether all at once needs more than a payment should, and a page by itself is possible."""
    everything = _intent(vault, found, len(found.terms.excluded), "all")
    try:
        return operator.price([everything])[0] > _LITTLE
    except ChainError:
        pass
    try:
        operator.price([_intent(vault, found, ACCOUNTS_AT_ONCE, "try")])
    except ChainError:
        return False
    return True


def _intent(vault: DividendVault, found: Distribution, most: int, name: str) -> Intent:
    return Intent(f"count/{found.id}/{name}", vault.fix_eligible(found.id, most))


def _page(vault: DividendVault, found: Distribution, left: int) -> tuple[str, Call]:
    # How many are left names the step, so that one that was undone is sent again.
    return f"count/{found.id}/{left}", vault.fix_eligible(found.id, ACCOUNTS_AT_ONCE)
