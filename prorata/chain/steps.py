# SPDX-License-Identifier: MIT
"""A step before it is sent, under way and done."""

from __future__ import annotations

from dataclasses import dataclass

from prorata.chain.calls import Call, Event, decode_logs
from prorata.chain.journal import JournalEntry
from prorata.chain.signed import call_digest, read_signed
from prorata.chain.types import Fees, Log, Mined

__all__ = [
    "GAS_LIMIT",
    "Intent",
    "Progress",
    "Receipt",
    "StepPlan",
    "digest_of",
    "offered_fees",
    "plan_of",
]

GAS_LIMIT = 16_777_216  # EIP-7825: the most that one transaction may ask for


@dataclass(frozen=True)
class Intent:
    """A step to be done once: `key` names it in the journal, for ever.

    Gas is estimated unless `gas_limit` gives it, as it must for a step that cannot succeed before
    an earlier one of the same list is mined. `extra_gas` is added to the estimate, for a contract
    that skips what it has no gas for.
    """

    key: str
    call: Call
    gas_limit: int | None = None
    extra_gas: int = 0


@dataclass(frozen=True)
class Receipt:
    """A step that is done: `resumed` when an earlier run had sent it."""

    key: str
    label: str
    mined: Mined
    resumed: bool

    @property
    def hash(self) -> str:
        """The transaction's hash."""
        return self.mined.transaction_hash

    @property
    def contract_address(self) -> str | None:
        """Where a deployment put its contract."""
        return self.mined.contract_address

    @property
    def logs(self) -> tuple[Log, ...]:
        """The logs it wrote."""
        return self.mined.logs

    def events(self, name: str | None = None) -> list[Event]:
        """The known events it wrote; with `name`, only those called that."""
        return decode_logs(self.logs, name)


@dataclass(frozen=True)
class Progress:
    """How far a list of steps has come: `done` of `total`; `label` is the latest one's.

    A total of 0 is no list of steps, but work of which nobody knows how long it takes.
    """

    label: str
    done: int
    total: int
    resumed: bool = False


@dataclass(frozen=True)
class StepPlan:
    """What a fresh step needs: its gas limit, found before anything is sent."""

    intent: Intent
    gas: int


def offered_fees(entry: JournalEntry) -> Fees:
    """What was signed to be paid for a unit of gas."""
    return read_signed(entry.raw).fees


def plan_of(entry: JournalEntry) -> StepPlan:
    """What was signed, read from the signed bytes."""
    sent = read_signed(entry.raw)
    call = Call(sent.to, sent.data, sent.value, entry.label)
    return StepPlan(Intent(entry.key, call), sent.gas)


def digest_of(call: Call) -> str:
    """What tells one call from another: receiver, value and data."""
    return call_digest(call.to, call.value, call.data)
