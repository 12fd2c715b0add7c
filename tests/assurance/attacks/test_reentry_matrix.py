"""E3: every external function against every call-out of vault, relayer and share tokens.

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
    AttackSystem,
    CallOut,
    token_call_outs,
    vault_call_outs,
)
from tests.chainkit import ZERO, Codec, Deployed, Events, Receipt, Reverted, RevmKit
from tests.contracts.harness import DAY

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

    def shut_in(self, call_out: CallOut) -> bool:
        """Whether its guard refuses it in this call_out."""
        name = self.contract.name
        return name in call_out.shut and not self.view and self.name not in UNGUARDED[name]


def argument(system: AttackSystem, part: Mapping[str, Any], number: int) -> Any:
    """Something of this name and type: the asset, a distribution, Ann, one, tomorrow."""
    kind, name = part["type"], part["name"]
    if kind.endswith("[]"):
        return [argument(system, {**part, "type": kind[:-2]}, number)]
    if kind == "tuple":
        return tuple(argument(system, inner, number) for inner in part["components"])
    meant = {
        "id": number, "ids": number, "token": system.asset.address, "currency": system.coin.address,
    }  # fmt: skip
    plain = {"address": system.ann, "bool": True, "string": "x", "bytes": b"", "uint256": 1}
    if name in meant or kind in plain:
        return meant.get(name, plain.get(kind))
    if kind.startswith("bytes"):
        return b"\1" * int(kind[5:])
    return system.kit.now + DAY if kind == "uint48" else 1


def entrances_of(system: AttackSystem, *contracts: Deployed) -> Iterator[Entrance]:
    """Every external function of the contracts; of what is about a distribution, about three."""
    numbers = (system.taxed, system.native, system.unpaid)
    for contract in contracts:
        for entry in system.kit.codec.artifacts[contract.name].abi:
            if entry["type"] != "function":
                continue
            name, parts = entry["name"], entry["inputs"]
            view = entry["stateMutability"] in {"view", "pure"}
            # Kept only to refuse, in the name of a function that changes something.
            view = view and name != "renounceOwnership"
            calls = dict.fromkeys(
                system.kit.codec.call(
                    contract.name, name, *(argument(system, part, number) for part in parts)
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


def outcome(call_out: CallOut) -> Outcome:
    """What comes of the transaction."""
    try:
        return Outcome("", call_out.act())
    except Reverted as reverted:
        return Outcome(str(reverted), None)


def read(system: AttackSystem, entrance: Entrance) -> bytes:
    """What a view answers now, or how it refuses."""
    reader = system.kit.accounts[0]
    try:
        return b"yes" + system.kit.read(reader, entrance.contract.address, entrance.call)
    except Reverted as reverted:
        return b"no" + str(reverted).encode()


def check_books(system: AttackSystem) -> None:
    """Law 3 for all distributions, to the unit; law 6 for all tokens."""
    kit, vault = system.kit, system.vault
    for currency, held in (
        (
            system.coin.address,
            kit.at("Dollar", system.coin.address).call("balanceOf", vault.address),
        ),
        (ZERO, kit.balance(vault.address)),
    ):
        due = vault.call("carried", system.asset.address, currency)
        for number in range(1, vault.call("distributionCount") + 1):
            shown = system.figures(number)
            ends = shown["paid"] + shown["owed"] + shown["swept"] + shown["carriedOut"]
            assert shown["amount"] == ends, (number, shown)
            if shown["currency"] == currency:
                due += shown["owed"] + shown["withheld"] - shown["remitted"]
        assert held == due, (currency, held, due)
    for token in (system.token, system.ruled, system.foreign):
        owners = dict.fromkeys(system.owners)
        assert token.call("totalSupply") == sum(token.call("balanceOf", who) for who in owners)


class Matrix:
    """One row of the matrix: a call_out against all entrances."""

    def __init__(
        self, system: AttackSystem, name: str, call_out: CallOut, entrances: list[Entrance]
    ) -> None:
        self.system, self.name, self.call_out, self.entrances = system, name, call_out, entrances
        self.sides: dict[str, dict[str, str]] = {}
        # Of the native coin goes little gas, too little to note what came of it.
        self.judging = call_out.still or not call_out.asked
        views = [entrance for entrance in entrances if entrance.view]
        system.kit.now += call_out.later
        start = system.kit.evm.snapshot()
        self.before = {entrance.key: read(system, entrance) for entrance in views}
        self.control = outcome(call_out)
        self.after = {entrance.key: read(system, entrance) for entrance in views}
        check_books(system)
        system.kit.evm.revert(start)
        assert not self.control.reverted, self.control

    def run(
        self, entrance: Entrance, way: int, expects: tuple[bool, bytes] = (True, ANY)
    ) -> Outcome:
        """The transaction with the call back in its middle. Changes the chain."""
        spy, call_out = self.call_out.spy, self.call_out
        spy.send(
            "lieInWait",
            way,
            call_out.trigger,
            call_out.least,
            entrance.contract.address,
            entrance.call,
        )
        if way == JUDGING:
            spy.send("foresee", *expects)
        return outcome(call_out)

    def came(self, entrance: Entrance, *expects: tuple[bool, bytes]) -> int | None:
        """Which of the expectations was met, where only the interloper can tell.

        All gas of the question burns if none is. That ends the transaction otherwise, unless who
        asked shrugs: then what is impossible to expect shows how it ends.
        """
        burnt = self._judged(entrance, (True, IMPOSSIBLE)) if self.call_out.shrugged else None
        for place, expected in enumerate(expects):
            came = self._judged(entrance, expected)
            if came.events == self.control.events and not (burnt and came.same_as(burnt)):
                return place
        return None

    def _judged(self, entrance: Entrance, expected: tuple[bool, bytes]) -> Outcome:
        start = self.system.kit.evm.snapshot()
        came = self.run(entrance, JUDGING, expected)
        self.system.kit.evm.revert(start)
        return came

    def is_alert(self) -> bool:
        """Whether the interloper calls back at all, and tells."""
        entrance = self.entrances[0]
        burnt = self._judged(entrance, (True, IMPOSSIBLE))
        return burnt.events != self.control.events or self.call_out.shrugged

    def cell(self, entrance: Entrance) -> str:
        """Call back once; what the cell shows."""
        if entrance.view:
            return self._view(entrance)
        if self.call_out.still:
            # Some find nothing to do, and return: what they cannot do is write.
            assert self.came(entrance, (False, ANY), (True, ANY)) is not None
            return "still"
        if entrance.shut_in(self.call_out):
            return self._guarded(entrance)
        return self._open(entrance)

    def _view(self, entrance: Entrance) -> str:
        choices = {"before": self.before[entrance.key], "after": self.after[entrance.key]}
        if self.judging and entrance.name in AHEAD.get(self.name, ()):
            return "ahead"
        if self.judging:
            expects = [self._expectation(response) for response in choices.values()]
            place = self.came(entrance, *expects)
            assert place is not None, f"neither {choices}"
            side = list(choices)[place]
        else:
            start = self.system.kit.evm.snapshot()
            self.run(entrance, NOTING)
            sprung, succeeded, answer = self.call_out.spy.call("whatCame")
            self.system.kit.evm.revert(start)
            assert sprung
            response = b"yes" + answer if succeeded else b"no" + self._error(answer)
            assert response in choices.values(), f"{response!r} is neither of {choices}"
            side = next(side for side, known in choices.items() if known == response)
        if choices["before"] != choices["after"] and entrance.name not in AHEAD.get(self.name, ()):
            self.sides.setdefault(entrance.contract.name, {})[
                f"{entrance.name} {entrance.call.hex()}"
            ] = side
        return side

    def _guarded(self, entrance: Entrance) -> str:
        if self.judging:
            assert self.came(entrance, (False, keccak(GUARD))) == 0, "not refused by the guard"
            return "guard"
        start = self.system.kit.evm.snapshot()
        came = self.run(entrance, NOTING)
        sprung, succeeded, answer = self.call_out.spy.call("whatCame")
        self.system.kit.evm.revert(start)
        assert (bool(sprung), succeeded, answer) == (True, False, GUARD)
        assert came.events == self.control.events
        return "guard"

    def _open(self, entrance: Entrance) -> str:
        start = self.system.kit.evm.snapshot()
        came = self.run(entrance, IGNORING if self.judging else NOTING)
        refused = not self.judging and not self.call_out.spy.call("whatCame")[1]
        # What was refused changed nothing, if the transaction went on as ever.
        if not refused or came.events != self.control.events:
            check_books(self.system)
        self.system.kit.evm.revert(start)
        return "stopped" if came.reverted else "harmless"

    def _expectation(self, response: bytes) -> tuple[bool, bytes]:
        return (True, keccak(response[3:])) if response.startswith(b"yes") else (False, ANY)

    def _error(self, answer: bytes) -> bytes:
        return str(self.system.kit.codec.error(answer)).encode()

    def fill(self) -> dict[str, str]:
        """All cells; complains of every bad one at once."""
        cells, bad = {}, []
        assert self.is_alert()
        for entrance in self.entrances:
            name = f"{entrance.contract.name}.{entrance.name} {entrance.call[4:36].hex()[-2:]}"
            try:
                cells[name] = self.cell(entrance)
            except AssertionError as error:
                bad.append(f"{name}: {str(error)[:400]}")
        for contract, shown in self.sides.items():
            if len(set(shown.values())) > 1:
                bad.append(f"{contract}: some views from before, some from after: {shown}")
        self.system.kit.now -= self.call_out.later
        assert not bad, "\n".join(bad)
        return cells


@pytest.fixture(scope="module")
def codec(artifacts) -> Codec:
    """What encodes and decodes, made once."""
    return Codec(artifacts)


@pytest.fixture(scope="module")
def system(codec) -> AttackSystem:
    """One system for the whole matrix: each cell leaves it as it was."""
    return AttackSystem(RevmKit(codec))


@pytest.fixture(scope="module")
def counted() -> Counter[str]:
    """How many cells showed what."""
    return Counter()


@pytest.mark.attack("E3")
@pytest.mark.parametrize("name", VAULT_CALL_OUTS)
def test_the_vaults_call_outs(system, counted, name):
    """While the vault or its relayer asks or pays, nothing can be had twice, and no view lies."""
    entrances = list(entrances_of(system, system.vault, system.relayer, system.token))
    counted.update(Matrix(system, name, vault_call_outs(system)[name], entrances).fill().values())


@pytest.mark.attack("E3")
@pytest.mark.parametrize("name", TOKEN_CALL_OUTS)
def test_the_tokens_call_outs(system, counted, name):
    """While a token asks or tells its rules and registry, the ledger stays exact."""
    call_out = token_call_outs(system)[name]
    token = system.foreign if call_out.spy in (system.compliance, system.book) else system.ruled
    entrances = list(entrances_of(system, token, system.office, system.lots, system.paper))
    counted.update(Matrix(system, name, call_out, entrances).fill().values())


@pytest.mark.attack("E3")
def test_the_matrix_is_whole(system, counted):
    """No call-out is left out of the lists, and every kind of cell occurs."""
    assert (*vault_call_outs(system), *token_call_outs(system)) == VAULT_CALL_OUTS + TOKEN_CALL_OUTS
    # A run of some of the tests counts some of the cells.
    assert not counted or counted.total() > 150
