"""A million questions with one exact answer each."""

from __future__ import annotations

import os

import pytest

from tests.assurance.fuzz.run import call_all
from tests.assurance.fuzz.stateless import PARTS

CALLS = int(os.environ.get("PRORATA_CALLS") or 1_000_000)


@pytest.mark.slow
def test_a_million_calls(capsys: pytest.CaptureFixture[str]) -> None:
    """Portions, settlements, packed words, holders' files, balances at records, movements,
    entitlements, withholding and streams, on real bytecode and in whole numbers (Laws 1, 2, 5, 6,
    14, 15, 16 and 24)."""
    called = call_all("prorata", CALLS)
    with capsys.disabled():
        print(f"\n{sum(called.values()):,} calls: {dict(called)}")
    assert set(called) == {prove.__name__ for prove in PARTS}
    assert sum(called.values()) >= CALLS
