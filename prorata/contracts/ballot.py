# SPDX-License-Identifier: MIT
"""The contract that counts the votes of holders of record (`Ballot`), and what they sign."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from eth_abi.abi import encode
from eth_account.messages import encode_typed_data
from eth_utils.crypto import keccak

from prorata.chain.calls import Call
from prorata.contracts.base import BoundContract
from prorata.values.addresses import ZERO_ADDRESS

__all__ = [
    "MOST_EXCLUDED",
    "MOST_PARTS",
    "MOST_RESOLUTIONS",
    "Appointment",
    "Ballot",
    "Basis",
    "MeetingStage",
    "MeetingTally",
    "MeetingTerms",
    "Resolution",
    "ResolutionResult",
    "StandingVote",
    "Vote",
    "VoteObstacle",
    "VotePart",
    "appointment_digest",
    "appointment_message",
    "parts_hash",
    "vote_digest",
    "vote_message",
]

MOST_EXCLUDED, MOST_PARTS, MOST_RESOLUTIONS = 32, 256, 60
"""What the contract takes at most."""

DOMAIN_NAME, DOMAIN_VERSION = "prorata Ballot", "1"

_DOMAIN = (
    ("string", "name"),
    ("string", "version"),
    ("uint256", "chainId"),
    ("address", "verifyingContract"),
)
_PART = (("uint128", "shares"), ("uint128", "choices"))
_VOTE = (
    ("uint256", "id"),
    ("address", "holder"),
    ("address", "voter"),
    ("uint48", "version"),
    ("uint128", "choices"),
    ("Part[]", "parts"),
)
_APPOINTMENT = (
    ("uint256", "id"),
    ("address", "holder"),
    ("address", "claimant"),
    ("address", "proxy"),
    ("uint48", "version"),
)

Message = dict[str, Any]
"""EIP-712 typed data, as wallets take it (`eth_signTypedData_v4`)."""


class Basis(IntEnum):
    """What a threshold is a part of, as in `IBallot.Basis`."""

    CAST = 0
    PRESENT = 1
    ELIGIBLE = 2


class MeetingStage(IntEnum):
    """How far a meeting is, as in `IBallot.Stage`."""

    NONE = 0
    CONVENED = 1
    OPEN = 2
    CLOSED = 3
    DECLARED = 4
    CANCELLED = 5

    @property
    def label(self) -> str:
        """As commands say it."""
        return self.name.lower()


class VoteObstacle(IntEnum):
    """Why a vote cannot be taken, as in `IBallot.Obstacle`."""

    NONE = 0
    NOT_OPEN = 1
    NO_SHARES = 2
    NOT_VOTER = 3
    HELD = 4
    CLAIMANT_VOTED = 5
    OLD_VERSION = 6
    FUTURE_VERSION = 7
    NOT_SIGNED = 8
    WRONG_CHOICES = 9
    WRONG_PARTS = 10
    WRONG_BEFORE = 11

    @property
    def label(self) -> str:
        """As commands and files say it."""
        return self.name.lower().replace("_", " ")


@dataclass(frozen=True)
class Resolution:
    """What is put to the vote, as in `IBallot.Resolution`."""

    text_hash: bytes
    basis: Basis
    threshold_bps: int
    inclusive: bool

    @classmethod
    def of(cls, struct: Mapping[str, Any]) -> Resolution:
        """From the struct as the ABI names it."""
        return cls(
            bytes(struct["textHash"]),
            Basis(struct["basis"]),
            struct["thresholdBps"],
            struct["inclusive"],
        )

    def encodable(self) -> tuple[object, ...]:
        """The struct's fields in order."""
        return (self.text_hash, int(self.basis), self.threshold_bps, self.inclusive)


