# SPDX-License-Identifier: MIT
"""Distribute income to the holders of a record date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from prorata.chain.operator import Operator
from prorata.cli.command import Command, common_options
from prorata.cli.consent import can_ask
from prorata.cli.output import MOST_ROWS
from prorata.cli.session import Session
from prorata.contracts.currency import money
from prorata.deployments.deployment import Deployment
from prorata.errors import InputError
from prorata.files.writer import json_object
from prorata.income.declaration_files import (
    FIELDS,
    KINDS,
    Draft,
    Drafts,
    Word,
    read_drafts,
    resolve,
)
from prorata.income.declarations import (
    Declaration,
    Declared,
    declare_all,
    is_declared,
    lacking,
    record_token,
)
from prorata.income.previews import RULE_OF_THUMB, Preview, preview_all
from prorata.income.push_report import PushReport
from prorata.income.pushes import PAGE_SIZE, push_all
from prorata.income.repetitions import Alike, alike
from prorata.register.record_dates import last_closed_record
from prorata.values.amounts import format_units
from prorata.values.times import moment
from prorata.values.words import counted

SHOWN = 10

EXAMPLES = (
    "prorata distribute --currency USD --amount 85,000.00 --kind rent --dry-run",
    "prorata distribute --currency USD --amount 85,000.00 --kind rent",
    "prorata distribute --record 1 --currency USD --per-share 0.125 --kind dividend",
    "prorata distribute --from examples/building/distribution.yaml",
    "prorata distribute --record-range 1 --currency USD --amount 31,000.00 --kind interest --push",
    "prorata distribute --push-only 1",
)


@click.command(cls=Command, examples=EXAMPLES)
@click.option("--record", type=int, help="The record date.  [default: the last that has closed]")
@click.option("--record-range", type=int, help="A record range, in place of --record.")
@click.option("--currency", help="An address, ETH, or a symbol.")
@click.option("--amount", help="In whole units, such as 85,000.00.")
@click.option("--per-share", help="In place of --amount: so much for each share, such as 0.125.")
@click.option("--kind", type=click.Choice(KINDS), help="What the income is.")
@click.option("--reference", help="What it is for; tells two alike apart.")
@click.option(
    "--document",
    metavar="FILE|0xHASH",
    help="In place of --reference: what it rests on; its SHA-256 is kept.",
)
@click.option("--payable-from", help="When claims start: 2027-03-31T23:59:59Z.  [default: at once]")
@click.option("--deadline", help="When claims end.  [default: never]")
@click.option("--sweep-to", help="Who receives what is unclaimed after the deadline.")
@click.option("--exclude", multiple=True, help="An account that earns nothing.")
@click.option("--tax-policy", help="Who says what is withheld: a policy's name, or address.")
@click.option("--push", is_flag=True, help="Then pay every holder, page by page.")
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path),
    help="Take one or several distributions from a YAML or CSV file instead.",
)
@click.option(
    "--push-only",
    "pushed_id",
    type=int,
    metavar="ID",
    help="Declare nothing; pay, or go on paying, the holders of this distribution.",
)
@click.option(
    "--another",
    is_flag=True,
    help="Distribute although the vault has a distribution that is alike.",
)
@click.option("--permit", is_flag=True, help="Fund by a signature (ERC-2612), not an approval.")
@click.option("--page", type=int, default=PAGE_SIZE, show_default=True, help="Holders to a page.")
@common_options
def cli(permit: bool, page: int, dry_run: bool, **options: Any) -> None:
    """Distribute income to the holders of a record date, or of a record range.

    The whole amount is paid in now; holders claim it, or --push pays them all. A record that is
    still open must be named with --record. The same command again distributes nothing twice, and
    goes on with a push that was interrupted: give another --reference for a second payment that is
    alike. What is like a distribution of an earlier record, or of another account, is asked about
    first, and without a terminal needs --record or --another. After a push, who was paid, who was
    skipped
    and why, and what is still owed, is in push-ID.json and .csv in the deployment's folder.

    A deadline waits for nobody: what a frozen wallet was owed is swept like any other, so that a
    deadline over frozen holders needs --yes.
    """
    source, pushed_id = options["source"], options["pushed_id"]
    _check_choice(options, ["permit"] * permit + ["yes"] * options["yes"] + ["dry-run"] * dry_run)
    session = Session.of(options)
    drafts = None if source is None else read_drafts(source)
    for notice in [] if drafts is None else drafts.notices:
        session.output.notice(notice)
    with session.deployed() as (operator, found):
        if pushed_id is not None:
            report = push_all(operator, found, pushed_id, page_size=page)
            _show_report(session, report, found.folder)
            if session.output.as_json:
                session.output.result(report.as_json())
            return
        drafts = drafts or _from_options(options, found)
        declarations = resolve(drafts, operator, found, dry_run=dry_run)
        named = source is not None or bool(options["record"] or options["record_range"])
        repeating = alike(operator, found, declarations, record_named=named)
        if dry_run:
            for one in repeating:
                session.output.notice(f"{one}: is it the same?")
            previews = preview_all(operator, found, declarations, permit=permit, page_size=page)
            _show_previews(session, previews, several=source is not None)
            _refuse_without_money(operator, found, declarations, drafts.subject)
            for refusal in (preview.refusal for preview in previews if preview.refusal):
                raise refusal
            return
        if not options["another"]:
            _ask_about(repeating, options)
        done = declare_all(
            operator,
            found,
            declarations,
            permit=permit,
            despite_held=options["yes"],
            subject=drafts.subject,
        )
        reports = [
            push_all(operator, found, declared.id, page_size=page) if declaration.push else None
            for declaration, declared in zip(declarations, done, strict=True)
        ]
        shown = [
            _show(session, found, declaration, declared, report)
            for declaration, declared, report in zip(declarations, done, reports, strict=True)
        ]
    session.output.result(shown[0] if source is None else {"distributions": shown})


def _check_choice(options: Mapping[str, Any], manners: Sequence[str]) -> None:
    """Refuse what would have to be guessed at."""
    source, pushed_id = options["source"], options["pushed_id"]
    given = [name.replace("_", "-") for name in FIELDS if options[name]]
    if pushed_id is not None:
        given += ["from"] * (source is not None) + list(manners)
        _refuse_beside("push-only", pushed_id, given, "leave them out, since it declares nothing")
    elif source is not None:
        _refuse_beside("from", source, given, "write them in the file, or leave --from out")
    else:
        for name in ("currency", "amount", "kind"):
            if not options[name] and not (name == "amount" and options["per_share"]):
                remedy = f"give --{name}, or a file with --from"
                raise InputError.of(name, "", "is missing", remedy)


def _refuse_without_money(
    operator: Operator, found: Deployment, declarations: Sequence[Declaration], subject: str
) -> None:
    """Refuse, once all is shown, what could not be paid for.

    Raises: InputError.
    """
    new = [what for what in declarations if not is_declared(operator, found, what)]
    if problems := list(lacking(operator, new)):
        raise InputError(problems, subject)


def _ask_about(repeating: Sequence[Alike], options: Mapping[str, Any]) -> None:
    """Ask whether what the vault has already is to be paid once more.

    Raises: InputError when it is not, or there is nobody to ask.
    """
    for one in repeating:
        if can_ask(options) and click.confirm(f"{one}. Distribute it again?", err=True):
            continue
        record = one.declaration.record_id
        rule = f"may be a payment that was made already: {one}"
        remedy = f"give --record {record} if it is for that record, too"
        if one.distribution.record_id == record:
            remedy = "give --another if it is to be paid once more, or another --reference"
        raise InputError.of("amount", one.amount, rule, remedy)


def _refuse_beside(option: str, value: object, given: Sequence[str], remedy: str) -> None:
    if given:
        names = ", ".join(f"--{name}" for name in given)
        raise InputError.of(option, value, f"cannot be given together with {names}", remedy)


def _from_options(options: Mapping[str, Any], found: Deployment) -> Drafts:
    """The options as if they stood in a file."""
    named = {name: options[name] for name in FIELDS if name not in ("exclude", "push")}
    words = {name: Word(str(value)) for name, value in named.items() if value is not None}
    if not {"record", "record_range"} & set(words):
        words.setdefault("record", Word(str(last_closed_record(found))))
    words["push"] = Word("true" if options["push"] else "false")
    return Drafts(drafts=[Draft(words, [Word(account) for account in options["exclude"]])])


# ------------------------------------------------------------------------------------------ words


def _show_previews(session: Session, previews: list[Preview], *, several: bool) -> None:
    for preview in previews:
        _show_preview(session, preview)
    facts = [{"dry_run": True, **preview.as_json()} for preview in previews]
    session.output.result({"dry_run": True, "distributions": facts} if several else facts[0])


def _show_preview(session: Session, preview: Preview) -> None:
    what, gas = preview.declaration, preview.gas
    currency, unit = what.currency, what.currency.unit
    shares = format_units(preview.shares, preview.share_unit.decimals, trim=True)
    rows = [
        (
            line.holder,
            format_units(line.shares, preview.share_unit.decimals, trim=True),
            *(
                "?" if amount is None else unit.amount(amount).figure
                for amount in (line.gross, line.tax, line.net)
            ),
        )
        for line in preview.lines
    ]
    title = (
        f"{what.terms.kind.label.capitalize()} of {money(what.amount, currency)} at {what.record}"
        f"{', provisional' if preview.provisional else ''}: "
        f"{'the largest of ' * (len(rows) > MOST_ROWS)}{counted(len(rows), 'holder')}"
    )
    session.output.table(title, ("holder", "shares>", "gross>", "tax>", "net>"), rows)
    thumb = ", by a rule of thumb" if gas.basis == RULE_OF_THUMB else ""
    lines = [
        ("holders", f"{len(preview.lines):,} with {shares} shares"),
        ("gross", money(preview.gross, currency)),
        ("tax", money(preview.tax, currency)),
        ("net", money(preview.net, currency)),
        ("left over", f"{money(preview.remainder, currency)} for the next distribution"),
        ("carried in", f"{money(preview.carried_in, currency)} from earlier ones"),
        ("gas", f"{gas.to_declare:,} to declare, {gas.push:,} to pay everybody{thumb}"),
        ("transactions", f"{preview.transactions:,}, of which {gas.pages:,} pay"),
    ]
    if (fees := preview.fee_range) is not None:
        low, high = (format_units(fee, 18, trim=True) for fee in fees)
        lines.append(("fees", f"{low} ETH at present prices, at most {high} ETH"))
    for name, text in lines:
        session.output.say(f"  {name:<14}{text}")
    if preview.held and what.terms.deadline:
        title = f"Swept after {moment(what.terms.deadline)} unless released before"
        held = [(line.holder, unit.amount(line.gross).figure) for line in preview.held]
        session.output.table(title, ("frozen or not eligible now", "gross>"), held)
    for notice in preview.notices:
        session.output.notice(notice)


def _show(
    session: Session,
    found: Deployment,
    declaration: Declaration,
    done: Declared,
    report: PushReport | None,
) -> dict[str, Any]:
    """Say what was declared and paid; the same for a program."""
    unit = declaration.currency.unit
    declared_at = found.chain.block(done.receipt.mined.block_number).timestamp
    closes_at = record_token(found, declaration).record_time(declaration.record_id)
    closing = "closed" if closes_at < found.chain.now() else "closes"
    received, carried = unit.amount(done.received), unit.amount(done.carried_in)
    session.output.say(
        f"Distribution {done.id} pays {received.figure} {unit.symbol} at "
        f"{declaration.record}, which {closing} at {moment(closes_at)}; {carried.figure} was "
        "carried in"
    )
    if done.receipt.resumed:
        session.output.say(
            f"  It was declared on {moment(declared_at)} in {done.receipt.hash}; nothing was sent "
            "for it"
        )
    if report is not None:
        _show_report(session, report, found.folder)
    skipped = {} if report is None else {line.holder: line.reason for line in report.of("skipped")}
    return json_object(
        {
            "distribution": done.id,
            declaration.column: done.record_id,
            "currency": done.currency,
            "received": received,
            "carried_in": carried,
            "declared_at": moment(declared_at),
            "resumed": done.receipt.resumed,
            "transaction": done.receipt.hash,
            "holders_paid": None if report is None else len(report.of("paid")),
            "skipped": {holder: reason.label for holder, reason in skipped.items() if reason},
        }
    )


def _show_report(session: Session, report: PushReport, folder: Path) -> None:
    number, currency = report.distribution.id, report.currency
    paid, skipped = report.of("paid"), report.of("skipped")
    session.output.say(f"Paid {money(report.paid, currency)} to {counted(len(paid), 'holder')}")
    if report.withheld:
        session.output.say(f"Withheld {money(report.withheld, currency)} as tax")
    for line in skipped[:SHOWN]:
        why = "" if line.reason is None else f" ({line.reason.label})"
        session.output.notice(f"{line.holder} was not paid{why} and is owed as before")
    if len(skipped) > SHOWN:
        session.output.notice(
            f"and {len(skipped) - SHOWN:,} more were not paid: `--json` names them all"
        )
    owed, left = money(report.owed, currency), money(report.remainder, currency)
    session.output.say(f"Still owed: {owed}; left over: {left}")
    session.output.say(f"Every holder is in {folder / f'push-{number}.csv'} and .json")
