"""A whole offering at scale: so many subscribers, closed, settled and refunded by one command.

python -m tests.bench.offering            10,000 subscribers, twice over-subscribed
python -m tests.bench.offering 1000 --kill

`prorata offer settle` runs in a process of its own; with `--kill` that is killed
every few seconds, and started again until nothing is left. In the end every order is as the law
says, and nobody has paid or got anything twice.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from prorata.chain.node import RpcChain
from prorata.market.calls.known_calls import KnownCall
from prorata.market.calls.reports import report_call
from prorata.toolchain.anvil import Anvil
from tests.prorata.cli.opened import Commands
from tests.prorata.market.calls.crowds import ISSUER, PRICE, offering, subscribe, wanted_by

KILLED_AFTER, LATER = 6.0, 4.0
"""Seconds of the first run, and how much longer each lives than the one before."""


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", nargs="?", type=int, default=10_000)
    parser.add_argument("--kill", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place, Anvil(extra=["--prune-history", "1"]) as anvil:
        found = measure(anvil, Path(place), given.count, kill=given.kill)
    print(json.dumps(found, indent=2))


def measure(anvil: Anvil, place: Path, count: int, *, kill: bool = False) -> dict[str, Any]:
    """Seconds, transactions and gas of one settlement of so many subscribers."""
    lots = sum(wanted_by(number) for number in range(count)) // 2
    commands, call = offering(anvil, place, lots)
    start = time.monotonic()
    subscribe(anvil, call, count)
    placed = time.monotonic() - start
    commands.travel(call.terms.closes_at + 1)
    before = RpcChain(anvil.url).nonce(ISSUER)
    start = time.monotonic()
    runs = settle(commands, kill=kill)
    seconds = time.monotonic() - start
    sent = RpcChain(anvil.url).nonce(ISSUER) - before
    again = commands.facts("offer", "settle")
    check(call, count)
    return {
        "subscribers": count,
        "placing_seconds": round(placed, 1),
        "settling_seconds": round(seconds, 1),
        "runs": runs,
        "transactions": sent,
        "sent_by_another_run": len(again["transactions"]),
    }


def settle(commands: Commands, *, kill: bool) -> int:
    """Run the command until it ends by itself; how often that was."""
    words = [sys.executable, "-m", "prorata", "offer", "settle", "--yes"]
    words += ["--network", commands.anvil.url, "--deployment", str(commands.folder)]
    runs = 0
    while True:
        runs += 1
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            lived = KILLED_AFTER + LATER * runs
            try:
                out, err = process.communicate(timeout=lived if kill else None)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                continue
        assert process.returncode == 0, (out, err)
        return runs


def check(call: KnownCall, count: int) -> None:
    """Every lot is delivered, the money is where the law says, and no order has more than once."""
    report = report_call(call)
    state = report.book.state
    assert state.delivered == state.clearing.lots == call.terms.lots
    assert report.escrowed == (0,)
    assert report.paid_out == (call.terms.lots * PRICE,)
    assert len(report.lines) == count
    assert sum(line.lots for line in report.lines) == call.terms.lots


if __name__ == "__main__":
    main()
