"""A market on a new chain for every test."""

from __future__ import annotations

import pytest

from tests.contracts.harness import Harness
from tests.contracts.market.exchanging import Exchanging
from tests.contracts.trading import Market


@pytest.fixture
def market(kit) -> Market:
    """An open token, a dollar, and two who trade."""
    return Market.of(Harness(kit))


@pytest.fixture
def exchanging(kit) -> Exchanging:
    """A share exchange, its token, another token and a dollar; Ann has 1,000 shares, Ben 500."""
    found = Exchanging(Harness(kit))
    found.harness.issue({found.ann: 1_000, found.ben: 500})
    return found
