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
from prorata.income.claims import Payout, claim
from prorata.income.instruction_files import read_instruction
from prorata.income.instructions import ExecutedInstruction, execute
from prorata.values.addresses import check_address
from prorata.values.amounts import format_units

EXAMPLES = (
    "prorata claim --holder 0x434B1AFe11Ab901537048e83e21B7044c1BeEa27",
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
def cli(holder: str | None, ids: tuple[int, ...], instruction: Path | None, **options: Any) -> None:
    """Claim a holder's income.

    Anyone may pay for the claim: the money goes to the holder, or to the payee it has set, or
    where a signed payment instruction says.
    """
    session = Session.of(options)
    if instruction is not None:
        _execute(session, instruction, given=holder or ids)
        return
    with session.deployed() as (operator, found):
        named = operator.address if holder is None else check_address("holder", holder)
        done = claim(operator, found, named, ids or None)
    if not done.payouts:
        session.output.say(f"{named} has nothing to claim")
    else:
        _show_payouts(session, found, named, done.payouts)
    if done.held:
        held = ", ".join(map(str, done.held))
        session.output.say(f"Not payable now: distribution {held}")
    session.output.result(
        {
            "holder": named,
            "transaction": None if done.receipt is None else done.receipt.hash,
            "payouts": [_facts(payout) for payout in done.payouts],
            "held": list(done.held),
        }
    )


def _execute(session: Session, path: Path, given: object) -> None:
    if given:
        raise InputError.of("instruction", path, "says whose and which", "leave --holder and --id")
    signed = read_instruction(path)
    with session.deployed() as (operator, found):
        done = execute(operator, found, signed)
    _show_payouts(session, found, signed.instruction.holder, done.payouts)
    if done.reinvested is not None:
        currency = Currency(found.chain, done.reinvested.currency)
        amount = format_units(done.reinvested.amount, currency.decimals(), trim=True)
        session.output.say(
            f"{done.reinvested.hook} took {amount} {currency.symbol()} for "
            f"{done.reinvested.receiver}"
        )
    session.output.result(_reported(signed.instruction.holder, done))


def _reported(holder: str, done: ExecutedInstruction) -> dict[str, Any]:
    hook = done.reinvested
    return {
        "holder": holder,
        "transaction": done.receipt.hash,
        "payouts": [_facts(payout) for payout in done.payouts],
        "reinvested": None if hook is None else {**asdict(hook), "amount": str(hook.amount)},
    }


def _show_payouts(session: Session, found: Deployment, holder: str, done: Sequence[Payout]) -> None:
    columns = ("distribution>", "currency", "gross>", "tax>", "paid>", "to")
    session.output.table(f"Income of {holder}", columns, [_row(found, payout) for payout in done])


def _facts(payout: Payout) -> dict[str, Any]:
    return {
        "distribution": payout.distribution_id,
        "payee": payout.payee,
        "gross": str(payout.gross),
        "tax": str(payout.tax),
        "net": str(payout.net),
    }


def _row(found: Deployment, payout: Payout) -> tuple[str, ...]:
    address = found.vault().distribution(payout.distribution_id).currency
    currency = Currency(found.chain, address)
    units = currency.decimals()
    gross, tax, net = (
        format_units(amount, units, trim=units > 6)
        for amount in (payout.gross, payout.tax, payout.net)
    )
    return str(payout.distribution_id), currency.symbol(), gross, tax, net, payout.payee
