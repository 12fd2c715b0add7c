# SPDX-License-Identifier: MIT
"""What became of signed transactions: looked up at once, or waited for until they are buried."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TypeAlias

from prorata.chain.journal import JournalEntry
from prorata.chain.prices import gwei
from prorata.chain.steps import Progress, Receipt, offered_fees, plan_of
from prorata.chain.transactions.plans import explained
from prorata.chain.transactions.sender import Sender, broadcast, ours_from, sign
from prorata.chain.types import Mined
from prorata.errors import RUN_AGAIN, ChainError, JournalError, RevertError

__all__ = ["Found", "look_up", "receipts_of", "under_way", "wait"]

LATE_RECEIPT_SECONDS = (0.02, 0.05, 0.1, 0.25, 0.5, 1.0)
REMIND_SECONDS = 20.0
STALL_SECONDS = 0.1
FIRST_PAUSE = 0.01

Found: TypeAlias = tuple[JournalEntry, Mined | None]
"""A signed transaction and what it did, or None while it can still be mined."""


# ------------------------------------------------------------------------------------- looking up


def look_up(
    sender: Sender, entries: Sequence[JournalEntry], known: Sequence[Mined | None] | None = None
) -> list[Found]:
    """Each entry with what it did; another version of it, signed at another price, if that did it.

    With what is `known` of each, asks only for what is missing; if nothing is, for all anew. A page
    of payments has hundreds of logs, too many to be read again at every look.

    Raises: JournalError for an entry that can never be mined.
    """
    receipts = list(known or [None] * len(entries))
    missing = [n for n, mined in enumerate(receipts) if mined is None] or range(len(entries))
    fresh = sender.chain.receipts([entries[number].hash for number in missing])
    for number, mined in zip(missing, fresh, strict=True):
        receipts[number] = mined
    found = list(zip(entries, receipts, strict=True))
    late = _found_late(sender, [entry for entry, mined in found if mined is None])
    return [late.get(entry.hash, (entry, mined)) for entry, mined in found]


def _found_late(sender: Sender, entries: Sequence[JournalEntry]) -> dict[str, Found]:
    """What was found of those, by hash, whose nonce has been used though no receipt was there.

    They may have been mined between the two questions, and a node that is mining knows the nonce a
    little before the receipt; so a few more looks are taken.

    Raises: JournalError when something else has used a nonce.
    """
    chain, found = sender.chain, dict[str, Found]()
    nonces = {address: chain.nonce(address) for address in sorted({e.sender for e in entries})}
    late = [entry for entry in entries if entry.nonce < nonces[entry.sender]]
    while fresh := _mined_versions(sender, late):
        found |= fresh
        late = [entry for entry in late if entry.hash not in found]
    for entry in late:
        if entry.nonce < chain.nonce(entry.sender):
            raise _replaced(entry)
        # What had used it was undone by a reorganisation, so that it can be mined again.
        found[entry.hash] = entry, None
    return found


def _mined_versions(sender: Sender, entries: Sequence[JournalEntry]) -> dict[str, Found]:
    """The version that was mined of each entry, as soon as one is known; else none, in time."""
    journal = sender.journal
    versions = [
        (entry, version)
        for entry in entries
        for version in ([entry] if journal is None else journal.versions(entry))
    ]
    for pause in LATE_RECEIPT_SECONDS if versions else ():
        receipts = sender.chain.receipts([version.hash for _, version in versions])
        found: dict[str, Found] = {
            entry.hash: (version, mined)
            for (entry, version), mined in zip(versions, receipts, strict=True)
            if mined is not None
        }
        if found:
            return found
        time.sleep(pause)
    return {}


def receipts_of(
    sender: Sender,
    entries: Sequence[JournalEntry],
    mined: Sequence[Mined],
    *,
    resumed: bool = False,
) -> dict[str, Receipt]:
    """The receipts by key.

    Raises: RevertError or ChainError for the first that failed on the chain.
    """
    done = {}
    for entry, result in zip(entries, mined, strict=True):
        if not result.success:
            raise _failure(sender, entry, result)
        done[entry.key] = Receipt(entry.key, entry.label, result, resumed)
    return done


# ---------------------------------------------------------------------------------------- waiting


def wait(
    sender: Sender, entries: Sequence[JournalEntry], done: int, total: int, *, resumed: bool = False
) -> list[Mined]:
    """Wait until all are mined and buried; a reorganisation starts the wait again.

    `done` of `total` steps were done before, for whoever follows.
    """
    entries = list(entries)
    started = time.monotonic()
    reminder, stalled = started + REMIND_SECONDS, started + STALL_SECONDS
    pause, told = FIRST_PAUSE, 0
    receipts: list[Mined | None] = [None] * len(entries)
    bumps = _Bumps(sender)
    while True:
        # One seen mined a while ago may have been undone, unless no blocks follow to bury it.
        fresh = sender.confirmations == 0 or None not in receipts
        found = look_up(sender, entries, receipts)
        entries, receipts = [entry for entry, _ in found], [result for _, result in found]
        mined = [result for result in receipts if result is not None]
        if len(mined) > told:
            pause, stalled = FIRST_PAUSE, time.monotonic() + STALL_SECONDS
            bumps.rest()
        for entry in entries[told : len(mined)]:
            told += 1
            sender.on_progress(Progress(entry.label, done + told, total, resumed))
        if fresh and len(mined) == len(entries) and _buried(sender, mined):
            sender.settled |= {entry.hash for entry in entries}
            return mined
        if time.monotonic() > started + sender.timeout:
            raise _timed_out(sender, found)
        if len(mined) < len(entries) and bumps.are_due():
            lowest = receipts.index(None)
            entries[lowest] = bumps.over(entries[lowest])
        if len(mined) < len(entries) and time.monotonic() > stalled:
            if sender.chain.mine_leftovers(entries[receipts.index(None)].hash):
                _remind(sender, entries)
            stalled += STALL_SECONDS
        if time.monotonic() > reminder:
            _remind(sender, entries)
            reminder += REMIND_SECONDS
        time.sleep(pause)
        pause = min(pause * 1.5, 1.0)


class _Bumps:
    """A transaction that waits is replaced by one that offers more: of a run's, the lowest only.

    Those after it can be mined only when it is. Its rivals are in the journal, so that whichever
    is mined is known for the same step.
    """

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._times: dict[int, int] = {}
        self.rest()

    def rest(self) -> None:
        """Wait anew, now that something was mined or offered."""
        self._since = time.monotonic()

    def are_due(self) -> bool:
        """Whether nothing was mined for so long that more is to be offered."""
        after = self._sender.prices.bump_after
        return (
            after is not None
            and self._sender.journal is not None
            and time.monotonic() > self._since + after
        )

    def over(self, entry: JournalEntry) -> JournalEntry:
        """The same step at a higher price, on its way; or as it is where that may not be."""
        self.rest()
        sender, times = self._sender, self._times.get(entry.nonce, 0)
        if entry.sender != sender.address or times >= sender.prices.bumps:
            return entry
        if sender.chain.nonce(sender.address) != entry.nonce:
            return entry
        price = sender.prices.over(offered_fees(entry), sender.chain.fees(), sender.floor)
        if price is None:
            return entry
        self._times[entry.nonce] = times + 1
        [raised] = sign(sender, [plan_of(entry)], [(entry.nonce, price)])
        broadcast(sender, [raised])
        return raised


def _remind(sender: Sender, entries: Sequence[JournalEntry]) -> None:
    """A node may drop what it has taken: under load, or when it starts again.

    A reorganisation may also have undone what comes before, without which nothing is mined.
    """
    before = ours_from(sender, sender.chain.nonce(sender.address))
    known = {entry.hash for entry in before}
    sender.chain.send_raw([e.raw for e in (*before, *(e for e in entries if e.hash not in known))])


def _buried(sender: Sender, mined: Sequence[Mined]) -> bool:
    if sender.confirmations == 0:
        return True
    last = max(result.block_number for result in mined)
    return sender.chain.block().number >= last + sender.confirmations


@contextmanager
def under_way(sender: Sender, entries: Sequence[JournalEntry]) -> Iterator[None]:
    """Tells whoever meets a node in trouble that something was signed, and how to go on."""
    try:
        yield
    except ChainError as error:
        told = error.remedy or "see to that"
        complete = "resumes" in told or "--abandon" in told
        if sender.journal is None or isinstance(error, RevertError) or complete:
            raise
        many = f"{len(entries)} signed transactions were" if entries[1:] else "one was"
        first = (
            told.removesuffix(RUN_AGAIN).rstrip().removesuffix(" and").rstrip(",") or "see to that"
        )
        raise ChainError(
            f"{error.sentence}, while {many} under way, the first being "
            f'"{entries[0].label}" ({entries[0].hash})',
            f"{first}, and {RUN_AGAIN}, which resumes and sends nothing twice",
        ) from None


# --------------------------------------------------------------------------------------- sentences


def _replaced(entry: JournalEntry) -> JournalError:
    return JournalError(
        f"nonce {entry.nonce} of {entry.sender} was used by another transaction, so {entry.hash} "
        f'("{entry.label}") can never be mined',
        "see what that was with `prorata journal adopt`, which takes it in; if the step is still "
        f'to be done, run again with --abandon "{entry.key}"',
    )


def _timed_out(sender: Sender, found: Sequence[Found]) -> ChainError:
    waiting = [entry for entry, mined in found if mined is None]
    if not waiting:
        return ChainError(
            f"{sender.confirmations} confirmations did not come within {sender.timeout:g} seconds",
            f"{RUN_AGAIN}, which waits on",
        )
    price, fees, limit = offered_fees(waiting[0]), sender.chain.fees(), sender.prices.most
    sentence = (
        f"{len(waiting)} of {len(found)} transactions were not mined within "
        f'{sender.timeout:g} seconds, the first being "{waiting[0].label}" ({waiting[0].hash})'
    )
    offer = f"{sentence}, which offers at most {gwei(price.most)}"
    if limit is not None and sender.prices.over(price, fees) is None:
        return ChainError(
            f"{offer}, and --max-fee {gwei(limit)} leaves no room for an offer that replaces it",
            f"{RUN_AGAIN} with a higher --max-fee, which resumes",
        )
    if price.most < fees.base:
        return ChainError(
            f"{offer} where gas costs {gwei(fees.base)}",
            f"{RUN_AGAIN}, which resumes and offers more for the same steps",
        )
    return ChainError(sentence, f"{RUN_AGAIN}, which resumes and sends nothing twice")


def _failure(sender: Sender, entry: JournalEntry, mined: Mined) -> ChainError:
    """Why a mined transaction failed, learnt by running what was signed again as a call."""
    told = "a replay gives no reason"
    plan = plan_of(entry)
    question = plan.intent.call.question(entry.sender) | {"gas": hex(plan.gas)}
    try:
        sender.chain.replay(question, mined.block_number)
    except RevertError as error:
        return explained(error, f'"{entry.label}" failed on the chain ({entry.hash})')
    except ChainError as error:
        told = f"a replay was not possible: {error.sentence}"
    return ChainError(
        f'"{entry.label}" failed on the chain ({entry.hash}) after {mined.gas_used} gas, '
        f"and {told}",
        "give it more gas, or look the transaction up in an explorer",
    )
