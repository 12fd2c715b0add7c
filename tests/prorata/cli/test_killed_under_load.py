"""Follower and service are killed while blocks come; their clients come back, and miss nothing."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import httpx
import pytest

from prorata.toolchain.anvil import Anvil
from prorata.toolchain.paths import PROJECT_ROOT
from tests.assurance.reorganisations.test_on_anvil import TRANSFER
from tests.prorata.cli.opened import Commands
from tests.prorata.cli.test_supervisor import until
from tests.prorata.service.live.lines import Listener, free_port

pytestmark = pytest.mark.slow

BUILDING = PROJECT_ROOT / "examples" / "building"
PATIENCE = 120
VICTIMS = (("follow",), ("serve",), ("follow", "serve"))


class Process:
    """A command that is begun again after each kill."""

    def __init__(self, commands: Commands, *words: str) -> None:
        self.words = (sys.executable, "-m", "prorata", *words, "--network", commands.anvil.url,
                      "--deployment", str(commands.folder))  # fmt: skip
        self.begin()

    def begin(self) -> None:
        self.process = subprocess.Popen(
            self.words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def kill(self) -> None:
        """Without a word, wherever it is."""
        self.process.kill()
        self.process.wait()


class Load:
    """A block each moment, with one transfer: a share goes from one holder to another and back."""

    def __init__(self, commands: Commands) -> None:
        lines = (BUILDING / "holders.csv").read_text("utf-8").splitlines()[1:3]
        self.holders = [line.split(",")[0] for line in lines]
        self.token = commands.deployment.token().address
        self.anvil = commands.anvil
        self.anvil.rpc("anvil_autoImpersonateAccount", True)
        self.anvil.rpc("evm_setAutomine", False)
        for holder in self.holders:
            self.anvil.rpc("anvil_setBalance", holder, hex(10**21))
        self.mined: list[str] = []
        """The hashes of the blocks, in order."""
        self.over = threading.Event()

    def mine(self) -> None:
        giver, receiver = self.holders if len(self.mined) % 2 == 0 else self.holders[::-1]
        data = f"0x{TRANSFER}{receiver[2:].lower():>064}{1:064x}"
        body = {"from": giver, "to": self.token, "data": data, "gas": hex(300_000)}
        sent = self.anvil.rpc("eth_sendTransaction", body)
        self.anvil.rpc("evm_mine")
        block = self.anvil.rpc("eth_getBlockByNumber", "latest", False)
        assert block["transactions"] == [sent]
        self.mined.append(block["hash"])

    def go_on(self) -> None:
        while not self.over.wait(0.1):
            self.mine()


class Forgetful(Listener):
    """Comes back with an id that is some events old, as one that was killed before it wrote."""

    def forget(self, chance: random.Random) -> None:
        if self.ids:
            self.place = self.ids[-1 - chance.randrange(min(5, len(self.ids)))]


@contextmanager
def staying(client: Listener, address: str, chance: random.Random) -> Iterator[None]:
    """A client that comes back whenever it loses its line."""
    over = threading.Event()

    def stay() -> None:
        while not over.is_set():
            with suppress(httpx.HTTPError):
                client.listen(address, lambda _: over.is_set())
            if isinstance(client, Forgetful):
                client.forget(chance)
            over.wait(0.02)

    thread = threading.Thread(target=stay, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()


@contextmanager
def loaded(load: Load) -> Iterator[None]:
    thread = threading.Thread(target=load.go_on)
    thread.start()
    try:
        yield
    finally:
        load.over.set()
        thread.join()


def hashes(client: Listener) -> list[str]:
    """Of the blocks that it has heard of, while it goes on listening."""
    return [one["hash"] for one in list(client.events)]


def test_no_event_is_lost_and_none_comes_twice_with_another_id(tmp_path) -> None:
    """Law 117: through kills of either and of both; what a client hears again, because it names an
    older place, has the id that it had.
    """
    chance = random.Random(21)
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with Anvil() as anvil:
        commands = Commands(anvil, tmp_path / "HARB12")
        commands.says("deploy", "--asset", str(BUILDING / "asset.yaml"), "--dollar")
        commands.says("issue", str(BUILDING / "holders.csv"))
        commands.says("follow", "--once")
        load, steady, forgetful = Load(commands), Listener(), Forgetful()
        running = {
            "follow": Process(commands, "follow", "--poll", "0.05"),
            "serve": Process(commands, "serve", "--public", "--port", str(port), "--log", "none"),
        }
        try:
            with staying(steady, address, chance), staying(forgetful, address, chance):
                until(lambda: bool(steady.place and forgetful.place), PATIENCE)
                with loaded(load):
                    for victims in VICTIMS:
                        time.sleep(chance.uniform(0.05, 0.6))
                        for name in victims:
                            running[name].kill()
                        for name in victims:
                            running[name].begin()
                        # Both are back when a block is heard of that came after them.
                        now = len(load.mined)
                        until(
                            lambda now=now: any(one in load.mined[now:] for one in hashes(steady)),
                            PATIENCE,
                        )
                last = load.mined[-1]
                for client in (steady, forgetful):
                    until(lambda client=client: last in hashes(client), PATIENCE)
        finally:
            for one in running.values():
                one.kill()
    assert len(load.mined) > 20
    assert hashes(steady) == load.mined
    assert len(set(steady.ids)) == len(steady.ids)
    for event in steady.events:
        assert (event["kind"], [one["name"] for one in event["events"]]) == ("block", ["Transfer"])

    assert len(forgetful.ids) > len(load.mined), "it heard nothing twice, which proves nothing"
    told = dict(zip(steady.ids, steady.events, strict=True))
    assert set(forgetful.ids) == set(told)
    assert [told[one] for one in forgetful.ids] == forgetful.events
