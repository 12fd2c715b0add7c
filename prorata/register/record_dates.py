# SPDX-License-Identifier: MIT
"""Scheduling record dates."""

from __future__ import annotations

from dataclasses import dataclass

from prorata.chain.operator import Operator
from prorata.chain.steps import Receipt
from prorata.contracts.share_token import ShareToken
from prorata.deployments.deployment import Deployment
from prorata.errors import InputError
from prorata.values.times import moment

__all__ = ["Record", "require_agent", "schedule_record"]


def require_agent(token: ShareToken, account: str) -> None:
    """Raises: InputError when `account` is no agent of the token."""
    if not token.is_agent(account):
        raise InputError.of(
            "account",
            account,
            f"is no agent of {token.symbol()}",
            f"use an agent's account, or let the owner {token.owner()} add it",
        )


# ----------------------------------------------------------------------------------------- record


@dataclass(frozen=True)
class Record:
    """A record date: `id` counts from 1; it closes at the end of second `closes_at`."""

    id: int
    closes_at: int
    receipt: Receipt | None


def schedule_record(operator: Operator, deployment: Deployment, closes_at: int) -> Record:
    """Schedule the next record date; the record that closes at this second already is returned.

    Raises: InputError when it is past, not later than every record, or the account is no agent;
    what `Operator.send` raises.
    """
    token = deployment.token()
    operator.settle()
    times = token.record_times()
    key = f"record/{closes_at}"
    if closes_at in times:
        return Record(times.index(closes_at) + 1, closes_at, operator.earlier(key))
    require_agent(token, operator.address)
    now = operator.chain.now()
    if closes_at < now:
        raise InputError.of(
            "at",
            moment(closes_at),
            f"is in the past: the chain's time is {moment(now)}",
            "give a later time",
        )
    if times and closes_at < times[-1]:
        raise InputError.of(
            "at",
            moment(closes_at),
            f"is not later than record {len(times)}, which closes at {moment(times[-1])}",
            "give a later time",
        )
    receipt = operator.send_one(key, token.schedule_record(closes_at))
    record_id = int(receipt.events("RecordScheduled")[0].args["recordId"])
    return Record(record_id, closes_at, receipt)
