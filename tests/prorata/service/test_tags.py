"""Tags: the same answer is not sent twice, and an answer that has changed always is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from tests.prorata.service.conftest import Served
from tests.prorata.store.made_logs import TOKEN, move, person

PATHS = (
    "", f"/{TOKEN}", f"/{TOKEN}/captable", f"/{TOKEN}/holders?limit=1", f"/{TOKEN}/transfers",
    f"/{TOKEN}/holders/{person(1)}", f"/{TOKEN}/holders/{person(2)}/income", f"/{TOKEN}/records",
    f"/{TOKEN}/distributions", f"/{TOKEN}/unclaimed", f"/{TOKEN}/documents",
    f"/{TOKEN}/holders?at=block:3", f"/{TOKEN}/orders", f"/{TOKEN}/trades", f"/{TOKEN}/offerings",
    f"/{TOKEN}/meetings", f"/{TOKEN}/holders/{person(1)}/unclaimed",
)  # fmt: skip
SMALL = {"asset", "chain", "source", "source_asset"}


@contextmanager
def tables_read(served: Served) -> Iterator[set[str]]:
    """The tables that are asked meanwhile."""
    reader = served.client.app.state.service.reader
    server = getattr(reader, "_server", None)
    engine = reader.database.engine if server is None else server.sync_engine
    found: set[str] = set()

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        found.update(re.findall(r"(?:FROM|JOIN) (\w+)", statement))

    event.listen(engine, "before_cursor_execute", note)
    yield found
    event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize("path", PATHS)
def test_who_has_an_answer_is_told_so_before_a_large_table_is_read(served, path):
    """Law 125: an old answer is never taken for a new one."""
    first = served.get(path)
    tag = first.headers["etag"]
    assert tag.startswith('W/"')
    with tables_read(served) as found:
        again = served.get(path, headers={"If-None-Match": f'"other", {tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert found <= SMALL
    assert served.get(path, headers={"If-None-Match": '"other"'}).content == first.content


@pytest.mark.parametrize("path", PATHS)
def test_an_answer_that_has_changed_has_another_tag(served, path):
    """Law 125: an old answer is never taken for a new one."""
    before = served.get(path)
    served.chain.mine([move(1, 2, 5)])
    served.read()
    after = served.get(path, headers={"If-None-Match": before.headers["etag"]})
    assert after.status_code == 200
    assert after.content != before.content
    assert after.headers["etag"] != before.headers["etag"]


def test_a_tag_is_of_one_question(served):
    """Law 125: an old answer is never taken for a new one."""
    paths = [*PATHS, f"/{TOKEN}/holders?limit=2", f"/{TOKEN}/holders?at=record:1"]
    tags = [served.get(path).headers["etag"] for path in paths]
    assert len(set(tags)) == len(tags)


def test_a_tag_changes_with_what_is_final_and_with_what_is_behind(served):
    """Law 125: an old answer is never taken for a new one."""
    path = f"/{TOKEN}/holders?at=block:3"
    tags = {served.get(path).headers["etag"]}
    served.writer.note(served.chain.header(9), served.chain.header(5))
    assert served.json(path)["as_of"]["final"] is True
    tags.add(served.get(path).headers["etag"])
    served.chain.mine()
    served.writer.note(served.chain.header(10), served.chain.header(5))
    assert served.json(path)["incomplete"] is True
    tags.add(served.get(path).headers["etag"])
    assert len(tags) == 3


def test_what_everybody_may_read_may_be_kept_by_everybody(served):
    headers = served.get(f"/{TOKEN}").headers
    assert headers["cache-control"] == "public, no-cache"
    assert headers["vary"] == "Authorization"
    assert "etag" not in served.get(f"/{TOKEN}/status").headers
