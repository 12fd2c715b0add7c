# SPDX-License-Identifier: MIT
"""Split the shares of an asset."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import click

from prorata.cli.command import Command, common_options
from prorata.cli.share_plans import Wanted, record_options, run_share_plan
from prorata.errors import InputError
from prorata.market.actions.ratios import Ratio, parse_ratio
from prorata.market.actions.share_distributions import SPLIT

EXAMPLES = (
    "prorata split 2:1 --at 2027-03-31T23:59:59Z --dry-run",
    "prorata split 2:1 --record 4",
    "prorata split 3:2 --record 4 --currency USD --fraction-price 12.50",
)


@click.command(cls=Command, asks=True, examples=EXAMPLES)
@click.argument("ratio")
@click.option(
    "--unpaid",
    multiple=True,
    metavar="0x…",
    help="A holder who cannot be paid now: its new shares wait in the vault, and what it misses "
    "meanwhile is for the issuer to make good.",
)
@record_options
@common_options
def cli(ratio: str, unpaid: tuple[str, ...], dry_run: bool, **options: Any) -> None:
    """Split the shares of an asset.

    RATIO is what becomes of what: 3:2 makes three shares of two. Every holder of record gets the
    new shares, exactly; who gets what is shown to the unit before anything is sent. The record is
    scheduled first, with --at, and the same command after it has closed does the rest. A split is
    refused while anybody would stay unpaid: fractions need --fraction-price, and who is frozen must
    be named with --unpaid. The same command again sends nothing twice, and goes on where it was
    interrupted.
    """
    read = parse_ratio(ratio)
    if read.given <= read.held:
        rule = "makes no more shares than there are"
        remedy = "write the new number first, as in 2:1, or use `prorata reverse-split`"
        raise InputError.of("ratio", ratio, rule, remedy)
    new = Ratio.of(read.fraction - Fraction(1))
    wanted = Wanted(SPLIT, str(read), new, unpaid=unpaid)
    run_share_plan(wanted, dry_run=dry_run, options=options)
