# SPDX-License-Identifier: MIT
"""Indices, the benchmark and portfolios that the operator publishes by files.

Whoever may not see one of the assets that a file names is answered as if there were no such file.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field
from sqlalchemy import Connection

from prorata.service.analysis import remote
from prorata.service.analysis.asking import Question, analysed, matches, named_there
from prorata.service.analysis.published import Document
from prorata.service.analysis.questions import Seen
from prorata.service.asking import Asked, Asking, Asks, Followed, packed
from prorata.service.models import Answer, Model, Time
from prorata.service.problems import Refused, responses
from prorata.service.routes.figures import FigureModel, PairModel
from prorata.service.routes.parameters import At, asset_responses
from prorata.store.asof import moment
from prorata.values.as_of import Occasion

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["comparisons"])

ID = "^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"


class IndexLine(Model):
    """An index: the digest of its method names it to the word."""

    id: str
    name: str
    version: str
    currency: str
    as_of: Time | None = Field(description="The time of its newest level.")
    digests: dict[str, str]


class IndicesModel(Model):
    """Every index that may be seen."""

    indices: list[IndexLine]


class LevelModel(Model):
    """A level, without income and with it."""

    time: Time
    price: FigureModel
    total_return: FigureModel


class BasketModel(Model):
    """Exact quantities and divisor."""

    divisor: str
    quantities: dict[str, str]


class ChangeModel(Model):
    """A change of the basket, which moves no level."""

    time: Time
    what: str
    level: str
    before: BasketModel
    after: BasketModel


class IndexModel(IndexLine):
    """An index with its levels, and the log of its changes."""

    levels: list[LevelModel]
    changes: list[ChangeModel]


def _newest(content: Any) -> str | None:
    return content["levels"][-1]["time"] if content["levels"] else None


def _line(one: Document) -> dict[str, Any]:
    told = {name: one.content[name] for name in ("name", "version", "currency", "digests")}
    return {"id": one.id, "as_of": _newest(one.content), **told}


async def _visible(ask: Asking, documents: Sequence[Document], *, own: bool) -> list[Document]:
    principal = ask.principal
    allowed = principal.owns if own else principal.sees

    def found(connection: Connection) -> list[Document]:
        return [
            one for one in documents if named_there(connection, principal, one.members, allowed)
        ]

    return await ask.service.reader.ask(found)


def _answered(ask: Asking, shown: Sequence[Document], body: Model) -> Response:
    """By a tag of what is shown: no block changes it."""
    tag = ask.tag([], [one.id for one in shown])
    return ask.answer(tag, None if ask.has(tag) else packed(body))


_REFUSALS = responses("no-key", "not-found", "invalid", "too-many", "failed", "unavailable")
_SAME: Any = {304: {"description": "It has not changed since `If-None-Match`"}}


@router.get(
    "/indices",
    response_model=IndicesModel,
    responses={**_SAME, **responses("no-key", "too-many", "failed", "unavailable")},
    summary="The indices",
)
async def list_indices(ask: Asks) -> Response:
    """Every index whose members may all be seen."""
    shown = await _visible(ask, ask.service.settings.published.indices, own=False)
    lines = [IndexLine.model_validate(_line(one)) for one in shown]
    return _answered(ask, shown, IndicesModel(indices=lines))


@router.get(
    "/indices/{id}",
    response_model=IndexModel,
    responses={**_SAME, **_REFUSALS},
    summary="An index: its levels, and the log of its changes",
)
async def show_index(
    ask: Asks,
    named: Annotated[
        str,
        Path(
            alias="id",
            pattern=ID,
            description="The name of the index's file.",
        ),
    ],
) -> Response:
    """As `prorata index` has it: quantities stay between rebalances, which move no level."""
    published = [one for one in ask.service.settings.published.indices if one.id == named]
    shown = await _visible(ask, published, own=False)
    if not shown:
        raise Refused("not-found", f"there is no index {named}", "see /v1/indices", value=named)
    content = dict(shown[0].content)
    model = IndexModel.model_validate({**content, **_line(shown[0])})
    return _answered(ask, shown, model)


# -------------------------------------------------------------------------------------- portfolio


class PositionModel(Model):
    """What is known of one holding."""

    asset: str
    quantity: str
    value: FigureModel
    weight: FigureModel
    total_return: FigureModel
    volatility: FigureModel
    autocorrelation: FigureModel
    drawdown: FigureModel


class PortfolioModel(Model):
    """Several assets in one currency: what cannot be known is blank, and says why."""

    id: str
    name: str
    as_of: Time
    currency: str
    digests: dict[str, str]
    positions: list[PositionModel]
    figures: list[FigureModel]
    correlations: list[PairModel]


class PortfoliosModel(Model):
    """Portfolios of assets that are all the key's own."""

    portfolios: list[PortfolioModel]


