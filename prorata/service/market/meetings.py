# SPDX-License-Identifier: MIT
"""The meetings of an asset and their votes, from the events of the ballot and the records.

The votes that stand are counted anew by the law of the count, never taken from a sum. The words of
a resolution are not on the chain: its hash is.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import Connection

from prorata.chain.abi import topics_of
from prorata.contracts.ballot import Ballot, MeetingStage, MeetingTally, MeetingTerms
from prorata.market.meetings.count import VoteBook, tally_of
from prorata.market.meetings.reading import enter_vote
from prorata.store.asof import AsOf, FollowedAsset
from prorata.store.at_records import Records
from prorata.store.log_events import stored_events, times_around

__all__ = ["HeldMeeting", "meetings_of"]

BALLOT = Ballot.CONTRACT
FURTHER = ("Requisitioned", "Cancelled", "Declared", "Voted", "VotedSplit", "Appointed")


@dataclass
class HeldMeeting:
    """A meeting as of a moment; the count is None until its record has closed.

    `stage` is None where the ledger keeps no time of the block, and that would decide.
    """

    id: int
    contract: str
    convener: str
    terms: MeetingTerms
    convened_in: int
    book: VoteBook = field(default_factory=VoteBook)
    requisitioned: bool = False
    declared_at: int | None = None
    cancelled_at: int | None = None
    stage: MeetingStage | None = None
    tally: MeetingTally | None = None


def meetings_of(connection: Connection, asset: FollowedAsset, then: AsOf) -> list[HeldMeeting]:
    """Every meeting of the asset that was convened up to a moment, in order."""
    token = bytes.fromhex(asset.token[2:]).rjust(32, b"\0")
    asked = (connection, asset.id, then.block, BALLOT)
    [convened] = topics_of(BALLOT, "Convened")
    found: dict[tuple[str, int], HeldMeeting] = {}
    for event, _ in stored_events(*asked, ("Convened",), topics=[convened, None, token]):
        args, contract, block = event.args, event.log.address, event.log.block_number
        number, terms = int(args["id"]), MeetingTerms.of(args["terms"])
        found[contract, number] = HeldMeeting(number, contract, args["convener"], terms, block)
    if not found:
        return []
    ids = [number.to_bytes(32, "big") for _, number in found]
    # Of very many the log is read whole.
    topics = None if len(ids) > 500 else [list(topics_of(BALLOT, *FURTHER)), ids]
    for event, time in stored_events(*asked, FURTHER, topics=topics):
        meeting = found.get((event.log.address, int(event.args["id"])))
        if meeting is None:
            continue
        if event.name == "Requisitioned":
            meeting.requisitioned = True
        elif event.name == "Cancelled":
            meeting.cancelled_at = time
        elif event.name == "Declared":
            meeting.declared_at = time
        else:
            enter_vote(meeting.book, meeting.id, event)
    records, times = (
        Records(connection, asset.id, asset.token, then),
        times_around(connection, then),
    )
    for meeting in found.values():
        meeting.stage = _stage(meeting, times)
        meeting.tally = _count(meeting, asset.token, records)
    return list(found.values())


def _stage(meeting: HeldMeeting, times: tuple[int, int | None]) -> MeetingStage | None:
    """As `Ballot.stageOf`."""
    if meeting.cancelled_at is not None:
        return MeetingStage.CANCELLED
    if meeting.declared_at is not None:
        return MeetingStage.DECLARED
    terms, (least, most) = meeting.terms, times
    if least > terms.closes_at:
        return MeetingStage.CLOSED
    if most is None:
        return None
    if most < terms.opens_at:
        return MeetingStage.CONVENED
    return MeetingStage.OPEN if least >= terms.opens_at and most <= terms.closes_at else None


def _count(meeting: HeldMeeting, token: str, records: Records) -> MeetingTally | None:
    terms = meeting.terms
    at = records.find(token, terms.record_id)
    if not at.is_closed:
        return None
    eligible = at.total() - sum(at.held(one) for one in dict.fromkeys(terms.excluded))
    return tally_of(terms, eligible, meeting.book.standing.values())
