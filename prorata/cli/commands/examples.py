# SPDX-License-Identifier: MIT
"""The example files, copied."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from prorata.assets.examples import EXAMPLES
from prorata.cli.command import Command
from prorata.cli.output import Output
from prorata.errors import InputError


@click.command(cls=Command, examples=("prorata examples", "prorata examples --out my-assets"))
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("examples"),
    show_default=True,
    help="The folder to write to. It must not be there yet.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document only.")
def cli(out: Path, as_json: bool) -> None:
    """Write the example files into a folder, to start from.

    A building that pays rent, an asset under transfer rules with its investors and tax rates, a
    folder for each other class of assets, and packs of rules for some jurisdictions. The commands
    in the documentation use them.
    """
    output = Output(as_json)
    if out.exists():
        raise InputError.of("out", out, "is there already", "name another folder, or remove it")
    try:
        shutil.copytree(EXAMPLES, out)
    except OSError as error:
        rule = f"cannot be written ({str(error.strerror or error).lower()})"
        raise InputError.of("out", out, rule, "name another folder") from None
    written = sorted(path for path in out.rglob("*") if path.is_file())
    for path in written:
        output.say(str(path))
    output.result({"folder": str(out), "files": [str(path) for path in written]})
