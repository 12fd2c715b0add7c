"""The supervisor, over real processes: begun, killed, begun again, and ended in order."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from prorata.cli.supervisor import MISTAKE, Part, Supervisor
from prorata.toolchain.anvil import Anvil
from prorata.toolchain.paths import PROJECT_ROOT
from tests.prorata.cli.opened import Commands

pytestmark = pytest.mark.slow

EXAMPLES = PROJECT_ROOT / "examples"


def until(what: Callable[[], bool], seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)


def alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.fixture(scope="module")
def asset(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    with Anvil() as anvil:
        commands = Commands(anvil, tmp_path_factory.mktemp("deployments") / "HARB12")
        commands.says("deploy", "--asset", str(EXAMPLES / "building/asset.yaml"), "--dollar")
        yield commands


def writes(asset: Commands, process: int) -> bool:
    """Whether a process has become the ledger's writer."""
    said = asset.run("ledger", "status", "--json")
    return said.code == 0 and f"process {process} " in str(json.loads(said.out)["writer"])


class Run:
    """A supervisor in a thread, and what it says."""

    def __init__(self, asset: Commands, grace: float = 60.0, **parts: tuple[str, ...]) -> None:
        self.said: list[str] = []
        self.codes: list[int] = []
        common = ("--network", asset.anvil.url, "--deployment", str(asset.folder))
        self.supervisor = Supervisor(
            [Part(name, (*words, *common), grace=grace) for name, words in parts.items()],
            ending=("deliverer", "follower"),
            say=self.said.append,
            pauses=(0.1, 0.2, 0.4),
        )
        self.thread = threading.Thread(target=lambda: self.codes.append(self.supervisor.run()))

    def __enter__(self) -> Run:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.supervisor.stop()
        self.thread.join(120)
        assert not self.thread.is_alive()

    def pids(self, name: str) -> list[int]:
        return [
            int(line.split("process ")[1].rstrip(")"))
            for line in self.said
            if line.startswith(f"{name}: begins (")
        ]

    def count(self, words: str) -> int:
        return sum(words in line for line in self.said)


RULES = str(EXAMPLES / "alerts/rules.yaml")
FOLLOWER = ("follow", "--poll", "0.1")
DELIVERER = ("deliver", "--rules", RULES, "--poll", "0.1")


def test_who_dies_is_begun_again_and_all_are_ended_in_order(asset: Commands) -> None:
    """Law 121: by whatever it dies; the others do not notice. What was asked to end says so."""
    ledger = asset.folder / "ledger.db"
    with Run(asset, follower=FOLLOWER) as run:
        until(ledger.exists)
        until(lambda: asset.run("ledger", "status").code == 0)
        for times in (1, 2):
            until(lambda: writes(asset, run.pids("follower")[-1]))
            os.kill(run.pids("follower")[-1], signal.SIGKILL)
            until(lambda times=times: len(run.pids("follower")) == times + 1)
        until(lambda: run.count("begins again in 0.2 seconds") == 1)
        assert run.count("follower: was ended by SIGKILL; it begins again in") == 2
        until(lambda: writes(asset, run.pids("follower")[-1]))
        asset.says("agents", "add", "0x70997970C51812dc3A010C7d01b50e0d17dc79C8")
        head = int(asset.anvil.rpc("eth_blockNumber"), 16)
        until(lambda: asset.facts("ledger", "status")["head"] == head)
    assert run.codes == [0]
    assert run.said[-1] == "follower: has ended"

    with Run(asset, follower=FOLLOWER, deliverer=DELIVERER) as run:
        until(lambda: len(run.pids("deliverer")) == 1)
        until(lambda: writes(asset, run.pids("follower")[0]))
        [follower], [deliverer] = run.pids("follower"), run.pids("deliverer")
        assert alive(follower)
        assert alive(deliverer)
    assert run.codes == [0]
    assert run.said[-2:] == ["deliverer: has ended", "follower: has ended"]
    assert not alive(follower)
    assert not alive(deliverer)


def test_a_mistake_in_options_ends_all(asset: Commands) -> None:
    """Law 121: it would be made again and again."""
    with Run(asset, follower=FOLLOWER, deliverer=("deliver", "--rule")) as run:
        until(lambda: bool(run.codes))
    assert run.codes == [MISTAKE]
    assert run.count("deliverer: has a mistake in its options, and all is ended") == 1
    assert not alive(run.pids("follower")[0])


def test_who_does_not_end_is_killed_and_the_exit_code_says_so(asset: Commands) -> None:
    """Law 121: after its grace; and at once when the supervisor is told a second time."""
    for grace, times in ((0.5, 1), (3_600.0, 2)):
        with Run(asset, grace, follower=FOLLOWER) as run:
            until(lambda run=run: len(run.pids("follower")) == 1)
            # Before it listens to SIGTERM, that would end it even while it is stopped.
            until(lambda run=run: writes(asset, run.pids("follower")[0]))
            os.kill(run.pids("follower")[0], signal.SIGSTOP)
            for _ in range(times):
                assert run.thread.is_alive()
                run.supervisor.stop()
                run.thread.join(0.2)
            run.thread.join(120)
        assert run.codes == [1], run.said
        assert run.said[-1] == "follower: was killed, since it did not end by itself"
        assert not alive(run.pids("follower")[0])


def test_nobody_outlives_a_supervisor_that_was_killed(asset: Commands) -> None:
    """Law 121: a process whose supervisor is gone ends by itself."""
    program = (
        "from prorata.cli.supervisor import Part, Supervisor\n"
        f"words = {('follow', '--network', asset.anvil.url, '--deployment', str(asset.folder))!r}\n"
        "Supervisor([Part('follower', words)], say=lambda s: print(s, flush=True)).run()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
    ) as supervisor:
        assert supervisor.stdout
        follower = int(supervisor.stdout.readline().split("process ")[1].rstrip(")\n"))
        until(lambda: writes(asset, follower))
        supervisor.kill()
        until(lambda: not alive(follower))
