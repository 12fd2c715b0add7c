# SPDX-License-Identifier: MIT
"""What earlier runs signed: sent again as the same bytes, or anew with the same nonce.

Of two transactions with one nonce only one can ever be mined, and so no step is done twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from prorata.chain.calls import Call
from prorata.chain.journal import Journal, JournalEntry
from prorata.chain.prices import NO_FLOOR, floor_named, gwei
from prorata.chain.steps import Intent, Receipt, StepPlan, digest_of, offered_fees, plan_of
from prorata.chain.transactions.adoption import note_foreign, outside_error
from prorata.chain.transactions.outside import find_outside
from prorata.chain.transactions.plans import check_funds, plan_steps
from prorata.chain.transactions.sender import PRICE_WORDS, Sender, broadcast, ours_from, says, sign
from prorata.chain.transactions.waits import look_up, receipts_of, under_way, wait
from prorata.chain.types import Fees, Mined
from prorata.errors import RUN_AGAIN, ChainError, JournalError, ProrataError
from prorata.values.amounts import format_units

__all__ = [
    "adopted_receipts",
    "check_same",
    "earlier_receipts",
    "keep_done",
    "require_known",
    "require_taken",
    "send_first",
    "settle_leftovers",
    "sign_next",
]


# -------------------------------------------------------------------------------- of earlier runs


def settle_leftovers(sender: Sender, keys: set[str]) -> None:
    """See mined what an earlier run signed for other steps: its nonces come before ours.

    Raises: JournalError for what can never be mined; ChainError.
    """
    if sender.journal is None:
        return
    live, known = sender.journal.live(), sender.settled
    others = [entry for entry in live if entry.key not in keys and entry.hash not in known]
    found = look_up(sender, others)
    known |= {entry.hash for entry, mined in found if mined is not None}
    waiting = [entry for entry, mined in found if mined is None]
    if waiting:
        _see_mined(sender, waiting)


def earlier_receipts(sender: Sender, intents: Sequence[Intent]) -> dict[str, Receipt]:
    """What earlier runs did of these steps, once all that they had signed is mined.

    Raises: JournalError for a step with other contents, or that can never be mined; ChainError.
    """
    if sender.journal is None:
        return {}
    entries = []
    for intent in intents:
        if (entry := sender.journal.find(intent.key)) is not None:
            check_same(entry, intent.call, sender.journal)
            entries.append(entry)
    found = look_up(sender, entries)
    # A failed transaction used its nonce up, so its step can safely be tried again.
    done = {
        entry.key: Receipt(entry.key, entry.label, mined, resumed=True)
        for entry, mined in found
        if mined is not None and mined.success
    }
    waiting = [entry for entry, mined in found if mined is None]
    if waiting:
        again, mined = _see_mined(sender, waiting, {intent.key: intent for intent in intents})
        done |= receipts_of(sender, again, mined, resumed=True)
    return done


def require_known(sender: Sender) -> None:
    """Whether the journal knows all that our accounts did to this deployment.

    Raises: JournalError when something was sent that is not in it; ChainError.
    """
    if sender.journal is None:
        return
    findings = find_outside(sender.chain, sender.journal, sender.home, [sender.address])
    if any(one.ours for one in findings):
        raise outside_error(sender.journal, findings)
    note_foreign(sender.journal, findings)


def adopted_receipts(sender: Sender, intents: Sequence[Intent]) -> dict[str, Receipt]:
    """What was done of new steps by transactions that the journal adopted: by equal calls."""
    if sender.journal is None:
        return {}
    done = {}
    for intent in intents:
        equal = (sender.address, digest_of(intent.call))
        same = [e for e in sender.journal.adopted() if (e.sender, e.digest) == equal]
        # Mined and successful, or it would not have been adopted; unless it was undone since.
        for (_, mined), entry in zip(look_up(sender, same[:1]), same, strict=False):
            if mined is not None and mined.success:
                if not sender.journal.read_only:
                    sender.journal.bind(intent.key, entry)
                done[intent.key] = Receipt(intent.key, entry.label, mined, resumed=True)
    return done


def keep_done(
    sender: Sender, done: dict[str, Receipt], signed: Sequence[JournalEntry]
) -> dict[str, Receipt]:
    """What was done, seen mined anew where a reorganisation has undone it meanwhile."""
    known = {e.hash: e for e in (() if sender.journal is None else sender.journal.entries)}
    known |= {entry.hash: entry for entry in signed}
    while True:
        hashes = sender.chain.hashes(sorted({r.mined.block_number for r in done.values()}))
        undone = [
            known[receipt.hash]
            for receipt in done.values()
            if hashes[receipt.mined.block_number] != receipt.mined.block_hash
        ]
        if not undone:
            return done
        with under_way(sender, undone):
            again = _undone_again(sender, undone)
            mined = wait(sender, again, 0, len(again), resumed=True)
        resumed = {key for key, receipt in done.items() if receipt.resumed}
        for key, receipt in receipts_of(sender, again, mined).items():
            known[receipt.hash] = next(e for e in again if e.key == key)
            done[key] = replace(receipt, resumed=key in resumed)


def _undone_again(sender: Sender, entries: Sequence[JournalEntry]) -> list[JournalEntry]:
    """Send again those of them that are not in another block already."""
    found = look_up(sender, entries)
    waiting = [entry for entry, mined in found if mined is None]
    there = [entry for entry, mined in found if mined is not None]
    return [*there, *(_send_again(sender, waiting) if waiting else ())]


# ------------------------------------------------------------------------------------ sent again


def _see_mined(
    sender: Sender, entries: Sequence[JournalEntry], intents: Mapping[str, Intent] | None = None
) -> tuple[list[JournalEntry], list[Mined]]:
    """Send them again and wait for them; what was sent in the end, and what it did."""
    with under_way(sender, entries):
        again = _send_again(sender, entries, intents)
        return again, wait(sender, again, 0, len(again), resumed=True)


def _send_again(
    sender: Sender, entries: Sequence[JournalEntry], intents: Mapping[str, Intent] | None = None
) -> list[JournalEntry]:
    """Send the same bytes or, where they are no longer taken, the same steps anew.

    With `intents`, which has each of them by key, a step is estimated anew whatever the node has
    against its bytes. Without, all that is known is what was signed: only its price can change.

    Raises: ChainError for one that is not taken either way.
    """
    refused = broadcast(sender, entries)
    _learn_floor(sender, [(entry, str(reason)) for entry, reason in refused])
    stale = {e.hash for e, reason in refused if intents is not None or says(reason, PRICE_WORDS)}
    stale |= {entry.hash for entry in _priced_out(sender, entries)}
    # Another account has nonces of its own: what it signed can only be sent as it is.
    replaced = [e for e in entries if e.hash in stale and e.sender == sender.address]
    anew: list[JournalEntry] = []
    if replaced:
        anew = _sign_anew(sender, _plans_of(sender, replaced, intents), replaced)
        refused = [*(r for r in refused if r[0] not in replaced), *broadcast(sender, anew)]
    if intents is not None:
        require_taken(sender, refused)
    for entry, reason in refused:
        raise ChainError(
            f'"{entry.label}", which an earlier run signed, was not taken: {reason.sentence}',
            f'run that step again first, or give it up with --abandon "{entry.key}"',
        )
    kept = [entry for entry in entries if entry not in replaced]
    return sorted((*kept, *anew), key=lambda entry: entry.nonce)


def _plans_of(
    sender: Sender, entries: Sequence[JournalEntry], intents: Mapping[str, Intent] | None
) -> list[StepPlan]:
    if intents is not None:
        wanted = [intents[entry.key] for entry in entries]
        return plan_steps(sender.chain, sender.address, wanted, sender.prices)
    plans = [plan_of(entry) for entry in entries]
    check_funds(sender.chain, sender.address, plans, sender.prices)
    return plans


def _priced_out(sender: Sender, entries: Sequence[JournalEntry]) -> list[JournalEntry]:
    """Those that a node keeps and no block takes, since they offer less than gas costs now."""
    base = sender.chain.fees().base
    cheap = [entry for entry in entries if offered_fees(entry).most < base]
    found = sender.chain.receipts([entry.hash for entry in cheap])
    return [entry for entry, mined in zip(cheap, found, strict=True) if mined is None]


def _sign_anew(
    sender: Sender, plans: Sequence[StepPlan], replaced: Sequence[JournalEntry]
) -> list[JournalEntry]:
    """Sign with the nonces of what is replaced, and offer more.

    A node may have the other one in spite of what it says.

    Raises: ChainError where that is more than may be offered.
    """
    node, terms = sender.chain.fees(), []
    for entry in replaced:
        price = sender.prices.over(offered_fees(entry), node, sender.floor)
        if price is None:
            raise _no_room(sender, entry)
        terms.append((entry.nonce, price))
    return sign(sender, plans, terms)


def send_first(sender: Sender, entries: Sequence[JournalEntry]) -> list[JournalEntry]:
    """Send what was just signed; what a pool finds too cheap is signed anew, as it asks.

    Raises: ChainError for one that is not taken, or not for what may be offered.
    """
    kept = list(entries)
    for _ in range(1 + sender.prices.bumps):
        refused = broadcast(sender, kept)
        cheap = [(entry, str(reason)) for entry, reason in refused if says(reason, PRICE_WORDS)]
        if not cheap or sender.journal is None or len(cheap) < len(refused):
            break
        _learn_floor(sender, cheap)
        anew = _offer_floor(sender, cheap)
        by_nonce = {entry.nonce: entry for entry in anew}
        kept = [by_nonce.get(entry.nonce, entry) for entry in kept]
    require_taken(sender, refused)
    return kept


def _offer_floor(sender: Sender, cheap: Sequence[tuple[JournalEntry, str]]) -> list[JournalEntry]:
    """The same steps for what the pool has named; where it is mute, for an eighth more."""
    mute = [entry for entry, reason in cheap if floor_named(reason) is None]
    if mute:
        return _sign_anew(sender, [plan_of(entry) for entry in mute], mute)
    price = sender.prices.offer(sender.chain.fees(), sender.floor)
    plans = [plan_of(entry) for entry, _ in cheap]
    return sign(sender, plans, [(entry.nonce, price) for entry, _ in cheap])


def _learn_floor(sender: Sender, refused: Sequence[tuple[JournalEntry, str]]) -> None:
    """What the pool asks for at least is asked for by all that follow.

    Raises: ChainError when it is more than may be offered.
    """
    for entry, reason in refused:
        floor = floor_named(reason)
        if floor is None:
            continue
        limit, least = sender.prices.most, floor.most + floor.tip
        enough = format_units(least, 9, trim=True)
        if limit is not None and least > limit:
            raise ChainError(
                f'the node takes "{entry.label}" for no less than {gwei(least)} a unit of gas, '
                f"and --max-fee allows {gwei(limit)}, so it was not sent",
                f"wait, or {RUN_AGAIN} with --max-fee {enough}, which resumes",
            )
        most = max(sender.floor.most, floor.most)
        sender.floor = Fees(most, max(sender.floor.tip, floor.tip))


# ---------------------------------------------------------------------------------- what is next


def sign_next(sender: Sender, plans: Sequence[StepPlan]) -> list[JournalEntry]:
    """Sign with the account's next nonces, once the chain has all that the journal has."""
    first = _next_nonce(sender)
    fees = sender.prices.offer(sender.chain.fees(), sender.floor)
    return sign(sender, plans, [(first + number, fees) for number in range(len(plans))])


