"""ledger backup, restore and rebuild, of a ledger that `follow` has filled from a real node."""

from __future__ import annotations

import json
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from prorata.store import schema
from prorata.store.database import Database
from prorata.store.digest import digest_of
from prorata.toolchain.anvil import Anvil
from prorata.toolchain.paths import PROJECT_ROOT
from tests.prorata.cli.kept import kept
from tests.prorata.cli.opened import Commands
from tests.prorata.store.conftest import postgresql, postgresql_server  # noqa: F401

pytestmark = pytest.mark.slow

EXAMPLES = PROJECT_ROOT / "examples" / "building"
ASSET, HOLDERS = str(EXAMPLES / "asset.yaml"), str(EXAMPLES / "holders.csv")


@pytest.fixture(scope="module")
def building(tmp_path_factory) -> Iterator[Commands]:
    """An asset with its ledger and its office."""
    with Anvil() as anvil:
        commands = Commands(anvil, tmp_path_factory.mktemp("deployments") / "HARB12")
        commands.says("deploy", "--asset", ASSET, "--dollar")
        commands.says("issue", HOLDERS)
        commands.says("follow", "--once")
        commands.says("ledger", "people", "import", HOLDERS)
        yield commands


@pytest.fixture
def commands(building) -> Iterator[Commands]:
    with kept(building.anvil.url, building.folder):
        yield building


def digest(commands: Commands, place: object) -> dict[str, str]:
    with closing(Database.open(str(place))) as database:
        return digest_of(database, commands.chain.chain_id, commands.chain.genesis_hash)


def epoch(place: object) -> str:
    with closing(Database.open(str(place))) as database, database.snapshot() as connection:
        return str(connection.scalar(sa.select(schema.chain.c.epoch)))


def names(commands: Commands) -> set[str]:
    return {one["name"] for one in commands.facts("ledger", "people", "list")["people"]}


# ---------------------------------------------------------------------------------------- the drill


def test_the_drill(commands, tmp_path) -> None:
    """Law 94: what a backup puts back is what a ledger built anew from the node says, and goes on;
    and law 91: whoever was erased after the backup is not in it.
    """
    ledger = commands.folder / "ledger.db"
    before, began, everybody = digest(commands, ledger), epoch(ledger), names(commands)
    made = commands.facts("ledger", "backup", str(tmp_path / "backups"))
    assert {"ledger.db", "office.db"} <= set(made["files"])
    commands.says("ledger", "people", "forget", "Samuel Mensah", "--yes")
    for path in commands.folder.glob("*.db*"):
        path.unlink()

    done = commands.says("ledger", "restore", made["folder"])
    assert f"The backup of {made['made_at']} is back" in done
    assert digest(commands, ledger) == before
    assert epoch(ledger) != began
    assert names(commands) == everybody - {"Samuel Mensah"}
    folder = commands.folder
    assert not [p for p in folder.rglob("*") if p.is_file() and b"Samuel Mensah" in p.read_bytes()]

    anew = tmp_path / "anew.db"
    commands.says("follow", "--once", "--database", str(anew))
    assert digest(commands, anew) == before

    commands.close_record()
    commands.says("follow", "--once")
    assert digest(commands, ledger) != before
    commands.says("follow", "--once", "--database", str(anew))
    assert digest(commands, ledger) == digest(commands, anew)


def test_old_backups_are_named(commands, tmp_path) -> None:
    made = Path(commands.facts("ledger", "backup", str(tmp_path))["folder"])
    old = made.with_name("20200101T000000Z")
    shutil.copytree(made, old)
    content = json.loads((old / "backup.json").read_text())
    content["made_at"] = int(time.time()) - 31 * 86_400
    (old / "backup.json").write_text(json.dumps(content))
    time.sleep(1.1)
    assert commands.facts("ledger", "backup", str(tmp_path))["old"] == [str(old)]
    for path in commands.folder.glob("*.db*"):
        path.unlink()
    gist = commands.gist("ledger", "restore", str(old))
    assert "backups older than 30 days may name people who were erased since: delete it" in gist


def test_nothing_is_overwritten_and_no_backup_is_none(commands, tmp_path) -> None:
    made = commands.facts("ledger", "backup", str(tmp_path))
    sentence = commands.refuses("ledger", "restore", made["folder"])
    assert "is there already, and a backup overwrites nothing" in sentence
    sentence = commands.refuses("ledger", "restore", str(tmp_path))
    assert sentence.endswith(f"is no backup; give {made['folder']}")
    assert commands.run("ledger", "restore").code == 2


