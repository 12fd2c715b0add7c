# SPDX-License-Identifier: MIT
"""Check a cap table, or a register of investors, before any chain is asked."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click

from prorata.assets.asset import Asset
from prorata.cli.command import Command
from prorata.cli.output import Output
from prorata.cli.table_options import parse_columns, table_options, table_reading
from prorata.errors import InputError
from prorata.files.csv_reader import Sheet
from prorata.files.workbook_files import is_workbook
from prorata.files.writer import json_object, written_whole
from prorata.register.investors import read_investors
from prorata.register.tables import read_table
from prorata.values.amounts import Unit, format_units
from prorata.values.words import counted

EXAMPLES = (
    "prorata check-table examples/building/holders.csv --asset examples/building/asset.yaml",
    "prorata check-table holders.xlsx --annotate faults.xlsx",
    "prorata check-table examples/compliant/investors.csv --register",
)


@click.command(cls=Command, examples=EXAMPLES)
@click.argument("table", type=click.Path(path_type=Path))
@click.option(
    "--annotate",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Of an Excel workbook: write a copy to this file, with every fault marked in it.",
)
@click.option(
    "--asset",
    "asset_path",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The asset's file, whose decimals and authorised shares hold.",
)
@click.option("--decimals", type=click.IntRange(0, 18), help="Of a share.  [default: 0]")
@click.option("--register", "investors", is_flag=True, help="It is a register of investors.")
@table_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document only.")
def cli(table: Path, annotate: Path | None, as_json: bool, **options: Any) -> None:
    """Check a cap table, or a register of investors, before any chain is asked.

    TABLE is a CSV file, an Excel workbook, or a package of the Open Cap Format. Every fault in it
    is listed, with its line, cell or object, and exit code 1 says that there is one. With
    --annotate, the workbook is copied with its faults marked: red cells with comments, and a first
    sheet that lists them with links. Mend the copy and read it again: that sheet is passed over.
    """
    output = Output(as_json)
    read = _reader(output, table, options)
    if annotate is None:
        read()
    else:
        _annotate(output, table, annotate, read)


def _reader(output: Output, table: Path, options: dict[str, Any]) -> Callable[[], None]:
    asset, decimals = _settings(options)
    if options["investors"]:
        return partial(_check_investors, output, table, options)
    authorised = None if asset is None else asset.authorised
    return partial(_check_table, output, table, options, decimals, authorised)


def _settings(options: dict[str, Any]) -> tuple[Asset | None, int]:
    path, decimals = options["asset_path"], options["decimals"]
    if path is None:
        return None, decimals or 0
    if decimals is not None:
        rule = "is given besides an asset, which says it"
        raise InputError.of("decimals", decimals, rule, "leave out --decimals")
    asset = Asset.load(path)
    return asset, asset.decimals


def _check_table(
    output: Output, path: Path, options: dict[str, Any], decimals: int, authorised: int | None
) -> None:
    reading = table_reading(options)
    table = read_table(path, decimals=decimals, authorised=authorised, **reading)
    for notice in table.notices:
        output.notice(notice)
    shares = format_units(table.total, decimals, trim=True)
    output.say(f"{path} has no fault: {shares} shares of {counted(len(table), 'holder')}")
    held = table.by_kind.items()
    kinds = [(k or "not said", format_units(s, decimals, trim=True)) for k, s in held]
    if len(kinds) > 1:
        output.table("By kind", ("kind", "shares>"), kinds)
    total = Unit("shares", decimals).amount(table.total)
    output.result(json_object({"file": str(path), "holders": len(table), "total": total}))


def _check_investors(output: Output, path: Path, options: dict[str, Any]) -> None:
    columns = parse_columns(options["columns"])
    entries = read_investors(path, columns=columns, sheet=options["sheet"])
    persons = len({entry.investor.person for entry in entries})
    wallets = counted(len(entries), "wallet")
    output.say(f"{path} has no fault: {wallets} of {counted(persons, 'person')}")
    output.result({"file": str(path), "wallets": len(entries), "persons": persons})


def _annotate(output: Output, table: Path, annotate: Path, read: Callable[[], None]) -> None:
    """Read it, and mark in a copy what is found.

    Raises: InputError, with what was found.
    """
    content = Sheet.read(table, "workbook")
    if not is_workbook(content):
        remedy = "save it as one (.xlsx), or leave out --annotate"
        raise InputError.of("annotate", table, "is no Excel workbook to mark faults in", remedy)
    if annotate.resolve() == table.resolve():
        rule = "is the table itself, which stays as it is"
        raise InputError.of("annotate", annotate, rule, "name another file")
    try:
        read()
    except InputError as error:
        if error.subject != str(table):
            raise  # of the options, not of what is in the table
        # Loaded here only: a table without faults shall not wait for it.
        from prorata.files.annotations import annotated  # noqa: PLC0415

        marked = annotated(content, error)
        with written_whole(annotate, column="annotate", make_folder=False) as part:
            part.write_bytes(marked)
        output.notice(f"{counted(len(error.problems), 'fault')} marked in {annotate}")
        raise
