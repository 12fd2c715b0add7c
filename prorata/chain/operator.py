# SPDX-License-Identifier: MIT
"""The operator: signs steps, sends them, and sees them mined, each exactly once.

Steps are sent in the order given, with explicit nonces, up to `WINDOW` of them in flight. Before
the first one leaves, the chain, the account's funds and the gas of every step have been checked,
so that a refusal leaves nothing half done. With a journal, a run that was killed at any moment is
resumed by running the same steps again: what was mined is not sent again, what was signed is sent
again as the same bytes, and only what was never signed is signed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from eth_utils.crypto import keccak

from prorata.chain.calls import Call
from prorata.chain.journal import Entry, Journal
from prorata.chain.node import RpcChain
from prorata.chain.signers import Signer
from prorata.chain.steps import (
    GAS_LIMIT,
    Intent,
    Progress,
    Receipt,
    StepPlan,
    digest_of,
    offered_fees,
    plan_of,
)
from prorata.chain.types import Fees, Mined
from prorata.errors import (
    RUN_AGAIN,
    ChainError,
    InputError,
    JournalError,
    ProrataError,
    RevertError,
)
from prorata.values.amounts import format_units

__all__ = ["Operator"]
WINDOW = 64
TIMEOUT_SECONDS = 600.0
LATE_RECEIPT_SECONDS = (0.02, 0.05, 0.1, 0.25, 0.5, 1.0)
REMIND_SECONDS = 20.0
STALL_SECONDS = 0.1
FIRST_PAUSE = 0.01

# Of an estimate, for state that changes before the transaction is mined.
MARGIN_PERCENT = 20

_KNOWN = ("already known", "already imported", "known transaction", "already exists")
_USED = ("nonce too low", "nonce is too low")
_CHEAP = ("fee", "underpriced", "gas price")
_AHEAD = ("nonce too high", "nonce is too high")


# ------------------------------------------------------------------------------------ the operator


class Operator:
    """Sends steps from one account of one chain.

    `confirmations` is how many blocks must follow a transaction's own before it counts as done;
    `timeout` how many seconds to wait for a window of them.
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
    ) -> None:
        self.chain = chain
        self.signer = signer
        self.journal = journal
        self.confirmations = confirmations
        self.timeout = timeout
        self._settled: set[str] = set()
        self._on_progress = on_progress or (lambda _: None)

    @property
    def address(self) -> str:
        """The account that pays, in EIP-55."""
        return self.signer.address

    def send(self, intents: Sequence[Intent]) -> list[Receipt]:
        """Do every step that is not done yet; receipts in the order of `intents`.

        Raises: before anything is sent, InputError for a repeated key or too much gas, ChainError
        for missing funds, RevertError for a step that would fail, JournalError for a step whose
        nonce was used by something else. After that, RevertError for one that failed on the chain
        and ChainError for one that was not mined in time; running the same steps again resumes.
        """
        _check_keys(intents)
        self._settle_leftovers({intent.key for intent in intents})
        done = self._earlier(intents)
        for number, intent in enumerate(intents, start=1):
            if intent.key in done:
                self._on_progress(Progress(intent.call.label, number, len(intents), resumed=True))
        plans = self._plan([intent for intent in intents if intent.key not in done])
        signed: list[Entry] = []
        for start in range(0, len(plans), WINDOW):
            self.chain.check_same()
            entries = self._sign(plans[start : start + WINDOW])
            signed += entries
            ahead = len(intents) - len(plans) + start
            with self._under_way(entries):
                self._require_taken(self._broadcast(entries))
                mined = self._wait(entries, ahead, len(intents))
            done |= self._receipts(entries, mined)
        done = self._kept(done, signed)
        return [done[intent.key] for intent in intents]

    def send_one(self, key: str, call: Call, *, gas_limit: int | None = None) -> Receipt:
        """`send` for a single step."""
        return self.send([Intent(key, call, gas_limit)])[0]

    def tell(self, label: str) -> None:
        """Let whoever follows know what is being done while nothing is sent."""
        self._on_progress(Progress(label, 0, 0))

    def price(self, intents: Sequence[Intent]) -> list[int]:
        """The gas limit that each step would be sent with, after every check; sends nothing.

        Raises: as `send` does before anything is sent.
        """
        _check_keys(intents)
        return [plan.gas for plan in self._plan(intents)]

    def settle(self) -> None:
        """See mined whatever an earlier run had only signed.

        Raises: JournalError for what can never be mined; ChainError.
        """
        self._settle_leftovers(set())

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

    def earlier(self, key: str) -> Receipt | None:
        """The receipt of a step that an earlier run has done; None while it is not mined.

        Raises: JournalError when its nonce was used by something else.
        """
        entry = None if self.journal is None else self.journal.find(key)
        if entry is None:
            return None
        _, mined = next(self._look_up([entry]))
        done = mined is not None and mined.success
        return Receipt(entry.key, entry.label, mined, resumed=True) if mined and done else None

    def attempts(self, prefix: str) -> int:
        """How many steps under `prefix` were ever signed: the number of a new one, once settled."""
        entries = () if self.journal is None else self.journal.entries
        return sum(entry.key.startswith(f"{prefix}/") for entry in entries)

    # ------------------------------------------------------------- of earlier runs

    def _settle_leftovers(self, keys: set[str]) -> None:
        """See mined what an earlier run signed for other steps: its nonces come before ours."""
        if self.journal is None:
            return
        live, known = self.journal.live(), self._settled
        others = [entry for entry in live if entry.key not in keys and entry.hash not in known]
        found = list(self._look_up(others))
        known |= {entry.hash for entry, mined in found if mined is not None}
        waiting = [entry for entry, mined in found if mined is None]
        if waiting:
            with self._under_way(waiting):
                self._wait(self._send_again(waiting), 0, len(waiting), resumed=True)

    def _send_again(self, entries: Sequence[Entry]) -> list[Entry]:
        """Send the same bytes, or, where gas has become too dear for them, the same steps anew.

        With the same nonce, only one of the two can ever be mined.
        """
        refused = self._broadcast(entries)
        dear = {entry.hash for entry, reason in refused if _says(reason, _CHEAP)}
        dear |= {entry.hash for entry in self._priced_out(entries)}
        cheap = [e for e in entries if e.hash in dear and e.sender == self.address]
        anew: list[Entry] = []
        if cheap:
            plans = [plan_of(entry) for entry in cheap]
            self._check_funds(plans)
            anew = self._sign(plans, cheap)
            refused = [*(r for r in refused if r[0] not in cheap), *self._broadcast(anew)]
        for entry, reason in refused:
            raise ChainError(
                f'"{entry.label}", which an earlier run signed, was not taken: {reason.sentence}',
                f'run that step again first, or give it up with --abandon "{entry.key}"',
            )
        kept = [entry for entry in entries if entry not in cheap]
        return sorted((*kept, *anew), key=lambda entry: entry.nonce)

    def _earlier(self, intents: Sequence[Intent]) -> dict[str, Receipt]:
        """What earlier runs did of these steps, once all that they had signed is mined."""
        if self.journal is None:
            return {}
        entries = []
        for intent in intents:
            if (entry := self.journal.find(intent.key)) is not None:
                _check_same(entry, intent.call, self.journal)
                entries.append(entry)
        found = list(self._look_up(entries))
        waiting = [entry for entry, mined in found if mined is None]
        # A failed transaction used its nonce up, so its step can safely be tried again.
        done = {
            entry.key: Receipt(entry.key, entry.label, mined, resumed=True)
            for entry, mined in found
            if mined is not None and mined.success
        }
        return done | self._resume(waiting, {intent.key: intent for intent in intents})

    def _resume(
        self, entries: Sequence[Entry], intents: Mapping[str, Intent]
    ) -> dict[str, Receipt]:
        """Send the same bytes again, and wait for them."""
        if not entries:
            return {}
        with self._under_way(entries):
            refused = [entry for entry, _ in self._broadcast(entries)]
            refused += [e for e in self._priced_out(entries) if e not in refused]
            if refused:
                # Prices have changed, say. Of the two with one nonce, only one can ever be mined.
                plans = self._plan([intents[entry.key] for entry in refused])
                signed = self._sign(plans, refused)
                self._require_taken(self._broadcast(signed))
                kept = [entry for entry in entries if entry not in refused]
                entries = sorted((*kept, *signed), key=lambda entry: entry.nonce)
            mined = self._wait(entries, 0, len(entries), resumed=True)
        return self._receipts(entries, mined, resumed=True)

    def _priced_out(self, entries: Sequence[Entry]) -> list[Entry]:
        """Those that a node keeps and no block takes, since they offer less than gas costs now."""
        base = self.chain.fees().base
        cheap = [entry for entry in entries if offered_fees(entry).most < base]
        found = self.chain.receipts([entry.hash for entry in cheap])
        return [entry for entry, mined in zip(cheap, found, strict=True) if mined is None]

    def _kept(self, done: dict[str, Receipt], signed: Sequence[Entry]) -> dict[str, Receipt]:
        """What was done, seen mined anew where a reorganisation has undone it meanwhile."""
        known = {e.hash: e for e in (() if self.journal is None else self.journal.entries)}
        known |= {entry.hash: entry for entry in signed}
        while True:
            hashes = self.chain.hashes(sorted({r.mined.block_number for r in done.values()}))
            undone = [
                known[receipt.hash]
                for receipt in done.values()
                if hashes[receipt.mined.block_number] != receipt.mined.block_hash
            ]
            if not undone:
                return done
            with self._under_way(undone):
                again = self._sent_again(undone)
                mined = self._wait(again, 0, len(again), resumed=True)
            resumed = {key for key, receipt in done.items() if receipt.resumed}
            for key, receipt in self._receipts(again, mined).items():
                known[receipt.hash] = next(e for e in again if e.key == key)
                done[key] = replace(receipt, resumed=key in resumed)

    def _sent_again(self, entries: Sequence[Entry]) -> list[Entry]:
        """`_send_again` for those of them that are not in another block already."""
        found = list(self._look_up(entries))
        waiting = [entry for entry, mined in found if mined is None]
        there = [entry for entry, mined in found if mined is not None]
        return [*there, *(self._send_again(waiting) if waiting else ())]

    def _look_up(self, entries: Sequence[Entry]) -> Iterator[tuple[Entry, Mined | None]]:
        """Each entry with what it did, or None while it can still be mined.

        Raises: JournalError for an entry that can never be mined.
        """
        mined = self.chain.receipts([entry.hash for entry in entries])
        senders = sorted({e.sender for e, found in zip(entries, mined, strict=True) if not found})
        nonces = {sender: self.chain.nonce(sender) for sender in senders}
        for entry, found in zip(entries, mined, strict=True):
            if found is None and entry.nonce < nonces[entry.sender]:
                yield self._found_late(entry)
            else:
                yield entry, found

    def _found_late(self, entry: Entry) -> tuple[Entry, Mined | None]:
        """What a transaction did whose nonce has been used, though its receipt was missing.

        The nonce may have been used by another version of it, which was signed at another price.

        It may have been mined between the two questions, and a node that is mining knows the
        nonce a little before the receipt; so a few more looks are taken.

        Raises: JournalError when something else has used the nonce.
        """
        versions = [entry] if self.journal is None else self.journal.versions(entry)
        for pause in LATE_RECEIPT_SECONDS:
            receipts = self.chain.receipts([version.hash for version in versions])
            for version, found in zip(versions, receipts, strict=True):
                if found is not None:
                    return version, found
            time.sleep(pause)
        if entry.nonce >= self.chain.nonce(entry.sender):
            # What had used it was undone by a reorganisation, so that it can be mined again.
            return entry, None
        raise _replaced(entry)

    # -------------------------------------------------------------- before sending

    def _plan(self, intents: Sequence[Intent]) -> list[StepPlan]:
        """The gas of every step, after checking that the account can pay for all of them.

        Raises: RevertError, InputError, ChainError.
        """
        if not intents:
            return []
        open_ones = [intent for intent in intents if intent.gas_limit is None]
        estimates = iter(self.chain.estimate([i.call.question(self.address) for i in open_ones]))
        plans = []
        for intent in intents:
            given = intent.gas_limit
            gas = self._estimated(intent, next(estimates)) if given is None else given
            if gas > GAS_LIMIT:
                raise _too_much_gas(intent, gas)
            plans.append(StepPlan(intent, gas))
        self._check_funds(plans)
        return plans

    def _estimated(self, intent: Intent, estimate: int | ProrataError) -> int:
        if isinstance(estimate, RevertError):
            raise _explained(estimate, f"nothing was sent for the step to {intent.call.label}")
        if isinstance(estimate, ProrataError):
            if "insufficient funds" in str(estimate).lower():
                self._check_funds([StepPlan(intent, GAS_LIMIT)])
            raise estimate
        if estimate > GAS_LIMIT:
            raise _too_much_gas(intent, estimate)
        wanted = estimate * (100 + MARGIN_PERCENT) // 100 + intent.extra_gas
        return min(wanted, GAS_LIMIT)

    def _check_funds(self, plans: Sequence[StepPlan]) -> None:
        fees, held = self.chain.fees(), self.chain.balance(self.address)
        gas = sum(plan.gas for plan in plans)
        needed = gas * fees.most + sum(plan.intent.call.value for plan in plans)
        if held < needed:
            raise ChainError(
                f"the account {self.address} holds {_ether(held)} on chain {self.chain.chain_id} "
                f"and this may cost up to {_ether(needed)}, so nothing was sent",
                "fund it or use another account",
            )

    # --------------------------------------------------------------------- sending

    def _sign(self, plans: Sequence[StepPlan], replaced: Sequence[Entry] = ()) -> list[Entry]:
        """Sign with the account's next nonces, or those of `replaced`, and put all of it on disk.

        What replaces offers more, since a node may have the other one in spite of what it says.
        """
        first = 0 if replaced else self._next_nonce()
        fees, entries = self.chain.fees(), []
        for number, plan in enumerate(plans):
            call, nonce, price = plan.intent.call, first + number, fees
            if replaced:
                nonce, offered = replaced[number].nonce, offered_fees(replaced[number])
                price = fees.over(offered.most, offered.tip)
            raw = self.signer.sign(self._transaction(call, nonce, plan.gas, price))
            hashed = f"0x{keccak(raw).hex()}"
            digest = digest_of(call)
            entries.append(
                Entry(plan.intent.key, call.label, self.address, nonce, digest, hashed, raw)
            )
        if self.journal is not None:
            self.journal.write(entries)
        return entries

    def _next_nonce(self) -> int:
        """The account's next nonce, once the chain has everything again that the journal has.

        A reorganisation, or a node that is behind the others, would else give one out twice.
        """
        first = self.chain.nonce(self.address, block="pending")
        fallen = self._ours_from(first)
        if not fallen:
            return first
        with self._under_way(fallen):
            again = self._send_again(fallen)
            self._wait(again, 0, len(again), resumed=True)
        return max(
            self.chain.nonce(self.address, block="pending"),
            max(entry.nonce for entry in again) + 1,
        )

    def _ours_from(self, nonce: int) -> list[Entry]:
        """What this account has signed from a nonce on, and not given up."""
        live = [] if self.journal is None else self.journal.live()
        return [entry for entry in live if entry.sender == self.address and entry.nonce >= nonce]

    def _broadcast(self, entries: Sequence[Entry]) -> list[tuple[Entry, ProrataError]]:
        """Send; returns those that the node did not take, with its reasons."""
        answers = self.chain.send_raw([entry.raw for entry in entries])
        refused = []
        for entry, answer in zip(entries, answers, strict=True):
            reason: object = answer
            if _says(reason, _AHEAD):
                # Some nodes work on a batch in any order and keep no transaction for later.
                reason = self.chain.send_raw([entry.raw])[0]
            # What the node has, or has mined already, is as good as sent.
            if not isinstance(reason, ProrataError) or _says(reason, _KNOWN + _USED):
                continue
            if self.chain.receipts([entry.hash])[0] is None:
                refused.append((entry, reason))
        return refused

    def _require_taken(self, refused: Sequence[tuple[Entry, ProrataError]]) -> None:
        for entry, reason in refused:
            raise ChainError(
                f'"{entry.label}" was not taken: {reason.sentence}',
                f"see to that and {RUN_AGAIN}, which resumes",
            )

    def _receipts(
        self, entries: Sequence[Entry], mined: Sequence[Mined], *, resumed: bool = False
    ) -> dict[str, Receipt]:
        """Raises: RevertError or ChainError for the first that failed on the chain."""
        done = {}
        for entry, result in zip(entries, mined, strict=True):
            if not result.success:
                raise self._failure(entry, result)
            done[entry.key] = Receipt(entry.key, entry.label, result, resumed)
        return done

    def _wait(
        self, entries: Sequence[Entry], done: int, total: int, *, resumed: bool = False
    ) -> list[Mined]:
        """Wait until all are mined and buried; a reorganisation starts the wait again."""
        entries = list(entries)
        started = time.monotonic()
        reminder, stalled = started + REMIND_SECONDS, started + STALL_SECONDS
        pause, told = FIRST_PAUSE, 0
        receipts: list[Mined | None] = [None] * len(entries)
        while True:
            # One seen mined a while ago may have been undone, unless no blocks follow to bury it.
            fresh = self.confirmations == 0 or None not in receipts
            receipts = self._look_again(entries, receipts)
            mined = [found for found in receipts if found is not None]
            if len(mined) > told:
                pause, stalled = FIRST_PAUSE, time.monotonic() + STALL_SECONDS
            for entry in entries[told : len(mined)]:
                told += 1
                self._on_progress(Progress(entry.label, done + told, total, resumed))
            if fresh and len(mined) == len(entries) and self._buried(mined):
                self._settled |= {entry.hash for entry in entries}
                return mined
            if time.monotonic() > started + self.timeout:
                raise self._timed_out(entries, receipts)
            if len(mined) < len(entries):
                self._check_still_possible(entries, receipts)
                if time.monotonic() > stalled:
                    if self.chain.mine_leftovers(entries[receipts.index(None)].hash):
                        self._remind(entries)
                    stalled += STALL_SECONDS
            if time.monotonic() > reminder:
                self._remind(entries)
                reminder += REMIND_SECONDS
            time.sleep(pause)
            pause = min(pause * 1.5, 1.0)

    def _look_again(
        self, entries: Sequence[Entry], receipts: Sequence[Mined | None]
    ) -> list[Mined | None]:
        """The receipts of all, asking only for those that are missing; if none is, for all anew.

        A page of payments has hundreds of logs, too many to be read again at every look.
        """
        missing = [n for n, found in enumerate(receipts) if found is None] or range(len(entries))
        updated = list(receipts)
        fresh = self.chain.receipts([entries[number].hash for number in missing])
        for number, found in zip(missing, fresh, strict=True):
            updated[number] = found
        return updated

    def _remind(self, entries: Sequence[Entry]) -> None:
        """A node may drop what it has taken: under load, or when it starts again.

        A reorganisation may also have undone what comes before, without which nothing is mined.
        """
        before = self._ours_from(self.chain.nonce(self.address))
        known = {entry.hash for entry in before}
        self.chain.send_raw(
            [e.raw for e in (*before, *(e for e in entries if e.hash not in known))]
        )

    def _buried(self, mined: Sequence[Mined]) -> bool:
        if self.confirmations == 0:
            return True
        last = max(result.block_number for result in mined)
        return self.chain.block().number >= last + self.confirmations

    def _check_still_possible(self, entries: list[Entry], receipts: Sequence[Mined | None]) -> None:
        """Wait for what was mined in place of the first missing one, if it is the same step's.

        Raises: JournalError when it is something else.
        """
        number = receipts.index(None)
        if entries[number].nonce < self.chain.nonce(entries[number].sender):
            entries[number], _ = self._found_late(entries[number])

    @contextmanager
    def _under_way(self, entries: Sequence[Entry]) -> Iterator[None]:
        """Tells whoever meets a node in trouble that something was signed, and how to go on."""
        try:
            yield
        except ChainError as error:
            told = error.remedy or "see to that"
            complete = "resumes" in told or "--abandon" in told
            if self.journal is None or isinstance(error, RevertError) or complete:
                raise
            many = f"{len(entries)} signed transactions were" if entries[1:] else "one was"
            first = told.removesuffix(RUN_AGAIN).rstrip(", and") or "see to that"
            raise ChainError(
                f"{error.sentence}, while {many} under way, the first being "
                f'"{entries[0].label}" ({entries[0].hash})',
                f"{first}, and {RUN_AGAIN}, which resumes and sends nothing twice",
            ) from None

    # -------------------------------------------------------------------- refusals

    def _timed_out(self, entries: Sequence[Entry], receipts: Sequence[Mined | None]) -> ChainError:
        waiting = [e for e, found in zip(entries, receipts, strict=True) if found is None]
        if not waiting:
            return ChainError(
                f"{self.confirmations} confirmations did not come within {self.timeout:g} seconds",
                f"{RUN_AGAIN}, which waits on",
            )
        price, base = offered_fees(waiting[0]).most, self.chain.fees().base
        sentence = (
            f"{len(waiting)} of {len(entries)} transactions were not mined within "
            f'{self.timeout:g} seconds, the first being "{waiting[0].label}" ({waiting[0].hash})'
        )
        if price < base:
            return ChainError(
                f"{sentence}, which offers at most {_gwei(price)} where gas costs {_gwei(base)}",
                f"{RUN_AGAIN}, which resumes and offers more for the same steps",
            )
        return ChainError(sentence, f"{RUN_AGAIN}, which resumes and sends nothing twice")

    def _failure(self, entry: Entry, mined: Mined) -> ChainError:
        """Why a mined transaction failed, learnt by running what was signed again as a call."""
        told = "a replay gives no reason"
        plan = plan_of(entry)
        question = plan.intent.call.question(entry.sender) | {"gas": hex(plan.gas)}
        try:
            self.chain.replay(question, mined.block_number)
        except RevertError as error:
            return _explained(error, f'"{entry.label}" failed on the chain ({entry.hash})')
        except ChainError as error:
            told = f"a replay was not possible: {error.sentence}"
        return ChainError(
            f'"{entry.label}" failed on the chain ({entry.hash}) after {mined.gas_used} gas, '
            f"and {told}",
            "give it more gas, or look the transaction up in an explorer",
        )

    # ---------------------------------------------------------------- transactions

    def _transaction(self, call: Call, nonce: int, gas: int, fees: Fees) -> dict[str, Any]:
        transaction = {
            "type": 2,
            "chainId": self.chain.chain_id,
            "nonce": nonce,
            "value": call.value,
            "data": call.data,
            "gas": gas,
            "maxFeePerGas": fees.most,
            "maxPriorityFeePerGas": fees.tip,
        }
        return transaction if call.to is None else {**transaction, "to": call.to}