# --------------------------------------------------------------------------------------- PostgreSQL


def test_a_postgresql_is_backed_up_by_its_own_programs(commands, tmp_path) -> None:
    place = ("--database", "postgresql://me:secret@db.example.org/ledger")
    sentence = commands.refuses("ledger", "backup", str(tmp_path), *place)
    dump = tmp_path / "prorata.dump"
    assert (
        "run `pg_dump --format=custom --schema=ledger --schema=office "
        f"--file={dump} postgresql://me@db.example.org/ledger`" in sentence
    )
    assert "secret" not in sentence
    assert f"{dump}`, then this command" in commands.refuses(
        "ledger", "restore", str(tmp_path), *place
    )


def test_what_pg_restore_has_put_back_is_made_fit(commands, tmp_path, postgresql) -> None:  # noqa: F811
    """The server's own copy of before an erasure: law 91 holds for it, too."""
    place = ("--database", postgresql)
    commands.says("follow", "--once", *place)
    commands.says("ledger", "people", "import", HOLDERS, *place)
    before = commands.facts("ledger", "people", "list", *place)["people"]
    with psycopg.connect(postgresql) as connection:
        for table in ("party", "wallet", "erasure"):
            connection.execute(f"CREATE TABLE public.{table} AS TABLE office.{table}")
    commands.says("ledger", "people", "forget", "Samuel Mensah", "--yes", *place)
    with psycopg.connect(postgresql) as connection:
        for table in ("wallet", "party", "erasure"):
            connection.execute(f"DELETE FROM office.{table}")
        for table in ("erasure", "party", "wallet"):
            connection.execute(f"INSERT INTO office.{table} SELECT * FROM public.{table}")
    began = epoch(postgresql)
    assert "1 chain with another epoch" in commands.says("ledger", "restore", *place)
    assert epoch(postgresql) != began
    after = commands.facts("ledger", "people", "list", *place)["people"]
    assert [one for one in before if one not in after] == [
        one for one in before if one["name"] == "Samuel Mensah"
    ]


# ------------------------------------------------------------------------------------------ rebuild


def test_a_ledger_is_derived_anew_from_its_own_log(commands) -> None:
    """Law 94: and whoever reads meanwhile reads on."""
    ledger = commands.folder / "ledger.db"
    before, began = digest(commands, ledger), epoch(ledger)
    with closing(sqlite3.connect(ledger)) as spoilt:
        spoilt.execute("DELETE FROM holding")
        spoilt.execute("DELETE FROM transfer")
        spoilt.commit()
    assert digest(commands, ledger) != before
    planned = commands.facts("ledger", "rebuild", "--dry-run")
    assert planned["dry_run"]
    assert planned["events"] > 148
    assert (digest(commands, ledger) == before, epoch(ledger)) == (False, began)

    with closing(Database.open(str(ledger))) as reader, reader.snapshot() as connection:
        holdings = sa.select(sa.func.count()).select_from(schema.holding)
        assert connection.scalar(holdings) == 0
        assert "Done: the ledger is derived anew" in commands.says("ledger", "rebuild")
        # Who was reading reads on what was there.
        assert connection.scalar(holdings) == 0
    assert digest(commands, ledger) == before
    assert epoch(ledger) != began


def test_a_ledger_of_another_version_says_what_to_do_and_that_does_it(commands) -> None:
    ledger = commands.folder / "ledger.db"
    before = digest(commands, ledger)
    with closing(sqlite3.connect(ledger)) as older:
        older.execute("UPDATE chain SET schema = 'older'")
        older.commit()
    ran = commands.run("follow", "--once")
    assert ran.code == 1
    assert "was made by another version of prorata; run `prorata ledger rebuild`" in ran.err
    commands.says("ledger", "rebuild")
    commands.says("follow", "--once")
    assert digest(commands, ledger) == before


def test_a_ledger_that_is_not_there_is_not_rebuilt(commands) -> None:
    (commands.folder / "ledger.db").unlink()
    assert "there is no ledger at" in commands.refuses("ledger", "rebuild")
    assert not list(commands.folder.glob("ledger.db*"))
