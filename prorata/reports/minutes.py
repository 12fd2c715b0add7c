# SPDX-License-Identifier: MIT
"""Minutes of a meeting, written from the chain: a page that a person signs, and the same as JSON.

Whoever reads the chain writes the same page: the figures are those of the votes that stand, counted
anew by the law and compared with the contract's own. The words of the resolutions are those whose
hash the chain has.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prorata.assets.withholding import format_rate
from prorata.contracts.ballot import Ballot, MeetingStage, ResolutionResult
from prorata.deployments.deployment import Deployment
from prorata.errors import InputError
from prorata.files.writer import json_object, write_json, write_whole
from prorata.market.meetings.listing import Meeting
from prorata.market.meetings.reading import CountedMeeting, count_meeting
from prorata.market.meetings.terms import majority_in_words
from prorata.reports.layouts import layout
from prorata.values.amounts import Amount, Unit
from prorata.values.times import moment

__all__ = ["Minutes", "ResolvedLine", "minutes_of", "write_minutes"]


@dataclass(frozen=True)
class ResolvedLine:
    """What became of one resolution."""

    number: int
    text: str
    majority: str
    in_favour: Amount
    against: Amount
    abstained: Amount
    carried: bool

    @property
    def outcome(self) -> str:
        """In a word."""
        return "carried" if self.carried else "not carried"

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        return {
            "resolution": self.number,
            "text": self.text,
            "majority": self.majority,
            "for": self.in_favour,
            "against": self.against,
            "abstained": self.abstained,
            "carried": self.carried,
        }


@dataclass(frozen=True)
class Minutes:
    """A meeting and what it resolved, as of a block."""

    meeting: Meeting
    asset: str
    unit: Unit
    chain_id: int
    contract: str
    record_time: int
    block: int
    counted: CountedMeeting

    @property
    def present(self) -> Amount:
        """Shares that were present."""
        return self.unit.amount(self.counted.tally.present)

    @property
    def eligible(self) -> Amount:
        """Shares that could vote."""
        return self.unit.amount(self.counted.tally.eligible)

    @property
    def voted(self) -> int:
        """Holders who voted, themselves or by a proxy."""
        return len(self.counted.book.standing)

    @property
    def by_proxy(self) -> int:
        """Those of them for whom a proxy did."""
        return sum(cast.by_proxy for cast in self.counted.book.standing.values())

    @property
    def quorum(self) -> str:
        """What the terms ask for."""
        return format_rate(self.meeting.terms.quorum_bps)

    @property
    def quorate(self) -> bool:
        """Whether enough were present."""
        return self.counted.tally.quorate

    @property
    def document(self) -> str:
        """The hash of the notice, or nothing."""
        document = self.meeting.terms.document_hash
        return f"0x{document.hex()}" if any(document) else ""

    @property
    def record_closed(self) -> str:
        """When the record closed."""
        return moment(self.record_time)

    @property
    def opened(self) -> str:
        """When the first vote could be cast."""
        return moment(self.meeting.terms.opens_at)

    @property
    def closed(self) -> str:
        """When the last vote could be cast."""
        return moment(self.meeting.terms.closes_at)

    @property
    def is_declared(self) -> bool:
        """Whether the chain has the result as an event."""
        return self.meeting.stage is MeetingStage.DECLARED

    @property
    def lines(self) -> list[ResolvedLine]:
        """What became of each resolution."""
        found = zip(
            self.meeting.terms.resolutions,
            self.meeting.said_texts,
            self.counted.tally.results,
            strict=True,
        )
        return [
            self._line(number, text, majority_in_words(resolution), result)
            for number, (resolution, text, result) in enumerate(found, start=1)
        ]

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        terms = self.meeting.terms
        return json_object(
            {
                "meeting": self.meeting.id,
                "title": self.meeting.title,
                "asset": self.asset,
                "symbol": self.unit.symbol,
                "token": terms.token,
                "chain_id": self.chain_id,
                "contract": self.contract,
                "record": terms.record_id,
                "record_closed": self.record_closed,
                "opened": self.opened,
                "closed": self.closed,
                "document": self.document or None,
                "excluded": list(terms.excluded),
                "quorum": self.quorum,
                "quorate": self.quorate,
                "present": self.present,
                "eligible": self.eligible,
                "holders": self.voted,
                "by_proxy": self.by_proxy,
                "declared": self.is_declared,
                "block": self.block,
                "resolutions": [json_object(line.as_json()) for line in self.lines],
            }
        )

    def _line(
        self, number: int, text: str, majority: str, result: ResolutionResult
    ) -> ResolvedLine:
        amount = self.unit.amount
        return ResolvedLine(
            number,
            text,
            majority,
            amount(result.in_favour),
            amount(result.against),
            amount(result.abstained),
            result.carried,
        )


def minutes_of(found: Deployment, contract: Ballot, meeting: Meeting) -> Minutes:
    """The minutes of a meeting whose time is over.

    Raises: InputError while it is not, or where the words of a resolution are not known; BooksError
    when the chain's count is not that of its votes; ChainError.
    """
    if meeting.stage not in (MeetingStage.CLOSED, MeetingStage.DECLARED):
        rule = f"is {meeting.stage.label}, and minutes are of a meeting that is over"
        remedy = f"wait until {moment(meeting.terms.closes_at)}"
        raise InputError.of("meeting", meeting.id, rule, remedy)
    if None in meeting.texts:
        rule = "has resolutions whose words are not here"
        raise InputError.of("meeting", meeting.id, rule, "name the file of its terms with --terms")
    counted = count_meeting(found, contract, meeting.id, meeting.terms)
    return Minutes(
        meeting=meeting,
        asset=found.settings.name,
        unit=found.settings.unit,
        chain_id=found.chain.chain_id,
        contract=contract.address,
        record_time=found.token().record_time(meeting.terms.record_id),
        block=counted.block.number,
        counted=counted,
    )


def write_minutes(minutes: Minutes, path: Path) -> tuple[Path, Path]:
    """Write the page to `path`, and the same as JSON beside it, each whole or not at all.

    Raises: InputError when they cannot be written.
    """
    beside = path.with_suffix(".json")
    write_whole(path, layout("minutes").render(minutes=minutes), column="out")
    write_json(beside, minutes.as_json(), column="out")
    return path, beside
