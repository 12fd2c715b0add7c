# SPDX-License-Identifier: MIT
"""A sender: one account of one chain, with the journal of what it signs before it leaves."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from eth_utils.crypto import keccak

from prorata.chain.calls import Call
from prorata.chain.journal import Journal, JournalEntry
from prorata.chain.node import RpcChain
from prorata.chain.prices import ANY_PRICE, NO_FLOOR, Prices
from prorata.chain.signers import Signer
from prorata.chain.steps import Intent, Progress, StepPlan, digest_of
from prorata.chain.transactions.outside import Home
from prorata.chain.types import Fees
from prorata.errors import ProrataError
from prorata.values.times import moment

__all__ = ["PRICE_WORDS", "Sender", "broadcast", "ours_from", "says", "sign"]

TIMEOUT_SECONDS = 600.0

PRICE_WORDS = ("fee", "underpriced", "gas price")

Gate: TypeAlias = Callable[[Sequence[Intent]], None]
"""Hears of steps before anything is done for them, and raises for what must not be sent."""

_KNOWN = ("already known", "already imported", "known transaction", "already exists")
_USED = ("nonce too low", "nonce is too low")
_AHEAD = ("nonce too high", "nonce is too high")


class Sender:
    """Who sends, and how patiently.

    `confirmations` is how many blocks must follow a transaction's own before it counts as done;
    `timeout` how many seconds to wait for a window of them. `settled` has the hashes of what was
    seen done; `home` says which contracts are the deployment's; `prices` what may be offered for
    gas, and `floor` what a pool asked for at least. `gate` stops what is not in a plan,
    `agreed` what nobody has agreed to.
    """

    def __init__(
        self,
        chain: RpcChain,
        signer: Signer,
        journal: Journal | None = None,
        confirmations: int = 0,
        on_progress: Callable[[Progress], None] | None = None,
        *,
        timeout: float = TIMEOUT_SECONDS,
        home: Home | None = None,
        prices: Prices = ANY_PRICE,
    ) -> None:
        self.chain = chain
        self.signer = signer
        self.journal = journal
        self.confirmations = confirmations
        self.on_progress = on_progress or (lambda _: None)
        self.timeout = timeout
        self.home = home or Home()
        self.prices = prices
        self.floor = NO_FLOOR
        self.settled: set[str] = set()
        self.gate: Gate | None = None
        self.agreed: Gate | None = None

    @property
    def address(self) -> str:
        """The account that pays, in EIP-55."""
        return self.signer.address


def ours_from(sender: Sender, nonce: int) -> list[JournalEntry]:
    """What the account has signed from a nonce on, and not given up."""
    live = [] if sender.journal is None else sender.journal.live()
    return [entry for entry in live if entry.sender == sender.address and entry.nonce >= nonce]


def sign(
    sender: Sender, plans: Sequence[StepPlan], terms: Sequence[tuple[int, Fees]]
) -> list[JournalEntry]:
    """Sign each step with a nonce and a price, and put all of it on disk. Only then may it leave.

    Raises: JournalError when the disk does not take it.
    """
    entries, at = [], moment(int(time.time()))
    for plan, (nonce, price) in zip(plans, terms, strict=True):
        call = plan.intent.call
        raw = sender.signer.sign(_transaction(sender, call, nonce, plan.gas, price))
        hashed = f"0x{keccak(raw).hex()}"
        digest = digest_of(call)
        facts = (plan.intent.key, call.label, sender.address, nonce, digest, hashed, raw, at)
        entries.append(JournalEntry(*facts))
    if sender.journal is not None:
        sender.journal.write(entries)
    return entries


def broadcast(
    sender: Sender, entries: Sequence[JournalEntry]
) -> list[tuple[JournalEntry, ProrataError]]:
    """Send; returns those that the node did not take, with its reasons."""
    answers = sender.chain.send_raw([entry.raw for entry in entries])
    refused = []
    for entry, answer in zip(entries, answers, strict=True):
        reason: object = answer
        if says(reason, _AHEAD):
            # Some nodes work on a batch in any order and keep no transaction for later.
            reason = sender.chain.send_raw([entry.raw])[0]
        # What the node has, or has mined already, is as good as sent.
        if not isinstance(reason, ProrataError) or says(reason, _KNOWN + _USED):
            continue
        if sender.chain.receipts([entry.hash])[0] is None:
            refused.append((entry, reason))
    return refused


def says(answer: object, words: Sequence[str]) -> bool:
    """Whether a refusal has one of the words in it."""
    said = str(answer).lower() if isinstance(answer, ProrataError) else ""
    return any(word in said for word in words)


def _transaction(sender: Sender, call: Call, nonce: int, gas: int, fees: Fees) -> dict[str, Any]:
    transaction = {
        "type": 2,
        "chainId": sender.chain.chain_id,
        "nonce": nonce,
        "value": call.value,
        "data": call.data,
        "gas": gas,
        "maxFeePerGas": fees.most,
        "maxPriorityFeePerGas": fees.tip,
    }
    return transaction if call.to is None else {**transaction, "to": call.to}
