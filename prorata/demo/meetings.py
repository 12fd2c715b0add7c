# SPDX-License-Identifier: MIT
"""A meeting in a play: convened by its file, voted at in every way there is, and its minutes.

What a vote weighs is what its holder had at the record. Some send their votes; some sign them, and
the company brings all of those at once; some let the chair vote for them; a pool votes in parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from pydantic import BaseModel, ConfigDict

from prorata.contracts.ballot import Ballot
from prorata.deployments.deployment import Deployment
from prorata.errors import InputError
from prorata.files.csv_reader import Sheet
from prorata.files.models import validated
from prorata.market.meetings.ballot_files import write_ballot
from prorata.market.meetings.bringing import bring_files
from prorata.market.meetings.convening import convene_meeting, declare_meeting
from prorata.market.meetings.listing import Meeting, ballot_at, meeting_of_asset
from prorata.market.meetings.terms import read_meeting_file
from prorata.market.meetings.votes import (
    appoint_proxy,
    cast_vote,
    choice_of,
    read_parts,
    signed_vote,
)
from prorata.reports.minutes import Minutes, minutes_of
from prorata.values.amounts import percent
from prorata.values.times import moment
from prorata.values.words import counted, listed

if TYPE_CHECKING:
    from prorata.chain.operator import Operator
    from prorata.demo.chain import DemoChain
    from prorata.demo.narration import Narrator

__all__ = ["MeetingAct", "Venue", "Voter", "read_votes"]

CHAIR = 1_004
"""Index in the rehearsal wallet of whoever votes for those who appoint the chair."""

DAY = 86_400
NOTICE, LASTS = 14 * DAY, 7 * DAY

How = Literal["sent", "signed", "split", "proxy"]


class Voter(BaseModel):
    """How a holder votes: `vote` is in words, or of a split vote the file of its parts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    address: str
    how: How
    vote: str


class Venue(Protocol):
    """The play in which a meeting takes place."""

    demo_chain: DemoChain
    narrator: Narrator
    folder: Path
    operator: Operator

    @property
    def now(self) -> int:
        """The chain's time."""

    def operator_of(self, address: str, /) -> Operator:
        """Somebody who sends steps."""

    def schedule(self, found: Deployment, closes_at: int, /) -> int:
        """Schedule a record date; its number."""

    def enter(self, *indices: int) -> list[str]:
        """Further accounts of the rehearsal wallet."""


@dataclass
class MeetingAct:
    """One meeting of a play: `terms` is its file, beside which are those of split votes."""

    play: Venue
    found: Deployment
    terms: Path
    voters: Sequence[Voter]

    def hold(self) -> Minutes:
        """Convene, vote, declare; the minutes.

        Raises: InputError; ChainError.
        """
        contract, meeting = self._convene()
        self._vote(contract, meeting)
        return self._declare(contract, meeting)

    def _convene(self) -> tuple[Ballot, Meeting]:
        play, found = self.play, self.found
        with play.narrator.step("A meeting is convened") as step:
            closes = play.now + NOTICE
            record = play.schedule(found, closes)
            path = play.folder / self.terms.name
            opens = closes + DAY
            text = self.terms.read_text(encoding="utf-8")
            added = f"record: {record}\nopens: {moment(opens)}\ncloses: {moment(opens + LASTS)}\n"
            path.write_text(f"{text}{added}", encoding="utf-8")
            contract = ballot_at(play.demo_chain.chain)
            said = read_meeting_file(path)
            convened = convene_meeting(play.operator, found, contract, said)
            play.demo_chain.travel(opens + 1)
            meeting = meeting_of_asset(found, contract, convened.id)
            step.say(
                f"{counted(len(said.resolutions), 'resolution')}; those vote who hold shares at "
                f"record {record}"
            )
        return contract, meeting

    def _vote(self, contract: Ballot, meeting: Meeting) -> None:
        play, found = self.play, self.found
        voters = self.voters
        where = (found, contract, meeting)
        with play.narrator.step("Holders vote") as step:
            [chair] = play.enter(CHAIR)
            papers = play.folder / "ballots"
            papers.mkdir()
            for number, one in enumerate(voters):
                if one.how == "signed":
                    paper = signed_vote(
                        play.demo_chain.signer(one.address),
                        *where,
                        holder=one.address,
                        choice=choice_of(one.vote, meeting),
                    )
                    write_ballot(papers / f"vote-{number:02}.json", paper)
                    continue
                voter = play.operator_of(one.address)
                if one.how == "proxy":
                    appoint_proxy(voter, contract, meeting, one.address, chair)
                    voter = play.operator_of(chair)
                choice = (
                    read_parts(self.terms.parent / one.vote, meeting, found.settings.unit)
                    if one.how == "split"
                    else choice_of(one.vote, meeting)
                )
                cast_vote(voter, *where, holder=one.address, choice=choice)
            step.say(_said(one.how for one in voters))
        with play.narrator.step("Signed votes come in") as step:
            brought = bring_files(play.operator, *where, [papers])
            step.say(
                f"{counted(len(brought.counted.verdicts), 'file')}, brought to the chain in "
                f"{counted(len(brought.receipts), 'transaction')} of the company's"
            )
        with play.narrator.step("A vote too late") as step:
            play.demo_chain.travel(meeting.terms.closes_at + 1)
            late = meeting_of_asset(found, contract, meeting.id)
            try:
                cast_vote(
                    play.operator_of(voters[0].address),
                    found,
                    contract,
                    late,
                    holder=voters[0].address,
                    choice=choice_of("against", late),
                )
            except InputError as refused:
                step.say(f"is refused: {refused}")

    def _declare(self, contract: Ballot, meeting: Meeting) -> Minutes:
        play = self.play
        with play.narrator.step("The result is declared") as step:
            declare_meeting(play.operator, self.found, contract, meeting.id)
            minutes = minutes_of(
                self.found, contract, meeting_of_asset(self.found, contract, meeting.id)
            )
            present, eligible = minutes.present, minutes.eligible
            lost = [str(one.number) for one in minutes.lines if not one.carried]
            step.say(
                f"{present.text} of {eligible.text} shares were present, "
                f"{percent(present.units, eligible.units)}; "
                f"{len(minutes.lines) - len(lost)} of {len(minutes.lines)} resolutions are carried"
                + (f", and not {listed(lost)}" if lost else "")
            )
        return minutes


def read_votes(path: Path) -> list[Voter]:
    """Who votes how, by a file with the columns `address,how,vote`.

    Raises: InputError with every fault in it.
    """
    sheet = Sheet(str(path), ("address", "how", "vote"), row="vote")
    found = [validated(Voter, row, str(path), str(path)) for _, row in sheet.rows(Sheet.read(path))]
    sheet.check()
    return found


def _said(ways: Iterable[How]) -> str:
    """How many voted in which way."""
    names: dict[How, str] = {
        "sent": "send their votes",
        "signed": "sign them",
        "proxy": "let the chair vote",
        "split": "votes in parts",
    }
    found = [*ways]
    return ", ".join(
        f"{found.count(how)} {said}" for how, said in names.items() if found.count(how)
    )
