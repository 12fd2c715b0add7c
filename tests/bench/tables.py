"""A cap table in every file that prorata reads and writes, beside the same table in CSV.

    python -m tests.bench.tables 10000

Seconds are of the processor, not of the clock.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from prorata.register.captable import CapTable, Holding, read_csv, write_csv
from prorata.register.differences import compare_tables, write_plan
from prorata.register.ocf.writer import Facts, write_package
from prorata.register.tables import read_table
from prorata.register.workbooks import write_table
from tests.bench.memory import peak
from tests.gas.story import person

BASELINE = "read it as CSV"
FACTS = Facts(
    issuer="Harbor Twelve Property B.V.",
    country="NL",
    formed="2019-05-01",
    name="Harbor Twelve",
    symbol="HARB12",
    authorised=10**9,
    chain_id=31337,
    token=person(0),
    time=1_830_340_800,
)


def measure(holders: int) -> dict[str, Any]:
    """Seconds by what is done with a table of so many holders; half of them differ from another."""
    table = CapTable(tuple(_holding(number, 2) for number in range(holders)))
    other = CapTable(tuple(_holding(number, 1 + number % 4) for number in range(holders)))
    seconds: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        text, book, package = folder / "t.csv", folder / "t.xlsx", folder / "t.zip"
        write_csv(table, text)
        work: dict[str, Callable[[], Any]] = {
            BASELINE: lambda: read_csv(text),
            "write it as a workbook": lambda: write_table(table, book, {}),
            "read the workbook": lambda: read_table(book),
            "write it as a package of the Open Cap Format": lambda: write_package(
                package, table, FACTS
            ),
            "read the package": lambda: read_table(package),
            "compare it with another, and write the plan": lambda: write_plan(
                folder / "plan", compare_tables(table, other), {}
            ),
        }
        for what, do in work.items():
            before = time.process_time()
            do()
            seconds[what] = round(time.process_time() - before, 4)
    return {"holders": holders, "seconds": seconds, "memory": peak()}


def _holding(number: int, shares: int) -> Holding:
    return Holding(person(number), shares, f"Holder {number}", "individual")


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))
