"""`make schedules`: a million pairs a day count and a hundred thousand schedules a calendar.

    SCHEDULES_PAIRS=1000000 SCHEDULES_DATES=100000 SCHEDULES_SEED=1 \\
        python -m tests.assurance.schedules.run

Beside QuantLib, on one process. What was done is kept in `results.json`, with the seed: the same
seed asks for the same dates. Nothing may differ.
"""

from __future__ import annotations

import json
import os
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import QuantLib as ql  # noqa: N813 - as its own documentation has it

from prorata.assets.calendars import find_calendar
from tests.assurance.schedules.quantlib import (
    CALENDARS,
    compare_day_counts,
    compare_holidays,
    compare_schedules,
)

RESULTS = Path(__file__).with_name("results.json")


def main() -> None:
    """A long run, as the environment says."""
    seed = os.environ.get("SCHEDULES_SEED") or "1"
    pairs = int(os.environ.get("SCHEDULES_PAIRS") or 1_000_000)
    schedules = int(os.environ.get("SCHEDULES_DATES") or 100_000)
    report: dict[str, Any] = {
        "date": datetime.now(timezone.utc).date().isoformat(),
        "seed": seed,
        "quantlib": ql.__version__,
        "day counts": {},
        "calendars": {},
    }
    begun = time.process_time()
    for convention, different in compare_day_counts(seed, pairs).items():
        report["day counts"][convention.value] = {"pairs": pairs, "different": different}
    _keep(report, begun)
    for name in CALENDARS:
        counted = compare_schedules(name, seed, schedules)
        report["calendars"][name] = {
            "hash": find_calendar(name).hash,
            "days of the century that differ": compare_holidays(name),
            **counted,
        }
        _keep(report, begun)
    print(json.dumps(report, indent=2))


def _keep(report: dict[str, Any], begun: float) -> None:
    report["seconds of one core"] = round(time.process_time() - begun)
    RESULTS.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
