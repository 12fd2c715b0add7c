# SPDX-License-Identifier: MIT
"""Votes and appointments of an account: sent, or signed for somebody else to bring."""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from prorata.chain.operator import Operator
from prorata.contracts.ballot import (
    MOST_PARTS,
    Appointment,
    Ballot,
    StandingVote,
    Vote,
    VoteObstacle,
    VotePart,
    parts_hash,
)
from prorata.deployments.changes import Change, make_change
from prorata.deployments.deployment import Deployment
from prorata.errors import BooksError, InputError
from prorata.income.instruction_files import TypedSigner
from prorata.market.meetings.ballot_files import (
    SignedAppointment,
    SignedVote,
    sign_appointment,
    sign_vote,
)
from prorata.market.meetings.choices import choices_in_words, parse_choices
from prorata.market.meetings.listing import Meeting
from prorata.market.meetings.reading import read_book
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.amounts import Unit, parse_units
from prorata.values.times import moment

__all__ = [
    "Choice",
    "appoint_proxy",
    "cast_vote",
    "choice_of",
    "obstacle_in_words",
    "read_parts",
    "signed_appointment",
    "signed_vote",
]


@dataclass(frozen=True)
class Choice:
    """What a holder's shares choose: all alike, or in parts."""

    alike: int | None
    parts: tuple[VotePart, ...] = ()

    def in_words(self, count: int, unit: Unit) -> list[str]:
        """A line for all shares, or one for each part."""
        if self.alike is not None:
            return [", ".join(choices_in_words(self.alike, count))]
        return [
            f"{unit.amount(part.shares).text} {unit.symbol}: "
            f"{', '.join(choices_in_words(part.choices, count))}"
            for part in self.parts
        ]


def choice_of(text: str, meeting: Meeting) -> Choice:
    """What all shares choose, from words.

    Raises: InputError.
    """
    return Choice(parse_choices(text, meeting.count))