@dataclass(frozen=True)
class MeetingTerms:
    """The terms of a meeting, as in `IBallot.Terms`; times are Unix seconds."""

    token: str
    record_id: int
    opens_at: int
    closes_at: int
    quorum_bps: int
    frozen_may_not_vote: bool
    excluded: tuple[str, ...]
    resolutions: tuple[Resolution, ...]
    document_hash: bytes = bytes(32)

    @classmethod
    def of(cls, struct: Mapping[str, Any]) -> MeetingTerms:
        """From the struct as the ABI names it."""
        return cls(
            struct["token"],
            struct["recordId"],
            struct["opensAt"],
            struct["closesAt"],
            struct["quorumBps"],
            struct["frozenMayNotVote"],
            tuple(struct["excluded"]),
            tuple(Resolution.of(one) for one in struct["resolutions"]),
            bytes(struct["documentHash"]),
        )

    def encodable(self) -> tuple[object, ...]:
        """The struct's fields in order."""
        return (
            self.token,
            self.record_id,
            self.opens_at,
            self.closes_at,
            self.quorum_bps,
            self.frozen_may_not_vote,
            list(self.excluded),
            [one.encodable() for one in self.resolutions],
            self.document_hash,
        )


@dataclass(frozen=True)
class VotePart:
    """Some of a holder's shares, in smallest units, and what they choose: two bits a resolution."""

    shares: int
    choices: int

    def encodable(self) -> tuple[int, int]:
        """The struct's fields in order."""
        return (self.shares, self.choices)


@dataclass(frozen=True)
class Vote:
    """A vote that its voter signs, as in `IBallot.Vote`; `version` is the second of its signing."""

    id: int
    holder: str
    voter: str
    version: int
    choices: int = 0
    parts: tuple[VotePart, ...] = ()

    def encodable(self) -> tuple[object, ...]:
        """The struct's fields in order."""
        parts = [part.encodable() for part in self.parts]
        return (self.id, self.holder, self.voter, self.version, self.choices, parts)

    def message(self) -> Message:
        """The fields as typed data has them: numbers as text, since JSON cuts large ones."""
        return {
            "id": str(self.id),
            "holder": self.holder,
            "voter": self.voter,
            "version": str(self.version),
            "choices": str(self.choices),
            "parts": [
                {"shares": str(one.shares), "choices": str(one.choices)} for one in self.parts
            ],
        }


@dataclass(frozen=True)
class Appointment:
    """Whom a claimant lets vote, as in `IBallot.Appointment`; the zero address for nobody."""

    id: int
    holder: str
    claimant: str
    proxy: str
    version: int

    def encodable(self) -> tuple[object, ...]:
        """The struct's fields in order."""
        return (self.id, self.holder, self.claimant, self.proxy, self.version)

    def message(self) -> Message:
        """The fields as typed data has them."""
        return {
            "id": str(self.id),
            "holder": self.holder,
            "claimant": self.claimant,
            "proxy": self.proxy,
            "version": str(self.version),
        }


@dataclass(frozen=True)
class StandingVote:
    """The vote of a holder as it stands, as in `IBallot.Cast`; without one, `voter` is None."""

    voter: str | None
    by_proxy: bool
    version: int
    shares: int
    choices: int
    parts_hash: bytes

    @classmethod
    def of(cls, struct: Mapping[str, Any]) -> StandingVote:
        """From the struct as the ABI names it."""
        voter = None if struct["voter"] == ZERO_ADDRESS else struct["voter"]
        return cls(
            voter,
            struct["byProxy"],
            struct["version"],
            struct["shares"],
            struct["choices"],
            bytes(struct["partsHash"]),
        )


@dataclass(frozen=True)
class ResolutionResult:
    """How one resolution stands, in shares, as in `IBallot.Result`."""

    in_favour: int
    against: int
    abstained: int
    carried: bool


@dataclass(frozen=True)
class MeetingTally:
    """How a meeting stands, as in `IBallot.Tally`."""

    present: int
    eligible: int
    quorate: bool
    results: tuple[ResolutionResult, ...]

    @classmethod
    def of(cls, struct: Mapping[str, Any]) -> MeetingTally:
        """From the struct as the ABI names it."""
        results = tuple(
            ResolutionResult(one["inFavour"], one["against"], one["abstained"], one["carried"])
            for one in struct["results"]
        )
        return cls(struct["present"], struct["eligible"], struct["quorate"], results)


