# SPDX-License-Identifier: MIT
"""The terms of a meeting as people write them in a YAML file, and as the contract has them.

title: Annual meeting 2027
record: 3                               a record of the asset, or the time at which it closes
opens: 2027-05-24T09:00:00 Europe/Berlin
closes: 2027-05-31T17:00:00 Europe/Berlin
quorum: 25%                             of the shares that may vote; 0% if it is not said
excluded: ["0x…"]                       accounts that neither vote nor count
frozen_may_not_vote: false
document: notice.pdf                    a file, whose SHA-256 is kept, or a hash
resolutions:
  - text: The accounts of 2026 are approved.
  - text: The building is sold for not less than USD 11,000,000.
    of: eligible                        or present, or cast, which is meant if it is not said
    majority: at least 75%              or more than 50%, which is meant if it is not said
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from prorata.assets.withholding import format_rate
from prorata.contracts.ballot import (
    MOST_EXCLUDED,
    MOST_RESOLUTIONS,
    Basis,
    MeetingTerms,
    Resolution,
)
from prorata.deployments.deployment import Deployment
from prorata.errors import InputError, Problem
from prorata.files.models import parsed_by, validated
from prorata.files.yaml_reader import read_yaml
from prorata.market.exchanges.terms import document_hash_of
from prorata.values.addresses import check_address
from prorata.values.times import lasting, moment, parse_beginning, parse_time

__all__ = [
    "EXAMPLE",
    "LONGEST_SECONDS",
    "MeetingFile",
    "ResolutionWords",
    "majority_in_words",
    "read_meeting_file",
    "require_convenable",
    "resolve_meeting",
    "text_hash",
]

EXAMPLE = "docs/guide/meetings.md"
LONGEST_SECONDS = 400 * 86_400
MOST_TEXT = 10_000

_PERCENT = re.compile(r"(?P<whole>\d{1,3})(?:\.(?P<part>\d{1,2}))?\s?%", re.ASCII)
_MAJORITY = re.compile(r"(?P<kind>more than|at least) (?P<percent>\S.*)", re.ASCII)


def text_hash(text: str) -> bytes:
    """By which the contract knows a resolution: the SHA-256 of its text in UTF-8."""
    return sha256(text.encode()).digest()


def majority_in_words(resolution: Resolution) -> str:
    """What it takes: `at least 75% of the eligible shares`."""
    kind = "at least" if resolution.inclusive else "more than"
    of = {
        Basis.CAST: "the votes cast",
        Basis.PRESENT: "the shares present",
        Basis.ELIGIBLE: "the eligible shares",
    }[resolution.basis]
    return f"{kind} {format_rate(resolution.threshold_bps)} of {of}"


def _bps(value: object) -> int:
    said = _PERCENT.fullmatch(str(value).strip())
    bps = 0 if said is None else int(said["whole"]) * 100 + int((said["part"] or "0").ljust(2, "0"))
    if said is None or bps > 10_000:
        raise InputError.of("part", value, "is no part of 100%", "write 25% or 66.67%")
    return bps


def _majority(value: object) -> tuple[int, bool]:
    said = _MAJORITY.fullmatch(" ".join(str(value).split()))
    if said is None:
        remedy = 'write "more than 50%" or "at least 75%"'
        raise InputError.of("majority", value, "is no majority", remedy)
    bps, inclusive = _bps(said["percent"]), said["kind"] == "at least"
    if (bps == 10_000 and not inclusive) or (bps == 0 and inclusive):
        outcome = "could never be reached" if bps else "would be reached without a vote for it"
        raise InputError.of("majority", value, outcome, 'write "at least 75%", or so')
    return bps, inclusive


def _opening(value: object) -> int:
    return parse_beginning("time", value)


def _ending(value: object) -> int:
    return parse_time("time", value)


Bps = Annotated[int, parsed_by(_bps)]
Majority = Annotated[tuple[int, bool], parsed_by(_majority)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ResolutionWords(_Part):
    """One resolution, in words."""

    text: Annotated[str, Field(min_length=1, max_length=MOST_TEXT)]
    of: Literal["cast", "present", "eligible"] = "cast"
    majority: Majority = (5_000, False)

    @property
    def resolution(self) -> Resolution:
        """As the contract has it."""
        bps, inclusive = self.majority
        return Resolution(text_hash(self.text), Basis[self.of.upper()], bps, inclusive)


class MeetingFile(_Part):
    """What the file says."""

    title: Annotated[str, Field(min_length=1, max_length=200)]
    record: object
    opens: Annotated[int, parsed_by(_opening)]
    closes: Annotated[int, parsed_by(_ending)]
    quorum: Bps = 0
    excluded: Annotated[list[str], Field(max_length=MOST_EXCLUDED)] = []
    frozen_may_not_vote: bool = False
    document: str | None = None
    resolutions: Annotated[list[ResolutionWords], Field(min_length=1, max_length=MOST_RESOLUTIONS)]

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts of the resolutions, in order."""
        return tuple(one.text for one in self.resolutions)


