"""What the last audit has said: told in every answer, and in its tag."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from prorata.service.audits import Audited, Audits
from tests.prorata.service.conftest import CHAIN_ID, Serve, Served
from tests.prorata.store.made_logs import DOLLAR, OTHER, TOKEN, person

HASH = "0x" + "cd" * 32
PATHS = (
    f"/{TOKEN}", f"/{TOKEN}/holders", f"/{TOKEN}/holders?at=block:3", f"/{TOKEN}/orders",
    f"/{TOKEN}/meetings", f"/{TOKEN}/holders/{person(1)}/unclaimed", f"/{TOKEN}/distributions",
)  # fmt: skip


def audit(path: Path, *, balanced: bool = True, block: int = 7, **others: Any) -> str:
    """As `prorata books --json` has it."""
    said = {
        "chain_id": CHAIN_ID, "block": block, "block_hash": HASH, "balanced": balanced,
        "tokens": [{"token": TOKEN}], **others,
    }  # fmt: skip
    path.write_text(json.dumps(said), encoding="utf-8")
    return str(path)


def forget(served: Served) -> None:
    """Have it look at the file now, and not in a second."""
    served.client.app.state.service.audits._look_at = 0.0


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "audit.json"


@pytest.mark.parametrize("path", PATHS)
def test_a_failed_audit_disputes_every_answer_until_one_finds_nothing(serve: Serve, file, path):
    """Law 137: and each time the tag is another."""
    served, tags = serve(audits=(audit(file),)), set()
    for block, balanced in ((7, True), (8, False), (9, True)):
        audit(file, balanced=balanced, block=block)
        forget(served)
        answer = served.get(path)
        told = answer.json()
        verdict = "balanced" if balanced else "differs"
        assert (told["as_of"]["audited_to"], told["as_of"]["audit"]) == (block, verdict)
        assert told["disputed"] is not balanced
        tags.add(answer.headers["etag"])
        again = served.get(path, headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304
    assert len(tags) == 3


def test_without_an_audit_nothing_is_said_of_one(served):
    told = served.json(f"/{TOKEN}")
    assert told["as_of"]["audited_to"] is None
    assert (told["as_of"]["audit"], told["disputed"]) == (None, False)


def test_an_audit_is_of_its_chain_and_its_tokens(serve: Serve, file):
    """Law 137: of another asset it says nothing."""
    served = serve(audits=(audit(file, balanced=False),), public=frozenset({TOKEN, OTHER}))
    assert (served.json(f"/{TOKEN}")["disputed"], served.json(f"/{OTHER}")["disputed"]) == (
        True, False,
    )  # fmt: skip
    listed = {one["token"]: one["disputed"] for one in served.json("")["assets"]}
    assert listed == {TOKEN: True, OTHER: False}
    elsewhere = Audits((audit(file, chain_id=1),))
    assert elsewhere.of(CHAIN_ID, TOKEN) is None
    assert elsewhere.of(1, TOKEN) == Audited(7, HASH, balanced=True)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "7", '{"error": {}}', '{"block": true, "balanced": 1, "chain_id": 1}']
)
def test_a_file_that_is_none_takes_no_verdict_away(file, text):
    """Law 137: the next audit is being written, and the last one stands."""
    found = Audits((audit(file, balanced=False),), clock=iter(range(0, 100, 10)).__next__)
    before = found.of(CHAIN_ID, TOKEN)
    assert before is not None
    assert before.balanced is False
    file.write_text(text, encoding="utf-8")
    assert found.of(CHAIN_ID, TOKEN) == before
    file.unlink()
    assert found.of(CHAIN_ID, TOKEN) == before


def test_of_several_files_the_newest_counts_and_of_two_alike_the_one_that_differs(tmp_path):
    old = audit(tmp_path / "old.json", block=5, balanced=False)
    new = audit(tmp_path / "new.json", block=6)
    other = audit(tmp_path / "other.json", block=6, balanced=False)
    found = [Audits(paths).of(CHAIN_ID, TOKEN) for paths in ((old, new), (new, other), (old,))]
    assert [one and (one.block, one.balanced) for one in found] == [
        (6, True), (6, False), (5, False),
    ]  # fmt: skip
    assert Audits((old,)).of(CHAIN_ID, DOLLAR) is None
