"""Many steps and many calls, on as many processes as there are cores; and `make fuzz`.

    FUZZ_STEPS=5000000 FUZZ_CALLS=10000000 FUZZ_SEED=1 FUZZ_WORKERS=2 \\
        python -m tests.assurance.fuzz.run

What a long run has done is kept in `results.json`, which names its seed: the same seed takes the
same steps.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime, timezone
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from prorata.toolchain.compiler import CONTRACTS, compile_contracts
from tests.assurance.fuzz import stateless
from tests.assurance.fuzz.small import Small, Tried
from tests.assurance.fuzz.walk import DEPTH, Walked, merged, walk
from tests.chainkit import Codec
from tests.conftest import TEST_CONTRACTS

RESULTS = Path(__file__).with_name("results.json")
WORKERS = int(os.environ.get("FUZZ_WORKERS") or min(8, os.cpu_count() or 1))
PIECE = 20 * DEPTH
"""Steps that one process takes at a time."""

REPORTED_EVERY = 50
"""Pieces between two lines about how far a long run has come."""

CALLS = 25_000
"""Calls that one process makes at a time."""


@lru_cache(maxsize=1)
def codec() -> Codec:
    """One codec to a process."""
    return Codec(compile_contracts((CONTRACTS, TEST_CONTRACTS)))


def pool() -> ProcessPoolExecutor:
    """New processes, not forks, so that they begin alike everywhere."""
    return ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn"))


def pieces(seed: str, whole: int, size: int) -> list[tuple[str, int]]:
    """A number in pieces, each with a seed of its own."""
    sizes = [size] * (whole // size) + [whole % size] * bool(whole % size)
    return [(f"{seed}/{place}", part) for place, part in enumerate(sizes)]


def _walk(piece: tuple[str, int]) -> Walked:
    walked = Walked()
    walk(codec(), *piece, walked)
    return walked


def walk_all(seed: str, steps: int, tell: Callable[[int], None] = lambda _: None) -> Walked:
    """Take so many steps, and tell how many; raises `Failed` with the story of the first that goes
    wrong."""
    walked = []
    with pool() as workers:
        for part in workers.map(_walk, pieces(seed, steps, PIECE)):
            walked.append(part)
            tell(sum(one.steps for one in walked))
    return merged(walked)


def _calls(piece: tuple[str, int]) -> Counter[str]:
    return stateless.run(codec(), *piece)


def call_all(seed: str, calls: int) -> Counter[str]:
    """Make at least so many calls, of each property its share."""
    total: Counter[str] = Counter()
    with pool() as workers:
        for part in workers.map(_calls, pieces(seed, calls, CALLS)):
            total.update(part)
    return total


def _search(held: tuple[int, ...], bound: int) -> Tried:
    return Small(codec(), held).search([], bound)


def search_all(systems: Sequence[tuple[int, ...]], bound: int) -> list[Tried]:
    """Try every sequence of up to `bound` steps from each beginning."""
    with pool() as workers:
        return list(workers.map(_search, systems, [bound] * len(systems)))


def main() -> None:
    """A long run, as the environment says."""
    seed = os.environ.get("FUZZ_SEED") or str(time.time_ns())
    steps = int(os.environ.get("FUZZ_STEPS") or 5_000_000)
    calls = int(os.environ.get("FUZZ_CALLS") or 10_000_000)
    print(f"seed {seed}: {steps:,} steps and {calls:,} calls on {WORKERS} processes", flush=True)
    begun = time.monotonic()

    def tell(taken: int) -> None:
        if taken % (REPORTED_EVERY * PIECE) == 0:
            print(f"{taken:,} steps after {time.monotonic() - begun:,.0f} s", flush=True)

    walked = walk_all(seed, steps, tell)
    between = time.monotonic()
    print(f"{walked.steps:,} steps in {between - begun:,.0f} s", flush=True)
    called = call_all(seed, calls)
    ended = time.monotonic()
    print(f"{sum(called.values()):,} calls in {ended - between:,.0f} s")
    report: dict[str, Any] = {
        "date": datetime.now(timezone.utc).date().isoformat(),
        "seed": seed,
        "processes": WORKERS,
        "steps": {
            "taken": walked.steps,
            "depth": DEPTH,
            "seconds": round(between - begun),
            "done": dict(sorted(walked.done.items())),
            "refused": dict(sorted(walked.refused.items())),
        },
        "calls": {
            "made": sum(called.values()),
            "seconds": round(ended - between),
            "of": dict(sorted(called.items())),
        },
    }
    RESULTS.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
