# SPDX-License-Identifier: MIT
"""The command that repays tax which was withheld too much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from prorata.assets.withholding import parse_rate
from prorata.cli.command import Command, common_options
from prorata.cli.session import Session
from prorata.cli.year_rules import year_options, year_rules_of
from prorata.contracts.withholding import Certificate
from prorata.errors import BooksError, InputError
from prorata.files.writer import json_object
from prorata.ledger.audits import audit_deployment
from prorata.ledger.books import Books
from prorata.reports.annual import correction_rows
from prorata.reports.tables import verdict
from prorata.tax.certificates import CertificateRow, parse_document, read_certificates
from prorata.tax.corrections import Repaid, repay
from prorata.tax.procedures import Procedure, procedure_of
from prorata.tax.repayments import Found, find_repayments
from prorata.values.addresses import check_address
from prorata.values.kinds import FOREVER, Kind
from prorata.values.times import parse_time

__all__ = ["repay_command"]

SHOWN = 20

EXAMPLES = (
    "prorata tax repay examples/compliant/certificates.csv --dry-run",
    "prorata tax repay --holder 0x… --id 3 --rate 15% --document certificate.pdf",
)


@click.command("repay", cls=Command, examples=EXAMPLES)
@click.argument("table", type=click.Path(path_type=Path), required=False)
@click.option("--id", "ids", type=int, multiple=True, help="A distribution.  [default: all]")
@click.option("--holder", "holders", multiple=True, help="A holder.  [default: all in the file]")
@click.option("--rate", help="Without a file: the rate that should have applied, such as 15%.")
@click.option("--document", help="Without a file: what it rests on: a file, or a hash as 0x….")
@click.option(
    "--procedure",
    default="US",
    show_default=True,
    help="By which it is repaid: US, whose window is known, or another's name with --until.",
)
@click.option("--until", help="When the window of another procedure closes, such as 2028-12-31.")
@click.option("--form-filed", help="When Form 1042-S was filed, if it was: repays nothing after.")
@year_options
@common_options
def repay_command(
    table: Path | None, ids: Sequence[int], holders: Sequence[str], **options: Any
) -> None:
    """Repay tax that was withheld too much, and book it as a correction.

    TABLE is the file of certificates that came too late. What each makes of the tax on income that
    has been paid is worked out from the books; the difference goes from --account, the collector's
    or the issuer's, to whoever is paid for the holder. Nothing is repaid twice, whoever repays.

    Tax that the vault still holds goes to the collector only: `prorata remit` sends it there first.
    """
    session = Session.of(options)
    entries = _entries(table, holders, options)
    procedure = _procedure(options)
    with session.deployed() as (operator, found):
        proven = audit_deployment(found)
        if not proven.balanced:
            raise BooksError(verdict(proven), "find out why with `prorata books`")
        books, token = proven.books, found.token().address
        rules = year_rules_of(options, found, books.ledgers[token], session.output)
        due = find_repayments(books, token, entries, rules, procedure, ids=ids)
        done = repay(operator, found, due.due, procedure) if due.due else []
    _show_repaid(session, books, due, done)


def _entries(
    table: Path | None, holders: Sequence[str], options: Mapping[str, Any]
) -> list[CertificateRow]:
    """The certificates of the file, or the one that the options make up."""
    wanted = [check_address("holder", holder) for holder in holders]
    rate, document = options["rate"], options["document"]
    if table is not None:
        if rate or document:
            given = "rate" if rate else "document"
            rule = "cannot be given together with a file, which says it"
            raise InputError.of(given, rate or document, rule, "leave one of them out")
        entries = read_certificates(table)
        known = {entry.address for entry in entries}
        for holder in wanted:
            if holder not in known:
                rule, remedy = f"has no certificate in {table}", "name one of the file's"
                raise InputError.of("holder", holder, rule, remedy)
        return [entry for entry in entries if not wanted or entry.address in wanted]
    for name, value in (("holder", wanted), ("rate", rate), ("document", document)):
        if not value:
            raise InputError.of(name, "", "is missing", "give it, or a file of certificates")
    certificate = Certificate(
        parse_rate(rate), frozenset(Kind), 0, FOREVER, parse_document(document)
    )
    return [CertificateRow(0, holder, certificate) for holder in wanted]


def _procedure(options: Mapping[str, Any]) -> Procedure:
    moments = {
        name: None if options[name] is None else parse_time(name.replace("_", "-"), options[name])
        for name in ("until", "form_filed")
    }
    return procedure_of(options["procedure"], moments["until"], moments["form_filed"])


# ------------------------------------------------------------------------------------------- words


def _show_repaid(session: Session, books: Books, due: Found, done: Sequence[Repaid]) -> None:
    say = session.output
    sent = [repaid.correction for repaid in done if repaid.receipt is not None]
    there = [repaid.correction for repaid in done if repaid.receipt is None]
    rows = [
        (
            str(one.distribution_id),
            one.holder,
            *(books.money(one.currency, units) for units in (one.withheld, one.due, one.amount)),
            str(one.year),
        )
        for one in sent
    ]
    if rows:
        columns = ("distribution>", "holder", "withheld>", "due>", "repaid>", "of the year>")
        say.table("Repaid, and booked as corrections", columns, rows[:SHOWN])
        if len(rows) > SHOWN:
            say.say(f"and {len(rows) - SHOWN:,} more: see `prorata books`")
    elif not there:
        say.say("There is nothing to repay; nothing was sent")
    for one in [*there, *due.before][:SHOWN]:
        say.say(
            f"Distribution {one.distribution_id}: {books.money(one.currency, one.amount)} was "
            f"repaid to {one.holder} before, in {one.transaction}"
        )
    for number, holder in due.waiting[:SHOWN]:
        say.notice(
            f"{holder} has not been paid from distribution {number}, whose tax is withheld when it "
            "is: repay it after that"
        )
    facts = {
        "repaid": correction_rows(books, sent),
        "before": correction_rows(books, [*there, *due.before]),
        "waiting": [{"distribution": number, "holder": who} for number, who in due.waiting],
        "transactions": [one.transaction for one in sent],
    }
    say.result(json_object(facts))
