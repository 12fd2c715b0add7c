# SPDX-License-Identifier: MIT
"""Offer new shares to the holders first: issue rights, exercise them, let them lapse."""

from __future__ import annotations

from typing import Any

import click

from prorata.chain.operator import Operator
from prorata.cli.command import Command, basis_options, common_options
from prorata.cli.elsewhere import WAITS
from prorata.cli.output import Output
from prorata.cli.parameters import WHEN, is_relative, parse_moment, parse_span
from prorata.cli.session import Session
from prorata.contracts.currency import Currency, parse_amount
from prorata.deployments.deployment import Deployment
from prorata.errors import InputError
from prorata.files.writer import json_object
from prorata.income.pushes import PAGE_SIZE
from prorata.market.actions.ratios import Ratio, parse_ratio
from prorata.market.actions.rights import (
    RightsIssued,
    RightsPlan,
    find_rights,
    issue_rights,
    lapse_rights,
    read_rights,
    rights_asset,
    rights_for,
)
from prorata.market.actions.rights_previews import (
    RightsPreview,
    check_rights,
    preview_rights,
)
from prorata.market.exchanges.elective import exchange_now
from prorata.market.exchanges.opening import exchange_at
from prorata.register.enforcement import Basis
from prorata.register.holders import closing_time
from prorata.register.record_dates import schedule_record
from prorata.values.addresses import check_address
from prorata.values.amounts import parse_units
from prorata.values.times import moment
from prorata.values.words import counted

SHOWN = 10

CONTRACT = click.option("--exchange", "named", metavar="0x…", help="The exchange contract.")
SYMBOL = click.argument("symbol")


@click.group()
def cli() -> None:
    """Offer new shares to the holders first: issue rights, exercise them, let them lapse.

    Every holder of record gets one right for each share, from the vault, exactly. Rights are shares
    of a token of their own: they are sold like any others, with `prorata order` and `prorata
    trade`. So many of them and the price bring new shares until the last second; what lapses is
    burnt, and what nobody took is sold by a call, in which whoever orders more is allotted pro
    rata.
    """


# ------------------------------------------------------------------------------------------ issuing


@cli.command(
    "issue",
    cls=Command,
    asks=True,
    examples=(
        (
            "prorata rights issue 1:5 --symbol HARB12R --price 80.00 --currency USD --record 4 "
            "--until 2027-06-30 --dry-run"
        ),
    ),
)
@click.argument("ratio")
@click.option("--symbol", required=True, help="The symbol of the rights, such as HARB12R.")
@click.option("--name", help="Their name.  [default: the asset's, and: rights]")
@click.option("--price", required=True, help="What one new share costs.")
@click.option("--currency", required=True, help="In what: an ERC-20 by address or symbol.")
@click.option("--until", required=True, help=f"Last second of the exercise: {WHEN}.")
@click.option("--record", type=int, help="The record date, once it is scheduled.")
@click.option("--at", help="When a new record date closes, as --until.")
@click.option("--treasury", help="Who receives what is paid.  [default: the account]")
@click.option("--exclude", multiple=True, metavar="0x…", help="An account that gets no rights.")
@click.option("--page", type=int, default=PAGE_SIZE, show_default=True, help="Holders to a page.")
@CONTRACT
@common_options
def issue_command(ratio: str, dry_run: bool, **options: Any) -> None:
    """Give every holder of record one right for each share.

    RATIO is new shares for rights: 1:5 gives one new share for five rights and its price. The
    record is scheduled first, with --at, and the same command after it has closed puts the rights
    on the chain, opens their exercise, and hands them out. Who gets what is shown before anything
    is sent. The same command again sends nothing twice, and goes on where it was interrupted.
    """
    session, read = Session.of(options), parse_ratio(ratio)
    with session.deployed() as (operator, found):
        contract = exchange_at(found.chain, options["named"])
        record, unscheduled = _record(operator, found, options)
        plan = _planned(operator, found, read, record, options)
        preview = preview_rights(found, plan, closes_at=unscheduled)
        if read_rights(found.folder, plan.symbol) is None:
            check_rights(operator, found, plan, preview)
        if session.stage is not None:
            session.stage.foreword = lambda output: _show(output, preview)
        elif dry_run or options["yes"]:
            _show(session.output, preview)
        facts = preview.as_json()
        if dry_run:
            session.output.result(json_object({"dry_run": True, **facts}))
            return
        if unscheduled is not None:
            at = options["at"]
            words = at if is_relative(at) else ""
            schedule_record(operator, found, unscheduled, relative=words)
        elif preview.final:
            # Beside a copy, until it is there in earnest.
            beside = session.folder(found.chain).parent
            if not (beside / plan.symbol).exists():
                beside = found.folder.parent
            done = issue_rights(
                operator, found, contract, plan, beside=beside, page_size=options["page"]
            )
            facts |= _show_issued(session, preview, done)
        facts["resumed"] = not operator.fresh
    if not preview.final:
        session.output.say(
            f"The record closes at {moment(preview.record_closes)}; nothing more can be done "
            f"before. Run the same command again after that, with --record {record}"
        )
    session.output.result(json_object(facts))
    if not preview.final:
        click.get_current_context().exit(WAITS)


