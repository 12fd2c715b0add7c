"""`make bench`: measure prorata and its peers in one run, and write the page of it.

python -m tests.bench.run           everything
python -m tests.bench.run --page    the page and its pictures again, from the figures there are
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from prorata.chain.artifacts import Artifact
from prorata.toolchain.anvil import Anvil
from prorata.toolchain.compiler import CONTRACTS, compile_contracts
from prorata.toolchain.paths import PROJECT_ROOT
from tests.bench import charts, field, page, peers, repricing, scale, trading
from tests.gas import compliance, holds, record_ranges, withholding
from tests.gas import field as alike
from tests.gas import trading as trades
from tests.gas.story import KIT, measure
from tests.gas.test_gas import SETUP

DOCS = PROJECT_ROOT / "docs"
RESULTS, PAGE, PICTURES = DOCS / "costs.json", DOCS / "costs.md", DOCS / "costs"
TEST_CONTRACTS = Path("tests/contracts")
STORIES = (
    measure,
    compliance.measure,
    record_ranges.measure,
    withholding.measure,
    alike.measure,
    holds.measure,
    trades.measure,
)
HOLDERS = [1, 1_000, 10_000, 100_000]
RECORDS = [1, 12, 100, 1_000]


def main() -> None:
    """Measure, and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--page", action="store_true", help="measure nothing, write the page anew")
    if parser.parse_args().page:
        found = json.loads(RESULTS.read_text(encoding="utf-8"))
    else:
        found = _measure(_teller())
        RESULTS.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    PAGE.write_text(page.render(found), encoding="utf-8")
    charts.draw(found, PICTURES)


def _measure(tell: Callable[[str], None]) -> dict[str, Any]:
    tell("compiling everybody's contracts")
    ours = compile_contracts((CONTRACTS, TEST_CONTRACTS))
    everybody = {**peers.compile_peers(), **ours}
    found: dict[str, Any] = {"setup": _setup()}
    # Nobody asks for the past: keeping it would cost more than the transactions.
    with Anvil(hardfork="osaka", extra=["--prune-history", "1"]) as anvil:
        tell("measuring prorata")
        figures = [story(ours, anvil) for story in STORIES]
        found["gas"] = dict(sorted(item for reported in figures for item in reported.items()))
        found["field"] = field.measure_all(everybody, anvil, tell)
        found["trading"] = trading.measure_all(everybody, anvil, tell)
        tell(f"declaring for {', '.join(f'{count:,}' for count in HOLDERS)} holders")
        found["growth"] = {"declare": alike.by_holders(ours, anvil, HOLDERS)}
        tell("claiming behind 1,000 records")
        found["growth"] |= alike.by_records(ours, anvil, RECORDS)
    tell("pricing prorata anew")
    found["repriced"] = {
        what: _priced(ours, kit)
        for what, kit in (("gas", repricing.RepricingKit), ("state", repricing.StateKit))
    }
    found["scale"] = scale.measure_all(tell)
    # As a program reads them back.
    again: dict[str, Any] = json.loads(json.dumps(found))
    return again


def _priced(ours: Mapping[str, Artifact], kit: type[repricing.RepricingKit]) -> dict[str, int]:
    """Gas by label as this kit tells it, whose chain keeps a trace of every transaction."""
    before = KIT.set(kit)
    with Anvil(hardfork="osaka", extra=["--steps-tracing"]) as anvil:
        figures = [story(ours, anvil) for story in STORIES]
    KIT.reset(before)
    return dict(sorted(item for reported in figures for item in reported.items()))


def _setup() -> dict[str, Any]:
    return SETUP | {
        "packages": peers.versions(),
        "licences": peers.licences(),
        "compilers": {
            source.name: {"compiler": source.version, "evm": source.evm} for source in peers.SOURCES
        }
        | {one.name: {"compiler": one.compiler, "evm": one.evm} for one in peers.SHIPPED},
        "cores": os.cpu_count(),
        "memory": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
    }


def _teller() -> Callable[[str], None]:
    start = time.monotonic()

    def tell(what: str) -> None:
        print(f"· {time.monotonic() - start:5.0f} s  {what}", flush=True)

    return tell


if __name__ == "__main__":
    main()
