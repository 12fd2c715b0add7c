"""E3: every external function against every call-out of the vault, its desk and the share tokens.

In the middle of each call-out, whoever is called calls each function back. A function of a contract
whose guard is shut refuses. In the middle of a question nothing can be written. A view says what it
said before or what it will say afterwards, and all views of a contract are on the same side. What
gets through otherwise leaves books that balance (laws 3 and 6).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from eth_utils.crypto import keccak

from tests.assurance.attacks.reentry import (
    DESK,
    TOKEN_CALL_OUTS,
    VAULT,
    VAULT_CALL_OUTS,
    Scene,
    World,
    token_scenes,
    vault_scenes,
)
from tests.chainkit import ZERO, Codec, Deployed, Events, Receipt, Reverted, RevmKit
from tests.contracts.stage import DAY

pytestmark = pytest.mark.slow

GUARD = bytes.fromhex("3ee5aeb5")  # ReentrancyGuardReentrantCall()
NOTING, JUDGING, IGNORING = range(3)
UNGUARDED = {
    VAULT: {"setPayee"},
    DESK: {"cancel"},
}
AHEAD = {
    # New shares are in the supply when rules and registry are asked: a batch counts once.
    "mint, book": {"totalSupply"},
    "mint, isVerified": {"totalSupply"},
    # The number is given before the token is asked who may pass the carry on.
    "declare, agent": {"distributionCount"},
    "declare, owner": {"distributionCount"},
    # What is withheld of the first is booked when the second is asked for, what is paid at the end.
    "claim of two, tax": {"distribution"},
}
"""Views that are ahead of the others, told only to who is asked: a token's own rules, or the token
itself, or the policy that the terms name."""

IMPOSSIBLE = b"\1" * 32
ANY = b"\0" * 32


@dataclass(frozen=True)
class Entrance:
    """A function of a contract, with arguments that mean something."""

    contract: Deployed
    name: str
    view: bool
    call: bytes

    @property
    def key(self) -> tuple[str, bytes]:
        """Two contracts may have the same function."""
        return self.contract.address, self.call

    def shut_in(self, scene: Scene) -> bool:
        """Whether its guard refuses it in this scene."""
        name = self.contract.name
        return name in scene.shut and not self.view and self.name not in UNGUARDED[name]


def argument(world: World, part: Mapping[str, Any], number: int) -> Any:
    """Something of this name and type: the asset, a distribution, Ann, one, tomorrow."""
    kind, name = part["type"], part["name"]
    if kind.endswith("[]"):
        return [argument(world, {**part, "type": kind[:-2]}, number)]
    if kind == "tuple":
        return tuple(argument(world, inner, number) for inner in part["components"])
    meant = {
        "id": number, "ids": number, "token": world.asset.address, "currency": world.coin.address,
    }  # fmt: skip
    plain = {"address": world.ann, "bool": True, "string": "x", "bytes": b"", "uint256": 1}
    if name in meant or kind in plain:
        return meant.get(name, plain.get(kind))
    if kind.startswith("bytes"):
        return b"\1" * int(kind[5:])
    return world.kit.now + DAY if kind == "uint48" else 1


def entrances(world: World, *contracts: Deployed) -> Iterator[Entrance]:
    """Every external function of the contracts; of what is about a distribution, about three."""
    numbers = (world.taxed, world.native, world.unpaid)
    for contract in contracts:
        for entry in world.kit.codec.artifacts[contract.name].abi:
            if entry["type"] != "function":
                continue
            name, parts = entry["name"], entry["inputs"]
            view = entry["stateMutability"] in {"view", "pure"}
            # Kept only to refuse, in the name of a function that changes something.
            view = view and name != "renounceOwnership"
            calls = dict.fromkeys(
                world.kit.codec.call(
                    contract.name, name, *(argument(world, part, number) for part in parts)
                )
                for number in numbers
            )
            yield from (Entrance(contract, name, view, call) for call in calls)


@dataclass(frozen=True)
class Outcome:
    """What came of a transaction: it was refused, or it left a receipt."""

    reverted: str
    receipt: Receipt | None

    @property
    def events(self) -> Events:
        """What was told."""
        return self.receipt.events if self.receipt else ()

    def same_as(self, other: Outcome) -> bool:
        """Whether both ended alike, to the last unit of gas."""
        used = [it.receipt.gas if it.receipt else None for it in (self, other)]
        return self.reverted == other.reverted and used[0] == used[1]


def outcome(scene: Scene) -> Outcome:
    """What comes of the transaction."""
    try:
        return Outcome("", scene.act())
    except Reverted as reverted:
        return Outcome(str(reverted), None)


def read(world: World, entrance: Entrance) -> bytes:
    """What a view answers now, or how it refuses."""
    reader = world.kit.accounts[0]
    try:
        return b"yes" + world.kit.read(reader, entrance.contract.address, entrance.call)
    except Reverted as reverted:
        return b"no" + str(reverted).encode()


def check_books(world: World) -> None:
    """Law 3 for all distributions, to the unit; law 6 for all tokens."""
    kit, vault = world.kit, world.vault
    for currency, held in (
        (world.coin.address, kit.at("Dollar", world.coin.address).call("balanceOf", vault.address)),
        (ZERO, kit.balance(vault.address)),
    ):
        due = vault.call("carried", world.asset.address, currency)
        for number in range(1, vault.call("distributionCount") + 1):
            told = world.figures(number)
            ends = told["paid"] + told["owed"] + told["swept"] + told["carriedOut"]
            assert told["amount"] == ends, (number, told)
            if told["currency"] == currency:
                due += told["owed"] + told["withheld"] - told["remitted"]
        assert held == due, (currency, held, due)
    for token in (world.token, world.ruled, world.foreign):
        owners = dict.fromkeys(world.owners)
        assert token.call("totalSupply") == sum(token.call("balanceOf", who) for who in owners)


class Matrix:
    """One row of the matrix: a scene against all entrances."""

    def __init__(self, world: World, name: str, scene: Scene, doors: list[Entrance]) -> None:
        self.world, self.name, self.scene, self.doors = world, name, scene, doors
        self.sides: dict[str, dict[str, str]] = {}
        # Of the native coin goes little gas, too little to note what came of it.
        self.judging = scene.still or not scene.asked
        views = [door for door in doors if door.view]
        world.kit.now += scene.later
        start = world.kit.evm.snapshot()
        self.before = {door.key: read(world, door) for door in views}
        self.control = outcome(scene)
        self.after = {door.key: read(world, door) for door in views}
        check_books(world)
        world.kit.evm.revert(start)
        assert not self.control.reverted, self.control

    def run(self, door: Entrance, way: int, expects: tuple[bool, bytes] = (True, ANY)) -> Outcome:
        """The transaction with the call back in its middle. Changes the chain."""
        spy, scene = self.scene.spy, self.scene
        spy.send("lieInWait", way, scene.trigger, scene.least, door.contract.address, door.call)
        if way == JUDGING:
            spy.send("foresee", *expects)
        return outcome(scene)

    def came(self, door: Entrance, *expects: tuple[bool, bytes]) -> int | None:
        """Which of the expectations was met, where only the interloper can tell.

        All gas of the question burns if none is. That ends the transaction otherwise, unless who
        asked shrugs: then what is impossible to expect shows how it ends.
        """
        burnt = self._judged(door, (True, IMPOSSIBLE)) if self.scene.shrugged else None
        for place, expected in enumerate(expects):
            came = self._judged(door, expected)
            if came.events == self.control.events and not (burnt and came.same_as(burnt)):
                return place
        return None

    def _judged(self, door: Entrance, expected: tuple[bool, bytes]) -> Outcome:
        start = self.world.kit.evm.snapshot()
        came = self.run(door, JUDGING, expected)
        self.world.kit.evm.revert(start)
        return came

    def is_alert(self) -> bool:
        """Whether the interloper calls back at all, and tells."""
        door = self.doors[0]
        burnt = self._judged(door, (True, IMPOSSIBLE))
        return burnt.events != self.control.events or self.scene.shrugged

    def cell(self, door: Entrance) -> str:
        """Call back once; what the cell shows."""
        if door.view:
            return self._view(door)
        if self.scene.still:
            # Some find nothing to do, and return: what they cannot do is write.
            assert self.came(door, (False, ANY), (True, ANY)) is not None
            return "still"
        if door.shut_in(self.scene):
            return self._guarded(door)
        return self._open(door)

    def _view(self, door: Entrance) -> str:
        choices = {"before": self.before[door.key], "after": self.after[door.key]}
        if self.judging and door.name in AHEAD.get(self.name, ()):
            return "ahead"
        if self.judging:
            expects = [self._expectation(said) for said in choices.values()]
            place = self.came(door, *expects)
            assert place is not None, f"neither {choices}"
            side = list(choices)[place]
        else:
            start = self.world.kit.evm.snapshot()
            self.run(door, NOTING)
            sprung, succeeded, answer = self.scene.spy.call("whatCame")
            self.world.kit.evm.revert(start)
            assert sprung
            said = b"yes" + answer if succeeded else b"no" + self._error(answer)
            assert said in choices.values(), f"{said!r} is neither of {choices}"
            side = next(side for side, known in choices.items() if known == said)
        if choices["before"] != choices["after"] and door.name not in AHEAD.get(self.name, ()):
            self.sides.setdefault(door.contract.name, {})[f"{door.name} {door.call.hex()}"] = side
        return side

    def _guarded(self, door: Entrance) -> str:
        if self.judging:
            assert self.came(door, (False, keccak(GUARD))) == 0, "not refused by the guard"
            return "guard"
        start = self.world.kit.evm.snapshot()
        came = self.run(door, NOTING)
        sprung, succeeded, answer = self.scene.spy.call("whatCame")
        self.world.kit.evm.revert(start)
        assert (bool(sprung), succeeded, answer) == (True, False, GUARD)
        assert came.events == self.control.events
        return "guard"

    def _open(self, door: Entrance) -> str:
        start = self.world.kit.evm.snapshot()
        came = self.run(door, IGNORING if self.judging else NOTING)
        refused = not self.judging and not self.scene.spy.call("whatCame")[1]
        # What was refused changed nothing, if the transaction went on as ever.
        if not refused or came.events != self.control.events:
            check_books(self.world)
        self.world.kit.evm.revert(start)
        return "stopped" if came.reverted else "harmless"

    def _expectation(self, said: bytes) -> tuple[bool, bytes]:
        return (True, keccak(said[3:])) if said.startswith(b"yes") else (False, ANY)

    def _error(self, answer: bytes) -> bytes:
        return str(self.world.kit.codec.error(answer)).encode()

    def fill(self) -> dict[str, str]:
        """All cells; complains of every bad one at once."""
        cells, bad = {}, []
        assert self.is_alert()
        for door in self.doors:
            name = f"{door.contract.name}.{door.name} {door.call[4:36].hex()[-2:]}"
            try:
                cells[name] = self.cell(door)
            except AssertionError as error:
                bad.append(f"{name}: {str(error)[:400]}")
        for contract, told in self.sides.items():
            if len(set(told.values())) > 1:
                bad.append(f"{contract}: some views from before, some from after: {told}")
        self.world.kit.now -= self.scene.later
        assert not bad, "\n".join(bad)
        return cells


@pytest.fixture(scope="module")
def codec(artifacts) -> Codec:
    """What encodes and decodes, made once."""
    return Codec(artifacts)


@pytest.fixture(scope="module")
def world(codec) -> World:
    """One world for the whole matrix: each cell leaves it as it was."""
    return World(RevmKit(codec))


@pytest.fixture(scope="module")
def counted() -> Counter[str]:
    """How many cells showed what."""
    return Counter()


@pytest.mark.parametrize("name", VAULT_CALL_OUTS)
def test_E3_the_vaults_call_outs(world, counted, name):
    """While the vault or its desk asks or pays, nothing can be had twice, and no view lies."""
    doors = list(entrances(world, world.vault, world.desk, world.token))
    counted.update(Matrix(world, name, vault_scenes(world)[name], doors).fill().values())


@pytest.mark.parametrize("name", TOKEN_CALL_OUTS)
def test_E3_the_tokens_call_outs(world, counted, name):
    """While a token asks or tells its rules and registry, the ledger stays exact."""
    scene = token_scenes(world)[name]
    token = world.foreign if scene.spy in (world.compliance, world.book) else world.ruled
    doors = list(entrances(world, token, world.office, world.lots, world.paper))
    counted.update(Matrix(world, name, scene, doors).fill().values())


def test_E3_the_matrix_is_whole(world, counted):
    """No call-out is left out of the lists, and every kind of cell occurs."""
    assert (*vault_scenes(world), *token_scenes(world)) == VAULT_CALL_OUTS + TOKEN_CALL_OUTS
    # A run of some of the tests counts some of the cells.
    assert not counted or counted.total() > 150
