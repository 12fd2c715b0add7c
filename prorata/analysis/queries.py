# SPDX-License-Identifier: MIT
"""The published queries, each one Ibis expression over the published tables.

They count, rank, and take sums, and nothing else: a product or a ratio would differ from engine to
engine. An amount of 10^31 or more is in no engine's sum. Such rows are asked for by themselves, and
added here, where integers have no end; so the answer is exact, or there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Protocol

import ibis

from prorata.errors import InputError, StoreError
from prorata.files.manifests import TABLES, Publication, exact
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.words import listed

__all__ = ["QUERIES", "Query", "Rows", "Summed", "find_query"]

Cell = int | str
Rows = Sequence[tuple[Any, ...]]

ROOM = 10**38
"""What DECIMAL(38, 0) holds is below it."""

LARGEST = 10
_TYPES = {"text": "!string", "integer": "!int64", "amount": "decimal(38, 0)"}


def _schema(table: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for column in TABLES[table]:
        found[column.name] = _TYPES[column.type]
        if column.type == "amount":
            found[exact(column.name)] = "string"
    return found


Tables = Mapping[str, Any]
"""The tables of an expression by name, none of them bound to an engine."""

UNBOUND: Tables = {name: ibis.table(_schema(name), name=name) for name in TABLES}


def tables_at(block: int) -> Tables:
    """The same, as they were after a block."""
    return {name: table.filter(table.block <= block) for name, table in UNBOUND.items()}


# ------------------------------------------------------------------------------------- two kinds


class Query(Protocol):
    """A question that has a name, and the columns of its answer in their order."""

    @property
    def name(self) -> str:
        """What `prorata ledger query` calls it."""

    @property
    def says(self) -> str:
        """What it answers, for people."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Those of the answer."""

    @property
    def amounts(self) -> frozenset[str]:
        """Which of them are amounts."""

    @property
    def numbers(self) -> frozenset[str]:
        """Which of them are other numbers."""

    @property
    def tables(self) -> frozenset[str]:
        """The published tables that it reads."""

    def guard(self, published: Publication, block: int) -> None:
        """Raises: InputError when a sum of it could be more than an engine has room for."""

    def expressions(self, published: Publication, block: int) -> list[Any]:
        """What the engine is asked, one after the other."""

    def answer(self, parts: Sequence[Rows]) -> list[tuple[Cell, ...]]:
        """The rows of the answer in their order, from what the engine answered."""


@dataclass(frozen=True)
class Summed:
    """Amounts added up, and rows counted, for each of its keys.

    `rows` has the columns of the keys and of the sums, and beside each sum its text, see `exact`.
    """

    name: str
    says: str
    keys: tuple[str, ...]
    counted: str
    sums: Mapping[str, tuple[str, str]]
    """By name: the table and the published amount that it adds."""
    rows: Callable[[Tables], Any]
    twice: bool = False
    """Whether each row is added to two sums."""
    derived: Mapping[str, Callable[[Sequence[int]], int]] = field(default_factory=dict)
    """What follows from the sums, by name."""
    sensible: Callable[[Sequence[Cell], Sequence[int]], bool] | None = None
    """Whether a row, by its key and its sums, belongs into the answer; None when each does."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Keys, the count, sums, and what follows from them."""
        counted = (self.counted,) if self.counted else ()
        return (*self.keys, *counted, *self.sums, *self.derived)

    @property
    def amounts(self) -> frozenset[str]:
        """Sums, and what follows from them."""
        return frozenset((*self.sums, *self.derived))

    @property
    def numbers(self) -> frozenset[str]:
        """What is counted, and which keys are numbers."""
        integers = {c.name for table in self.tables for c in TABLES[table] if c.type == "integer"}
        return frozenset((*integers.intersection(self.keys), self.counted))

    @property
    def tables(self) -> frozenset[str]:
        """Those of its sums."""
        return frozenset(table for table, _ in self.sums.values())

    def guard(self, published: Publication, block: int) -> None:
        """Raises: InputError when rows times the largest amount are not below 10^38."""
        for table, column in self.sums.values():
            most = published.most(table, column, block) * (2 if self.twice else 1)
            if most >= ROOM:
                raise InputError.of(
                    "query",
                    self.name,
                    f"adds amounts ({table}.{column}) that could come to {most}, and engines have "
                    "room for less than 10^38",
                    "ask for one asset, with --from FOLDER/TOKEN, or of an earlier block, with "
                    "--at-block",
                )

    def expressions(self, published: Publication, block: int) -> list[Any]:
        """The sums; and if there are any, the rows that no engine may add."""
        rows = self.rows(tables_at(block))
        sums = {name: rows[name].sum().cast("string") for name in self.sums}
        added = rows.group_by(list(self.keys)).agg(_count=rows.count(), **sums)
        # Sorting what is in order already costs nothing here, and engines sort with all cores.
        asked = [added.order_by([added[key] for key in self.keys])]
        if any(published.has_exact(t, (c,), block) for t, c in self.sums.values()):
            texts = [exact(name) for name in self.sums]
            some = ibis.or_(*(rows[text].notnull() for text in texts))
            asked.append(rows.filter(some).select(*self.keys, *texts))
        return asked

    def answer(self, parts: Sequence[Rows]) -> list[tuple[Cell, ...]]:
        """Raises: StoreError when the sums make no sense."""
        width = len(self.keys)
        found = {
            row[:width]: (row[width], [int(cell or 0) for cell in row[width + 1 :]])
            for row in parts[0]
        }
        for row in parts[1] if len(parts) > 1 else ():
            sums = found[row[:width]][1]
            for place, text in enumerate(row[width:]):
                sums[place] += int(text or 0)
        return sorted(self._rows(found))

    def _rows(
        self, found: Mapping[tuple[Cell, ...], tuple[int, list[int]]]
    ) -> Iterator[tuple[Cell, ...]]:
        # Answers have a hundred thousand rows: what a query has none of is looked at once.
        sensible, derived, counted = self.sensible, tuple(self.derived.values()), self.counted
        for key, (count, sums) in found.items():
            if sensible is not None and not sensible(key, sums):
                continue
            numbers = (count, *sums) if counted else sums
            yield (*key, *numbers, *[follows(sums) for follows in derived])


