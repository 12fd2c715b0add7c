"""Meetings as ballots in a box: every vote that was ever taken is kept, and the sums are made anew.

Written from the laws: of a holder that ballot stands which its claimant cast last, or, if it cast
none, the last of anybody who might; a ballot is for the shares of the record; the sums are those of
the ballots that stand. Nothing is ever taken out of a sum.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.model.outcomes import NOBODY, Reason, refuse
from tests.model.shares import Ledger

WHOLE = 10_000
MOST_PARTS = 256
DAY = 86_400
LONGEST = 400 * DAY
CAST, PRESENT, ELIGIBLE = range(3)
ABSTAIN, FOR, AGAINST = range(3)


class Resolution(NamedTuple):
    """What is put to the vote."""

    basis: int
    threshold: int
    inclusive: bool


class Part(NamedTuple):
    """Some shares, and what they choose of each resolution."""

    shares: int
    choices: int

    def choice(self, resolution: int) -> int:
        """What they choose of one."""
        return self.choices // 4**resolution % 4


class Ballot(NamedTuple):
    """A vote that was taken."""

    voter: str
    for_itself: bool
    """Whether the voter was the claimant then."""
    version: int
    parts: tuple[Part, ...]
    is_split: bool


@dataclass
class Terms:
    """What a meeting is about, and when."""

    record: int
    opens: int
    closes: int
    quorum: int
    bars_frozen: bool
    excluded: frozenset[str]
    resolutions: tuple[Resolution, ...]


@dataclass
class Meeting:
    """A meeting, and its box."""

    terms: Terms
    end: str = ""
    box: dict[str, list[Ballot]] = field(default_factory=lambda: defaultdict(list))
    proxies: dict[tuple[str, str], tuple[str, int]] = field(default_factory=dict)
    """Of each holder and claimant, the proxy and the version of its appointment."""


class Meetings:
    """All meetings of the holders of one ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.all: list[Meeting] = []

    # ------------------------------------------------------------------ who is who

    def stage(self, meeting: Meeting) -> str:
        """How far it is."""
        now, terms = self.ledger.now, meeting.terms
        if meeting.end:
            return meeting.end
        if now < terms.opens:
            return "Convened"
        return "Open" if now <= terms.closes else "Closed"

    def weight(self, meeting: Meeting, holder: str) -> int:
        """The shares that a holder votes with."""
        if holder in meeting.terms.excluded:
            return 0
        return self.ledger.closed.get(meeting.terms.record, {}).get(holder, 0)

    def bars(self, meeting: Meeting, holder: str) -> bool:
        """Whether nobody votes for a holder."""
        claimant = self.ledger.successor(holder)
        return meeting.terms.bars_frozen and claimant in self.ledger.frozen_wallets

    def proxy(self, meeting: Meeting, holder: str) -> str:
        """Whom the claimant lets vote, if nobody has taken that wallet's place."""
        claimant = self.ledger.successor(holder)
        account, _ = meeting.proxies.get((holder, claimant), (NOBODY, 0))
        return NOBODY if account in self.ledger.successors else account

    # ------------------------------------------------------------------ votes

    def obstacles(
        self, meeting: Meeting, holder: str, voter: str, version: int
    ) -> dict[str, Reason]:
        """Everything that stands in the way of a vote, by its name, with the error it would be."""
        found: dict[str, Reason] = {}
        number = self.all.index(meeting) + 1
        claimant = self.ledger.successor(holder)
        box = meeting.box[holder]
        last = max((one.version for one in box if one.voter == voter), default=0)
        if self.stage(meeting) != "Open":
            found["NotOpen"] = "Ballot_NotAt", (number, self.stage(meeting))
        if self.weight(meeting, holder) == 0:
            found["NoShares"] = "Ballot_NoShares", (number, holder)
        if voter == NOBODY or voter not in (claimant, self.proxy(meeting, holder)):
            found["NotVoter"] = "Ballot_NotVoter", (holder, voter)
        if self.bars(meeting, holder):
            found["Held"] = "Ballot_Held", (self.ledger.name, holder)
        if voter != claimant and any(one.for_itself and one.voter == claimant for one in box):
            found["ClaimantVoted"] = "Ballot_ClaimantVoted", (holder, claimant)
        if version <= last:
            found["OldVersion"] = "Ballot_OldVersion", (version, last)
        if version > self.ledger.now:
            found["FutureVersion"] = "Ballot_FutureVersion", (version, self.ledger.now)
        return found

    def cast(
        self,
        meeting: Meeting,
        who: tuple[str, str],
        version: int,
        said: int | tuple[Part, ...],
        before: tuple[Part, ...],
    ) -> set[str]:
        """A signed vote is put into the box; or every reason why it is not."""
        holder, voter = who
        found = self.obstacles(meeting, holder, voter, version)
        found |= self.faults(meeting, holder, said, before)
        if not found:
            self._put(meeting, who, version, said)
        return set(found)

    def vote(
        self,
        meeting: Meeting,
        who: tuple[str, str],
        said: int | tuple[Part, ...],
        before: tuple[Part, ...],
    ) -> None:
        """A vote that is sent, now."""
        holder, voter = who
        found = self.obstacles(meeting, holder, voter, self.ledger.now)
        found |= self.faults(meeting, holder, said, before)
        refuse(*found.values())
        self._put(meeting, who, self.ledger.now, said)

    def faults(
        self, meeting: Meeting, holder: str, said: int | tuple[Part, ...], before: tuple[Part, ...]
    ) -> dict[str, Reason]:
        """What is wrong with a vote, whoever casts it. Of hashes the model knows nothing."""
        found: dict[str, Reason] = {}
        count, weight = len(meeting.terms.resolutions), self.weight(meeting, holder)
        parts = (Part(weight, said),) if isinstance(said, int) else said
        for part in parts:
            is_none = [part.choice(at) == 3 for at in range(64)]
            if part.choices >= 4**count or any(is_none):
                found.setdefault("WrongChoices", ("Ballot_WrongChoices", (part.choices, count)))
        if not isinstance(said, int):
            shares = sum(part.shares for part in parts)
            if not 0 < len(parts) <= MOST_PARTS or any(part.shares == 0 for part in parts):
                found["WrongParts"] = "Ballot_WrongParts", (len(parts), MOST_PARTS)
            elif shares > weight:
                found["WrongParts"] = "Ballot_PartsExceedShares", (shares, weight)
        standing = self.standing(meeting, holder)
        present = standing.parts if standing is not None and standing.is_split else ()
        if before != present:
            found["WrongBefore"] = "Ballot_WrongBefore", (holder,)
        return found

    def _put(
        self, meeting: Meeting, who: tuple[str, str], version: int, said: int | tuple[Part, ...]
    ) -> None:
        holder, voter = who
        weight = self.weight(meeting, holder)
        parts = (Part(weight, said),) if isinstance(said, int) else said
        is_split = len(parts) > 1 or parts[0].shares != weight
        for_itself = voter == self.ledger.successor(holder)
        meeting.box[holder].append(Ballot(voter, for_itself, version, parts, is_split))

    # ------------------------------------------------------------------ proxies

    def appoint(self, meeting: Meeting, who: tuple[str, str], proxy: str, version: int) -> None:
        """A claimant lets somebody vote, or nobody."""
        holder, claimant = who
        number = self.all.index(meeting) + 1
        there, now = self.stage(meeting) in ("Convened", "Open"), self.ledger.now
        real = self.ledger.successor(holder)
        _, last = meeting.proxies.get((holder, claimant), (NOBODY, 0))
        bad = proxy == claimant or proxy in self.ledger.successors
        refuse(
            None if there else ("Ballot_NotAt", (number, self.stage(meeting))),
            None if claimant == real else ("Ballot_NotClaimant", (holder, claimant, real)),
            ("Ballot_Held", (self.ledger.name, holder)) if self.bars(meeting, holder) else None,
            ("Ballot_InvalidProxy", (proxy,)) if bad else None,
            ("Ballot_OldVersion", (version, last)) if version <= last else None,
            ("Ballot_FutureVersion", (version, now)) if version > now else None,
        )
        meeting.proxies[holder, claimant] = proxy, version

    # ------------------------------------------------------------------ what comes of it

    def standing(self, meeting: Meeting, holder: str) -> Ballot | None:
        """The ballot of a holder that counts: the last that was taken."""
        box = meeting.box[holder]
        return box[-1] if box else None

    def tally(self, meeting: Meeting) -> tuple[int, int, bool, list[tuple[int, int, int, bool]]]:
        """Present, eligible, quorate; and of each resolution for, against, abstained, carried."""
        terms = meeting.terms
        at_record = self.ledger.closed[terms.record]
        eligible = sum(n for who, n in at_record.items() if who not in terms.excluded)
        standing = [self.standing(meeting, holder) for holder in at_record]
        parts = [part for one in standing if one is not None for part in one.parts]
        present = sum(part.shares for part in parts)
        quorate = present > 0 and present * WHOLE >= terms.quorum * eligible
        results = []
        for at, resolution in enumerate(terms.resolutions):
            each = [
                sum(part.shares for part in parts if part.choice(at) == choice)
                for choice in (FOR, AGAINST, ABSTAIN)
            ]
            basis = (each[0] + each[1], present, eligible)[resolution.basis]
            given, needed = each[0] * WHOLE, resolution.threshold * basis
            enough = given > needed or (resolution.inclusive and given == needed)
            results.append((each[0], each[1], each[2], quorate and basis > 0 and enough))
        return present, eligible, quorate, results
