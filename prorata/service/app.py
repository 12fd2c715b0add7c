# SPDX-License-Identifier: MIT
"""The application: `create_app` puts the parts together, and is all that a server needs.

It holds no key of any account and sends nothing to a chain. Every route but those in `OPEN` knows
who asks (`prorata.service.principals`), and shows only what that one may see.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI

from prorata.service.analysis.process import Analyst
from prorata.service.answered import Answered
from prorata.service.audits import Audits
from prorata.service.cursors import Cursors
from prorata.service.ending import asked_to_end
from prorata.service.limits import Limiter
from prorata.service.live.hub import Live
from prorata.service.middleware import Edge
from prorata.service.offices import Offices
from prorata.service.problems import ProblemModel, add_problems
from prorata.service.reader import Reader
from prorata.service.routes import (
    assets,
    claims,
    comparisons,
    events,
    figures,
    flows,
    health,
    holders,
    meetings,
    offerings,
    orders,
    records,
    register,
    webhooks,
)
from prorata.service.server import draining
from prorata.service.serving import Service
from prorata.service.settings import Settings
from prorata.version import __version__

__all__ = ["OPEN", "create_app"]

OPEN = frozenset({"/health", "/ready", "/openapi.json"})
"""Paths that need nobody to ask: they say nothing of any asset."""


def create_app(settings: Settings) -> FastAPI:
    """The service as an ASGI application.

    Raises: StoreError when there is no ledger of this version; InputError for no place of one.
    """
    offices = Offices(settings)
    office = None if offices.office is None else offices.office.database
    service = Service(
        settings=settings,
        reader=Reader(settings),
        offices=offices,
        limiter=Limiter(settings.anybody_per_minute, settings.key_per_minute, office),
        cursors=Cursors(settings.secrets),
        audits=Audits(settings.audits),
        analyst=Analyst(
            settings.analysis_seconds, settings.analysis_waiting, settings.analysis_idle_seconds
        ),
    )

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        # Streams end at once, whatever else is still answered.
        with draining(service), asked_to_end(app.state.live.close):
            yield
        service.ending = True
        await app.state.live.end()
        service.analyst.close()
        await service.reader.close()
        service.offices.close()

    app = FastAPI(
        title="prorata",
        version=__version__,
        summary="The ledger of fractional assets: who held what, and who was paid what.",
        description="Amounts are smallest units as text. Every answer says of which moment it is. "
        "Refusals are problems of RFC 9457.",
        lifespan=life,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        separate_input_output_schemas=False,
    )
    app.state.service = service
    app.state.live = Live(service.reader.database)
    for part in (
        *(health, assets, holders, flows, claims, records, register, webhooks, events),
        *(orders, offerings, meetings, figures, comparisons),
    ):
        app.include_router(part.router)
    add_problems(app)
    app.add_middleware(Answered, service=service)
    app.add_middleware(Edge, settings=settings)
    _describe(app)
    return app


def _describe(app: FastAPI) -> None:
    """Have the document name the problem and the key, to which every route refers."""
    plain = app.openapi

    def described() -> dict[str, Any]:
        document = plain()
        parts = document.setdefault("components", {})
        if "securitySchemes" in parts:
            return document
        told = ProblemModel.model_json_schema(ref_template="#/components/schemas/{model}")
        parts.setdefault("schemas", {}).update(told.pop("$defs", {}))
        parts["schemas"]["ProblemModel"] = told
        parts["securitySchemes"] = {
            "key": {
                "type": "http",
                "scheme": "bearer",
                "description": "A key of `prorata keys add`; without one, what is public.",
            }
        }
        for path, methods in document["paths"].items():
            if path not in OPEN:
                for method in methods.values():
                    method["security"] = [{"key": []}, {}]
        return document

    app.openapi = described  # type: ignore[method-assign]
