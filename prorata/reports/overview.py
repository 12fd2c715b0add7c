# SPDX-License-Identifier: MIT
"""The overview of an asset: one page that needs nothing else, to be read, printed and published.

It names no person: holders are a number, a place among the largest, and an account as the chain
shows it. Every figure is of one block, which the page names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from prorata.analysis.concentration import TOP, Held, Part, concentrations
from prorata.analysis.figures import Figure
from prorata.files.writer import write_whole
from prorata.ledger.audits import Audit
from prorata.ledger.unclaimed import BUCKETS, NOT_DUE, Owed
from prorata.register.documents import Document
from prorata.reports.charted_pages import ChartedPage, Section, charted_page
from prorata.reports.charts import (
    Chart,
    Series,
    amounts,
    bars,
    count,
    donut,
    lorenz,
    share,
    stacked,
    steps,
)
from prorata.reports.charts.canvas import GREEN, GREY, ORANGE
from prorata.reports.documents import DistributionRow
from prorata.reports.pages import PageTable
from prorata.reports.statements import distribution_rows
from prorata.reports.tables import verdict
from prorata.values.amounts import Amount, Unit, percent
from prorata.values.times import moment
from prorata.values.words import counted

__all__ = ["Overview", "Record", "overview_of", "overview_page", "write_overview"]

LATEST = 12
"""Of records, distributions and documents so many are shown, the latest ones."""

LARGEST, CURRENCIES = 10, 3
_MEASURES = {
    "HHI": "sum of the squared parts; 10,000 if one holds all",
    "effective holders": "so many of the same size are as concentrated",
    "Nakamoto": "the fewest that together have more than half",
    **{f"top {number}": f"the largest {number} hold" for number in TOP},
    "top 1": "the largest holds",
    "Gini": "0 if all hold the same; towards 1 the fewer hold all",
}
FINE = """\
Rebuilt from the events of the contracts above and compared with what they answer, at the block
above. An account is a wallet, not a person: one person may have several, and one account may hold
for many. Beside every chart stands a table with its figures. This page is no offer and no advice.\
"""
LONGEST = 120
"""Letters of a document's address: a longer one is cut, so that the page keeps its size."""


@dataclass(frozen=True)
class Record:
    """A record date; `shares` and `holders` are known once it has closed."""

    number: int
    closes_at: int | None
    """None: it was cancelled."""
    shares: Amount | None = None
    holders: int | None = None


@dataclass(frozen=True)
class Overview:
    """What the page says: plain data, wherever it comes from.

    `unclaimed` has for each currency what is owed by age. `excluded` accounts earn nothing, as
    treasury shares. `pools` are our own contracts, which hold for others: neither counts among the
    holders. `more` are further facts about the holdings: names and values.
    """

    name: str
    shares: Unit
    chain_id: int
    block: int
    block_hash: str
    as_of: int
    token: str
    vault: str
    verdict: str
    authorised: Amount | None
    balances: Mapping[str, int]
    excluded: frozenset[str] = frozenset()
    pools: frozenset[str] = frozenset()
    frozen: int = 0
    records: Sequence[Record] = ()
    distributions: Sequence[DistributionRow] = ()
    unclaimed: Mapping[Unit, Mapping[str, int]] | None = None
    documents: Sequence[Document] = ()
    more: Sequence[tuple[str, str]] = ()

    @property
    def supply(self) -> int:
        """All shares, in their smallest unit."""
        return sum(self.balances.values())

    def part(self, account: str) -> Part:
        """What an account is; who earns nothing is no holder, whatever else it is."""
        if account in self.excluded:
            return Part.TREASURY
        return Part.POOL if account in self.pools else Part.HOLDER

    def apart(self, part: Part) -> int:
        """The shares of all accounts that are this."""
        return sum(shares for one, shares in self.balances.items() if self.part(one) is part)

    @cached_property
    def holders(self) -> list[tuple[str, int]]:
        """Who holds and earns, the largest first."""
        held = [item for item in self.balances.items() if self.part(item[0]) is Part.HOLDER]
        return sorted(held, key=lambda item: (-item[1], item[0]))

    @cached_property
    def concentration(self) -> Mapping[str, Figure]:
        """How concentrated the shares are, by wallet: who is behind one, no chain knows."""
        held = [Held(one, shares, None, self.part(one)) for one, shares in self.balances.items()]
        return concentrations(held, as_of=self.as_of)["wallet"].figures


