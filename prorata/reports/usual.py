# SPDX-License-Identifier: MIT
"""What statements are made with where nobody says otherwise: from a deployment's folder and chain.

The folder may have `issuer.yaml`, who sends them, and `recipients.csv`, who receives them. The
countries of holders, by which the rule of the year is chosen, are those of that file, or else of
the registry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from prorata.assets.withholding import PolicySettings
from prorata.assets.year_rules import YearRule
from prorata.chain.rpc import BusyError
from prorata.contracts.registry import Investor
from prorata.deployments.deployment import Deployment
from prorata.errors import ChainError, DeploymentError
from prorata.register.investors import countries_of, read_investors
from prorata.reports.mailing import Post
from prorata.reports.recipients import Issuer, read_recipients
from prorata.tax.years import US, YearRules, noted_years
from prorata.values.countries import find_country

__all__ = ["ISSUER", "RECIPIENTS", "post_of", "year_rules"]

ISSUER, RECIPIENTS = "issuer.yaml", "recipients.csv"
"""Who sends statements and who receives them, in a deployment's folder."""


def post_of(found: Deployment, issuer: Path | None = None, recipients: Path | None = None) -> Post:
    """What letters need: files that were named, or those of the deployment's folder.

    Raises: InputError with every fault in them; ChainError.
    """
    sender = _named(issuer, found.folder / ISSUER)
    receivers = _named(recipients, found.folder / RECIPIENTS)
    return Post(
        issuer=Post().issuer if sender is None else Issuer.load(sender),
        recipients={} if receivers is None else read_recipients(receivers),
        asset=found.settings.name,
        countries=countries_of(found),
    )


def _named(path: Path | None, usual: Path) -> Path | None:
    if path is not None:
        return path
    return usual if usual.exists() else None


# --------------------------------------------------------------------------------------- the years


def year_rules(
    found: Deployment,
    wallets: Iterable[str],
    *,
    force: Callable[[YearRules], YearRule | None] = lambda _: None,
    zone: str | None = None,
    settings: Path | None = None,
    investors: Path | None = None,
    recipients: Path | None = None,
    notice: Callable[[str], None] = lambda _: None,
) -> YearRules:
    """The rules for the holders with `wallets`; `force` may choose one of them for everybody.

    `notice` hears what is not known.

    Raises: InputError for files that say what nobody knows; ChainError.
    """
    noted = noted_years(found) if settings is None else PolicySettings.load(settings).years
    rules = YearRules().set_by(noted)
    forced = force(rules)
    known = _investors(investors, found, list(wallets), notice)
    registered = {who: one.country for who, one in known.items() if one.country}
    written, americans = _receivers(recipients, found)
    return replace(
        rules,
        forced=forced,
        zone=zone,
        countries={**registered, **written, **dict.fromkeys(americans, US)},
        eligible_until={who: one.eligible_until for who, one in known.items()},
    )


def _receivers(file: Path | None, found: Deployment) -> tuple[dict[str, int], list[str]]:
    """The countries of those who receive statements, and who of them is a person of the US."""
    path = file or found.folder / RECIPIENTS
    if file is None and not path.exists():
        return {}, []
    known = read_recipients(path)
    countries = {who: find_country(one.country).code for who, one in known.items() if one.country}
    return countries, [who for who, one in known.items() if one.us_person is True]


def _investors(
    file: Path | None, found: Deployment, wallets: list[str], notice: Callable[[str], None]
) -> Mapping[str, Investor]:
    if file is not None:
        return {row.address: row.investor for row in read_investors(file)}
    try:
        known = found.registry().investors_of(wallets)
    except DeploymentError:
        return {}
    except BusyError:
        raise
    except ChainError:
        notice(
            f"the registry of {found.settings.symbol} does not tell countries: give --investors, "
            "or every holder's income counts by the default rule"
        )
        return {}
    pairs = zip(wallets, known, strict=True)
    return {wallet: one for wallet, one in pairs if one.person}
