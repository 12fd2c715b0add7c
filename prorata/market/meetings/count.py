# SPDX-License-Identifier: MIT
"""The law of a count: which vote of a holder stands, and what the votes that stand add up to.

Of a holder the claimant's last vote stands, or, while it has cast none, the last of its proxy. The
sums are made anew from the votes that stand; nothing is ever taken out of a sum. Pure: it asks no
chain, and is written from the law and not from the contract.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from prorata.contracts.ballot import (
    MOST_PARTS,
    Appointment,
    Basis,
    MeetingTally,
    MeetingTerms,
    Resolution,
    ResolutionResult,
    Vote,
    VoteObstacle,
    VotePart,
)
from prorata.market.meetings.choices import ABSTAIN, AGAINST, FOR, each_choice
from prorata.values.addresses import ZERO_ADDRESS

__all__ = ["Cast", "Electorate", "VoteBook", "tally_of"]

WHOLE = 10_000
"""Hundredths of a percent in all."""


@dataclass(frozen=True)
class Cast:
    """A vote that was taken; one of all shares alike is one part."""

    voter: str
    by_proxy: bool
    version: int
    parts: tuple[VotePart, ...]
    is_split: bool

    @property
    def shares(self) -> int:
        """Shares that are present by it."""
        return sum(part.shares for part in self.parts)

    @property
    def replaced_with(self) -> tuple[VotePart, ...]:
        """What the contract asks for when it is replaced."""
        return self.parts if self.is_split else ()


@dataclass(frozen=True)
class Electorate:
    """Who votes for whom with how many shares, as the chain says at a block.

    `claimants` has nobody for a holder whose wallet is frozen, where the terms ask for that.
    `lost` are wallets in whose place another one came, among those that were appointed.
    """

    weights: Mapping[str, int]
    claimants: Mapping[str, str | None]
    proxies: Mapping[str, str | None] = field(default_factory=dict)
    lost: frozenset[str] = frozenset()


@dataclass
class VoteBook:
    """The votes of a meeting that stand, by holder, and the last version of each voter."""

    standing: dict[str, Cast] = field(default_factory=dict)
    versions: dict[tuple[str, str], int] = field(default_factory=dict)
    appointed: dict[tuple[str, str], Appointment] = field(default_factory=dict)

    def copy(self) -> VoteBook:
        """Another one, to be counted on."""
        return VoteBook(dict(self.standing), dict(self.versions), dict(self.appointed))

    def put(self, holder: str, cast: Cast) -> None:
        """A vote that was taken."""
        self.standing[holder] = cast
        self.versions[holder, cast.voter] = cast.version

    def obstacle(
        self, terms: MeetingTerms, electorate: Electorate, vote: Vote, now: int
    ) -> VoteObstacle:
        """What stands in the way of a signed vote now, the first thing in the contract's order."""
        holder, claimant = vote.holder, electorate.claimants.get(vote.holder)
        weight = 0 if holder in terms.excluded else electorate.weights.get(holder, 0)
        present = self.standing.get(holder)
        by_proxy = vote.voter != claimant
        if not terms.opens_at <= now <= terms.closes_at:
            return VoteObstacle.NOT_OPEN
        if weight == 0:
            return VoteObstacle.NO_SHARES
        if claimant is None:
            return VoteObstacle.HELD
        if by_proxy and vote.voter != self.proxy(electorate, holder, claimant):
            return VoteObstacle.NOT_VOTER
        if (
            by_proxy
            and present is not None
            and (present.voter, present.by_proxy) == (claimant, False)
        ):
            return VoteObstacle.CLAIMANT_VOTED
        if vote.version <= self.versions.get((holder, vote.voter), 0):
            return VoteObstacle.OLD_VERSION
        if vote.version > now:
            return VoteObstacle.FUTURE_VERSION
        return _fault(vote, len(terms.resolutions), weight)

    def take(self, electorate: Electorate, vote: Vote) -> None:
        """Put a vote that nothing stands in the way of."""
        weight = electorate.weights[vote.holder]
        parts = vote.parts or (VotePart(weight, vote.choices),)
        is_split = len(parts) > 1 or parts[0].shares != weight
        by_proxy = vote.voter != electorate.claimants.get(vote.holder)
        self.put(vote.holder, Cast(vote.voter, by_proxy, vote.version, parts, is_split))

    def appoint(self, appointment: Appointment, now: int) -> bool:
        """Note an appointment, if it is later than the claimant's last; whether it was."""
        key = (appointment.holder, appointment.claimant)
        last = self.appointed.get(key)
        if appointment.version > now or (last is not None and appointment.version <= last.version):
            return False
        self.appointed[key] = appointment
        return True

    def proxy(self, electorate: Electorate, holder: str, claimant: str) -> str | None:
        """Whom the claimant of a holder lets vote."""
        said = self.appointed.get((holder, claimant))
        account = electorate.proxies.get(holder) if said is None else said.proxy
        return None if account in (None, ZERO_ADDRESS) or account in electorate.lost else account


def tally_of(terms: MeetingTerms, eligible: int, casts: Iterable[Cast]) -> MeetingTally:
    """How a meeting stands by the votes that stand."""
    parts = [part for cast in casts for part in cast.parts]
    count = len(terms.resolutions)
    sums = [[0, 0, 0] for _ in range(count)]
    for part in parts:
        for at, choice in enumerate(each_choice(part.choices, count)):
            sums[at][choice] += part.shares
    present = sum(part.shares for part in parts)
    quorate = present > 0 and present * WHOLE >= terms.quorum_bps * eligible
    whole = MeetingTally(present, eligible, quorate, ())
    results = tuple(
        _result(resolution, each, whole)
        for resolution, each in zip(terms.resolutions, sums, strict=True)
    )
    return replace(whole, results=results)


def _result(resolution: Resolution, sums: list[int], whole: MeetingTally) -> ResolutionResult:
    in_favour, against, abstained = sums[FOR], sums[AGAINST], sums[ABSTAIN]
    basis = {
        Basis.CAST: in_favour + against,
        Basis.PRESENT: whole.present,
        Basis.ELIGIBLE: whole.eligible,
    }[resolution.basis]
    given, needed = in_favour * WHOLE, resolution.threshold_bps * basis
    enough = given >= needed if resolution.inclusive else given > needed
    return ResolutionResult(in_favour, against, abstained, whole.quorate and basis > 0 and enough)


def _fault(vote: Vote, count: int, weight: int) -> VoteObstacle:
    """What is wrong with a vote, whoever casts it."""
    parts = vote.parts or (VotePart(weight, vote.choices),)
    if len(parts) > MOST_PARTS or any(part.shares == 0 for part in parts):
        return VoteObstacle.WRONG_PARTS
    if vote.parts and vote.choices:
        return VoteObstacle.WRONG_CHOICES
    for part in parts:
        if part.choices >> 2 * count or 3 in each_choice(part.choices, count):
            return VoteObstacle.WRONG_CHOICES
    if sum(part.shares for part in parts) > weight:
        return VoteObstacle.WRONG_PARTS
    return VoteObstacle.NONE
