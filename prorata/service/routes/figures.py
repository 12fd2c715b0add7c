# SPDX-License-Identifier: MIT
"""Figures of an asset: metrics, series, its scorecard, and the marks that they rest on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field
from sqlalchemy import Connection

from prorata.service.analysis import remote
from prorata.service.analysis.asking import Question, analysed, matches, tenant_of
from prorata.service.analysis.questions import METRICS, Series, Wished
from prorata.service.asking import Asked, Asking, Asks, Followed, packed
from prorata.service.models import AmountModel, Answer, Hash, Model, Page, Time, amount_model
from prorata.service.problems import Refused
from prorata.service.routes.parameters import (
    AssetName,
    At,
    CursorText,
    Limit,
    asset_responses,
)
from prorata.store.marks import Mark
from prorata.store.office_schema import OWN
from prorata.values.amounts import Unit
from prorata.values.times import LAST_SECOND, moment, parse_beginning, parse_time

__all__ = ["FigureModel", "PairModel", "ScoreModel", "router"]

router = APIRouter(prefix="/v1/assets/{asset}", tags=["figures"])

Metric = Annotated[str, Path(pattern=f"^({'|'.join(METRICS)})$", description="Of what.")]


class FigureModel(Model):
    """One figure: its value, or the reason why it has none."""

    name: str
    value: str | None = Field(description="Rounded half-even to `places`; null where it is blank.")
    unit: str = Field(description="`percent` or `number`.")
    places: int
    as_of: Time
    n: int = Field(description="How many observations it rests on.")
    inputs: dict[str, str] = Field(description="What it is made of; marks with their source.")
    reason: str | None = Field(description="Why it is blank.")


class GroupModel(Model):
    """Figures that belong together."""

    title: str
    figures: list[FigureModel]


class PairModel(Model):
    """How two assets move together."""

    assets: list[str]
    pearson: FigureModel
    spearman: FigureModel


class CountryFlowModel(Model):
    """Shares that went from a country to another."""

    origin: str = Field(alias="from")
    to: str
    shares: str = Field(description="Smallest units.")


class CountriesModel(Model):
    """Flows by country, or why none are shown."""

    flows: list[CountryFlowModel]
    reason: str | None


class MetricsAnswer(Answer):
    """Every figure of an asset; as `prorata analyse` has them."""

    second: Time = Field(description="For which the figures hold.")
    currency: str | None = Field(description="What the newest mark is in.")
    left_out: list[str]
    groups: list[GroupModel]
    correlations: list[PairModel]
    countries: CountriesModel
    notice: str


Interval = Annotated[str, Query(pattern="^(day|week|month|quarter|year)$")]


def chosen(ask: Asking, asset: str) -> Any:
    """What finds the asset that the path names."""

    def choose(connection: Connection) -> Followed:
        return ask.find(connection, asset)

    return choose


@router.get(
    "/metrics",
    response_model=MetricsAnswer,
    responses=asset_responses(),
    summary="Yields, returns, concentration, liquidity and risk",
)
async def show_metrics(
    ask: Asks,
    asset: AssetName,
    *,
    at: At = None,
    interval: Interval = "month",
    on: Annotated[
        str | None,
        Query(
            pattern="^(nav|price|appraisal)$",
            description="The marks that returns rest on; without it NAV, else prices, else "
            "appraisals.",
        ),
    ] = None,
    oldest: Annotated[
        int, Query(ge=1, le=36_500, description="How many days old a mark may be.")
    ] = 92,
    frequency: Annotated[
        int | None, Query(ge=1, le=366, description="How often a year the terms pay.")
    ] = None,
    same: Annotated[
        list[str] | None,
        Query(max_length=10, description="Count a currency as another one, as in `USDC=USD`."),
    ] = None,
) -> Response:
    """Each figure with its inputs, or the reason why it is blank: no rating, and no advice.

    The spread of posted orders is not in the ledger, and blank. Who is behind wallets counts for
    keys of the asset's own with the scope `read:register` only.
    """
    wished = Wished(interval, on, oldest, frequency, tuple(same or ()))

    def question(asked: Asked, beside: Sequence[Followed]) -> Question:
        others = [one.asset for one in beside if one.asset.id != asked.id]
        return Question(remote.metrics, (asked.followed.asset, others, wished))

    def build(asked: Asked, made: dict[str, Any]) -> MetricsAnswer:
        told = {**made, "second": made["as_of"], **asked.facts}
        return MetricsAnswer.model_validate(told)

    return await analysed(ask, chosen(ask, asset), question, build, at=at)


# ----------------------------------------------------------------------------------------- series


class PointModel(Model):
    """What was observed at a time."""

    time: Time
    value: str | None = Field(description="Exact: a decimal, or a fraction such as `1/3`.")
    unit: str
    n: int = Field(description="How many observations it rests on.")
    reason: str | None = Field(description="Why there is no value.")
    source: str | None = Field(description="Of a mark: who says so.")
    basis: str | None = Field(description="Of a mark: with the last income (`cum`) or without.")
    document: str | None = Field(description="Of a mark: the SHA-256 of the paper that shows it.")
    kind: str | None = Field(description="Of income: its kind.")


class SeriesPage(Page):
    """Points by time."""

    metric: str
    points: list[PointModel]


@router.get(
    "/series/{metric}",
    response_model=SeriesPage,
    responses=asset_responses(),
    summary="How one metric went",
)
async def show_series(
    ask: Asks,
    asset: AssetName,
    metric: Metric,
    *,
    at: At = None,
    begins: Annotated[
        str | None, Query(alias="from", max_length=40, description="Not before this time or day.")
    ] = None,
    ends: Annotated[
        str | None, Query(alias="to", max_length=40, description="Not after this time or day.")
    ] = None,
    interval: Annotated[
        str | None,
        Query(
            pattern="^(day|week|month|quarter|year)$",
            description="The last point of each interval that has one; without it every point, "
            "of `concentration` one a month. Not for `income`.",
        ),
    ] = None,
    limit: Limit = 100,
    cursor: CursorText = None,
) -> Response:
    """Points as they were observed: nothing is carried on, and nothing is guessed between them."""
    first = 0 if begins is None else parse_beginning("from", begins)
    last = LAST_SECOND if ends is None else parse_time("to", ends)

    def question(asked: Asked, _: Sequence[Followed]) -> Question:
        wanted = Series(metric, interval, first, last, asked.after, limit)
        return Question(remote.series, (asked.followed.asset, wanted))

    def build(asked: Asked, made: dict[str, Any]) -> SeriesPage:
        points = [PointModel.model_validate(one) for one in made["points"]]
        following = asked.next(made["following"])
        return SeriesPage(**asked.facts, metric=metric, points=points, next=following)

    return await analysed(ask, chosen(ask, asset), question, build, at=at, cursor=cursor)


# -------------------------------------------------------------------------------------- scorecard


class MethodModel(Model):
    """The method, and its digest, which names it to the word."""

    name: str
    digest: str


class SensitivityModel(Model):
    """The score with one weight changed by a tenth."""

    low: FigureModel
    high: FigureModel
    moved_by: str | None


class CriterionModel(Model):
    """A criterion, its evidence, and why it does not count."""

    name: str
    weight: int
    points: int | None
    value: str | None
    evidence: str | None
    date: Time | None
    supplied_by: str | None
    missing: str | None


class ScoreModel(Model):
    """A score: the span between every missing input at 0 and at 100. No rating, and no advice."""

    asset: str
    method: MethodModel
    low: FigureModel
    high: FigureModel
    score: FigureModel = Field(description="Blank unless nothing is missing.")
    missing: list[str]
    known: FigureModel
    of_issuer: FigureModel
    sensitivity: SensitivityModel
    criteria: list[CriterionModel]
    notice: str


class ScorecardAnswer(Answer):
    """The scorecard of an asset."""

    scorecard: ScoreModel


@router.get(
    "/scorecard",
    response_model=ScorecardAnswer,
    responses=asset_responses(),
    summary="The score by a published method",
)
async def show_scorecard(ask: Asks, asset: AssetName) -> Response:
    """The score of the card that the operator serves: a comparison, no rating, and no advice."""

    def build(asked: Asked) -> ScorecardAnswer:
        token = asked.followed.asset.token
        for one in asked.service.settings.published.benchmark:
            found = matches(asked.connection, one.asset)
            # Another asset may have the same symbol, and the card says nothing of that one.
            if one.card is not None and [each.asset.id for each in found] == [asked.id]:
                return ScorecardAnswer(
                    **asked.facts, scorecard=ScoreModel.model_validate(dict(one.card))
                )
        sentence = f"there is no scorecard of {token}"
        raise Refused("not-found", sentence, "the operator serves one with --benchmark")

    return await ask.of_asset(asset, build)


# ------------------------------------------------------------------------------------------ marks


class MarkModel(Model):
    """What a whole share was worth at a time."""

    id: str
    time: Time
    kind: str = Field(description="`NAV`, `price` or `appraisal`.")
    amount: AmountModel
    basis: str = Field(description="With the income of the last record (`cum`) or without (`ex`).")
    source: str
    document: Hash | None = Field(description="The SHA-256 of the paper that shows it.")
    supersedes: str | None = Field(description="The mark whose place it has taken.")
    written: Time


class MarksAnswer(Answer):
    """The marks of times up to the moment, by time."""

    marks: list[MarkModel]


@router.get(
    "/marks",
    response_model=MarksAnswer,
    responses=asset_responses(),
    summary="What a share was worth, and who says so",
)
async def list_marks(
    ask: Asks,
    asset: AssetName,
    *,
    at: At = None,
    known_at: Annotated[
        str | None, Query(max_length=40, description="As they were known at this time.")
    ] = None,
    kind: Annotated[str | None, Query(pattern="^(nav|price|appraisal)$")] = None,
    superseded: Annotated[
        bool, Query(description="Those too whose place another one has taken.")
    ] = False,
) -> Response:
    """NAV, prices and appraisals with their sources; none is ever edited."""
    which = {
        "known_at": None if known_at is None else parse_time("known_at", known_at),
        "kind": {"nav": "NAV"}.get(str(kind), kind),
        "superseded": superseded,
    }
    offices = ask.service.offices
    seqs = await offices.seqs(ask.principal.tenant or OWN, OWN)

    def found(connection: Connection) -> tuple[str, Asked | None]:
        followed = ask.find(connection, asset)
        tag = ask.tag([followed], seqs)
        return tag, None if ask.has(tag) else ask.asked(connection, followed, at, None)

    tag, asked = await ask.service.reader.ask(found)
    if asked is None:
        return ask.answer(tag, None)
    followed = asked.followed
    tenant = tenant_of(ask.principal, followed)
    kept = await offices.marks(tenant, followed.chain_id, followed.asset.token, **which)
    # Of a block whose header is not kept the time is unknown: then no mark is later.
    until = asked.moment.time or LAST_SECOND
    shown = [_mark(one) for one in kept if at is None or one.time <= until]
    return ask.answer(tag, packed(MarksAnswer(**asked.facts, marks=shown)))


def _mark(one: Mark) -> MarkModel:
    return MarkModel(
        id=one.id,
        time=moment(one.time),
        kind=one.kind,
        amount=amount_model(one.amount, Unit(one.currency, one.decimals)),
        basis=one.basis,
        source=one.source,
        document=one.document,
        supersedes=one.supersedes,
        written=moment(one.created_at),
    )
