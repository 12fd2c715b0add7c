"""`prorata run`: follower, deliverer and API as real processes beside a real node."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from prorata.toolchain.anvil import Anvil
from prorata.toolchain.paths import PROJECT_ROOT
from tests.prorata.cli.opened import Commands
from tests.prorata.cli.test_supervisor import alive, until
from tests.prorata.service.live.lines import Listener, free_port

pytestmark = pytest.mark.slow

EXAMPLES = PROJECT_ROOT / "examples"
ANN = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"


@pytest.fixture(scope="module")
def asset(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    with Anvil() as anvil:
        commands = Commands(anvil, tmp_path_factory.mktemp("deployments") / "HARB12")
        commands.says("deploy", "--asset", str(EXAMPLES / "building/asset.yaml"), "--dollar")
        commands.says("issue", str(EXAMPLES / "building/holders.csv"))
        yield commands


class Running:
    """A `prorata run` and what it has said."""

    def __init__(self, asset: Commands, *words: str) -> None:
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "prorata", "run", "--deployment", str(asset.folder),
             "--network", asset.anvil.url.replace("http:", "ws:"), "--public",
             "--port", str(self.port), "--drain", "1", *words],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def pids(self, name: str) -> list[int]:
        found = (re.fullmatch(rf"{name}: begins \(process (\d+)\)", line) for line in self.lines)
        return [int(one[1]) for one in found if one]

    def ready(self) -> bool:
        with suppress(httpx.HTTPError):
            return self.get("/ready").status_code == 200
        return False

    def get(self, path: str) -> httpx.Response:
        with httpx.Client(trust_env=False) as client:
            return client.get(f"{self.address}{path}")

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        code = self.process.wait(120)
        self.thread.join(60)
        return code


@contextmanager
def running(asset: Commands, *words: str) -> Iterator[Running]:
    run = Running(asset, *words)
    try:
        until(run.ready)
        yield run
    finally:
        if run.process.poll() is None:
            run.process.kill()
            run.process.wait()
        run.thread.join(60)
        assert run.process.stdout
        run.process.stdout.close()


def requests(lines: list[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines if line.startswith('{"time"')]


def test_all_in_one_through_kills_of_each(asset: Commands, tmp_path: Path) -> None:
    """Laws 117, 121 and 122: what happens on the chain is followed, decided and heard of, whoever
    is killed; metrics are there; told to end all end, in their order.
    """
    (tmp_path / "address").write_text("json://127.0.0.1:1/")
    receivers = tmp_path / "receivers.yaml"
    receivers.write_text("receivers:\n  - {name: mail, apprise_file: address}\n")
    rules = str(EXAMPLES / "alerts/rules.yaml")
    port = free_port()
    told = ("--rules", rules, "--receivers", str(receivers), "--metrics-port", str(port))
    client, over = Listener(), threading.Event()

    def stay(address: str) -> None:
        while not over.is_set():
            with suppress(httpx.HTTPError):
                client.listen(address, lambda _: over.is_set())
            time.sleep(0.05)

    with running(asset, *told) as run:
        thread = threading.Thread(target=stay, args=(run.address,), daemon=True)
        thread.start()
        until(lambda: client.place is not None)
        for turn, name in enumerate(("follower", "API", "deliverer")):
            os.kill(run.pids(name)[-1], signal.SIGKILL)
            asset.says("agents", "remove" if turn % 2 else "add", ANN)
            until(lambda name=name: len(run.pids(name)) == 2)
        until(lambda: len(client.events) == 3)
        names = [one["events"][0]["name"] for one in client.events]
        assert names == ["AgentAdded", "AgentRemoved", "AgentAdded"]
        assert len(set(client.ids)) == 3

        def decided() -> bool:
            listed = asset.run("alerts", "list", "--json")
            return listed.code == 0 and "agent-added" in listed.out

        until(decided)
        until(lambda: run.get("/v1/assets").status_code == 200)
        with httpx.Client(trust_env=False) as scraping:
            text = scraping.get(f"http://127.0.0.1:{port}/metrics").text
            assert 'prorata_block_lag_blocks{chain="31337"} 0.0' in text
            assert 'route="/v1/assets",status="200"' in text
            nodes = scraping.get(f"http://127.0.0.1:{port + 1}/metrics").text
            assert "prorata_reorganisation_depth_blocks 0.0" in nodes
        everybody = [run.pids(name)[-1] for name in ("follower", "API", "deliverer")]
        over.set()
        assert run.end() == 0
    ends = [line for line in run.lines if re.fullmatch(r"\w+: has ended", line)]
    assert ends == ["API: has ended", "deliverer: has ended", "follower: has ended"]
    assert not any(map(alive, everybody))
    logged = requests(run.lines)
    assert {"/ready", "/v1/events"} <= {line.get("route") for line in logged}
    # No path, no query: what is asked of whom is in no log.
    assert not [line for line in logged if ANN in str(line)]


def test_ctrl_c_ends_all_and_a_mistake_is_told_before(asset: Commands, tmp_path: Path) -> None:
    """Law 121."""
    with running(asset) as run:
        assert run.end(signal.SIGINT) == 0
    rules = tmp_path / "rules.yaml"
    rules.write_text("rules: []\n")
    assert "rules" in asset.refuses("run", "--rules", str(rules))
    assert "are named, and no rules" in asset.refuses("run", "--receivers", str(rules))
    (tmp_path / "empty").mkdir()
    refused = subprocess.run(
        [sys.executable, "-m", "prorata", "run", "--deployment", str(tmp_path / "nowhere")],
        capture_output=True, text=True,
    )  # fmt: skip
    assert refused.returncode == 1
    assert "there is no deployment in" in refused.stderr
