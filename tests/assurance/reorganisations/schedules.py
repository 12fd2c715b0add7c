"""Random schedules: what a chain, its nodes, a machine and people may do to a ledger, in any order.

After each schedule the ledger is led to the head, and its facts are those of a ledger that was made
anew. A schedule is drawn from its seed, and is told in words when it fails.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

from sqlalchemy import event

from prorata.chain import pool
from prorata.errors import ChainError
from prorata.store import bulk, writer
from prorata.store.database import Database
from prorata.store.digest import digest_of
from prorata.store.follower import Follower, Step, Wishes
from prorata.store.reading import MovedError
from prorata.store.writer import Writer
from tests.assurance.reorganisations.facts import facts_of
from tests.assurance.reorganisations.model import (
    CHAIN_ID,
    Killed,
    ModelChain,
    ModelNode,
    chain_of,
)
from tests.prorata.store.made_logs import OTHER, TOKEN, VAULT

__all__ = [
    "DEEPEST",
    "Countdown",
    "Schedule",
    "World",
    "built_anew",
    "kills_at_writes",
    "the_process_has_ended",
]

DEEPEST = 64
FIRST_BLOCK = {TOKEN: 1, OTHER: 1, VAULT: 1}
KINDS = {TOKEN: "ShareToken", OTHER: "ShareToken", VAULT: "DividendVault"}
NAMES = {TOKEN: "Harbour", OTHER: "Orchard"}
TRIES = 400
# Each process would compile its statements anew, which takes half of the time.
COMPILED: dict[Any, Any] = {}


@dataclass
class Countdown:
    """Ends the process at a moment: every request and every write is one."""

    left: int | None = None
    passed: int = 0

    def tick(self) -> None:
        self.passed += 1
        if self.left is None:
            return
        self.left -= 1
        if self.left <= 0:
            self.left = None
            raise Killed


@contextmanager
def kills_at_writes(countdown: Countdown) -> Iterator[None]:
    """Each statement, each bulk insert, each commit, and the moment after it, is a moment."""
    insert, writing = bulk.insert, Database.writing

    def inserted(*arguments: Any) -> None:
        countdown.tick()
        insert(*arguments)

    @contextmanager
    def written(self: Database, **options: Any) -> Iterator[Any]:
        with writing(self, **options) as connection:
            yield connection
            countdown.tick()
        countdown.tick()

    with (
        mock.patch.object(bulk, "insert", inserted),
        mock.patch.object(Database, "writing", written),
    ):
        yield


@contextmanager
def the_process_has_ended() -> Iterator[None]:
    """Who was killed in this process lives no more; nobody waits for what is not there."""
    with (
        mock.patch.object(writer, "lives", return_value=False),
        mock.patch.object(pool, "BEHIND_AFTER_SECONDS", ()),
        mock.patch.object(pool, "REST_SECONDS", 0.0),
    ):
        yield


class World:
    """A chain, its nodes, and a ledger at `place` that a process fills, until it is killed."""

    def __init__(self, chain: ModelChain, nodes: list[ModelNode], place: str) -> None:
        self.chain, self.nodes, self.place = chain, nodes, place
        self.countdown = Countdown()
        self.said: list[str] = []
        self.database: Database | None = None
        self.writer: Writer | None = None
        self.follower: Follower | None = None
        for node in nodes:
            node.before = self.countdown.tick

    # ---------------------------------------------------------------------------- the process

    def start(self) -> Follower:
        """The process, begun if it is not there."""
        if self.follower is None:
            rpc = chain_of(*self.nodes)
            self.database = Database.open(self.place, create=True)
            self.database.engine.update_execution_options(compiled_cache=COMPILED)
            event.listen(
                self.database.engine, "before_cursor_execute", lambda *_: self.countdown.tick()
            )
            self.writer = Writer.take(self.database, CHAIN_ID, rpc.genesis_hash, who="follow")
            self.follower = Follower(rpc, self.writer, Wishes(), say=self.said.append)
        return self.follower

    def end(self) -> None:
        """Killed or not, nothing of the process is left."""
        if self.database is not None:
            self.database.close()
        self.follower = self.writer = self.database = None

    def add(self, *addresses: str) -> None:
        """Follow contracts, with the assets that they serve."""
        self.start()
        assert self.writer is not None
        tokens = [one for one in addresses if one in NAMES]
        for token in tokens:
            self.writer.add_asset(token, NAMES[token], NAMES[token][:3].upper(), 0)
        known = {token: self.writer.add_asset(token, "", "", 0) for token in self._followed(tokens)}
        for address in addresses:
            served = [known[address]] if address in known else list(known.values())
            self.writer.add_source(
                address,
                KINDS[address],
                ours=True,
                first_block=FIRST_BLOCK[address],
                assets=served,
                head=self.chain.head,
            )

    def _followed(self, tokens: list[str]) -> list[str]:
        assert self.writer is not None
        there = [source.address for source in self.writer.sources() if source.address in NAMES]
        return list(dict.fromkeys((*there, *tokens)))

    def step(self) -> Step | None:
        """One step; None when the node could not be asked, or the chain moved meanwhile."""
        try:
            return self.start().step()
        except (MovedError, ChainError):
            return None

    def survive(self, act: Callable[[], Any]) -> bool:
        """Do it; whether the process lived through it."""
        try:
            act()
        except Killed:
            self.end()
            return False
        return True

    def to_head(self) -> None:
        """Until there is nothing to be read."""
        for _ in range(TRIES):
            if self.step() is Step.IDLE:
                return
        raise AssertionError(f"never at the head: {self.said[-5:]}")

    def digest(self) -> dict[str, str]:
        """Of each table, as the product says it, and as `facts_of` does, with all cursors."""
        genesis = f"0x{self.chain.hashes[0].hex()}"
        with closing(Database.open(self.place)) as database:
            said = digest_of(database, CHAIN_ID, genesis)
            return {f"digest of {name}": one for name, one in said.items()} | facts_of(database)


def built_anew(chain: ModelChain, place: str, *, finalized: bool) -> World:
    """A ledger of the chain as it is now, by a process that nobody disturbs."""
    world = World(chain, [ModelNode(chain, finalized=finalized)], place)
    world.add(TOKEN, OTHER, VAULT)
    world.to_head()
    return world


@dataclass
class Schedule:
    """What happens, from a seed; `told` are its words."""

    seed: int
    told: list[str] = field(default_factory=list)

    def play(self, place: str) -> World:
        """The world after all of it, at the head."""
        rng = self.rng = random.Random(f"schedule {self.seed}")
        chain = ModelChain(self.seed)
        tells = rng.random() < 0.7
        nodes = [ModelNode(chain, finalized=tells) for _ in range(rng.choice((1, 1, 2, 3)))]
        self.world = world = World(chain, nodes, place)
        self.tells = tells
        self.added = [TOKEN]
        self.highest = 0
        self._grow(rng.choice((1, 5, 40, 150)))
        with kills_at_writes(world.countdown):
            world.add(*self.added)
            for _ in range(rng.randint(6, 14)):
                self._act()
            self._end()
        return world

    def _act(self) -> None:
        acts = (
            (5, self._mine), (5, self._steps), (4, self._reorganise), (4, self._kill),
            (2, self._add), (1, self._restart), (1, self._lag), (1, self._to_final),
            (1, self._limit),
        )  # fmt: skip
        [act] = self.rng.choices([a for _, a in acts], weights=[w for w, _ in acts])
        act()

    def _say(self, what: str) -> None:
        self.told.append(what)

    # --------------------------------------------------------------------------------- the chain

    def _grow(self, count: int) -> None:
        self.world.chain.grow(count)
        self._finalise()

    def _finalise(self) -> None:
        """By the node's word now and then; without it as deep below the newest as is agreed."""
        chain = self.world.chain
        self.highest = max(self.highest, chain.head)
        if not self.tells:
            chain.finalise(max(0, self.highest - DEEPEST))
        elif chain.head - chain.final > DEEPEST or self.rng.random() < 0.3:
            chain.finalise(chain.head - self.rng.randint(1, DEEPEST))

    def _mine(self) -> None:
        count = self.rng.choice((1, 1, 2, 7, 30))
        self._say(f"mine {count}")
        self._grow(count)

    def _reorganise(self, depth: int | None = None) -> None:
        chain = self.world.chain
        most = min(DEEPEST, chain.head - chain.final)
        if most < 1:
            return
        depth = depth or self.rng.randint(1, most)
        count = max(0, depth + self.rng.choice((-3, -1, 0, 1, 1, 5)))
        self._say(f"replace {depth} blocks by {count}")
        chain.replace(depth, count)
        self._finalise()

    def _to_final(self) -> None:
        chain = self.world.chain
        if 0 < chain.head - chain.final <= DEEPEST:
            self._reorganise(chain.head - chain.final)

    # -------------------------------------------------------------------------------- the process

    def _steps(self) -> None:
        count = self.rng.choice((1, 2, 5, 30))
        self._say(f"{count} steps")
        for _ in range(count):
            if self.world.step() is Step.IDLE:
                return

    def _kill(self) -> None:
        """At some request or write from now on; the chain may move before it begins again."""
        world = self.world
        world.end()
        world.countdown.left = self.rng.choice((1, 2, 3, 5, 9, 17, 33, 65, 120))
        self._say(f"kill at moment {world.countdown.left}")
        world.survive(lambda: [world.step() for _ in range(12)])
        world.countdown.left = None
        world.end()

    def _restart(self) -> None:
        self._say("restart")
        self.world.end()

    def _add(self) -> None:
        """The second asset, or the vault that both have, long after its first block."""
        if missing := [one for one in (OTHER, VAULT) if one not in self.added]:
            address = self.rng.choice(missing)
            self._say(f"add {KINDS[address]} {address[:4]}")
            self.added.append(address)
            self.world.add(address)

    # ---------------------------------------------------------------------------------- the nodes

    def _lag(self) -> None:
        node = self.rng.choice(self.world.nodes)
        node.lag = self.rng.choice((0, 0, 1, 3, 20))
        self._say(f"node {self.world.nodes.index(node)} lags by {node.lag}")

    def _limit(self) -> None:
        most = self.rng.choice((1, 3, 10, 1_000))
        self._say(f"ranges of {most} blocks")
        for node in self.world.nodes:
            node.refuse = lambda first, last, _: (
                f"block range is too large, max is {most}" if last - first + 1 > most else None
            )

    def _end(self) -> None:
        """All nodes are well, all contracts are followed, and the chain is past all that it was."""
        world = self.world
        for node in world.nodes:
            node.lag = 0
        missing = [one for one in (OTHER, VAULT) if one not in self.added]
        if missing:
            world.add(*missing)
        self._grow(max(1, self.highest + 1 - world.chain.head))
        world.end()
        world.to_head()