def _record(
    operator: Operator, found: Deployment, options: dict[str, Any]
) -> tuple[int, int | None]:
    """The record, and when it closes if it is still to be scheduled.

    Raises: InputError when none is named, or two.
    """
    record, at = options["record"], options["at"]
    if (record is None) is (at is None):
        rule = "is missing" if at is None else f"stands beside --at {at}"
        remedy = "give --record with a record that is scheduled, or --at for a new one"
        raise InputError.of("record", "" if record is None else record, rule, remedy)
    if record is not None:
        closing_time(found.token(), record)
        return record, None
    second = parse_moment(at, operator.chain)
    words = at if is_relative(at) else ""
    done = schedule_record(operator, found, second, relative=words, dry_run=True)
    return done.id, None if done.repeated else done.closes_at


def _planned(
    operator: Operator, found: Deployment, ratio: Ratio, record: int, options: dict[str, Any]
) -> RightsPlan:
    """The plan that the options name; one that was begun is gone on with.

    Raises: InputError when it was begun with something else.
    """
    currency = found.currency(options["currency"])
    if currency.is_native:
        rule, remedy = "cannot be taken by allowance", "use its wrapped ERC-20, such as WETH"
        raise InputError.of("currency", options["currency"], rule, remedy)
    symbol = options["symbol"]
    kept = read_rights(found.folder, symbol)
    closes = parse_moment(options["until"], found.chain, "until")
    if kept is not None and is_relative(options["until"]):
        closes = kept.closes_at
    treasury = options["treasury"]
    made = RightsPlan(
        symbol=symbol,
        name=options["name"] or f"{found.settings.name}, rights",
        token=found.token().address,
        record=record,
        ratio=str(ratio),
        currency=currency.address,
        price=parse_amount(options["price"], currency),
        closes_at=closes,
        treasury=operator.address if treasury is None else check_address("treasury", treasury),
        excluded=tuple(sorted(check_address("exclude", one) for one in options["exclude"])),
    )
    if kept is not None and kept != made:
        fields = RightsPlan.model_fields
        field = next(name for name in fields if getattr(kept, name) != getattr(made, name))
        rule = f"is not what the rights {symbol} were planned with, {getattr(kept, field)}"
        remedy = "repeat it as it was planned, or give another --symbol"
        raise InputError.of(field, getattr(made, field), rule, remedy)
    # Its names are those of an asset, or it is refused before anything is sent.
    rights_asset(found, made)
    return made


def _show(output: Output, preview: RightsPreview) -> None:
    held, money = preview.unit, preview.money
    rows = [
        (
            line.holder,
            held.text(line.rights),
            held.text(line.rights),
            held.text(line.new),
            held.text(line.rest),
            money.amount(line.due).figure,
        )
        for line in preview.lines
    ]
    plan = preview.plan
    kept = "" if preview.final else ", provisional"
    title = (
        f"Rights {plan.symbol} at record {plan.record}{kept}: {counted(len(rows), 'holder')}, "
        f"{plan.ratio} at {money.amount(plan.price).figure} {money.symbol} a share"
    )
    columns = ("holder", "shares>", "rights>", "new shares>", "rights over>", "cost>")
    output.table(title, columns, rows)
    for name, text in (
        ("new shares", f"{held.text(preview.most)} {held.symbol} at most"),
        ("raised", f"{money.amount(preview.raised).figure} {money.symbol} at most"),
        ("until", moment(plan.closes_at)),
    ):
        output.say(f"  {name:<14}{text}")


