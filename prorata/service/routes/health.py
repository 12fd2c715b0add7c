# SPDX-License-Identifier: MIT
"""Whether the process lives, and whether it is to be sent requests: asked by whoever runs it."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from pydantic import Field
from sqlalchemy import Connection, func, select

from prorata.errors import ProrataError
from prorata.service.models import Model
from prorata.service.problems import responses
from prorata.store import schema

__all__ = ["router"]

router = APIRouter(tags=["operation"])


class HealthModel(Model):
    """The process answers."""

    status: str = Field(examples=["ok"])


class ReadyModel(Model):
    """Whether requests should come here."""

    ready: bool
    reason: str | None = Field(description="Why not; null if so.")


@router.get(
    "/health", response_model=HealthModel, responses=responses("failed"), summary="It lives"
)
async def show_health() -> HealthModel:
    """Whether the process answers; the ledger is not looked at."""
    return HealthModel(status="ok")


@router.get(
    "/ready",
    response_model=ReadyModel,
    responses={503: {"model": ReadyModel, "description": "It is not"}, **responses("failed")},
    summary="It may be sent requests",
)
async def show_ready(request: Request) -> Response:
    """Whether the ledger can be read, is close to the chain, and the service is not ending."""
    reason = await _reason(request)
    body = ReadyModel(ready=reason is None, reason=reason).model_dump_json()
    status = 200 if reason is None else 503
    return Response(body, status, {"Cache-Control": "no-store"}, "application/json")


async def _reason(request: Request) -> str | None:
    service = request.app.state.service
    if service.ending:
        return "the service is ending"
    try:
        behind = await service.reader.ask(_behind)
    except ProrataError:
        return "the ledger cannot be read"
    most = service.settings.blocks_behind
    if behind > most:
        return f"the ledger is {behind} blocks behind, and {most} are allowed"
    return None


def _behind(connection: Connection) -> int:
    """How many blocks the most backward contract is behind what was seen of its chain."""
    chain, source = schema.chain.c, schema.source.c
    # One that was stopped stops its asset, and no other.
    worst = select(func.max(chain.head - source.done_to)).where(
        chain.id == source.chain, source.stopped.is_(None)
    )
    return int(connection.scalar(worst) or 0)
