# SPDX-License-Identifier: MIT
"""Turn many shares into few, and pay fractions in money."""

from __future__ import annotations

from typing import Any

import click

from prorata.cli.command import Command, basis_options, common_options
from prorata.cli.conversion_plans import WantedConversion, conversion_options, run_conversion
from prorata.errors import InputError
from prorata.market.actions.ratios import parse_ratio

EXAMPLES = (
    (
        "prorata reverse-split 1:10 --symbol HARB1 --at 2027-04-01T09:00:00Z --currency USD "
        '--fraction-price 125.00 --reason "Resolution 7" --document minutes.pdf --dry-run'
    ),
    (
        "prorata reverse-split 1:10 --into HARB1 --at +14d --currency USD --fraction-price 125.00 "
        '--reason "Resolution 7" --document minutes.pdf'
    ),
)


@click.command("reverse-split", cls=Command, asks=True, examples=EXAMPLES)
@click.argument("ratio")
@click.option("--symbol", help="The symbol of the new shares, whose token is put on the chain.")
@click.option("--name", help="Their name.  [default: the asset's]")
@click.option(
    "--into", metavar="0x…|SYMBOL", help="A token that is there already, in place of --symbol."
)
@conversion_options
@basis_options
@common_options
def cli(
    ratio: str,
    symbol: str | None,
    name: str | None,
    into: str | None,
    dry_run: bool,
    **options: Any,
) -> None:
    """Turn many shares into few, and pay fractions in money.

    RATIO is what becomes of what: 1:10 makes one share of ten. The new shares are those of a token
    of their own, with the same owner, agents, rules and register; the old token keeps its records,
    and what its holders are owed for them. The owner opens it with notice, funded for every
    fraction; from --at on, the same command takes everybody's shares, page by page, and gives the
    new ones. Who gets what is shown to the unit before anything is sent. The same command again
    sends nothing twice, and goes on where it was interrupted.
    """
    read = parse_ratio(ratio)
    if read.given >= read.held:
        rule = "makes no fewer shares than there are"
        remedy = "write the new number first, as in 1:10, or use `prorata split`"
        raise InputError.of("ratio", ratio, rule, remedy)
    if (symbol is None) is (into is None):
        rule = "is missing" if into is None else "stands beside --into"
        remedy = "give --symbol for a new token, or --into for one that is there"
        raise InputError.of("symbol", symbol or "", rule, remedy)
    wanted = WantedConversion("reverse-split", read, into, symbol, name)
    run_conversion(wanted, dry_run=dry_run, options=options)
