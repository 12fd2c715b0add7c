"""The same on a real node: Anvil's own reorganisations, kills by the system, and faulty lines."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from eth_utils.crypto import keccak

from prorata.chain.node import RpcChain
from prorata.deployments.deployment import Deployment
from prorata.errors import ChainError, StoreError
from prorata.store.database import Database
from prorata.store.follower import Follower, Step, Wishes
from prorata.store.sources import follow_deployment
from prorata.store.writer import Writer
from prorata.toolchain.anvil import Anvil
from prorata.toolchain.paths import PROJECT_ROOT
from tests.assurance.faults.ledger_faults import (
    ALWAYS,
    DIALECTS,
    LIES,
    changed,
    finality_missing,
    heads_repeated,
    lagging,
    range_limited,
)
from tests.assurance.faults.proxy import FaultyNode, faulty_node
from tests.assurance.reorganisations.facts import facts_of
from tests.prorata.cli.opened import Commands

BUILDING = PROJECT_ROOT / "examples" / "building"
TRANSFER = keccak(text="transfer(address,uint256)")[:4].hex()
SCHEDULES = 36
DEEPEST = 64
DEPTH = 70


class Asset:
    """An asset on an Anvil, whose holders give each other shares."""

    def __init__(self, anvil: Anvil, commands: Commands) -> None:
        self.anvil, self.commands = anvil, commands
        self.found = Deployment.open(RpcChain(anvil.url), commands.folder)
        self.token = self.found.token().address
        self.holders = [
            line.split(",")[0]
            for line in (BUILDING / "holders.csv").read_text("utf-8").splitlines()[1:5]
        ]
        anvil.rpc("anvil_autoImpersonateAccount", True)
        for holder in self.holders:
            anvil.rpc("anvil_setBalance", holder, hex(10**21))

    @property
    def head(self) -> int:
        return int(self.anvil.rpc("eth_blockNumber"), 16)

    def transfer(self, rng: random.Random) -> None:
        self.anvil.rpc("eth_sendTransaction", self._transfer(rng))

    def _transfer(self, rng: random.Random) -> dict[str, Any]:
        giver, receiver = rng.sample(self.holders, 2)
        data = f"0x{TRANSFER}{receiver[2:].lower():>064}{rng.randint(1, 3):064x}"
        return {"from": giver, "to": self.token, "data": data, "gas": hex(300_000)}

    def live(self, rng: random.Random, blocks: int) -> None:
        """Some blocks with a transfer, and some without any."""
        for _ in range(blocks):
            if rng.random() < 0.6:
                self.transfer(rng)
            else:
                self.anvil.rpc("anvil_mine", hex(rng.randint(1, 2)))
        self.settle()

    def reorganise(self, rng: random.Random, depth: int) -> None:
        """By Anvil's own: other blocks, of which a few have transfers."""
        pairs = [[self._transfer(rng), rng.randrange(depth)] for _ in range(rng.randint(0, 3))]
        self.settle()
        self.anvil.rpc("anvil_reorg", depth, pairs)
        self.settle()

    def settle(self) -> None:
        """Wait until Anvil has mined what it has: what a reorganisation drops waits again.

        A block that it mines meanwhile would be lost, and its number with it.
        """
        quiet, last = 0, ""
        for _ in range(500):
            waits = int(self.anvil.rpc("txpool_status")["pending"], 16)
            if waits:
                self.anvil.rpc("evm_mine")
            head = str(self.anvil.rpc("eth_getBlockByNumber", "latest", False)["hash"])
            quiet = quiet + 1 if head == last and not waits else 0
            if quiet == 3:
                return
            last = head
            time.sleep(0.01)
        raise AssertionError("Anvil does not come to rest")

    def header(self, number: int) -> Any:
        tag = "latest" if number < 0 else hex(number)
        return self.anvil.rpc("eth_getBlockByNumber", tag, False)


@pytest.fixture(scope="module")
def asset(tmp_path_factory) -> Iterator[Asset]:
    with Anvil() as anvil:
        commands = Commands(anvil, tmp_path_factory.mktemp("deployments") / "RIVER7")
        commands.says("deploy", "--asset", str(BUILDING / "asset.yaml"))
        commands.says("issue", str(BUILDING / "holders.csv"))
        made = Asset(anvil, commands)
        # Deeper than any reorganisation, which would take the holders' money for gas from them.
        anvil.rpc("anvil_mine", hex(DEPTH))
        yield made


