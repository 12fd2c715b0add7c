# SPDX-License-Identifier: MIT
"""Bring a register of investors to the chain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from prorata.cli.command import Command, common_options
from prorata.cli.session import Session
from prorata.cli.table_options import columns_option, parse_columns
from prorata.cli.tables import sheet_option
from prorata.contracts.registry import Investor
from prorata.register.investors import (
    BATCH_SIZE,
    RegisterChanges,
    Registered,
    read_investors,
    register_investors,
)
from prorata.values.countries import country_name
from prorata.values.kinds import FOREVER, InvestorClass
from prorata.values.times import moment
from prorata.values.words import counted

EXAMPLES = (
    "prorata register examples/compliant/investors.csv --dry-run",
    "prorata register examples/compliant/investors.csv",
)


@click.command(cls=Command, examples=EXAMPLES)
@click.argument("table", type=click.Path(path_type=Path))
@click.option(
    "--batch", type=int, default=BATCH_SIZE, show_default=True, help="Wallets per transaction."
)
@sheet_option
@columns_option
@common_options
def cli(table: Path, batch: int, sheet: str | None, dry_run: bool, **options: Any) -> None:
    """Bring a register of investors to the chain.

    TABLE is a CSV file or an Excel workbook with the columns address, person, country, class and
    eligible_until. It is checked whole and compared with the registry that the asset asks; only
    what is new or changed is sent. Wallets that the file lacks stay as they are, and are listed.
    """
    session = Session.of(options)
    entries = read_investors(table, sheet=sheet, columns=parse_columns(options["columns"]))
    with session.deployed() as (operator, found):
        done = register_investors(operator, found, entries, batch_size=batch, dry_run=dry_run)
    _show(session, done, dry_run)


def _show(session: Session, done: Registered, dry_run: bool) -> None:
    difference = done.difference
    changed = difference.changed + difference.following
    verb = "Would register" if dry_run else "Registered"
    session.output.say(
        f"{verb} {len(difference.new):,} new and {counted(len(changed), 'changed wallet')}; "
        f"{difference.unchanged:,} unchanged, {len(difference.missing):,} not in the file"
    )
    rows = list(_rows(difference))
    if rows:
        columns = ("wallet", "is", "on the chain", "in the file")
        session.output.table("Difference", columns, rows)
    sent = [(r.label, r.hash, f"{r.mined.gas_used:,}") for r in done.receipts] or [
        (f"batch {number}", "not sent", f"{gas:,}") for number, gas in enumerate(done.gas, start=1)
    ]
    if sent:
        session.output.table("Batches", ("batch", "transaction", "gas>"), sent)
    session.output.result(
        {
            "dry_run": dry_run,
            "new": {e.address: asdict(e.investor) for e in difference.new},
            "changed": {
                entry.address: {"before": asdict(before), "after": asdict(entry.investor)}
                for before, entry in changed
            },
            "unchanged": difference.unchanged,
            "missing": {wallet: asdict(who) for wallet, who in difference.missing.items()},
            "transactions": [r.hash for r in done.receipts],
            "gas": [r.mined.gas_used for r in done.receipts] or list(done.gas),
        }
    )


def _rows(difference: RegisterChanges) -> Iterator[tuple[str, str, str, str]]:
    for before, entry in (*difference.changed, *difference.following):
        yield entry.address, "changed", _words(before), _words(entry.investor)
    for wallet, investor in difference.missing.items():
        yield wallet, "missing", _words(investor), ""
    for entry in difference.new:
        yield entry.address, "new", "", _words(entry.investor)


def _words(investor: Investor) -> str:
    known = {int(kind): kind.label for kind in InvestorClass}
    kind = known.get(investor.investor_class, f"class {investor.investor_class}")
    forever = investor.eligible_until == FOREVER
    until = "forever" if forever else f"until {moment(investor.eligible_until)}"
    return f"{investor.person}, {country_name(investor.country)}, {kind}, {until}"
