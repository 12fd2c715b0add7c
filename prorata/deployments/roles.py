# SPDX-License-Identifier: MIT
"""Owners and agents of an asset's contracts: the token, the register, the tax policies.

An owner appoints agents, and hands the ownership over in two steps: it offers, the next one
accepts. Nobody can leave a contract without an owner.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from prorata.chain.abi import topics_of
from prorata.chain.events import find_events
from prorata.chain.operator import Operator
from prorata.contracts.base import OwnedContract
from prorata.contracts.registry import InvestorRegistry
from prorata.contracts.withholding import WithholdingPolicy
from prorata.deployments.changes import Change, make_change, require_owner
from prorata.deployments.deployment import Deployment
from prorata.errors import InputError
from prorata.values.addresses import ZERO_ADDRESS

__all__ = [
    "PARTS",
    "REGISTRY",
    "TAX",
    "TOKEN",
    "Governed",
    "Roles",
    "accept_ownership",
    "add_agent",
    "agents_of",
    "all_governed",
    "find_governed",
    "first_block_of",
    "offer_ownership",
    "read_roles",
    "remove_agent",
]

TOKEN, REGISTRY, TAX = PARTS = ("token", "registry", "tax")
"""What people call the contracts that have an owner."""


@dataclass(frozen=True)
class Governed:
    """A contract that has an owner and agents, `called` so in sentences.

    `options` are the words that name it to a command; none of its events is older than
    `first_block`.
    """

    options: str
    called: str
    contract: OwnedContract
    first_block: int


@dataclass(frozen=True)
class Roles:
    """Who has a role on a contract now; the zero address is pending where nobody is offered it."""

    governed: Governed
    owner: str
    pending: str
    agents: tuple[str, ...]
    former_owners: tuple[str, ...]


# --------------------------------------------------------------------------------- the contracts


def find_governed(deployment: Deployment, part: str, policy: str | None = None) -> Governed:
    """The contract that a person names: `token`, `registry`, or `tax` with a policy's name.

    Raises: InputError when there is none, or it is of another make; ChainError.
    """
    if policy is not None and part != TAX:
        raise InputError.of("policy", policy, f"is a tax policy, not the {part}", "add --of tax")
    if part == TOKEN:
        return _token(deployment)
    if part == REGISTRY:
        return _registry(deployment)
    return _policy(deployment, policy)


def all_governed(deployment: Deployment) -> Iterator[Governed]:
    """All of an asset; a registry of another make is none of them.

    Raises: ChainError.
    """
    yield _token(deployment)
    if deployment.token().identity_registry() != ZERO_ADDRESS and deployment.registry().is_ours:
        yield _registry(deployment)
    for name in deployment.policies():
        yield _policy(deployment, name)


def first_block_of(deployment: Deployment, registry: InvestorRegistry) -> int:
    """Before the registry's first event; one that was there before may have events of any age."""
    ours = deployment.manifest.contracts.get("InvestorRegistry")
    known = ours is not None and ours.address == registry.address and ours.transaction is not None
    return ours.block if ours is not None and known else 0


def _token(deployment: Deployment) -> Governed:
    called = f"the token {deployment.settings.symbol}"
    return Governed(f"--of {TOKEN}", called, deployment.token(), deployment.manifest.first_block)


def _registry(deployment: Deployment) -> Governed:
    registry = deployment.registry()
    if not registry.is_ours:
        raise InputError.of(
            "of",
            REGISTRY,
            f"is {registry.address}, an ERC-3643 registry of another make",
            "use that registry's own tools",
        )
    called = f"the register {registry.address}"
    return Governed(f"--of {REGISTRY}", called, registry, first_block_of(deployment, registry))


def _policy(deployment: Deployment, named: str | None) -> Governed:
    known = deployment.policies()
    if named is None and len(known) == 1:
        named = next(iter(known))
    if named not in known:
        names = ", ".join(sorted(known))
        rule = "is no tax policy of this asset" if named else "is missing"
        remedy = f"give --policy: {names}" if known else "deploy one with `prorata tax deploy`"
        raise InputError.of("policy", named or "", rule, remedy)
    placed = known[named]
    contract = WithholdingPolicy(deployment.chain, placed.address)
    return Governed(
        f"--of {TAX} --policy {named}", f"the tax policy {named}", contract, placed.block
    )


