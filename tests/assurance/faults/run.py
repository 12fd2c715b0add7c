"""The long run: seeded random faults and kills, each against a random act of the asset's life.

    FAULT_KILLS=1400 python -m tests.assurance.faults.run

Half of the trials kill the act's process, at one to three random moments of writing or sending;
the others let it meet a random fault of the line or of the chain at a random exchange. Every trial
has to end as the unharmed act does. What was done is written to `results.json`; the first trial
that ends otherwise stops the run with its number, from which it can be repeated with `FAULT_ONLY`.
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prorata.chain import rpc
from prorata.toolchain.anvil import Anvil
from tests.assurance.faults.chain_faults import CHAIN_FAULTS, ChainFaults, ground_of, times_of
from tests.assurance.faults.crash_tests import moments_of, play_until_killed
from tests.assurance.faults.harness import ACTS, FaultHarness, difference, in_haste
from tests.assurance.faults.lines import LINES, PATIENCE
from tests.assurance.faults.proxy import SENDING, Exchange, FaultyNode, faulty_node
from tests.assurance.faults.retry_run import is_sentence, retry_until_done

RESULTS = Path(__file__).with_name("results.json")
SEED = 20_261_126
KILL = "killed"
# Acts of one transaction have little to go wrong.
WEIGHTS = {"deploy": 3, "issue": 6, "push": 8, "declare": 3}


@dataclass(frozen=True)
class Trial:
    """One act and what it meets; `draw` decides where."""

    number: int
    act: str
    fault: str
    draw: random.Random


def drawn(seed: int, count: int) -> list[Trial]:
    """The trials of a seed, each with random numbers of its own."""
    faults, trials = [*LINES, *CHAIN_FAULTS], []
    for number in range(count):
        draw = random.Random(f"{seed}/{number}")
        act = draw.choices(list(ACTS), [WEIGHTS.get(act, 1) for act in ACTS])[0]
        fault = KILL if draw.random() < 0.5 else draw.choice(faults)
        trials.append(Trial(number, act, fault, draw))
    return trials


class Run:
    """Plays the trials of each act on one stage, in the order of the asset's life."""

    def __init__(self, harness: FaultHarness, node: FaultyNode) -> None:
        self.harness, self.node = harness, node
        self.chain_faults = ChainFaults(harness.anvil)
        self.refusals: Counter[str] = Counter()
        self.kills = 0
        self.unmet = 0

    def play(self, act: str, trials: list[Trial]) -> None:
        harness, node = self.harness, self.node
        harness.prepare(act)
        node.calm()
        moments = moments_of(harness)
        wanted = harness.state()
        harness.again()
        node.calm()
        harness.play()
        seen = list(node.moments)
        for trial in trials:
            try:
                if trial.fault == KILL:
                    self._kill(trial, moments, wanted)
                else:
                    self._harm(trial, seen, wanted)
            except BaseException:
                print(f"trial {trial.number}: {trial.act}, {trial.fault}", file=sys.stderr)
                raise

    def _kill(self, trial: Trial, moments: int, wanted: dict[str, Any]) -> None:
        harness, node = self.harness, self.node
        harness.again()
        node.calm()
        for _ in range(trial.draw.randint(1, 3)):
            ended, _, message = play_until_killed(harness, trial.draw.randint(1, moments))
            assert message == "", message
            self.kills += ended != 0
        ended, _, message = play_until_killed(harness, last=0)
        assert (ended, message) == (0, ""), message
        state = harness.state()
        assert state == wanted, difference(state, wanted)

    def _harm(self, trial: Trial, seen: list[list[str]], wanted: dict[str, Any]) -> None:
        harness, node, name, draw = self.harness, self.node, trial.fault, trial.draw
        harness.again(ground_of(name))
        sends = sum(SENDING in methods for methods in seen)
        if name in LINES:
            fault, times = LINES[name], draw.choice((1, 2, 9))
        else:
            fault, times = CHAIN_FAULTS[name](self.chain_faults, harness), times_of(name)
        only_sends = name in list(CHAIN_FAULTS)[:5] or "known" in name or "nonce" in name
        last = sends if only_sends else max(1, len(seen) - times + 1)
        rpc.TIMEOUT_SECONDS = PATIENCE if name.startswith("time-out") else 10
        node.arm(fault, at=draw.randint(1, last), times=times, among=_sends if only_sends else _any)
        retry_run = retry_until_done(harness, node, wanted, undone="lost" in name)
        rpc.TIMEOUT_SECONDS = 10
        self.unmet += retry_run.met == 0
        for message in retry_run.messages:
            assert is_sentence(message), message
            self.refusals[name] += 1


def _sends(exchange: Exchange) -> bool:
    return exchange.sends


def _any(exchange: Exchange) -> bool:
    return True


def main() -> None:
    count, seed = (
        int(os.environ.get("FAULT_KILLS", "1400")),
        int(os.environ.get("FAULT_SEED", SEED)),
    )
    trials, only = drawn(seed, count), os.environ.get("FAULT_ONLY")
    if only is not None:
        trials = [trials[int(only)]]
    started, lines = time.monotonic(), {}
    with (
        Anvil() as anvil,
        faulty_node(anvil.url) as node,
        tempfile.TemporaryDirectory() as scratch,
        in_haste(),
    ):
        run = Run(FaultHarness(anvil, Path(scratch), url=node.url), node)
        for act in ACTS:
            chosen = [trial for trial in trials if trial.act == act]
            if chosen:
                run.play(act, chosen)
            lines[act] = dict(sorted(Counter(trial.fault for trial in chosen).items()))
            print(f"{act}: {len(chosen)} trials, {time.monotonic() - started:.0f} s", flush=True)
    if only is None:
        written = {
            "seed": seed,
            "trials": count,
            "trials_ended_as_unharmed": count,
            "processes_killed": run.kills,
            "faults_not_met": run.unmet,
            "refusals_resumed": sum(run.refusals.values()),
            "seconds": round(time.monotonic() - started),
            "by_act": {act: sum(faults.values()) for act, faults in lines.items()},
            "by_fault": dict(sorted(Counter(trial.fault for trial in trials).items())),
            "refusals_by_fault": dict(sorted(run.refusals.items())),
            "by_act_and_fault": lines,
        }
        RESULTS.write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
