# SPDX-License-Identifier: MIT
"""What analyses say to programs: commands print these documents, and the service answers them.

They are scores, comparisons and figures by published formulas: no rating, and no advice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from prorata.analysis.benchmark import COLUMNS, Benchmark, Line
from prorata.analysis.index_files import IndexFile
from prorata.analysis.indices import Basket, Point
from prorata.analysis.portfolio import Report
from prorata.analysis.portfolio_files import PortfolioFile
from prorata.analysis.precision import exact
from prorata.analysis.risk import Pair
from prorata.analysis.scores import Score
from prorata.register.small_groups import FEWEST
from prorata.reports.analytics import CountryFlow, Group
from prorata.reports.asset_facts import AssetFacts
from prorata.values.times import moment

__all__ = [
    "COMPARISON",
    "NO_ADVICE",
    "SCORE",
    "analysis_document",
    "benchmark_document",
    "index_document",
    "portfolio_document",
    "score_document",
]

NO_ADVICE = "figures by published formulas: no rating, and no advice"
COMPARISON = "a comparison by these figures: no rating, and no advice"
SCORE = "a score is a comparison by this method: no rating, and no advice"


def analysis_document(
    facts: AssetFacts,
    groups: Sequence[Group],
    pairs: Mapping[tuple[str, str], Pair],
    countries: Sequence[CountryFlow] | None,
) -> dict[str, Any]:
    """Every figure of an asset."""
    return {
        "as_of": moment(facts.as_of),
        "currency": facts.currency,
        "left_out": list(facts.left_out),
        "groups": [
            {"title": one.title, "figures": [figure.as_json() for figure in one.figures]}
            for one in groups
        ],
        "correlations": _pairs(pairs),
        "countries": _countries(facts, countries),
        "notice": NO_ADVICE,
    }


def _pairs(pairs: Mapping[tuple[str, str], Pair]) -> list[dict[str, Any]]:
    return [
        {
            "assets": list(names),
            "pearson": pair.pearson.as_json(),
            "spearman": pair.spearman.as_json(),
        }
        for names, pair in pairs.items()
    ]


def _countries(facts: AssetFacts, countries: Sequence[CountryFlow] | None) -> dict[str, Any]:
    reason = None
    if facts.known.persons is None:
        reason = facts.known.unnamed
    elif countries is None:
        reason = f"it would point at fewer than {FEWEST} people"
    flows = [
        {"from": one.origin, "to": one.receiver, "shares": str(one.shares)}
        for one in countries or ()
    ]
    return {"flows": flows, "reason": reason}


def benchmark_document(found: Benchmark) -> dict[str, Any]:
    """Assets with the same columns."""
    return {
        "assets": [_line(one) for one in found.ordered],
        "missing_classes": found.missing_classes,
        "notice": COMPARISON,
    }


def _line(one: Line) -> dict[str, Any]:
    scored = one.score
    return {
        "asset": one.asset,
        "class": one.asset_class,
        "figures": [one.figures[name].as_json() for name in COLUMNS],
        "score": None
        if scored is None
        else {
            "low": scored.low.as_json(),
            "high": scored.high.as_json(),
            "at": moment(scored.low.as_of),
            "digest": scored.digest,
        },
    }


def index_document(found: IndexFile, points: Sequence[Point]) -> dict[str, Any]:
    """The levels of an index, and the log of its changes."""
    settings = found.settings
    return {
        "name": settings.name,
        "version": settings.version,
        "currency": settings.currency,
        "digests": dict(found.digests),
        "levels": [
            {
                "time": moment(one.time),
                "price": one.price.as_json(),
                "total_return": one.total.as_json(),
            }
            for one in points
        ],
        "changes": [
            {
                "time": moment(one.time),
                "what": one.what,
                "level": exact(one.level),
                "before": _basket(one.before),
                "after": _basket(one.after),
            }
            for one in found.index.log
        ],
    }


def _basket(basket: Basket) -> dict[str, Any]:
    quantities = {name: exact(one) for name, one in basket.quantities.items()}
    return {"divisor": exact(basket.divisor), "quantities": quantities}


def portfolio_document(found: PortfolioFile, report: Report) -> dict[str, Any]:
    """What is held, what it is worth, and how it moved."""
    return {
        "name": found.settings.name,
        "as_of": moment(report.as_of),
        "currency": report.currency,
        "digests": dict(found.digests),
        "positions": [
            {
                "asset": one.holding.asset,
                "quantity": exact(one.holding.quantity),
                "value": one.value.as_json(),
                "weight": one.weight.as_json(),
                "total_return": one.total_return.as_json(),
                "volatility": one.volatility.as_json(),
                "autocorrelation": one.autocorrelation.as_json(),
                "drawdown": one.drawdown.as_json(),
            }
            for one in report.positions
        ],
        "figures": [figure.as_json() for figure in report.figures],
        "correlations": [
            {
                "assets": [a, b],
                "pearson": pair.pearson.as_json(),
                "spearman": pair.spearman.as_json(),
            }
            for (a, b), pair in report.correlations.items()
        ],
    }


def score_document(found: Score) -> dict[str, Any]:
    """A score by its method: its span, what is missing, and each criterion."""
    return {
        "asset": found.asset,
        "method": {"name": found.method, "digest": found.digest},
        "low": found.low.as_json(),
        "high": found.high.as_json(),
        "score": found.value.as_json(),
        "missing": list(found.missing),
        "known": found.known.as_json(),
        "of_issuer": found.of_issuer.as_json(),
        "sensitivity": {
            "low": found.least.as_json(),
            "high": found.most.as_json(),
            "moved_by": found.moved_by,
        },
        "criteria": [
            {
                "name": one.name,
                "weight": one.weight,
                "points": one.points,
                "value": one.value,
                "evidence": one.evidence,
                "date": None if one.dated is None else moment(one.dated),
                "supplied_by": None if one.supplied_by is None else one.supplied_by.value,
                "missing": one.missing,
            }
            for one in found.criteria
        ],
        "notice": SCORE,
    }
