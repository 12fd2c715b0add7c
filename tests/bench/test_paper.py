"""What a page may cost, measured here and now: by the processor, so that others do not count."""

from __future__ import annotations

import pytest

from tests.bench import paper

pytestmark = pytest.mark.slow


def test_a_page_costs_no_more_than_it_may():
    """A PDF at most 10 ms and 60 KiB, the overview 60 KiB; the bar moves while they are written."""
    found = paper.measure(100)
    assert found["statement, PDF, ms"] <= 10
    assert found["statement, PDF, bytes"] <= 60 * 1024
    assert found["overview, bytes"] <= 60 * 1024
    assert found["steps of the bar"] >= 2
    assert found["statement, PDF, SHA-256"] == paper.digest_elsewhere()
