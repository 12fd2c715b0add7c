# SPDX-License-Identifier: MIT
"""Meetings of the holders of record: convene, vote, count, declare, write the minutes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from prorata.cli.changes import sent_facts, show_change
from prorata.cli.command import Command, common_options, reading_options, signing_options
from prorata.cli.exchange_desk import reference_option
from prorata.cli.meeting_screens import (
    contract_at,
    contract_option,
    find_meeting,
    person,
    show_meeting,
    show_tally,
    show_terms,
    show_verdicts,
    tally_facts,
    terms_facts,
    terms_option,
)
from prorata.cli.output import escape
from prorata.cli.session import Session
from prorata.contracts.ballot import MeetingStage
from prorata.errors import InputError
from prorata.market.exchanges.terms import document_hash_of
from prorata.market.meetings.ballot_files import write_ballot
from prorata.market.meetings.bringing import bring_files, count_files
from prorata.market.meetings.convening import cancel_meeting, convene_meeting, declare_meeting
from prorata.market.meetings.listing import Meeting, list_meetings, meeting_of_asset
from prorata.market.meetings.reading import count_meeting
from prorata.market.meetings.terms import read_meeting_file
from prorata.market.meetings.votes import (
    Choice,
    appoint_proxy,
    cast_vote,
    choice_of,
    read_parts,
    signed_appointment,
    signed_vote,
)
from prorata.reports.minutes import minutes_of, write_minutes
from prorata.values.addresses import ZERO_ADDRESS, named_account
from prorata.values.amounts import Unit
from prorata.values.times import moment
from prorata.values.words import counted

NOBODY = "nobody"
VOTE = '"1 for, 2-4 against, rest abstain"'
_FILE = click.Path(dir_okay=False, path_type=Path)
number_argument = click.argument("number", type=int)
holder_option = click.option(
    "--holder", help="Whose shares, as its proxy or after a recovery.  [default: the account's]"
)
files_argument = click.argument(
    "files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path)
)


@click.group()
def cli() -> None:
    """Meetings of the holders of record: convene, vote, count, declare, write the minutes.

    What a vote weighs is what its holder had when the record closed. It can be changed until the
    meeting closes. A holder votes itself or lets a proxy vote, sends its vote or signs it for
    somebody to bring, and a custodian splits it.
    """


# ------------------------------------------------------------------------------------ the meeting


@cli.command(
    "convene",
    cls=Command,
    asks=True,
    examples=(
        "prorata meeting convene meeting.yaml --dry-run",
        "prorata meeting convene meeting.yaml --account owner.json",
    ),
)
@click.argument("file", type=_FILE)
@reference_option
@contract_option
@common_options
def convene_command(file: Path, reference: str, **options: Any) -> None:
    """Convene a meeting with the terms in a YAML file.

    The terms are fixed from then on. The token's owner or an agent convenes; the record must close
    before the meeting opens. The same file convenes nothing twice: give another --reference for a
    second one. The chain has the hash of each text; the words are kept beside the deployment.
    """
    session, said = Session.of(options), read_meeting_file(file)
    with session.deployed() as (operator, found):
        place = contract_at(found, options)
        done = convene_meeting(operator, found, place, said, reference=reference)
    show_terms(session, said.title, done.terms)
    again = ", convened before" if done.receipt.resumed else ""
    session.output.say(f"Meeting {done.id} is convened: {escape(said.title)}{again}")
    session.output.say(f"  {'opens':<12}{moment(done.terms.opens_at)}")
    session.output.say(f"  {'closes':<12}{moment(done.terms.closes_at)}")
    session.output.say(f"  {'transaction':<12}{done.receipt.hash}")
    facts = {"meeting": done.id, "title": said.title, "terms": terms_facts(done.terms)}
    session.output.result({**facts, **sent_facts(done.receipt)})


@cli.command(
    "cancel",
    cls=Command,
    asks=True,
    examples=("prorata meeting cancel 2 --document notice.pdf --account owner.json",),
)
@number_argument
@click.option("--document", required=True, metavar="FILE|0xHASH", help="The notice that says so.")
@contract_option
@common_options
def cancel_command(number: int, document: str, **options: Any) -> None:
    """Cancel a meeting before it opens.

    NUMBER is the meeting. The token's owner or an agent. Nobody can vote at it any more.
    """
    session = Session.of(options)
    with session.deployed() as (operator, found):
        place = contract_at(found, options)
        done = cancel_meeting(operator, found, place, number, document_hash_of(document))
        show_change(session, done, meeting=number)


@cli.command(
    "declare",
    cls=Command,
    examples=("prorata meeting declare 2", "prorata meeting declare 2 --dry-run"),
)
@number_argument
@contract_option
@common_options
def declare_command(number: int, **options: Any) -> None:
    """Declare the result of a meeting, once its time is over.

    NUMBER is the meeting. Anyone may; the event is there for ever, for others to point at.
    """
    session = Session.of(options)
    with session.deployed() as (operator, found):
        place = contract_at(found, options)
        _, tally, done = declare_meeting(operator, found, place, number)
        show_tally(session, f"Meeting {number} is declared", tally, found.settings.unit)
        facts = tally_facts(tally, found.settings.unit)
        show_change(session, done, meeting=number, **facts)


# -------------------------------------------------------------------------------------- as a holder


@cli.command(
    "vote",
    cls=Command,
    examples=(
        f"prorata meeting vote 2 {VOTE} --account holder.json",
        "prorata meeting vote 2 for --holder 0x… --dry-run",
    ),
)
@number_argument
@click.argument("vote")
@holder_option
@contract_option
@common_options
def vote_command(number: int, vote: str, holder: str | None, **options: Any) -> None:
    """Vote with all shares of the record, or change the vote.

    NUMBER is the meeting, VOTE what the shares choose: for, against or abstain for all resolutions,
    or a word for each, such as "1 for, 2-4 against, rest abstain".
    """
    _vote(number, holder, lambda meeting, _: choice_of(vote, meeting), options)


@cli.command(
    "split",
    cls=Command,
    examples=(
        "prorata meeting split 2 parts.csv --account custodian.json",
        "prorata meeting split 2 parts.csv --dry-run",
    ),
)
@number_argument
@click.argument("parts", type=_FILE)
@holder_option
@contract_option
@common_options
def split_command(number: int, parts: Path, holder: str | None, **options: Any) -> None:
    """Vote in parts, as those want for whom the account holds shares.

    NUMBER is the meeting, PARTS a table with the columns shares and vote. Shares in no part are not
    present. A later vote takes the place of the whole table.
    """
    _vote(number, holder, lambda meeting, unit: read_parts(parts, meeting, unit), options)


def _vote(
    number: int,
    holder: str | None,
    choose: Callable[[Meeting, Unit], Choice],
    options: Mapping[str, Any],
) -> None:
    """Send what a holder chooses, the account itself if nobody is named, and show it."""
    session = Session.of(options)
    with session.deployed() as (operator, found):
        place, meeting = find_meeting(found, number, options)
        who = operator.address if holder is None else person("holder", holder)
        unit = found.settings.unit
        choice = choose(meeting, unit)
        done = cast_vote(operator, found, place, meeting, holder=who, choice=choice)
        show_change(
            session, done, meeting=number, holder=who, vote=choice.in_words(meeting.count, unit)
        )


@cli.command(
    "appoint",
    cls=Command,
    examples=(
        "prorata meeting appoint 2 0x… --account holder.json",
        "prorata meeting appoint 2 nobody --dry-run",
    ),
)
@number_argument
@click.argument("proxy")
@holder_option
@contract_option
@common_options
def appoint_command(number: int, proxy: str, holder: str | None, **options: Any) -> None:
    """Let somebody vote for the account at one meeting, or nobody any more.

    NUMBER is the meeting, PROXY an address, a name, or nobody. Your own vote prevails over the
    proxy's, whichever was later. What a proxy has voted stands when it is dismissed.
    """
    session = Session.of(options)
    with session.deployed() as (operator, found):
        place, meeting = find_meeting(found, number, options)
        who = operator.address if holder is None else person("holder", holder)
        done = appoint_proxy(operator, place, meeting, who, _proxy(proxy))
        told = named_account(_proxy(proxy))
        show_change(session, done, meeting=number, holder=who, proxy=told)


@cli.command(
    "sign",
    cls=Command,
    examples=(
        f"prorata meeting sign 2 {VOTE} --out vote.json --account holder.json",
        "prorata meeting sign 2 --parts parts.csv --out vote.json",
        "prorata meeting sign 2 --proxy 0x… --out proxy.json",
    ),
)
@number_argument
@click.argument("vote", required=False)
@click.option("--parts", type=_FILE, help="A split vote: a table with the columns shares and vote.")
@click.option("--proxy", help="Sign an appointment of this proxy, or of nobody, instead.")
@click.option("--out", type=_FILE, required=True, help="The file to write.")
@holder_option
@contract_option
@signing_options
def sign_command(number: int, out: Path, holder: str | None, **options: Any) -> None:
    """Sign a vote, or an appointment, that anybody may bring.

    NUMBER is the meeting, VOTE what all shares choose. Nothing is sent, and it costs nothing: mail
    the file to whoever counts. It is good until the meeting closes; a later vote takes its place.
    """
    session, given = Session.of(options), [options[name] for name in ("vote", "parts", "proxy")]
    if sum(one is not None for one in given) != 1:
        rule, remedy = "is not one of a vote, --parts and --proxy", "give exactly one of them"
        raise InputError.of("vote", options["vote"] or "", rule, remedy)
    if out.exists():
        rule = "is there already, and what was signed stays good"
        raise InputError.of("out", out, rule, "name another file")
    with session.reading() as found:
        place, meeting = find_meeting(found, number, options)
        signer = session.signer(found.chain)
        who = signer.address if holder is None else person("holder", holder)
        if options["proxy"] is not None:
            proxy = _proxy(options["proxy"])
            paper: Any = signed_appointment(signer, found, place, meeting, holder=who, proxy=proxy)
        else:
            unit = found.settings.unit
            choice = (
                choice_of(options["vote"], meeting)
                if options["parts"] is None
                else read_parts(options["parts"], meeting, unit)
            )
            paper = signed_vote(signer, found, place, meeting, holder=who, choice=choice)
            for line in choice.in_words(meeting.count, unit):
                session.output.say(f"  {escape(line)}")
        write_ballot(out, paper)
    session.output.say(f"{signer.address} has signed it for {who}: {out}")
    session.output.result(
        {
            "file": str(out),
            "meeting": number,
            "holder": who,
            "signer": signer.address,
            "digest": f"0x{paper.digest.hex()}",
        }
    )


# ------------------------------------------------------------------------------------ signed votes


@cli.command(
    "bring",
    cls=Command,
    examples=(
        "prorata meeting bring 2 ballots/ --dry-run",
        "prorata meeting bring 2 by-ann.json by-ben.json",
    ),
)
@number_argument
@files_argument
@contract_option
@common_options
def bring_command(number: int, files: tuple[Path, ...], **options: Any) -> None:
    """Bring signed votes and appointments to the chain, 100 to a transaction.

    NUMBER is the meeting, FILE a file or a folder of them. Each is checked first; what cannot be
    taken is told and left out. Anyone may bring them, and the same files again send nothing.
    """
    session = Session.of(options)
    with session.deployed() as (operator, found):
        place, meeting = find_meeting(found, number, options)
        done = bring_files(operator, found, place, meeting, files)
        unit = found.settings.unit
        show_verdicts(session, done.counted.verdicts)
        for receipt in done.receipts:
            session.output.say(f"  {'transaction':<12}{receipt.hash}")
        show_tally(session, f"Meeting {number}", done.tally, unit)
        session.output.result(
            {
                "meeting": number,
                "transactions": [receipt.hash for receipt in done.receipts],
                "resumed": not done.receipts,
                "files": _verdicts(done.counted.verdicts),
                **tally_facts(done.tally, unit),
            }
        )


@cli.command(
    "tally",
    cls=Command,
    examples=("prorata meeting tally 2", "prorata meeting tally 2 --from ballots/"),
)
@number_argument
@click.option(
    "--from",
    "files",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Signed votes to count on top: a file, or a folder of them.",
)
@contract_option
@reading_options
def tally_command(number: int, files: tuple[Path, ...], **options: Any) -> None:
    """Count a meeting anew from its votes, with the shares of the record.

    NUMBER is the meeting. The count is compared with the contract's own, and refused if they
    differ. With --from, what it will be once these files were brought is counted off the chain.
    """
    session = Session.of(options)
    with session.reading() as found:
        place, meeting = find_meeting(found, number, options)
        unit = found.settings.unit
        if not files:
            counted_now = count_meeting(found, place, number, meeting.terms)
            show_tally(session, f"Meeting {number}", counted_now.tally, unit)
            holders = counted(len(counted_now.book.standing), "holder")
            session.output.say(f"  {'votes':<12}of {holders}, as the contract counts them")
            session.output.result({"meeting": number, **tally_facts(counted_now.tally, unit)})
            return
        done = count_files(found, place, meeting, files)
        show_verdicts(session, done.verdicts)
        show_tally(session, f"Meeting {number} with these files", done.whole, unit)
        session.output.result(
            {
                "meeting": number,
                "files": _verdicts(done.verdicts),
                "chain": tally_facts(done.chain, unit),
                **tally_facts(done.whole, unit),
            }
        )


# ----------------------------------------------------------------------------------------- looking


@cli.command(
    "minutes",
    cls=Command,
    examples=("prorata meeting minutes 2 --out minutes.html",),
)
@number_argument
@click.option("--out", type=_FILE, required=True, help="The page: FILE.html, and FILE.json.")
@terms_option
@contract_option
@reading_options
def minutes_command(number: int, out: Path, words: str | None, **options: Any) -> None:
    """Write the minutes of a meeting that is over: a page to sign, and the same as JSON.

    NUMBER is the meeting. The figures are counted anew from the votes on the chain; the words are
    those whose hash the chain has.
    """
    session = Session.of(options)
    if out.suffix.lower() != ".html":
        raise InputError.of("out", out, "is no HTML file", "name it FILE.html")
    with session.reading() as found:
        place = contract_at(found, options)
        named = None if words is None else Path(words)
        minutes = minutes_of(found, place, meeting_of_asset(found, place, number, named))
        page, beside = write_minutes(minutes, out)
        tally = minutes.counted.tally
        show_tally(session, escape(minutes.meeting.title), tally, found.settings.unit)
    session.output.say(f"  {'minutes':<12}{page}, and {beside}")
    if not minutes.is_declared:
        session.output.say(f"  not declared yet: `prorata meeting declare {number}`")
    session.output.result({"files": [str(page), str(beside)], **minutes.as_json()})


@cli.command(
    "status",
    cls=Command,
    examples=("prorata meeting status", "prorata meeting status 2 --holder 0x…"),
)
@click.argument("number", type=int, required=False)
@click.option("--holder", help="How this holder has voted, and who votes for it.")
@terms_option
@contract_option
@reading_options
def status_command(
    number: int | None, holder: str | None, words: str | None, **options: Any
) -> None:
    """List the meetings of an asset, or show one: its terms, its resolutions, how it stands.

    NUMBER is the meeting.
    """
    session = Session.of(options)
    with session.reading() as found:
        place = contract_at(found, options)
        if number is None:
            _list(session, list_meetings(found, place))
            return
        named = None if words is None else Path(words)
        meeting = meeting_of_asset(found, place, number, named)
        show_meeting(session, meeting)
        facts: dict[str, Any] = {
            "meeting": number,
            "title": meeting.title,
            "stage": meeting.stage.label,
            "terms": terms_facts(meeting.terms),
            "texts": list(meeting.texts),
        }
        unit = found.settings.unit
        if meeting.stage not in (MeetingStage.CONVENED, MeetingStage.CANCELLED):
            tally = count_meeting(found, place, number, meeting.terms).tally
            show_tally(session, "As it stands", tally, unit)
            facts |= tally_facts(tally, unit)
        if holder is not None:
            who = person("holder", holder)
            claimant, proxy = place.voters_of(number, who)
            vote = place.vote_of(number, who)
            said = "nobody" if vote.voter is None else f"{vote.voter} on {moment(vote.version)}"
            session.output.say(f"  {'voted':<12}{said}")
            session.output.say(f"  {'may vote':<12}{_voters(claimant, proxy)}")
            facts["of_holder"] = {
                "holder": who,
                "claimant": named_account(claimant),
                "proxy": named_account(proxy),
                "voter": vote.voter,
                "by_proxy": vote.by_proxy,
                "version": moment(vote.version) if vote.version else None,
            }
        session.output.result(facts)


# ------------------------------------------------------------------------------------------- words


def _proxy(named: str) -> str:
    return ZERO_ADDRESS if named.lower() == NOBODY else person("proxy", named)


def _voters(claimant: str, proxy: str) -> str:
    return ", ".join(one for one in (claimant, proxy) if one != ZERO_ADDRESS) or NOBODY


def _verdicts(verdicts: Any) -> list[dict[str, Any]]:
    return [
        {
            "file": str(one.path),
            "counts": one.counts,
            "taken_before": one.before,
            "reason": one.reason or None,
        }
        for one in verdicts
    ]


def _list(session: Session, meetings: Any) -> None:
    rows = [
        (
            f"{one.id}",
            escape(one.title),
            one.stage.label,
            moment(one.terms.opens_at),
            moment(one.terms.closes_at),
        )
        for one in meetings
    ]
    columns = ("no>", "title", "stage", "opens", "closes")
    session.output.table("Meetings", columns, rows)
    session.output.result(
        {
            "meetings": [
                {
                    "meeting": one.id,
                    "title": one.title,
                    "stage": one.stage.label,
                    "opens": moment(one.terms.opens_at),
                    "closes": moment(one.terms.closes_at),
                    "resolutions": one.count,
                }
                for one in meetings
            ]
        }
    )
