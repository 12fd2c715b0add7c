# SPDX-License-Identifier: MIT
"""What the commands of analysis read: the office's people and marks, the books, posted orders."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from prorata.analysis.concentration import Part
from prorata.analysis.figures import DAY, Figure
from prorata.analysis.liquidity import posted_spread
from prorata.analysis.marks import Mark
from prorata.analysis.reporting import Reporting
from prorata.analysis.sheets import read_rates
from prorata.cli.ledger.asking import Asked
from prorata.cli.office import office_place_of, open_office_of
from prorata.cli.session import Session
from prorata.deployments.deployment import Deployment
from prorata.errors import InputError
from prorata.ledger.audits import audit, audit_deployment, usual_market
from prorata.ledger.books import Books
from prorata.market.tape import read_tape
from prorata.reports.asset_facts import AssetFacts, Known, facts_of
from prorata.values.addresses import checksummed
from prorata.values.countries import country_name

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from prorata.store.asof import FollowedAsset
    from prorata.store.office import Office

__all__ = [
    "Desk",
    "asset_facts",
    "books_beside",
    "facts_beside",
    "own_contracts",
    "reporting_of",
    "reporting_options",
    "spreads",
]


F = TypeVar("F", bound=Callable[..., Any])


def reporting_options(function: F) -> F:
    """One currency for all figures."""
    for option in (
        click.option(
            "--oldest-rate",
            type=click.IntRange(min=1),
            default=7,
            show_default=True,
            metavar="DAYS",
            help="How old an exchange rate may be.",
        ),
        click.option(
            "--rates",
            type=click.Path(dir_okay=False, path_type=Path),
            metavar="FILE",
            help="Exchange rates into that currency: CSV with time, currency, value and source.",
        ),
        click.option("--in", "currency", metavar="CURRENCY", help="All figures in one currency."),
    ):
        function = option(function)
    return function


def reporting_of(options: Mapping[str, Any]) -> Reporting | None:
    """The currency that the options name, and the rates into it.

    Raises: InputError for rates without a currency, or a file with a fault.
    """
    currency, rates = options["currency"], options["rates"]
    if currency is None:
        if rates is not None:
            rule = "has rates into a currency that is not named"
            raise InputError.of("rates", rates, rule, "give --in, too, such as --in USD")
        return None
    read = [] if rates is None else read_rates(rates)
    return Reporting(currency, read, options["oldest_rate"] * DAY)


class Desk:
    """The office of a deployment, if there is one: its people and its marks."""

    def __init__(self, session: Session, found: Deployment, known_at: int | None) -> None:
        self.session = session
        self.found = found
        self.known_at = known_at

    def _has_office(self) -> bool:
        from prorata.store.office import has_office

        return has_office(office_place_of(self.found.folder, self.session.database))

    def known(
        self, parts: dict[str, Part], same: dict[str, str], reporting: Reporting | None = None
    ) -> Known:
        """What is known of wallets: the office's people, and what the options say."""
        found = dict.fromkeys(own_contracts(self.found), Part.POOL)
        if not self._has_office():
            return Known(None, {}, {**found, **parts}, same, reporting)
        from prorata.store.office_people import people

        chain_id = self.found.manifest.chain_id
        persons: dict[str, str] = {}
        countries: dict[str, str] = {}
        with open_office_of(self.found.folder, self.session.database) as office:
            for one in people(office, chain_id, action="people.analyse"):
                persons |= dict.fromkeys(one.on(chain_id), one.id)
                if one.country is not None:
                    countries[one.id] = country_name(one.country)
                if one.kind == Part.TREASURY.value:
                    found |= dict.fromkeys(one.on(chain_id), Part.TREASURY)
        return Known(persons or None, countries, {**found, **parts}, same, reporting)

    def marks(self, token: str, name: str) -> list[Mark]:
        """The marks of an asset, as they were known."""
        if not self._has_office():
            return []
        with open_office_of(self.found.folder, self.session.database) as office:
            return self._read(office, token, name)

    def _read(self, office: Office, token: str, name: str) -> list[Mark]:
        from prorata.store.marks import marks

        chain_id = self.found.manifest.chain_id
        kept = marks(office, chain_id, token, known_at=self.known_at)
        return [Mark.of(name, vars(one)) for one in kept]


def own_contracts(found: Deployment) -> list[str]:
    """Contracts of the deployment and of the market: what they hold is others'."""
    own = [one.address for one in found.manifest.contracts.values()]
    return [*own, *usual_market().addresses]


def asset_facts(ledger: Asked, desk: Desk, known: Known) -> AssetFacts:
    """The facts of the asset that was asked for.

    Raises: BooksError when ledger and books differ.
    """
    return _facts(ledger, desk, known, ledger.asset, audit_deployment(ledger.found).books)


def facts_beside(ledger: Asked, desk: Desk, known: Known, asset: FollowedAsset) -> AssetFacts:
    """The facts of any asset of the same database, at the same moment.

    Raises: BooksError when ledger and books differ.
    """
    if asset.id == ledger.asset.id:
        return asset_facts(ledger, desk, known)
    books = books_beside(ledger.found, ledger.connection, asset)
    return _facts(ledger, desk, known, asset, books)


def _facts(
    ledger: Asked, desk: Desk, known: Known, asset: FollowedAsset, books: Books
) -> AssetFacts:
    from prorata.store.asof import balances

    held = balances(ledger.connection, asset.id, ledger.moment.block)
    return facts_of(
        books,
        asset.token,
        as_of=ledger.second,
        balances={str(checksummed(wallet)): shares for wallet, shares in held.items()},
        marks=desk.marks(asset.token, asset.symbol),
        known=known,
    )


def books_beside(found: Deployment, connection: Connection, asset: FollowedAsset) -> Books:
    """The books of another asset of the same database."""
    from prorata.store.standing import read_sources

    contracts = read_sources(connection, asset)
    vault = next(one.address for one in contracts if one.kind == "DividendVault")
    return audit(
        found.chain,
        vault,
        [asset.token],
        next(one.first_block for one in contracts if one.kind == "ShareToken"),
        older_vault=True,
        record_ranges=[one.address for one in contracts if one.kind == "RecordRanges"],
        market=usual_market(),
    ).books


def spreads(ledger: Asked) -> Sequence[Figure]:
    """The spread of the orders that are posted now, in each currency; of the past nobody knows."""
    if ledger.occasion is not None:
        return []
    return [
        posted_spread(
            [] if best.bid is None else [best.bid],
            [] if best.ask is None else [best.ask],
            as_of=ledger.second,
        )
        for best in read_tape(ledger.found).best
    ]
