"""Erasure: no byte of the name stays, and no backup brings it back."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import mkdtemp

import psycopg
import pytest
import sqlalchemy as sa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from prorata.errors import StoreError
from prorata.store.erasures import (
    ERASURES_FILE,
    erasures,
    forget,
    open_office,
    read_list,
    replay,
)
from prorata.store.office import Office, office_place
from prorata.store.office_people import find_person, people, take_in
from prorata.store.people import GivenWallet

CHAIN = 31_337
ADDRESSES = [f"0x{number:040}" for number in range(1, 6)]
ANN, BEN, *_ = ADDRESSES
NAME = "Annegret Überall"


@pytest.fixture
def office(place) -> Iterator[Office]:
    with closing(open_office(office_place(place), who="clerk", create=True)) as opened:
        take_in(opened, CHAIN, [GivenWallet(ANN, NAME), GivenWallet(BEN, "Ben")])
        yield opened


def names(office: Office) -> set[str]:
    return {one.name for one in people(office, CHAIN)}


def with_bytes(folder: Path, text: str) -> list[str]:
    """The files in which a text stands."""
    sought = text.encode()
    return sorted(
        path.name for path in folder.rglob("*") if path.is_file() and sought in path.read_bytes()
    )


def written_out(office: Office) -> None:
    """Have PostgreSQL write all that it holds in memory to its files."""
    with office.database.engine.connect() as connection:
        connection.execute(sa.text("CHECKPOINT"))


# ---------------------------------------------------------------------------------------- the bytes


def test_no_byte_of_the_name_is_in_a_file_of_the_folder(tmp_path):
    """Law 91: in the file, the log written ahead, and copies of ours."""
    with closing(open_office(str(tmp_path / "office.db"), who="clerk", create=True)) as office:
        take_in(office, CHAIN, [GivenWallet(ANN, NAME), GivenWallet(BEN, "Ben")])
        shutil.copy(tmp_path / "office.db", tmp_path / "office-before-0002-of-0001.db")
        with sqlite3.connect(tmp_path / "office-before-0002-of-0001.db") as copy:
            copy.execute("CREATE TABLE t (n TEXT)")
            copy.execute("INSERT INTO t VALUES (?)", (NAME,))
        copy.close()
        assert with_bytes(tmp_path, NAME) == ["office-before-0002-of-0001.db", "office.db-wal"]
        assert forget(office, find_person(office, CHAIN, NAME))
        assert with_bytes(tmp_path, NAME) == []
        assert names(office) == {"Ben"}
    assert with_bytes(tmp_path, NAME) == []
    assert with_bytes(tmp_path, "Ben") == ["office.db"]


def test_no_byte_of_the_name_is_in_postgresqls_tables(postgresql):
    """Law 91: in none of its files but the log of its server, which its operator rotates."""
    with psycopg.connect(postgresql) as connection:
        base = Path(connection.execute("SHOW data_directory").fetchone()[0]) / "base"
    with closing(open_office(postgresql, who="clerk", create=True)) as office:
        take_in(office, CHAIN, [GivenWallet(ANN, NAME), GivenWallet(BEN, "Ben Übrig")])
        with office.database.writing() as connection:
            connection.execute(sa.text("CREATE SCHEMA office_before_0002_of_0001"))
            connection.execute(
                sa.text("CREATE TABLE office_before_0002_of_0001.party AS TABLE office.party")
            )
        with office.database.engine.connect() as connection:
            connection.execute(sa.text("ANALYZE party"))
            connection.commit()
        written_out(office)
        assert len(with_bytes(base, NAME)) >= 3
        assert forget(office, find_person(office, CHAIN, NAME))
        written_out(office)
        assert with_bytes(base, NAME) == []
        assert with_bytes(base, "Ben Übrig")


def test_a_reader_in_the_way_is_told_and_the_next_opening_clears_the_bytes_away(
    tmp_path, monkeypatch
):
    monkeypatch.setattr("prorata.store.database.BUSY_SECONDS", 0.2)
    place = str(tmp_path / "office.db")
    with closing(open_office(place, who="clerk", create=True)) as office:
        take_in(office, CHAIN, [GivenWallet(ANN, NAME)])
        with closing(sqlite3.connect(place, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM party").fetchall()
            assert not forget(office, find_person(office, CHAIN, NAME))
            assert names(office) == set()
            assert with_bytes(tmp_path, NAME)
    with closing(open_office(place, who="clerk")) as office:
        assert with_bytes(tmp_path, NAME) == []
        assert office.trail()[-1].action == "people.list"


# ----------------------------------------------------------------------------------------- the list


def test_the_list_says_nothing_to_who_does_not_hold_the_name(office):
    ann = find_person(office, CHAIN, NAME)
    forget(office, ann)
    with office.database.snapshot() as connection:
        [entry] = erasures(connection, "own")
        [row] = connection.execute(sa.text("SELECT * FROM erasure")).mappings()
    assert NAME not in str(entry)
    assert ANN[2:] not in str(entry)
    assert row["purged_at"] >= row["erased_at"]
    if office.folder is not None:
        path = office.folder / ERASURES_FILE
        assert read_list(path) == [entry]
        assert path.stat().st_mode & 0o777 == 0o600


def test_two_erasures_of_one_wallet_have_nothing_in_common(office):
    forget(office, find_person(office, CHAIN, NAME))
    take_in(office, CHAIN, [GivenWallet(ANN, NAME)], erased_too=True)
    forget(office, find_person(office, CHAIN, NAME))
    with office.database.snapshot() as connection:
        one, two = erasures(connection, "own")
    assert one.salt != two.salt
    assert one.digest != two.digest


def test_who_was_erased_is_not_taken_in_with_a_file_unless_asked_for(office):
    forget(office, find_person(office, CHAIN, NAME))
    both = [GivenWallet(ANN, NAME), GivenWallet(BEN, "Ben")]
    taken = take_in(office, CHAIN, both)
    assert (taken.new, taken.unchanged, taken.erased) == (0, 1, (ANN,))
    assert names(office) == {"Ben"}
    assert take_in(office, CHAIN, both, erased_too=True).new == 1
    assert names(office) == {"Ben", NAME}
    # And stays: the erasure was before.
    with office.database.snapshot() as connection:
        listed = erasures(connection, "own")
    assert replay(office, listed) == 0
    assert names(office) == {"Ben", NAME}


@pytest.mark.parametrize(("second", "stays"), [(-1, False), (0, False), (1, True)])
def test_an_erasure_concerns_who_was_taken_in_before_it(tmp_path, second, stays):
    """A list from elsewhere, on an office that never saw it."""
    found = []
    for folder, at in ((tmp_path / "a", 1_000), (tmp_path / "b", 1_000 + second)):
        folder.mkdir()
        place = str(folder / "office.db")
        with closing(open_office(place, who="x", create=True, clock=lambda at=at: at)) as office:
            take_in(office, CHAIN, [GivenWallet(ANN, NAME), GivenWallet(BEN, "Ben")])
            if not found:
                forget(office, find_person(office, CHAIN, NAME))
                found = read_list(folder / ERASURES_FILE)
            else:
                assert replay(office, found) == (not stays)
                assert names(office) == {"Ben", NAME} - (set() if stays else {NAME})


def test_nobody_is_forgotten_twice(office):
    ann = find_person(office, CHAIN, NAME)
    forget(office, ann)
    with pytest.raises(StoreError, match="is nobody of the office"):
        forget(office, ann)


@pytest.mark.parametrize("content", ["{", '{"tenant": "own"}\n', "[1]\n", "\xff"])
def test_a_list_that_is_none_stops_the_opening(tmp_path, content):
    place = str(tmp_path / "office.db")
    open_office(place, who="clerk", create=True).close()
    (tmp_path / ERASURES_FILE).write_bytes(content.encode("latin-1"))
    with pytest.raises(StoreError, match="is no list of erasures"):
        open_office(place, who="clerk")


# --------------------------------------------------------------------------------------------- laws


class Erasing(RuleBasedStateMachine):
    """Law 91: whatever is taken in, forgotten, backed up and restored, in whatever order, an erased
    person is in no office that is open, unless taken in again on purpose; nobody else is lost.
    """

    def __init__(self) -> None:
        super().__init__()
        self.backups: list[tuple[bytes, dict[str, int]]] = []
        self.now = 1_800_000_000
        self.births = 0

        self.folder = Path(mkdtemp())
        self.here: dict[str, int] = {}
        self.erased: set[int] = set()
        self.open(create=True)

    def open(self, **options) -> None:
        self.office = open_office(
            str(self.folder / "office.db"), who="clerk", clock=self.clock, **options
        )

    def clock(self) -> float:
        return self.now

    @rule(address=st.sampled_from(ADDRESSES), anyway=st.booleans(), later=st.integers(0, 1))
    def take(self, address: str, anyway: bool, later: int) -> None:
        self.now += later
        taken = take_in(
            self.office, CHAIN, [GivenWallet(address, f"N{address}")], erased_too=anyway
        )
        if taken.new:
            self.births += 1
            self.here[address] = self.births

    @rule(address=st.sampled_from(ADDRESSES))
    def erase(self, address: str) -> None:
        if address in self.here:
            forget(self.office, find_person(self.office, CHAIN, address))
            self.erased.add(self.here.pop(address))

    @rule()
    def back_up(self) -> None:
        self.office.close()
        self.backups.append(((self.folder / "office.db").read_bytes(), dict(self.here)))
        self.open()

    @rule(data=st.data())
    def restore(self, data) -> None:
        if not self.backups:
            return
        content, people_then = data.draw(st.sampled_from(self.backups))
        self.office.close()
        for path in self.folder.glob("office.db*"):
            path.unlink()
        (self.folder / "office.db").write_bytes(content)
        self.here = {a: birth for a, birth in people_then.items() if birth not in self.erased}
        self.open()

    @invariant()
    def everybody_is_there_who_should_be(self) -> None:
        found = {one.on(CHAIN)[0] for one in people(self.office, CHAIN)}
        assert found == set(self.here)

    def teardown(self) -> None:
        self.office.close()
        shutil.rmtree(self.folder)


TestErasing = Erasing.TestCase
TestErasing.settings = settings(max_examples=10, stateful_step_count=15, deadline=None)
