# SPDX-License-Identifier: MIT
"""Where a holder's income goes: to its own wallet, or to a payee that it has named.

A payee is named for one vault, and gets the holder's income of every asset in it.
"""

from __future__ import annotations

from dataclasses import dataclass

from prorata.chain.operator import Operator
from prorata.deployments.changes import Change, make_change
from prorata.deployments.deployment import Deployment
from prorata.errors import InputError

__all__ = ["Payee", "read_payee", "set_payee"]


@dataclass(frozen=True)
class Payee:
    """Where the income of a holder goes; `is_contract` says whether code receives it."""

    holder: str
    payee: str
    is_contract: bool

    @property
    def is_own(self) -> bool:
        """Whether it goes to the holder itself."""
        return self.payee == self.holder


def read_payee(deployment: Deployment, holder: str) -> Payee:
    """Read it from the vault.

    Raises: ChainError.
    """
    payee = deployment.vault().payee_of(holder)
    return Payee(holder, payee, bool(deployment.chain.code(payee)))


def set_payee(operator: Operator, deployment: Deployment, payee: str) -> tuple[Change, Payee]:
    """Name where the account's income goes from now on; the account itself takes that back.

    Raises: InputError when it is the vault; what `Operator.send` raises.
    """
    operator.settle()
    vault, account = deployment.vault(), operator.address
    if payee == vault.address:
        rule, remedy = "is the vault itself, which can be paid nothing", "name another address"
        raise InputError.of("to", payee, rule, remedy)
    key, done = f"payee/{account}/{payee}", vault.payee_of(account) == payee
    change = make_change(operator, key, vault.set_payee(payee), done=done)
    return change, Payee(account, payee, bool(deployment.chain.code(payee)))
