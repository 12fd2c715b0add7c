# SPDX-License-Identifier: MIT
"""The assets, each with its supply, and how far the ledger has read."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, Response
from pydantic import Field
from sqlalchemy import Connection, select

from prorata.errors import IncompleteError
from prorata.service.asking import Asked, Asks, Followed
from prorata.service.audits import Audited
from prorata.service.models import (
    Address,
    AmountModel,
    Answer,
    Model,
    Moment,
    Time,
    amount_model,
    moment_model,
    time_model,
)
from prorata.service.problems import responses
from prorata.service.routes.parameters import AssetName, At, asset_responses
from prorata.store import schema
from prorata.store.asof import moment, supply
from prorata.store.lease import lives
from prorata.store.standing import read_sources

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["assets"])


class AssetModel(Model):
    """An asset that may be read."""

    token: Address
    chain_id: int = Field(description="The chain's number (EIP-155).")
    name: str
    symbol: str
    decimals: int = Field(description="Digits of a share behind the point.")
    as_of: Moment | None = Field(description="To where it is read; null before anything was.")
    incomplete: bool
    disputed: bool = Field(description="Whether its last audit found a difference.")


class AssetsModel(Model):
    """Every asset that may be read."""

    assets: list[AssetModel]


class AssetAnswer(Answer):
    """An asset, and how many shares there are."""

    token: Address
    chain_id: int = Field(description="The chain's number (EIP-155).")
    name: str
    symbol: str
    decimals: int
    supply: AmountModel = Field(description="All shares.")
    holders: int = Field(description="How many accounts have shares.")


@router.get(
    "/assets",
    response_model=AssetsModel,
    responses=responses("no-key", "too-many", "failed", "unavailable"),
    summary="The assets that may be read",
)
async def list_assets(ask: Asks) -> Response:
    """Every asset that anybody, or this key, may read."""

    def build(connection: Connection, followed: Sequence[Followed]) -> AssetsModel:
        return AssetsModel(assets=[_listed(connection, one, ask.audited(one)) for one in followed])

    return await ask.of_all(build)


def _listed(connection: Connection, one: Followed, audited: Audited | None) -> AssetModel:
    try:
        then = moment(connection, one.asset.id, None)
    except IncompleteError:
        then = None
    return AssetModel(
        token=one.asset.token,
        chain_id=one.chain_id,
        name=one.name,
        symbol=one.asset.symbol,
        decimals=one.asset.decimals,
        as_of=None if then is None else moment_model(then, audited),
        incomplete=then is None or not then.complete,
        disputed=audited is not None and not audited.balanced,
    )


@router.get(
    "/assets/{asset}",
    response_model=AssetAnswer,
    responses=asset_responses(),
    summary="An asset, and how many shares there are",
)
async def show_asset(ask: Asks, asset: AssetName, at: At = None) -> Response:
    """One asset as of a moment."""

    def build(asked: Asked) -> AssetAnswer:
        there = supply(asked.connection, asked.id, asked.block)
        followed = asked.followed
        return AssetAnswer(
            **asked.facts,
            token=followed.asset.token,
            chain_id=followed.chain_id,
            name=followed.name,
            symbol=followed.asset.symbol,
            decimals=followed.asset.decimals,
            supply=amount_model(there.total, asked.unit),
            holders=there.holders,
        )

    return await ask.of_asset(asset, build, at=at)


# ------------------------------------------------------------------------------------------ status


class SourceModel(Model):
    """A contract that the asset's ledger is made of."""

    contract: str = Field(description="Its kind, such as ShareToken.")
    address: Address
    ours: bool = Field(description="Whether an event of it that is unknown stops the asset.")
    first_block: int
    read_to: int | None = Field(description="To this block its log is complete.")
    stopped: str | None = Field(description="Why it is not read on; null while it is.")


class StatusAnswer(Answer):
    """How the ledger of an asset stands."""

    head: int = Field(description="The newest block that whoever fills the ledger has seen.")
    head_time: Time | None
    final: int = Field(description="To this block nothing can be replaced.")
    read_to: int = Field(description="To this block the asset answers.")
    blocks_behind: int = Field(description="Blocks between `read_to` and `head`.")
    followed: bool = Field(description="Whether somebody is filling the ledger.")
    sources: list[SourceModel]


@router.get(
    "/assets/{asset}/status",
    response_model=StatusAnswer,
    responses=asset_responses(),
    summary="How far the ledger has read",
)
async def show_status(ask: Asks, asset: AssetName) -> Response:
    """How far each contract of the asset is read, and what has stopped."""

    def build(asked: Asked) -> StatusAnswer:
        chain = schema.chain
        row = asked.connection.execute(
            select(chain).where(chain.c.id == asked.followed.asset.chain)
        ).one()
        sources = read_sources(asked.connection, asked.followed.asset)
        return StatusAnswer(
            **asked.facts,
            head=row.head,
            head_time=time_model(row.head_time),
            final=row.final,
            read_to=asked.block,
            blocks_behind=max(0, row.head - asked.block),
            followed=row.writer is not None and lives(row.writer, row.beat),
            sources=[
                SourceModel(
                    contract=one.kind,
                    address=one.address,
                    ours=one.ours,
                    first_block=one.first_block,
                    read_to=one.done_to if one.done_to >= one.first_block else None,
                    stopped=one.stopped,
                )
                for one in sources
            ],
        )

    # Who writes shows in no number that the answer's tag is made of.
    return await ask.of_asset(asset, build, fresh=True)
