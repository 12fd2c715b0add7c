# SPDX-License-Identifier: MIT
"""Who can do what on a deployment, read from the chain.

Owners and rules are asked for. Agents have no list on the chain: those whom an event ever named
are asked for one by one, so that only present ones are shown. Warnings say what a careful issuer
changes before the asset is sold: a key on a computer that owns contracts, a deployer with power, a
former owner who is still agent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from prorata.chain.abi import topics_of
from prorata.chain.events import find_events
from prorata.chain.node import RpcChain
from prorata.contracts.registry import InvestorRegistry
from prorata.contracts.rules import TransferRules
from prorata.contracts.share_token import ShareToken
from prorata.contracts.withholding import WithholdingPolicy
from prorata.deployments.deployment import Deployment
from prorata.errors import ChainError, RevertError
from prorata.files.writer import json_object
from prorata.values.addresses import ZERO_ADDRESS

__all__ = ["Grant", "Permissions", "read_permissions"]

OWNER_OF_ASSET = (
    "appoint agents, replace the rules and the registry, cancel records that are open, hold back "
    "the income of who is not eligible, appoint the contract that may hold shares, set documents "
    "and name"
)
AGENT_OF_ASSET = (
    "issue, at a record's last second too; burn, freeze, force transfers, pause, set record dates; "
    "give any wallet's shares and unpaid income to another wallet of the same person"
)
HOLDS = "hold shares that are free, deliver them as a transfer by their holder would, let them go"
OWNER_OF_REGISTRY = "appoint agents, bind tokens and unbind them"
AGENT_OF_REGISTRY = (
    "say who is eligible and which wallet is whose, count holders, confirm a wallet as lost for "
    "all assets and undo it"
)
REPORTS = "report a wallet as lost, in this asset only"
OBEYS_NOBODY = "nothing: the vault obeys nobody"
RELAYER = "claim to where the person to be paid has signed for: its code, which cannot change"
OWNER_OF_POLICY = (
    "set withholding rates for record dates to come, appoint agents, file certificates"
)
AGENT_OF_POLICY = "file and revoke tax certificates for record dates to come"
COLLECTOR = "receive what is withheld: nobody can change it"
FORMER_OWNER = "agent, former owner"
MAY_ACCEPT = "accept the ownership"
RANGES_MAY = "nothing: who speaks for the token defines its record ranges, for good"
POOLS_MAY = "nothing: it pays the pool's holders, or the pool"


@dataclass(frozen=True)
class Grant:
    """One power: `account` has `role` on `contract` and may do what `may` says.

    `kind` is `key` for an account with a private key, `contract` for a multisig or another
    contract, `nobody` for the zero address.
    """

    contract: str
    role: str
    account: str
    kind: str
    may: str


@dataclass(frozen=True)
class Permissions:
    """Every power over one asset, and what is unwise about them."""

    symbol: str
    deployer: str
    grants: tuple[Grant, ...]
    warnings: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        return json_object(asdict(self))


def read_permissions(deployment: Deployment) -> Permissions:
    """Read them from the chain.

    Raises: ChainError.
    """
    manifest = deployment.manifest
    grants = tuple(_grants(deployment))
    warnings = tuple(_warnings(grants, manifest.deployer))
    return Permissions(deployment.settings.symbol, manifest.deployer, grants, warnings)


def _grants(deployment: Deployment) -> Iterator[Grant]:
    chain, token = deployment.chain, deployment.token()
    first_block = deployment.manifest.first_block
    yield from _people(chain, "ShareToken", token, (OWNER_OF_ASSET, AGENT_OF_ASSET), first_block)
    rules, registry = token.compliance(), token.identity_registry()
    if (holds := _holds_contract(token)) != ZERO_ADDRESS:
        yield _grant(chain, "ShareToken", "holds contract", holds, HOLDS)
    yield _grant(chain, "ShareToken", "rules", rules, _rules_may(chain, rules))
    asked = "nobody is asked: anyone may hold" if registry == ZERO_ADDRESS else "says who may hold"
    yield _grant(chain, "ShareToken", "registry", registry, asked)
    if registry != ZERO_ADDRESS:
        yield from _registry(chain, InvestorRegistry(chain, registry), token.address)
    for placed in deployment.policies().values():
        policy = WithholdingPolicy(chain, placed.address)
        may = (OWNER_OF_POLICY, AGENT_OF_POLICY)
        yield from _people(chain, "WithholdingPolicy", policy, may, placed.block)
        yield _grant(chain, "WithholdingPolicy", "collector", policy.collector(), COLLECTOR)
    vault = deployment.vault()
    yield Grant("DividendVault", "no role", vault.address, "nobody", OBEYS_NOBODY)
    yield _grant(chain, "DividendVault", "claim relayer", vault.relayer(), RELAYER)
    for name, contract in deployment.manifest.contracts.items():
        if name == "RecordRanges":
            yield Grant(name, "no role", contract.address, "nobody", RANGES_MAY)
        if name.startswith("PassThrough/"):
            yield Grant("PassThrough", "no role", contract.address, "nobody", POOLS_MAY)
    if (dollar := deployment.manifest.contracts.get("Dollar")) is not None:
        yield Grant("Dollar", "minter", dollar.address, "anyone", "make money: it is worthless")


def _holds_contract(token: ShareToken) -> str:
    try:
        return token.holds_contract()
    except RevertError:
        # A token of an older version has none.
        return ZERO_ADDRESS


def _rules_may(chain: RpcChain, rules: str) -> str:
    if rules == ZERO_ADDRESS:
        return "nothing is asked: every transfer is allowed"
    try:
        TransferRules(chain, rules).registry()
    except ChainError:
        return "refuse transfers: an ERC-3643 contract, whose owners are not read here"
    return "refuse transfers: their settings cannot change"


def _registry(chain: RpcChain, registry: InvestorRegistry, token: str) -> Iterator[Grant]:
    try:
        bound, keeper = registry.tokens(), registry.count_keeper(token)
    except ChainError:
        may = "an ERC-3643 registry of another make, whose roles are not read here"
        yield Grant("InvestorRegistry", "owner", registry.address, "contract", may)
        return
    # A registry that several assets share may be older than this asset.
    yield from _people(
        chain, "InvestorRegistry", registry, (OWNER_OF_REGISTRY, AGENT_OF_REGISTRY), 0
    )
    for asset in bound:
        yield _grant(chain, "InvestorRegistry", "bound token", asset, REPORTS)
    if keeper != ZERO_ADDRESS:
        yield _grant(chain, "InvestorRegistry", "keeper", keeper, f"keep the count of {token}")


def _people(
    chain: RpcChain,
    name: str,
    contract: ShareToken | InvestorRegistry | WithholdingPolicy,
    may: tuple[str, str],
    first_block: int,
) -> Iterator[Grant]:
    yield _grant(chain, name, "owner", contract.owner(), may[0])
    if (pending := contract.pending_owner()) != ZERO_ADDRESS:
        yield _grant(chain, name, "pending owner", pending, MAY_ACCEPT)
    last = chain.block().number
    topics = topics_of(contract.CONTRACT, "AgentAdded", "OwnershipTransferred")
    events = list(find_events(chain, [contract.address], first_block, last, topics))
    named = {str(event.args["agent"]) for event in events if event.name == "AgentAdded"}
    owned = {
        str(event.args["previousOwner"]) for event in events if event.name == "OwnershipTransferred"
    }
    for agent in sorted(named):
        if contract.is_agent(agent):
            former = agent in owned and agent != contract.owner()
            yield _grant(chain, name, FORMER_OWNER if former else "agent", agent, may[1])


def _grant(chain: RpcChain, contract: str, role: str, account: str, may: str) -> Grant:
    if account == ZERO_ADDRESS:
        return Grant(contract, role, account, "nobody", may)
    return Grant(contract, role, account, "contract" if chain.code(account) else "key", may)


def _warnings(grants: Sequence[Grant], deployer: str) -> Iterator[str]:
    for grant in grants:
        held = f"{grant.account} is {grant.role} of {grant.contract}"
        if grant.role == "owner" and grant.kind == "key":
            yield f"{held} with a single key; offer the ownership to a multisig"
        if grant.role == "pending owner":
            yield f"{grant.account} has not accepted {grant.contract}; let it accept"
        if grant.role == FORMER_OWNER:
            yield (
                f"{grant.account} owned {grant.contract} before and is still its agent; let the "
                "owner remove it (`removeAgent`)"
            )
        elif grant.account == deployer and grant.role in ("owner", "agent"):
            yield f"{held} and deployed it; take that power from the deploying account"
        if grant.contract == "Dollar":
            yield "the asset knows a dollar that anyone can make; it is for rehearsals only"