class Ballot(BoundContract):
    """Counts the votes of holders of record as they come in."""

    CONTRACT = "Ballot"

    def meeting_count(self) -> int:
        """Meetings convened so far; their ids run from 1 to this."""
        return int(self._view("meetingCount"))

    def terms_of(self, meeting_id: int) -> MeetingTerms:
        """The terms of a meeting."""
        return MeetingTerms.of(self._view("termsOf", meeting_id))

    def all_terms(self, ids: Sequence[int]) -> list[MeetingTerms]:
        """`terms_of` for many at once."""
        return [MeetingTerms.of(one) for one in self._views("termsOf", [(i,) for i in ids])]

    def stage_of(self, meeting_id: int) -> MeetingStage:
        """How far a meeting is."""
        return MeetingStage(self._view("stageOf", meeting_id))

    def shares_of(self, meeting_id: int, holder: str) -> int:
        """Shares that `holder` votes with."""
        return int(self._view("sharesOf", meeting_id, holder))

    def voters_of(self, meeting_id: int, holder: str) -> tuple[str, str]:
        """Who votes for `holder`: its claimant, and the claimant's proxy; zero for nobody."""
        claimant, proxy = self._view("votersOf", meeting_id, holder)
        return str(claimant), str(proxy)

    def all_voters(self, meeting_id: int, holders: Sequence[str]) -> list[tuple[str, str]]:
        """`voters_of` for many at once."""
        calls = [(meeting_id, holder) for holder in holders]
        return [(str(one), str(proxy)) for one, proxy in self._views("votersOf", calls)]

    def vote_of(self, meeting_id: int, holder: str) -> StandingVote:
        """The vote of `holder` as it stands."""
        return StandingVote.of(self._view("voteOf", meeting_id, holder))

    def all_votes(self, meeting_id: int, holders: Sequence[str]) -> list[StandingVote]:
        """`vote_of` for many at once."""
        calls = [(meeting_id, holder) for holder in holders]
        return [StandingVote.of(one) for one in self._views("voteOf", calls)]

    def version_of(self, meeting_id: int, holder: str, voter: str) -> int:
        """The last version of a vote that was taken of `voter` for `holder`; 0 for none."""
        return int(self._view("versionOf", meeting_id, holder, voter))

    def obstacle_to(self, meeting_id: int, holder: str, voter: str) -> VoteObstacle:
        """What stands in the way of a vote of `voter` for `holder` that it would send now."""
        return VoteObstacle(self._view("obstacleTo", meeting_id, holder, voter))

    def tally(self, meeting_id: int) -> MeetingTally:
        """How a meeting stands."""
        return MeetingTally.of(self._view("tally", meeting_id))

    def requisition_of(self, token: str) -> int:
        """Which part of a token's shares convenes a meeting, in hundredths of a percent."""
        return int(self._view("requisitionOf", token))

    # ----------------------------------------------------------------------- calls

    def convene(self, terms: MeetingTerms) -> Call:
        """Convene a meeting. The token's owner or an agent."""
        return self._write("convene", terms.encodable(), label="convene a meeting")

    def set_requisition(self, token: str, bps: int) -> Call:
        """Say which part of a token's shares convenes a meeting. The token's owner."""
        label = f"let holders of {bps / 100:g} % of {token} convene a meeting"
        return self._write("setRequisition", token, bps, label=label)

    def requisition(
        self, terms: MeetingTerms, holders: Sequence[str], signatures: Sequence[bytes]
    ) -> Call:
        """Convene a meeting that holders, in ascending order, have signed for. Anyone."""
        label = f"convene a meeting that {len(holders)} holders have signed for"
        what = (terms.encodable(), list(holders), list(signatures))
        return self._write("requisition", *what, label=label)

    def cancel(self, meeting_id: int, document_hash: bytes) -> Call:
        """Cancel a meeting before it opens. The token's owner or an agent."""
        return self._write(
            "cancel", meeting_id, document_hash, label=f"cancel meeting {meeting_id}"
        )

    def vote(self, meeting_id: int, holder: str, choices: int) -> Call:
        """Vote with all shares of a holder. Its claimant, or the proxy."""
        label = f"vote for {holder} at meeting {meeting_id}"
        return self._write("vote", meeting_id, holder, choices, label=label)

    def vote_split(
        self,
        meeting_id: int,
        holder: str,
        parts: Sequence[VotePart],
        before: Sequence[VotePart],
    ) -> Call:
        """Vote in parts for a holder. Its claimant, or the proxy."""
        label = f"vote in {len(parts)} parts for {holder} at meeting {meeting_id}"
        told, replaced = ([one.encodable() for one in each] for each in (parts, before))
        return self._write("voteSplit", meeting_id, holder, told, replaced, label=label)

    def cast_many(
        self,
        votes: Sequence[Vote],
        signatures: Sequence[bytes],
        before: Sequence[Sequence[VotePart]],
    ) -> Call:
        """Bring signed votes. Anyone."""
        label = f"bring {len(votes)} signed votes"
        replaced = [[one.encodable() for one in parts] for parts in before]
        told = [vote.encodable() for vote in votes]
        return self._write("castMany", told, list(signatures), replaced, label=label)

    def appoint(self, meeting_id: int, holder: str, proxy: str) -> Call:
        """Let somebody vote for a holder at one meeting; the zero address for nobody. Claimant."""
        label = f"appoint {proxy} to vote for {holder} at meeting {meeting_id}"
        return self._write("appoint", meeting_id, holder, proxy, label=label)

    def appoint_for(self, appointment: Appointment, signature: bytes) -> Call:
        """Bring a signed appointment. Anyone."""
        label = f"bring the appointment of {appointment.proxy} for {appointment.holder}"
        return self._write("appointFor", appointment.encodable(), signature, label=label)

    def declare(self, meeting_id: int) -> Call:
        """Declare the result of a meeting. Anyone, after its close."""
        return self._write("declare", meeting_id, label=f"declare meeting {meeting_id}")


