# SPDX-License-Identifier: MIT
"""Claim a holder's income."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from prorata.cli.command import Command, common_options
from prorata.cli.session import Session
from prorata.contracts.currency import Currency
from prorata.deployments.deployment import Deployment
from prorata.errors import InputError
from prorata.files.writer import json_object
from prorata.income.claims import Failed, Payout, claim
from prorata.income.instruction_files import read_instruction
from prorata.income.instructions import Reinvested, execute
from prorata.values.addresses import check_address
from prorata.values.amounts import format_units

EXAMPLES = (
    "prorata claim --holder 0x434B1AFe11Ab901537048e83e21B7044c1BeEa27",
    "prorata claim --dry-run",
    "prorata claim --id 3 --id 4 --account issuer.json",
    "prorata claim --instruction to-my-bank.json",
)


@click.command(cls=Command, examples=EXAMPLES)
@click.option("--holder", help="Whose income.  [default: the account's own]")
@click.option("--id", "ids", type=int, multiple=True, help="A distribution.  [default: all open]")
@click.option(
    "--instruction",
    type=click.Path(path_type=Path),
    help="Do instead what a holder has signed with `prorata instruct`.",
)
@common_options
def cli(
    holder: str | None,
    ids: tuple[int, ...],
    instruction: Path | None,
    dry_run: bool,
    **options: Any,
) -> None:
    """Claim a holder's income.

    Anyone may pay for the claim: the money goes to the holder, or to the payee it has set, or
    where a signed payment instruction says. What is named with --id is paid as a whole or not at
    all. Without --id, what cannot be paid is named with the reason, and the rest is paid: the exit
    code is 1 only if nothing is paid and the issuer declared some of what cannot be.
    """
    session = Session.of(options)
    if instruction is not None:
        _execute(session, instruction, given=holder or ids or dry_run)
        return
    with session.deployed() as (operator, found):
        named = operator.address if holder is None else check_address("holder", holder)
        done = claim(operator, found, named, ids or None, dry_run=dry_run)
        payouts = [_facts(found, payout) for payout in done.payouts]
    if not payouts:
        session.output.say(f"{named} has nothing to claim")
    else:
        _show_payouts(session, named, payouts)
    for failed in done.failed:
        session.output.notice(str(failed.why))
    if done.not_payable:
        numbers = ", ".join(map(str, done.not_payable))
        session.output.say(f"Not payable now: distribution {numbers}")
    session.output.result(
        json_object(
            {
                **({"dry_run": True} if dry_run else {}),
                "holder": named,
                "transactions": [receipt.hash for receipt in done.receipts],
                "payouts": payouts,
                "not_payable": done.not_payable,
                "failed": [_failure(failed) for failed in done.failed],
            }
        )
    )


def _failure(failed: Failed) -> dict[str, Any]:
    found, [problem] = failed.distribution, failed.why.problems
    return {
        "distribution": found.id,
        "currency": found.currency,
        "declarer": found.declarer,
        "declared_by_issuer": failed.by_issuer,
        "rule": problem.rule,
        "remedy": problem.remedy,
    }


def _execute(session: Session, path: Path, given: object) -> None:
    if given:
        rule, remedy = "says whose and which", "leave --holder, --id and --dry-run"
        raise InputError.of("instruction", path, rule, remedy)
    signed = read_instruction(path)
    with session.deployed() as (operator, found):
        done = execute(operator, found, signed)
        holder = signed.instruction.holder
        payouts = [_facts(found, payout) for payout in done.payouts]
        hook = None if done.reinvested is None else _hook_facts(found, done.reinvested)
    _show_payouts(session, holder, payouts)
    if hook is not None:
        amount = format_units(hook["amount"].units, hook["amount"].decimals, trim=True)
        session.output.say(
            f"{hook['hook']} took {amount} {hook['amount'].currency} for {hook['receiver']}"
        )
    session.output.result(
        json_object(
            {
                "holder": holder,
                "transactions": [done.receipt.hash],
                "payouts": payouts,
                "reinvested": hook,
            }
        )
    )


def _facts(found: Deployment, payout: Payout) -> dict[str, Any]:
    currency = Currency(found.chain, found.vault().distribution(payout.distribution_id).currency)
    return {
        "distribution": payout.distribution_id,
        "payee": payout.payee,
        "gross": currency.unit.amount(payout.gross, currency.address),
        "tax": currency.unit.amount(payout.tax, currency.address),
        "net": currency.unit.amount(payout.net, currency.address),
    }


def _hook_facts(found: Deployment, hook: Reinvested) -> dict[str, Any]:
    unit = Currency(found.chain, hook.currency).unit
    return {**asdict(hook), "amount": unit.amount(hook.amount, hook.currency)}


def _show_payouts(session: Session, holder: str, payouts: Sequence[dict[str, Any]]) -> None:
    columns = ("distribution>", "currency", "gross>", "tax>", "paid>", "to")
    rows = [
        (
            str(payout["distribution"]),
            payout["gross"].currency,
            *(payout[name].figure for name in ("gross", "tax", "net")),
            payout["payee"],
        )
        for payout in payouts
    ]
    session.output.table(f"Income of {holder}", columns, rows)
