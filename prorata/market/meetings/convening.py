# SPDX-License-Identifier: MIT
"""Convening a meeting, cancelling it, declaring its result."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256

from prorata.chain.operator import Operator
from prorata.chain.steps import Receipt
from prorata.contracts.ballot import Ballot, MeetingStage, MeetingTally, MeetingTerms
from prorata.deployments.changes import Change, make_change
from prorata.deployments.deployment import Deployment
from prorata.errors import InputError
from prorata.market.meetings.listing import Meeting, keep_words, meeting_of_asset
from prorata.market.meetings.terms import MeetingFile, require_convenable, resolve_meeting
from prorata.values.times import moment

__all__ = ["ConvenedMeeting", "cancel_meeting", "convene_meeting", "declare_meeting"]


@dataclass(frozen=True)
class ConvenedMeeting:
    """A meeting that is there now, and the transaction that convened it."""

    id: int
    terms: MeetingTerms
    receipt: Receipt


def convene_meeting(
    operator: Operator,
    found: Deployment,
    contract: Ballot,
    said: MeetingFile,
    *,
    reference: str = "",
) -> ConvenedMeeting:
    """Convene a meeting, once: the same file with the same reference convenes nothing twice.

    Raises: InputError with what the contract would refuse; what `Operator.send` raises.
    """
    operator.settle()
    words = f"{contract.address}\n{said.model_dump_json()}\n{reference}"
    key = f"meeting/convene/{sha256(words.encode()).hexdigest()[:16]}"
    if (receipt := operator.earlier(key)) is None:
        terms = resolve_meeting(said, found)
        require_convenable(found, terms, operator.address)
        call = replace(contract.convene(terms), label=f"convene a meeting: {said.title}")
        receipt = operator.send_one(key, call)
    [event] = receipt.events("Convened")
    number = event.args["id"]
    keep_words(found.folder, number, said)
    return ConvenedMeeting(number, MeetingTerms.of(event.args["terms"]), receipt)


def cancel_meeting(
    operator: Operator, found: Deployment, contract: Ballot, number: int, document_hash: bytes
) -> Change:
    """Cancel a meeting before it opens.

    Raises: InputError when it is open already, or the account does not speak for the token; what
    `Operator.send` raises.
    """
    operator.settle()
    meeting, token = meeting_of_asset(found, contract, number), found.token()
    done = meeting.stage is MeetingStage.CANCELLED
    if not done:
        if meeting.stage is not MeetingStage.CONVENED:
            rule = f"is {meeting.stage.label}: it opened at {moment(meeting.terms.opens_at)}"
            raise InputError.of("meeting", number, rule, "hold it, and declare nothing carried")
        if operator.address != (owner := token.owner()) and not token.is_agent(operator.address):
            rule = f"is neither owner nor agent of {found.settings.symbol}"
            raise InputError.of("account", operator.address, rule, f"use the account {owner}")
    key = f"meeting/cancel/{contract.address}/{number}"
    return make_change(operator, key, contract.cancel(number, document_hash), done=done)


def declare_meeting(
    operator: Operator, found: Deployment, contract: Ballot, number: int
) -> tuple[Meeting, MeetingTally, Change]:
    """Declare the result of a meeting whose time is over, once.

    Raises: InputError when it is not over; what `Operator.send` raises.
    """
    operator.settle()
    meeting = meeting_of_asset(found, contract, number)
    done = meeting.stage is MeetingStage.DECLARED
    if not done and meeting.stage is not MeetingStage.CLOSED:
        rule = f"is {meeting.stage.label}; votes are taken until {moment(meeting.terms.closes_at)}"
        raise InputError.of("meeting", number, rule, "declare it when that time is over")
    key = f"meeting/declare/{contract.address}/{number}"
    change = make_change(operator, key, contract.declare(number), done=done)
    return meeting, contract.tally(number), change
