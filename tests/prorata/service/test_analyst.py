"""The process of the figures: bounded, begun anew when it dies, and gone with its worker."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from prorata.errors import InputError
from prorata.service.analysis.process import Analyst
from prorata.service.problems import Refused
from prorata.toolchain.paths import PROJECT_ROOT
from tests.prorata.service.contract import made_app
from tests.prorata.store.made_logs import TOKEN

SECONDS = 30.0

ASKS = """
import sys, time
from pathlib import Path
from prorata.service.app import create_app
from prorata.service.settings import Settings
from tests.prorata.service.client import Client
ledger, office, token = sys.argv[1:]
app = create_app(Settings(ledger, ("s" * 32,), office=office, public=frozenset({token})))
with Client(app) as client:
    answer = client.get(f"/v1/assets/{token}/metrics")
    assert answer.status_code == 200, answer.text
    heavy = {"duckdb", "ibis", "pyarrow", "pandas", "prorata.reports"}
    status = Path("/proc/self/status").read_text()
    kib = int(status.split("VmRSS:")[1].split()[0])
    print(app.state.service.analyst.pid, kib, sorted(heavy & set(sys.modules)), flush=True)
    time.sleep(600)
"""


def lives(pid: int) -> bool:
    """Whether a process is there, and not only waited for."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def gone(pid: int, seconds: float = SECONDS) -> bool:
    end = time.monotonic() + seconds
    while lives(pid):
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def run(of: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(of)


def refuse() -> None:
    raise InputError.of("at", "x", "is no time", "write one")


def test_the_worker_stays_small_and_the_process_ends_when_the_worker_is_killed(tmp_path):
    """Law 140: what analyses is never the worker, and never outlives it."""
    made_app(tmp_path)
    places = (str(tmp_path / "ledger.db"), str(tmp_path / "office.db"))
    words = [sys.executable, "-c", ASKS, *places, TOKEN]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=PROJECT_ROOT) as worker:
        try:
            assert worker.stdout is not None
            pid, kib, heavy = worker.stdout.readline().split(maxsplit=2)
            assert heavy.strip() == "[]"
            assert int(kib) < 130_000
            assert int(pid) != worker.pid
            assert lives(int(pid))
        finally:
            worker.kill()
    assert gone(int(pid))


def test_a_process_that_is_killed_is_begun_again_and_idle_it_ends():
    """Law 140: what analyses is never the worker, and never outlives it."""

    async def ask() -> None:
        analyst = Analyst(SECONDS, waiting=2, idle_seconds=0.2)
        first = await analyst.ask("a", os.getpid)
        os.kill(first, signal.SIGKILL)
        second = await analyst.ask("a", os.getpid)
        assert second not in (first, os.getpid())
        assert second == analyst.pid
        for _ in range(500):
            await asyncio.sleep(0.02)
            if analyst.pid is None:
                break
        assert gone(second)
        third = await analyst.ask("a", os.getpid)
        assert third != second
        analyst.close()
        assert gone(third)

    run(ask())


def test_what_takes_too_long_is_refused_and_ended():
    """Law 140: what analyses is never the worker, and never outlives it."""

    async def ask() -> None:
        analyst = Analyst(0.3, waiting=2, idle_seconds=60)
        with pytest.raises(Refused, match=r"longer than 0\.3 seconds") as refused:
            await analyst.ask("long", time.sleep, 60)
        assert (refused.value.kind, refused.value.headers) == ("unavailable", {"Retry-After": "5"})
        assert analyst.pid is None
        # The next one has a process of its own.
        assert await analyst.ask("short", abs, -1) == 1
        analyst.close()

    run(ask())


def test_questions_wait_in_a_row_that_ends_and_equal_ones_are_one():
    """Law 140: what analyses is never the worker, and never outlives it."""

    async def ask() -> None:
        analyst = Analyst(SECONDS, waiting=1, idle_seconds=60)
        first = asyncio.create_task(analyst.ask("a", time.sleep, 0.3))
        same = asyncio.create_task(analyst.ask("a", refuse))
        second = asyncio.create_task(analyst.ask("b", os.getpid))
        await asyncio.sleep(0)
        with pytest.raises(Refused, match="too many figures"):
            await analyst.ask("c", os.getpid)
        # It was not asked by itself: else it had refused.
        assert await asyncio.gather(first, same, second) == [None, None, analyst.pid]
        with pytest.raises(InputError, match="is no time"):
            await analyst.ask("a", refuse)
        analyst.close()

    run(ask())