# --------------------------------------------------------------------------------------- from books


def overview_of(
    audit: Audit,
    token: str,
    *,
    name: str,
    authorised: int | None = None,
    documents: Sequence[Document] = (),
    pools: Iterable[str] = (),
) -> Overview:
    """The overview of an audited token; `pools` are contracts that hold for others."""
    books, block = audit.books, audit.answers.block
    ledger, unit = books.ledgers[token], books.unit(token)
    declared = books.of_asset(token)
    return Overview(
        name=name,
        shares=unit,
        chain_id=audit.answers.chain_id,
        block=block.number,
        block_hash=block.hash,
        as_of=books.until,
        token=token,
        vault=books.vault,
        verdict=verdict(audit),
        authorised=None if authorised is None else unit.amount(authorised),
        balances=ledger.balances,
        excluded=frozenset(declared[-1].terms.excluded) if declared else frozenset(),
        pools=frozenset(pools),
        frozen=sum(ledger.is_frozen(account) for account in ledger),
        records=tuple(_records(audit, token)),
        distributions=tuple(distribution_rows(books, books.paying(token))),
        unclaimed=unclaimed_of(audit, token),
        documents=documents,
    )


def _records(audit: Audit, token: str) -> Iterator[Record]:
    ledger, unit = audit.books.ledgers[token], audit.books.unit(token)
    for number, closes_at in enumerate(ledger.record_times, start=1):
        if ledger.is_closed(number):
            shares, holders = ledger.total_supply_at(number), len(ledger.balances_at(number))
            yield Record(number, closes_at, unit.amount(shares), holders)
        else:
            yield Record(number, closes_at)


def unclaimed_of(audit: Audit, token: str) -> dict[Unit, dict[str, int]]:
    """What holders have not been paid of the open distributions, gross, by currency and age."""
    books = audit.books
    found: dict[Unit, dict[str, int]] = {}
    for one in books.of_asset(token):
        if one.division is None or one.is_over or one.cancelled:
            continue
        sums = found.setdefault(books.unit(one.currency), dict.fromkeys((NOT_DUE, *BUCKETS), 0))
        since = max(one.payable_from, one.record_time + 1, one.declared_at)
        for holder in one.unsettled:
            gross = one.division.gross[holder]
            sums[Owed(holder, "", gross, since, books.until, "").bucket] += gross
    return {unit: sums for unit, sums in found.items() if any(sums.values())}


# ---------------------------------------------------------------------------------------- the page


def write_overview(overview: Overview, path: Path) -> Path:
    """Write the page, whole or not at all; where it is.

    Raises: InputError when it cannot be written.
    """
    write_whole(path, overview_page(overview), column="page")
    return path


def overview_page(overview: Overview) -> str:
    """The page: one HTML file, without script, that asks nothing of anybody."""
    symbol, block = overview.shares.symbol, f"{overview.block:,}"
    income, unclaimed = list(_income(overview)), list(_unclaimed(overview))
    tables = _concentration_tables(overview)
    return charted_page(
        ChartedPage(
            title=f"{overview.name} ({symbol})",
            heading=overview.name,
            subtitle=f"{symbol}, as of {_day(overview.as_of)}, block {block} of chain "
            f"{overview.chain_id}",
            verdict=overview.verdict,
            cards=_facts(overview),
            sections=[
                Section("Shares and holders", _ownership(overview), tables),
                Section("Income", *_few(income, _income_tables(overview))),
                Section("Unclaimed income", *_few(unclaimed, [])),
                Section("Record dates", list(_supply(overview)), _record_tables(overview)),
                Section("Documents", [], _document_tables(overview)),
            ],
            source=[
                ("Share token", overview.token),
                ("Dividend vault", overview.vault),
                ("Chain", str(overview.chain_id)),
                ("Block", block),
                ("Block hash", overview.block_hash),
                ("Time of the block", moment(overview.as_of)),
                *overview.more,
            ],
            fine=FINE,
        )
    )


def _few(
    charts: Sequence[Chart], tables: Sequence[PageTable]
) -> tuple[Sequence[Chart], Sequence[PageTable], str]:
    """The charts of a few currencies, the last ones, and how many there are besides."""
    more = len(charts) - CURRENCIES
    told = counted(more, "more currency", "more currencies")
    note = f"And {told}: `prorata books` has them." if more > 0 else ""
    return charts[-CURRENCIES:], tables, note


