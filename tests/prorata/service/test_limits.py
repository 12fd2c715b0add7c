"""Limits: a key's is shared by all workers and never exceeded, anybody's is by address."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import pytest
from fastapi import Request
from limits import RateLimitItemPerMinute
from limits.aio.strategies import FixedWindowRateLimiter

from prorata.service.limits import MemoryCounts, SharedCounts, client_of
from prorata.store.keys import add_key, revoke_key
from prorata.store.office import Office, office_place
from prorata.store.usage import lease
from tests.prorata.service.conftest import CHAIN_ID
from tests.prorata.store.made_logs import TOKEN


@dataclass
class Clock:
    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def office(place: str) -> Iterator[Office]:
    with closing(Office.open(office_place(place), who="me", create=True)) as found:
        yield found


# ------------------------------------------------------------------------------------ the service


def test_beyond_the_limit_it_says_when_to_ask_again(serve):
    served = serve(anybody_per_minute=3)
    for left in (2, 1, 0):
        answer = served.get(f"/{TOKEN}")
        assert answer.status_code == 200
        assert answer.headers["ratelimit-limit"] == "3"
        assert answer.headers["ratelimit-remaining"] == str(left)
    answer = served.get(f"/{TOKEN}")
    assert (answer.status_code, answer.json()["type"]) == (429, "/problems/too-many")
    assert answer.json()["detail"] == "more than 3 requests in a minute"
    assert 1 <= int(answer.headers["retry-after"]) <= 61
    assert answer.headers["ratelimit-remaining"] == "0"
    # Whoever runs it is answered always.
    assert served.client.get("/ready").status_code == 200


def test_a_key_has_a_limit_of_its_own_wherever_it_is_used(serve, office, place):
    served = serve(office=office_place(place), key_per_minute=4, anybody_per_minute=1)
    made, text = add_key(office, "Ann", scopes=["read"], assets=[(CHAIN_ID, TOKEN)])
    mine = {"Authorization": f"Bearer {text}"}
    codes = [served.get(f"/{TOKEN}", headers=mine).status_code for _ in range(5)]
    assert codes == [200, 200, 200, 200, 429]
    assert [served.get(f"/{TOKEN}").status_code for _ in range(2)] == [200, 429]
    _, other = add_key(office, "Ben", scopes=["read"], assets=[(CHAIN_ID, TOKEN)])
    # Its sender has used up what may be asked without a valid key.
    assert served.get(f"/{TOKEN}", headers={"Authorization": f"Bearer {other}"}).status_code == 429
    revoke_key(office, made.id)


def test_guessing_keys_ends_soon(serve, office, place):
    served = serve(office=office_place(place), anybody_per_minute=3)
    codes = [
        served.get(f"/{TOKEN}", headers={"Authorization": f"Bearer pr_{n:016}_{'0' * 64}"})
        for n in range(5)
    ]
    assert [one.status_code for one in codes] == [401, 401, 401, 429, 429]


def test_no_limit_is_none(serve):
    served = serve(anybody_per_minute=0)
    answers = [served.get(f"/{TOKEN}") for _ in range(5)]
    assert {one.status_code for one in answers} == {200}
    assert "ratelimit-limit" not in answers[0].headers


# ------------------------------------------------------------------------------------- the counts


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("most", [1, 19, 100])
def test_all_workers_together_never_let_more_through(office, workers, most):
    """Law 128: together."""
    clock = Clock()
    item = RateLimitItemPerMinute(most)

    async def ask_all() -> int:
        limiters = [
            FixedWindowRateLimiter(SharedCounts(office.database, most, clock))
            for _ in range(workers)
        ]
        asked = [
            limiters[number % workers].hit(item, "key") for number in range(most + 3 * workers)
        ]
        return sum(await asyncio.gather(*asked))

    let_through = asyncio.run(ask_all())
    # What a worker has taken beforehand and not used is lost, and no more.
    assert most - (workers - 1) * max(1, most // 20) <= let_through <= most
    assert asyncio.run(ask_all()) == 0
    clock.now += 60
    assert asyncio.run(ask_all()) == pytest.approx(let_through, abs=workers * max(1, most // 20))


def test_a_worker_asks_the_database_for_many_at_once_and_not_at_all_beyond(office, monkeypatch):
    """Law 128: together."""
    taken = []

    def counting(*arguments, **named):
        taken.append(named["size"])
        return lease(*arguments, **named)

    monkeypatch.setattr("prorata.service.limits.lease", counting)
    counts = SharedCounts(office.database, 100, Clock())

    async def ask() -> list[int]:
        return [await counts.incr("key", 60) for _ in range(300)]

    assert asyncio.run(ask()) == list(range(1, 301))
    assert taken == [5] * 20


def test_a_window_that_has_ended_leaves_nothing_behind(office):
    clock = Clock()
    for number in range(5):
        lease(office.database, f"key {number}", size=2, seconds=60, now=int(clock.now))
    assert lease(office.database, "key 0", size=2, seconds=60, now=1_001).first == 3
    last = lease(office.database, "key 0", size=2, seconds=60, now=1_060)
    assert (last.first, last.last, last.ends_at) == (1, 2, 1_120)
    with office.database.snapshot() as connection:
        rows = connection.exec_driver_sql("SELECT name, used, ends_at FROM api_usage").all()
    assert [tuple(row) for row in rows] == [("key 0", 2, 1_120)]


def test_memory_is_bounded_and_forgets_whose_window_was_begun_first():
    """Law 128: together."""
    clock = Clock()
    counts = MemoryCounts(most=3, clock=clock)

    async def count(*names: str) -> list[int]:
        return [await counts.incr(name, 60) for name in names]

    assert asyncio.run(count("a", "b", "a", "c", "d")) == [1, 1, 2, 1, 1]
    assert asyncio.run(count("a", "d")) == [1, 2]
    assert len(counts._counts) == 3
    clock.now += 60
    assert asyncio.run(count("d")) == [1]
    assert asyncio.run(counts.get("c")) == 0


@pytest.mark.parametrize(
    ("host", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("a name", "unknown"),
        (None, "unknown"),
    ],
)
def test_an_address_of_ipv6_counts_by_its_first_64_bits(host, counted):
    client = None if host is None else (host, 1)
    assert client_of(Request({"type": "http", "client": client})) == counted
