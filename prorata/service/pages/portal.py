# SPDX-License-Identifier: MIT
"""Pages, sign-in and preparing, put beside the routes that read the ledger.

They need more than these: the folders of deployments, a node, and an office for sessions.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI

from prorata.chain.node import RpcChain
from prorata.errors import DeploymentError
from prorata.service.deployed import Deployed
from prorata.service.pages import holder_routes, issuer_routes, standing_routes
from prorata.service.pages.statement_facts import AuditedBooks
from prorata.service.routes import preparing
from prorata.service.sign_in import routes as sign_in_routes
from prorata.service.sign_in.message import Site
from prorata.service.sign_in.visitors import SignIn
from prorata.service.workers import Workers
from prorata.store.office import Office

__all__ = ["Portal", "add_portal"]


@dataclass(frozen=True)
class Portal:
    """Where pages are served, for which deployments, over which node.

    `office` opens the office anew; it is closed when the application ends.
    """

    origin: str
    node: Callable[[], RpcChain]
    folders: Sequence[Path]
    office: Callable[[], Office]


def add_portal(app: FastAPI, portal: Portal) -> None:
    """Add it to an application of `create_app`.

    Raises: InputError for an origin that is none; DeploymentError, StoreError, ChainError.
    """
    workers = Workers()
    deployed = Deployed(portal.node, portal.folders, workers)
    chain_id = portal.node().chain_id
    if chain_id != deployed.chain_id:
        raise DeploymentError(
            f"the node is of chain {chain_id}, and the deployments are on {deployed.chain_id}",
            "name a node of that chain",
        )
    office = portal.office()
    app.state.deployed = deployed
    app.state.audited_books = AuditedBooks(deployed)
    # Apart, so that nobody waits for a node to be known.
    clerks = Workers(waiting=64, seconds=10)
    app.state.sign_in = SignIn(Site(portal.origin, chain_id), office, deployed, clerks)
    app.include_router(holder_routes.files)
    for part in (preparing, sign_in_routes, standing_routes, holder_routes, issuer_routes):
        app.include_router(part.router)
    before = app.router.lifespan_context

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        async with before(app):
            yield
        workers.close()
        clerks.close()
        office.close()

    app.router.lifespan_context = life
