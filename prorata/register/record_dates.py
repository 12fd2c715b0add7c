# SPDX-License-Identifier: MIT
"""Scheduling record dates, and cancelling the last ones that are still open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from prorata.chain.operator import Operator
from prorata.chain.steps import Receipt
from prorata.contracts.share_token import ShareToken
from prorata.deployments.deployment import Deployment
from prorata.errors import InputError
from prorata.values.times import moment

__all__ = [
    "HORIZON",
    "CancelledRecords",
    "Record",
    "RecordDate",
    "cancel_records",
    "last_closed_record",
    "last_record",
    "read_records",
    "require_agent",
    "schedule_record",
]

DAY = 86_400

SAME_WORDS = DAY
"""Seconds within which relative words, such as `+2d`, mean the record that they made before."""

HORIZON = 400 * DAY
"""How many seconds ahead a record can be scheduled: as the share token has it."""


def require_agent(token: ShareToken, account: str) -> None:
    """Raises: InputError when `account` is no agent of the token."""
    if not token.is_agent(account):
        raise InputError.of(
            "account",
            account,
            f"is no agent of {token.symbol()}",
            f"use an agent's account, or let the owner {token.owner()} add it",
        )


def last_record(token: ShareToken) -> int:
    """The last record that was not cancelled, or the last one; 0 if there is none."""
    last = token.record_count()
    standing = (n for n in range(last, 0, -1) if not token.is_record_cancelled(n))
    return next(standing, last)


def last_closed_record(deployment: Deployment) -> int:
    """The last record that has closed and stands.

    Raises: InputError when there is none.
    """
    times, now = deployment.token().record_times(), deployment.chain.now()
    standing = [(number, time) for number, time in enumerate(times, 1) if time is not None]
    if closed := [number for number, time in standing if time < now]:
        return closed[-1]
    if not standing:
        rule, remedy = "is missing, and no record was ever scheduled", "`prorata record` makes one"
    else:
        number, time = standing[0]
        rule = f"is missing, and none has closed: record {number} closes at {moment(time)}"
        remedy = f"wait until then, or give --record {number}, which pays in now for that record"
    raise InputError.of("record", "", rule, remedy)


# ------------------------------------------------------------------------------------ the calendar


@dataclass(frozen=True)
class RecordDate:
    """A record date of the calendar: `closes_at` is None for one that was cancelled.

    `state` is `closed`, `open` or `cancelled`; `distributions` are those declared for it.
    """

    id: int
    closes_at: int | None
    state: str
    distributions: tuple[int, ...]


def read_records(deployment: Deployment) -> list[RecordDate]:
    """Every record date of the asset, in order.

    Raises: ChainError.
    """
    token, now = deployment.token(), deployment.chain.now()
    declared: dict[int, list[int]] = {}
    for found in deployment.vault().distributions_of([token.address]):
        declared.setdefault(found.record_id, []).append(found.id)
    return [
        RecordDate(number, time, _state(time, now), tuple(declared.get(number, ())))
        for number, time in enumerate(token.record_times(), start=1)
    ]


def _state(closes_at: int | None, now: int) -> str:
    if closes_at is None:
        return "cancelled"
    return "closed" if closes_at < now else "open"


# ----------------------------------------------------------------------------------------- record


@dataclass(frozen=True)
class Record:
    """A record date: `id` counts from 1; it closes at the end of second `closes_at`.

    `ahead` is how many seconds that is from the chain's present. Without a receipt it was there
    before, or would be scheduled. `asked_ago` is how many seconds ago the same relative words made
    it; a `repeated` one was there before this run.
    """

    id: int
    closes_at: int
    receipt: Receipt | None
    ahead: int = 0
    asked_ago: int | None = None
    repeated: bool = False


def schedule_record(
    operator: Operator,
    deployment: Deployment,
    closes_at: int,
    *,
    relative: str = "",
    another: bool = False,
    dry_run: bool = False,
) -> Record:
    """Schedule the next record date; the record that closes at this second already is returned.

    Where `closes_at` came from words that are `relative` to the present, such as `+2d`, the record
    that the same words made within `SAME_WORDS` is returned, unless `another` is wanted.

    Raises: InputError when it is past, over `HORIZON` ahead, not later than every record, or the
    account is no agent; what `Operator.send` raises.
    """
    token = deployment.token()
    operator.settle()
    times, now = token.record_times(), operator.chain.now()
    if closes_at in times:
        receipt = _scheduled(operator, closes_at)
        number = times.index(closes_at) + 1
        return Record(number, closes_at, receipt, closes_at - now, repeated=True)
    said = None if another else _said_before(operator, relative, times, closes_at - now)
    if said is not None:
        return said
    require_agent(token, operator.address)
    _check_time(closes_at, now, times)
    if dry_run:
        return Record(len(times) + 1, closes_at, None, closes_at - now)
    key = f"record/{relative}/{closes_at}" if relative else _key(operator, closes_at)
    if operator.earlier(key) is not None:
        # That record was cancelled since: this is another one.
        key = f"record/{closes_at}/{operator.attempts(f'record/{closes_at}') + 1}"
    receipt = operator.send_one(key, token.schedule_record(closes_at))
    record_id = int(receipt.events("RecordScheduled")[0].args["recordId"])
    ahead = closes_at - now
    return Record(record_id, closes_at, receipt, ahead, repeated=receipt.resumed)


def _scheduled(operator: Operator, closes_at: int) -> Receipt | None:
    """The latest step of the journal that scheduled a record at this second, in whatever words."""
    for entry in reversed(() if operator.journal is None else operator.journal.live()):
        room, *parts = entry.key.split("/")
        if room == "record" and str(closes_at) in parts:
            return operator.earlier(entry.key)
    return None


def _said_before(
    operator: Operator, words: str, times: Sequence[int | None], delay: int
) -> Record | None:
    """The latest record that the same words made not long ago, if it stands."""
    prefix, now = f"record/{words}/", operator.chain.now()
    entries = () if operator.journal is None or not words else operator.journal.live()
    for entry in reversed(entries):
        if not entry.key.startswith(prefix):
            continue
        closes_at = int(entry.key.removeprefix(prefix))
        ago = max(0, now - (closes_at - delay))
        if ago < SAME_WORDS and closes_at in times:
            number = times.index(closes_at) + 1
            receipt, ahead = operator.earlier(entry.key), closes_at - now
            return Record(number, closes_at, receipt, ahead, asked_ago=ago, repeated=True)
    return None


def _key(operator: Operator, closes_at: int) -> str:
    """What the journal calls the latest step that scheduled a record at this second."""
    again = operator.attempts(f"record/{closes_at}")
    return f"record/{closes_at}/{again}" if again else f"record/{closes_at}"


def _check_time(closes_at: int, now: int, times: Sequence[int | None]) -> None:
    if closes_at < now:
        raise InputError.of(
            "at",
            moment(closes_at),
            f"is in the past: the chain's time is {moment(now)}",
            "give a later time",
        )
    if closes_at > now + HORIZON:
        raise InputError.of("at", moment(closes_at), *_too_far(closes_at, now))
    standing = [(number, time) for number, time in enumerate(times, 1) if time is not None]
    if standing and closes_at < standing[-1][1]:
        number, last = standing[-1]
        raise InputError.of(
            "at",
            moment(closes_at),
            f"is not later than record {number}, which closes at {moment(last)}",
            f"give a later time, or cancel that record with `prorata record cancel --from {number}`"
            if last >= now
            else "give a later time",
        )


def _too_far(closes_at: int, now: int) -> tuple[str, str]:
    """The rule that a far time breaks, and the likely cause: milliseconds for seconds."""
    rule = (
        f"is more than {HORIZON // DAY} days ahead, so that no earlier record could be scheduled "
        f"any more: the chain's time is {moment(now)}"
    )
    seconds = closes_at // 1_000
    if now <= seconds <= now + HORIZON:
        return rule, f"give seconds, not milliseconds: {moment(seconds)}"
    return rule, "give an earlier time, and schedule this one when it is nearer"


# ------------------------------------------------------------------------------------- cancelling


@dataclass(frozen=True)
class CancelledRecords:
    """Records that never close, in order, and what depended on them.

    `ranges` are the record ranges with such a record. `distributions`, declared for one or for
    such a range, pay nobody: each goes back to its declarer with `refund`. Without a receipt they
    were cancelled before, or would be.
    """

    records: tuple[int, ...]
    closes_at: tuple[int, ...]
    ranges: tuple[int, ...]
    distributions: tuple[int, ...]
    receipt: Receipt | None


def cancel_records(
    operator: Operator, deployment: Deployment, first_id: int, *, dry_run: bool = False
) -> CancelledRecords:
    """Cancel record `first_id`, which is still open, and every later one. Owner only.

    Their ids are not given again. Those that are cancelled already are not cancelled twice.

    Raises: InputError when the first was never scheduled or has closed, or the account is not the
    owner; what `Operator.send` raises.
    """
    token = deployment.token()
    operator.settle()
    times = token.record_times()
    _check_first(first_id, len(times))
    ids = tuple(range(first_id, len(times) + 1))
    closing = {n: time for n in ids if (time := times[n - 1]) is not None}
    key = f"cancel-records/{first_id}/{len(times)}"
    if not closing:
        return _cancelled(deployment, ids, {}, operator.earlier(key))
    first, now = min(closing), operator.chain.now()
    if first != first_id:
        rule = f"was cancelled before, and record {first} was scheduled since"
        raise InputError.of("from", first_id, rule, f"give --from {first}")
    if closing[first] < now:
        raise InputError.of(
            "from",
            first_id,
            f"has closed at {moment(closing[first])}: the chain's time is {moment(now)}",
            "name a record that is open",
        )
    if operator.address != (owner := token.owner()):
        rule, remedy = f"is not the owner of {token.symbol()}", f"use the account {owner}"
        raise InputError.of("account", operator.address, rule, remedy)
    found = _cancelled(deployment, ids, closing, None)
    if dry_run:
        return found
    receipt = operator.send_one(key, token.cancel_records(first_id))
    return _cancelled(deployment, ids, closing, receipt)


def _check_first(first_id: int, count: int) -> None:
    if not 1 <= first_id <= count:
        known = f"there are records 1 to {count}" if count else "there is none yet"
        raise InputError.of("from", first_id, f"was never scheduled: {known}", "check the number")


def _cancelled(
    deployment: Deployment,
    ids: tuple[int, ...],
    closing: dict[int, int],
    receipt: Receipt | None,
) -> CancelledRecords:
    records = tuple(closing) or ids
    ranges = tuple(_ranges_with(deployment, records))
    token = deployment.token().address
    depending = (
        found.id
        for found in deployment.vault().distributions_of(deployment.paying)
        if found.owed and found.record_id in (records if found.token == token else ranges)
    )
    return CancelledRecords(records, tuple(closing.values()), ranges, tuple(depending), receipt)


def _ranges_with(deployment: Deployment, records: Sequence[int]) -> Iterator[int]:
    if "RecordRanges" not in deployment.manifest.contracts:
        return
    for number, components in enumerate(deployment.record_ranges().all_components(), start=1):
        if any(component.record_id in records for component in components):
            yield number
