"""One codec for all examples: working out selectors and types anew would cost more than the EVM."""

from __future__ import annotations

import pytest

from tests.chainkit import Codec


@pytest.fixture(scope="session")
def codec(artifacts) -> Codec:
    return Codec(artifacts)
