"""The harness of every example: its own chain, people with names, and a careful look at them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from hypothesis import settings

from tests.chainkit import ZERO, Codec, Deployed, Reverted, RevmKit
from tests.model.outcomes import NOBODY, Refused

Ask = Callable[..., bytes]

calldata = lru_cache(maxsize=65_536)(Codec.call)
result = lru_cache(maxsize=65_536)(Codec.result)


def word(value: int) -> bytes:
    """An unsigned integer as the ABI has it."""
    return value.to_bytes(32, "big")


def terms_of(
    *,
    kind: int = 0,
    payable_from: int = 0,
    deadline: int = 0,
    sweep_to: str = NOBODY,
    policy: str = NOBODY,
    excluded: Iterable[str] = (),
) -> tuple[Any, ...]:
    """A declaration's terms as the vault takes them; for a document's hash, the kind's word."""
    return (kind, payable_from, deadline, sweep_to, policy, word(kind), list(excluded))


def read(answer: bytes) -> tuple[int, ...]:
    """The words of an answer, for a failure that can be read."""
    return tuple(int.from_bytes(answer[i : i + 32], "big") for i in range(0, len(answer), 32))


def scaled(factor: int, **others: Any) -> settings:
    """So many times the examples of the profile in force: quick stays quick, deep goes deep."""
    examples = factor * settings().max_examples
    return settings(max_examples=examples, report_multiple_bugs=False, **others)


class Harness:
    """A new EVM, on which accounts and contracts go by short names."""

    def __init__(self, codec: Codec, people: tuple[str, ...]) -> None:
        self.codec = codec
        self.kit = RevmKit(codec)
        self.addresses = {NOBODY: ZERO, **dict(zip(people, self.kit.accounts, strict=False))}
        self.contracts: dict[str, Deployed] = {}
        self._names: dict[str, str] = {}

    def build(self, name: str, contract: str, *args: Any, sender: str | None = None) -> Deployed:
        """Deploy a contract and call it `name`."""
        deployed = self.kit.deploy(contract, *args, sender=self.addresses.get(sender or ""))
        self.contracts[name] = deployed
        self.addresses[name] = deployed.address
        self._names = {address.lower(): name for name, address in self.addresses.items()}
        return deployed

    def token(self, name: str, issuer: str) -> Deployed:
        """Deploy an open share token."""
        terms = (
            name,
            name.upper(),
            0,
            self.addresses[issuer],
            ZERO,
            ZERO,
            [self.addresses[issuer]],
        )
        return self.build(name, "ShareToken", terms, sender=issuer)

    def send(self, sender: str, contract: str, function: str, *args: Any, value: int = 0) -> Any:
        """Send a transaction, names in place of addresses; the receipt."""
        return self.contracts[contract].send(
            function, *self.spelt(args), sender=self.addresses[sender], value=value
        )

    def spelt(self, value: Any) -> Any:
        """Names turned into addresses."""
        if isinstance(value, tuple | list):
            return [self.spelt(item) for item in value]
        return self.addresses[value] if isinstance(value, str) else value

    def named(self, value: Any) -> Any:
        """Addresses turned into names, so that a failure can be read."""
        if isinstance(value, tuple | list):
            return tuple(self.named(item) for item in value)
        if isinstance(value, str):
            return self._names.get(value.lower(), value)
        return value

    def reported(self, reverted: Reverted) -> tuple[str, tuple[Any, ...]]:
        """A revert, in names."""
        return reverted.name, self.named(reverted.values)

    @contextmanager
    def looking(self) -> Iterator[Ask]:
        """Many reads that leave no trace: `ask(contract, function, *args)` gives the raw answer."""
        with self.kit.looking() as look:

            def ask(contract: str, function: str, *args: Any) -> bytes:
                there = self.contracts[contract]
                spelt = tuple(self.addresses[a] if isinstance(a, str) else a for a in args)
                return look(there.address, calldata(self.codec, there.name, function, *spelt))

            yield ask

    def refusal(self, ask: Ask, contract: str, function: str, *args: Any) -> Any:
        """Why a read was refused, in names; or the words of the answer if it was not."""
        try:
            return read(ask(contract, function, *args))
        except Reverted as reverted:
            return self.reported(reverted)

    def both(self, in_model: Callable[[], Any], on_chain: Callable[[], Any]) -> Any:
        """Do one thing in the model and on the chain: both do it, or both refuse for one reason.

        Returns what the model and the chain gave, or None for a refusal.
        """
        refused, expected = None, None
        try:
            expected = in_model()
        except Refused as refusal:
            refused = refusal
        try:
            receipt = on_chain()
        except Reverted as reverted:
            reported = self.reported(reverted)
            assert refused is not None, f"the law allows it, the contract says {reported}"
            assert reported in refused.reasons, f"{reported} is none of {refused.reasons}"
            return None
        assert refused is None, f"the contract allows it, the law says {refused}"
        return expected, receipt