# -------------------------------------------------------------------------------------- signatures


def vote_message(vote: Vote, chain_id: int, contract: str) -> Message:
    """What a voter signs, as a wallet takes it."""
    types = {"Vote": _VOTE, "Part": _PART}
    return _message("Vote", types, vote.message(), chain_id, contract)


def vote_digest(vote: Vote, chain_id: int, contract: str) -> bytes:
    """The digest that a vote is signed by."""
    return _digest(vote_message(vote, chain_id, contract))


def appointment_message(appointment: Appointment, chain_id: int, contract: str) -> Message:
    """What a claimant signs to appoint, as a wallet takes it."""
    types = {"Appointment": _APPOINTMENT}
    return _message("Appointment", types, appointment.message(), chain_id, contract)


def appointment_digest(appointment: Appointment, chain_id: int, contract: str) -> bytes:
    """The digest that an appointment is signed by."""
    return _digest(appointment_message(appointment, chain_id, contract))


def parts_hash(parts: Sequence[VotePart]) -> bytes:
    """By which the contract knows a split vote."""
    told = [one.encodable() for one in parts]
    return bytes(keccak(encode(["(uint128,uint128)[]"], [told])))


def _message(
    primary: str,
    types: Mapping[str, Sequence[tuple[str, str]]],
    message: Message,
    chain_id: int,
    contract: str,
) -> Message:
    named = {"EIP712Domain": _DOMAIN, **types}
    return {
        "types": {
            name: [{"name": member, "type": kind} for kind, member in members]
            for name, members in named.items()
        },
        "primaryType": primary,
        "domain": {
            "name": DOMAIN_NAME,
            "version": DOMAIN_VERSION,
            "chainId": chain_id,
            "verifyingContract": contract,
        },
        "message": message,
    }


def _digest(message: Message) -> bytes:
    signable = encode_typed_data(full_message=message)
    return bytes(keccak(b"\x19" + signable.version + signable.header + signable.body))
