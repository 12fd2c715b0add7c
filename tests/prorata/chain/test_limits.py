"""How much a node is asked for at once: less after a refusal, more again, and remembered."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prorata.chain.transports.limits import LOG_PAGE, Limits, Pace

URL = "https://name:word@rpc.example.org:8443/v3/secret-key?token=secret"
HOST = "rpc.example.org:8443"


def asked_until(pace: Pace, limit: int, blocks: int) -> list[int]:
    """What is asked of a node that takes `limit` blocks, until it has answered all."""
    asked = []
    while blocks:
        asked.append(min(pace.size, blocks))
        if asked[-1] > limit:
            pace.refuse(asked[-1])
        else:
            pace.accept(asked[-1])
            blocks -= asked[-1]
    return asked


def test_it_narrows_at_a_refusal_and_grows_after_a_success():
    pace = Pace(10_000, 10_000)
    pace.refuse(10_000)
    assert pace.size == 2_500
    pace.accept(2_500)
    assert pace.size == 5_000
    # A trial that fails goes back to what was taken, and the next one waits for longer.
    pace.refuse(5_000)
    assert (pace.size, pace.patience) == (2_500, 2)
    pace.accept(2_500)
    assert pace.size == 2_500
    pace.accept(2_500)
    assert pace.size == 5_000
    pace.accept(5_000)
    assert (pace.size, pace.patience) == (10_000, 1)


def test_what_the_node_offers_is_taken():
    pace = Pace(10_000, 10_000)
    pace.refuse(10_000, 2_000)
    assert pace.size == 2_000
    pace.refuse(2_000, 3_000)
    assert pace.size == 500
    pace.limit(100)
    pace.accept(100)
    assert (pace.most, pace.size) == (100, 100)


def test_a_slow_answer_narrows_further_and_is_not_tried_again_soon():
    pace = Pace(10_000, 10_000)
    pace.refuse(10_000, slow=True)
    assert pace.size == 1_250
    for _ in range(15):
        pace.accept(1_250)
    assert pace.size == 1_250
    pace.accept(1_250)
    assert pace.size == 2_500


def test_it_does_not_grow_after_a_large_or_late_answer_nor_after_a_lesser_question():
    pace = Pace(100, 10)
    pace.accept(10, easily=False)
    pace.accept(9)
    assert pace.size == 10


@given(limit=st.integers(1, 20_000), blocks=st.integers(1, 10**6))
def test_it_always_gets_there_and_seldom_tries_a_limit_that_stands(limit, blocks):
    """At most one request in some ten is refused, once the limit has been found."""
    asked = asked_until(Pace(LOG_PAGE, LOG_PAGE), limit, min(blocks, 2_000 * limit))
    refused = [n for n, size in enumerate(asked) if size > limit]
    assert len(refused) <= 16 + len(asked) / 10


# ------------------------------------------------------------------------------------ remembered


def kept() -> Path:
    return Path(os.environ["PRORATA_CACHE"]) / "nodes.json"


def learnt() -> Limits:
    limits = Limits(URL)
    limits.logs.limit(2_000)
    limits.batch.refuse(100, 20)
    limits.keep()
    return limits


def test_what_was_learnt_of_a_host_is_known_the_next_time():
    learnt()
    again = Limits("https://rpc.example.org:8443/v3/another-key")
    assert (again.logs.most, again.logs.size, again.batch.size) == (2_000, 2_000, 20)
    assert Limits("https://rpc.example.org").batch.size == 100


def test_nothing_of_an_address_is_kept_but_its_host():
    learnt()
    text = kept().read_text(encoding="utf-8")
    assert list(json.loads(text)) == [HOST]
    for secret in ("name", "word", "secret", "v3", "token"):
        assert secret not in text


def test_a_trial_that_has_not_succeeded_is_not_kept():
    limits = Limits(URL)
    limits.batch.refuse(100, 20)
    limits.batch.accept(20)
    assert limits.batch.size == 40
    limits.keep()
    assert Limits(URL).batch.size == 20


def test_after_a_week_it_is_learnt_anew(monkeypatch):
    learnt()
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 8 * 24 * 3600)
    assert Limits(URL).batch.size == 100


@pytest.mark.parametrize(
    "content",
    ["", "[]", "7", "{", '{"rpc.example.org:8443": 7}', '{"rpc.example.org:8443": {"at": "x"}}']
    + [
        json.dumps({HOST: {"at": 10**12, "logs": logs, "batch": logs}})
        for logs in (None, [], [0, 0, 0], [10**9, 1, 1], ["1", "1", "1"], [5, 6, 1], [5, 5, 0])
    ],
)
def test_a_file_that_makes_no_sense_is_as_good_as_none(content):
    kept().parent.mkdir(parents=True)
    kept().write_text(content, encoding="utf-8")
    assert (Limits(URL).logs.size, Limits(URL).batch.size) == (LOG_PAGE, 100)
    learnt()
    assert Limits(URL).batch.size == 20


def test_nothing_fails_where_the_file_cannot_be_written(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("PRORATA_CACHE", str(tmp_path / "file" / "folder"))
    assert learnt().batch.size == 20
    assert Limits(URL).batch.size == 100


def test_a_socket_of_this_machine_has_no_host():
    for address in (None, "/tmp/geth.ipc", "ipc:///tmp/geth.ipc"):
        limits = Limits(address)
        limits.batch.refuse(100)
        limits.keep()
    assert not kept().exists()


@pytest.mark.parametrize(
    ("variable", "place"),
    [("XDG_CACHE_HOME", "prorata/nodes.json"), ("HOME", ".cache/prorata/nodes.json")],
)
def test_it_is_where_a_system_keeps_such_things(variable, place, monkeypatch, tmp_path):
    monkeypatch.delenv("PRORATA_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv(variable, str(tmp_path))
    learnt()
    assert (tmp_path / place).is_file()
