"""The tests' databases themselves: a PostgreSQL of its own for every test."""

from __future__ import annotations

import psycopg
import pytest


@pytest.mark.parametrize("time", ["first", "second"])
def test_each_test_finds_an_empty_database_of_postgresql(postgresql: str, time: str) -> None:
    with psycopg.connect(postgresql) as connection:
        version = connection.execute("SHOW server_version_num").fetchone()
        assert version is not None
        assert int(version[0]) >= 18_00_00
        connection.execute("CREATE TABLE seen (time text)")
        connection.execute("INSERT INTO seen VALUES (%s)", [time])
        assert connection.execute("SELECT time FROM seen").fetchall() == [(time,)]


def test_a_place_is_a_file_or_an_address(place: str) -> None:
    assert place.endswith("/ledger.db") or place.startswith("postgresql://")
