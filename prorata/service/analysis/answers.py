# SPDX-License-Identifier: MIT
"""What the process that analyses does: it reads one snapshot of the ledger, and makes a document.

Everything here runs there and not in the worker. It reads the ledger only; that it has read who
people are, the office's trail says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from typing import Any

from sqlalchemy import Connection

from prorata.analysis.benchmark import Benchmark
from prorata.analysis.concentration import Part
from prorata.analysis.figures import DAY
from prorata.analysis.marks import Mark, MarkKind
from prorata.analysis.periods import Interval
from prorata.ledger.audits import usual_market
from prorata.ledger.books import Books
from prorata.reports.analysis_documents import analysis_document, benchmark_document
from prorata.reports.analytics import Beside, Wish, analysed, correlated, country_flows
from prorata.reports.asset_facts import AssetFacts, Known, facts_of, same_currencies
from prorata.reports.benchmarks import benchmark_line
from prorata.service.analysis.points import points_of
from prorata.service.analysis.questions import Office, Place, Seen, Series, Wished
from prorata.service.analysis.stored_books import stored_books
from prorata.store.asof import FollowedAsset, balances
from prorata.store.database import Database
from prorata.store.holder_pages import require_standing
from prorata.store.marks import marks
from prorata.store.office import Office as OpenOffice
from prorata.store.office_people import people
from prorata.store.standing import read_sources
from prorata.values.addresses import checksummed
from prorata.values.countries import country_name

__all__ = ["benchmark", "metrics", "series"]

UNNAMED = (
    "who is behind the wallets is told to keys of the asset's own with the scope read:register"
)
_ON = {"nav": MarkKind.NAV, "price": MarkKind.PRICE, "appraisal": MarkKind.APPRAISAL}


def metrics(
    place: Place, asset: FollowedAsset, others: Sequence[FollowedAsset], wished: Wished
) -> dict[str, Any]:
    """Every figure of an asset, and its correlation with those `others`."""
    wish = Wish(
        interval=Interval(wished.interval),
        on=None if wished.on is None else _ON[wished.on],
        oldest=wished.oldest_days * DAY,
        frequency=wished.frequency,
    )
    with _snapshot(place, asset) as connection:
        desk = _Desk(place, connection, same_currencies(wished.same))
        facts = desk.facts(asset)
        groups = analysed(facts, wish, spreads=[])
        beside = (
            Beside(one.token, one.symbol, desk.marks(one), partial(desk.books, one))
            for one in others
        )
        pairs = correlated(facts, wish, beside)
    named = facts.known.persons is not None
    return analysis_document(facts, groups, pairs, country_flows(facts) if named else [])


def series(place: Place, asset: FollowedAsset, wanted: Series) -> dict[str, Any]:
    """Points of a series in the order of their times."""
    with _snapshot(place, asset) as connection:
        desk = _Desk(place, connection, {})
        return points_of(connection, desk.facts(asset), asset, place.cursor.block, wanted)


def benchmark(place: Place, seen: Sequence[Seen]) -> dict[str, Any]:
    """Assets of one chain with the same columns."""
    with _snapshot(place, seen[0].asset) as connection:
        desk = _Desk(place, connection, {})
        lines = [
            benchmark_line(desk.facts(one.asset), Wish(), one.asset_class, one.score)
            for one in seen
        ]
    return benchmark_document(Benchmark(lines))


@contextmanager
def _snapshot(place: Place, asset: FollowedAsset) -> Iterator[Connection]:
    """One snapshot of the ledger, in which the moment is what it was.

    Raises: MomentGoneError when it is not; StoreError.
    """
    # A ledger that was derived anew has taken the file's place: so it is opened for each question.
    database = Database.open(place.ledger)
    try:
        with database.snapshot() as connection:
            require_standing(connection, asset.id, place.cursor)
            yield connection
    finally:
        database.close()


class _Desk:
    """What is known beside the chain, for assets of one chain at one moment."""

    def __init__(self, place: Place, connection: Connection, same: dict[str, str]) -> None:
        self.place = place
        self.connection = connection
        self.same = same

    def facts(self, asset: FollowedAsset) -> AssetFacts:
        """The facts of an asset.

        Raises: BooksError, StoreError.
        """
        held = balances(self.connection, asset.id, self.place.cursor.block)
        return facts_of(
            self.books(asset),
            asset.token,
            as_of=self.place.second,
            balances={str(checksummed(wallet)): shares for wallet, shares in held.items()},
            marks=self.marks(asset),
            known=self._known(asset),
        )

    def books(self, asset: FollowedAsset) -> Books:
        """The books of an asset."""
        place = self.place
        return stored_books(self.connection, asset, place.cursor.block, place.second, place.units)

    def marks(self, asset: FollowedAsset) -> list[Mark]:
        """The marks of an asset that the office has."""
        told = self.place.office
        if told is None:
            return []
        kept = marks(_office(told), self.place.chain_id, asset.token)
        return [Mark.of(asset.symbol, vars(one)) for one in kept]

    def _known(self, asset: FollowedAsset) -> Known:
        """Who is behind wallets is told to few; what a wallet is, is told by no name."""
        sources = (one.address for one in read_sources(self.connection, asset))
        parts = dict.fromkeys((*sources, *usual_market().addresses), Part.POOL)
        told, chain_id = self.place.office, self.place.chain_id
        if told is None:
            return Known(None, {}, parts, self.same)
        persons: dict[str, str] = {}
        countries: dict[str, str] = {}
        for one in people(_office(told), chain_id, action="people.analyse"):
            persons |= dict.fromkeys(one.on(chain_id), one.id)
            if one.country is not None:
                countries[one.id] = country_name(one.country)
            if one.kind == Part.TREASURY.value:
                parts |= dict.fromkeys(one.on(chain_id), Part.TREASURY)
        if not told.persons:
            return Known(None, {}, parts, self.same, unnamed=UNNAMED)
        return Known(persons or None, countries, parts, self.same)


@cache
def _opened(place: str) -> OpenOffice:
    return OpenOffice.open(place, who="prorata serve")


def _office(told: Office) -> OpenOffice:
    opened = _opened(told.place)
    return OpenOffice(opened.database, who=told.who, tenant=told.tenant, folder=opened.folder)
