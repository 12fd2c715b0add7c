# SPDX-License-Identifier: MIT
"""Who can do what on a deployment, read from the chain.

Owners and rules are asked for. Agents have no list on the chain: those whom an event ever named
are asked for one by one, so that only present ones are shown. Warnings say what a careful issuer
changes before the asset is sold, what follows if it does not, and by which command.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from prorata.chain.artifacts import artifact
from prorata.chain.node import RpcChain
from prorata.contracts.registry import InvestorRegistry
from prorata.contracts.rules import TransferRules
from prorata.contracts.share_token import ShareToken
from prorata.contracts.withholding import WithholdingPolicy
from prorata.deployments.advice import advice_on
from prorata.deployments.deployment import Deployment
from prorata.deployments.market_roles import AS_AGENT, NO_USE, market_contract, market_keepers
from prorata.deployments.roles import Roles, all_governed, read_roles
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
HOLDS = (
    "hold shares that are free for whom their holder agreed to, deliver them under the token's "
    "rules, let them go"
)
HOLDS_IS_OURS = "its code, which cannot change, obeys holders, and the token's owner to end a hold"
HOLDS_IS_NOT = "whom it obeys is not read here: it is no holds contract of this version of prorata"
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
    roles = [read_roles(deployment, governed) for governed in all_governed(deployment)]
    grants = tuple(_grants(deployment, roles))
    kinds = {grant.account: grant.kind for grant in grants}
    warnings = tuple(advice_on(deployment, roles, kinds))
    return Permissions(deployment.settings.symbol, manifest.deployer, grants, warnings)


def _grants(deployment: Deployment, roles: Sequence[Roles]) -> Iterator[Grant]:
    chain, token = deployment.chain, deployment.token()
    by_address = {one.governed.contract.address: one for one in roles}
    yield from _people(chain, by_address[token.address], (OWNER_OF_ASSET, AGENT_OF_ASSET))
    rules, registry = token.compliance(), token.identity_registry()
    if (holds := _holds_contract(token)) != ZERO_ADDRESS:
        ours = artifact("Holds").is_code(chain.code(holds))
        obeys = HOLDS_IS_OURS if ours else HOLDS_IS_NOT
        yield _grant(chain, "ShareToken", "holds contract", holds, f"{HOLDS}; {obeys}")
        for keeper in market_keepers(chain) if ours else ():
            yield Grant("Holds", f"keeper, {keeper.name}", keeper.address, "contract", keeper.may)
    yield _grant(chain, "ShareToken", "rules", rules, _rules_may(chain, rules))
    asked = "nobody is asked: anyone may hold" if registry == ZERO_ADDRESS else "says who may hold"
    yield _grant(chain, "ShareToken", "registry", registry, asked)
    if registry != ZERO_ADDRESS:
        yield from _registry(chain, by_address.get(registry), registry, token.address)
    for placed in deployment.policies().values():
        policy = WithholdingPolicy(chain, placed.address)
        powers = (OWNER_OF_POLICY, AGENT_OF_POLICY)
        yield from _people(chain, by_address[placed.address], powers)
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


def _registry(chain: RpcChain, roles: Roles | None, address: str, token: str) -> Iterator[Grant]:
    if roles is None:
        may = "an ERC-3643 registry of another make, whose roles are not read here"
        yield Grant("InvestorRegistry", "owner", address, "contract", may)
        return
    yield from _people(chain, roles, (OWNER_OF_REGISTRY, AGENT_OF_REGISTRY))
    registry = InvestorRegistry(chain, address)
    keeper = registry.count_keeper(token)
    for asset in registry.tokens():
        yield _grant(chain, "InvestorRegistry", "bound token", asset, REPORTS)
    if keeper != ZERO_ADDRESS:
        yield _grant(chain, "InvestorRegistry", "keeper", keeper, f"keep the count of {token}")


def _people(chain: RpcChain, roles: Roles, may: tuple[str, str]) -> Iterator[Grant]:
    name = roles.governed.contract.CONTRACT
    yield _grant(chain, name, "owner", roles.owner, may[0])
    if roles.pending != ZERO_ADDRESS:
        yield _grant(chain, name, "pending owner", roles.pending, MAY_ACCEPT)
    for agent in roles.agents:
        known = market_contract(chain, agent) if name == "ShareToken" else None
        if known is not None:
            yield Grant(name, f"agent, {known}", agent, "contract", AS_AGENT.get(known, NO_USE))
            continue
        role = FORMER_OWNER if agent in roles.former_owners else "agent"
        yield _grant(chain, name, role, agent, may[1])


def _grant(chain: RpcChain, contract: str, role: str, account: str, may: str) -> Grant:
    if account == ZERO_ADDRESS:
        return Grant(contract, role, account, "nobody", may)
    return Grant(contract, role, account, "contract" if chain.code(account) else "key", may)
