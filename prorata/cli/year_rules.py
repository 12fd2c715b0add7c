# SPDX-License-Identifier: MIT
"""The options that say in which year income counts, and for whom."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from prorata.assets.year_rules import DATES, YearRule, parse_deciding_date
from prorata.cli.output import Output
from prorata.deployments.deployment import Deployment
from prorata.reports.usual import RECIPIENTS, year_rules
from prorata.tax.years import YearRules
from prorata.values.countries import find_country
from prorata.values.times import parse_zone

__all__ = ["year_options", "year_rules_of"]

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--year-rule",
        "year_rule",
        metavar="RULE",
        help="In which year income counts, for everybody: payable, paid, or a country whose rule "
        "it is, such as US.  [default: each holder's country's]",
    ),
    click.option(
        "--zone",
        help="In whose calendar, for everybody: an IANA time zone such as America/New_York.  "
        "[default: the rule's]",
    ),
    click.option(
        "--investors",
        type=click.Path(dir_okay=False, path_type=Path),
        help="A register of investors in CSV to take countries from.  [default: the asset's "
        f"registry, and {RECIPIENTS} in the deployment's folder]",
    ),
    click.option(
        "--tax-settings",
        type=click.Path(dir_okay=False, path_type=Path),
        help="A file of rates whose `years:` says which rule is whose.  [default: the last one "
        "that was put in force]",
    ),
)


def year_options(function: F) -> F:
    """Add the options to a command."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def year_rules_of(
    options: Mapping[str, Any], found: Deployment, wallets: Iterable[str], output: Output
) -> YearRules:
    """The rules that the options name, for the holders with `wallets`.

    Raises: InputError for options and files that say what nobody knows; ChainError.
    """
    if (zone := options["zone"]) is not None:
        parse_zone(zone)
    named = options["year_rule"]
    return year_rules(
        found,
        wallets,
        force=lambda rules: None if named is None else _forced(named, rules),
        zone=zone,
        settings=options["tax_settings"],
        investors=options["investors"],
        recipients=options.get("recipients"),
        notice=output.notice,
    )


def _forced(text: str, rules: YearRules) -> YearRule:
    """The rule of a country, or one date in the default's calendar."""
    if text in DATES or text == text.lower():
        date = parse_deciding_date(text, "year-rule")
        return YearRule(date=date, zone=rules.default.zone)
    return rules.by_country.get(find_country(text, "year-rule").code, rules.default)
