"""What most tests of the contracts start from, and the few words they share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from eth_utils.address import to_checksum_address

from tests.chainkit import ZERO, Deployed, Receipt, Reverted, RevmKit

DAY = 86_400
NOTHING = b"\0" * 32
RENT = 2
SKIPPED_NOTHING, SKIPPED_CLAIMED, SKIPPED_PAYMENT, SKIPPED_POLICY = range(4)


@contextmanager
def refused(name: str, *values: Any) -> Iterator[None]:
    """The block reverts with exactly this error and these arguments."""
    with pytest.raises(Reverted) as caught:
        yield
    assert (caught.value.name, caught.value.values) == (name, values)


def terms(
    *,
    kind: int = RENT,
    payable_from: int = 0,
    deadline: int = 0,
    sweep_to: str = ZERO,
    tax_policy: str = ZERO,
    document: bytes = NOTHING,
    excluded: Sequence[str] = (),
) -> tuple[Any, ...]:
    """Terms of a distribution, plain unless something is said."""
    return (kind, payable_from, deadline, sweep_to, tax_policy, document, list(excluded))


def person(index: int) -> str:
    """The address of somebody who never sends anything."""
    return to_checksum_address(b"\xa5" * 16 + (0x01010101 + index).to_bytes(4, "big"))


class Harness:
    """One open token of whole shares, whose owner is not an agent and whose agent is not the owner;
    one vault; one dollar of six decimals. Nobody holds a share yet.
    """

    def __init__(
        self, kit: RevmKit, *, decimals: int = 0, rules: str = ZERO, registry: str = ZERO
    ) -> None:
        self.kit = kit
        self.owner, self.agent, self.stranger = kit.accounts[:3]
        self.ann, self.ben, self.cid, self.dan, self.eve, self.collector, self.issuer = (
            kit.accounts[3:10]
        )
        token_terms = (
            "Harbour Street 12",
            "HARB",
            decimals,
            self.owner,
            rules,
            registry,
            [self.agent],
        )
        self.token = kit.deploy("ShareToken", token_terms)
        self.vault = kit.deploy("DividendVault")
        self.dollar = kit.deploy("Dollar", "Rehearsal dollar", "USDR", 6)

    def issue(self, shares: Mapping[str, int]) -> None:
        """Issue shares."""
        self.token.send("batchMint", list(shares), list(shares.values()), sender=self.agent)

    def move(self, giver: str, receiver: str, amount: int) -> Receipt:
        """Transfer shares."""
        return self.token.send("transfer", receiver, amount, sender=giver)

    def passes(self, giver: str, receiver: str, amount: int) -> bool:
        """Whether a transfer would pass, tried and undone."""
        before = self.kit.evm.snapshot()
        try:
            self.move(giver, receiver, amount)
        except Reverted:
            return False
        finally:
            self.kit.evm.revert(before)
        return True

    def schedule(self, closes_at: int | None = None) -> int:
        """Schedule a record, in a day if nothing is said; its id."""
        at = self.kit.now + DAY if closes_at is None else closes_at
        receipt = self.token.send("scheduleRecord", at, sender=self.agent)
        return int(receipt.named("RecordScheduled")[0]["recordId"])

    def close(self) -> int:
        """Schedule a record at the present second and let it close; its id."""
        record = self.schedule(self.kit.now)
        self.kit.now += DAY
        return record

    def fund(self, payer: str, currency: Deployed, amount: int) -> None:
        """Give money to somebody who is about to declare, and its allowance to the vault."""
        currency.send("mint", payer, amount)
        currency.send("approve", self.vault.address, amount, sender=payer)

    def declare(self, record: int, amount: int, **options: Any) -> int:
        """Fund and declare a distribution, as `declaring` does; its id."""
        return int(self.declaring(record, amount, **options).named("Declared")[0]["id"])

    def declaring(
        self,
        record: int,
        amount: int,
        *,
        currency: Deployed | None = None,
        token: Deployed | None = None,
        sender: str | None = None,
        **options: Any,
    ) -> Receipt:
        """Fund and declare a distribution, in dollars if nothing is said; the receipt."""
        payer, money = sender or self.agent, currency or self.dollar
        self.fund(payer, money, amount)
        return self.vault.send(
            "declare", (token or self.token).address, record, money.address, amount,
            terms(**options), sender=payer,
        )  # fmt: skip

    def declare_native(
        self, record: int, amount: int, *, sender: str | None = None, **options: Any
    ) -> int:
        """Declare a distribution of the native coin; its id."""
        receipt = self.vault.send(
            "declare", self.token.address, record, ZERO, amount, terms(**options),
            sender=sender or self.agent, value=amount,
        )  # fmt: skip
        return int(receipt.named("Declared")[0]["id"])

    def claim(self, holder: str, *ids: int, sender: str | None = None) -> Receipt:
        """Claim for a holder, as a stranger if nothing is said."""
        return self.vault.send("claim", list(ids), holder, sender=sender or self.stranger)

    def push(self, distribution: int, *holders: str, sender: str | None = None) -> Receipt:
        """Push to holders, as a stranger if nothing is said."""
        return self.vault.send("push", distribution, list(holders), sender=sender or self.stranger)

    def figures(self, distribution: int) -> dict[str, Any]:
        """What the vault says about a distribution, by name, addresses with their checksum."""
        entry = self.kit.codec.function("DividendVault", "distribution", 1)
        answer = self.vault.call("distribution", distribution)
        return named(entry["outputs"][0]["components"], answer)


def named(components: Sequence[Mapping[str, Any]], values: Sequence[Any]) -> dict[str, Any]:
    """A struct by the names of its members."""
    return {
        part["name"]: _member(part, value) for part, value in zip(components, values, strict=True)
    }


def _member(part: Mapping[str, Any], value: Any) -> Any:
    if part["type"] == "tuple":
        return named(part["components"], value)
    if part["type"] == "address":
        return to_checksum_address(value)
    if part["type"] == "address[]":
        return [to_checksum_address(item) for item in value]
    return value
