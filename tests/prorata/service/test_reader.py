"""The reader: what it keeps is of the database as it is, and it does not read for ever."""

from __future__ import annotations

import asyncio
import time

import pytest
from sqlalchemy import text

from prorata.errors import StoreError
from prorata.service.reader import Reader
from prorata.service.serving import Bodies
from prorata.service.settings import Settings
from prorata.store.rebuild import rebuild
from tests.prorata.service.conftest import SECRET
from tests.prorata.store.made_logs import TOKEN, move, person

ENDLESS = text(
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
)


def test_an_answer_is_of_what_was_written_last(served):
    """Law 125: an old answer is never taken for a new one."""
    path = f"/{TOKEN}/holders/{person(1)}"
    for amount in (69, 68, 67):
        assert served.json(path)["shares"]["units"] == str(amount + 1)
        assert served.json(path)["shares"]["units"] == str(amount + 1)
        served.chain.mine([move(1, 2, 1)])
        served.read()
        assert served.json(path)["shares"]["units"] == str(amount)


def test_a_ledger_that_was_derived_anew_is_read_in_place_of_the_old_one(served, place):
    """Law 124: whatever comes meanwhile."""
    before = served.json(f"/{TOKEN}")
    cursor = served.json(f"/{TOKEN}/holders?limit=1")["next"]
    served.writer.release()
    rebuild(place)
    end = time.monotonic() + 120
    while (after := served.json(f"/{TOKEN}"))["as_of"]["epoch"] == before["as_of"]["epoch"]:
        assert time.monotonic() < end
        time.sleep(0.1)
    assert after["supply"] == before["supply"]
    gone = served.get(f"/{TOKEN}/holders", params={"limit": 1, "cursor": cursor})
    assert (gone.status_code, gone.json()["type"]) == (410, "/problems/moment-gone")
    assert "the ledger was rebuilt" in gone.json()["detail"]


@pytest.mark.parametrize("long", [False, True])
def test_what_takes_too_long_is_ended(served, place, long):
    async def ask() -> None:
        reader = Reader(Settings(place, (SECRET,), statement_seconds=0.2))
        try:
            # The question by itself would never end.
            with pytest.raises(StoreError):
                await reader.ask(lambda connection: connection.execute(ENDLESS).all(), long=long)
            # It can be asked on.
            assert await reader.ask(lambda connection: connection.scalar(text("SELECT 1"))) == 1
        finally:
            await reader.close()

    asyncio.run(ask())


def test_a_request_cannot_write(served, place):
    async def ask() -> None:
        reader = Reader(Settings(place, (SECRET,)))
        try:
            with pytest.raises(StoreError):
                await reader.ask(lambda connection: connection.execute(text("DELETE FROM holder")))
        finally:
            await reader.close()

    asyncio.run(ask())
    assert served.json(f"/{TOKEN}/captable")["holder_count"] == 2


def test_answers_that_were_not_asked_for_the_longest_go():
    bodies = Bodies(most=10)
    for tag in ("a", "b", "c"):
        bodies.put(tag, b"1234")
        assert bodies.get("a") == b"1234"
    assert [bodies.get(tag) for tag in ("a", "b", "c")] == [b"1234", None, b"1234"]
    bodies.put("large", b"x" * 200_001)
    assert bodies.get("large") is None
    assert bodies.bytes == 8
