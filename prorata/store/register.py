# SPDX-License-Identifier: MIT
"""The register of a deployment's share token as the ledger has it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, select

from prorata.deployments.deployment import Deployment
from prorata.errors import IncompleteError
from prorata.store import schema
from prorata.store.asof import AsOf, FollowedAsset, asset_of, balances, closing_time, moment
from prorata.store.database import Database
from prorata.values.addresses import checksummed
from prorata.values.as_of import Occasion

__all__ = [
    "assets_beside",
    "ledger_of",
    "register_at",
    "require_same",
]


@contextmanager
def ledger_of(database: Database, found: Deployment) -> Iterator[tuple[Connection, FollowedAsset]]:
    """A snapshot of the database, and what it has of a deployment's asset.

    Raises: StoreError when it does not follow it.
    """
    manifest, token = found.manifest, found.token().address
    with database.snapshot() as connection:
        yield connection, asset_of(connection, manifest.chain_id, manifest.genesis, token)


def register_at(
    database: Database, found: Deployment, occasion: Occasion
) -> tuple[dict[str, int], int]:
    """Shares by holder as of then, and the Unix second of that.

    Raises: as `moment` does; IncompleteError when the chain has another block by now.
    """
    with ledger_of(database, found) as (connection, asset):
        then = moment(connection, asset.id, occasion)
        held = balances(connection, asset.id, then.block)
        second = occasion.number
        if occasion.kind == "record":
            second = closing_time(connection, asset.id, occasion.number)
    require_same(found, then)
    if occasion.kind == "block":
        second = then.time or found.chain.block(then.block).timestamp
    return {str(checksummed(address)): shares for address, shares in held.items()}, second


def require_same(found: Deployment, then: AsOf) -> None:
    """Whether the chain still has the block of a moment.

    Raises: IncompleteError when it has another one.
    """
    if then.hash and found.chain.hashes([then.block])[then.block] != then.hash:
        raise IncompleteError(
            f"the chain has another block {then.block:,} by now than the ledger",
            "run `prorata follow`, which takes it back",
        )


def assets_beside(connection: Connection, asset: FollowedAsset) -> list[FollowedAsset]:
    """The other assets that are followed on an asset's chain, by symbol."""
    wanted = (
        select(schema.asset)
        .where(schema.asset.c.chain == asset.chain, schema.asset.c.id != asset.id)
        .order_by(schema.asset.c.symbol, schema.asset.c.token)
    )
    return [
        FollowedAsset(row.id, row.chain, row.token, row.symbol, row.decimals)
        for row in connection.execute(wanted)
    ]
