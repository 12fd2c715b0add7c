# SPDX-License-Identifier: MIT
"""Handing an asset over: everything that one account may do with it goes to another.

The giver makes the receiver an agent wherever it is one itself, sees on the chain that it is,
offers it every ownership, and gives its own roles as agent up. Until the receiver has accepted, the
giver stays owner, so that a mistake can be mended. What is left then is read from the chain, not
from what was sent.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from prorata.chain.calls import Call
from prorata.chain.operator import Operator
from prorata.contracts.registry import InvestorRegistry
from prorata.deployments.changes import Change
from prorata.deployments.control import Control, look_at
from prorata.deployments.deployment import Deployment
from prorata.deployments.permissions import Grant, read_permissions
from prorata.deployments.roles import (
    Governed,
    add_agent,
    all_governed,
    offer_ownership,
    read_roles,
    remove_agent,
)
from prorata.errors import DeploymentError, InputError
from prorata.values.addresses import ZERO_ADDRESS

__all__ = ["Handover", "Left", "hand_over", "shared_with", "what_is_left"]

OWNER, AGENT = "owner", "agent"
FIXED = ("collector", "holds contract")
"""Roles that no hand-over moves: one is for good, of the other the new owner disposes."""


@dataclass(frozen=True)
class Left:
    """A role that `account` still has.

    `accept` is the call by which the receiver ends it; None where nobody but the present owner can.
    """

    governed: Governed
    account: str
    role: str
    owner: str
    accept: Call | None

    @property
    def remedy(self) -> str:
        """What ends it, for a person."""
        options = self.governed.options
        if self.accept is not None:
            return f"the receiver accepts with `prorata ownership accept {options}`"
        if self.role == OWNER:
            return f"offer it with `prorata ownership offer {options}`"
        command = f"prorata agents remove {self.account} {options}"
        return f"its owner {self.owner} takes it with `{command}`"

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        call = self.accept
        return {
            "contract": self.governed.contract.address,
            "called": self.governed.called,
            "account": self.account,
            "role": self.role,
            "owner": self.owner,
            "accept": None if call is None else {"to": call.to, "data": f"0x{call.data.hex()}"},
        }


@dataclass(frozen=True)
class Handover:
    """What was done, and what the giver and the deployer still hold: nothing, once all is accepted.

    `keeps` has what cannot be given away.
    """

    giver: str
    receiver: Control
    changes: tuple[Change, ...]
    left: tuple[Left, ...]
    keeps: tuple[Grant, ...] = ()
    shared: tuple[str, ...] = ()

    @property
    def is_done(self) -> bool:
        """Whether they hold no role any more."""
        return not self.left


def hand_over(operator: Operator, found: Deployment, to: str) -> Handover:
    """Give everything that the account may do with an asset to `to`, as far as it can alone.

    Raises: InputError when the receiver is the account itself; DeploymentError when the chain does
    not say what was sent; what `Operator.send` raises.
    """
    giver = operator.address
    if to == giver:
        raise InputError.of("to", to, "is the account that gives", "name who is to have the asset")
    operator.settle()
    receiver, changes = look_at(found.chain, to), list[Change]()
    for governed in all_governed(found):
        contract = governed.contract
        if contract.owner() != giver:
            continue
        gives_orders = contract.is_agent(giver)
        if gives_orders and not contract.is_agent(to):
            changes.append(add_agent(operator, governed, to))
        if gives_orders and not contract.is_agent(to):
            raise DeploymentError(
                f"{to} was made agent of {governed.called}, and the chain does not say so",
                "wait until the node is in step with the chain, and run the same command again",
            )
        if contract.pending_owner() != to:
            changes.append(offer_ownership(operator, governed, to))
        if gives_orders:
            changes.append(remove_agent(operator, found, governed, giver))
    givers = [one for one in dict.fromkeys((giver, found.manifest.deployer)) if one != to]
    grants = read_permissions(found).grants
    return Handover(
        giver,
        receiver,
        tuple(changes),
        tuple(what_is_left(found, givers, to)),
        tuple(one for one in grants if one.account in givers and one.role in FIXED),
        shared_with(found),
    )


def what_is_left(found: Deployment, givers: Collection[str], to: str) -> Iterator[Left]:
    """Every role that the givers have now, as the chain says.

    Raises: ChainError.
    """
    for governed in all_governed(found):
        roles = read_roles(found, governed)
        for giver in givers:
            if roles.owner == giver:
                accept = governed.contract.accept_ownership() if roles.pending == to else None
                yield Left(governed, giver, OWNER, roles.owner, accept)
            if giver in roles.agents:
                yield Left(governed, giver, AGENT, roles.owner, None)


def shared_with(found: Deployment) -> tuple[str, ...]:
    """The other tokens that the asset's register serves: they are handed over with it.

    Raises: ChainError.
    """
    token = found.token()
    if token.identity_registry() == ZERO_ADDRESS:
        return ()
    registry: InvestorRegistry = found.registry()
    if not registry.is_ours:
        return ()
    return tuple(other for other in registry.tokens() if other != token.address)