# ----------------------------------------------------------------------------------------- roles


def read_roles(deployment: Deployment, governed: Governed) -> Roles:
    """Who owns a contract, who may come to, and who its agents are.

    Agents have no list on the chain: whom an event ever named is asked for.

    Raises: ChainError.
    """
    chain, contract = deployment.chain, governed.contract
    topics = topics_of(contract.CONTRACT, "AgentAdded", "OwnershipTransferred")
    last, address = chain.block().number, contract.address
    events = list(find_events(chain, [address], governed.first_block, last, topics))
    named = {str(event.args["agent"]) for event in events if event.name == "AgentAdded"}
    owned = {str(e.args["previousOwner"]) for e in events if e.name == "OwnershipTransferred"}
    owner = contract.owner()
    return Roles(
        governed,
        owner,
        contract.pending_owner(),
        tuple(agent for agent in sorted(named) if contract.is_agent(agent)),
        tuple(sorted(owned - {owner, ZERO_ADDRESS})),
    )


def agents_of(deployment: Deployment, governed: Governed) -> tuple[str, ...]:
    """The present agents of a contract.

    Raises: ChainError.
    """
    return read_roles(deployment, governed).agents


def add_agent(operator: Operator, governed: Governed, agent: str) -> Change:
    """Appoint an agent. Owner only; who is one already is not appointed again.

    Raises: InputError when the account is not the owner; what `Operator.send` raises.
    """
    contract = _settled(operator, governed)
    call, key = contract.add_agent(agent), f"agents/add/{contract.address}/{agent}"
    return make_change(operator, key, call, done=contract.is_agent(agent))


def remove_agent(
    operator: Operator, deployment: Deployment, governed: Governed, agent: str
) -> Change:
    """Take an agent's power. Owner only.

    Raises: InputError when it never was an agent, or the account is not the owner; what
    `Operator.send` raises.
    """
    contract = _settled(operator, governed)
    call, key = contract.remove_agent(agent), f"agents/remove/{contract.address}/{agent}"
    done = not contract.is_agent(agent)
    if done and not operator.attempts(key):
        known = agents_of(deployment, governed)
        rule, remedy = f"is no agent of {governed.called}", _choice(known)
        raise InputError.of("agent", agent, rule, remedy)
    return make_change(operator, key, call, done=done)


def offer_ownership(operator: Operator, governed: Governed, to: str) -> Change:
    """Offer the ownership; nothing changes hands until it is accepted, and another offer ends it.

    The zero address takes an offer back.

    Raises: InputError when `to` owns it, or the account does not; what `Operator.send` raises.
    """
    contract = governed.contract
    operator.settle()
    if to == contract.owner():
        rule = f"owns {governed.called} already"
        raise InputError.of("to", to, rule, "name who is to own it next")
    require_owner(contract, operator.address, governed.called)
    call = contract.transfer_ownership(to)
    if to == ZERO_ADDRESS:
        call = replace(call, label=f"take back the offer of {contract.OWNED}")
    key = f"ownership/offer/{contract.address}/{to}"
    return make_change(operator, key, call, done=contract.pending_owner() == to)


def accept_ownership(operator: Operator, governed: Governed) -> Change:
    """Accept the ownership that was offered to the account.

    Raises: InputError when it was not; what `Operator.send` raises.
    """
    contract, account = governed.contract, operator.address
    operator.settle()
    done, pending = contract.owner() == account, contract.pending_owner()
    if not done and pending != account:
        offered = "nobody was" if pending == ZERO_ADDRESS else f"{pending} was"
        rule = f"was not offered {governed.called}: {offered}"
        remedy = f"let the owner {contract.owner()} offer it: `prorata ownership offer`"
        raise InputError.of("account", account, rule, remedy)
    key = f"ownership/accept/{contract.address}/{account}"
    return make_change(operator, key, contract.accept_ownership(), done=done)


def _settled(operator: Operator, governed: Governed) -> OwnedContract:
    """The contract, once what an earlier run had signed is mined and the account owns it."""
    operator.settle()
    require_owner(governed.contract, operator.address, governed.called)
    return governed.contract


def _choice(known: Sequence[str]) -> str:
    return f"name one of {', '.join(known)}" if known else "nothing needs to be done"
