# SPDX-License-Identifier: MIT
"""Drift: where the chain is not what the manifest and the journal say it should be.

What should be is told by the events of the contracts: those of the transactions that put them
there, and of those that the journal has. What is, the contracts are asked for. Where the two
differ, somebody else has changed something: by another journal, or with a key that was lost.

    code            a contract has other code than the manifest says, or none
    owner           somebody owns a contract whom nobody here offered it
    pending owner   somebody is offered a contract whom nobody here named
    agents          somebody is an agent, or is none any more
    rules           the token obeys other rules
    registry        the token asks another registry, or the registry knows the token no more
    pause           transfers are stopped, or go on
    documents       a document, the metadata's address or the name is another

An ownership that was offered here and accepted elsewhere is what was meant, and no drift.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from prorata.chain.abi import topics_of
from prorata.chain.calls import DecodedEvent, Event
from prorata.chain.events import find_events, transaction_of
from prorata.contracts.base import OwnedContract
from prorata.contracts.registry import InvestorRegistry
from prorata.contracts.share_token import ShareToken
from prorata.contracts.withholding import WithholdingPolicy
from prorata.deployments.deployment import Deployment, keccak_hex, open_journal
from prorata.deployments.manifest import Contract
from prorata.values.addresses import ZERO_ADDRESS

__all__ = ["Drift", "DriftKind", "DriftReport", "find_drift", "known_transactions"]

NOBODY = "nobody"
ROLES = ("OwnershipTransferStarted", "OwnershipTransferred", "AgentAdded", "AgentRemoved")
OF_TOKEN = (
    *ROLES,
    "ComplianceAdded",
    "IdentityRegistryAdded",
    "Paused",
    "Unpaused",
    "DocumentUpdated",
    "DocumentRemoved",
    "ContractURIUpdated",
    "UpdatedTokenInformation",
)
OF_REGISTRY = (*ROLES, "TokenBound", "TokenUnbound")


class DriftKind(Enum):
    """What differs."""

    CODE = "code"
    OWNER = "owner"
    PENDING_OWNER = "pending owner"
    AGENTS = "agents"
    RULES = "rules"
    REGISTRY = "registry"
    PAUSE = "pause"
    DOCUMENTS = "documents"


@dataclass(frozen=True)
class Drift:
    """One thing that is not as it should be.

    `transaction` is the last one that changed it and that the journal does not have, if an event
    tells it.
    """

    kind: DriftKind
    contract: str
    expected: str
    found: str
    transaction: str | None = None
    block: int | None = None

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        return {**vars(self), "kind": self.kind.value}


@dataclass(frozen=True)
class DriftReport:
    """All that differs at a block; `checked` has how many things were compared of each kind."""

    block: int
    checked: dict[DriftKind, int]
    drifts: tuple[Drift, ...]

    def of(self, kind: DriftKind) -> list[Drift]:
        """Those of one kind."""
        return [drift for drift in self.drifts if drift.kind is kind]

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        return {
            "block": self.block,
            "drift": bool(self.drifts),
            "checked": {kind.value: count for kind, count in self.checked.items()},
            "drifts": [drift.as_json() for drift in self.drifts],
        }


def find_drift(found: Deployment, known: Collection[str]) -> DriftReport:
    """Compare a deployment with the chain; `known` has the hashes of the journal's transactions.

    Raises: ChainError.
    """
    last = found.chain.block().number
    examination = _Examination(found, frozenset(known), last)
    examination.run()
    checked = {kind: examination.checked.get(kind, 0) for kind in DriftKind}
    return DriftReport(last, checked, tuple(examination.drifts))


def known_transactions(found: Deployment) -> frozenset[str]:
    """The hashes of all that the deployment's journal has, adopted ones among them.

    Raises: JournalError when a line of it is damaged.
    """
    with open_journal(found.chain, found.folder, read_only=True) as journal:
        return frozenset(entry.hash for entry in journal.entries)


# ---------------------------------------------------------------------------------- what should be


@dataclass
class _Expected:
    """What one contract should say, as far as the known events told it."""

    owner: str = ZERO_ADDRESS
    pending: str = ZERO_ADDRESS
    agents: set[str] = field(default_factory=set)
    rules: str = ZERO_ADDRESS
    registry: str = ZERO_ADDRESS
    paused: bool = False
    documents: dict[str, tuple[str, str]] = field(default_factory=dict)
    bound: set[str] = field(default_factory=set)
    names: tuple[str, str] | None = None

    def take(self, event: DecodedEvent) -> None:
        """Follow one event."""
        _EFFECTS[event.name](self, event.args)

    def own(self, args: Mapping[str, Any]) -> None:
        """It is owned, and nobody is offered it any more."""
        self.owner, self.pending = str(args["newOwner"]), ZERO_ADDRESS

    def offer(self, args: Mapping[str, Any]) -> None:
        """It is offered."""
        self.pending = str(args["newOwner"])

    def put(self, args: Mapping[str, Any]) -> None:
        """A document is set."""
        self.documents[_hex(args["name"])] = str(args["uri"]), _hex(args["documentHash"])

    def call(self, args: Mapping[str, Any]) -> None:
        """It is called so; the event has the hashes of both words only."""
        self.names = _hex(args["newName"]), _hex(args["newSymbol"])


_EFFECTS: Mapping[str, Callable[[_Expected, Mapping[str, Any]], object]] = {
    "OwnershipTransferStarted": _Expected.offer,
    "OwnershipTransferred": _Expected.own,
    "AgentAdded": lambda said, args: said.agents.add(str(args["agent"])),
    "AgentRemoved": lambda said, args: said.agents.discard(str(args["agent"])),
    "ComplianceAdded": lambda said, args: setattr(said, "rules", str(args["compliance"])),
    "IdentityRegistryAdded": lambda said, args: setattr(
        said, "registry", str(args["identityRegistry"])
    ),
    "Paused": lambda said, _: setattr(said, "paused", True),
    "Unpaused": lambda said, _: setattr(said, "paused", False),
    "DocumentUpdated": _Expected.put,
    "DocumentRemoved": lambda said, args: said.documents.pop(_hex(args["name"]), None),
    "ContractURIUpdated": lambda _, __: None,
    "UpdatedTokenInformation": _Expected.call,
    "TokenBound": lambda said, args: said.bound.add(str(args["token"])),
    "TokenUnbound": lambda said, args: said.bound.discard(str(args["token"])),
}
"""What each event makes of what a contract should say."""


class _History:
    """The events of one contract: those that are known, and those that somebody else caused."""

    def __init__(self, events: Sequence[Event], known: Collection[str], reused_at: int) -> None:
        self.expected = _Expected()
        self.foreign: list[Event] = []
        # The first event of a contract is its constructor's, so that its transaction made it.
        first = transaction_of(events[0]) if events else ""
        for event in events:
            made = transaction_of(event) in known or transaction_of(event) == first
            if made or event.log.block_number <= reused_at:
                self.expected.take(event)
            else:
                self.foreign.append(event)

    def last(self, *names: str) -> Event | None:
        """The last foreign event of one of these names."""
        return next((event for event in reversed(self.foreign) if event.name in names), None)


# ------------------------------------------------------------------------------------------ what is


class _Examination:
    """Asks the contracts one after the other, and notes what differs."""

    def __init__(self, found: Deployment, known: frozenset[str], last: int) -> None:
        self.found, self.chain, self.last = found, found.chain, last
        self.known = known | {c.transaction or "" for c in found.manifest.contracts.values()}
        self.checked: dict[DriftKind, int] = {}
        self.drifts: list[Drift] = []

    def run(self) -> None:
        """Ask all that have the code that they should have; of others no answer means anything."""
        contracts = self.found.manifest.contracts
        sound = {name for name, contract in contracts.items() if self._code(name, contract)}
        if "ShareToken" in sound:
            self._token(contracts["ShareToken"])
        registry = contracts.get("InvestorRegistry")
        if registry is not None and "InvestorRegistry" in sound:
            self._registry(registry)
        for name, policy in self.found.policies().items():
            label = f"WithholdingPolicy/{name}"
            if label not in contracts or label in sound:
                contract = WithholdingPolicy(self.chain, policy.address)
                self._roles(label, contract, self._history(contract, ROLES, policy.block))

    def _compare(
        self,
        kind: DriftKind,
        contract: str,
        expected: str,
        found: str,
        cause: Event | None = None,
    ) -> bool:
        self.checked[kind] = self.checked.get(kind, 0) + 1
        if expected == found:
            return True
        log = None if cause is None else cause.log
        place = (None, None) if log is None else (log.transaction_hash, log.block_number)
        self.drifts.append(Drift(kind, contract, expected, found, *place))
        return False

    def _code(self, name: str, contract: Contract) -> bool:
        code = self.chain.code(contract.address, block=self.last)
        found = keccak_hex(code) if code else "no code"
        return self._compare(DriftKind.CODE, name, contract.code_hash, found)

    def _history(
        self, contract: OwnedContract, names: Sequence[str], first: int, reused_at: int = -1
    ) -> _History:
        topics = topics_of(contract.CONTRACT, *names)
        events = list(find_events(self.chain, [contract.address], first, self.last, topics))
        return _History(events, self.known, reused_at)

    # ------------------------------------------------------------------- by contract

    def _token(self, placed: Contract) -> None:
        token = ShareToken(self.chain, placed.address, block=self.last)
        history = self._history(token, OF_TOKEN, placed.block)
        expected, name = history.expected, "ShareToken"
        self._roles(name, token, history)
        cause = history.last("ComplianceAdded")
        rules = _named(token.compliance())
        self._compare(DriftKind.RULES, name, _named(expected.rules), rules, cause)
        cause = history.last("IdentityRegistryAdded")
        registry = _named(token.identity_registry())
        self._compare(DriftKind.REGISTRY, name, _named(expected.registry), registry, cause)
        cause, state = history.last("Paused", "Unpaused"), _state(paused=token.paused())
        self._compare(DriftKind.PAUSE, name, _state(paused=expected.paused), state, cause)
        self._documents(name, token, history)

    def _registry(self, placed: Contract) -> None:
        reused = placed.transaction is None
        registry = InvestorRegistry(self.chain, placed.address, block=self.last)
        first, until = (0, placed.block) if reused else (placed.block, -1)
        history = self._history(registry, OF_REGISTRY, first, until)
        self._roles("InvestorRegistry", registry, history)
        # Other tokens of a registry are the business of their own folders.
        token = self.found.manifest.contracts["ShareToken"].address
        cause = history.last("TokenBound", "TokenUnbound")
        was = _bound(bound=token in history.expected.bound)
        now = _bound(bound=token in registry.tokens())
        self._compare(DriftKind.REGISTRY, "InvestorRegistry", was, now, cause)

    def _roles(self, name: str, contract: OwnedContract, history: _History) -> None:
        expected, owner, pending = history.expected, contract.owner(), contract.pending_owner()
        accepted = owner == expected.pending != ZERO_ADDRESS
        should, waits = expected.owner, expected.pending
        if accepted:
            should, waits = owner, ZERO_ADDRESS
        cause = history.last("OwnershipTransferred")
        self._compare(DriftKind.OWNER, name, _named(should), _named(owner), cause)
        cause = history.last("OwnershipTransferStarted", "OwnershipTransferred")
        self._compare(DriftKind.PENDING_OWNER, name, _named(waits), _named(pending), cause)
        self._agents(name, contract, history)

    def _agents(self, name: str, contract: OwnedContract, history: _History) -> None:
        foreign = [event for event in history.foreign if event.name == "AgentAdded"]
        named = history.expected.agents | {str(event.args["agent"]) for event in foreign}
        for agent in sorted(named):
            causes = (e for e in reversed(history.foreign) if e.args.get("agent") == agent)
            was = _role(agent, holds=agent in history.expected.agents)
            now = _role(agent, holds=contract.is_agent(agent))
            self._compare(DriftKind.AGENTS, name, was, now, next(causes, None))

    def _documents(self, name: str, token: ShareToken, history: _History) -> None:
        kind, expected = DriftKind.DOCUMENTS, history.expected.documents
        there = {_hex(key): token.document(key)[:2] for key in token.documents()}
        for key in sorted(expected.keys() | there.keys()):
            causes = (e for e in reversed(history.foreign) if _hex(e.args.get("name", b"")) == key)
            is_now = there.get(key)
            now = None if is_now is None else (is_now[0], _hex(is_now[1]))
            was, cause = expected.get(key), next(causes, None)
            self._compare(kind, name, _document(key, was), _document(key, now), cause)
        # The event does not say what the address became.
        uri = history.last("ContractURIUpdated")
        if uri is not None:
            said = f"the metadata is at {token.contract_uri() or 'no address'}"
            self._compare(kind, name, "the metadata is where it was", said, uri)
        self._names(name, token, history)

    def _names(self, name: str, token: ShareToken, history: _History) -> None:
        settings, cause = self.found.manifest.as_deployed, history.last("UpdatedTokenInformation")
        deployed, named = (settings.name, settings.symbol), (token.name(), token.symbol())
        hashes = history.expected.names or _hashes(deployed)
        title = next((pair for pair in (named, deployed) if _hashes(pair) == hashes), hashes)
        self._compare(DriftKind.DOCUMENTS, name, " / ".join(title), " / ".join(named), cause)


def _named(address: str) -> str:
    return NOBODY if address == ZERO_ADDRESS else address


def _state(*, paused: bool) -> str:
    return "transfers are stopped" if paused else "transfers go on"


def _bound(*, bound: bool) -> str:
    return "the token is bound" if bound else "the token is not bound"


def _role(agent: str, *, holds: bool) -> str:
    return f"{agent} is agent" if holds else f"{agent} is no agent"


def _document(name: str, said: tuple[str, str] | None) -> str:
    if said is None:
        return f"no document {name}"
    return f"document {name} at {said[0]}, hash {said[1]}"


def _hashes(names: tuple[str, str]) -> tuple[str, str]:
    name, symbol = names
    return keccak_hex(name.encode()), keccak_hex(symbol.encode())


def _hex(value: bytes | str) -> str:
    return value if isinstance(value, str) else f"0x{value.hex()}"
