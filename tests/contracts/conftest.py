"""A chain in this process for every test, and on it a token, a vault and a dollar."""

from __future__ import annotations

import pytest

from tests.chainkit import Codec, RevmKit
from tests.contracts.harness import Harness


@pytest.fixture(scope="session")
def codec(artifacts) -> Codec:
    """What encodes and decodes, made once."""
    return Codec(artifacts)


@pytest.fixture
def kit(codec) -> RevmKit:
    """A new chain."""
    return RevmKit(codec)


@pytest.fixture
def harness(kit) -> Harness:
    """A new chain with the usual contracts on it."""
    return Harness(kit)
