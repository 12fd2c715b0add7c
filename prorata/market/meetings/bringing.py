# SPDX-License-Identifier: MIT
"""Signed votes from files: counted off the chain, and brought to it in pages.

What is counted from the files is what the chain counts once they were brought: the same law, the
same shares of the record, the same order. A file that cannot be taken is told with its reason, and
keeps no other from being counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from prorata.chain.operator import Operator
from prorata.chain.steps import Receipt
from prorata.contracts.ballot import Ballot, MeetingTally, VoteObstacle, VotePart
from prorata.deployments.changes import Change, make_change
from prorata.deployments.deployment import Deployment
from prorata.errors import InputError
from prorata.market.meetings.ballot_files import (
    Paper,
    SignedAppointment,
    SignedVote,
    find_papers,
    read_ballot,
    require_intact,
    voters_named,
)
from prorata.market.meetings.count import VoteBook, tally_of
from prorata.market.meetings.listing import Meeting
from prorata.market.meetings.reading import count_meeting, eligible_shares, read_electorate

__all__ = ["PAGE", "Brought", "CountedFiles", "FileVerdict", "bring_files", "count_files"]

PAGE = 100
"""Signed votes of one transaction: of the dearest kind they need two thirds of what it may have."""


@dataclass(frozen=True)
class FileVerdict:
    """What becomes of a file: without a reason it counts, or has been taken `before`."""

    path: Path
    paper: Paper | None
    reason: str = ""
    before: bool = False

    @property
    def counts(self) -> bool:
        """Whether it is to be brought."""
        return not self.reason and not self.before


@dataclass(frozen=True)
class CountedFiles:
    """A meeting as the chain has it, and as it is with what the files say on top."""

    chain: MeetingTally
    whole: MeetingTally
    verdicts: tuple[FileVerdict, ...]
    replaced: tuple[tuple[VotePart, ...], ...]
    """For each file that counts, in order, the parts of the vote that it replaces."""


def count_files(
    found: Deployment, contract: Ballot, meeting: Meeting, given: Sequence[Path]
) -> CountedFiles:
    """Count a meeting with signed votes that nobody has brought yet.

    Raises: InputError when a folder has no files; BooksError when the chain's count is not that of
    its votes; ChainError.
    """
    present = count_meeting(found, contract, meeting.id, meeting.terms)
    verdicts = [_read(found, contract, meeting, path) for path in find_papers(given)]
    papers = [one.paper for one in verdicts if one.paper is not None and not one.reason]
    appointed = [one.appointment.proxy for one in papers if isinstance(one, SignedAppointment)]
    holders = voters_named(papers)
    who = read_electorate(found, contract, meeting.id, meeting.terms, holders, appointed=appointed)
    book, now = present.book.copy(), present.block.timestamp
    judged, replaced = [], []
    for verdict in sorted(verdicts, key=_turn):
        paper = verdict.paper
        if paper is None or verdict.reason:
            judged.append(verdict)
        elif isinstance(paper, SignedAppointment):
            judged.append(_appointed(book, verdict, paper, who.claimants, now))
        else:
            standing = book.standing.get(paper.vote.holder)
            obstacle = book.obstacle(meeting.terms, who, paper.vote, now)
            before = _is_standing(present.book, paper)
            if obstacle is VoteObstacle.NONE:
                replaced.append(() if standing is None else standing.replaced_with)
                book.take(who, paper.vote)
            reason = "" if before or obstacle is VoteObstacle.NONE else obstacle.label
            judged.append(FileVerdict(verdict.path, paper, reason, before))
    eligible = eligible_shares(found, meeting.terms, present.block)
    whole = tally_of(meeting.terms, eligible, book.standing.values())
    return CountedFiles(present.tally, whole, tuple(judged), tuple(replaced))


@dataclass(frozen=True)
class Brought:
    """What bringing has done: the count that was announced, and what the chain took."""

    counted: CountedFiles
    changes: tuple[Change, ...]
    tally: MeetingTally

    @property
    def receipts(self) -> list[Receipt]:
        """The transactions that this run has sent."""
        return [one.receipt for one in self.changes if one.receipt is not None and one.sent_now]


def bring_files(
    operator: Operator, found: Deployment, contract: Ballot, meeting: Meeting, given: Sequence[Path]
) -> Brought:
    """Bring signed votes and appointments to the chain; what was taken before is left out.

    Raises: InputError when none can be taken and none was; what `Operator.send` raises.
    """
    operator.settle()
    counted = count_files(found, contract, meeting, given)
    wanted = [one.paper for one in counted.verdicts if one.counts]
    if not wanted and not any(one.before for one in counted.verdicts):
        reasons = "; ".join(f"{one.path}: {one.reason}" for one in counted.verdicts[:4])
        rule = f"has nothing that can be taken ({reasons})"
        raise InputError.of("file", given[0], rule, "ask for other files")
    changes = [
        _bring_appointment(operator, contract, paper)
        for paper in wanted
        if isinstance(paper, SignedAppointment)
    ]
    votes = [paper for paper in wanted if isinstance(paper, SignedVote)]
    for at in range(0, len(votes), PAGE):
        page, before = votes[at : at + PAGE], counted.replaced[at : at + PAGE]
        changes.append(_bring_page(operator, contract, page, before))
    return Brought(counted, tuple(changes), contract.tally(meeting.id))


# ---------------------------------------------------------------------------------------- the files


def _read(found: Deployment, contract: Ballot, meeting: Meeting, path: Path) -> FileVerdict:
    """A file, or why it is none that can be taken."""
    try:
        paper = read_ballot(path)
        require_intact(paper, found.chain, contract.address, meeting.id)
        if isinstance(paper, SignedVote) and paper.count != meeting.count:
            rule = f"is on so many resolutions, and the meeting has {meeting.count}"
            raise InputError.of("resolutions", paper.count, rule, "ask for another file")
    except InputError as error:
        problem = error.problems[0]
        return FileVerdict(path, None, f"{problem.column} {problem.value} {problem.rule}")
    return FileVerdict(path, paper)


def _turn(verdict: FileVerdict) -> tuple[int, int, str]:
    """Appointments first, and then the older votes first, so that the last version stands."""
    paper = verdict.paper
    if isinstance(paper, SignedAppointment):
        return 0, paper.appointment.version, str(verdict.path)
    if isinstance(paper, SignedVote):
        return 1, paper.vote.version, str(verdict.path)
    return 2, 0, str(verdict.path)


def _appointed(
    book: VoteBook,
    verdict: FileVerdict,
    paper: SignedAppointment,
    claimants: Mapping[str, str | None],
    now: int,
) -> FileVerdict:
    one = paper.appointment
    before = book.appointed.get((one.holder, one.claimant)) == one
    reason = ""
    if not before and claimants.get(one.holder) != one.claimant:
        reason = VoteObstacle.NOT_VOTER.label
    elif not before and not book.appoint(one, now):
        reason = VoteObstacle.OLD_VERSION.label
    return FileVerdict(verdict.path, paper, reason, before)


def _is_standing(book: VoteBook, paper: SignedVote) -> bool:
    """Whether the vote of a file was the last of its voter that was taken."""
    vote = paper.vote
    return book.versions.get((vote.holder, vote.voter)) == vote.version


# ------------------------------------------------------------------------------------------ sending


def _bring_appointment(operator: Operator, contract: Ballot, paper: SignedAppointment) -> Change:
    key = f"meeting/bring/{paper.digest.hex()[:16]}"
    call = contract.appoint_for(paper.appointment, paper.signature)
    return make_change(operator, key, call, done=False)


def _bring_page(
    operator: Operator,
    contract: Ballot,
    page: Sequence[SignedVote],
    before: Sequence[Sequence[VotePart]],
) -> Change:
    digests = b"".join(paper.digest for paper in page)
    key = f"meeting/bring/{sha256(digests).hexdigest()[:16]}"
    votes, signatures = [paper.vote for paper in page], [paper.signature for paper in page]
    return make_change(operator, key, contract.cast_many(votes, signatures, before), done=False)
