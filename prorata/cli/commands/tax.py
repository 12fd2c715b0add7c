# SPDX-License-Identifier: MIT
"""Withholding: policies, rates, certificates, and what applies to whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from prorata.assets.withholding import PolicySettings, format_rate
from prorata.cli.command import Command, common_options, reading_options
from prorata.cli.parameters import parse_moment
from prorata.cli.repayments import repay_command
from prorata.cli.session import Session
from prorata.cli.table_options import columns_option, parse_columns
from prorata.cli.tables import sheet_option
from prorata.contracts.currency import money
from prorata.contracts.withholding import Certificate, Facts, Filed
from prorata.files.writer import json_object
from prorata.register.record_dates import last_record
from prorata.tax.certificates import read_certificates
from prorata.tax.over_withheld import LateCertificate
from prorata.tax.policies import (
    Answers,
    Certified,
    Placed,
    Shown,
    StatusSnapshots,
    certify,
    deploy_policy,
    find_policy,
    revoke,
    set_rates,
    show,
    snapshot,
)
from prorata.values.addresses import check_address
from prorata.values.countries import country_name
from prorata.values.kinds import FOREVER, InvestorClass, Kind
from prorata.values.times import moment
from prorata.values.words import counted

RATES = "examples/compliant/withholding.yaml"
CERTIFICATES = "examples/compliant/certificates.csv"
SHOWN = 20

policy_option = click.option(
    "--policy",
    "named",
    help="A policy's name, or its address.  [default: the only one there is]",
)


@click.group()
def cli() -> None:
    """Withhold tax from income, by country, class, kind and certificate.

    What is changed counts for record dates to come, that of the same second included, and never
    for one that has passed.
    """


@cli.command(
    "deploy",
    cls=Command,
    asks=True,
    examples=(f"prorata tax deploy {RATES} --dry-run", f"prorata tax deploy {RATES}"),
)
@click.argument("rates", type=click.Path(path_type=Path))
@common_options
def deploy_command(rates: Path, dry_run: bool, **options: Any) -> None:
    """Deploy a policy with a table of rates.

    RATES is a YAML file: the collector, a default for each kind of income, rates by country and
    class. The collector can never be changed. `distribute --tax-policy` takes the policy's name.
    """
    session = Session.of(options)
    settings = PolicySettings.load(rates)
    with session.deployed() as (operator, found):
        placed = deploy_policy(operator, found, settings, dry_run=dry_run)
    _show_placed(session, settings, placed)


@cli.command(
    "rates",
    cls=Command,
    asks=True,
    examples=(f"prorata tax rates {RATES}", f"prorata tax rates {RATES} --from +30d"),
)
@click.argument("rates", type=click.Path(path_type=Path))
@click.option("--from", "since", help="The first second, as for `record --at`.  [default: at once]")
@policy_option
@common_options
def rates_command(rates: Path, since: str | None, named: str | None, **options: Any) -> None:
    """Put another table of rates in force.

    RATES is the whole table, as for `deploy`; its collector must be the policy's. It takes the
    place of every table that was to apply then or later.
    """
    session = Session.of(options)
    settings = PolicySettings.load(rates)
    with session.deployed() as (operator, found):
        start = 0 if since is None else parse_moment(since, operator.chain, "from")
        policy = find_policy(found, named or settings.name)
        done = set_rates(operator, policy, settings, start)
    verb = "apply already" if done.receipt is None else f"apply from {moment(done.since)} on"
    session.output.say(f"{done.count} rates {verb}")
    session.output.result(
        {
            "policy": policy.address,
            "rates": done.count,
            "from": done.since,
            "transaction": None if done.receipt is None else done.receipt.hash,
        }
    )


@cli.command(
    "certify",
    cls=Command,
    asks=True,
    examples=(f"prorata tax certify {CERTIFICATES} --dry-run",),
)
@click.argument("table", type=click.Path(path_type=Path))
@policy_option
@sheet_option
@columns_option
@common_options
def certify_command(table: Path, named: str | None, dry_run: bool, **options: Any) -> None:
    """File holders' certificates.

    TABLE is a CSV file or an Excel workbook with the columns address, kinds, rate, valid_from,
    valid_until and document. Certificates that are on file already are not filed again. Those that
    come too late for a record are named with what was withheld too much, which `prorata tax repay`
    repays.
    """
    session = Session.of(options)
    columns = parse_columns(options["columns"])
    entries = read_certificates(table, columns=columns, sheet=options["sheet"])
    with session.deployed() as (operator, found):
        policy = find_policy(found, named)
        done = certify(operator, policy, entries, deployment=found, dry_run=dry_run)
        late = [_late(one) for one in done.late]
    _show_certified(session, done, late, dry_run)
    _warn_of(session, done.late, table)


cli.add_command(repay_command)


@cli.command(
    "revoke", cls=Command, asks=True, examples=("prorata tax revoke --holder 0x… --certificate 2",)
)
@click.option("--holder", required=True, help="Whose certificate it is.")
@click.option("--certificate", "number", type=int, required=True, help="Its number.")
@policy_option
@common_options
def revoke_command(holder: str, number: int, named: str | None, **options: Any) -> None:
    """Revoke a certificate for record dates to come."""
    session = Session.of(options)
    who = check_address("holder", holder)
    with session.deployed() as (operator, found):
        receipt = revoke(operator, find_policy(found, named), who, number)
    done = "was revoked before" if receipt is None else "counts for no record date from now on"
    session.output.say(f"Certificate {number} of {who} {done}")
    session.output.result(
        {
            "holder": who,
            "certificate": number,
            "transaction": None if receipt is None else receipt.hash,
        }
    )


@cli.command(
    "snapshot",
    cls=Command,
    asks=True,
    examples=("prorata tax snapshot --dry-run", "prorata tax snapshot"),
)
@click.option("--holder", "holders", multiple=True, help="A holder.  [default: the whole register]")
@policy_option
@common_options
def snapshot_command(
    holders: Sequence[str], named: str | None, dry_run: bool, **options: Any
) -> None:
    """Snapshot the country and class of holders from the register.

    To be done before every record date: who is in no snapshot is taxed at the default rate, and who
    has moved at the old one. Only what is new is sent; anyone may send it.
    """
    session = Session.of(options)
    named_ones = [check_address("holder", holder) for holder in holders] or None
    with session.deployed() as (operator, found):
        policy = find_policy(found, named)
        done = snapshot(operator, found, policy, named_ones, dry_run=dry_run)
    _show_snapshots(session, done, dry_run)


@cli.command(
    "show",
    cls=Command,
    examples=("prorata tax show --record 1", "prorata tax show --record 1 --holder 0x…"),
)
@click.option("--record", "record_id", type=int, help="The record date.  [default: the last one]")
@click.option("--holder", "holders", multiple=True, help="A holder.  [default: all]")
@policy_option
@reading_options
def show_command(
    record_id: int | None, holders: Sequence[str], named: str | None, **options: Any
) -> None:
    """Show which rates apply to holders at a record date.

    Until it has passed, what would apply if nothing changed.
    """
    session = Session.of(options)
    named_ones = [check_address("holder", holder) for holder in holders] or None
    with session.reading() as found:
        chosen = last_record(found.token()) if record_id is None else record_id
        answers = show(found, find_policy(found, named), chosen, named_ones)
    _show_answers(session, answers)


# ------------------------------------------------------------------------------------------- words


def _show_placed(session: Session, settings: PolicySettings, placed: Placed) -> None:
    count, name = len(settings.table()), settings.name
    if placed.policy is None:
        session.output.say(
            f"Would deploy the policy {name} with {count} rates, for {placed.gas:,} gas"
        )
    else:
        again = ", which was there before" if placed.receipt is None else f", with {count} rates"
        session.output.say(f"The policy {name} is at {placed.policy.address}{again}")
        session.output.say(f"What is withheld goes to {settings.collector}")
    session.output.result(
        {
            "dry_run": placed.policy is None,
            "name": name,
            "policy": None if placed.policy is None else placed.policy.address,
            "collector": settings.collector,
            "rates": count,
            "transaction": None if placed.receipt is None else placed.receipt.hash,
            "gas": placed.gas if placed.receipt is None else placed.receipt.mined.gas_used,
        }
    )


def _show_certified(
    session: Session, done: Certified, late: Sequence[Mapping[str, Any]], dry_run: bool
) -> None:
    verb = "Would file" if dry_run else "Filed"
    session.output.say(
        f"{verb} {counted(len(done.filed), 'certificate')}; {done.unchanged:,} on file already"
    )
    rows = [(entry.address, *_certificate(entry.certificate)) for entry in done.filed]
    if rows:
        session.output.table("Certificates", ("holder", "rate>", "kinds", "from", "until"), rows)
    facts = {
        "dry_run": dry_run,
        "filed": [_facts_of(entry.address, entry.certificate) for entry in done.filed],
        "unchanged": done.unchanged,
        "late": list(late),
        "transactions": [receipt.hash for receipt in done.receipts],
        "gas": [r.mined.gas_used for r in done.receipts] or list(done.gas),
    }
    session.output.result(json_object(facts))


def _warn_of(session: Session, late: Sequence[LateCertificate], table: Path) -> None:
    """Name the closed records that certificates come too late for, and what can be done."""
    for one in late[:SHOWN]:
        who, closed = one.entry.address, f"{one.record} closed at {moment(one.closes_at)}"
        if one.currency is None:
            rate = format_rate(one.rate)
            session.output.notice(
                f"the certificate of {who} comes too late: {closed}, and what is paid for it will "
                f"be taxed at {rate}"
            )
            continue
        was = "was" if one.is_paid else "will be"
        session.output.notice(
            f"the certificate of {who} comes too late for distribution {one.distribution_id}: "
            f"{closed}; of {money(one.gross, one.currency)} it {was} withheld "
            f"{money(one.tax, one.currency)}, which is {money(one.over, one.currency)} too much"
        )
    if len(late) > SHOWN:
        session.output.notice(f"and {len(late) - SHOWN:,} more come too late")
    if any(one.currency is not None for one in late):
        session.output.notice(
            f"repay what was withheld too much with `prorata tax repay {table}`, once it is paid"
        )


def _late(one: LateCertificate) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "holder": one.entry.address,
        "record": one.record,
        "closed_at": one.closes_at,
        "distribution": one.distribution_id,
    }
    if one.currency is None:
        return {**facts, "basis_points": one.rate}
    amounts = {"gross": one.gross, "tax": one.tax, "due": one.due, "too_much": one.over}
    unit = one.currency.unit
    return {
        **facts,
        "currency": one.currency.address,
        **{name: unit.amount(units) for name, units in amounts.items()},
        "paid": one.is_paid,
    }


def _show_snapshots(session: Session, done: StatusSnapshots, dry_run: bool) -> None:
    verb = "Would snapshot" if dry_run else "Snapshot of"
    session.output.say(
        f"{verb} {counted(len(done.changed), 'holder')}; {done.unchanged:,} up to date"
    )
    rows = [(who, _who(old), _who(new)) for who, (old, new) in done.changed.items()]
    if rows:
        session.output.table("Holders", ("holder", "was", "is"), rows)
    session.output.result(
        {
            "dry_run": dry_run,
            "snapshots": {who: _facts(new) for who, (_, new) in done.changed.items()},
            "unchanged": done.unchanged,
            "transactions": [receipt.hash for receipt in done.receipts],
            "gas": [r.mined.gas_used for r in done.receipts] or list(done.gas),
        }
    )


def _show_answers(session: Session, answers: Answers) -> None:
    closes = moment(answers.closes_at)
    state = "closed at" if answers.final else "closes at"
    title = f"Withholding at record {answers.record_id}, which {state} {closes}"
    columns = ("holder", *(f"{kind.label}>" for kind in Kind))
    rows = [
        (one.holder, *(format_rate(one.rates[kind].basis_points) for kind in Kind))
        for one in answers.holders
    ]
    session.output.table(title, columns, rows)
    if len(answers.holders) == 1:
        _show_one(session, answers.holders[0])
    if not answers.final:
        session.output.notice(
            f"record {answers.record_id} is open: rates may change until {closes}"
        )
    session.output.result(
        {
            "record": answers.record_id,
            "closes_at": answers.closes_at,
            "final": answers.final,
            "holders": [_shown(one) for one in answers.holders],
        }
    )


def _show_one(session: Session, one: Shown) -> None:
    session.output.say(f"Snapshot: {_who(one.facts)}")
    for kind in Kind:
        applied = one.rates[kind]
        rate = format_rate(applied.basis_points)
        session.output.say(f"  {kind.label:<18}{rate:>7}  by {applied.basis.label}")
    rows = [
        (str(filed.id), *_certificate(filed.certificate), _state(filed))
        for filed in one.certificates
    ]
    if rows:
        columns = ("number", "rate>", "kinds", "from", "until", "filed")
        session.output.table("Certificates", columns, rows)


def _who(facts: Facts) -> str:
    if not facts.known:
        return "no snapshot"
    known = {int(kind): kind.label for kind in InvestorClass}
    kind = known.get(facts.investor_class, f"class {facts.investor_class}")
    return f"{country_name(facts.country)}, {kind}"


def _state(filed: Filed) -> str:
    revoked = f", revoked {moment(filed.revoked_at)}" if filed.revoked_at else ""
    return f"{moment(filed.filed_at)}{revoked}"


def _certificate(known: Certificate) -> tuple[str, str, str, str]:
    every = known.kinds == frozenset(Kind)
    kinds = "all" if every else "+".join(kind.label for kind in sorted(known.kinds))
    since, until = moment(known.valid_from), "forever"
    if known.valid_until != FOREVER:
        until = moment(known.valid_until)
    # Whole days, as the file has them, need no hour.
    since, until = since.removesuffix("T00:00:00Z"), until.removesuffix("T23:59:59Z")
    return format_rate(known.basis_points), kinds, since, until


def _facts(facts: Facts) -> dict[str, Any] | None:
    return {"country": facts.country, "class": facts.investor_class} if facts.known else None


def _facts_of(holder: str, known: Certificate) -> dict[str, Any]:
    return {"holder": holder, **_terms(known)}


def _terms(known: Certificate) -> dict[str, Any]:
    return {
        "basis_points": known.basis_points,
        "kinds": [kind.label for kind in sorted(known.kinds)],
        "valid_from": known.valid_from,
        "valid_until": known.valid_until,
        "document": f"0x{known.document_hash.hex()}",
    }


def _shown(one: Shown) -> dict[str, Any]:
    return {
        "holder": one.holder,
        "snapshot": _facts(one.facts),
        "rates": {
            kind.label: {"basis_points": rate.basis_points, "by": rate.basis.label}
            for kind, rate in one.rates.items()
        },
        "certificates": [
            {
                "number": filed.id,
                **_terms(filed.certificate),
                "filed_at": filed.filed_at,
                "revoked_at": filed.revoked_at or None,
            }
            for filed in one.certificates
        ],
    }
