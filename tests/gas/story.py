"""What each operation costs, from fixed inputs on a fresh Anvil: the one source of gas figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from prorata.chain.artifacts import Artifact
from prorata.toolchain.anvil import Anvil
from tests.chainkit import ZERO, AnvilKit, Deployed
from tests.contracts.relayer import HOLDER, PaymentInstruction

START = 2_000_000_000
QUARTER = 7_776_000
UNIT = 10**6
TERMS = (2, 0, 0, ZERO, ZERO, b"\0" * 32, [])

KIT: ContextVar[type[AnvilKit]] = ContextVar("KIT", default=AnvilKit)
"""What sends; `tests/bench` has one that tells the gas at other prices."""


def person(index: int) -> str:
    """An address nobody holds the key of, without zero bytes, as real ones are."""
    return "0x" + (b"\xa5" * 16 + (0x01010101 + index).to_bytes(4, "big")).hex()


@contextmanager
def fresh(artifacts: Mapping[str, Artifact], anvil: Anvil | None = None) -> Iterator[AnvilKit]:
    """A chain on which nothing has happened: an Anvil of its own, or one that is put back after."""
    if anvil is None:
        with Anvil(hardfork="osaka") as own, KIT.get()(own, artifacts) as kit:
            yield kit
        return
    before = anvil.rpc("evm_snapshot")
    with KIT.get()(anvil, artifacts) as kit:
        yield kit
    anvil.rpc("evm_revert", before)


class Clocked:
    """A chain on which each transaction has a block of its own, `step` seconds after the last."""

    step = 12

    def __init__(self, kit: AnvilKit, clock: int = START) -> None:
        self.kit, self.clock = kit, clock

    def tick(self, seconds: int | None = None) -> None:
        """Set the time of the next block."""
        self.clock += self.step if seconds is None else seconds
        self.kit.next_block_at(self.clock)

    def deploy(self, name: str, *args: Any) -> Deployed:
        """Create a contract."""
        self.tick()
        return self.kit.deploy(name, *args)

    def send(self, contract: Deployed, function: str, *args: Any, **options: Any) -> int:
        """Send and return the gas."""
        self.tick()
        sender = options.get("sender")
        if sender and sender not in self.kit.accounts:
            self.kit.impersonate(sender)
        return contract.send(function, *args, **options).gas


class Story(Clocked):
    """One token with some holders, one vault, one dollar."""

    def __init__(self, kit: AnvilKit, holders: int = 300) -> None:
        super().__init__(kit)
        self.issuer = kit.accounts[0]
        terms = ("Harbour Street 12", "HARB", 0, self.issuer, ZERO, ZERO, [self.issuer])
        self.token = self.deploy("ShareToken", terms)
        self.vault = self.deploy("DividendVault")
        self.dollar = self.deploy("Dollar", "Rehearsal dollar", "USDR", 6)
        self.send(self.dollar, "mint", self.issuer, 10**15)
        self.send(self.dollar, "approve", self.vault.address, 2**255)
        self.holders = [person(i) for i in range(holders)]
        self.batches = [
            self.send(self.token, "batchMint", page, [1_000 + i for i in range(len(page))])
            for page in (self.holders[at : at + 100] for at in range(0, holders, 100))
        ]

    def close_record(self) -> int:
        """Schedule a record at the next block's time and let it pass; return its id."""
        self.tick()
        self.token.send("scheduleRecord", self.clock)
        self.tick(QUARTER)
        self.kit.rpc("evm_mine")
        return int(self.token.call("recordCount"))

    def declare(self, record: int, amount: int = 187_654_321_987, currency: str = "") -> int:
        """Declare a distribution in dollars, or in another currency, and return the gas."""
        return self.send(
            self.vault, "declare", self.token.address, record, currency or self.dollar.address,
            amount, TERMS, value=amount if currency == ZERO else 0,
        )  # fmt: skip


def measure(artifacts: Mapping[str, Artifact], anvil: Anvil | None = None) -> dict[str, int]:
    """Play the story and return the gas of each labelled operation."""
    gas: dict[str, int] = {}
    with fresh(artifacts, anvil) as kit:
        story = Story(kit)
        _transfers(story, gas)
        _payments(story, gas)
        _instructions(story, gas)
    return dict(sorted(gas.items()))


