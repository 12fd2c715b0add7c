"""The adapter plays all 169 published results of the ten types: none may be another."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from fractions import Fraction

import pytest

from prorata.assets.actus import play
from tests.prorata.assets.actus.vectors import FOLDER, TYPES, there, vectors

VECTORS = vectors()
CLOSE = Fraction(1, 10**9)
NUMBERS = ("payoff", "notionalPrincipal", "nominalInterestRate", "accruedInterest")

pytestmark = pytest.mark.skipif(
    not there(), reason=f"the ACTUS results are not in {FOLDER.name}: PRORATA_ACTUS names another"
)


def test_all_of_them_are_played():
    assert Counter(vector["terms"]["contractType"].lower() for vector in VECTORS.values()) == TYPES
    assert len(VECTORS) == 169


@pytest.mark.parametrize("name", sorted(VECTORS))
def test_a_published_result(name):
    """Each event has the same date, type and currency, and its payoff, notional, rate and accrued
    interest within a thousand millionth."""
    vector = VECTORS[name]
    played = play(vector["terms"], vector["dataObserved"], vector["eventsObserved"], vector["to"])
    expected = vector["results"]
    assert [(one.time, one.type, one.currency) for one in played] == [
        (datetime.fromisoformat(row["eventDate"]), row["eventType"], row["currency"])
        for row in expected
    ]
    for one, row in zip(played, expected, strict=True):
        figures = (one.payoff, one.notional, one.rate, one.accrued)
        for figure, column in zip(figures, NUMBERS, strict=True):
            assert abs(figure - Fraction(row[column])) < CLOSE, (one.time, one.type, column)
