# SPDX-License-Identifier: MIT
"""The operator: signs steps, sends them, and sees them mined, each exactly once.

Steps are sent in the order given, with explicit nonces, up to `WINDOW` of them in flight. Before
the first one leaves, the chain, the account's funds and the gas of every step have been checked,
so that a refusal leaves nothing half done. With a journal, a run that was killed at any moment is
resumed by running the same steps again: what was mined is not sent again, what was signed is sent
again as the same bytes, and only what was never signed is signed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from prorata.chain.calls import Call
from prorata.chain.journal import JournalEntry
from prorata.chain.steps import Intent, Progress, Receipt
from prorata.chain.transactions.plans import check_keys, plan_steps
from prorata.chain.transactions.recovery import (
    adopted_receipts,
    earlier_receipts,
    keep_done,
    require_known,
    send_first,
    settle_leftovers,
    sign_next,
)
from prorata.chain.transactions.sender import Sender
from prorata.chain.transactions.waits import look_up, receipts_of, under_way, wait
from prorata.errors import JournalError

__all__ = ["Operator"]

WINDOW = 64


class Operator(Sender):
    """Sends steps from one account of one chain, with the patience of a `Sender`.

    `fresh` has what this run sent, `repeated` what it found that an earlier one had sent.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fresh: list[Receipt] = []
        self.repeated: list[Receipt] = []

    @property
    def resumed(self) -> bool:
        """Whether this run has sent nothing, because an earlier one did it."""
        return bool(self.repeated) and not self.fresh

    @property
    def window(self) -> int | None:
        """How many steps may be in flight, where the signer says so: one for a device.

        Somebody has to press a button for each, and what waits meanwhile can become too cheap.
        """
        return 1 if getattr(self.signer, "on_device", False) else None

    def send(self, intents: Sequence[Intent]) -> list[Receipt]:
        """Do every step that is not done yet; receipts in the order of `intents`.

        Raises: before anything is sent, InputError for a repeated key or too much gas, ChainError
        for missing funds, RevertError for a step that would fail, JournalError for a step whose
        nonce was used by something else, or when our accounts sent what the journal does not know.
        After that, RevertError for one that failed on the chain and ChainError for one that was
        not mined in time; running the same steps again resumes.
        """
        check_keys(intents)
        for gate in (self.gate, self.agreed):
            if gate is not None:
                gate(intents)
        settle_leftovers(self, {intent.key for intent in intents})
        done = earlier_receipts(self, intents)
        if len(done) < len(intents):
            require_known(self)
            done |= adopted_receipts(self, [i for i in intents if i.key not in done])
        for number, intent in enumerate(intents, start=1):
            if intent.key in done:
                self.on_progress(Progress(intent.call.label, number, len(intents), resumed=True))
        new = [intent for intent in intents if intent.key not in done]
        plans = plan_steps(self.chain, self.address, new, self.prices)
        signed: list[JournalEntry] = []
        window = WINDOW if self.window is None else self.window
        for start in range(0, len(plans), window):
            self.chain.check_same()
            entries = sign_next(self, plans[start : start + window])
            ahead = len(intents) - len(plans) + start
            with under_way(self, entries):
                entries = send_first(self, entries)
                mined = wait(self, entries, ahead, len(intents))
            signed += entries
            done |= receipts_of(self, entries, mined)
        done = keep_done(self, done, signed)
        for receipt in done.values():
            (self.repeated if receipt.resumed else self.fresh).append(receipt)
        return [done[intent.key] for intent in intents]

    def send_one(self, key: str, call: Call, *, gas_limit: int | None = None) -> Receipt:
        """`send` for a single step."""
        return self.send([Intent(key, call, gas_limit)])[0]

    def tell(self, label: str) -> None:
        """Let whoever follows know what is being done while nothing is sent."""
        self.on_progress(Progress(label, 0, 0))

    def price(self, intents: Sequence[Intent]) -> list[int]:
        """The gas limit that each step would be sent with, after every check; sends nothing.

        Raises: as `send` does before anything is sent.
        """
        check_keys(intents)
        where = (self.chain, self.address)
        return [plan.gas for plan in plan_steps(*where, intents, self.prices)]

    def settle(self) -> None:
        """See mined whatever an earlier run had only signed.

        Raises: JournalError for what can never be mined; ChainError.
        """
        settle_leftovers(self, set())
        require_known(self)

    def abandon(self, key: str) -> None:
        """Give a step up, so that it is signed anew: only one that can no longer be mined as it is.

        Raises: JournalError when there is no such step, or its transaction is mined or pending.
        """
        if self.journal is None:
            raise JournalError("there is no journal to give a step up in")
        latest = self.journal.find(key)
        hashes = [] if latest is None else [e.hash for e in self.journal.versions(latest)]
        # The receipts decide: a node may still call pending what it has just mined.
        found = zip(hashes, self.chain.receipts(hashes), self.chain.sent(hashes), strict=True)
        for version, mined, sent in found:
            if mined is not None or sent is not None:
                state = "is pending" if mined is None else "was mined"
                raise JournalError(
                    f'the step "{key}" cannot be given up: its transaction {version} {state}',
                    "run again without --abandon",
                )
        self.journal.abandon(key)

    def earlier(self, key: str, call: Call | None = None) -> Receipt | None:
        """The receipt of a step that an earlier run has done; None while it is not mined.

        With its `call`, what the journal adopted from the chain counts, too.

        Raises: JournalError when its nonce was used by something else.
        """
        entry = None if self.journal is None else self.journal.find(key)
        found = self._adopted(key, call) if entry is None else self._looked_up(entry)
        self.repeated += [] if found is None else [found]
        return found

    def _adopted(self, key: str, call: Call | None) -> Receipt | None:
        asked = [] if call is None else [Intent(key, call)]
        return adopted_receipts(self, asked).get(key)

    def _looked_up(self, entry: JournalEntry) -> Receipt | None:
        [(_, mined)] = look_up(self, [entry])
        done = mined is not None and mined.success
        return Receipt(entry.key, entry.label, mined, resumed=True) if mined and done else None

    def attempts(self, prefix: str) -> int:
        """How many steps under `prefix` were ever signed: the number of a new one, once settled."""
        entries = () if self.journal is None else self.journal.entries
        return sum(entry.key.startswith(f"{prefix}/") for entry in entries)
