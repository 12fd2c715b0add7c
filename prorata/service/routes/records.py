# SPDX-License-Identifier: MIT
"""Record dates, documents and alerts of an asset."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from pydantic import Field

from prorata.service.asking import Asked, Asks
from prorata.service.models import Answer, Hash, Model, Page, Time, time_model
from prorata.service.routes.parameters import (
    AssetName,
    At,
    CursorText,
    Limit,
    asset_responses,
)
from prorata.store.listings import alerts_of, documents, record_dates

__all__ = ["router"]

router = APIRouter(prefix="/v1/assets/{asset}", tags=["records"])


class RecordModel(Model):
    """A record date: who holds shares at the end of that second is paid."""

    number: int
    closes_at: Time
    closed: bool = Field(description="Whether it had closed at the moment of the answer.")
    cancelled: bool
    block: int = Field(description="In which it was scheduled.")


class RecordPageModel(Page):
    """Record dates, by number."""

    records: list[RecordModel]


@router.get(
    "/records",
    response_model=RecordPageModel,
    responses=asset_responses(),
    summary="The record dates",
)
async def list_records(
    ask: Asks, asset: AssetName, at: At = None, limit: Limit = 100, cursor: CursorText = None
) -> Response:
    """Every record date that was scheduled up to a moment."""

    def build(asked: Asked) -> RecordPageModel:
        found = record_dates(
            asked.connection, asked.id, asked.block, after=asked.after, most=limit + 1
        )
        shown = found[:limit]
        return RecordPageModel(
            **asked.facts,
            records=[
                RecordModel(
                    number=one.number,
                    closes_at=time_model(one.closes_at) or "",
                    closed=one.closes_at < asked.moment.time,
                    cancelled=one.cancelled_in is not None,
                    block=one.block,
                )
                for one in shown
            ],
            next=asked.next(shown[-1].number if len(found) > limit else None),
        )

    return await ask.of_asset(asset, build, at=at, cursor=cursor)


class DocumentModel(Model):
    """A document as the token has it (ERC-1643)."""

    name: str
    uri: str = Field(description="Where it is; nobody has looked whether it is there.")
    hash: Hash | None = Field(description="The SHA-256 of its content; null if none was given.")
    set_at: Time
    block: int


class DocumentsAnswer(Answer):
    """Every document, by name."""

    documents: list[DocumentModel]


@router.get(
    "/documents",
    response_model=DocumentsAnswer,
    responses=asset_responses(),
    summary="The documents",
)
async def list_documents(ask: Asks, asset: AssetName, at: At = None) -> Response:
    """The documents that the token named at a moment."""

    def build(asked: Asked) -> DocumentsAnswer:
        found = documents(asked.connection, asked.id, asked.block)
        return DocumentsAnswer(
            **asked.facts,
            documents=[
                DocumentModel(
                    name=one.name,
                    uri=one.uri,
                    hash=one.hash or None,
                    set_at=time_model(one.time) or "",
                    block=one.block,
                )
                for one in found
            ],
        )

    return await ask.of_asset(asset, build, at=at)


class AlertModel(Model):
    """Something that a rule found worth a message, or the withdrawal of it."""

    id: str
    kind: str = Field(description="`alert` or `withdrawal`.")
    withdraws: str | None = Field(description="The alert that is withdrawn.")
    rule: str
    severity: str
    block: int
    time: Time | None = Field(description="When it was so, by the chain.")
    decided_at: Time = Field(description="When it was decided, by the clock.")
    facts: dict[str, Any]


class AlertPageModel(Page):
    """Alerts, in the order in which they were decided."""

    alerts: list[AlertModel]


@router.get(
    "/alerts",
    response_model=AlertPageModel,
    responses=asset_responses("scope-missing"),
    summary="What was worth a message",
)
async def list_alerts(
    ask: Asks, asset: AssetName, limit: Limit = 100, cursor: CursorText = None
) -> Response:
    """What the rules of alerts have decided of an asset; it needs the scope `alerts`."""
    ask.principal.require("alerts")

    def build(asked: Asked) -> AlertPageModel:
        asked.require_own()
        followed = asked.followed
        chain = f"{followed.chain_id}:{followed.genesis}"
        found = alerts_of(
            asked.connection, chain, followed.asset.token, after=asked.after, most=limit + 1
        )
        shown = found[:limit]
        return AlertPageModel(
            **asked.facts,
            alerts=[
                AlertModel(
                    id=one.id,
                    kind=one.kind,
                    withdraws=one.withdraws,
                    rule=one.rule,
                    severity=one.severity,
                    block=one.block,
                    time=time_model(one.time),
                    decided_at=time_model(one.decided_at) or "",
                    facts=dict(one.facts),
                )
                for one in shown
            ],
            next=asked.next(shown[-1].place if len(found) > limit else None),
        )

    # An alert changes no number of the chain.
    return await ask.of_asset(asset, build, cursor=cursor, fresh=True)
