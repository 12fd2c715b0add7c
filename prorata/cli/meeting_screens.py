# SPDX-License-Identifier: MIT
"""What the commands of meetings show: terms, counts, files and votes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from prorata.assets.withholding import format_rate
from prorata.cli.names import known_names
from prorata.cli.output import escape
from prorata.cli.session import Session
from prorata.contracts.ballot import Ballot, MeetingTally, MeetingTerms
from prorata.deployments.deployment import Deployment
from prorata.files.writer import json_object
from prorata.market.legs import find_person
from prorata.market.meetings.bringing import FileVerdict
from prorata.market.meetings.listing import Meeting, ballot_at, meeting_of_asset
from prorata.market.meetings.terms import majority_in_words
from prorata.values.addresses import check_address
from prorata.values.amounts import Unit
from prorata.values.times import moment
from prorata.values.words import counted

__all__ = [
    "contract_at",
    "contract_option",
    "find_meeting",
    "person",
    "show_meeting",
    "show_tally",
    "show_terms",
    "show_verdicts",
    "tally_facts",
    "terms_facts",
    "terms_option",
]

contract_option = click.option(
    "--contract", help="The contract of meetings.  [default: the usual one, `prorata market show`]"
)
terms_option = click.option(
    "--terms",
    "words",
    type=click.Path(dir_okay=False),
    help="The file that it was convened from, for the words.  [default: as kept here]",
)


def contract_at(found: Deployment, options: Mapping[str, Any]) -> Ballot:
    """The contract, the usual one unless a person names another.

    Raises: InputError; DeploymentError when it is not there.
    """
    named = options["contract"]
    return ballot_at(found.chain, None if named is None else check_address("contract", named))


def find_meeting(
    found: Deployment, number: int, options: Mapping[str, Any]
) -> tuple[Ballot, Meeting]:
    """The contract, and the meeting of this number.

    Raises: InputError; DeploymentError; ChainError.
    """
    place = contract_at(found, options)
    return place, meeting_of_asset(found, place, number)


def person(column: str, named: str) -> str:
    """The address that a person names, or the one behind a name of the address book.

    Raises: InputError.
    """
    return find_person(column, named, known_names())


def show_terms(session: Session, title: str, terms: MeetingTerms) -> None:
    """The terms as lines for a person."""
    rows = [
        ("record", f"{terms.record_id}"),
        ("opens", moment(terms.opens_at)),
        ("closes", moment(terms.closes_at)),
        ("quorum", f"{format_rate(terms.quorum_bps)} of the eligible shares"),
        ("frozen wallets", "may not vote" if terms.frozen_may_not_vote else "may vote"),
    ]
    rows += [("excluded", account) for account in terms.excluded]
    if any(terms.document_hash):
        rows.append(("document", f"0x{terms.document_hash.hex()}"))
    session.output.table(escape(title), ("", ""), rows, most=None)


def show_meeting(session: Session, meeting: Meeting) -> None:
    """A meeting, and what is put to the vote."""
    title = f"{meeting.title}: meeting {meeting.id}, {meeting.stage.label}"
    show_terms(session, title, meeting.terms)
    rows = [
        (f"{number}", escape(text), majority_in_words(resolution))
        for number, (text, resolution) in enumerate(
            zip(meeting.said_texts, meeting.terms.resolutions, strict=True), start=1
        )
    ]
    session.output.table("Resolutions", ("no>", "text", "carried by"), rows, most=None)


def show_tally(session: Session, title: str, tally: MeetingTally, unit: Unit) -> None:
    """How each resolution stands."""
    rows = [
        (
            f"{number}",
            unit.amount(result.in_favour).text,
            unit.amount(result.against).text,
            unit.amount(result.abstained).text,
            "carried" if result.carried else "not carried",
        )
        for number, result in enumerate(tally.results, start=1)
    ]
    columns = ("no>", "for>", "against>", "abstained>", "")
    session.output.table(title, columns, rows, most=None)
    present, eligible = unit.amount(tally.present).text, unit.amount(tally.eligible).text
    said = "quorate" if tally.quorate else "not quorate"
    session.output.say(f"  {'present':<12}{present} of {eligible} {unit.symbol}: {said}")


def show_verdicts(session: Session, verdicts: tuple[FileVerdict, ...]) -> None:
    """What becomes of each file; those that count are counted only."""
    counts = sum(one.counts for one in verdicts)
    before = sum(one.before for one in verdicts)
    session.output.say(f"{counted(counts, 'file')} of {len(verdicts)} can be taken")
    if before:
        session.output.say(f"  {counted(before, 'file')} had been taken before")
    for one in verdicts:
        if one.reason:
            session.output.say(f"  {one.path}: {escape(one.reason)}")


def terms_facts(terms: MeetingTerms) -> dict[str, Any]:
    """The terms for a program."""
    return {
        "token": terms.token,
        "record": terms.record_id,
        "opens": moment(terms.opens_at),
        "closes": moment(terms.closes_at),
        "quorum": format_rate(terms.quorum_bps),
        "frozen_may_not_vote": terms.frozen_may_not_vote,
        "excluded": list(terms.excluded),
        "document": f"0x{terms.document_hash.hex()}" if any(terms.document_hash) else None,
        "resolutions": [
            {"text_hash": f"0x{one.text_hash.hex()}", "majority": majority_in_words(one)}
            for one in terms.resolutions
        ],
    }


def tally_facts(tally: MeetingTally, unit: Unit) -> dict[str, Any]:
    """A count for a program."""
    return json_object(
        {
            "present": unit.amount(tally.present),
            "eligible": unit.amount(tally.eligible),
            "quorate": tally.quorate,
            "results": [
                json_object(
                    {
                        "for": unit.amount(one.in_favour),
                        "against": unit.amount(one.against),
                        "abstained": unit.amount(one.abstained),
                        "carried": one.carried,
                    }
                )
                for one in tally.results
            ],
        }
    )