def _transfers(story: Story, gas: dict[str, int]) -> None:
    token, (ann, ben, cid, *_) = story.token, story.holders
    gas["deploy: ShareToken"] = token.receipt.gas
    gas["deploy: DividendVault"] = story.vault.receipt.gas
    gas["issue: batch of 100 new holders, per holder"] = story.batches[1] // 100
    gas["transfer: between holders"] = story.send(token, "transfer", ben, 5, sender=ann)
    gas["transfer: to a fresh holder"] = story.send(token, "transfer", person(1_000), 5, sender=ann)
    story.send(token, "approve", cid, 1_000, sender=ann)
    gas["transferFrom: between holders"] = story.send(
        token, "transferFrom", ann, ben, 5, sender=cid
    )
    for number in range(1, 4):
        story.close_record()
        # The first movement of the day counts the record; it is another pair's.
        story.send(token, "transfer", story.holders[11], 1, sender=story.holders[10])
        label = f"transfer: first after record {number}, both accounts"
        gas[label] = story.send(token, "transfer", ben, 5, sender=ann)
    story.close_record()
    gas["transfer: first after a record, counting it"] = story.send(
        token, "transfer", ben, 5, sender=ann
    )


def _payments(story: Story, gas: dict[str, int]) -> None:
    vault, (_, _, _, dan, eve, fay, *_) = story.vault, story.holders
    record = story.close_record()
    gas["declare: first of a token and currency"] = story.declare(record)
    gas["declare: ERC-20"] = story.declare(record)
    gas["claim: one, first ever"] = story.send(vault, "claim", [1], dan)
    gas["claim: one, claimed before"] = story.send(vault, "claim", [2], dan)
    for _ in range(12):
        story.declare(record)
    # Others have claimed before, as they have in life.
    for number in range(3, 15):
        story.send(vault, "claim", [number], fay)
    story.send(vault, "claim", [1], eve)
    gas["claim: twelve of one currency"] = story.send(vault, "claim", list(range(3, 15)), eve)
    story.send(vault, "push", 1, story.holders[100:200])
    gas["push: page of 100 paid before, per holder"] = (
        story.send(vault, "push", 2, story.holders[100:200]) // 100
    )
    gas["declare: native coin"] = story.declare(record, 10**18 + 7, ZERO)
    story.declare(record, 10**18 + 7, ZERO)
    story.send(vault, "claim", [15], fay)
    gas["claim: one in the native coin"] = story.send(vault, "claim", [16], fay)


def _instructions(story: Story, gas: dict[str, int]) -> None:
    """What a relayer pays, as in life: the holder has been paid and has used nonces before."""
    vault, kit = story.vault, story.kit
    desk = kit.at("ClaimRelayer", vault.call("relayer"))
    story.send(story.token, "mint", HOLDER.address, 1_000)
    record = story.close_record()
    first = int(vault.call("distributionCount")) + 1
    for _ in range(16):
        story.declare(record)
    for number in range(first, first + 16):
        story.send(vault, "claim", [number], story.holders[5])
    story.send(vault, "claim", [first], HOLDER.address)
    hook = kit.deploy(
        "PrimaryReinvestment", desk.address, story.issuer, story.token.address,
        story.dollar.address, 10_000,
    )  # fmt: skip
    story.send(story.token, "mint", hook.address, 10**9)
    plain = PaymentInstruction(
        desk, HOLDER.address, HOLDER.address, [], story.holders[1],
        valid_until=2**48, domain={"chainId": 31_337},
    )  # fmt: skip

    def execute(nonce: int, ids: list[int], **others: Any) -> int:
        story.tick()
        return plain.but(nonce=nonce, ids=ids, **others).send().gas

    story.send(story.dollar, "mint", story.holders[1], 1)
    execute(0, [first + 1])
    gas["execute: claim to a wallet"] = execute(1, [first + 2])
    gas["execute: claim to a wallet, nonce in a new word"] = execute(256, [first + 3])
    gas["execute: claim of twelve to a wallet"] = execute(2, list(range(first + 4, first + 16)))
    story.declare(record)
    story.declare(record)
    order = {"hook": hook.address, "data": (1).to_bytes(32, "big")}
    execute(3, [first + 16], **order)
    gas["execute: reinvest in shares"] = execute(4, [first + 17], **order)