@dataclass(frozen=True)
class Picked:
    """Rows as they are, picked by their rank: nothing is added."""

    name: str
    says: str
    columns: tuple[str, ...]
    tables: frozenset[str]
    rows: Callable[[Tables], Any]
    amounts: frozenset[str]
    """Which columns are amounts, written out as text."""
    numbers: frozenset[str]
    """Which columns are other numbers."""

    def guard(self, published: Publication, block: int) -> None:
        """Nothing is added."""

    def expressions(self, published: Publication, block: int) -> list[Any]:
        """The rows."""
        del published
        return [self.rows(tables_at(block)).select(*self.columns)]

    def answer(self, parts: Sequence[Rows]) -> list[tuple[Cell, ...]]:
        """Amounts as the integers that they are."""
        read = [int if name in self.amounts else _as_it_is for name in self.columns]
        return sorted(
            tuple(reader(cell) for reader, cell in zip(read, row, strict=True)) for row in parts[0]
        )


def _as_it_is(cell: Cell) -> Cell:
    return cell


# ---------------------------------------------------------------------------------- their rows


def _where(rows: Any, condition: Any, source: str, name: str) -> dict[str, Any]:
    """An amount and its text as another column, where a condition holds; else NULL."""
    return {
        name: ibis.ifelse(condition, rows[source], ibis.null().cast("decimal(38, 0)")),
        exact(name): ibis.ifelse(condition, rows[exact(source)], ibis.null().cast("string")),
    }


def _newest(rows: Any, *group: str) -> Any:
    """Of each group the row of the latest block."""
    place = ibis.row_number().over(
        ibis.window(group_by=[rows[name] for name in group], order_by=ibis.desc(rows.block))
    )
    numbered = rows.mutate(place=place)
    return numbered.filter(numbered.place == 0)


def _income(tables: Tables) -> Any:
    return tables["settlements"]


def _balances(tables: Tables) -> Any:
    moved = tables["transfers"]
    came = moved.select("asset", "amount", "amount_exact", holder=moved.receiver)
    went = moved.select(
        "asset",
        amount=-moved.amount,
        amount_exact=ibis.literal("-") + moved.amount_exact,
        holder=moved.giver,
    )
    both = came.union(went)
    return both.filter(both.holder != ZERO_ADDRESS)


def _held(key: Sequence[Cell], sums: Sequence[int]) -> bool:
    """Raises: StoreError when somebody has less than nothing."""
    [amount] = sums
    if amount < 0:
        raise StoreError(
            f"{key[1]} would have {amount} units of {key[0]}: transfers are missing",
            "`prorata ledger check` compares the ledger with the chain",
        )
    return amount > 0


