# SPDX-License-Identifier: MIT
"""Whose events an asset's ledger is made of: the contracts of a deployment, and those it relies on.

What the manifest names is followed from the block in which it was created. So is the register, the
rules and the relayer that token and vault point to now, whoever made them, and the contracts of the
market, which have the same addresses on every chain, once they are there. An event that prorata
does not know stops an asset where a contract of ours has written it; of a foreign one it is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select

from prorata.chain.artifacts import artifacts
from prorata.chain.node import RpcChain
from prorata.contracts.base import NATIVE
from prorata.deployments.create2 import creation_block
from prorata.deployments.deployment import Deployment
from prorata.deployments.manifest import Contract
from prorata.deployments.market_contracts import packed_singletons, singleton_address
from prorata.errors import StoreError
from prorata.store import schema
from prorata.store.database import Database
from prorata.store.writer import Writer

__all__ = ["Followed", "follow_deployment", "followed_contracts", "joined"]

UNFOLLOWED = frozenset({"Dollar"})
"""Of a deployment's contracts those that say nothing of an asset: a currency is nobody's alone."""

# Who points to whom, and the contract of ours that is usually there.
_REGISTRY, _RULES, _RELAYER = "InvestorRegistry", "TransferRules", "ClaimRelayer"


@dataclass(frozen=True)
class Followed:
    """A contract to follow, by the name of its artifact; `ours` if it has that contract's code."""

    address: str
    kind: str
    ours: bool
    first_block: int


def followed_contracts(found: Deployment) -> list[Followed]:
    """All that an asset's ledger is made of, each contract once, as the chain is now.

    Raises: ChainError.
    """
    by_address: dict[str, Followed] = {}
    for one in (*_of_manifest(found), *_pointed_to(found), *_of_market(found)):
        by_address.setdefault(one.address, one)
    return list(by_address.values())


def follow_deployment(writer: Writer, found: Deployment) -> list[str]:
    """Follow an asset and all its contracts; which of them were not followed before, in words.

    Raises: StoreError, ChainError.
    """
    settings = found.settings
    known = {source.address: source for source in writer.sources()}
    asset = writer.add_asset(
        found.token().address, settings.name, settings.symbol, settings.decimals
    )
    head = found.chain.block().number
    added = []
    for one in followed_contracts(found):
        there = known.get(one.address)
        if there is not None and asset in there.assets and there.first_block <= one.first_block:
            continue
        writer.add_source(
            one.address,
            one.kind,
            ours=one.ours,
            first_block=one.first_block,
            assets=[asset],
            head=head,
        )
        if there is None:
            added.append(f"{one.kind} {one.address} from block {one.first_block}")
    return added


def joined(database: Database, chain_id: int, genesis: str) -> Writer:
    """A hand on a chain that another process is filling: to add an asset, and nothing else.

    Raises: StoreError when the chain is not there.
    """
    c = schema.chain.c
    with database.snapshot() as connection:
        row = connection.execute(
            select(c.id, c.fence).where(c.chain_id == chain_id, c.genesis == genesis)
        ).one_or_none()
    if row is None:
        raise StoreError(
            f"{database.name} has nothing of chain {chain_id}", "run `prorata follow` first"
        )
    return Writer(database, row.id, row.fence)


# ------------------------------------------------------------------------------------ the contracts


def _of_manifest(found: Deployment) -> Iterator[Followed]:
    for label, contract in found.manifest.contracts.items():
        kind = label.split("/")[0]
        if kind not in UNFOLLOWED:
            ours = contract.transaction is not None or _has_code_of(
                found.chain, contract.address, kind
            )
            yield Followed(contract.address, kind, ours, _first_block(found, contract))


def _first_block(found: Deployment, contract: Contract) -> int:
    """Where its log begins: of one that was there before, as far back as the node can tell."""
    if contract.transaction is not None:
        return contract.block
    return creation_block(found.chain, contract.address) or found.manifest.first_block


def _pointed_to(found: Deployment) -> Iterator[Followed]:
    """What token and vault point to now, which may be another than what was deployed with them."""
    token, vault = found.token(), found.vault()
    for kind, address in (
        (_REGISTRY, token.identity_registry()),
        (_RULES, token.compliance()),
        (_RELAYER, vault.relayer()),
    ):
        if address == NATIVE or any(
            address == contract.address for contract in found.manifest.contracts.values()
        ):
            continue
        first = creation_block(found.chain, address) or found.manifest.first_block
        yield Followed(address, kind, _has_code_of(found.chain, address, kind), first)


def _of_market(found: Deployment) -> Iterator[Followed]:
    """The market's contracts, from where the asset begins: nothing before was about it."""
    for name in packed_singletons():
        address = singleton_address(name)
        if _writes(name) and found.chain.code(address):
            yield Followed(address, name, True, found.manifest.first_block)


def _has_code_of(chain: RpcChain, address: str, kind: str) -> bool:
    known = artifacts().get(kind)
    return known is not None and known.is_code(chain.code(address))


def _writes(name: str) -> bool:
    """Whether a contract has any event."""
    return any(entry["type"] == "event" for entry in artifacts()[name].abi)
