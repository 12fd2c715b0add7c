# SPDX-License-Identifier: MIT
"""Which assets pages are about: those that are followed, and whose deployment is here."""

from __future__ import annotations

import time
from contextlib import suppress

from fastapi import Request
from sqlalchemy import Connection

from prorata.chain.node import RpcChain
from prorata.contracts.base import NATIVE
from prorata.contracts.currency import Currency
from prorata.deployments.deployment import Deployment
from prorata.errors import ChainError
from prorata.service.asking import Followed, followed_assets
from prorata.service.deployed import Deployed
from prorata.service.principals import Principal
from prorata.service.problems import Refused
from prorata.values.addresses import parse_address
from prorata.values.amounts import ETHER, Unit

__all__ = ["known_units", "of_token", "served_assets"]

UNIT_SECONDS = 30


def served_assets(request: Request, connection: Connection) -> list[Followed]:
    """All of them."""
    deployed: Deployed = request.app.state.deployed
    everything = Principal(public=frozenset(deployed.folders))
    return [
        one for one in followed_assets(connection, everything) if one.chain_id == deployed.chain_id
    ]


def of_token(request: Request, connection: Connection, token: str) -> Followed:
    """The one of that token.

    Raises: InputError for no address; Refused when there is none.
    """
    address = parse_address(token, "asset")
    for one in served_assets(request, connection):
        if one.asset.token == address:
            return one
    raise Refused("not-found", f"there is no asset {token}", "see / for those there are")


async def known_units(request: Request, token: str) -> dict[str, Unit]:
    """How the currencies of an asset's distributions are written; asked once in a while.

    Where the node does not answer, those that are known: a page then shows less, and no wrong
    amount.
    """
    deployed: Deployed = request.app.state.deployed
    address = parse_address(token, "asset")
    known: dict[str, Unit] = deployed.units.setdefault(address, {NATIVE: ETHER})
    # Whoever reloads a page moves no node.
    if address not in deployed.folders or time.monotonic() < deployed.asked_at.get(address, 0):
        return known
    deployed.asked_at[address] = time.monotonic() + UNIT_SECONDS
    with suppress(ChainError, Refused):
        known |= await deployed.ask(address, lambda found: _units(found, frozenset(known)))
    return known


def _units(found: Deployment, known: frozenset[str]) -> dict[str, Unit]:
    chain: RpcChain = found.chain
    paid = {one.currency for one in found.vault().distributions_of(found.paying)}
    wanted = (paid | set(found.currencies.values())) - known
    return {currency: Currency(chain, currency).unit for currency in wanted}
