"""A trade across two chains as two people carry it out, each by its own journals, on real Anvils.

Ann has shares on the first chain and made the secret; Ben has money on the second. Each of them
does what it can whenever it is asked to, as somebody does who runs the commands again and again,
and stops at every refusal. Nothing is shared between them but the files of terms.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from prorata.assets.asset import Asset
from prorata.chain.artifacts import artifact
from prorata.chain.calls import deploy_call
from prorata.chain.node import RpcChain
from prorata.chain.operator import Operator
from prorata.chain.signers import LocalSigner, public_test_key
from prorata.contracts.currency import Currency
from prorata.contracts.holds import Hold, Holds, HoldState
from prorata.deployments.deployer import deploy
from prorata.deployments.deployment import open_operator
from prorata.errors import InputError
from prorata.market.counterparts import Expected, find_counterpart, find_secret, require_final
from prorata.market.hold_files import HoldFile, read_hold, write_hold
from prorata.market.hold_secrets import lock_of
from prorata.market.holds import claim_hold, place_hold, release_hold
from prorata.market.singletons import deploy_singletons, singleton_address
from prorata.market.windows import Window, check_time_to_show, find_finality
from prorata.toolchain.anvil import Anvil
from tests.prorata.conftest import BUILDING
from tests.prorata.income.killed import Life, Paper

__all__ = ["FINAL", "Ann", "Ben", "Side", "World", "built", "killed"]

ISSUER, ANN, BEN = (LocalSigner(public_test_key(number)) for number in range(3))
FINAL = 21
"""Blocks after which one is final: no reorganisation here is as deep."""
SHARES, MONEY = 100, 5_000_000_000
MARGIN = 3_600
HISTORY = ("--prune-history", "100000")
"""States that Anvil keeps in memory: it cannot go back to one that it has put on the disk."""
WINDOW = 40_000
"""Seconds that Ann's hold lasts."""


@dataclass
class Side:
    """One of the two chains: a node, the token that is traded on it, and the holds contract."""

    anvil: Anvil
    token: str
    chain: RpcChain = field(init=False)

    def __post_init__(self) -> None:
        self.chain = RpcChain(self.anvil.url)

    @property
    def holds(self) -> Holds:
        return Holds(self.chain, singleton_address("Holds"))

    def mine(self, blocks: int = FINAL) -> None:
        self.anvil.rpc("anvil_mine", hex(blocks), hex(1))

    def travel(self, second: int) -> None:
        if second > self.chain.now():
            self.anvil.rpc("evm_setNextBlockTimestamp", second)
            self.anvil.rpc("evm_mine")

    def reorganise(self, depth: int) -> None:
        """Replace so many blocks by empty ones: what was in them is gone."""
        self.anvil.rpc("anvil_reorg", depth, [])
        assert self.anvil.rpc("txpool_status")["pending"] == "0x0"

    @property
    def belongings(self) -> tuple[int, int, int]:
        """What Ann, Ben and the holds contract have of the token."""
        currency = Currency(self.chain, self.token)
        return tuple(currency.balances_of([ANN.address, BEN.address, singleton_address("Holds")]))  # type: ignore[return-value]


@dataclass
class World:
    """Both chains, and a folder for each trade's papers and each person's journals."""

    first: Side
    second: Side
    folder: Path
    number: int = 0

    def trade(self) -> tuple[Ann, Ben]:
        """A new trade between the two, with all that was before long final."""
        self.number += 1
        now = max(self.first.chain.now(), self.second.chain.now()) + 10
        for side in (self.first, self.second):
            side.travel(now)
            side.mine()
        papers = self.folder / str(self.number)
        papers.mkdir()
        secret = self.number.to_bytes(32, "big")
        return Ann(self, papers, secret), Ben(self, papers)

    def end(self, *people: Ann | Ben) -> None:
        """Let all times run out, and whoever is there do what is left to it."""
        for _ in range(2):
            now = max(self.first.chain.now(), self.second.chain.now())
            for side in (self.first, self.second):
                side.travel(now + WINDOW + 10)
                side.mine()
            for person in people:
                person.act()

    @property
    def belongings(self) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
        return self.first.belongings, self.second.belongings


@dataclass
class Person:
    """What both do alike. `refusals` are the sentences that stopped it."""

    world: World
    papers: Path
    refusals: list[str] = field(default_factory=list, init=False)

    name = ""
    signer = ANN

    @contextmanager
    def operator(self, side: Side) -> Iterator[Operator]:
        folder = self.world.folder / self.name / str(side.chain.chain_id)
        folder.mkdir(parents=True, exist_ok=True)
        with open_operator(RpcChain(side.anvil.url), self.signer, folder, timeout=20) as operator:
            yield operator

    def file(self, name: str) -> HoldFile | None:
        path = self.papers / name
        return read_hold(path) if path.exists() else None

    def place(self, side: Side, name: str, terms: Hold) -> None:
        """As the command does: the terms are written first."""
        unit = Currency(side.chain, terms.asset).unit
        write_hold(self.papers / name, HoldFile.of(side.holds, terms, unit))
        with self.operator(side) as operator:
            place_hold(operator, side.holds, terms)

    def act(self) -> bool:
        """Do the next thing that can be done; whether something was."""
        try:
            return self.next()
        except InputError as error:
            self.refusals.append(str(error))
            return False

    def next(self) -> bool:
        raise NotImplementedError

    def release(self, side: Side, file: HoldFile) -> bool:
        """Take back what nobody claimed in time."""
        state, _ = side.holds.state_of(file.id)
        if state is not HoldState.OPEN or side.chain.now() <= file.terms.until:
            return False
        with self.operator(side) as operator:
            release_hold(operator, side.holds, file.terms)
        return True

    def killed_at(self, moment: int) -> bool:
        """Act in a process that kills itself at a moment of its life; whether it came to that."""
        return killed(self.act, moment)


