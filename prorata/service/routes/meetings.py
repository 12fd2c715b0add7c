# SPDX-License-Identifier: MIT
"""Meetings of holders: what is put to the vote, and how the votes stand."""

from __future__ import annotations

from fastapi import APIRouter, Response
from pydantic import Field

from prorata.contracts.ballot import Ballot, Resolution, ResolutionResult
from prorata.service.asking import Asked, Asks
from prorata.service.market.meetings import HeldMeeting, meetings_of
from prorata.service.models import (
    Address,
    AmountModel,
    Hash,
    Model,
    Page,
    Time,
    amount_model,
    time_model,
)
from prorata.service.routes.parameters import (
    AssetName,
    At,
    CursorText,
    Limit,
    asset_responses,
    page_of_list,
)
from prorata.store.log_events import contracts_of

__all__ = ["router"]

router = APIRouter(prefix="/v1/assets/{asset}", tags=["market"])


class ResolutionModel(Model):
    """What is put to the vote, and how the votes that stand add up. Null before the record closes.

    The words are not on the chain: their hash is.
    """

    number: int = Field(description="From 1.")
    text_hash: Hash = Field(description="Of the words of the resolution.")
    basis: str = Field(
        description="Of what the threshold is a part: `cast` for votes for and against, `present`, "
        "or `eligible` for all shares."
    )
    threshold_bps: int = Field(description="In hundredths of a percent.")
    inclusive: bool = Field(description="Whether exactly the threshold is enough.")
    in_favour: AmountModel | None
    against: AmountModel | None
    abstained: AmountModel | None
    carried: bool | None = Field(description="Whether it is carried by the votes so far.")


class MeetingModel(Model):
    """A meeting of holders of record. Votes are counted anew from those that stand."""

    number: int
    contract: Address
    stage: str | None = Field(
        description="`convened`, `open`, `closed`, `declared` or `cancelled`; null where the "
        "ledger keeps no time of the block, which would decide."
    )
    convener: Address
    requisitioned: bool = Field(description="Whether holders have convened it.")
    record: int = Field(description="Who had shares at this record votes.")
    opens_at: Time
    closes_at: Time
    quorum_bps: int = Field(description="Of the eligible shares, in hundredths of a percent.")
    frozen_may_not_vote: bool
    excluded: list[Address] = Field(description="Accounts whose shares have no vote.")
    eligible: AmountModel | None = Field(description="Null before the record closes.")
    present: AmountModel | None = Field(description="Shares of which a vote stands.")
    quorate: bool | None
    vote_count: int = Field(description="Holders of whom a vote stands.")
    declared_at: Time | None = Field(description="When its result was declared.")
    document: Hash | None = Field(description="The hash of its document.")
    resolutions: list[ResolutionModel]
    block: int = Field(description="In which it was convened.")


class MeetingPageModel(Page):
    """Meetings, in the order in which they were convened."""

    known: bool = Field(
        description="Whether the ledger follows a ballot: if not, nothing is known of meetings."
    )
    meetings: list[MeetingModel]


@router.get(
    "/meetings",
    response_model=MeetingPageModel,
    responses=asset_responses(),
    summary="Meetings, and how the votes stand",
)
async def list_meetings(
    ask: Asks, asset: AssetName, at: At = None, limit: Limit = 100, cursor: CursorText = None
) -> Response:
    """Every meeting that was convened up to a moment, with its count as of that moment."""

    def build(asked: Asked) -> MeetingPageModel:
        found = meetings_of(asked.connection, asked.followed.asset, asked.moment)
        shown, last = page_of_list(asked.after, limit, found)
        return MeetingPageModel(
            **asked.facts,
            known=bool(contracts_of(asked.connection, asked.id, Ballot.CONTRACT)),
            meetings=[_meeting(asked, one) for one in shown],
            next=asked.next(last),
        )

    return await ask.of_asset(asset, build, at=at, cursor=cursor, long=True)


def _meeting(asked: Asked, one: HeldMeeting) -> MeetingModel:
    terms, tally = one.terms, one.tally
    results = [None] * len(terms.resolutions) if tally is None else tally.results
    return MeetingModel(
        number=one.id,
        contract=one.contract,
        stage=None if one.stage is None else one.stage.label,
        convener=one.convener,
        requisitioned=one.requisitioned,
        record=terms.record_id,
        opens_at=time_model(terms.opens_at) or "",
        closes_at=time_model(terms.closes_at) or "",
        quorum_bps=terms.quorum_bps,
        frozen_may_not_vote=terms.frozen_may_not_vote,
        excluded=list(terms.excluded),
        eligible=None if tally is None else amount_model(tally.eligible, asked.unit),
        present=None if tally is None else amount_model(tally.present, asked.unit),
        quorate=None if tally is None else tally.quorate,
        vote_count=len(one.book.standing),
        declared_at=None if one.declared_at is None else time_model(one.declared_at),
        document=f"0x{terms.document_hash.hex()}" if any(terms.document_hash) else None,
        resolutions=[
            _resolution(asked, number, each, result)
            for number, (each, result) in enumerate(
                zip(terms.resolutions, results, strict=True), start=1
            )
        ],
        block=one.convened_in,
    )


def _resolution(
    asked: Asked, number: int, each: Resolution, result: ResolutionResult | None
) -> ResolutionModel:
    def shares(units: int | None) -> AmountModel | None:
        return None if units is None else amount_model(units, asked.unit)

    return ResolutionModel(
        number=number,
        text_hash=f"0x{each.text_hash.hex()}",
        basis=each.basis.name.lower(),
        threshold_bps=each.threshold_bps,
        inclusive=each.inclusive,
        in_favour=shares(None if result is None else result.in_favour),
        against=shares(None if result is None else result.against),
        abstained=shares(None if result is None else result.abstained),
        carried=None if result is None else result.carried,
    )
