# SPDX-License-Identifier: MIT
"""What the chain knows of a meeting: every vote that was taken, from events, and who may vote."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from prorata.chain.abi import topics_of
from prorata.chain.calls import Event
from prorata.chain.events import find_events
from prorata.chain.types import Block, Log
from prorata.contracts.ballot import (
    Appointment,
    Ballot,
    MeetingTally,
    MeetingTerms,
    VotePart,
)
from prorata.deployments.deployment import Deployment
from prorata.errors import BooksError
from prorata.market.meetings.count import Cast, Electorate, VoteBook, tally_of
from prorata.values.addresses import ZERO_ADDRESS

__all__ = ["CountedMeeting", "count_meeting", "enter_vote", "read_book", "read_electorate"]

EVENTS = ("Voted", "VotedSplit", "Appointed")


@dataclass(frozen=True)
class CountedMeeting:
    """The votes that stand, and what they add up to by the law, which the contract says too."""

    book: VoteBook
    tally: MeetingTally
    block: Block


def count_meeting(
    found: Deployment, contract: Ballot, number: int, terms: MeetingTerms
) -> CountedMeeting:
    """Count a meeting anew from its events, as of one block.

    Raises: BooksError when the contract says anything else; RevertError before its record has
    closed; ChainError.
    """
    block = found.chain.block()
    pinned = Ballot(found.chain, contract.address, block=block.number)
    said = pinned.tally(number)
    book = read_book(found, pinned, number, block)
    counted = tally_of(terms, eligible_shares(found, terms, block), book.standing.values())
    if counted != said:
        raise BooksError(
            f"meeting {number} counts {counted} by its votes, and the contract says {said}",
            "check that the node is in step with the chain",
        )
    return CountedMeeting(book, counted, block)


def eligible_shares(found: Deployment, terms: MeetingTerms, block: Block) -> int:
    """The shares that may vote: the supply at the record, less what those excluded had."""
    token = found.token(block.number)
    excluded = list(dict.fromkeys(terms.excluded))
    without = sum(token.balances_of_at(excluded, terms.record_id)) if excluded else 0
    return token.total_supply_at(terms.record_id) - without


def read_book(found: Deployment, contract: Ballot, number: int, block: Block) -> VoteBook:
    """The votes and appointments of a meeting until a block.

    Raises: ChainError.
    """
    book = VoteBook()

    def ours(log: Log) -> bool:
        return int.from_bytes(log.topics[1], "big") == number

    where = (found.chain, [contract.address], found.manifest.first_block, block.number)
    topics = topics_of("Ballot", *EVENTS)
    for event in find_events(*where, topics, wanted=ours):
        enter_vote(book, number, event)
    # Of who votes for another the events do not say whether that was its proxy.
    others = [holder for holder, cast in book.standing.items() if cast.voter != holder]
    for holder, vote in zip(others, contract.all_votes(number, others), strict=True):
        book.standing[holder] = replace(book.standing[holder], by_proxy=vote.by_proxy)
    return book


def enter_vote(book: VoteBook, number: int, event: Event) -> None:
    """Enter a vote or an appointment; of a vote no event says whether it was a proxy's."""
    args = event.args
    holder = args["holder"]
    if event.name == "Appointed":
        appointment = Appointment(number, holder, args["claimant"], args["proxy"], args["version"])
        book.appointed[holder, args["claimant"]] = appointment
        return
    is_split = event.name == "VotedSplit"
    said = args["parts"] if is_split else [args]
    parts = tuple(VotePart(one["shares"], one["choices"]) for one in said)
    book.put(holder, Cast(args["voter"], False, args["version"], parts, is_split))


def read_electorate(
    found: Deployment,
    contract: Ballot,
    number: int,
    terms: MeetingTerms,
    holders: Iterable[str],
    *,
    appointed: Iterable[str] = (),
) -> Electorate:
    """Who votes for these holders with how many shares.

    Raises: RevertError before the record has closed; ChainError.
    """
    token, wanted = found.token(), list(dict.fromkeys(holders))
    weights = dict(zip(wanted, token.balances_of_at(wanted, terms.record_id), strict=True))
    voters = dict(zip(wanted, contract.all_voters(number, wanted), strict=True))
    named = [one for one in dict.fromkeys(appointed) if one != ZERO_ADDRESS]
    lost = frozenset(
        one for one, now in zip(named, token.successors_of(named), strict=True) if one != now
    )
    return Electorate(
        weights,
        {holder: _known(claimant) for holder, (claimant, _) in voters.items()},
        {holder: _known(proxy) for holder, (_, proxy) in voters.items()},
        lost,
    )


def _known(account: str) -> str | None:
    return None if account == ZERO_ADDRESS else account
