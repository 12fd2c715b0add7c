# SPDX-License-Identifier: MIT
"""The options that say in which year income counts, and for whom."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from prorata.assets.withholding import PolicySettings
from prorata.assets.year_rules import DATES, YearRule, parse_deciding_date
from prorata.chain.rpc import BusyError
from prorata.cli.output import Output
from prorata.contracts.registry import Investor
from prorata.deployments.deployment import Deployment
from prorata.errors import ChainError, DeploymentError
from prorata.register.investors import read_investors
from prorata.reports.recipients import read_recipients
from prorata.tax.years import US, YearRules, noted_years
from prorata.values.countries import find_country
from prorata.values.times import parse_zone

__all__ = ["RECIPIENTS", "year_options", "year_rules_of"]

RECIPIENTS = "recipients.csv"
"""Who receives statements, in a deployment's folder."""

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
    source = options["tax_settings"]
    settings = noted_years(found) if source is None else PolicySettings.load(source).years
    rules = YearRules().set_by(settings)
    if (zone := options["zone"]) is not None:
        parse_zone(zone)
    forced = None if options["year_rule"] is None else _forced(options["year_rule"], rules)
    investors = _investors(options["investors"], found, list(wallets), output)
    registered = {who: one.country for who, one in investors.items() if one.country}
    written, americans = _receivers(options.get("recipients"), found)
    return replace(
        rules,
        forced=forced,
        zone=zone,
        countries={**registered, **written, **dict.fromkeys(americans, US)},
        eligible_until={who: one.eligible_until for who, one in investors.items()},
    )


def _receivers(file: Path | None, found: Deployment) -> tuple[dict[str, int], list[str]]:
    """The countries of those who receive statements, and who of them is a person of the US."""
    path = file or found.folder / RECIPIENTS
    if file is None and not path.exists():
        return {}, []
    known = read_recipients(path)
    countries = {who: find_country(one.country).code for who, one in known.items() if one.country}
    return countries, [who for who, one in known.items() if one.us_person is True]


def _forced(text: str, rules: YearRules) -> YearRule:
    """The rule of a country, or one date in the default's calendar."""
    if text in DATES or text == text.lower():
        date = parse_deciding_date(text, "year-rule")
        return YearRule(date=date, zone=rules.default.zone)
    return rules.by_country.get(find_country(text, "year-rule").code, rules.default)


def _investors(
    file: Path | None, found: Deployment, wallets: list[str], output: Output
) -> dict[str, Investor]:
    if file is not None:
        return {row.address: row.investor for row in read_investors(file)}
    try:
        known = found.registry().investors_of(wallets)
    except DeploymentError:
        return {}
    except BusyError:
        raise
    except ChainError:
        output.notice(
            f"the registry of {found.settings.symbol} does not tell countries: give --investors, "
            "or every holder's income counts by the default rule"
        )
        return {}
    pairs = zip(wallets, known, strict=True)
    return {wallet: one for wallet, one in pairs if one.person}
