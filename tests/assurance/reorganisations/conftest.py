"""A PostgreSQL of the worker's own, as the tests of the store have it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.assurance.reorganisations.schedules import the_process_has_ended
from tests.prorata.store.conftest import postgresql, postgresql_server, sqlite

__all__ = ["postgresql", "postgresql_server", "sqlite"]


@pytest.fixture(autouse=True)
def ended() -> Iterator[None]:
    """A process that was killed in this one lives no more."""
    with the_process_has_ended():
        yield
