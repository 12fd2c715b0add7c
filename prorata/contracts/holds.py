# SPDX-License-Identifier: MIT
"""The contract that locks shares, or takes money into its care, for somebody (`Holds`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

from prorata.chain.calls import Call
from prorata.contracts.base import BoundContract

__all__ = ["Consent", "Hold", "HoldState", "Holds"]


class HoldState(IntEnum):
    """How far a hold is, as in `IHolds.State`."""

    NONE = 0
    OPEN = 1
    CLAIMED = 2
    DELIVERED = 3
    RELEASED = 4
    VOIDED = 5

    @property
    def label(self) -> str:
        """As commands say it."""
        return self.name.lower()


@dataclass(frozen=True)
class Hold:
    """What is held for a secret, as in `IHolds.Hold`.

    `amount` is in the asset's smallest unit, `lock` the SHA-256 of the secret's 32 bytes, `until`
    the last Unix second at which the secret counts.
    """

    asset: str
    owner: str
    to: str
    amount: int
    lock: bytes
    until: int
    nonce: int

    @classmethod
    def of(cls, struct: Mapping[str, Any]) -> Hold:
        """From what an event says."""
        return cls(
            struct["asset"],
            struct["owner"],
            struct["to"],
            struct["amount"],
            bytes(struct["lock"]),
            struct["until"],
            struct["nonce"],
        )

    def encodable(self) -> tuple[object, ...]:
        """The struct's fields in order."""
        return (
            self.asset,
            self.owner,
            self.to,
            self.amount,
            self.lock,
            self.until,
            self.nonce,
        )


@dataclass(frozen=True)
class Consent:
    """What an owner allows a keeper, as in `IHolds.Consent`.

    `until` is a Unix second, `most` and `kept` are in the asset's smallest unit.
    """

    until: int
    most: int
    kept: int
    in_custody: bool


class Holds(BoundContract):
    """Locks shares in their holder's wallet, and takes other tokens into its care."""

    CONTRACT = "Holds"

    def id_of(self, terms: Hold) -> bytes:
        """What names the hold: a hash of its terms, this chain and this contract."""
        return bytes(self._view("idOf", terms.encodable()))

    def state_of(self, hold_id: bytes) -> tuple[HoldState, bool]:
        """How far the hold is, and whether the contract takes care of the asset, or took."""
        [found] = self.states_of([hold_id])
        return found

    def states_of(self, ids: Sequence[bytes]) -> list[tuple[HoldState, bool]]:
        """`state_of` for many at once."""
        found = self._views("stateOf", [(hold_id,) for hold_id in ids])
        return [(HoldState(state), bool(in_custody)) for state, in_custody, _ in found]

    def opened_at(self, hold_id: bytes) -> int:
        """The Unix second at which the hold opened; 0 if there is none."""
        _, _, opened_at = self._view("stateOf", hold_id)
        return int(opened_at)

    def missing_of(self, hold_id: bytes) -> tuple[int, int]:
        """How much an order had taken of the hold when it ended, and the Unix second of that."""
        amount, at = self._view("missingOf", hold_id)
        return int(amount), int(at)

    def redirected_to(self, hold_id: bytes) -> str:
        """Where a claimed hold goes; zero if to its receiver."""
        return str(self._view("redirectedTo", hold_id))

    def consent_of(self, keeper: str, asset: str, owner: str) -> Consent:
        """What `owner` allows `keeper`, and what is kept."""
        [found] = self.consents_of([(keeper, asset, owner)])
        return found

    def consents_of(self, who: Sequence[tuple[str, str, str]]) -> list[Consent]:
        """`consent_of` for many at once, each by keeper, asset and owner."""
        found = self._views("consentOf", who)
        return [Consent(s["until"], s["most"], s["kept"], bool(s["inCustody"])) for s in found]

    def hold(self, terms: Hold) -> Call:
        """Hold what the sender owns, for a secret."""
        label = f"hold {terms.amount} of {terms.asset} for {terms.to}"
        return self._write("hold", terms.encodable(), label=label)

    def claim(self, terms: Hold, secret: bytes) -> Call:
        """Show the secret of a hold. It is out with this."""
        label = f"claim {terms.amount} of {terms.asset} for {terms.to}"
        return replace(self._write("claim", terms.encodable(), secret, label=label), private=True)

    def deliver(self, terms: Hold) -> Call:
        """Deliver a claimed hold that the token refused before."""
        label = f"deliver {terms.amount} of {terms.asset} to {terms.to}"
        return self._write("deliver", terms.encodable(), label=label)

    def redirect(self, terms: Hold, other: str) -> Call:
        """Name another wallet of the receiver for a claimed hold."""
        label = f"deliver {terms.amount} of {terms.asset} to {other} instead of {terms.to}"
        return self._write("redirect", terms.encodable(), other, label=label)

    def release(self, terms: Hold) -> Call:
        """End a hold without a delivery."""
        label = f"release {terms.amount} of {terms.asset} to {terms.owner}"
        return self._write("release", terms.encodable(), label=label)

    def void_hold(self, terms: Hold, document_hash: bytes) -> Call:
        """End a hold by order of the token's owner."""
        label = f"void the hold of {terms.amount} of {terms.asset} by {terms.owner}"
        return self._write("voidHold", terms.encodable(), document_hash, label=label)

    def set_keeper(self, keeper: str, asset: str, most: int, until: int) -> Call:
        """Let a keeper hold the sender's asset, up to an amount and a second."""
        label = f"let {keeper} hold at most {most} of {asset}"
        return self._write("setKeeper", keeper, asset, most, until, label=label)

    def hold_for(self, asset: str, owner: str, amount: int) -> Call:
        """Hold more of an owner's asset. The keeper only."""
        label = f"hold {amount} of {asset} of {owner} as keeper"
        return self._write("holdFor", asset, owner, amount, label=label)

    def deliver_kept(self, asset: str, owner: str, to: str, amount: int) -> Call:
        """Deliver what is kept. The keeper only."""
        label = f"deliver {amount} of {asset} kept of {owner} to {to}"
        return self._write("deliverKept", asset, owner, to, amount, label=label)

    def let_go(self, asset: str, owner: str, amount: int) -> Call:
        """Let go of what is kept. The keeper only."""
        label = f"let go of {amount} of {asset} kept of {owner}"
        return self._write("letGo", asset, owner, amount, label=label)

    def take_back(self, keeper: str, asset: str, owner: str) -> Call:
        """Take back all that a keeper holds, after the consent's time."""
        label = f"take back what {keeper} keeps of {asset} of {owner}"
        return self._write("takeBack", keeper, asset, owner, label=label)

    def void_kept(self, keeper: str, asset: str, owner: str, document_hash: bytes) -> Call:
        """End what a keeper holds of shares, by order of the token's owner."""
        label = f"void what {keeper} keeps of {asset} of {owner}"
        return self._write("voidKept", keeper, asset, owner, document_hash, label=label)