def _largest(tables: Tables) -> Any:
    newest = _newest(tables["holdings"], "asset", "holder")
    text = newest.amount_exact.fill_null("")
    held = newest.mutate(text=text, number=newest.amount.fill_null(0))
    held = held.filter((held.number > 0) | (held.text != ""))
    place = ibis.row_number().over(
        ibis.window(
            group_by=held.asset,
            order_by=[ibis.desc(held.text), ibis.desc(held.number), held.holder],
        )
    )
    ranked = held.mutate(rank=(place + 1).cast("int64"))
    ranked = ranked.filter(ranked["rank"] <= LARGEST)
    return ranked.mutate(amount=_amount_text(ranked, "amount"))


def _amount_text(rows: Any, name: str) -> Any:
    """An amount as text, whichever of its two columns has it."""
    return ibis.coalesce(rows[exact(name)], rows[name].cast("string"))


def _transfers(tables: Tables) -> Any:
    moved = tables["transfers"]
    return moved.filter((moved.giver != ZERO_ADDRESS) & (moved.receiver != ZERO_ADDRESS))


def _issued(tables: Tables) -> Any:
    moved = tables["transfers"]
    made, gone = moved.giver == ZERO_ADDRESS, moved.receiver == ZERO_ADDRESS
    return moved.mutate(
        **_where(moved, made, "amount", "issued"), **_where(moved, gone, "amount", "burnt")
    ).filter(made | gone)


def _month_ends(tables: Tables) -> Any:
    newest = _newest(tables["supply"], "asset", "month")
    return newest.mutate(total=_amount_text(newest, "total"))


def _net(sums: Sequence[int]) -> int:
    gross, tax = sums
    return gross - tax


_PAID = {"gross": ("settlements", "gross"), "tax": ("settlements", "tax")}

QUERIES: tuple[Query, ...] = (
    Summed(
        "income",
        "What each holder was paid in each year, in each currency: gross, tax and net.",
        ("asset", "holder", "year", "currency"),
        "payments",
        _PAID,
        _income,
        derived={"net": _net},
    ),
    Summed(
        "balances",
        "Who has how many shares: all transfers, added up.",
        ("asset", "holder"),
        "",
        {"amount": ("transfers", "amount")},
        _balances,
        twice=True,
        sensible=_held,
    ),
    Picked(
        "largest",
        f"The {LARGEST} largest holders of each asset, by the history of holdings.",
        ("asset", "rank", "holder", "amount"),
        frozenset({"holdings"}),
        _largest,
        frozenset({"amount"}),
        frozenset({"rank"}),
    ),
    Summed(
        "transfers",
        "How many transfers there were between holders in each month, and of how many shares.",
        ("asset", "month"),
        "transfers",
        {"amount": ("transfers", "amount")},
        _transfers,
    ),
    Summed(
        "issued",
        "How many shares were issued and burnt in each month.",
        ("asset", "month"),
        "",
        {"issued": ("transfers", "amount"), "burnt": ("transfers", "amount")},
        _issued,
    ),
    Summed(
        "payments",
        "What was paid of each distribution, and to how many: gross, tax and net.",
        ("asset", "vault", "distribution", "record", "currency"),
        "payments",
        _PAID,
        _income,
        derived={"net": _net},
    ),
    Summed(
        "declared",
        "What was declared in each year, in each currency: received, and carried in from before.",
        ("asset", "year", "currency"),
        "distributions",
        {
            "received": ("distributions", "received"),
            "carried_in": ("distributions", "carried_in"),
        },
        lambda tables: tables["distributions"],
    ),
    Picked(
        "holders",
        "How many held shares at the end of each month in which that changed, and all shares.",
        ("asset", "month", "holders", "total"),
        frozenset({"supply"}),
        _month_ends,
        frozenset({"total"}),
        frozenset({"holders"}),
    ),
)
"""Every published query."""


def find_query(name: str) -> Query:
    """A query by its name.

    Raises: InputError when there is none, with the likeliest one.
    """
    known = {query.name: query for query in QUERIES}
    if name in known:
        return known[name]
    near = get_close_matches(name, known, n=1)
    remedy = f"write {near[0]}" if near else f"write one of {listed(list(known))}"
    raise InputError.of("query", name, "is no published query", remedy)
