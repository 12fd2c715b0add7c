# SPDX-License-Identifier: MIT
"""Give the holders new shares, of the asset or of another one."""

from __future__ import annotations

from typing import Any

import click

from prorata.cli.command import Command, common_options
from prorata.cli.share_plans import Wanted, record_options, run_share_plan
from prorata.market.actions.ratios import parse_ratio

EXAMPLES = (
    "prorata stock-dividend 1:4 --at 2027-03-31T23:59:59Z --dry-run",
    "prorata stock-dividend 1:4 --record 4",
    "prorata stock-dividend 1:4 --record 4 --currency USD --fraction-price 12.50",
    "prorata stock-dividend 1:10 --record 4 --of 0x…",
)


@click.command("stock-dividend", cls=Command, asks=True, examples=EXAMPLES)
@click.argument("ratio")
@click.option(
    "--of",
    "given",
    metavar="0x…|SYMBOL",
    help="Whose shares are given, as in a spin-off.  [default: the asset's own]",
)
@click.option("--exclude", multiple=True, metavar="0x…", help="An account that gets none.")
@record_options
@common_options
def cli(
    ratio: str, given: str | None, exclude: tuple[str, ...], dry_run: bool, **options: Any
) -> None:
    """Give the holders new shares, of the asset or of another one.

    RATIO is what is given for what: 1:4 gives one new share for four, so that 103 shares become
    128. With --of they are another asset's, which is a spin-off. Every holder of record gets its
    shares exactly, rounded down; fractions stay in the vault, or are paid at --fraction-price. Who
    gets what is shown to the unit before anything is sent. The record is scheduled first, with
    --at, and the same command after it has closed does the rest. The same command again sends
    nothing twice, and goes on where it was interrupted.
    """
    read = parse_ratio(ratio)
    wanted = Wanted("stock-dividend", str(read), read, given, exclude)
    run_share_plan(wanted, dry_run=dry_run, options=options)
