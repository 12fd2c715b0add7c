# SPDX-License-Identifier: MIT
"""What the worker asks the process that analyses: plain data, and all that the answer rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prorata.store.asof import FollowedAsset
from prorata.store.holder_pages import Cursor
from prorata.values.amounts import Unit

if TYPE_CHECKING:
    from prorata.analysis.scores import Score

__all__ = ["METRICS", "Office", "Place", "Seen", "Series", "Wished"]

METRICS = ("nav", "price", "appraisal", "supply", "holders", "income", "concentration")
"""Of what there are series."""


@dataclass(frozen=True)
class Office:
    """The office that figures rest on: whose it is, who reads it, and whether persons are told."""

    place: str
    tenant: str
    who: str
    persons: bool


@dataclass(frozen=True)
class Place:
    """The ledger, and the moment in it, which must still be what it was: `cursor` says so."""

    ledger: str
    chain_id: int
    cursor: Cursor
    second: int
    units: Mapping[str, Unit]
    office: Office | None


@dataclass(frozen=True)
class Wished:
    """How an asset is looked at: as the options of `prorata analyse`."""

    interval: str
    on: str | None
    oldest_days: int
    frequency: int | None
    same: tuple[str, ...]


@dataclass(frozen=True)
class Series:
    """Which points of a series: after a second, from a time to a time, and how many at most."""

    metric: str
    interval: str | None
    begins: int
    ends: int
    after: int
    most: int


@dataclass(frozen=True)
class Seen:
    """An asset of a benchmark: its class, and its score, if it has a card."""

    asset: FollowedAsset
    asset_class: str
    score: Score | None