class Follows:
    """A ledger of the asset, filled through some address of its node."""

    def __init__(self, asset: Asset, place: Path, *urls: str) -> None:
        self.chain = RpcChain(list(urls) if len(urls) > 1 else urls[0])
        self.database = Database.open(str(place), create=True)
        self.said: list[str] = []
        self.writer = Writer.take(
            self.database, self.chain.chain_id, self.chain.genesis_hash, who="test"
        )
        follow_deployment(self.writer, asset.found)
        self.follower = self._follower()

    def _follower(self) -> Follower:
        wishes = Wishes(once=True, poll=0.01, depth=DEPTH, tries=1)
        return Follower(self.chain, self.writer, wishes, say=self.said.append)

    def run(self) -> None:
        self._follower().run()

    def facts(self) -> dict[str, str]:
        return facts_of(self.database)

    def logs(self) -> str:
        return self.facts()["log"]

    def close(self) -> None:
        self.writer.release()
        self.database.close()


@pytest.fixture
def follows(asset, tmp_path) -> Iterator[Any]:
    with ExitStack() as opened:

        def make(name: str, *urls: str) -> Follows:
            made = Follows(asset, tmp_path / f"{name}.db", *(urls or (asset.anvil.url,)))
            opened.callback(made.close)
            return made

        yield make


@pytest.fixture
def line(asset) -> Iterator[FaultyNode]:
    with faulty_node(asset.anvil.url) as node:
        yield node


# ----------------------------------------------------------------------------- reorganisations


def to_the_head(asset: Asset, follower: Follower) -> None:
    """Step until there is nothing more to read.

    Anvil can take blocks away and make none: then it is behind, until its chain goes on.
    """
    for _ in range(2_000):
        step = follower.step()
        if step is Step.IDLE:
            return
        if step is Step.BEHIND:
            asset.anvil.rpc("anvil_mine", "0x1")
    raise AssertionError("the follower does not come to rest")


def test_reorganisations_of_a_real_node(asset, tmp_path):
    """Laws 84 and 86: of 1 to 64 blocks, in a few dozen schedules on one growing chain, with other
    transfers on each branch.
    """
    rng = random.Random("anvil")
    with closing(Follows(asset, tmp_path / "long.db", asset.anvil.url)) as long:
        depths = []
        for number in range(SCHEDULES):
            asset.live(rng, rng.randint(1, 6))
            if rng.random() < 0.8:
                long.follower.step()
            depth = DEEPEST if number == 5 else rng.choice((1, 2, 3, 8, rng.randint(1, DEEPEST)))
            asset.reorganise(rng, depth)
            depths.append(depth)
            if rng.random() < 0.5:
                asset.live(rng, rng.randint(1, 3))
            long.follower = long._follower() if rng.random() < 0.3 else long.follower
            to_the_head(asset, long.follower)
            if number % 3 == 2:
                with closing(Follows(asset, tmp_path / f"{number}.db", asset.anvil.url)) as anew:
                    anew.run()
                    assert anew.facts() == long.facts(), f"schedule {number}, {depths}"
        assert long.writer.stand.undone > SCHEDULES // 2
        assert max(depths) == DEEPEST
        assert sum(int(one.split()[0]) for one in [long.facts()["transfer"]]) > SCHEDULES


# ------------------------------------------------------------------------------- real kills


def command(asset: Asset, place: Path, *more: str) -> list[str]:
    return [
        sys.executable, "-m", "prorata", "follow", "--network", asset.anvil.url, "--deployment",
        str(asset.commands.folder), "--database", str(place), "--poll", "0.05", *more,
    ]  # fmt: skip


