# SPDX-License-Identifier: MIT
"""Plan what an asset pays by its terms, and carry it out line by line."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import click

from prorata.assets.schedules import LineDocument, ScheduleSheet, ScheduleTerms, accrued_at
from prorata.assets.schedules.values import format_part
from prorata.cli.command import Command, common_options, reading_options
from prorata.cli.elsewhere import WAITS
from prorata.cli.output import Output
from prorata.cli.session import Session
from prorata.contracts.currency import Currency, money
from prorata.deployments.deployment import Deployment
from prorata.errors import BooksError, InputError
from prorata.files.writer import json_object
from prorata.income.schedule_accounts import KindAccount, LineAccount, line_accounts
from prorata.income.schedules import (
    LineRun,
    PlannedLine,
    Withheld,
    amounts_of,
    next_line,
    planned_line,
    run_line,
)
from prorata.ledger.audits import audit_deployment
from prorata.tax.policies import find_policy
from prorata.values.addresses import ZERO_ADDRESS, check_address
from prorata.values.amounts import Amount
from prorata.values.times import moment
from prorata.values.words import counted

TERMS = "examples/note/terms.yaml"

terms_argument = click.argument("terms", type=click.Path(path_type=Path))
line_option = click.option("--line", type=int, help="A line.  [default: the first not done]")


@click.group()
def cli() -> None:
    """Plan what an asset pays by its terms, and carry it out line by line.

    TERMS is a YAML file: unit, rate, dates, principal, rounding. Whoever has it computes the same
    lines.
    """


# --------------------------------------------------------------------------------------------- show


@cli.command(
    "show",
    cls=Command,
    examples=(f"prorata schedule show {TERMS}", f"prorata schedule show {TERMS} --at 2028-03-01"),
)
@terms_argument
@click.option("--at", help="Say what has accrued by this day, and the factor: 2028-03-01.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document only.")
def show_command(terms: Path, at: str | None, as_json: bool) -> None:
    """Show every line of a schedule: dates, rate, interest, principal, what is left.

    Amounts are of one unit, unless the terms round all units together. No chain is asked. Lines
    whose dates may yet be moved by a holiday are marked provisional. With --at it says what
    interest has accrued at the beginning of that day, and which part of the principal is
    outstanding.
    """
    output, sheet = Output(as_json), ScheduleSheet(ScheduleTerms.load(terms))
    accrued = None if at is None else _accrued(sheet, at)
    rows = [_row(sheet, number) for number in range(1, len(sheet.lines) + 1)]
    columns = ("line>", "from", "to", "pays", "record", "rate>", "interest>", "principal>", "left>")
    whose = "all units" if sheet.terms.units else "a unit"
    title = (
        f"{sheet.terms.name}: {counted(len(rows), 'line')}, in {sheet.terms.currency} of {whose}"
    )
    output.table(title, columns, rows)
    if sheet.ahead:
        dues = ", ".join(str(period.due) for period in sheet.ahead)
        output.say(f"Not planned yet, as the rate is not fixed: {dues}")
    provisional = [one.number for one in sheet.lines if one.line.period.provisional]
    if provisional:
        calendar = sheet.terms.calendar
        output.say(
            f"* Provisional, from line {provisional[0]} on: holidays of {calendar.name} are known "
            f"until {calendar.verified_until}"
        )
    if accrued is not None:
        output.say(
            f"At {accrued['day']}: {accrued['interest'].text} accrued, "
            f"{accrued['outstanding'].text} outstanding, factor {accrued['factor']}"
        )
    output.result(
        json_object(
            {
                "name": sheet.terms.name,
                "terms_hash": sheet.terms.hash,
                "calendar": sheet.terms.calendar.name,
                "unit_count": sheet.terms.units,
                "lines": [_line_facts(sheet, one.number) for one in sheet.lines],
                "not_fixed": [str(period.due) for period in sheet.ahead],
                "accrued": accrued,
            }
        )
    )


def _accrued(sheet: ScheduleSheet, at: str) -> dict[str, Any]:
    try:
        day = date.fromisoformat(at)
    except ValueError:
        rule, remedy = "is no date", "write one such as 2028-03-01"
        raise InputError.of("at", at, rule, remedy) from None
    found = accrued_at(sheet.terms.claim, [one.line for one in sheet.lines], day)
    return {
        "day": str(found.day),
        "interest": sheet.amount(found.interest),
        "outstanding": sheet.amount(found.outstanding),
        "factor": str(found.factor),
    }


def _row(sheet: ScheduleSheet, number: int) -> tuple[str, ...]:
    one = sheet.line(number)
    line, period = one.line, one.line.period
    return (
        f"{number}*" if period.provisional else str(number),
        str(period.start),
        str(period.end),
        str(period.pays),
        one.record_day,
        format_part(line.rate),
        sheet.text(line.interest),
        sheet.text(line.principal + line.premium),
        sheet.text(line.outstanding),
    )


def _line_facts(sheet: ScheduleSheet, number: int) -> dict[str, Any]:
    one = sheet.line(number)
    line = one.line
    amounts = {
        name: sheet.amount(getattr(line, name))
        for name in ("interest", "capitalised", "principal", "premium", "outstanding")
    }
    fees = zip(sheet.terms.fees, line.fees, strict=True)
    return {
        **one.as_json(),
        **amounts,
        "before": sheet.amount(line.before),
        "fees": {fee.name: sheet.amount(amount) for fee, amount in fees},
        "document_hash": f"0x{sheet.line_document(number).hash.hex()}",
    }


# --------------------------------------------------------------------------------------------- next


@cli.command("next", cls=Command, examples=(f"prorata schedule next {TERMS}",))
@terms_argument
@line_option
@reading_options
def next_command(terms: Path, line: int | None, **options: Any) -> None:
    """Show the next record of a schedule, and what is to be distributed at it."""
    session, sheet = Session.of(options), ScheduleSheet(ScheduleTerms.load(terms))
    with session.reading() as found:
        planned = _chosen(found, sheet, line)
    if planned is None:
        session.output.say(f"{sheet.terms.name}: every line that is planned is done")
        session.output.result({"line": None})
        return
    _show_planned(session.output, planned)
    session.output.result(json_object(_planned_facts(planned)))


def _chosen(found: Deployment, sheet: ScheduleSheet, number: int | None) -> PlannedLine | None:
    return next_line(found, sheet) if number is None else planned_line(found, sheet, number)


def _show_planned(output: Output, planned: PlannedLine) -> None:
    document = planned.document
    record = "no record yet" if planned.record_id is None else f"record {planned.record_id}"
    output.say(
        f"Line {document.number} of {document.name}: {record}, which closes at the end of "
        f"{moment(document.closes_at)}; payable from {moment(document.payable_from)}"
    )
    for kind, amount in amounts_of(document):
        output.say(f"  {kind.label:<12}{_figure(document, amount)} {_whose(document)}")
    _tell_moved(output, planned)


def _tell_moved(output: Output, planned: PlannedLine) -> None:
    if planned.moved:
        output.notice(
            f"line {planned.document.number} stays as it was begun: by the terms and calendars of "
            f"now its record would close at {moment(planned.computed.closes_at)}"
        )


def _planned_facts(planned: PlannedLine) -> dict[str, Any]:
    document = planned.document
    return {
        "line": document.number,
        "record": planned.record_id,
        "closes": moment(document.closes_at),
        "due": document.due,
        "pays": document.pays,
        "payable_from": moment(document.payable_from),
        "unit_count": document.units,
        "per_unit": {
            kind.label: _amount(document, amount) for kind, amount in amounts_of(document)
        },
        "document_hash": f"0x{document.hash.hex()}",
        "moved": planned.moved,
        "done": planned.is_done,
    }


def _amount(document: LineDocument, units: int) -> Amount:
    return Amount(units=units, decimals=document.decimals, currency=document.currency)


def _figure(document: LineDocument, units: int) -> str:
    return f"{_amount(document, units).text} {document.currency}"


def _whose(document: LineDocument) -> str:
    return "for a unit" if document.units == 1 else f"for {document.units:,} units together"


# ---------------------------------------------------------------------------------------------- run


@cli.command(
    "run",
    cls=Command,
    examples=(f"prorata schedule run {TERMS} --dry-run", f"prorata schedule run {TERMS}"),
)
@terms_argument
@line_option
@click.option("--exclude", multiple=True, metavar="0x…", help="An account that earns nothing.")
@click.option("--tax-policy", help="Who says what is withheld: a policy's name, or address.")
@click.option("--permit", is_flag=True, help="Fund by a signature (ERC-2612), not an approval.")
@common_options
def run_command(
    terms: Path, exclude: tuple[str, ...], tax_policy: str | None, dry_run: bool, **options: Any
) -> None:
    """Carry out the next line of a schedule: its record, and once that has closed its payment.

    The first run schedules the record; the same command after it has closed declares interest and
    principal, each a distribution with the hash of the document that computed it: so much for a
    unit, times the units that earned at the record. Treasury and unsold units are named with
    --exclude. The same command again declares nothing twice. Ends with exit code 4 while the record
    is open.
    """
    session, sheet = Session.of(options), ScheduleSheet(ScheduleTerms.load(terms))
    with session.deployed() as (operator, found):
        planned = _chosen(found, sheet, options["line"])
        if planned is None:
            session.output.say(f"{sheet.terms.name}: every line that is planned is done")
            session.output.result({"line": None, "resumed": True})
            return
        policy = ZERO_ADDRESS if tax_policy is None else find_policy(found, tax_policy).address
        accounts = tuple(check_address("exclude", one) for one in exclude)
        withheld = Withheld(accounts, policy)
        permit = options["permit"]
        done = run_line(operator, found, planned, withheld, permit=permit, dry_run=dry_run)
        currency = found.currency(planned.document.currency)
    _show_planned(session.output, planned)
    _show_run(session.output, done, currency, dry_run=dry_run)
    if done.waits and not dry_run:
        click.get_current_context().exit(WAITS)


def _show_run(output: Output, done: LineRun, currency: Currency, *, dry_run: bool) -> None:
    record, would = done.record, "would be " if dry_run else ""
    if done.waits:
        closes = moment(record.closes_at)
        verb = "was scheduled before" if record.repeated else f"{would or 'is '}scheduled"
        output.say(f"Record {record.id} {verb}; it closes at the end of {closes}")
        output.say("Run the same command again after that: nothing is declared before")
    ids = [one.id for one in done.done]
    for place, (kind, amount) in enumerate(done.amounts):
        number = f"Distribution {ids[place]}" if ids else "A distribution"
        output.say(
            f"{number} {would}{'pays' if not dry_run else 'declared:'} "
            f"{money(amount, currency)} as {kind.label}"
        )
    if not done.waits and not done.amounts:
        output.say("All of it was declared before; nothing was sent")
    unit = currency.unit
    output.result(
        json_object(
            {
                **({"dry_run": True} if dry_run else {}),
                **_planned_facts(done.line),
                "record": record.id,
                "waits": done.waits,
                "resumed": done.resumed,
                "distributions": [
                    {
                        "distribution": ids[place] if ids else None,
                        "kind": kind.label,
                        "amount": unit.amount(amount),
                    }
                    for place, (kind, amount) in enumerate(done.amounts)
                ],
            }
        )
    )


# ------------------------------------------------------------------------------------------- status


@cli.command("status", cls=Command, examples=(f"prorata schedule status {TERMS}",))
@terms_argument
@reading_options
def status_command(terms: Path, **options: Any) -> None:
    """Show what was due by a schedule and what became of it, from the books.

    The books are rebuilt from events and compared with the contracts, as `prorata books` does. A
    line is late if it was not declared when it was to be paid, and short if less was declared than
    a unit's amount times the units that earned. Distributions at its record that carry another
    document, or are by somebody else, are shown as foreign.
    """
    session, sheet = Session.of(options), ScheduleSheet(ScheduleTerms.load(terms))
    with session.reading() as found:
        proven = audit_deployment(found)
        accounts = line_accounts(found, sheet, proven, found.chain.now())
        currency = found.currency(sheet.terms.currency)
        unit = currency.unit
    output = session.output
    rows = [row for account in accounts for row in _status_rows(account, currency)]
    columns = (
        "line>",
        "pays",
        "state",
        "kind",
        "a unit>",
        "planned>",
        "received>",
        "paid>",
        "owed>",
    )
    output.table(f"{sheet.terms.name} by the books", columns, rows)
    for account in accounts:
        _tell_account(output, account)
        _tell_moved(output, account.line)
    facts = [_account_facts(account, unit) for account in accounts]
    output.result(json_object({"balanced": proven.balanced, "lines": facts}))
    if not proven.balanced:
        raise BooksError(
            f"the books differ from the chain: {proven.books.differences[0]}",
            "see `prorata books` for all of it",
        )


def _status_rows(account: LineAccount, currency: Currency) -> Sequence[tuple[str, ...]]:
    document, unit = account.line.document, currency.unit

    def figure(amount: int | None) -> str:
        return "" if amount is None else unit.amount(amount).figure

    start = (str(document.number), document.pays, account.state)
    if not account.kinds:
        return [(*start, "", "", "", "", "", "")]
    amounts = dict(amounts_of(document))
    rows = []
    for kind in account.kinds:
        there = kind.account
        money_of = [None] * 3 if there is None else [there.received, there.settled, there.owed]
        one = _amount(document, amounts[kind.kind]).text
        rows.append((*start, kind.kind.label, one, figure(kind.planned), *map(figure, money_of)))
    return rows


def _tell_account(output: Output, account: LineAccount) -> None:
    number = account.line.document.number
    if account.foreign:
        ids = ", ".join(str(one) for one in account.foreign)
        output.notice(f"line {number}: foreign distributions at its record, not counted: {ids}")
    if account.declared_late:
        output.notice(f"line {number} was declared after it was to be paid")


def _account_facts(account: LineAccount, unit: Any) -> dict[str, Any]:
    return {
        **_planned_facts(account.line),
        "state": account.state,
        "declared_late": account.declared_late,
        "foreign": list(account.foreign),
        "kinds": [_kind_facts(kind, unit) for kind in account.kinds],
    }


def _kind_facts(kind: KindAccount, unit: Any) -> dict[str, Any]:
    there = kind.account
    names = ("received", "carried_in", "settled", "owed", "carried_out", "swept")
    return {
        "kind": kind.kind.label,
        "planned": None if kind.planned is None else unit.amount(kind.planned),
        "short": unit.amount(kind.short),
        "distribution": None if there is None else there.id,
        **{name: None if there is None else unit.amount(getattr(there, name)) for name in names},
    }
