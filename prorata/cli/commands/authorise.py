# SPDX-License-Identifier: MIT
"""Change how many shares may ever be issued."""

from __future__ import annotations

from typing import Any

import click

from prorata.cli.command import Command, basis_options, common_options
from prorata.cli.consent import require_yes
from prorata.cli.session import Session
from prorata.deployments.plans import require_plan
from prorata.register.authorisation import authorise
from prorata.register.enforcement import Basis
from prorata.values.amounts import format_units

EXAMPLES = (
    'prorata authorise 12,000 --reason "Capital increase of May 2027" --document resolution.pdf',
)


@click.command(cls=Command, examples=EXAMPLES)
@click.argument("shares")
@basis_options
@common_options
def cli(shares: str, dry_run: bool, **options: Any) -> None:
    """Change how many shares may ever be issued.

    SHARES is the new total, in whole shares, what is issued already among them. It is never less
    than that. Nothing is sent: the manifest keeps the number, the numbers before it, and why.
    Write the same number into the asset's file.
    """
    session = Session.of(options)
    basis = Basis.of(options["reason"], options["document"])
    with session.deployed() as (operator, found):
        done = authorise(operator, found, basis, shares, dry_run=True)
        if done.changed and not dry_run:
            if session.stage is None:
                if operator.gate is None:
                    require_plan(found.settings)
                require_yes(options, f"authorise {shares} shares of {found.settings.symbol}")
            done = authorise(operator, found, basis, shares)
    unit = found.settings.unit
    before, now, supply = (
        format_units(units, unit.decimals, trim=True)
        for units in (done.before, done.now, done.supply)
    )
    if done.changed and dry_run:
        session.output.say(f"{now} shares of {unit.symbol} would be authorised; now, {before} are")
    elif done.changed:
        session.output.say(f"{now} shares of {unit.symbol} are authorised; before, {before} were")
    else:
        session.output.say(
            f"{now} shares of {unit.symbol} are authorised already, nothing was sent"
        )
    session.output.say(f"Issued so far: {supply}")
    session.output.result(
        {
            "authorised": unit.amount(done.now).as_json(),
            "before": unit.amount(done.before).as_json(),
            "supply": unit.amount(done.supply).as_json(),
            **({"dry_run": True} if dry_run else {}),
            "changed": done.changed,
            **basis.facts(),
        }
    )
