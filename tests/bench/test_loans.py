"""The pool of the benchmark is one that adds up; how long it takes is published, not asserted."""

from __future__ import annotations

import json

from prorata.toolchain.paths import PROJECT_ROOT
from tests.bench.loans import AIM_SECONDS, TERMS, happenings, measure, tape, waterfall

FOUND = json.loads((PROJECT_ROOT / "docs/costs.json").read_text(encoding="utf-8"))["scale"]["loans"]


def test_the_published_figure_is_of_ten_thousand_loans_over_thirty_years():
    """And below what was promised, in seconds of one core."""
    assert (FOUND["loans"], FOUND["years"]) == (10_000, 30)
    assert FOUND["seconds"] < AIM_SECONDS


def test_a_small_pool_is_serviced_to_its_end():
    """Every event of the hundred kinds happens, and every month adds up (inside `measure`)."""
    found = measure(100)
    assert found["events"] == 20
    assert waterfall(1_000_000_00).units("1.00") == 100
    assert TERMS.charge_off_after == 180
    assert happenings([], {}) == []
    assert tape(3).count("\n") == 4
