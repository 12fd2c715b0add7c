"""A market on a new chain for every test."""

from __future__ import annotations

import pytest

from tests.contracts.harness import Harness
from tests.contracts.trading import Market


@pytest.fixture
def market(kit) -> Market:
    """An open token, a dollar, and two who trade."""
    return Market.of(Harness(kit))