def _next_nonce(sender: Sender) -> int:
    """The account's next nonce, once the chain has everything again that the journal has.

    A reorganisation, or a node that is behind the others, would else give one out twice.
    """
    first = sender.chain.nonce(sender.address, block="pending")
    _require_none_waiting(sender, first)
    fallen = ours_from(sender, first)
    if not fallen:
        return first
    again, _ = _see_mined(sender, fallen)
    return max(
        sender.chain.nonce(sender.address, block="pending"),
        max(entry.nonce for entry in again) + 1,
    )


def _require_none_waiting(sender: Sender, pending: int) -> None:
    """Raises: ChainError for what waits in the pool and is not in the journal: maybe a payment."""
    unknown = sender.journal and sender.journal.unknown(sender.address, pending)
    if unknown:
        raise ChainError(
            f"a transaction of {sender.address} with nonce {unknown[0]} waits to be mined, and the "
            "journal does not know it, so nothing was sent",
            f"wait until it is mined and {RUN_AGAIN}, which then says whether it concerns this "
            "asset",
        )


# --------------------------------------------------------------------------------------- refusals


def require_taken(sender: Sender, refused: Sequence[tuple[JournalEntry, ProrataError]]) -> None:
    """Raises: ChainError for the first that the node did not take."""
    for entry, reason in refused:
        remedy = f"see to that and {RUN_AGAIN}, which resumes"
        if entry.sender != sender.address:
            remedy = f'run it as {entry.sender} again, or give it up with --abandon "{entry.key}"'
        raise ChainError(f'"{entry.label}" was not taken: {reason.sentence}', remedy)


def _no_room(sender: Sender, entry: JournalEntry) -> ChainError:
    least, limit = NO_FLOOR.over(offered_fees(entry).most, 0).most, sender.prices.most or 0
    return ChainError(
        f'"{entry.label}" waits with an offer of {gwei(offered_fees(entry).most)} a unit of gas, '
        f"and one that takes its place must be of {gwei(least)}, more than --max-fee {gwei(limit)}",
        f"wait, or {RUN_AGAIN} with --max-fee {format_units(least, 9, trim=True)}, which resumes",
    )


def check_same(entry: JournalEntry, call: Call, journal: Journal) -> None:
    """Raises: JournalError for a step that was sent before with other contents."""
    if entry.digest != digest_of(call):
        raise JournalError(
            f'the step "{entry.key}" was sent before with other contents, as {entry.hash}',
            f"give the same inputs again, or use another folder than {journal.path.parent}",
        )
