# SPDX-License-Identifier: MIT
"""Who may take the place of a lost wallet, as the register of investors has it.

A register of ours knows the person behind each wallet, and lets a wallet of the same person only
take a place. A loss that one asset reports binds that asset; the register's own agents confirm it
for all. A registry of another make is told by the token itself, and is not asked here.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace

from prorata.chain.calls import Call
from prorata.chain.operator import Operator
from prorata.chain.steps import Receipt
from prorata.contracts.registry import Investor, InvestorRegistry
from prorata.contracts.rules import TransferRules
from prorata.deployments.deployment import Deployment
from prorata.errors import ChainError, InputError
from prorata.values.addresses import ZERO_ADDRESS

__all__ = ["Succession", "register_successor", "registrar", "succession"]


@dataclass(frozen=True)
class Succession:
    """A new wallet in the place of a lost one, and what the register knows of both.

    `investor` is the person behind the lost wallet as it is today. `registered` says whether the
    new wallet is known as that person's, `taken` which wallet the register has confirmed in the
    place of the lost one, if any.
    """

    registry: InvestorRegistry
    lost: str
    successor: str
    investor: Investor
    registered: bool
    taken: str | None

    @property
    def confirmed(self) -> bool:
        """Whether the loss binds all assets of the register, with this new wallet."""
        return self.taken == self.successor

    def check_confirmable(self) -> None:
        """Check that the register could confirm the loss.

        Raises: InputError when the lost wallet owns the register, or another took its place.
        """
        if self.taken is not None and not self.confirmed:
            rule = f"was lost before, and {self.taken} took its place"
            raise InputError.of("lost", self.lost, rule, "name that wallet, or undo the loss first")
        if self.lost in (self.registry.owner(), self.registry.pending_owner()):
            rule = f"owns the register {self.registry.address}, or is offered it"
            remedy = "hand the ownership over to another wallet first"
            raise InputError.of("lost", self.lost, rule, remedy)

    def registration(self, operator: Operator) -> Call | None:
        """What makes the new wallet known as the person's; None if it is.

        Raises: InputError when it is needed and the account is no agent of the register.
        """
        if self.registered:
            return None
        person, account = self.investor.person, operator.address
        if not self.registry.is_agent(account):
            raise InputError.of(
                "new",
                self.successor,
                f"is not in the register {self.registry.address}, of which {account} is no agent",
                f"let an agent of the register add it as a wallet of person {person} first",
            )
        label = f"register {self.successor} as a wallet of person {person}"
        return replace(self.registry.register([self.successor], [self.investor]), label=label)


def succession(deployment: Deployment, lost: str, successor: str) -> Succession | None:
    """What the register says of this succession; None if a recovery is told to none of ours.

    Raises: InputError when one wallet cannot take the other's place; ChainError.
    """
    registry = _told(deployment)
    if registry is None:
        return None
    if lost == successor:
        raise InputError.of("new", successor, "is the lost wallet itself", "name another wallet")
    past, new = registry.investors_of([lost, successor])
    if past.person == 0:
        rule = f"is not in the register {registry.address}, so nobody knows whose it is"
        raise InputError.of("lost", lost, rule, "register it as its person's first")
    if new.lost:
        rule = f"was lost itself, and {registry.successor_of(successor)} took its place"
        raise InputError.of("new", successor, rule, "name another wallet")
    present = registry.investor_of(registry.present_wallet(lost))
    if new.person not in (0, present.person):
        rule = f"is a wallet of person {new.person}, and {lost} is of person {present.person}"
        raise InputError.of("new", successor, rule, "name a wallet of the same person")
    taken = registry.successor_of(lost) if past.lost else None
    return Succession(registry, lost, successor, present, new.person != 0, taken)


def _told(deployment: Deployment) -> InvestorRegistry | None:
    """The register of ours that a recovery is told to: the token's, or its rules'."""
    token, chain = deployment.token(), deployment.chain
    asked = [token.identity_registry()]
    # No rules, or rules of another make, have none.
    with suppress(ChainError):
        asked.append(TransferRules(chain, token.compliance()).registry())
    registries = (InvestorRegistry(chain, address) for address in asked if address != ZERO_ADDRESS)
    return next((registry for registry in registries if registry.is_ours), None)


def registrar(
    operator: Operator, deployment: Deployment, *, dry_run: bool = False
) -> InvestorRegistry:
    """The register, once what an earlier run had signed is mined and the account is its agent.

    Raises: InputError when there is none of ours, or the account is no agent of it.
    """
    registry = _told(deployment)
    if not dry_run:
        operator.settle()
    if registry is None:
        raise InputError.of(
            "asset",
            deployment.settings.symbol,
            "has no register of ours, where a loss could be confirmed for all assets",
            "use `prorata recover` alone",
        )
    if not registry.is_agent(operator.address):
        raise InputError.of(
            "account",
            operator.address,
            f"is no agent of the register {registry.address}",
            f"use an agent's account, or let the owner {registry.owner()} add it",
        )
    return registry


def register_successor(operator: Operator, registration: Call) -> Receipt:
    """Bring a new wallet into the register; what an earlier run had sent is not sent again."""
    prefix = "successor"
    return operator.send_one(f"{prefix}/{operator.attempts(prefix)}", registration)