def _show_issued(session: Session, preview: RightsPreview, done: RightsIssued) -> dict[str, Any]:
    report, symbol = done.given.report, preview.plan.symbol
    assert report is not None
    paid, skipped = report.of("paid"), report.of("skipped")
    say = session.output.say
    say(f"{counted(len(paid), 'holder')} got {preview.unit.text(report.paid)} {symbol}")
    say(f"They are exercised in exchange {done.opened.id}: `prorata rights exercise {symbol}`")
    for line in skipped[:SHOWN]:
        why = "" if line.reason is None else f" ({line.reason.label})"
        session.output.notice(f"{line.holder} was not paid{why} and is owed as before")
    say(f"Their folder is {done.rights.folder}")
    return {
        "rights": done.rights.token().address,
        "exchange": done.opened.id,
        "distribution": done.given.distribution,
        "holders_paid": len(paid),
        "skipped": {line.holder: line.reason and line.reason.label for line in skipped},
    }


# --------------------------------------------------------------------------------------- exercising


@cli.command(
    "exercise",
    cls=Command,
    asks=True,
    examples=(
        "prorata rights exercise HARB12R --shares 20 --account holder.json --dry-run",
        "prorata rights exercise HARB12R --shares 20 --account holder.json --permit",
    ),
)
@SYMBOL
@click.option("--shares", required=True, help="How many new shares.")
@click.option("--permit", is_flag=True, help="Pay by a signature (ERC-2612), not an approval.")
@click.option(
    "--reference",
    default="",
    help="An equal exercise with an equal reference is made once.",
)
@CONTRACT
@common_options
def exercise_command(symbol: str, shares: str, permit: bool, **options: Any) -> None:
    """Buy new shares with the account's rights.

    SYMBOL is that of the rights, whose folder lies beside the asset's. What it costs is taken from
    the account; the rights are burnt in the same transaction.
    """
    session = Session.of(options)
    with session.deployed() as (operator, found):
        contract = exchange_at(found.chain, options["named"])
        rights = _rights(session, found, symbol)
        number, exchange = find_rights(contract, rights.token().address)
        unit = found.settings.unit
        wanted = parse_units(shares, unit.decimals, noun="shares")
        done = exchange_now(
            operator,
            contract,
            number,
            rights_for(exchange.terms, wanted),
            permit=permit,
            reference=options["reference"],
        )
    money = Currency(operator.chain, exchange.terms.currency).unit
    brought = done.brought
    session.output.say(
        f"{done.holder} has bought {unit.text(brought.other_shares)} {unit.symbol} for "
        f"{money.amount(brought.due).figure} {money.symbol} and {unit.text(done.shares)} {symbol}"
    )
    session.output.say(f"  {'transaction':<12}{done.receipt.hash}")
    session.output.result(done.as_json())


def _rights(session: Session, found: Deployment, symbol: str) -> Deployment:
    """The asset of the rights, beside this one: in a play's own place if it was made there.

    Raises: DeploymentError when there is none.
    """
    made = found.folder.parent / symbol
    folder = made if made.exists() else session.folder(found.chain).parent / symbol
    return Deployment.open(found.chain, folder)


# ------------------------------------------------------------------------------------------ lapsing


@cli.command(
    "lapse",
    cls=Command,
    asks=True,
    examples=('prorata rights lapse HARB12R --reason "Rights lapsed" --document terms.pdf',),
)
@SYMBOL
@click.option(
    "--offer-for",
    default="14d",
    show_default=True,
    help="How long the call shall be open whose file is written, for what nobody took.",
)
@CONTRACT
@basis_options
@common_options
def lapse_command(symbol: str, offer_for: str, reason: str, document: str, **options: Any) -> None:
    """End the exercise after its last second, and burn the rights that are left.

    The shares that nobody took are offered by `prorata offer open`, with the file that is written
    for it: at the price of the rights, allotted pro rata to whoever orders.
    """
    session, basis = Session.of(options), Basis.of(reason, document)
    seconds = parse_span(offer_for, "offer-for")
    with session.deployed() as (operator, found):
        contract = exchange_at(found.chain, options["named"])
        rights = _rights(session, found, symbol)
        done = lapse_rights(operator, found, rights, contract, basis, offer_seconds=seconds)
    unit, say = found.settings.unit, session.output.say
    say(f"Burnt {unit.text(sum(done.burnt.values()))} {symbol} of {len(done.burnt)} holders")
    say(f"Nobody took {unit.text(done.left)} {unit.symbol}")
    if done.offer is not None:
        say(f"`prorata offer open {done.offer}` would sell them")
    session.output.result(
        json_object(
            {
                "burnt": {h: rights.settings.unit.amount(n) for h, n in done.burnt.items()},
                "left": unit.amount(done.left),
                "offer": None if done.offer is None else str(done.offer),
                "resumed": not operator.fresh,
            }
        )
    )
