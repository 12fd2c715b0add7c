"""`make calls`: a million prices, whole calls and every small world, on as many processes as cores.

    CALLS_PRICES=1000000 CALLS_WHOLE=200000 CALLS_SEED=1 FUZZ_WORKERS=2 \\
        python -m tests.assurance.fuzz.run_calls

What was done is kept in `calls.json`, with the seed: the same seed makes the same calls.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from tests.assurance.fuzz.call_prices import many_prices
from tests.assurance.fuzz.many_calls import many, small
from tests.assurance.fuzz.run import WORKERS, codec, pieces, pool

RESULTS = Path(__file__).with_name("calls.json")
PRICES, WHOLE = 25_000, 1_000
"""In one piece of work."""

PARTS = 40
"""In which the small worlds are tried."""


def _prices(piece: tuple[str, int]) -> Counter[str]:
    return many_prices(codec(), *piece)


def _whole(piece: tuple[str, int]) -> Counter[str]:
    return many(codec(), *piece)


def _small(first: int) -> Counter[str]:
    return Counter({"worlds": small(codec(), first, PARTS)})


def _all(
    what: str, work: Callable[[Any], Counter[str]], todo: Sequence[Any], report: dict[str, Any]
) -> None:
    """Do all pieces, and write down after each how far it has come; raises `Broken`."""
    total, begun = Counter[str](), time.monotonic()
    with pool() as workers:
        for part in workers.map(work, todo):
            total.update(part)
            seconds = round(time.monotonic() - begun)
            report[what] = {**dict(sorted(total.items())), "seconds": seconds}
            RESULTS.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(f"{what}: {report[what]}", flush=True)


def main() -> None:
    """A long run, as the environment says."""
    seed = os.environ.get("CALLS_SEED") or str(time.time_ns())
    prices = int(os.environ.get("CALLS_PRICES") or 1_000_000)
    whole = int(os.environ.get("CALLS_WHOLE") or 200_000)
    report: dict[str, Any] = {
        "date": datetime.now(timezone.utc).date().isoformat(),
        "seed": seed,
        "processes": WORKERS,
    }
    _all("small worlds", _small, range(PARTS), report)
    _all("prices", _prices, pieces(seed, prices, PRICES), report)
    _all("whole calls", _whole, pieces(seed, whole, WHOLE), report)


if __name__ == "__main__":
    main()
