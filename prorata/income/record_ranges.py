# SPDX-License-Identifier: MIT
"""Record ranges: ranges of record dates that are paid as one, with a weight for each.

A fund that accrues interest daily and pays it monthly has a record for every day. Its record range
over the month is one record of another contract (`RecordRanges`), at which every holder's balance
is

    sum of weight * shares at the record, over the records of the range

so that one distribution pays for the whole month and rounds once. Weights are integers: how long
each record stands for, counted from the record before it, in days or seconds of UTC (actual, not of
a year of 360 or 365 days: the amount to distribute is the issuer's own figure), or the same for
all. They are divided by what they have in common, which changes nobody's part.

`RangeRegister` is the share register as a record range sees it, rebuilt from events alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from itertools import pairwise
from math import gcd

from prorata.apportion import Apportionment
from prorata.chain.operator import Operator
from prorata.chain.steps import Receipt
from prorata.contracts.share_token import ShareToken
from prorata.deployments.deployer import add_contract
from prorata.deployments.deployment import Deployment
from prorata.errors import InputError
from prorata.income.factor_weights import Factor, weights_at
from prorata.register.earning import earners_expected
from prorata.register.record_ranges import (
    balances_at_range,
)
from prorata.values.times import moment

__all__ = ["MOST_RECORDS", "WEIGHTS", "RecordRange", "define_range", "preview_range", "weigh"]

WEIGHTS = ("days", "seconds", "equal")
"""How records can be weighed."""

MOST_RECORDS = 100
MAX_WEIGHT = 2**32 - 1
MAX_SUPPLY = 2**96 - 1

DAY = 86_400


@dataclass(frozen=True)
class RecordRange:
    """A record range that is defined, or of a dry run that would be: then `id` is 0.

    `receipt` is None when nothing was sent, as for a record range that was there already.
    """

    id: int
    address: str
    record_ids: tuple[int, ...]
    weights: tuple[int, ...]
    closes_at: int
    receipt: Receipt | None


# ---------------------------------------------------------------------------------------- weights


def weigh(times: Sequence[int], kind: str, since: int | None = None) -> tuple[int, ...]:
    """The weights of records that close at `times`, in order; `since` is where the first begins.

    Days are those of UTC: a record at any time of Monday after one at any time of Friday stands
    for three. `since` is not needed where all are equal.

    Raises: InputError when there is nothing to weigh, times do not ascend, two records are of one
    day, or a weight has more than 32 bits.
    """
    if kind not in WEIGHTS:
        raise InputError.of("weights", kind, "is no way to weigh", f"write {', '.join(WEIGHTS)}")
    if not times:
        raise InputError.of("records", len(times), "is no range", "name at least one record")
    if kind == "equal":
        return (1,) * len(times)
    if since is None:
        raise InputError.of(
            "since",
            "",
            f"is missing, and the record at {moment(times[0])} has none before it",
            "say when its period begins, or weigh all equal",
        )
    spans = [_span(*pair, kind) for pair in pairwise((since, *times))]
    common = gcd(*spans)
    weights = tuple(span // common for span in spans)
    if max(weights) > MAX_WEIGHT:
        raise InputError.of(
            "weights", max(weights), f"is more than {MAX_WEIGHT}", "weigh by days, or all equal"
        )
    return weights


def _span(start: int, end: int, kind: str) -> int:
    span = end // DAY - start // DAY if kind == "days" else end - start
    if span > 0:
        return span
    if end <= start:
        rule, remedy = f"is not later than {moment(start)}", "give times in ascending order"
    else:
        rule = f"is of the same day as {moment(start)}"
        remedy = "weigh by seconds, or leave one of them out"
    raise InputError.of("records", moment(end), rule, remedy)


# --------------------------------------------------------------------------------------- defining


def define_range(
    operator: Operator,
    deployment: Deployment,
    first: int,
    last: int,
    *,
    weights: str | Mapping[date, Factor] = "days",
    since: int | None = None,
    dry_run: bool = False,
) -> RecordRange:
    """Define the record range over the records from `first` to `last`, which may still be open.

    Records weigh by one of `WEIGHTS`, or by daily factors. The first record's period begins at the
    record before it, or at `since`. The contract for the token's record ranges is deployed with the
    first of them. A record range that is there already, by whomever it was defined, is returned;
    none is defined twice. A dry run sends nothing.

    Raises: InputError when a record is missing, the record range is too long or weighs too much, or
    the account does not speak for the token; what `Operator.send` raises.
    """
    token = deployment.token()
    times = token.record_times()
    record_ids = _range(first, last, len(times))
    chosen = [_standing(times, record_id) for record_id in record_ids]
    before = [time for time in times[: first - 1] if time is not None]
    begins = before[-1] if since is None and before else since
    if isinstance(weights, str):
        weighed = weigh(chosen, weights, begins)
    else:
        weighed = weights_at(weights, chosen)
    _check_weight(token, operator.chain.now(), chosen, record_ids, weighed)
    if dry_run:
        return RecordRange(0, "", record_ids, weighed, chosen[-1], None)
    operator.settle()
    if (found := _existing(deployment, record_ids, weighed)) is not None:
        return found
    _require_speaker(token, operator.address)
    found_with = add_contract(operator, deployment, "RecordRanges", [token.address])
    record_ranges = found_with.record_ranges()
    digest = sha256(f"{record_ranges.address}{record_ids}{weighed}".encode()).hexdigest()[:16]
    # The journals that people have call the step so.
    receipt = operator.send_one(f"stream/{digest}", record_ranges.define(record_ids, weighed))
    number = int(receipt.events("RangeDefined")[0].args["rangeId"])
    return RecordRange(number, record_ranges.address, record_ids, weighed, chosen[-1], receipt)


def _standing(times: Sequence[int | None], record_id: int) -> int:
    time = times[record_id - 1]
    if time is None:
        remedy = "leave it out: a record range has consecutive records that close"
        raise InputError.of("record", record_id, "was cancelled, and never closes", remedy)
    return time


def _range(first: int, last: int, count: int) -> tuple[int, ...]:
    known = f"there are records 1 to {count}" if count else "there is none yet"
    for column, record_id in (("from-record", first), ("to-record", last)):
        if not 1 <= record_id <= count:
            raise InputError.of(
                column, record_id, f"was never scheduled: {known}", "schedule it with `record`"
            )
    if last < first:
        raise InputError.of("to-record", last, f"is before {first}", "name the last record")
    if last - first >= MOST_RECORDS:
        raise InputError.of(
            "to-record",
            last,
            f"makes a record range of {last - first + 1} records, and {MOST_RECORDS} is the most",
            "define several record ranges",
        )
    return tuple(range(first, last + 1))


def _check_weight(
    token: ShareToken,
    now: int,
    times: Sequence[int],
    record_ids: Sequence[int],
    weights: Sequence[int],
) -> None:
    """Open records are taken to have the present supply: more may be issued, or less."""
    closed = [number for number, time in zip(record_ids, times, strict=True) if time < now]
    # On a chain without regular blocks the newest one may be older than a record's end.
    past = ShareToken(token.chain, token.address, block="pending").total_supplies_at(closed)
    supplies = past + [token.total_supply()] * (len(times) - len(closed))
    supply = sum(weight * held for weight, held in zip(weights, supplies, strict=True))
    if supply > MAX_SUPPLY:
        raise InputError.of(
            "weights",
            supply,
            f"weighted shares are more than the {MAX_SUPPLY} that a vault counts",
            "weigh by days, or all equal",
        )


def _existing(
    deployment: Deployment, record_ids: tuple[int, ...], weights: tuple[int, ...]
) -> RecordRange | None:
    """The record range of just these records and weights, if there is one."""
    if "RecordRanges" not in deployment.manifest.contracts:
        return None
    record_ranges = deployment.record_ranges()
    for number, components in enumerate(record_ranges.all_components(), start=1):
        ids = tuple(component.record_id for component in components)
        if (ids, tuple(component.weight for component in components)) == (record_ids, weights):
            return RecordRange(
                number, record_ranges.address, ids, weights, components[-1].closes_at, None
            )
    return None


def _require_speaker(token: ShareToken, account: str) -> None:
    if account != token.owner() and not token.is_agent(account):
        raise InputError.of(
            "account",
            account,
            f"does not speak for {token.symbol()}",
            f"use an agent's account, or that of the owner {token.owner()}",
        )


def preview_range(
    deployment: Deployment, range_id: int, amount: int, excluded: Sequence[str] = ()
) -> Apportionment[str]:
    """Who would receive what of `amount`, by the law, before anything is declared.

    Raises: as `balances_at_range` does; NoEligibleShares.
    """
    balances = balances_at_range(deployment, range_id)
    return earners_expected(deployment, excluded, balances).divide(amount, balances)
