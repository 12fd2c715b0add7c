# SPDX-License-Identifier: MIT
"""The command that repays tax which was withheld too much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from prorata.assets.withholding import parse_rate
from prorata.chain.operator import Operator
from prorata.cli.command import Command, common_options
from prorata.cli.session import Session
from prorata.cli.year_rules import year_options, year_rules_of
from prorata.contracts.withholding import Certificate
from prorata.deployments.deployment import Deployment
from prorata.errors import BooksError, InputError
from prorata.files.writer import json_object
from prorata.income.closing import remit
from prorata.ledger.audits import audit_deployment
from prorata.ledger.books import Books
from prorata.ledger.corrections import Correction
from prorata.reports.annual import correction_rows
from prorata.reports.tables import verdict
from prorata.tax.certificates import CertificateRow, parse_document, read_certificates
from prorata.tax.corrections import Repaid, repay
from prorata.tax.procedures import Procedure, procedure_of
from prorata.tax.repayments import Found, Repayment, find_repayments
from prorata.values.addresses import check_address
from prorata.values.kinds import FOREVER, Kind
from prorata.values.times import moment, parse_time

__all__ = ["repay_command"]

SHOWN = 20

EXAMPLES = (
    "prorata tax repay examples/compliant/certificates.csv --dry-run",
    "prorata tax repay late.csv --remit --account collector.json",
    "prorata tax repay --holder 0x… --id 3 --rate 15% --document certificate.pdf",
)


@click.command("repay", cls=Command, asks=True, examples=EXAMPLES)
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
@click.option(
    "--remit", is_flag=True, help="First send the tax that the vault holds to the collector."
)
@year_options
@common_options
def repay_command(
    table: Path | None, ids: Sequence[int], holders: Sequence[str], dry_run: bool, **options: Any
) -> None:
    """Repay tax that was withheld too much, and book it as a correction.

    TABLE is the file of certificates that came too late. What each makes of the tax on income that
    has been paid is worked out from the books; the difference goes from --account, the collector's
    or the issuer's, to whoever is paid for the holder. Nothing is repaid twice, whoever repays.

    Tax that the vault still holds goes to the collector only: with --remit, whose account it must
    be, it is sent there first, and repaid from there.
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
        coming = _remit(operator, found, due.due, dry_run) if options["remit"] else {}
        done = []
        if due.due:
            done = repay(operator, found, due.due, procedure, dry_run=dry_run, coming=coming)
    _show_repaid(session, books, due, done, dry_run)


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


def _remit(
    operator: Operator, found: Deployment, due: Sequence[Repayment], dry_run: bool
) -> dict[str, int]:
    """Send the collector the tax of the distributions; of a dry run, what would be sent to it."""
    coming: dict[str, int] = {}
    asked = []
    for number in sorted({one.distribution.id for one in due}):
        held = found.vault().distribution(number)
        if held.tax_collector != operator.address:
            rule = f"is not the collector of the tax of distribution {number}"
            remedy = f"use its account, {held.tax_collector}, or leave --remit out"
            raise InputError.of("account", operator.address, rule, remedy)
        if held.withheld > held.remitted:
            asked.append(number)
            amount = coming.get(held.currency, 0) + held.withheld - held.remitted
            coming[held.currency] = amount
    if dry_run:
        return coming
    if asked:
        remit(operator, found, asked)
    return {}


def _procedure(options: Mapping[str, Any]) -> Procedure:
    moments = {
        name: None if options[name] is None else parse_time(name.replace("_", "-"), options[name])
        for name in ("until", "form_filed")
    }
    return procedure_of(options["procedure"], moments["until"], moments["form_filed"])


# ------------------------------------------------------------------------------------------- words


def _show_repaid(
    session: Session, books: Books, due: Found, done: Sequence[Repaid], dry_run: bool
) -> None:
    say = session.output
    sent = [repaid.correction for repaid in done if repaid.receipt is not None]
    there = [repaid.correction for repaid in done if repaid.receipt is None]
    rows = [_row(books, one) for one in (due.due if dry_run else ())]
    rows = rows or [_booked_row(books, one) for one in sent]
    if rows:
        columns = ("id>", "holder", "currency", "withheld>", "due>", "repaid>", "year>")
        title = "Would repay; nothing was sent" if dry_run else "Repaid, and booked as corrections"
        say.table(title, columns, rows[:SHOWN])
        if len(rows) > SHOWN:
            say.say(f"and {len(rows) - SHOWN:,} more: `prorata books --out` lists them all")
    elif not there:
        say.say("There is nothing to repay; nothing was sent")
    before = [*there, *due.before]
    for one in before[:SHOWN]:
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
        "dry_run": dry_run,
        "would_repay": [_would(books, one) for one in (due.due if dry_run else ())],
        "repaid": correction_rows(books, sent),
        "before": correction_rows(books, before),
        "waiting": [{"distribution": number, "holder": who} for number, who in due.waiting],
        "transactions": [one.transaction for one in sent],
        "resumed": bool(before) and not sent and not dry_run,
    }
    say.result(json_object(facts))


def _row(books: Books, one: Repayment) -> tuple[str, ...]:
    distribution, entry = one.distribution, one.entry
    figures = _figures(books, distribution.currency, entry.tax, one.due, one.amount)
    return (str(distribution.id), entry.holder, *figures, str(one.year))


def _booked_row(books: Books, one: Correction) -> tuple[str, ...]:
    figures = _figures(books, one.currency, one.withheld, one.due, one.amount)
    return (str(one.distribution_id), one.holder, *figures, str(one.year))


def _figures(books: Books, currency: str, *amounts: int) -> tuple[str, ...]:
    unit = books.unit(currency)
    return (unit.symbol, *(unit.amount(units).figure for units in amounts))


def _would(books: Books, one: Repayment) -> dict[str, Any]:
    unit, distribution = books.unit(one.distribution.currency), one.distribution
    amounts = {"withheld": one.entry.tax, "due": one.due, "repaid": one.amount}
    return {
        "year": one.year,
        "distribution": distribution.id,
        "holder": one.entry.holder,
        "currency": distribution.currency,
        **{name: unit.amount(units) for name, units in amounts.items()},
        "window_until": moment(one.window_until),
        "document": one.document,
    }
