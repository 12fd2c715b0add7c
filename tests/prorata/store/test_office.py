"""The office: opened, its trail, and the people in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from secrets import token_hex

import psycopg
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prorata.errors import InputError, StoreError
from prorata.store import office_schema as tables
from prorata.store.erasures import forget, open_office
from prorata.store.marks import Mark, add_mark, marks
from prorata.store.office import Office, office_place
from prorata.store.office_people import find_person, people, take_in
from prorata.store.people import GivenWallet

CHAIN = 31_337
ANN, BEN, CEM, DEE = (f"0x{number:040}" for number in range(1, 5))
DE, US = 276, 840
TOKEN = "0x" + "70" * 20


@pytest.fixture
def where(place: str) -> str:
    """Where the office of the ledger at `place` is."""
    return office_place(place)


@pytest.fixture
def opened(where: str) -> Iterator[Callable[..., Office]]:
    """Opens the office anew, as another command would."""
    offices: list[Office] = []

    def open_it(**options) -> Office:
        offices.append(open_office(where, who="clerk@desk", **{"create": True, **options}))
        return offices[-1]

    yield open_it
    for office in offices:
        office.close()


@pytest.fixture
def office(opened) -> Office:
    return opened()


def names(office: Office) -> dict[str, tuple[str, ...]]:
    return {one.name: one.on(CHAIN) for one in people(office, CHAIN)}


def refusal(call, *arguments, **options) -> str:
    with pytest.raises((InputError, StoreError)) as refused:
        call(*arguments, **options)
    return str(refused.value)


# ------------------------------------------------------------------------------------------ people


def test_people_are_taken_in_changed_and_found(office):
    first = [GivenWallet(ANN, "Ann", "individual", US), GivenWallet(BEN, "Ben")]
    assert take_in(office, CHAIN, first).new == 2
    assert names(office) == {"Ann": (ANN,), "Ben": (BEN,)}

    again = take_in(office, CHAIN, [*first, GivenWallet(CEM, "Cem")])
    assert (again.new, again.changed, again.unchanged) == (1, 0, 2)

    # What a file leaves out stays; what it says is changed.
    take_in(office, CHAIN, [GivenWallet(ANN, "Anna")])
    ann = find_person(office, CHAIN, "Anna")
    assert (ann.kind, ann.country) == ("individual", US)
    assert find_person(office, CHAIN, ann.wallets[0][1]) == ann


def test_wallets_of_one_person_are_one_person(office):
    take_in(
        office, CHAIN, [GivenWallet(ANN, "Ann", person="7"), GivenWallet(BEN, "Ann", person="7")]
    )
    take_in(
        office, CHAIN, [GivenWallet(BEN, "Ann", person="1"), GivenWallet(CEM, "Ann", person="1")]
    )
    assert names(office) == {"Ann": (ANN, BEN, CEM)}


def test_a_file_cannot_make_two_people_one(office):
    take_in(office, CHAIN, [GivenWallet(ANN, "Ann"), GivenWallet(BEN, "Ben")])
    sentence = refusal(
        take_in,
        office,
        CHAIN,
        [GivenWallet(ANN, "Ann", person="1"), GivenWallet(BEN, "Ann", person="1")],
    )
    assert '"1" has wallets of 2 people' in sentence
    assert names(office) == {"Ann": (ANN,), "Ben": (BEN,)}


def test_a_name_of_two_people_finds_neither(office):
    take_in(office, CHAIN, [GivenWallet(ANN, "Jo"), GivenWallet(BEN, "Jo")])
    assert "is the name of 2 people" in refusal(find_person, office, CHAIN, "Jo")
    assert '"Eve" is nobody of the office' in refusal(find_person, office, CHAIN, "Eve")


def test_people_of_another_chain_and_another_tenant_are_apart(opened):
    ours, theirs = opened(), opened(tenant="bank")
    take_in(ours, CHAIN, [GivenWallet(ANN, "Ann")])
    take_in(ours, 1, [GivenWallet(BEN, "Ben")])
    take_in(theirs, CHAIN, [GivenWallet(ANN, "Client 9")])
    assert names(ours) == {"Ann": (ANN,)}
    assert names(theirs) == {"Client 9": (ANN,)}
    forget(ours, find_person(ours, CHAIN, "Ann"))
    assert names(theirs) == {"Client 9": (ANN,)}
    assert (ours.seq, theirs.seq) == (3, 1)


# ------------------------------------------------------------------------------------------- trail


def test_the_trail_has_every_write_and_reading_and_no_name(office):
    """Law 90: by number, and by the random numbers of people."""
    take_in(office, CHAIN, [GivenWallet(ANN, "Ann Example"), GivenWallet(BEN, "Ben")], subject="ab")
    ann = find_person(office, CHAIN, "Ann Example")
    people(office, CHAIN, action="people.shown")
    forget(office, ann)
    entries = office.trail()
    assert [(one.number, one.action, one.subject, one.rows) for one in entries] == [
        (1, "people.import", "ab", 2),
        (2, "people.find", ann.id, 1),
        (3, "people.shown", "", 2),
        (4, "people.forget", ann.id, 1),
    ]
    assert {one.who for one in entries} == {"clerk@desk"}
    assert "Ann" not in str(entries)
    assert office.trail(after=3) == entries[3:]
    assert office.seq == 2


@pytest.mark.parametrize("table", ["trail", "mark"])
@pytest.mark.parametrize("change", ["UPDATE {} SET tenant = 'x'", "DELETE FROM {}"])
def test_the_database_itself_refuses_to_change_what_is_only_added_to(office, table, change):
    """Law 90: an entry stays, and so does a mark."""
    take_in(office, CHAIN, [GivenWallet(ANN, "Ann")])
    add_mark(office, NAV)
    before = office.trail()
    with (
        pytest.raises(StoreError, match=f"{table} is only added to"),
        office.database.writing() as it,
    ):
        it.execute(sa.text(change.format(table)))
    assert office.trail() == before
    assert len(marks(office, CHAIN, TOKEN)) == 1


def test_what_fails_leaves_no_trail_and_whatever_leaves_no_trail_is_not_done(office):
    """Law 90: both or neither."""
    with pytest.raises(RuntimeError), office.writing("people.import"):
        raise RuntimeError
    assert (office.trail(), office.seq) == ([], 0)
    with office.database.writing() as connection:
        connection.execute(sa.text("DROP TABLE trail"))
    refusal(take_in, office, CHAIN, [GivenWallet(ANN, "Ann")])
    refusal(people, office, CHAIN)
    with office.database.snapshot() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(tables.party)) == 0


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.lists(
            st.builds(
                GivenWallet,
                address=st.sampled_from([ANN, BEN, CEM, DEE]),
                name=st.sampled_from(["Ann", "Ben", "Jo"]),
                kind=st.sampled_from(["", "fund"]),
                country=st.sampled_from([None, DE, US]),
            ),
            unique_by=lambda row: row.address,
            max_size=4,
        ),
        max_size=4,
    )
)
def test_taking_in_files_is_like_a_dictionary_by_address(opened, files):
    """The last file that says something of a wallet is believed; and law 90: each file, and each
    reading, is an entry of the trail, without a gap.
    """
    office = opened(tenant=token_hex(8))
    model: dict[str, list] = {}
    for rows in files:
        taken = take_in(office, CHAIN, rows)
        assert taken.new == len([row for row in rows if row.address not in model])
        changed = 0
        for row in rows:
            before = model.get(row.address)
            old = before or [row.name, "", None]
            new = [row.name, row.kind or old[1], row.country if row.country is not None else old[2]]
            changed += before is not None and before != new
            model[row.address] = new
        assert (taken.changed, taken.unchanged) == (changed, len(rows) - taken.new - changed)
    found = {one.on(CHAIN)[0]: [one.name, one.kind, one.country] for one in people(office, CHAIN)}
    assert found == model
    assert [entry.number for entry in office.trail()] == list(range(1, len(files) + 2))


# ------------------------------------------------------------------------------------------- marks

NAV = Mark(CHAIN, TOKEN, 1_800_000_000, "NAV", 10**30, "USD", 6, "ex", "Administrator Ltd")


def test_a_mark_is_superseded_and_never_edited(office):
    wrong = add_mark(office, NAV)
    price = add_mark(office, Mark(**{**vars(NAV), "kind": "price", "amount": 7}))
    right = add_mark(office, Mark(**{**vars(NAV), "amount": 2**255, "supersedes": wrong.id}))
    assert marks(office, CHAIN, TOKEN, kind="NAV") == [right]
    assert marks(office, CHAIN, TOKEN, kind="price") == [price]
    assert set(marks(office, CHAIN, TOKEN, superseded=True)) == {wrong, price, right}
    assert marks(office, 1, TOKEN) == []
    sentence = refusal(add_mark, office, Mark(**{**vars(NAV), "supersedes": wrong.id}))
    assert f"was superseded by {right.id} already; supersede that one" in sentence


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({}, "stands already, as the NAV of that time"),
        ({"kind": "rumour"}, '"rumour" is no kind of mark; use NAV, price, appraisal'),
        ({"basis": "both"}, "use cum or ex"),
        ({"decimals": 37}, "write 0 to 36"),
        ({"currency": ""}, "currency"),
        ({"source": ""}, "write who says so"),
        ({"amount": 2**256}, "is no whole number from 0 to 2^256 - 1"),
        ({"amount": -1, "time": 5}, "is no whole number from 0 to 2^256 - 1"),
        ({"supersedes": "ff"}, "is no mark of this asset"),
    ],
)
def test_a_mark_that_is_none_is_refused(office, change, sentence):
    stands = add_mark(office, NAV)
    assert sentence in refusal(
        add_mark,
        office,
        Mark(
            **{**vars(NAV), "time": 1, **change} if "amount" in change else {**vars(NAV), **change}
        ),
    )
    assert marks(office, CHAIN, TOKEN, superseded=True) == [stands]


def test_a_mark_supersedes_one_of_its_own_kind_and_time(office):
    nav = add_mark(office, NAV)
    later = Mark(**{**vars(NAV), "time": NAV.time + 1, "supersedes": nav.id})
    assert "of another kind or time" in refusal(add_mark, office, later)


# ----------------------------------------------------------------------------------------- opening


def test_an_office_is_made_once_and_its_file_is_its_owners(opened, where):
    take_in(opened(), CHAIN, [GivenWallet(ANN, "Ann")])
    assert names(opened(create=False)) == {"Ann": (ANN,)}
    if where.endswith(".db"):
        assert Path(where).stat().st_mode & 0o777 == 0o600


def test_there_is_none_until_people_are_taken_in(opened, where):
    sentence = refusal(opened, create=False)
    assert "there is no office" in sentence
    assert "`prorata ledger people import FILE`" in sentence
    if where.endswith(".db"):
        assert not Path(where).exists()


def test_what_is_no_office_is_left_as_it_was(tmp_path):
    path = tmp_path / "office.db"
    path.write_text("Dear Sirs")
    assert "is not a database" in refusal(open_office, str(path), who="me")
    assert path.read_text() == "Dear Sirs"
    missing = tmp_path / "nowhere" / "office.db"
    assert "cannot be made" in refusal(open_office, str(missing), who="me", create=True)


def test_another_programs_database_is_refused(postgresql):
    with psycopg.connect(postgresql) as connection:
        connection.execute("CREATE SCHEMA office CREATE TABLE desks (n integer)")
    sentence = refusal(open_office, postgresql, who="me", create=True)
    assert "is a database of something else: it has the table desks" in sentence


def test_a_place_without_a_server_or_a_meaning_is_refused(tmp_path):
    gone = f"postgresql://someone:secret@/x?host={tmp_path}"
    sentence = refusal(open_office, gone, who="me")
    assert "cannot be reached" in sentence
    assert "secret" not in sentence
    assert "neither a file nor" in refusal(office_and_open, "mysql://x/y")


def office_and_open(place: str) -> Office:
    return open_office(place, who="me", create=True)
