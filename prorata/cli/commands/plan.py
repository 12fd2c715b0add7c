# SPDX-License-Identifier: MIT
"""Write down what a command would send, to be looked at, approved, and applied."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from prorata.cli.command import Command, planning_options
from prorata.cli.planned import play, signer_here
from prorata.cli.plans import show_plan
from prorata.cli.session import Session, prices_of
from prorata.deployments.planning import Rehearsed, make_plan
from prorata.errors import InputError

DAY = 86_400
NOT_SIMULATED = 5
"""The exit code when the node could not simulate all of it."""

EXAMPLES = (
    "prorata plan --asset asset.yaml -o plan.json",
    "prorata plan -o plan.json -- deploy --asset asset.yaml --dollar",
    "prorata plan --for 3d -- distribute --currency USD --amount 85,000 --kind rent --record 4",
)

_LASTING = re.compile(r"([1-9][0-9]{0,3})([dhm])", re.ASCII)
_SECONDS = {"d": DAY, "h": 3_600, "m": 60}


@click.command(cls=Command, examples=EXAMPLES)
@click.argument("words", metavar="[-- COMMAND …]", nargs=-1)
@click.option(
    "--asset",
    "asset",
    metavar="ASSET.YAML",
    help="Plan to deploy this asset: the same as -- deploy --asset ASSET.YAML.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("plan.json"),
    show_default=True,
    help="Where the plan is written.",
)
@click.option("--for", "lasting", default="7d", show_default=True, help="How long it holds.")
@click.option(
    "--max-fee",
    metavar="GWEI",
    help="The most that may be offered for a unit of gas.  [default: twice what is offered now]",
)
@planning_options
def cli(
    words: tuple[str, ...], asset: str | None, output: Path, lasting: str, **options: Any
) -> None:
    """Write down what a command would send, to be looked at, approved, and applied.

    Plays the command to its end on the node, which keeps nothing of it, and writes its steps, the
    addresses of new contracts, gas, cost, what roles it changes, and a digest. Sends nothing.
    `prorata apply` sends this and nothing else. Ends with exit code 5 where the node could not
    simulate all of it: such a plan cannot be applied.
    """
    session = Session.of(options)
    valid_for, command = _seconds(lasting), _command(words, asset)
    most = prices_of(options).most
    context = click.get_current_context()
    with session.chain() as chain:
        signer_here(session, chain)
        with play(context, command, options) as played:
            rehearsed = Rehearsed.of(
                chain, played.operator, played.folder, played.copy, complete=played.complete
            )
            plan = make_plan(rehearsed, command, valid_for=valid_for, most_fee=most)
    plan.write(output)
    show_plan(session, plan)
    session.output.say(f"The plan is {output}; nothing was sent")
    session.output.result({"file": str(output), **plan.model_dump(mode="json")})
    if not plan.binds.complete:
        context.exit(NOT_SIMULATED)


def _command(words: tuple[str, ...], asset: str | None) -> tuple[str, ...]:
    if asset is not None and words:
        raise InputError.of("asset", asset, "stands beside a command", "give one of the two")
    if asset is not None:
        return ("deploy", "--asset", asset)
    if not words:
        raise InputError.of(
            "command", "", "is missing", "give --asset, or a command that sends after --"
        )
    return words


def _seconds(text: str) -> int:
    found = _LASTING.fullmatch(text)
    if found is None:
        raise InputError.of("for", text, "is no duration", "write 7d, 12h or 30m")
    return int(found[1]) * _SECONDS[found[2]]
