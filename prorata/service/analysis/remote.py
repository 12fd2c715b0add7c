# SPDX-License-Identifier: MIT
"""What the process does, by names that import nothing of it: the worker never loads that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from prorata.service.analysis.questions import Place, Seen, Series, Wished
from prorata.store.asof import FollowedAsset

__all__ = ["benchmark", "metrics", "series"]


def metrics(
    place: Place, asset: FollowedAsset, others: Sequence[FollowedAsset], wished: Wished
) -> dict[str, Any]:
    """Every figure of an asset: see `prorata.service.analysis.answers`."""
    from prorata.service.analysis import answers  # noqa: PLC0415

    return answers.metrics(place, asset, others, wished)


def series(place: Place, asset: FollowedAsset, wanted: Series) -> dict[str, Any]:
    """Points of a series."""
    from prorata.service.analysis import answers  # noqa: PLC0415

    return answers.series(place, asset, wanted)


def benchmark(place: Place, seen: Sequence[Seen]) -> dict[str, Any]:
    """Assets with the same columns."""
    from prorata.service.analysis import answers  # noqa: PLC0415

    return answers.benchmark(place, seen)
