"""Withholding: policies, rates, certificates, and what applies to whom."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from prorata.asset import check_address
from prorata.contracts import FOREVER, InvestorClass, Kind
from prorata.countries import country_name
from prorata.operations import parse_moment
from prorata.settings import moment
from prorata.tax import PolicySettings, format_rate, read_certificates
from prorata.taxing import (
    Answers,
    Certified,
    Noted,
    Placed,
    Shown,
    certify,
    deploy_policy,
    find_policy,
    note,
    revoke,
    set_rates,
    show,
)
from prorata.withholding import Certificate, Facts, Filed
from scripts._doors import Door, DoorCommand, common_options, reading_options

RATES = "examples/compliant/withholding.yaml"
CERTIFICATES = "examples/compliant/certificates.csv"
SHOWN = 40

policy_option = click.option(
    "--policy",
    "named",
    help="A policy's name, or its address.  [default: the only one there is]",
)
dry_run_option = click.option(
    "--dry-run", is_flag=True, help="Show what would be done, and the gas; send nothing."
)


@click.group()
def cli() -> None:
    """Withhold tax from income, by country, class, kind and certificate.

    What is changed counts for record dates to come, that of the same second included, and never
    for one that has passed.
    """


@cli.command(
    "deploy",
    cls=DoorCommand,
    examples=(f"ape run tax deploy {RATES} --dry-run", f"ape run tax deploy {RATES}"),
)
@click.argument("rates", type=click.Path(path_type=Path))
@dry_run_option
@common_options
def deploy_door(rates: Path, dry_run: bool, **options: Any) -> None:
    """Deploy a policy with a table of rates.

    RATES is a YAML file: the collector, a default for each kind of income, rates by country and
    class. The collector can never be changed. `distribute --tax-policy` takes the policy's name.
    """
    door = Door.of(options)
    settings = PolicySettings.load(rates)
    with door.deployed() as (operator, found):
        placed = deploy_policy(operator, found, settings, dry_run=dry_run)
    _show_placed(door, settings, placed)


@cli.command(
    "rates",
    cls=DoorCommand,
    examples=(f"ape run tax rates {RATES}", f"ape run tax rates {RATES} --from +30d"),
)
@click.argument("rates", type=click.Path(path_type=Path))
@click.option("--from", "since", help="The first second, as for `record --at`.  [default: at once]")
@policy_option
@common_options
def rates_door(rates: Path, since: str | None, named: str | None, **options: Any) -> None:
    """Put another table of rates in force.

    RATES is the whole table, as for `deploy`; its collector must be the policy's. It takes the
    place of every table that was to apply then or later.
    """
    door = Door.of(options)
    settings = PolicySettings.load(rates)
    with door.deployed() as (operator, found):
        start = 0 if since is None else parse_moment(since, operator.chain, "from")
        policy = find_policy(found, named or settings.name)
        done = set_rates(operator, policy, settings, start)
    verb = "apply already" if done.receipt is None else f"apply from {moment(done.since)} on"
    door.spoken.say(f"{done.count} rates {verb}")
    door.spoken.result(
        {
            "policy": policy.address,
            "rates": done.count,
            "from": done.since,
            "transaction": None if done.receipt is None else done.receipt.hash,
        }
    )


@cli.command(
    "certify",
    cls=DoorCommand,
    examples=(f"ape run tax certify {CERTIFICATES} --dry-run",),
)
@click.argument("table", type=click.Path(path_type=Path))
@policy_option
@dry_run_option
@common_options
def certify_door(table: Path, named: str | None, dry_run: bool, **options: Any) -> None:
    """File holders' certificates.

    TABLE is a CSV file with the columns address, kinds, rate, valid_from, valid_until and
    document. Certificates that are on file already are not filed again.
    """
    door = Door.of(options)
    entries = read_certificates(table)
    with door.deployed() as (operator, found):
        done = certify(operator, find_policy(found, named), entries, dry_run=dry_run)
    _show_certified(door, done, dry_run)


@cli.command(
    "revoke", cls=DoorCommand, examples=("ape run tax revoke --holder 0x… --certificate 2",)
)
@click.option("--holder", required=True, help="Whose certificate it is.")
@click.option("--certificate", "number", type=int, required=True, help="Its number.")
@policy_option
@common_options
def revoke_door(holder: str, number: int, named: str | None, **options: Any) -> None:
    """Revoke a certificate for record dates to come."""
    door = Door.of(options)
    who = check_address("holder", holder)
    with door.deployed() as (operator, found):
        receipt = revoke(operator, find_policy(found, named), who, number)
    done = "was revoked before" if receipt is None else "counts for no record date from now on"
    door.spoken.say(f"Certificate {number} of {who} {done}")
    door.spoken.result(
        {
            "holder": who,
            "certificate": number,
            "transaction": None if receipt is None else receipt.hash,
        }
    )


@cli.command("note", cls=DoorCommand, examples=("ape run tax note --dry-run", "ape run tax note"))
@click.option("--holder", "holders", multiple=True, help="A holder.  [default: the whole register]")
@policy_option
@dry_run_option
@common_options
def note_door(holders: Sequence[str], named: str | None, dry_run: bool, **options: Any) -> None:
    """Note the country and class of holders from the register.

    To be done before every record date: who was not noted is taxed at the default rate, and who
    has moved at the old one. Only what is new is sent; anyone may send it.
    """
    door = Door.of(options)
    named_ones = [check_address("holder", holder) for holder in holders] or None
    with door.deployed() as (operator, found):
        policy = find_policy(found, named)
        done = note(operator, found, policy, named_ones, dry_run=dry_run)
    _show_noted(door, done, dry_run)


@cli.command(
    "show",
    cls=DoorCommand,
    examples=("ape run tax show --record 1", "ape run tax show --record 1 --holder 0x…"),
)
@click.option("--record", "record_id", type=int, help="The record date.  [default: the last one]")
@click.option("--holder", "holders", multiple=True, help="A holder.  [default: all]")
@policy_option
@reading_options
def show_door(
    record_id: int | None, holders: Sequence[str], named: str | None, **options: Any
) -> None:
    """Show which rates apply to holders at a record date.

    Until it has passed, what would apply if nothing changed.
    """
    door = Door.of(options)
    named_ones = [check_address("holder", holder) for holder in holders] or None
    with door.reading() as found:
        chosen = found.token().record_count() if record_id is None else record_id
        answers = show(found, find_policy(found, named), chosen, named_ones)
    _show_answers(door, answers)


# ------------------------------------------------------------------------------------------- words


def _show_placed(door: Door, settings: PolicySettings, placed: Placed) -> None:
    count, name = len(settings.table()), settings.name
    if placed.policy is None:
        door.spoken.say(
            f"Would deploy the policy {name} with {count} rates, for {placed.gas:,} gas"
        )
    else:
        again = ", which was there before" if placed.receipt is None else f", with {count} rates"
        door.spoken.say(f"The policy {name} is at {placed.policy.address}{again}")
        door.spoken.say(f"What is withheld goes to {settings.collector}")
    door.spoken.result(
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


def _show_certified(door: Door, done: Certified, dry_run: bool) -> None:
    verb = "Would file" if dry_run else "Filed"
    door.spoken.say(f"{verb} {len(done.filed)} certificates; {done.unchanged} are on file already")
    rows = [(entry.address, *_certificate(entry.certificate)) for entry in done.filed[:SHOWN]]
    if rows:
        door.spoken.table("Certificates", ("holder", "rate>", "kinds", "from", "until"), rows)
    door.spoken.result(
        {
            "dry_run": dry_run,
            "filed": [_facts_of(entry.address, entry.certificate) for entry in done.filed],
            "unchanged": done.unchanged,
            "transactions": [receipt.hash for receipt in done.receipts],
            "gas": [r.mined.gas_used for r in done.receipts] or list(done.gas),
        }
    )


def _show_noted(door: Door, done: Noted, dry_run: bool) -> None:
    verb = "Would note" if dry_run else "Noted"
    door.spoken.say(f"{verb} {len(done.changed)} holders; {done.unchanged} are noted already")
    rows = [(who, _who(old), _who(new)) for who, (old, new) in done.changed.items()]
    if rows:
        door.spoken.table("Holders", ("holder", "was", "is"), rows[:SHOWN])
    if len(rows) > SHOWN:
        door.spoken.say(f"and {len(rows) - SHOWN} more")
    door.spoken.result(
        {
            "dry_run": dry_run,
            "noted": {who: _facts(new) for who, (_, new) in done.changed.items()},
            "unchanged": done.unchanged,
            "transactions": [receipt.hash for receipt in done.receipts],
            "gas": [r.mined.gas_used for r in done.receipts] or list(done.gas),
        }
    )


def _show_answers(door: Door, answers: Answers) -> None:
    closes = moment(answers.closes_at)
    state = "closed at" if answers.final else "closes at"
    title = f"Withholding at record {answers.record_id}, which {state} {closes}"
    columns = ("holder", *(f"{kind.label}>" for kind in Kind))
    rows = [
        (one.holder, *(format_rate(one.rates[kind].basis_points) for kind in Kind))
        for one in answers.holders
    ]
    door.spoken.table(title, columns, rows)
    if len(answers.holders) == 1:
        _show_one(door, answers.holders[0])
    if not answers.final:
        door.spoken.notice(f"record {answers.record_id} is open: rates may change until {closes}")
    door.spoken.result(
        {
            "record": answers.record_id,
            "closes_at": answers.closes_at,
            "final": answers.final,
            "holders": [_shown(one) for one in answers.holders],
        }
    )


def _show_one(door: Door, one: Shown) -> None:
    door.spoken.say(f"Noted: {_who(one.facts)}")
    for kind in Kind:
        applied = one.rates[kind]
        rate = format_rate(applied.basis_points)
        door.spoken.say(f"  {kind.label:<18}{rate:>7}  by {applied.basis.label}")
    rows = [
        (str(filed.id), *_certificate(filed.certificate), _state(filed))
        for filed in one.certificates
    ]
    if rows:
        columns = ("number", "rate>", "kinds", "from", "until", "filed")
        door.spoken.table("Certificates", columns, rows)


def _who(facts: Facts) -> str:
    if not facts.known:
        return "not noted"
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
        "noted": _facts(one.facts),
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
