"""The databases of the store's tests."""

from __future__ import annotations

from tests.prorata.store.conftest import (  # noqa: F401 - fixtures
    database,
    place,
    postgresql,
    postgresql_server,
    sqlite,
)
