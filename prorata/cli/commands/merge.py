# SPDX-License-Identifier: MIT
"""Turn all shares of an asset into shares of another one."""

from __future__ import annotations

from typing import Any

import click

from prorata.cli.command import Command, basis_options, common_options
from prorata.cli.conversion_plans import WantedConversion, conversion_options, run_conversion
from prorata.market.actions.ratios import parse_ratio

EXAMPLES = (
    (
        "prorata merge 2:3 --into CANAL8 --at 2027-04-01T09:00:00Z --currency USD "
        '--fraction-price 980.00 --reason "Merger of 3 May" --document contract.pdf --dry-run'
    ),
    (
        "prorata merge 2:3 --into CANAL8 --cash 12.50 --at +14d --currency USD "
        '--fraction-price 980.00 --reason "Merger of 3 May" --document contract.pdf'
    ),
)


@click.command("merge", cls=Command, asks=True, examples=EXAMPLES)
@click.argument("ratio")
@click.option(
    "--into", required=True, metavar="0x…|SYMBOL", help="The asset whose shares holders get."
)
@click.option("--cash", help="Money for each share that is given, besides.")
@conversion_options
@basis_options
@common_options
def cli(ratio: str, into: str, cash: str | None, dry_run: bool, **options: Any) -> None:
    """Turn all shares of an asset into shares of another one.

    RATIO is what becomes of what: 2:3 gives two shares of the other asset for three, and --cash
    money besides. The other asset's shares are issued for this: its owner makes the exchange
    contract an agent first, unless it is the same account. The owner opens it with notice, funded
    whole; from --at on, the same command takes everybody's shares, page by page. The old token
    keeps its records, and what its holders are owed for them. Who gets what is shown to the unit
    before anything is sent. The same command again sends nothing twice, and goes on where it was
    interrupted.
    """
    wanted = WantedConversion("merge", parse_ratio(ratio), into, cash=cash)
    run_conversion(wanted, dry_run=dry_run, options=options)
