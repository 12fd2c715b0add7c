"""Requests that are done once: a property over any order of sending, dying and waiting."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prorata.errors import StoreError
from prorata.store.idempotency import (
    CLAIMED_SECONDS,
    KEPT_SECONDS,
    Claim,
    Kept,
    Outstanding,
    Reused,
    begin,
    give_up,
    keep,
)
from prorata.store.office import Office, office_place
from prorata.store.office_schema import idempotency


def digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


class Clock:
    now = 1_800_000_000

    def __call__(self) -> float:
        return float(self.now)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def office(place: str, clock: Clock) -> Iterator[Office]:
    with closing(Office.open(office_place(place), who="me", create=True, clock=clock)) as found:
        yield found


def do(office: Office, claim: Claim, answer: str) -> None:
    """A write whose trail says what was done, and its answer."""
    with office.writing("done") as writing:
        writing.subject = answer
        keep(writing, claim, answer)


def test_it_is_done_once_and_answered_alike(office, clock):
    """Law 134: for a day; then the key is forgotten."""
    claim = begin(office, "ann", "k", digest("a"))
    assert isinstance(claim, Claim)
    assert begin(office, "ann", "k", digest("a")) == Outstanding()
    do(office, claim, "first")
    clock.now += KEPT_SECONDS - 1
    assert begin(office, "ann", "k", digest("a")) == Kept("first")
    assert begin(office, "ann", "k", digest("b")) == Reused()
    clock.now += 1
    assert isinstance(begin(office, "ann", "k", digest("b")), Claim)


def test_a_key_is_of_one_sender_and_one_tenant(office):
    """Law 134: nobody is answered with what another one has done."""
    do(office, begin(office, "ann", "k", digest("a")), "first")
    other = Office(office.database, who="you", tenant="other", clock=office.clock)
    other._admit()
    for whose, who in ((office, "ben"), (other, "ann")):
        assert isinstance(begin(whose, who, "k", digest("a")), Claim)
    assert begin(office, "ann", "k", digest("a")) == Kept("first")


def test_what_was_refused_may_be_sent_in_other_words(office):
    """Law 134: nothing was done."""
    give_up(office, begin(office, "ann", "k", digest("a")))
    claim = begin(office, "ann", "k", digest("b"))
    do(office, claim, "second")
    give_up(office, claim)
    assert begin(office, "ann", "k", digest("b")) == Kept("second")


def test_who_has_lost_the_claim_does_nothing(office, clock):
    """Law 134: what it would have done is undone with the answer."""
    late = begin(office, "ann", "k", digest("a"))
    clock.now += CLAIMED_SECONDS
    claim = begin(office, "ann", "k", digest("a"))
    with pytest.raises(StoreError, match="has taken this one's place; send it again"):
        do(office, late, "late")
    do(office, claim, "first")
    with pytest.raises(StoreError):
        do(office, late, "late")
    assert [entry.subject for entry in office.trail()] == ["first"]


def test_neither_key_nor_sender_stands_there(office):
    begin(office, "somebody", "a-key-of-theirs", digest("a"))
    with office.database.snapshot() as connection:
        told = repr(list(connection.execute(sa.select(idempotency))))
    assert "somebody" not in told
    assert "a-key-of-theirs" not in told


# ------------------------------------------------------------------------------------ as a property

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("begin"), st.sampled_from("jk"), st.sampled_from("ab")),
        st.tuples(st.just("do"), st.integers(0, 9)),
        st.tuples(st.just("refuse"), st.integers(0, 9)),
        st.tuples(st.just("wait"), st.sampled_from([1, CLAIMED_SECONDS, KEPT_SECONDS // 2])),
    ),
    max_size=25,
)


@dataclass
class Model:
    """What is known of a key: request, when it was begun, whose the claim is, what was done."""

    known: dict[str, dict[str, Any]] = field(default_factory=dict)
    claims: list[tuple[str, Claim]] = field(default_factory=list)
    done: list[str] = field(default_factory=list)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_in_any_order_each_key_is_done_once_in_its_day(steps, empty_office):
    """Law 134: whoever dies between any two steps has only not gone on."""
    office, clock = empty_office()
    model = Model()
    for step in steps:
        if step[0] == "wait":
            clock.now += step[1]
        elif step[0] == "begin":
            _begin(office, clock, model, *step[1:])
        elif model.claims:
            _end(office, model, *step)
    assert [entry.subject for entry in office.trail()] == model.done


def _begin(office: Office, clock: Clock, model: Model, key: str, body: str) -> None:
    told = begin(office, "ann", key, digest(body))
    now, there = clock.now, model.known.get(key)
    if there is not None and there["at"] + KEPT_SECONDS <= now:
        there = None
    if there is None or (
        there["answer"] is None and there["body"] == body and there["at"] + CLAIMED_SECONDS <= now
    ):
        assert isinstance(told, Claim)
        model.known[key] = {"body": body, "at": now, "claim": told, "answer": None}
        model.claims.append((key, told))
    elif there["body"] != body:
        assert told == Reused()
    elif there["answer"] is not None:
        assert told == Kept(there["answer"])
    else:
        assert told == Outstanding()


def _end(office: Office, model: Model, what: str, which: int) -> None:
    key, claim = model.claims[which % len(model.claims)]
    there = model.known.get(key)
    mine = there is not None and there["claim"] == claim and there["answer"] is None
    if what == "refuse":
        give_up(office, claim)
        if mine:
            del model.known[key]
        return
    answer = f"answer {len(model.done)}"
    if mine:
        do(office, claim, answer)
        there["answer"] = answer
        model.done.append(answer)
    else:
        with pytest.raises(StoreError):
            do(office, claim, answer)


@pytest.fixture(scope="module")
def empty_office() -> Iterator[Any]:
    """An office in a file, emptied for each example, with a clock of its own."""
    with tempfile.TemporaryDirectory() as folder:
        clock = Clock()
        place = str(Path(folder) / "office.db")
        with closing(Office.open(place, who="me", create=True, clock=clock)) as office:
            number = iter(range(10**9))

            def another() -> tuple[Office, Clock]:
                fresh = Clock()
                found = Office(
                    office.database, who="me", tenant=f"tenant {next(number)}", clock=fresh
                )
                found._admit()
                return found, fresh

            yield another
