# SPDX-License-Identifier: MIT
"""Ask the published ledger."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from prorata.analysis.engines import ENGINES
from prorata.cli.command import Command
from prorata.cli.ledger.extras import extra
from prorata.cli.output import Output
from prorata.files.writer import write_whole
from prorata.values.words import counted

if TYPE_CHECKING:
    from prorata.analysis.answers import Answer

__all__ = ["query_command"]

EXAMPLES = (
    "prorata ledger query",
    "prorata ledger query income --from published --csv income.csv",
    "prorata ledger query largest --from published --at-block 21000000",
    "prorata ledger query income --from /mnt/lake/shares --engine spark --server spark://lake:7077",
    "prorata ledger query holders --engine clickhouse --server https://ch:8443 --from published",
)


@click.command("query", cls=Command, examples=EXAMPLES)
@click.argument("name", required=False)
@click.option(
    "--from",
    "folder",
    type=click.Path(path_type=Path),
    help="The folder that was published into, or one asset's in it.",
)
@click.option(
    "--engine",
    type=click.Choice(ENGINES),
    default=ENGINES[0],
    show_default=True,
    help="Who answers; the answer is the same.",
)
@click.option(
    "--server",
    envvar="PRORATA_SERVER",
    show_envvar=True,
    metavar="URL",
    help="A ClickHouse server (https://user:password@host:8443), or a Spark master "
    "(spark://host:7077).  [default: in this process]",
)
@click.option(
    "--seen-as",
    metavar="PREFIX",
    help="What the server calls the folder, such as s3://bucket/shares.  [default: its path]",
)
@click.option(
    "--at-block",
    type=click.IntRange(min=0),
    metavar="BLOCK",
    help="As it was after this block.  [default: the last one that is published of every asset]",
)
@click.option(
    "--csv",
    "csv_path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the whole answer to this file.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document only.")
def query_command(
    name: str | None, folder: Path | None, csv_path: Path | None, **options: Any
) -> None:
    """Ask the published ledger; without NAME, list the queries.

    Every engine gives the same answer, byte for byte: its SHA-256 is shown, and is that of the CSV
    file. Amounts are in smallest units, of the token or the currency; years and months are UTC's.
    Files are compared with their digests first.
    """
    output = Output(options["as_json"])
    with extra("analysis"):
        from prorata.analysis.answers import ask
        from prorata.analysis.queries import find_query
    if name is None:
        _list(output)
        return
    query = find_query(name)
    if folder is None:
        context = click.get_current_context()
        wanted = next(one for one in context.command.params if one.name == "folder")
        raise click.MissingParameter(ctx=context, param=wanted)
    from prorata.files.manifests import Publication

    answer = ask(
        query,
        Publication.open(folder, query.tables),
        options["engine"],
        at=options["at_block"],
        server=options["server"],
        seen_as=options["seen_as"],
    )
    if csv_path is not None:
        write_whole(csv_path, answer.text, column="csv")
    _show(output, answer, csv_path)
    output.result(answer.as_json())


def _list(output: Output) -> None:
    from prorata.analysis.queries import QUERIES

    rows = [(query.name, query.says) for query in QUERIES]
    output.table("Published queries", ("name", "what it says"), rows)
    output.result(
        {
            "queries": [
                {"name": query.name, "says": query.says, "columns": list(query.columns)}
                for query in QUERIES
            ]
        }
    )


def _show(output: Output, answer: Answer, csv_path: Path | None) -> None:
    columns, shown = answer.columns_for_people, answer.text_rows
    title = f"{answer.query.name} after block {answer.block:,}, by {answer.engine}"
    if len({row[0] for row in shown}) == 1:
        # One asset's address in every row would only take the place of what differs.
        title += f", of {shown[0][0]}"
        columns, shown = columns[1:], [row[1:] for row in shown]
    more = f"in {csv_path}" if csv_path else "`--csv FILE` writes them all"
    output.table(title, columns, shown, more=more)
    output.say(f"  {counted(len(shown), 'row')}; amounts are in smallest units")
    if answer.added:
        output.say(
            f"  {counted(answer.added, 'amount')} of 10^31 or more: no engine adds these, so they "
            "were added one by one"
        )
    output.say(f"  digest      {answer.digest}")
    if csv_path is not None:
        output.say(f"  written to  {csv_path}")
