# SPDX-License-Identifier: MIT
"""Analyse an asset: yields, returns, concentration, liquidity and risk, each figure with why."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from prorata.analysis.accruals import read_accruals
from prorata.analysis.concentration import Part
from prorata.analysis.figures import DAY
from prorata.analysis.marks import MarkKind
from prorata.analysis.periods import Interval
from prorata.analysis.returns import Growth, growth
from prorata.analysis.risk import Pair, correlations
from prorata.analysis.splits import restated_marks
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
from prorata.reports.analytics import CountryFlow, Group, Wish, analysed, country_flows, grown
from prorata.reports.asset_facts import AssetFacts, Known, distributions_of, series_of, splits_of
from prorata.values.addresses import check_address
from prorata.values.times import moment, parse_time

F = TypeVar("F", bound=Callable[..., Any])

NO_ADVICE = "figures by published formulas: no rating, and no advice"
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
    wish, same, reporting = _wish(options), _same(options["same"]), reporting_of(options)
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
        pairs = _correlations(ledger, desk, known, facts, wish)
        when, head = ledger.when, ledger.facts
    countries = country_flows(facts) if facts.known.persons is not None else []
    session.output.say(escape(f"{facts.symbol}, {when}"))
    _show(session.output, groups, pairs, countries)
    for one in facts.left_out:
        session.output.say(f"Left out: {one}.")
    session.output.result(
        json_object(
            {
                **head,
                "as_of": moment(facts.as_of),
                "currency": facts.currency,
                "left_out": list(facts.left_out),
                "groups": [
                    {"title": one.title, "figures": [figure.as_json() for figure in one.figures]}
                    for one in groups
                ],
                "correlations": _pairs_as_json(pairs),
                "countries": _countries_as_json(facts, countries),
                "notice": NO_ADVICE,
            }
        )
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


def _same(said: Sequence[str]) -> dict[str, str]:
    """Raises: InputError for what is no pair of currencies."""
    found = {}
    for one in said:
        name, _, other = one.partition("=")
        if not name or not other:
            raise InputError.of("same", one, "is no pair of currencies", "write USDC=USD")
        found[name] = other
    return found


def _correlations(
    ledger: Asked, desk: Desk, known: Known, facts: AssetFacts, wish: Wish
) -> dict[tuple[str, str], Pair]:
    """With each other asset of the database that has marks of the same kind."""
    from prorata.store.register import assets_beside

    series: dict[str, Growth] = {f"{facts.symbol}": grown(facts, wish)}
    kind = series[facts.symbol].kind
    for other in assets_beside(ledger.connection, ledger.asset):
        told, _ = known.marks(
            [one for one in desk.marks(other.token, other.symbol) if one.time <= facts.as_of]
        )
        if kind is None or not series_of(told, kind):
            continue
        books = books_beside(ledger.found, ledger.connection, other)
        splits = splits_of(books, other.token, as_of=facts.as_of)
        kept = series_of(restated_marks(told, splits), kind)
        paid = distributions_of(books, other.token, as_of=facts.as_of, known=known)
        name = other.symbol if other.symbol not in series else other.token
        series[name] = growth(kept, paid)
        if kept and kept[0].currency != facts.currency:
            reason = f"marks in {kept[0].currency} and in {facts.currency}: give --in and --rates"
            series[name] = replace(series[name], levels=(), reason=reason)
    found = correlations(series, interval=wish.interval, as_of=facts.as_of)
    return {names: pair for names, pair in found.items() if facts.symbol in names}


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


def _pairs_as_json(pairs: Mapping[tuple[str, str], Pair]) -> list[dict[str, Any]]:
    return [
        {
            "assets": list(names),
            "pearson": pair.pearson.as_json(),
            "spearman": pair.spearman.as_json(),
        }
        for names, pair in pairs.items()
    ]


def _countries_as_json(
    facts: AssetFacts, countries: Sequence[CountryFlow] | None
) -> dict[str, Any]:
    reason = None
    if facts.known.persons is None:
        reason = "no office says who is behind the wallets"
    elif countries is None:
        reason = f"it would point at fewer than {FEWEST} people"
    flows = [
        {"from": one.origin, "to": one.receiver, "shares": str(one.shares)}
        for one in countries or ()
    ]
    return {"flows": flows, "reason": reason}