def read_meeting_file(path: Path) -> MeetingFile:
    """The terms in a YAML file.

    Raises: InputError with every fault in it, or when it cannot be read.
    """
    return validated(MeetingFile, read_yaml(path, "terms", EXAMPLE), EXAMPLE, str(path))


def resolve_meeting(said: MeetingFile, found: Deployment) -> MeetingTerms:
    """The terms as the contract has them, for the asset of the deployment.

    Raises: InputError for what is not known or not exact; ChainError.
    """
    return MeetingTerms(
        token=found.token().address,
        record_id=_record(said.record, found),
        opens_at=said.opens,
        closes_at=said.closes,
        quorum_bps=said.quorum,
        frozen_may_not_vote=said.frozen_may_not_vote,
        excluded=tuple(check_address("excluded", one) for one in said.excluded),
        resolutions=tuple(one.resolution for one in said.resolutions),
        document_hash=bytes(32) if said.document is None else document_hash_of(said.document),
    )


def _record(said: object, found: Deployment) -> int:
    times = found.token().record_times()
    remedy = f"name one of 1 to {len(times)}, or schedule one first: `prorata record --at …`"
    if isinstance(said, int) and not isinstance(said, bool):
        if not 1 <= said <= len(times):
            raise InputError.of("record", said, "is no record of this asset", remedy)
        return said
    at = parse_time("record", said)
    if at not in times:
        rule = "is no time at which a record of this asset closes"
        raise InputError.of("record", said, rule, remedy)
    return times.index(at) + 1


# ------------------------------------------------------------------------------------ its refusals


def require_convenable(found: Deployment, terms: MeetingTerms, account: str) -> None:
    """Check what the contract would refuse.

    Raises: InputError with everything that is wrong; ChainError.
    """
    if problems := [*_faults(found, terms, account)]:
        raise InputError(problems, "the meeting")


def _faults(found: Deployment, terms: MeetingTerms, account: str) -> Iterator[Problem]:
    token, now = found.token(), found.chain.now()
    symbol = found.settings.symbol
    if account != (owner := token.owner()) and not token.is_agent(account):
        rule = f"is neither owner nor agent of {symbol}"
        yield Problem(None, "account", account, rule, f"use the account {owner}")
    if terms.opens_at <= now:
        rule = f"does not lie ahead: the chain's time is {moment(now)}"
        yield Problem(None, "opens", moment(terms.opens_at), rule, "name a later time")
    if terms.closes_at < terms.opens_at:
        rule = f"is before the opening, {moment(terms.opens_at)}"
        yield Problem(None, "closes", moment(terms.closes_at), rule, "name a later time")
    if terms.closes_at > now + LONGEST_SECONDS:
        rule = f"is more than {lasting(LONGEST_SECONDS)} ahead"
        yield Problem(None, "closes", moment(terms.closes_at), rule, "name an earlier time")
    if token.is_record_cancelled(terms.record_id):
        rule, remedy = "was cancelled", "name another record"
        yield Problem(None, "record", str(terms.record_id), rule, remedy)
    elif (at := token.record_time(terms.record_id)) >= terms.opens_at:
        rule = (
            f"closes at the end of {moment(at)}, and votes are taken from {moment(terms.opens_at)}"
        )
        yield Problem(None, "record", str(terms.record_id), rule, "open the meeting later")
