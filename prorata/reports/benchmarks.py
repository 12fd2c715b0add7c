# SPDX-License-Identifier: MIT
"""The line of an asset in the benchmark: the same columns for every class, or why one is blank."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from pydantic import Field

from prorata.analysis.benchmark import COLUMNS, Line
from prorata.analysis.concentration import Part, by_wallet, concentration
from prorata.analysis.distributions import payout_quality
from prorata.analysis.fields import Line as Text
from prorata.analysis.fields import Strict
from prorata.analysis.figures import Figure, Question
from prorata.analysis.liquidity import premium, turnover
from prorata.analysis.marks import MarkKind
from prorata.analysis.precision import exact
from prorata.analysis.scores import Score
from prorata.analysis.yields import distribution_yield
from prorata.files.models import validated
from prorata.files.yaml_reader import read_yaml
from prorata.reports.analytics import Wish, chosen_series
from prorata.reports.asset_facts import AssetFacts
from prorata.values.times import lasting

__all__ = ["Listed", "benchmark_line", "read_benchmark"]

GUIDE = "docs/guide/analytics.md"


class Listed(Strict):
    """An asset by its symbol or its token's address, its class, and the card of its score."""

    asset: Text
    asset_class: Annotated[Text, Field(alias="class")]
    card: Text | None = None


class BenchmarkFile(Strict):
    """The assets of a benchmark."""

    assets: Annotated[Sequence[Listed], Field(min_length=1)]


def read_benchmark(path: Path) -> Sequence[Listed]:
    """The assets that a YAML file lists.

    Raises: InputError for every fault in it.
    """
    return validated(BenchmarkFile, read_yaml(path, "benchmark", GUIDE), GUIDE, str(path)).assets


def benchmark_line(
    facts: AssetFacts, wish: Wish, asset_class: str, score: Score | None = None
) -> Line:
    """An asset's line.

    Raises: InputError for a class that there is not.
    """
    as_of, paid = facts.as_of, facts.distributions
    prices, values = facts.series(MarkKind.PRICE), facts.series(MarkKind.NAV)
    series = chosen_series(facts, wish)
    figures = (
        _size(facts, wish),
        _holders(facts),
        distribution_yield(paid, series, since=facts.since, as_of=as_of, oldest=wish.oldest),
        premium(prices, values, as_of=as_of, oldest_price=wish.oldest, oldest_nav=wish.oldest),
        concentration(by_wallet(facts.held), {}, as_of=as_of)["HHI"],
        turnover(facts.movements, facts.supply, days=365, as_of=as_of),
        payout_quality(paid, as_of=as_of),
    )
    named = {name: replace(one, name=name) for name, one in zip(COLUMNS, figures, strict=True)}
    return Line(facts.symbol, asset_class, named, score)


def _size(facts: AssetFacts, wish: Wish) -> Figure:
    """What all shares are worth by the newest mark, in its currency."""
    series = chosen_series(facts, wish)
    question = Question("size", facts.as_of, len(series[-1:]), places=2)
    if not series:
        return question.blank("there is no mark")
    mark, shares = series[-1], sum(one.shares for one in facts.held)
    if facts.as_of - mark.time > wish.oldest:
        return question.blank(f"the newest mark is {lasting(facts.as_of - mark.time)} old")
    whole = exact(mark.value)
    question = replace(question, inputs={"mark": mark.text, "currency": mark.currency, "of": whole})
    return question.answer(mark.value * shares / 10**facts.decimals)


def _holders(facts: AssetFacts) -> Figure:
    """How many wallets hold; pools and the issuer's own are none, an omnibus account is one."""
    kept = [one for one in facts.held if one.part in (Part.HOLDER, Part.OMNIBUS)]
    return Question("holders", facts.as_of, len(kept), places=0).answer(len(kept))
