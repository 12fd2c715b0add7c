# SPDX-License-Identifier: MIT
"""Issue shares to the holders of a cap table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from prorata.cli.command import Command, common_options
from prorata.cli.session import Session
from prorata.cli.table_options import table_options, table_reading
from prorata.files.writer import json_object
from prorata.register.issuance import BATCH_SIZE, issue
from prorata.register.tables import read_table
from prorata.values.amounts import format_units
from prorata.values.words import counted

EXAMPLES = (
    "prorata issue examples/building/holders.csv",
    "prorata issue export.csv --as explorer --dry-run",
    "prorata issue table.csv --columns address=Wallet,shares=Quantity --decimal-mark .",
)


@click.command(cls=Command, examples=EXAMPLES)
@click.argument("table", type=click.Path(path_type=Path))
@click.option(
    "--batch", type=int, default=BATCH_SIZE, show_default=True, help="Holders per transaction."
)
@click.option(
    "--tranche",
    default="",
    help="A name for this issue: needed once there are shares, and then it names one table.",
)
@click.option(
    "--despite-rules", is_flag=True, help="Issue to whoever is eligible, whatever the rules say."
)
@table_options
@common_options
def cli(table: Path, dry_run: bool, **options: Any) -> None:
    """Issue shares to the holders of a cap table.

    TABLE is a CSV file or an Excel workbook with the columns address and shares, what another
    program wrote, by --as or --columns, or a package of the Open Cap Format. It is checked
    whole before anything is sent, its total against the authorised shares too. Running the same
    command again issues nothing twice, in whatever order the rows are, and resumes a run that
    was interrupted. Once there are shares, whatever is issued besides needs a name of its own,
    with --tranche.
    """
    session = Session.of(options)
    with session.deployed() as (operator, found):
        settings = found.settings
        holdings = read_table(
            table,
            decimals=settings.decimals,
            authorised=settings.authorised,
            **table_reading(options),
        )
        for notice in holdings.notices:
            session.output.notice(notice)
        done = issue(
            operator,
            found,
            holdings,
            batch_size=options["batch"],
            tranche=options["tranche"],
            dry_run=dry_run,
            despite_rules=options["despite_rules"],
        )
    shares = format_units(done.shares, settings.decimals, trim=True)
    verb = "Would issue" if dry_run else "Issued"
    before = ", before: nothing was sent" if done.resumed else ""
    many = counted(done.holders, "holder")
    session.output.say(f"{verb} {shares} shares of {settings.symbol} to {many}{before}")
    rows = [
        (r.label, r.hash, f"{r.mined.gas_used:,}", "before" if r.resumed else "now")
        for r in done.receipts
    ] or [(f"batch {n}", "", f"{gas:,}", "not sent") for n, gas in enumerate(done.gas, start=1)]
    session.output.table("Batches", ("batch", "transaction", "gas>", "sent"), rows)
    session.output.result(
        json_object(
            {
                "dry_run": dry_run,
                "shares": settings.unit.amount(done.shares),
                "holders": done.holders,
                "resumed": done.resumed,
                "transactions": [r.hash for r in done.receipts],
                "gas": [r.mined.gas_used for r in done.receipts] or done.gas,
            }
        )
    )