def read_parts(path: Path, meeting: Meeting, unit: Unit) -> Choice:
    """The parts of a split vote, from a table with the columns shares and vote.

    Raises: InputError when it cannot be read, or a line of it is none.
    """
    remedy = 'write the columns shares and vote, such as 100,"1 for, rest against"'
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = [*csv.reader(file, strict=True)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = str(getattr(error, "strerror", None) or "it is no table").lower()
        raise InputError.of("parts", path, f"cannot be read ({reason})", remedy) from None
    if not lines or [cell.strip().lower() for cell in lines[0]] != ["shares", "vote"]:
        raise InputError.of("parts", path, "has other columns", remedy)
    parts = []
    for number, line in enumerate(lines[1:], start=2):
        if len(line) != 2:
            raise InputError.of(f"line {number}", ",".join(line), "has not two cells", remedy)
        shares = _shares(f"line {number}", line[0].strip(), unit)
        parts.append(VotePart(shares, parse_choices(line[1], meeting.count, f"line {number}")))
    if not 0 < len(parts) <= MOST_PARTS:
        rule = f"has {len(parts)} parts, and 1 to {MOST_PARTS} are taken"
        raise InputError.of("parts", path, rule, "put those together that vote alike")
    return Choice(None, tuple(parts))


def _shares(column: str, text: str, unit: Unit) -> int:
    try:
        shares = parse_units(text, unit.decimals, noun="shares")
    except InputError as error:
        problem = error.problems[0]
        raise InputError.of(column, text, problem.rule, problem.remedy) from None
    if shares == 0:
        raise InputError.of(column, text, "is no shares", "leave the line out")
    return shares


# ------------------------------------------------------------------------------------------ sending


def cast_vote(
    operator: Operator,
    found: Deployment,
    contract: Ballot,
    meeting: Meeting,
    *,
    holder: str,
    choice: Choice,
) -> Change:
    """Vote for a holder, as its claimant or proxy, or change the vote; nothing if it stands so.

    Raises: InputError when the vote would not be taken; what `Operator.send` raises.
    """
    operator.settle()
    standing = contract.vote_of(meeting.id, holder)
    weight = _weight(contract, meeting, holder)
    choice = _in_short(choice, weight, found.settings.unit)
    done = standing.voter == operator.address and _is_so(standing, choice)
    if not done:
        obstacle = contract.obstacle_to(meeting.id, holder, operator.address)
        if obstacle is not VoteObstacle.NONE:
            rule, remedy = obstacle_in_words(obstacle, meeting, holder)
            raise InputError.of("vote", operator.address, rule, remedy)
    before = _parts_of(found, contract, meeting, holder, standing)
    call = (
        contract.vote(meeting.id, holder, choice.alike)
        if choice.alike is not None and not before
        else contract.vote_split(meeting.id, holder, _as_parts(choice, weight), before)
    )
    said = "; ".join(choice.in_words(meeting.count, found.settings.unit)[:4])
    call = replace(call, label=f"vote for {holder} at meeting {meeting.id}: {said}")
    words = sha256(repr((choice.alike, choice.parts)).encode()).hexdigest()[:16]
    key = f"meeting/vote/{contract.address}/{meeting.id}/{holder}/{operator.address}/{words}"
    return make_change(operator, key, call, done=done)


def appoint_proxy(
    operator: Operator, contract: Ballot, meeting: Meeting, holder: str, proxy: str
) -> Change:
    """Let somebody vote for a holder at one meeting, or nobody any more: the zero address.

    Raises: InputError when the account is not the claimant; what `Operator.send` raises.
    """
    operator.settle()
    claimant, present = contract.voters_of(meeting.id, holder)
    if operator.address == proxy:
        raise InputError.of("proxy", proxy, "is the account itself", "name somebody else")
    if operator.address != claimant:
        raise _not_claimant(operator.address, holder, claimant)
    call = contract.appoint(meeting.id, holder, proxy)
    if proxy == ZERO_ADDRESS:
        label = f"let nobody else vote for {holder} at meeting {meeting.id}"
        call = replace(call, label=label)
    key = f"meeting/appoint/{contract.address}/{meeting.id}/{holder}/{operator.address}/{proxy}"
    return make_change(operator, key, call, done=present == proxy)


# ------------------------------------------------------------------------------------------ signing


def signed_vote(
    signer: TypedSigner,
    found: Deployment,
    contract: Ballot,
    meeting: Meeting,
    *,
    holder: str,
    choice: Choice,
) -> SignedVote:
    """The same, signed for somebody to bring; its version is the chain's present second.

    Raises: InputError when the vote could not be taken, as things stand.
    """
    weight = _weight(contract, meeting, holder)
    choice = _in_short(choice, weight, found.settings.unit)
    obstacle = contract.obstacle_to(meeting.id, holder, signer.address)
    early = (VoteObstacle.NOT_OPEN, VoteObstacle.OLD_VERSION)
    if obstacle not in (VoteObstacle.NONE, *early):
        rule, remedy = obstacle_in_words(obstacle, meeting, holder)
        raise InputError.of("vote", signer.address, rule, remedy)
    last = contract.version_of(meeting.id, holder, signer.address)
    version = max(found.chain.now(), last + 1)
    alike = 0 if choice.alike is None else choice.alike
    vote = Vote(meeting.id, holder, signer.address, version, alike, choice.parts)
    return sign_vote(signer, contract, vote, meeting.count)


def signed_appointment(
    signer: TypedSigner,
    found: Deployment,
    contract: Ballot,
    meeting: Meeting,
    *,
    holder: str,
    proxy: str,
) -> SignedAppointment:
    """An appointment, signed for somebody to bring.

    Raises: InputError when the account is not the claimant.
    """
    claimant, _ = contract.voters_of(meeting.id, holder)
    if signer.address == proxy:
        raise InputError.of("proxy", proxy, "is the account itself", "name somebody else")
    if signer.address != claimant:
        raise _not_claimant(signer.address, holder, claimant)
    block = found.chain.block()
    last = read_book(found, contract, meeting.id, block).appointed.get((holder, claimant))
    version = max(block.timestamp, 0 if last is None else last.version + 1)
    appointment = Appointment(meeting.id, holder, claimant, proxy, version)
    return sign_appointment(signer, contract, appointment)


# -------------------------------------------------------------------------------------------- words


def obstacle_in_words(obstacle: VoteObstacle, meeting: Meeting, holder: str) -> tuple[str, str]:
    """Why a vote is not taken, and what to do."""
    opens, closes = moment(meeting.terms.opens_at), moment(meeting.terms.closes_at)
    return {
        VoteObstacle.NOT_OPEN: (
            f"votes at a meeting that is {meeting.stage.label}",
            f"vote from {opens} to {closes}",
        ),
        VoteObstacle.NO_SHARES: (
            f"votes for {holder}, which has no shares at the record, or is excluded",
            "name a holder of record with --holder",
        ),
        VoteObstacle.NOT_VOTER: (
            f"is neither the claimant of {holder} nor its proxy at this meeting",
            "use the account that is, or let it run `prorata meeting appoint`",
        ),
        VoteObstacle.HELD: (
            f"votes for {holder}, whose wallet is frozen, and the terms bar it",
            "have it released first",
        ),
        VoteObstacle.CLAIMANT_VOTED: (
            f"is the proxy of {holder}, which has voted itself",
            "let it change its vote itself",
        ),
        VoteObstacle.OLD_VERSION: (
            "has cast a vote in the chain's present second already",
            "wait for the next block, and vote again",
        ),
        VoteObstacle.FUTURE_VERSION: ("has signed a later second", "bring it when that has come"),
        VoteObstacle.NOT_SIGNED: ("has not signed that", "ask for another file"),
        VoteObstacle.WRONG_CHOICES: (
            "chooses what is no choice of this meeting",
            "ask for another file",
        ),
        VoteObstacle.WRONG_PARTS: (
            "has parts that are empty, or more than the shares of the record",
            "ask for another file",
        ),
        VoteObstacle.WRONG_BEFORE: (
            "replaces a split vote that has been changed meanwhile",
            "run the command again",
        ),
    }[obstacle]


def _not_claimant(account: str, holder: str, claimant: str) -> InputError:
    if claimant == ZERO_ADDRESS:
        rule = f"votes for {holder}, whose wallet is frozen, and the terms bar it"
        return InputError.of("account", account, rule, "have it released first")
    rule = f"is not {claimant}, who votes for {holder}"
    return InputError.of("account", account, rule, "use that account, or name another --holder")


def _weight(contract: Ballot, meeting: Meeting, holder: str) -> int:
    """Shares of a holder at the record.

    Raises: InputError when there are none.
    """
    if (weight := contract.shares_of(meeting.id, holder)) == 0:
        rule, remedy = obstacle_in_words(VoteObstacle.NO_SHARES, meeting, holder)
        raise InputError.of("holder", holder, rule, remedy)
    return weight


def _in_short(choice: Choice, weight: int, unit: Unit) -> Choice:
    """One part of all shares is no split.

    Raises: InputError when there are more shares in the parts than the holder has.
    """
    shares = sum(part.shares for part in choice.parts)
    if shares > weight:
        text, most = unit.amount(shares).text, unit.amount(weight).text
        rule = f"shares are in the parts, and {most} voted at the record"
        raise InputError.of("parts", text, rule, "put no more into them")
    if len(choice.parts) == 1 and shares == weight:
        return Choice(choice.parts[0].choices)
    return choice


def _as_parts(choice: Choice, weight: int) -> tuple[VotePart, ...]:
    return choice.parts if choice.alike is None else (VotePart(weight, choice.alike),)


def _is_so(standing: StandingVote, choice: Choice) -> bool:
    if choice.alike is not None:
        return not any(standing.parts_hash) and standing.choices == choice.alike
    return standing.parts_hash == parts_hash(choice.parts)


def _parts_of(
    found: Deployment, contract: Ballot, meeting: Meeting, holder: str, standing: StandingVote
) -> tuple[VotePart, ...]:
    """The parts of a split vote that stands, from its event.

    Raises: BooksError when the events say anything else than the contract.
    """
    if not any(standing.parts_hash):
        return ()
    book = read_book(found, contract, meeting.id, found.chain.block())
    parts = book.standing[holder].parts if holder in book.standing else ()
    if parts_hash(parts) != standing.parts_hash:
        raise BooksError(
            f"the vote of {holder} has other parts by its event than by the contract",
            "check that the node is in step with the chain",
        )
    return parts
