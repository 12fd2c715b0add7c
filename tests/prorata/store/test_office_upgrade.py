"""Migrations: every row is kept, all steps or none, and nobody opens what is newer than itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from prorata.errors import StoreError
from prorata.store import office_upgrade
from prorata.store.database import Database, open_engine
from prorata.store.erasures import forget, open_office
from prorata.store.marks import Mark, add_mark, marks
from prorata.store.office import office_place
from prorata.store.office_people import find_person, people
from prorata.store.office_upgrade import HEAD, STEPS, copies_in, upgrade

CHAIN = 31_337
ANN = f"0x{1:040}"
_FOLDER = Path(office_upgrade.__file__).parent / "migrations"
ROWS = {
    "tenant": {"name": "own", "seq": 3, "entries": 2},
    "party": {
        "tenant": "own", "id": "ab" * 16, "name": "Ann", "kind": "fund", "country": 276,
        "created_at": 7,
    },
    "wallet": {
        "tenant": "own", "chain_id": CHAIN, "address": bytes.fromhex(ANN[2:]), "party": "ab" * 16,
    },
    "erasure": {
        "tenant": "own", "digest": b"\1" * 32, "salt": b"\2" * 16, "erased_at": 8, "purged_at": 9,
    },
    "trail": {
        "tenant": "own", "number": 2, "time": 7, "who": "me", "action": "people.import",
        "subject": "", "rows": 1,
    },
}  # fmt: skip
"""What an office of step 0001 had."""


@pytest.fixture
def where(place: str) -> str:
    return office_place(place)


@pytest.fixture
def database(where: str) -> Iterator[Database]:
    """The office's database as SQL sees it, empty."""
    engine, name = open_engine(where, schema="office", create=True)
    with closing(Database(engine, name)) as opened:
        yield opened


@pytest.fixture
def old(database: Database) -> Database:
    """An office of step 0001 with a row in every table."""
    with database.writing() as connection:
        upgrade(connection, "0001")
        for table, row in ROWS.items():
            marks_ = ", ".join(f":{name}" for name in row)
            named = ", ".join(f'"{name}"' for name in row)
            connection.execute(sa.text(f"INSERT INTO {table} ({named}) VALUES ({marks_})"), row)
    return database


def rows(database: Database, tables=ROWS) -> dict[str, list[dict]]:
    with database.snapshot() as connection:
        return {
            table: [
                {name: bytes(v) if isinstance(v, memoryview) else v for name, v in row.items()}
                for row in connection.execute(sa.text(f"SELECT * FROM {table}")).mappings()
            ]
            for table in tables
        }


def config(connection: sa.Connection | None = None) -> Config:
    found = Config()
    found.set_main_option("script_location", str(_FOLDER))
    found.attributes["connection"] = connection
    return found


def revision(database: Database) -> str:
    return rows(database, ["alembic_version"])["alembic_version"][0]["version_num"]


# -------------------------------------------------------------------------------------- from before


def test_an_office_of_before_keeps_every_row_and_gets_what_is_new(old, where):
    """Law 92: each row stays."""
    with closing(open_office(where, who="clerk")) as office:
        assert rows(old) == {table: [row] for table, row in ROWS.items()}
        assert revision(old) == HEAD
        [ann] = people(office, CHAIN)
        assert (ann.name, ann.wallets) == ("Ann", ((CHAIN, ANN),))
        made = add_mark(office, Mark(CHAIN, ANN, 1, "price", 5, "USD", 2, "cum", "Broker"))
        assert marks(office, CHAIN, ANN) == [made]
        assert [entry.number for entry in office.trail()] == [2, 3, 4]


def test_what_was_there_is_copied_first_and_an_erasure_takes_the_copy_too(old, where, tmp_path):
    def copies() -> list[str]:
        if old.dialect == "sqlite":
            return [path.name for path in copies_in(tmp_path)]
        query = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'office_before%'"
        with old.snapshot() as connection:
            return list(connection.scalars(sa.text(query)))

    before = rows(old)
    with closing(open_office(where, who="clerk")) as office:
        if old.dialect == "sqlite":
            [copy] = copies_in(tmp_path)
            assert copy.stat().st_mode & 0o777 == 0o600
            engine, name = open_engine(str(copy), schema="office", create=False)
            with closing(Database(engine, name)) as opened:
                assert (rows(opened), revision(opened)) == (before, "0001")
            for beside in tmp_path.glob("office-before-*.db-*"):
                beside.unlink()
        else:
            assert copies() == [f"office_before_{HEAD}_of_0001"]
            inside = {f"office_before_{HEAD}_of_0001.{table}": table for table in ROWS}
            found = rows(old, inside)
            assert {inside[table]: content for table, content in found.items()} == before
        forget(office, find_person(office, CHAIN, "Ann"))
    assert copies() == []


def test_copies_go_after_thirty_days(old, where, tmp_path):
    import time

    def number() -> int:
        if old.dialect == "sqlite":
            return len(copies_in(tmp_path))
        query = "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'office_before%'"
        with old.snapshot() as connection:
            return connection.scalar(sa.text(query))

    now = time.time()
    for days, left in ((0, 1), (29.9, 1), (30.1, 0)):
        open_office(where, who="clerk", clock=lambda days=days: now + days * 86_400).close()
        assert number() == left, days


# -------------------------------------------------------------------------------- all of it or none


def test_a_step_that_fails_leaves_the_tables_as_they_were(old, where, monkeypatch):
    """Law 92: the name of the second step's index is taken, so that it fails midway."""
    with old.writing() as connection:
        connection.execute(sa.text("CREATE INDEX mark_of_asset ON trail (who)"))
    before, there = rows(old), tables_of(old)
    with pytest.raises(StoreError, match="already exists"):
        open_office(where, who="clerk")
    assert (rows(old), tables_of(old), revision(old)) == (before, there, "0001")


def tables_of(database: Database) -> set[str]:
    return set(sa.inspect(database.engine).get_table_names())


@pytest.mark.parametrize("step", ["0007", "9999", "ae1027a6acf"])
def test_what_a_newer_version_wrote_is_refused_and_left_alone(old, where, step):
    """Law 92: and so is what no version wrote."""
    with old.writing() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = :n"), {"n": step})
    before = rows(old)
    with pytest.raises(StoreError) as refused:
        open_office(where, who="clerk", create=True)
    assert (
        f"are of step {step}, and this version of prorata knows 0001 to {HEAD} only; use the"
        in (str(refused.value))
    )
    assert (rows(old), revision(old)) == (before, step)


# --------------------------------------------------------------------------------- tables and steps


def test_the_steps_make_the_tables_that_the_code_knows(where, database):
    """`alembic check`: nothing would be generated from what stands in `office_schema`."""
    open_office(where, who="clerk", create=True).close()
    with database.writing() as connection:
        command.check(config(connection))


def test_a_table_that_no_step_makes_is_noticed(where, database):
    """The check can fail."""
    from alembic.util.exc import AutogenerateDiffsDetected

    open_office(where, who="clerk", create=True).close()
    with database.writing() as connection:
        connection.execute(sa.text("DROP INDEX wallet_of_party"))
        with pytest.raises(AutogenerateDiffsDetected, match="wallet_of_party"):
            command.check(config(connection))


def test_steps_are_numbered_and_none_goes_back():
    scripts = list(ScriptDirectory.from_config(config()).walk_revisions())
    assert tuple(script.revision for script in reversed(scripts)) == STEPS
    assert not [script for script in scripts if hasattr(script.module, "downgrade")]
    for script in scripts:
        assert Path(script.path).name.startswith(f"v{script.revision}_")