@router.get(
    "/portfolio",
    response_model=PortfoliosModel,
    responses={**_SAME, **_REFUSALS, **responses("scope-missing")},
    summary="Several assets in one currency",
)
async def show_portfolio(
    ask: Asks,
    named: Annotated[
        str | None,
        Query(
            alias="id",
            pattern=ID,
            description="One only: the name of its file.",
        ),
    ] = None,
) -> Response:
    """As `prorata portfolio` has it; it needs a key whose own all the assets are."""
    ask.principal.require("read")
    kept = ask.service.settings.published.portfolios
    published = [one for one in kept if named in (None, one.id)]
    shown = await _visible(ask, published, own=True)
    if named is not None and not shown:
        sentence = f"there is no portfolio {named}"
        raise Refused("not-found", sentence, "see /v1/portfolio", value=named)
    models = [PortfolioModel.model_validate({"id": one.id, **one.content}) for one in shown]
    return _answered(ask, shown, PortfoliosModel(portfolios=models))


# -------------------------------------------------------------------------------------- benchmark


class SpanModel(Model):
    """The span of a score."""

    low: FigureModel
    high: FigureModel
    at: Time
    digest: str


class LineModel(Model):
    """An asset with the same figures as the others."""

    asset: str
    asset_class: str = Field(alias="class")
    figures: list[FigureModel]
    score: SpanModel | None


class BenchmarkAnswer(Answer):
    """Assets of all classes with the same columns: nothing is ranked, and nothing averaged."""

    assets: list[LineModel]
    missing_classes: list[str]
    notice: str


@router.get(
    "/benchmark",
    response_model=BenchmarkAnswer,
    responses=asset_responses(),
    summary="Assets of all classes with the same figures",
)
async def show_benchmark(ask: Asks, at: At = None) -> Response:
    """As `prorata benchmark` has it: a comparison by these figures, no rating, and no advice."""
    compared = ask.service.settings.published.benchmark

    def listed(connection: Connection) -> list[Followed]:
        """Raises: Refused unless each is one asset of one chain that the asker may see."""
        found = [matches(connection, one.asset) for one in compared]
        known = [one[0] for one in found if len(one) == 1]
        chains = {one.asset.chain for one in known}
        sees = all(ask.principal.sees(one.chain_id, one.asset.token) for one in known)
        if len(known) < max(len(compared), 1) or len(chains) != 1 or not sees:
            sentence, remedy = "there is no benchmark", "see /v1/assets for what may be read"
            raise Refused("not-found", sentence, remedy)
        return known

    def choose(connection: Connection) -> Followed:
        return listed(connection)[0]

    def question(asked: Asked, _: Sequence[Followed]) -> Question:
        known = listed(asked.connection)
        for one in known:
            # Raises IncompleteError for one that is not read as far.
            moment(asked.connection, one.asset.id, Occasion("block", asked.block))
        seen = [
            Seen(one.asset, told.asset_class, told.score)
            for one, told in zip(known, compared, strict=True)
        ]
        return Question(remote.benchmark, (seen,))

    def build(asked: Asked, made: dict[str, Any]) -> BenchmarkAnswer:
        return BenchmarkAnswer.model_validate({**made, **asked.facts})

    return await analysed(ask, choose, question, build, at=at)
