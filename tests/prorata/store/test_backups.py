"""Backups of the files of SQLite: whole, of one moment, and put back without who was erased."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from prorata.errors import StoreError
from prorata.store.backups import Backup, back_up, backups_in, renew_epochs, restore
from prorata.store.database import Database
from prorata.store.digest import digest_of
from prorata.store.erasures import ERASURES_FILE, forget, open_office
from prorata.store.marks import Mark, add_mark, marks
from prorata.store.office import Office
from prorata.store.office_people import find_person, people, take_in
from prorata.store.people import GivenWallet
from prorata.store.schema import chain
from prorata.store.writer import Writer
from tests.prorata.store.made_logs import GENESIS, MadeChain, follow, move, told

CHAIN = 31_337
ANN, BEN = (f"0x{number:040}" for number in (1, 2))
NAV = Mark(CHAIN, ANN, 1_800_000_000, "NAV", 10**30, "USD", 6, "ex", "Administrator Ltd")
BLOCKS = [
    [move(0, 1, 100), move(0, 2, 50)],
    [told("RecordScheduled", recordId=1, closesAt=1_700_000_100)],
    [move(1, 3, 30)],
    [],
    [move(3, 2, 5), move(2, 4, 55)],
]


def fill(path: Path, blocks=BLOCKS) -> None:
    """A ledger of a made chain."""
    with closing(Database.open(str(path), create=True)) as database:
        writer, made = Writer.take(database, CHAIN, GENESIS, who="test"), MadeChain(blocks)
        follow(writer, made)
        writer.note(made.header(made.head), made.header(2))
        writer.commit(made.page(writer.sources(), made.head))
        writer.release()


def digest(path: Path) -> dict[str, str]:
    with closing(Database.open(str(path))) as database:
        return digest_of(database, CHAIN, GENESIS)


def epoch(path: Path) -> str:
    with closing(Database.open(str(path))) as database, database.snapshot() as connection:
        return str(connection.scalar(sa.select(chain.c.epoch)))


def office_at(ledger: Path, **options) -> closing[Office]:
    return closing(open_office(str(ledger.with_name("office.db")), who="clerk", **options))


def everything(office: Office) -> tuple:
    return people(office, CHAIN), marks(office, CHAIN, ANN, superseded=True)


def refusal(call, *arguments, **options) -> str:
    with pytest.raises(StoreError) as refused:
        call(*arguments, **options)
    return str(refused.value)


@pytest.fixture
def ledger(tmp_path) -> Path:
    """A ledger, and an office with two people and a mark."""
    path = tmp_path / "HARB12" / "ledger.db"
    path.parent.mkdir()
    fill(path)
    with office_at(path, create=True) as office:
        take_in(office, CHAIN, [GivenWallet(ANN, "Ann Onym"), GivenWallet(BEN, "Ben")])
        add_mark(office, NAV)
    return path


@pytest.fixture
def elsewhere(tmp_path) -> Path:
    return tmp_path / "again" / "ledger.db"


# ---------------------------------------------------------------------------------------- the drill


def test_the_drill_office_from_the_backup_ledger_built_anew_both_as_they_were(
    ledger, elsewhere, tmp_path
):
    """Law 94: the folder is lost. The office comes from the backup, the ledger from the chain, and
    from the backup, too: all three say what was said before.
    """
    before = digest(ledger)
    with office_at(ledger) as office:
        known = everything(office)
    made = back_up(ledger, tmp_path / "backups", who="clerk")
    began = epoch(ledger)
    shutil.rmtree(ledger.parent)

    restore(Backup.read(made.folder), elsewhere, who="clerk")
    with office_at(elsewhere) as office:
        assert everything(office) == known
        actions = [entry.action for entry in office.trail()]
    assert actions == [
        "people.import", "mark.add", "people.list", "office.backup", "office.restore",
        "people.list",
    ]  # fmt: skip
    assert digest(elsewhere) == before
    assert epoch(elsewhere) != began
    anew = tmp_path / "anew.db"
    fill(anew)
    assert digest(anew) == before
    # And both go on.
    with closing(Database.open(str(elsewhere))) as database:
        made_chain = MadeChain([*BLOCKS, [move(4, 1, 1)]])
        writer = Writer.take(database, CHAIN, GENESIS, who="test")
        writer.commit(made_chain.page(writer.sources(), made_chain.head))


def test_a_backup_is_of_one_moment_while_a_transaction_is_open(ledger, tmp_path):
    before = digest(ledger)
    with office_at(ledger) as office, closing(Database.open(str(ledger))) as database:
        with database.writing() as connection:
            connection.execute(sa.text("DELETE FROM holding"))
            made = back_up(ledger, tmp_path / "backups", who="clerk")
        assert office.trail()[-1].action == "office.backup"
    assert digest(made.folder / "ledger.db") == before
    assert digest(ledger) != before


def test_who_was_erased_since_is_in_no_restored_office(ledger, elsewhere, tmp_path):
    made = back_up(ledger, tmp_path / "backups", who="clerk")
    with office_at(ledger) as office:
        forget(office, find_person(office, CHAIN, "Ann Onym"))
    listed = ledger.with_name(ERASURES_FILE)
    elsewhere.parent.mkdir()
    restore(made, elsewhere, who="clerk", lists=[listed])
    with office_at(elsewhere) as office:
        assert [one.name for one in people(office, CHAIN)] == ["Ben"]
    assert not [p for p in elsewhere.parent.iterdir() if b"Ann Onym" in p.read_bytes()]
    assert elsewhere.with_name(ERASURES_FILE).read_text() == listed.read_text()


def test_the_list_that_is_there_counts_without_being_named(ledger, tmp_path):
    """Law 91: a backup put back into its own folder."""
    made = back_up(ledger, tmp_path / "backups", who="clerk")
    with office_at(ledger) as office:
        forget(office, find_person(office, CHAIN, "Ann Onym"))
    for path in ledger.parent.glob("*.db*"):
        path.unlink()
    restore(made, ledger, who="clerk")
    with office_at(ledger) as office:
        assert [one.name for one in people(office, CHAIN)] == ["Ben"]
    assert not [p for p in ledger.parent.iterdir() if b"Ann Onym" in p.read_bytes()]


def test_a_restored_ledger_is_written_by_nobody(ledger):
    with closing(Database.open(str(ledger))) as database:
        Writer.take(database, CHAIN, GENESIS, who="follow")
        began = epoch(ledger)
        assert renew_epochs(database) == 1
        assert epoch(ledger) != began
        Writer.take(database, CHAIN, GENESIS, who="another").release()


# ----------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize("name", ["ledger.db", "office.db", "ledger.db-wal"])
def test_nothing_is_overwritten(ledger, elsewhere, tmp_path, name):
    made = back_up(ledger, tmp_path / "backups", who="clerk")
    elsewhere.parent.mkdir()
    there = elsewhere.with_name(name)
    there.write_text("mine")
    assert f"{there} is there already, and a backup overwrites nothing" in refusal(
        restore, made, elsewhere, who="clerk"
    )
    assert [(path, path.read_text()) for path in elsewhere.parent.iterdir()] == [(there, "mine")]


@pytest.mark.parametrize("name", ["ledger.db", "office.db"])
def test_a_damaged_backup_is_refused(ledger, tmp_path, name):
    made = back_up(ledger, tmp_path / "backups", who="clerk")
    path = made.folder / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert f"{path} is not the file that was backed up" in refusal(Backup.read, made.folder)
    path.unlink()
    assert "is not the file that was backed up" in refusal(Backup.read, made.folder)


def test_a_folder_of_backups_is_none_and_the_newest_is_named(ledger, tmp_path):
    folder = tmp_path / "backups"
    back_up(ledger, folder, who="clerk", clock=lambda: 1_800_000_000)
    newest = back_up(ledger, folder, who="clerk", clock=lambda: 1_800_000_001)
    assert f"{folder} is no backup; give {newest.folder}" in refusal(Backup.read, folder)
    assert "give one that has backup.json" in refusal(Backup.read, tmp_path)
    assert "is there already" in refusal(
        back_up, ledger, folder, who="clerk", clock=lambda: 1_800_000_001
    )
    (newest.folder / "backup.json").write_text("{}")
    assert "cannot be read" in refusal(Backup.read, newest.folder)
    assert len(backups_in(folder)) == 1


def test_a_backup_is_old_after_thirty_days(ledger, tmp_path):
    made = back_up(ledger, tmp_path, who="clerk", clock=lambda: 1_800_000_000)
    assert not made.is_old(1_800_000_000 + 30 * 86_400)
    assert made.is_old(1_800_000_001 + 30 * 86_400)


def test_where_there_is_neither_there_is_no_backup(tmp_path):
    assert "there is neither" in refusal(back_up, tmp_path / "ledger.db", tmp_path, who="clerk")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_list_is_told_before_anything_is_restored(ledger, elsewhere, tmp_path):
    made = back_up(ledger, tmp_path / "backups", who="clerk")
    missing = tmp_path / "nowhere.jsonl"
    sentence = refusal(restore, made, elsewhere, who="clerk", lists=[missing])
    assert f"there is no list of erasures {missing}" in sentence
    assert not elsewhere.parent.exists()


def test_only_its_owner_reads_a_backup(ledger, tmp_path):
    made = back_up(ledger, tmp_path / "backups", who="clerk")
    assert made.folder.stat().st_mode & 0o777 == 0o700
    assert json.loads((made.folder / "backup.json").read_text())["files"] == dict(made.files)
    for name in made.files:
        assert (made.folder / name).stat().st_mode & 0o777 == 0o600
