# SPDX-License-Identifier: MIT
"""Analyse an asset: yields, returns, concentration, liquidity and risk, each figure with why."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import click

from prorata.analysis.accruals import read_accruals
from prorata.analysis.concentration import Part
from prorata.analysis.figures import DAY
from prorata.analysis.marks import MarkKind
from prorata.analysis.periods import Interval
from prorata.analysis.risk import Pair
from prorata.cli.command import Command, reading_options
from prorata.cli.ledger.analytics import (
    Desk,
    asset_facts,
    books_beside,
    reporting_of,
    reporting_options,
    spreads,
)
from prorata.cli.ledger.asking import Asked, asked, at_option
from prorata.cli.output import Output, escape
from prorata.cli.session import Session
from prorata.errors import InputError
from prorata.files.writer import json_object
from prorata.register.small_groups import FEWEST
from prorata.reports.analysis_documents import NO_ADVICE, analysis_document
from prorata.reports.analytics import (
    Beside,
    CountryFlow,
    Group,
    Wish,
    analysed,
    correlated,
    country_flows,
)
from prorata.reports.asset_facts import AssetFacts, same_currencies
from prorata.values.addresses import check_address
from prorata.values.times import moment, parse_time

F = TypeVar("F", bound=Callable[..., Any])

ON = {"nav": MarkKind.NAV, "price": MarkKind.PRICE, "appraisal": MarkKind.APPRAISAL}
_PARTS = (Part.TREASURY, Part.POOL, Part.OMNIBUS)


def _part_option(part: Part, told: str) -> Callable[[F], F]:
    return click.option(f"--{part.value}", multiple=True, metavar="ADDRESS", help=told)


@click.command(
    cls=Command,
    examples=(
        "prorata analyse",
        "prorata analyse --at 2027-12-31 --same USDC=USD --frequency 4",
        "prorata analyse 0x… --on price --json",
    ),
)
@click.argument("address", required=False)
@at_option
@click.option("--on", type=click.Choice(tuple(ON)), help="The marks that returns rest on.  "
              "[default: NAV, else prices, else appraisals]")  # fmt: skip
@click.option(
    "--interval",
    type=click.Choice([one.value for one in Interval]),
    default=Interval.MONTH.value,
    show_default=True,
    help="How far apart the marks are that volatility and correlation compare.",
)
@click.option(
    "--oldest",
    type=click.IntRange(min=1),
    default=92,
    show_default=True,
    metavar="DAYS",
    help="How old a mark may be.",
)
@click.option(
    "--frequency",
    type=click.IntRange(1, 366),
    help="How often a year the terms pay, for the forward yield.",
)
@click.option(
    "--accrued",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A YAML file of accrued income and expenses, for the yields of 7 and 30 days.",
)
@click.option("--known-at", metavar="TIME", help="With the marks as they were known then.")
@click.option(
    "--same",
    multiple=True,
    metavar="USDC=USD",
    help="Count a currency as another one; else income in USDC is none of marks in USD.",
)
@reporting_options
@_part_option(Part.TREASURY, "The issuer's own wallet, besides those of the office.")
@_part_option(Part.POOL, "A pool's or a custodian contract's wallet, besides our own contracts.")
@_part_option(Part.OMNIBUS, "A wallet that holds for persons whom nobody here can see.")
@reading_options
def cli(address: str | None, at: str | None, **options: Any) -> None:
    """Analyse an asset, from the ledger, the office's people and its marks.

    Each figure has its value, the time for which it holds, the number of observations, and its
    inputs (`--json`); or it says why it is blank. With the ADDRESS of a holder it has the return of
    its person too. Marks come from `prorata marks`, persons from `prorata ledger people`.
    """
    session = Session.of(options)
    wallet = None if address is None else check_address("address", address)
    said = options["known_at"]
    known_at = None if said is None else parse_time("known-at", said)
    wish, same, reporting = _wish(options), same_currencies(options["same"]), reporting_of(options)
    parts = {check_address(part.value, one): part for part in _PARTS for one in options[part.value]}
    with asked(session, at) as ledger:
        if wish.accruals is not None and wish.accruals.date > ledger.second:
            rule = f"is after {moment(ledger.second)}, of which the figures are"
            dated = moment(wish.accruals.date)
            raise InputError.of("accrued", dated, rule, "give the file of an earlier date")
        desk = Desk(session, ledger.found, known_at)
        known = desk.known(parts, same, reporting)
        facts = asset_facts(ledger, desk, known)
        groups = analysed(facts, wish, spreads=spreads(ledger), wallet=wallet)
        pairs = _correlations(ledger, desk, facts, wish)
        when, head = ledger.when, ledger.facts
    countries = country_flows(facts) if facts.known.persons is not None else []
    session.output.say(escape(f"{facts.symbol}, {when}"))
    _show(session.output, groups, pairs, countries)
    for one in facts.left_out:
        session.output.say(f"Left out: {one}.")
    session.output.result(
        json_object({**head, **analysis_document(facts, groups, pairs, countries)})
    )


def _wish(options: Mapping[str, Any]) -> Wish:
    accrued = options["accrued"]
    return Wish(
        interval=Interval(options["interval"]),
        on=None if options["on"] is None else ON[options["on"]],
        oldest=options["oldest"] * DAY,
        frequency=options["frequency"],
        accruals=None if accrued is None else read_accruals(accrued),
    )


def _correlations(
    ledger: Asked, desk: Desk, facts: AssetFacts, wish: Wish
) -> dict[tuple[str, str], Pair]:
    """With each other asset of the database that has marks of the same kind."""
    from prorata.store.register import assets_beside

    others = (
        Beside(
            other.token,
            other.symbol,
            desk.marks(other.token, other.symbol),
            partial(books_beside, ledger.found, ledger.connection, other),
        )
        for other in assets_beside(ledger.connection, ledger.asset)
    )
    return correlated(facts, wish, others)


def _show(
    output: Output,
    groups: Sequence[Group],
    pairs: Mapping[tuple[str, str], Pair],
    countries: Sequence[CountryFlow] | None,
) -> None:
    for group in groups:
        rows = [
            (one.name, "" if one.value is None else one.text, moment(one.as_of), str(one.n),
             one.reason or "")
            for one in group.figures
        ]  # fmt: skip
        columns = ("figure", "value>", "as of", "n>", "why it is blank")
        output.table(group.title, columns, rows, most=None)
    if pairs:
        cells = [
            (f"{a}, {b}", pair.pearson.text, pair.spearman.text, str(pair.pearson.n))
            for (a, b), pair in pairs.items()
        ]
        output.table("Correlations", ("assets", "Pearson>", "Spearman>", "n>"), cells)
    if countries is None:
        output.say(f"Flows by country would point at fewer than {FEWEST} people: none are shown")
    elif countries:
        ways = [(one.origin, one.receiver, f"{one.shares:,}") for one in countries]
        output.table("Flows by country, in smallest units", ("from", "to", "shares>"), ways)
    output.say(f"These are {NO_ADVICE}.")