def _facts(overview: Overview) -> list[tuple[str, str]]:
    """At a glance."""
    supply, unit = overview.supply, overview.shares
    treasury, pooled = overview.apart(Part.TREASURY), overview.apart(Part.POOL)
    facts = [("Shares", unit.amount(supply).text)]
    if overview.authorised is not None:
        facts.append(("Authorised", overview.authorised.text))
    facts.append(("Accounts that hold shares", f"{len(overview.balances):,}"))
    if treasury:
        told = f"{unit.amount(treasury).text} ({percent(treasury, supply)})"
        facts.append(("Shares that earn nothing", told))
    if pooled:
        told = f"{unit.amount(pooled).text} ({percent(pooled, supply)})"
        facts.append(("Shares in contracts", told))
    if overview.frozen:
        facts.append(("Frozen accounts", f"{overview.frozen:,}"))
    closed = [record for record in overview.records if record.shares is not None]
    if closed and closed[-1].closes_at is not None:
        facts.append(("Latest record date", _day(closed[-1].closes_at)))
    return [*facts, ("Distributions", f"{len(overview.distributions):,}")]


# -------------------------------------------------------------------------------------- ownership


def _ownership(overview: Overview) -> list[Chart]:
    holders = overview.holders
    if not sum(shares for _, shares in holders):
        return []
    return [
        _ring(overview, holders),
        _largest(overview, holders),
        lorenz(
            "How equally the shares are held",
            f"Lorenz curve of {counted(len(holders), 'account')} that earn. On the diagonal, all "
            "would hold the same; the further below it, the fewer hold much.",
            [shares for _, shares in holders],
            first="accounts",
        ),
    ]


def _ring(overview: Overview, holders: Sequence[tuple[str, int]]) -> Chart:
    """The largest, the next, all others, what contracts hold, and who earns nothing."""
    groups = [("largest account", holders[:1])]
    if len(holders) > 1:
        number = len(holders[1:LARGEST])
        groups.append((f"next {number}", holders[1:LARGEST]))
    if len(holders) > LARGEST:
        groups.append((f"all {len(holders) - LARGEST:,} others", holders[LARGEST:]))
    sums = [(label, sum(shares for _, shares in part)) for label, part in groups]
    for label, part in (("in contracts", Part.POOL), ("earn nothing", Part.TREASURY)):
        if units := overview.apart(part):
            sums.append((label, units))
    figures = [share(units, overview.supply) for _, units in sums]
    told = ", ".join(
        f"{label} {figure.text}" for (label, _), figure in zip(sums, figures, strict=True)
    )
    labels = [label for label, _ in sums]
    return donut(
        "Who holds the shares", f"Of all shares: {told}.", labels, Series("of all", figures),
        middle=overview.shares.symbol, first="accounts",
    )  # fmt: skip


def _largest(overview: Overview, holders: Sequence[tuple[str, int]]) -> Chart:
    unit, shown, figures = overview.shares, holders[:LARGEST], overview.concentration
    parts = [
        f"the largest {number} hold {figures[f'top {number}'].text}"
        for number in TOP
        if number <= len(holders)
    ]
    return bars(
        f"The largest {len(shown)}" if len(shown) > 1 else "The largest",
        f"Shares of the largest accounts. Of what holders have, {'; '.join(parts)}.",
        [f"{account[:6]}…{account[-4:]}" for account, _ in shown],
        [Series("shares", amounts([unit.amount(shares) for _, shares in shown]))],
        first="account",
    )


def _concentration_tables(overview: Overview) -> list[PageTable]:
    """Each measure with what it says; of wallets that hold nothing there is none."""
    rows = [
        (figure.name, figure.text, _MEASURES[figure.name])
        for figure in overview.concentration.values()
        if figure.value is not None
    ]
    title = "Concentration by wallet"
    return [PageTable(title, ("measure", "value>", "what it says"), rows)] if rows else []