# --------------------------------------------------------------------------------------- sentences


def _check_keys(intents: Sequence[Intent]) -> None:
    seen: set[str] = set()
    for intent in intents:
        if intent.key in seen:
            raise InputError.of("step", intent.key, "occurs twice", "give each step its own key")
        seen.add(intent.key)


def _check_same(entry: Entry, call: Call, journal: Journal) -> None:
    if entry.digest != digest_of(call):
        raise JournalError(
            f'the step "{entry.key}" was sent before with other contents, as {entry.hash}',
            f"give the same inputs again, or use another folder than {journal.path.parent}",
        )


def _says(answer: object, words: Sequence[str]) -> bool:
    said = str(answer).lower() if isinstance(answer, ProrataError) else ""
    return any(word in said for word in words)


def _replaced(entry: Entry) -> JournalError:
    return JournalError(
        f"nonce {entry.nonce} of {entry.sender} was used by another transaction, so {entry.hash} "
        f'("{entry.label}") can never be mined',
        "see what that account sent; if the step is still to be done, run again with "
        f'--abandon "{entry.key}"',
    )


def _too_much_gas(intent: Intent, gas: int) -> InputError:
    return InputError.of(
        "gas",
        f"{gas:,}",
        f"is more than the {GAS_LIMIT:,} that one transaction may use (EIP-7825), for the step to "
        f"{intent.call.label}",
        "divide it into smaller steps",
    )


def _explained(error: RevertError, occasion: str) -> RevertError:
    """The same refusal with the occasion before the meaning."""
    remedy = occasion if error.remedy is None else f"{error.remedy}; {occasion}"
    return RevertError(error.error, error.arguments, remedy)


def _ether(wei: int) -> str:
    return f"{format_units(wei, 18, trim=True)} ETH"


def _gwei(wei: int) -> str:
    return f"{format_units(wei, 9, trim=True)} gwei"
