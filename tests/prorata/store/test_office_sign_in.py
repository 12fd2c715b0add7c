"""Nonces are spent once, and sessions end: in both databases, by the hash of their token."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
import sqlalchemy as sa

from prorata.store import office_schema as tables
from prorata.store.erasures import forget
from prorata.store.office import Office, office_place
from prorata.store.office_people import find_person, take_in
from prorata.store.office_sign_in import (
    SESSION_SECONDS,
    begin_session,
    end_session,
    end_sessions_of,
    find_session,
    new_nonce,
    spend_nonce,
)
from prorata.store.people import GivenWallet

ANN, BEN = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8", f"0x{2:040}"
CHAIN = 31_337


class Clock:
    now = 1_800_000_000

    def __call__(self) -> float:
        return self.now + 0.5


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def office(place: str, clock: Clock) -> Iterator[Office]:
    with closing(Office.open(office_place(place), who="me", create=True, clock=clock)) as opened:
        yield opened


def of_other(office: Office) -> Office:
    """The same office, for another tenant."""
    other = Office(office.database, who="me", tenant="other", clock=office.clock)
    other._admit()
    return other


def test_a_nonce_is_spent_once(office: Office) -> None:
    """Law 113: a second time it is nobody's; so is one that was never given."""
    nonce = new_nonce(office, seconds=300)
    assert spend_nonce(office, nonce)
    assert not spend_nonce(office, nonce)
    assert not spend_nonce(office, "0" * 32)


def test_of_many_at_once_one_spends_it(office: Office) -> None:
    """Law 113: in whatever order they come."""
    for _ in range(5):
        nonce = new_nonce(office, seconds=300)
        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(lambda _, n=nonce: spend_nonce(office, n), range(8))) == 1


def test_a_nonce_is_of_its_tenant_and_time(office: Office, clock: Clock) -> None:
    """Law 113: until its last second, and nowhere else."""
    nonce = new_nonce(office, seconds=300)
    assert not spend_nonce(of_other(office), nonce)
    clock.now += 299
    assert spend_nonce(office, nonce)
    late = new_nonce(office, seconds=300)
    clock.now += 300
    assert not spend_nonce(office, late)


def test_nonces_that_nobody_spends_are_cleared(office: Office, clock: Clock) -> None:
    for _ in range(20):
        new_nonce(office, seconds=300)
        clock.now += 100
    with office.database.snapshot() as connection:
        left = connection.execute(sa.select(sa.func.count()).select_from(tables.sign_in_nonce))
        assert left.scalar_one() == 3


def test_a_session_is_found_by_its_token(office: Office, clock: Clock) -> None:
    """Law 114: to its last second, and by no other tenant."""
    token = begin_session(office, CHAIN, ANN)
    found = find_session(office, token)
    assert found is not None
    assert (found.address, found.chain_id) == (ANN, CHAIN)
    assert find_session(of_other(office), token) is None
    assert find_session(office, token[:-1]) is None
    assert find_session(office, found.digest.hex()) is None
    clock.now += SESSION_SECONDS - 1
    assert find_session(office, token) is not None
    clock.now += 1
    assert find_session(office, token) is None


def test_no_token_is_kept(office: Office) -> None:
    """Law 114: neither in the tables nor in the trail, so that a copy of them opens nothing."""
    token, nonce = begin_session(office, CHAIN, ANN), new_nonce(office, seconds=300)
    with office.database.snapshot() as connection:
        for table in (tables.session, tables.sign_in_nonce, tables.trail):
            for row in connection.execute(sa.select(table)):
                text = repr([bytes(v) if isinstance(v, memoryview) else v for v in row])
                assert token not in text
                assert nonce not in text


def test_sign_out_ends_one_session(office: Office) -> None:
    """Law 114: of two on two machines the other goes on."""
    here, there = begin_session(office, CHAIN, ANN), begin_session(office, CHAIN, ANN)
    assert end_session(office, here)
    assert not end_session(office, here)
    assert find_session(office, here) is None
    assert find_session(office, there) is not None


def test_a_recovery_ends_all_of_a_wallet(office: Office) -> None:
    """Law 114: on that chain, and nobody else's."""
    lost = [begin_session(office, CHAIN, ANN) for _ in range(3)]
    others = [begin_session(office, CHAIN, BEN), begin_session(office, 1, ANN)]
    assert end_sessions_of(office, CHAIN, [ANN]) == 3
    assert end_sessions_of(office, CHAIN, [ANN]) == 0
    assert not any(find_session(office, token) for token in lost)
    assert all(find_session(office, token) for token in others)


def test_who_is_forgotten_is_signed_out(office: Office) -> None:
    """The wallets of a person are known by sessions too; other people's go on."""
    take_in(office, CHAIN, [GivenWallet(ANN, "Ann"), GivenWallet(BEN, "Ben")])
    gone, others = begin_session(office, CHAIN, ANN), begin_session(office, CHAIN, BEN)
    elsewhere = begin_session(office, 1, ANN)
    assert forget(office, find_person(office, CHAIN, "Ann"))
    assert find_session(office, gone) is None
    assert find_session(office, others) is not None
    assert find_session(office, elsewhere) is not None


def test_the_trail_has_each_beginning_and_end(office: Office) -> None:
    """Yet no answer looks new for it: the office's count of writes stays."""
    before = office.seq
    token = begin_session(office, CHAIN, ANN)
    end_session(office, token)
    begin_session(office, CHAIN, ANN)
    end_sessions_of(office, CHAIN, [ANN])
    assert [(one.action, one.rows) for one in office.trail()] == [
        ("session.begin", 1),
        ("session.end", 1),
        ("session.begin", 1),
        ("session.recovered", 1),
    ]
    assert office.seq == before