def _supply(overview: Overview) -> Iterator[Chart]:
    """How many shares there were, at each closed record and now."""
    closed = [r for r in overview.records if r.shares is not None and r.closes_at is not None]
    shown = closed[-LATEST:]
    if not shown:
        return
    places = [(record.closes_at or 0, record.shares) for record in shown]
    if places[-1][0] < overview.as_of:
        places.append((overview.as_of, overview.shares.amount(overview.supply)))
    figures = amounts([shares for _, shares in places if shares is not None])
    yield steps(
        "Shares in existence",
        f"At each of the last {counted(len(shown), 'record date')} and now: from "
        f"{figures[0].text} to {figures[-1].text}.",
        [_day(at) for at, _ in places],
        [Series("shares", figures)],
        at=[at for at, _ in places],
    )


# ----------------------------------------------------------------------------------------- income


def _income(overview: Overview) -> Iterator[Chart]:
    """For each currency, what became of the latest distributions in it."""
    by_currency: dict[tuple[str, int], list[DistributionRow]] = {}
    for row in overview.distributions[-LATEST:]:
        by_currency.setdefault((row.currency, row.received.decimals), []).append(row)
    for (currency, _), rows in by_currency.items():
        yield stacked(
            f"Income by distribution, in {currency}",
            f"Of {counted(len(rows), 'distribution')}: what was paid to holders, withheld as tax, "
            "and is still owed.",
            [str(row.distribution) for row in rows],
            [
                Series("paid", amounts([row.paid for row in rows]), GREEN),
                Series("withheld", amounts([row.withheld for row in rows]), ORANGE),
                Series("owed", amounts([row.owed for row in rows]), GREY),
            ],
            unit=currency,
            first="distribution",
            totals=Series("received", amounts([row.received for row in rows])),
        )


def _income_tables(overview: Overview) -> list[PageTable]:
    if not overview.distributions:
        return []
    rows = [
        (
            str(row.distribution),
            row.kind,
            row.record_date[:10],
            f"{row.received.text} {row.currency}",
            row.state,
            f"{row.holders_paid:,} of {row.holders:,}",
        )
        for row in reversed(overview.distributions[-LATEST:])
    ]
    columns = ("no.", "kind", "record date", "received>", "state", "paid>")
    return [PageTable(_latest("Distributions", overview.distributions), columns, rows)]


def _unclaimed(overview: Overview) -> Iterator[Chart]:
    for unit, ages in (overview.unclaimed or {}).items():
        shown = {age: units for age, units in ages.items() if units or age != NOT_DUE}
        yield bars(
            f"Owed and not claimed, in {unit.symbol}",
            "Before tax, by the days since it could first be paid: in all "
            f"{unit.amount(sum(ages.values())).text}.",
            list(shown),
            [Series("owed", amounts([unit.amount(units) for units in shown.values()]))],
            first="age",
        )


# --------------------------------------------------------------------------- records and documents


def _record_tables(overview: Overview) -> list[PageTable]:
    rows = [
        (
            str(record.number),
            *_closing(record, overview.as_of),
            "" if record.holders is None else count(record.holders).text,
            "" if record.shares is None else record.shares.text,
        )
        for record in reversed(overview.records[-LATEST:])
    ]
    columns = ("record", "closes on", "at (UTC)", "state", "accounts>", "shares>")
    return [PageTable(_latest("Record dates", overview.records), columns, rows)] if rows else []


def _closing(record: Record, now: int) -> tuple[str, str, str]:
    """Day, second and state."""
    if record.closes_at is None:
        return "", "", "cancelled"
    day, _, second = moment(record.closes_at).rstrip("Z").partition("T")
    return day, second, "closed" if record.closes_at < now else "ahead"


def _document_tables(overview: Overview) -> list[PageTable]:
    rows = [
        (
            one.name,
            one.uri if len(one.uri) <= LONGEST else f"{one.uri[: LONGEST - 1]}…",
            _day(one.set_at),
            one.hashed or "none",
        )
        for one in overview.documents[:LATEST]
    ]
    title = f"Documents, {LATEST} of {len(overview.documents):,}"
    if len(overview.documents) <= LATEST:
        title = "Documents"
    return [PageTable(title, ("name", "where", "set", "SHA-256"), rows)] if rows else []


def _latest(title: str, items: Sequence[object]) -> str:
    more = len(items) > LATEST
    return f"{title}, the latest {LATEST} of {len(items):,}" if more else title


def _day(at: int) -> str:
    return moment(at)[:10]