def killed(act: Callable[[], object], moment: int) -> bool:
    """Whether a process that does something came to a moment of its life, and killed itself."""
    child = multiprocessing.get_context("fork").Process(target=_die, args=(act, moment))
    child.start()
    child.join(60)
    assert child.exitcode in (0, -signal.SIGKILL)
    return child.exitcode != 0


def _die(act: Callable[[], object], moment: int) -> None:
    from prorata.chain.sealed_log import SealedLog

    life, append = Life(moment), SealedLog.append

    def torn(self: SealedLog, records: object) -> None:
        if not isinstance(self._file, Paper):
            self._file = Paper(self._file, life)
        append(self, records)

    SealedLog.append = life.around(torn)
    RpcChain.send_raw = life.around(RpcChain.send_raw)
    RpcChain.receipts = life.around(RpcChain.receipts)
    Path.replace = life.around(Path.replace)
    act()
    os._exit(0)


@dataclass
class Ann(Person):
    """Has the shares, and the secret."""

    secret: bytes = b""

    name = "ann"
    signer = ANN

    def next(self) -> bool:
        first, second = self.world.first, self.world.second
        ours, theirs = self.file("shares.json"), self.file("money.json")
        if ours is None or first.holds.state_of(ours.id)[0] is HoldState.NONE:
            until = first.chain.now() + WINDOW
            terms = Hold(
                first.token, ANN.address, BEN.address, SHARES, lock_of(self.secret), until, 0
            )
            self.place(first, "shares.json", terms if ours is None else ours.terms)
            return True
        if self.release(first, ours):
            return True
        if theirs is None or second.holds.state_of(theirs.id)[0] is not HoldState.OPEN:
            return self.settled(second)
        found = find_counterpart(
            second.chain, theirs, Expected(second.token, MONEY, ANN.address), after=FINAL
        )
        require_final(second.holds, theirs, found.finality)
        check_time_to_show(theirs.terms.until, second.chain.now(), found.finality)
        with self.operator(second) as operator:
            claim_hold(operator, second.holds, theirs.terms, self.secret)
        return True

    def settled(self, side: Side) -> bool:
        """See mined what was signed before; nothing else can be done."""
        with self.operator(side) as operator:
            operator.settle()
        return False


@dataclass
class Ben(Person):
    """Has the money, and learns the secret from the claim of it."""

    name = "ben"
    signer = BEN

    def next(self) -> bool:
        first, second = self.world.first, self.world.second
        ours, theirs = self.file("money.json"), self.file("shares.json")
        if theirs is None:
            return False
        if ours is None or second.holds.state_of(ours.id)[0] is HoldState.NONE:
            found = find_counterpart(
                first.chain, theirs, Expected(first.token, SHARES, BEN.address), after=FINAL
            )
            finality = find_finality(second.chain, FINAL)
            until = Window(
                theirs.terms.until, found.finality, finality, second.chain.now(), MARGIN
            ).checked(None if ours is None else ours.terms.until)
            lock = theirs.terms.lock
            terms = Hold(second.token, BEN.address, ANN.address, MONEY, lock, until, 0)
            self.place(second, "money.json", terms)
            return True
        if self.release(second, ours):
            return True
        if first.holds.state_of(theirs.id)[0] is not HoldState.OPEN:
            return False
        if second.holds.state_of(ours.id)[0] not in (HoldState.CLAIMED, HoldState.DELIVERED):
            return False
        secret = find_secret(
            second.chain,
            ours,
            theirs.terms,
            ours_lag=find_finality(first.chain, FINAL).lag,
            after=FINAL,
            now=first.chain.now,
        )
        with self.operator(first) as operator:
            claim_hold(operator, first.holds, theirs.terms, secret)
        return True


# ----------------------------------------------------------------------------------- the two chains


@contextmanager
def built(folder: Path) -> Iterator[World]:
    """Two chains with the market's contracts: shares of Ann's on one, Ben's money on the other."""
    with Anvil(chain_id=31_337, extra=HISTORY) as one, Anvil(chain_id=1_337, extra=HISTORY) as two:
        tokens = []
        for anvil, deploy_token in ((one, _shares), (two, _money)):
            place = folder / "issuer" / anvil.url.rpartition(":")[2]
            with open_operator(RpcChain(anvil.url), ISSUER, place, timeout=20) as operator:
                deploy_singletons(operator)
                tokens.append(deploy_token(operator, place))
        yield World(Side(one, tokens[0]), Side(two, tokens[1]), folder)


def _shares(operator: Operator, place: Path) -> str:
    token = deploy(operator, Asset.load(BUILDING / "asset.yaml"), place).token()
    operator.send_one("issue", token.batch_mint([ANN.address], [9_000]))
    operator.send_one("appoint", token.set_holds_contract(singleton_address("Holds")))
    return token.address


def _money(operator: Operator, _: Path) -> str:
    created = operator.send_one("money", deploy_call(artifact("Dollar"), "Dollar", "USD", 6))
    assert created.contract_address is not None
    currency = Currency(operator.chain, created.contract_address)
    operator.send_one("mint", currency.mint(BEN.address, 10**15))
    return created.contract_address
