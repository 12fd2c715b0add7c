"""What votes cost, from fixed inputs on a fresh Anvil; and the most that one page of them can."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from eth_account import Account

from prorata.chain.artifacts import Artifact
from prorata.toolchain.anvil import Anvil
from tests.chainkit import ZERO, AnvilKit
from tests.contracts.market.voting import (
    AGAINST,
    FOR,
    MOST_EXCLUDED,
    MOST_PARTS,
    MOST_RESOLUTIONS,
    Resolution,
    Terms,
    Vote,
    choices,
)
from tests.gas.story import Clocked, fresh, person

CHAIN_ID = 31_337
DAY = 86_400
PAGE = 100
SHARES = 1_000


class Ballots(Clocked):
    """An open token with so many holders of a thousand shares, at a record that has closed."""

    def __init__(self, kit: AnvilKit, people: Sequence[str]) -> None:
        super().__init__(kit)
        self.owner = kit.accounts[0]
        self.people = list(people)
        terms = ("Harbour", "HARB", 0, self.owner, ZERO, ZERO, [self.owner])
        self.token = self.deploy("ShareToken", terms)
        self.ballot = self.deploy("Ballot")
        for at in range(0, len(self.people), PAGE):
            page = self.people[at : at + PAGE]
            self.send(self.token, "batchMint", page, [SHARES] * len(page))
        self.tick()
        self.token.send("scheduleRecord", self.clock)

    def terms(self, resolutions: int, **changes: Any) -> Terms:
        """A meeting that opens a minute from now."""
        usual = Terms(
            self.token.address, 1, self.clock + 60, self.clock + 9 * DAY, 2_500,
            resolutions=(Resolution(),) * resolutions, document=b"\xdd" * 32,
        )  # fmt: skip
        return usual.but(**changes)

    def convene(self, resolutions: int, **changes: Any) -> int:
        """Convene a meeting, and let it open; the gas."""
        gas = self.send(self.ballot, "convene", self.terms(resolutions, **changes).told)
        self.clock += 120
        return gas

    def tell(self, function: str, *args: Any, sender: str = "") -> int:
        """Call the contract; the gas."""
        options = {"sender": sender} if sender else {}
        return self.send(self.ballot, function, *args, **options)


def measure(artifacts: Mapping[str, Artifact], anvil: Anvil | None = None) -> dict[str, int]:
    """The gas of each labelled operation."""
    gas: dict[str, int] = {}
    with fresh(artifacts, anvil) as kit:
        key = Account.from_key("0x" + "a5" * 32)
        stage = Ballots(kit, [*(person(i) for i in range(12)), key.address])
        gas["deploy: Ballot"] = stage.ballot.receipt.gas
        for number, resolutions in enumerate((1, 5, 20), 1):
            _vote(stage, gas, number, resolutions)
        _paths(stage, gas, key)
    return gas


def _vote(stage: Ballots, gas: dict[str, int], number: int, resolutions: int) -> None:
    plural = f"{resolutions} resolution{'s' * (resolutions > 1)}"
    stage_gas = stage.convene(resolutions)
    gas[f"convene: {plural}"] = stage_gas
    ann, ben, cid, *_ = stage.people
    yes, no = (choices(*(choice,) * resolutions) for choice in (FOR, AGAINST))
    # Somebody has voted for everything before, and somebody against.
    stage.tell("vote", number, ann, yes, sender=ann)
    stage.tell("vote", number, ben, no, sender=ben)
    gas[f"vote: {plural}"] = stage.tell("vote", number, cid, yes, sender=cid)
    gas[f"vote: anew, {plural}"] = stage.tell("vote", number, cid, no, sender=cid)


def _paths(stage: Ballots, gas: dict[str, int], key: Any) -> None:
    """The other ways to vote, at the meeting of one resolution."""
    dan, eve, fay, gus, *_ = stage.people[3:]
    stage.tell("appoint", 1, dan, eve, sender=dan)
    gas["appoint: a proxy"] = stage.tell("appoint", 1, fay, eve, sender=fay)
    gas["vote: by a proxy"] = stage.tell("vote", 1, fay, choices(FOR), sender=eve)
    gas["vote: own, in place of the proxy's"] = stage.tell("vote", 1, fay, choices(FOR), sender=fay)
    parts = [(400, choices(FOR)), (350, choices(AGAINST)), (250, 0)]
    gas["vote: split in 3"] = stage.tell("voteSplit", 1, gus, parts, [], sender=gus)
    gas["vote: split in 3 anew"] = stage.tell(
        "voteSplit", 1, gus, list(reversed(parts)), parts, sender=gus
    )
    signed = Vote(1, key.address, key.address, stage.clock, choices(FOR))
    signature = signed.signed(stage.ballot.address, key, CHAIN_ID)
    gas["vote: signed, brought by another"] = stage.tell(
        "castMany", [signed.told], [signature], [[]]
    )
    stage.send(stage.ballot, "convene", stage.terms(1).told)
    gas["cancel: a meeting"] = stage.tell("cancel", 4, b"\xdd" * 32)
    stage.clock += 10 * DAY
    gas["declare: 20 resolutions"] = stage.tell("declare", 3)


def worst(kit: AnvilKit) -> dict[str, int]:
    """Pages of signed votes on 60 resolutions, and the longest split."""
    gas: dict[str, int] = {}
    keys = [
        Account.from_key((0xA5 << 240 | 7919 * (i + 1)).to_bytes(32, "big")) for i in range(PAGE)
    ]
    stage = Ballots(kit, [key.address for key in keys])
    excluded = tuple(person(700 + i) for i in range(MOST_EXCLUDED))
    gas["convene: 60 resolutions, 32 excluded accounts"] = stage.convene(
        MOST_RESOLUTIONS, excluded=excluded
    )
    for label, choice in (("first", FOR), ("turned round", AGAINST)):
        votes = [
            Vote(1, key.address, key.address, stage.clock, choices(*[choice] * MOST_RESOLUTIONS))
            for key in keys
        ]
        signatures = [
            vote.signed(stage.ballot.address, key, CHAIN_ID)
            for vote, key in zip(votes, keys, strict=True)
        ]
        gas[f"cast: a page of {PAGE} on 60 resolutions, {label}"] = stage.tell(
            "castMany", [vote.told for vote in votes], signatures, [[]] * PAGE
        )
        stage.clock += 60
    _split(stage, gas)
    stage.clock += 10 * DAY
    gas["declare: 60 resolutions, 32 excluded accounts"] = stage.tell("declare", 1)
    return gas


def _split(stage: Ballots, gas: dict[str, int]) -> None:
    ann = stage.people[0]
    halves = [
        [(3, choices(*[(i + at + turn) % 2 + 1 for at in range(MOST_RESOLUTIONS)]))
         for i in range(MOST_PARTS)]
        for turn in range(2)
    ]  # fmt: skip
    stage.tell("voteSplit", 1, ann, halves[0], [], sender=ann)
    # From even sums to others: every resolution is written.
    other = [(2 + i % 3, 2 * (4**MOST_RESOLUTIONS // 3)) for i in range(MOST_PARTS)]
    gas["vote: split in 256 anew, on 60 resolutions"] = stage.tell(
        "voteSplit", 1, ann, other, halves[0], sender=ann
    )
