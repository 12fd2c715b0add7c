"""Calls in bulk, a few of them: `make calls` makes a million."""

from __future__ import annotations

import os

from tests.assurance.fuzz.call_prices import many_prices
from tests.assurance.fuzz.many_calls import many, small, small_worlds
from tests.chainkit import Codec

CALLS = int(os.environ.get("PRORATA_CALLS") or 200)
SEED = "prorata"


def test_whole_calls_end_as_the_law_says(codec: Codec) -> None:
    """Contract, model, `clearing.py` and brute force agree after every step, in pages of any size,
    with refunds in any order, somebody frozen, orders struck (Laws 53 to 60)."""
    counted = many(codec, SEED, CALLS)
    assert counted["calls"] == CALLS
    assert min(counted[what] for what in ("settling", "failed", "cleared", "pairs", "pages")) > 0


def test_prices_are_those_of_the_law(codec: Codec) -> None:
    """The library on a chain, `clearing.py` and brute force, of every kind (Laws 55 and 57)."""
    assert sum(many_prices(codec, SEED, 10 * CALLS).values()) >= 10 * CALLS


def test_small_worlds_whole(codec: Codec) -> None:
    """A slice of all calls of at most 4 orders on 3 steps (Laws 53 to 57)."""
    every = 400
    assert small(codec, 7, every) == len(range(7, sum(1 for _ in small_worlds()), every))