def test_a_command_that_the_system_kills_leaves_nothing_behind(asset, tmp_path):
    """Law 86 with a real process, killed at some moment of its life, four times."""
    rng = random.Random("kills")
    place = tmp_path / "killed.db"
    for number in range(4):
        process = subprocess.Popen(
            command(asset, place), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        deadline = time.monotonic() + 60
        while not place.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        for _ in range(rng.randint(1, 8)):
            asset.live(rng, 3)
        if number % 2:
            asset.reorganise(rng, rng.randint(1, 20))
        time.sleep(rng.random())
        assert process.poll() is None, process.communicate()
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    done = subprocess.run(command(asset, place, "--once"), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    with (
        closing(Database.open(str(place))) as killed,
        closing(Follows(asset, tmp_path / "anew.db", asset.anvil.url)) as anew,
    ):
        anew.run()
        assert facts_of(killed) == anew.facts()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_command_that_is_asked_to_end_ends_after_its_page(asset, tmp_path, number):
    """Law 89: its place is free at once, and its code says that all is well."""
    place = tmp_path / "ended.db"
    process = subprocess.Popen(
        command(asset, place), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    while "at the head" not in (said := process.stdout.readline()):
        assert said, process.communicate()
    process.send_signal(number)
    process.communicate(timeout=30)
    assert process.returncode == 0
    with closing(Database.open(str(place))) as opened:
        chain = RpcChain(asset.anvil.url)
        Writer.take(opened, chain.chain_id, chain.genesis_hash, who="next").release()


# ----------------------------------------------------------------------------- faulty lines


@pytest.mark.parametrize("dialect", DIALECTS)
def test_limits_of_ranges_are_kept_in_whatever_words(asset, line, follows, dialect):
    """Law 87: what is read in narrow ranges is what is read in one."""
    line.arm(range_limited(dialect, 7), **ALWAYS)
    narrow, whole = follows("narrow", line.url), follows("whole")
    narrow.run()
    whole.run()
    assert narrow.facts() == whole.facts()


@pytest.mark.parametrize("lie", LIES)
def test_a_second_node_that_lies_is_found(asset, line, follows, lie):
    """Laws 82 and 85: of final blocks; both nodes are named, and nothing is written."""
    line.arm(changed(LIES[lie]), **ALWAYS)
    ledger = follows("lied", asset.anvil.url, line.url)
    before = ledger.logs()
    with pytest.raises(StoreError, match="which is final") as error:
        ledger.run()
    assert line.url in str(error.value)
    assert asset.anvil.url in str(error.value) or "is there twice" in str(error.value)
    assert ledger.logs() == before


@pytest.mark.parametrize("lie", ["one doubled", "another hash"])
def test_what_cannot_be_is_refused_of_the_only_node(asset, line, follows, lie):
    """Law 82: no second opinion is needed."""
    line.arm(changed(LIES[lie]), **ALWAYS)
    ledger = follows("lied", line.url)
    before = ledger.logs()
    with pytest.raises(ChainError, match="an answer that cannot be"):
        ledger.run()
    assert ledger.logs() == before


def test_a_lagging_twin_is_never_taken_for_a_reorganisation(asset, line, follows):
    """Law 85: alone it is waited for; with another node that one is asked."""
    ledger = follows("twin")
    ledger.run()
    line.arm(lagging(9, asset.header), **ALWAYS)
    late = Follower(RpcChain(line.url), ledger.writer, Wishes(depth=DEPTH), say=ledger.said.append)
    assert late.step() is Step.BEHIND
    both = RpcChain([line.url, asset.anvil.url])
    assert Follower(both, ledger.writer, Wishes(depth=DEPTH)).step() in (Step.IDLE, Step.READ)
    assert ledger.writer.stand.undone == 0


def test_heads_that_are_repeated_change_nothing(asset, line, follows):
    """Law 87: the newest block is told three times, and one that was told before once more."""
    line.arm(heads_repeated(3), **ALWAYS)
    ledger, rng = follows("repeated", line.url), random.Random("repeated")
    for _ in range(5):
        asset.live(rng, 2)
        ledger.run()
    line.calm()
    ledger.run()
    anew = follows("anew")
    anew.run()
    assert ledger.facts() == anew.facts()
    assert ledger.writer.stand.undone == 0


def test_a_node_without_finality_is_believed_as_deep_as_was_agreed(asset, line, follows):
    """Law 85: its head, less the depth."""
    line.arm(changed(finality_missing), **ALWAYS)
    ledger = follows("deep", line.url)
    ledger.run()
    assert ledger.writer.stand.final == asset.head - DEPTH
