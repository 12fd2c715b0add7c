# SPDX-License-Identifier: MIT
"""Signed votes and appointments as files that travel by mail, and are brought by anyone.

Nothing in a file is secret, and whoever has it can bring it until the meeting closes. A later one
of the same voter takes its place. A file says for which holder, chain and contract it is, and what
it chooses stands in it in words and as it was signed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field

from prorata.chain.types import Chain
from prorata.contracts.ballot import (
    MOST_PARTS,
    MOST_RESOLUTIONS,
    Appointment,
    Ballot,
    Vote,
    VotePart,
    appointment_digest,
    appointment_message,
    vote_digest,
    vote_message,
)
from prorata.errors import InputError
from prorata.files.models import parsed_by
from prorata.income.instruction_files import TypedSigner
from prorata.market.meetings.choices import choices_in_words, parse_choices
from prorata.market.papers import (
    Account,
    Bytes,
    Moment,
    Number,
    Part,
    read_paper,
    require_place,
    require_same_digest,
    write_paper,
)
from prorata.market.signatures import is_signed, sign_message
from prorata.values.times import moment

__all__ = [
    "SIGN_ANEW",
    "Paper",
    "SignedAppointment",
    "SignedVote",
    "find_papers",
    "read_ballot",
    "require_intact",
    "sign_appointment",
    "sign_vote",
    "write_ballot",
]

SIGN_ANEW = "ask for another file: `prorata meeting vote … --sign FILE`"


@dataclass(frozen=True)
class SignedVote:
    """A vote for one contract of one chain, on so many resolutions, and its signature."""

    vote: Vote
    count: int
    chain_id: int
    contract: str
    signature: bytes

    @property
    def signer(self) -> str:
        """Who has signed."""
        return self.vote.voter

    @property
    def meeting(self) -> int:
        """The meeting that it is for."""
        return self.vote.id

    @property
    def digest(self) -> bytes:
        """What was signed."""
        return vote_digest(self.vote, self.chain_id, self.contract)

    @property
    def message(self) -> dict[str, Any]:
        """The typed data that was signed."""
        return vote_message(self.vote, self.chain_id, self.contract)


@dataclass(frozen=True)
class SignedAppointment:
    """An appointment for one contract of one chain, and its signature."""

    appointment: Appointment
    chain_id: int
    contract: str
    signature: bytes

    @property
    def signer(self) -> str:
        """Who has signed."""
        return self.appointment.claimant

    @property
    def meeting(self) -> int:
        """The meeting that it is for."""
        return self.appointment.id

    @property
    def digest(self) -> bytes:
        """What was signed."""
        return appointment_digest(self.appointment, self.chain_id, self.contract)

    @property
    def message(self) -> dict[str, Any]:
        """The typed data that was signed."""
        return appointment_message(self.appointment, self.chain_id, self.contract)


Paper: TypeAlias = SignedVote | SignedAppointment


def sign_vote(signer: TypedSigner, contract: Ballot, vote: Vote, count: int) -> SignedVote:
    """A vote, signed by the account.

    Raises: InputError when the account does not sign here; ChainError when a device does not sign.
    """
    chain_id = contract.chain.chain_id
    message = vote_message(vote, chain_id, contract.address)
    signature = sign_message(signer, message, vote.voter, "send the vote instead")
    return SignedVote(vote, count, chain_id, contract.address, signature)


def sign_appointment(
    signer: TypedSigner, contract: Ballot, appointment: Appointment
) -> SignedAppointment:
    """An appointment, signed by the account.

    Raises: as `sign_vote`.
    """
    chain_id = contract.chain.chain_id
    message = appointment_message(appointment, chain_id, contract.address)
    remedy = "send the appointment instead"
    signature = sign_message(signer, message, appointment.claimant, remedy)
    return SignedAppointment(appointment, chain_id, contract.address, signature)


def find_papers(given: Sequence[Path]) -> list[Path]:
    """The files that are named, and those in the folders that are named, in order.

    Raises: InputError when a folder has none.
    """
    found: list[Path] = []
    for path in given:
        inside = sorted(path.glob("*.json")) if path.is_dir() else [path]
        if not inside:
            rule, remedy = "has no file of a signed vote", "name the folder with the .json files"
            raise InputError.of("from", path, rule, remedy)
        found += inside
    return list(dict.fromkeys(found))


def require_intact(paper: Paper, chain: Chain, contract: str, meeting: int) -> None:
    """Check that a file is for this meeting here, and its signature its signer's.

    Raises: InputError; ChainError.
    """
    require_place(
        "file",
        chain,
        chain_id=paper.chain_id,
        contract=paper.contract,
        expected=contract,
        remedy="name it with --contract",
    )
    if paper.meeting != meeting:
        rule = f"is the meeting that it was signed for, and this is meeting {meeting}"
        raise InputError.of("file", paper.meeting, rule, "leave it out, or name that meeting")
    if not is_signed(chain, paper.signer, paper.message, paper.signature):
        rule = f"is not {paper.signer}'s for what the file says"
        raise InputError.of("signature", f"0x{paper.signature.hex()}", rule, SIGN_ANEW)


# ---------------------------------------------------------------------------------------- the file


def write_ballot(path: Path, paper: Paper) -> None:
    """Write the file, whole or not at all.

    Raises: InputError when it cannot be written.
    """
    content = _vote_said(paper) if isinstance(paper, SignedVote) else _appointment_said(paper)
    common = {
        "kind": "vote" if isinstance(paper, SignedVote) else "appointment",
        "chain_id": paper.chain_id,
        "contract": paper.contract,
        "digest": f"0x{paper.digest.hex()}",
        "meeting": str(paper.meeting),
    }
    write_paper(path, common | content | {"signature": f"0x{paper.signature.hex()}"})


def read_ballot(path: Path) -> Paper:
    """Read a file, as strictly as what can be signed is narrow.

    Raises: InputError when it cannot be read, is neither of the two, or does not agree with itself.
    """
    kind = read_paper(path, _AnyFile, "file", SIGN_ANEW).kind
    if kind == "appointment":
        one = read_paper(path, _AppointmentFile, "file", SIGN_ANEW)
        appointment = Appointment(one.meeting, one.holder, one.claimant, one.proxy, one.signed_at)
        signed: Paper = SignedAppointment(appointment, one.chain_id, one.contract, one.signature)
        require_same_digest("digest", one.digest, signed.digest, SIGN_ANEW)
        return signed
    said = read_paper(path, _VoteFile, "file", SIGN_ANEW)
    count = said.resolutions
    alike, parts = said.choices, said.parts
    if (alike is None) == (parts is None):
        rule = "are not one of choices and parts"
        raise InputError.of("choices", alike, rule, SIGN_ANEW)
    vote = Vote(
        said.meeting,
        said.holder,
        said.voter,
        said.signed_at,
        0 if alike is None else parse_choices(", ".join(alike), count, "choices"),
        tuple(
            VotePart(part.units, parse_choices(", ".join(part.choices), count, "choices"))
            for part in parts or ()
        ),
    )
    signed = SignedVote(vote, count, said.chain_id, said.contract, said.signature)
    require_same_digest("digest", said.digest, signed.digest, SIGN_ANEW)
    return signed


def _vote_said(paper: SignedVote) -> dict[str, Any]:
    vote, count = paper.vote, paper.count
    said: dict[str, Any] = {
        "holder": vote.holder,
        "voter": vote.voter,
        "signed_at": moment(vote.version),
        "resolutions": count,
        "choices": None if vote.parts else choices_in_words(vote.choices, count),
        "parts": None,
    }
    if vote.parts:
        said["parts"] = [
            {"units": str(part.shares), "choices": choices_in_words(part.choices, count)}
            for part in vote.parts
        ]
    return said


def _appointment_said(paper: SignedAppointment) -> dict[str, Any]:
    one = paper.appointment
    return {
        "holder": one.holder,
        "claimant": one.claimant,
        "proxy": one.proxy,
        "signed_at": moment(one.version),
    }


def voters_named(papers: Iterable[Paper]) -> list[str]:
    """The holders that files are for."""
    return list(
        dict.fromkeys(
            paper.vote.holder if isinstance(paper, SignedVote) else paper.appointment.holder
            for paper in papers
        )
    )


def _kind(value: object) -> str:
    if value not in ("vote", "appointment"):
        raise InputError.of("kind", value, "is neither a vote nor an appointment", SIGN_ANEW)
    return str(value)


class _AnyFile(Part):
    """As much as tells what it is."""

    model_config = Part.model_config | {"extra": "ignore"}

    kind: Annotated[str, parsed_by(_kind)]


class _Part(Part):
    units: Number
    choices: list[str]


class _VoteFile(Part):
    """The whole file of a vote."""

    kind: Literal["vote"]
    chain_id: int
    contract: Account
    digest: Bytes
    meeting: Number
    holder: Account
    voter: Account
    signed_at: Moment
    resolutions: Annotated[int, Field(ge=1, le=MOST_RESOLUTIONS)]
    choices: list[str] | None
    parts: Annotated[list[_Part], Field(min_length=1, max_length=MOST_PARTS)] | None
    signature: Bytes


class _AppointmentFile(Part):
    """The whole file of an appointment."""

    kind: Literal["appointment"]
    chain_id: int
    contract: Account
    digest: Bytes
    meeting: Number
    holder: Account
    claimant: Account
    proxy: Account
    signed_at: Moment
    signature: Bytes
