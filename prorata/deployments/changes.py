# SPDX-License-Identifier: MIT
"""A change of what a contract says: sent once, and not at all where the chain says so already.

Of such a change the chain itself knows whether it is made. So its step has a number in the journal:
the same change again sends nothing, and once somebody has changed it back, it is a new step.
"""

from __future__ import annotations

from dataclasses import dataclass

from prorata.chain.calls import Call
from prorata.chain.operator import Operator
from prorata.chain.steps import Receipt
from prorata.contracts.base import OwnedContract
from prorata.errors import InputError

__all__ = ["Change", "make_change", "require_owner"]


@dataclass(frozen=True)
class Change:
    """A change that is made: `label` says it in words.

    Without a receipt the chain said so already, and no run of this folder had sent it.
    """

    label: str
    receipt: Receipt | None

    @property
    def sent_now(self) -> bool:
        """Whether this run has sent it."""
        return self.receipt is not None and not self.receipt.resumed


def make_change(operator: Operator, key: str, call: Call, *, done: bool) -> Change:
    """Send `call` unless the chain is so already; `key` names all its attempts in the journal.

    Raises: what `Operator.send` raises.
    """
    given = operator.attempts(key)
    if done:
        return Change(call.label, operator.earlier(f"{key}/{given - 1}") if given else None)
    return Change(call.label, operator.send_one(f"{key}/{given}", call))


def require_owner(contract: OwnedContract, account: str, called: str) -> None:
    """Raises: InputError when `account` does not own the contract that people call `called`."""
    if account != (owner := contract.owner()):
        raise InputError.of(
            "account", account, f"does not own {called}", f"use the account {owner}"
        )
