# SPDX-License-Identifier: MIT
"""Put assets of all classes in one table, with the same columns, and why one is blank."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from prorata.analysis.benchmark import COLUMNS, Benchmark, Line
from prorata.analysis.scorecards import read_card
from prorata.analysis.scores import score
from prorata.assets.templates import TEMPLATES
from prorata.cli.command import Command, reading_options
from prorata.cli.ledger.analytics import Desk, facts_beside, reporting_of, reporting_options
from prorata.cli.ledger.asking import Asked, asked, at_option
from prorata.cli.session import Session
from prorata.errors import InputError
from prorata.files.writer import json_object
from prorata.reports.analysis_documents import COMPARISON, benchmark_document
from prorata.reports.analytics import Wish
from prorata.reports.asset_facts import Known
from prorata.reports.benchmarks import Listed, benchmark_line, read_benchmark
from prorata.values.words import counted, listed

if TYPE_CHECKING:
    from prorata.store.asof import FollowedAsset


@click.command(
    cls=Command,
    examples=("prorata benchmark assets.yaml", "prorata benchmark assets.yaml --json"),
)
@click.argument("table", metavar="FILE", type=click.Path(path_type=Path))
@at_option
@reporting_options
@reading_options
def cli(table: Path, at: str | None, **options: Any) -> None:
    """Put several assets of one database in a table, with the same columns for every class.

    FILE is a YAML file that lists `assets`: each has `asset`, a symbol or a token's address,
    `class`, and `card`, the file of its score beside it, if there is one. Nothing is ranked, and
    nothing is averaged. A figure that an asset does not have is blank, and says why. Sizes are in
    the currency of each asset's marks; with --in they are all in one.
    """
    from prorata.store.register import assets_beside

    session = Session.of(options)
    wanted, reporting = read_benchmark(table), reporting_of(options)
    for one in wanted:
        if one.asset_class not in TEMPLATES:
            remedy = f"write {listed([*TEMPLATES])}"
            raise InputError.of("class", one.asset_class, "is no class of assets", remedy)
    with asked(session, at) as ledger:
        followed = [ledger.asset, *assets_beside(ledger.connection, ledger.asset)]
        chosen = [_followed(one.asset, followed) for one in wanted]
        desk = Desk(session, ledger.found, None)
        known = desk.known({}, {}, reporting)
        lines = [
            _line(ledger, desk, known, (one, asset), table.parent)
            for one, asset in zip(wanted, chosen, strict=True)
        ]
        when, head = ledger.when, ledger.facts
    found = Benchmark(lines)
    _show(session, found, when)
    told = {"block": head["block"], "database": head["database"]}
    session.output.result(json_object({**told, **benchmark_document(found)}))


def _followed(named: str, followed: Sequence[FollowedAsset]) -> FollowedAsset:
    """Raises: InputError for what is none of them, or several."""
    found = [one for one in followed if named in (one.symbol, one.token)]
    if not found:
        remedy = f"write one of {listed([one.symbol for one in followed])}"
        raise InputError.of("asset", named, "is not followed in this database", remedy)
    if len(found) > 1:
        remedy = f"write one of {listed([one.token for one in found])}"
        raise InputError.of("asset", named, f"is the symbol of {len(found)} assets", remedy)
    return found[0]


def _line(
    ledger: Asked, desk: Desk, known: Known, named: tuple[Listed, FollowedAsset], folder: Path
) -> Line:
    one, asset = named
    facts = facts_beside(ledger, desk, known, asset)
    scored = None if one.card is None else score(*read_card(folder / one.card))
    return benchmark_line(facts, Wish(), one.asset_class, scored)


def _show(session: Session, found: Benchmark, when: str) -> None:
    lines = found.ordered
    cells = [
        ("class", *(one.asset_class for one in lines)),
        ("currency", *(one.figures["size"].inputs.get("currency", "") for one in lines)),
        *((name, *(_cell(one, name) for one in lines)) for name in COLUMNS),
        ("score", *(one.span for one in lines)),
    ]
    heads = ("figure", *(f"{one.asset}>" for one in lines))
    session.output.table(f"{counted(len(lines), 'asset')}, {when}", heads, cells, most=None)
    for one in lines:
        for name in COLUMNS:
            if not _there(one, name):
                reason = one.figures[name].reason
                session.output.say(f"Blank: {one.asset}, {name}: {reason}.")
    if found.missing_classes:
        session.output.say(f"No asset of: {listed(found.missing_classes)}.")
    session.output.say(f"This is {COMPARISON}.")


def _there(one: Line, name: str) -> bool:
    return one.figures[name].value is not None


def _cell(one: Line, name: str) -> str:
    return one.figures[name].text if _there(one, name) else "blank"
