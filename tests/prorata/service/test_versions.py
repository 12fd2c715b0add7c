"""What is answered again unread: only while nobody has written, and as often as is allowed."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url, select, text, update

from prorata.errors import InputError
from prorata.service.reader import Reader
from prorata.service.settings import Settings
from prorata.service.versions import ServerVersion
from prorata.store import schema
from prorata.store.database import Database
from prorata.store.keys import add_key, revoke_key
from prorata.store.office import Office, office_place
from tests.prorata.service.conftest import CHAIN_ID, SECRET, Serve, Served
from tests.prorata.store.made_logs import TOKEN, move, person

PATH = f"/{TOKEN}/holders/{person(1)}"
WRITES = 12


@pytest.fixture
def routed(served: Served, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """How many requests went the whole way since it was last asked."""
    asking, counted = served.client.app.router.app, [0]

    async def count(scope: Any, receive: Any, send: Any) -> None:
        counted[0] += 1
        await asking(scope, receive, send)

    monkeypatch.setattr(served.client.app.router, "middleware_stack", count)

    def since() -> int:
        found, counted[0] = counted[0], 0
        return found

    return since


def warm(served: Served) -> Any:
    """An answer that was asked for often enough to be answered without being read."""
    for _ in range(3):
        answer = served.get(PATH)
    assert answer.status_code == 200
    return answer


# --------------------------------------------------------------------------------- what is answered


def test_what_is_answered_again_is_what_was_answered(served, routed):
    """Law 145: byte for byte, with the same headers, and no route is looked for."""
    answers = [served.get(PATH) for _ in range(3)]
    assert routed() == 1
    assert {answer.content for answer in answers} == {answers[0].content}
    told = [
        {name: value for name, value in answer.headers.items() if name != "x-request-id"}
        for answer in answers
    ]
    assert told[0] == told[1] == told[2]
    tag = answers[0].headers["etag"]
    known = [served.get(PATH, headers={"If-None-Match": tag}) for _ in range(2)]
    assert routed() == 0
    assert [one.status_code for one in known] == [304, 304]
    assert served.get(PATH, headers={"If-None-Match": '"other"'}).content == answers[0].content
    assert served.get(PATH, params={"at": "block:3"}).content != answers[0].content


def test_nobody_is_told_that_nothing_has_changed_after_a_commit(served):
    """Law 145: a write that was committed before a request began is in its answer."""
    shares = 70
    for _ in range(WRITES):
        tag = warm(served).headers["etag"]
        assert served.get(PATH, headers={"If-None-Match": tag}).status_code == 304
        served.chain.mine([move(1, 2, 1)])
        served.read()
        shares -= 1
        after = served.get(PATH, headers={"If-None-Match": tag})
        assert (after.status_code, after.json()["shares"]["units"]) == (200, str(shares))


def test_no_answer_is_older_than_its_question(served):
    """Law 145: the same while many ask, and somebody writes."""
    committed, ended = [served.json(PATH)["as_of"]["seq"]], threading.Event()
    seqs = {served.get(PATH).headers["etag"]: committed[0]}

    def ask(_: int) -> int:
        asked = 0
        while not ended.is_set():
            before, tag = committed[0], max(seqs, key=seqs.__getitem__)
            answer = served.get(PATH, headers={"If-None-Match": tag})
            if answer.status_code == 304:
                assert seqs[tag] >= before
            else:
                found = answer.json()
                assert found["as_of"]["seq"] >= before
                # Each block moved one share.
                assert found["as_of"]["block"] - 9 == 70 - int(found["shares"]["units"])
                seqs[answer.headers["etag"]] = found["as_of"]["seq"]
            asked += 1
        return asked

    with ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(ask, number) for number in range(4)]
        try:
            for _ in range(WRITES):
                served.chain.mine([move(1, 2, 1)])
                served.read()
                with served.writer.database.snapshot() as connection:
                    committed[0] = connection.scalar(select(schema.chain.c.seq))
                time.sleep(0.01)
        finally:
            ended.set()
        assert sum(one.result() for one in asking) > WRITES


# ----------------------------------------------------------------------------------- what was read


@pytest.mark.parametrize("refuses", [False, True])
def test_statements_between_which_somebody_writes_are_of_one_snapshot(served, place, refuses):
    """Law 145: what they find together, and why they refuse."""
    seen: list[tuple[int, int]] = []
    with closing(Database.open(place)) as other:

        def twice(connection: Any) -> tuple[int, int]:
            first = connection.scalar(select(schema.chain.c.beat))
            with other.writing() as writing:
                writing.execute(update(schema.chain).values(beat=schema.chain.c.beat + 1))
            seen.append((first, connection.scalar(select(schema.chain.c.beat))))
            if refuses and seen[-1][0] != seen[-1][1]:
                raise InputError("torn")
            return seen[-1]

        async def ask() -> tuple[int, int]:
            reader = Reader(Settings(place, (SECRET,)))
            try:
                return await reader.ask(twice)
            finally:
                await reader.close()

        first, second = asyncio.run(ask())
    assert first == second
    assert seen[-1] == (first, second)
    # PostgreSQL is asked without a transaction first, and that this was torn was noticed.
    torn = [one for one in seen if one[0] != one[1]]
    assert len(torn) == (1 if place.startswith("postgresql") else 0)


def test_what_was_remembered_of_statements_that_were_torn_is_forgotten(served, place):
    """Law 145: others are given only what is of the version that they ask."""
    with closing(Database.open(place)) as other:
        beats: list[int] = []

        def remembered(connection: Any) -> int:
            def find() -> int:
                beat = int(connection.scalar(select(schema.chain.c.beat)))
                with other.writing() as writing:
                    writing.execute(update(schema.chain).values(beat=beat + 1))
                return beat

            beats.append(Reader.remember(connection, "beat", find))
            return beats[-1]

        async def ask() -> list[int]:
            reader = Reader(Settings(place, (SECRET,)))
            try:
                return [await reader.ask(remembered) for _ in range(4)]
            finally:
                await reader.close()

        found = asyncio.run(ask())
    # Each write was before the next question.
    assert found == sorted(set(found))


# ------------------------------------------------------------------------------- PostgreSQL says it


def version_of(url: str, seconds: float = 5.0) -> ServerVersion:
    return ServerVersion(make_url(url), seconds)


def test_a_version_changes_with_every_commit_and_with_nothing_else(postgresql):
    """Law 145: as long as nobody has written, it is the same."""

    async def look() -> None:
        versions = version_of(postgresql)
        with psycopg.connect(postgresql) as other:
            other.execute("CREATE TABLE one (n int)")
            other.commit()
            for number in range(10):
                before = await versions.read()
                other.execute("SELECT count(*) FROM one")
                other.commit()
                assert await versions.read() == before is not None
                other.execute("INSERT INTO one VALUES (%s)", [number])
                other.commit()
                assert await versions.read() != before
        await versions.close()

    asyncio.run(look())


def test_one_statement_answers_all_who_have_asked_before_it(postgresql):
    async def look() -> tuple[int, set[Any]]:
        versions = version_of(postgresql)
        await versions.read()
        connection, sent = versions._connection, 0
        execute = connection.execute

        async def counted(*given: Any) -> Any:
            nonlocal sent
            sent += 1
            return await execute(*given)

        connection.execute = counted
        found = await asyncio.gather(*(versions.read() for _ in range(100)))
        await versions.close()
        return sent, set(found)

    sent, found = asyncio.run(look())
    assert sent <= 2
    assert len(found) == 1


def test_a_server_that_cannot_be_asked_has_no_version(postgresql):
    """Law 145: and what it had before it was lost is forgotten."""

    async def look() -> None:
        lost = version_of("postgresql://nobody@127.0.0.1:1/none", 1.0)
        assert await lost.read() is None
        versions = version_of(postgresql)
        before = await versions.read()
        with psycopg.connect(postgresql, autocommit=True) as other:
            pid = versions._connection.info.backend_pid
            other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        assert await versions.read() is None
        versions._after = 0.0
        again = await versions.read()
        assert again not in (None, before)
        await versions.close()

    asyncio.run(look())


def test_a_server_that_says_no_version_is_read_all_the_same(served, monkeypatch):
    """Law 145: a standby does not say which transactions are running."""

    async def none(_: object) -> None:
        return None

    monkeypatch.setattr(ServerVersion, "read", none)
    warm(served)
    served.chain.mine([move(1, 2, 1)])
    served.read()
    assert served.json(PATH)["shares"]["units"] == "69"


def test_a_connection_that_was_left_in_a_transaction_is_not_used_again(served, place):
    if not place.startswith("postgresql"):
        pytest.skip("a file has no connections that wait")

    async def ask() -> list[int]:
        reader = Reader(Settings(place, (SECRET,), connections=1))
        assert reader._server is not None
        async with reader._server.connect() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            await driver.execute("BEGIN")
            left = driver.info.backend_pid
        pid = text("SELECT pg_backend_pid()")
        found = await reader.ask(lambda connection: connection.scalar(pid))
        await reader.close()
        return [left, found]

    left, found = asyncio.run(ask())
    assert left != found


# ------------------------------------------------------------------------------------ keys, limits


def test_a_key_that_is_revoked_ends_although_its_answers_are_known(serve: Serve, place: str):
    """Law 127: within the seconds for which it is believed."""
    with closing(Office.open(office_place(place), who="me", create=True, tenant="ann")) as office:
        key, told = add_key(office, "a", scopes=["read"], assets=[(CHAIN_ID, TOKEN)])
        served = serve(office=office_place(place), public=frozenset(), key_seconds=0.5)
        headers = {"Authorization": f"Bearer {told}"}
        answers = [served.get(PATH, headers=headers) for _ in range(4)]
        assert {answer.status_code for answer in answers} == {200}
        assert served.get(PATH).status_code == 404
        tag = {"If-None-Match": answers[0].headers["etag"]}
        assert served.get(PATH, headers={**headers, **tag}).status_code == 304
        revoke_key(office, key.id)
        time.sleep(0.6)
        assert served.get(PATH, headers={**headers, **tag}).status_code == 401


def test_what_is_answered_again_counts_against_the_limit(serve: Serve):
    """Law 128: no more than the limit, whatever is known of the answer."""
    served = serve(anybody_per_minute=6)
    answers = [served.get(PATH) for _ in range(8)]
    assert [answer.status_code for answer in answers] == [200] * 6 + [429] * 2
    told = [answer.headers["ratelimit-remaining"] for answer in answers[:6]]
    assert told == ["5", "4", "3", "2", "1", "0"]
    refused = answers[-1]
    assert refused.json()["type"] == "/problems/too-many"
    assert refused.json()["request_id"] == refused.headers["x-request-id"]
    assert int(refused.headers["retry-after"]) <= 60
