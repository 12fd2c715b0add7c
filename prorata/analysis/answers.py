# SPDX-License-Identifier: MIT
"""Answers of published queries: whole numbers and text, in one order, with a digest of their bytes.

The same files give the same bytes on every engine, so that two answers can be compared by digest.
"""

from __future__ import annotations

import csv
import hashlib
import io
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import ibis

from prorata.analysis.engines import opened
from prorata.analysis.queries import Cell, Query
from prorata.errors import InputError
from prorata.files.garbage import uncollected
from prorata.files.manifests import Publication

__all__ = ["Answer", "ask"]


@dataclass(frozen=True)
class Answer:
    """What a query says after a block."""

    query: Query
    engine: str
    block: int
    rows: list[tuple[Cell, ...]]
    added: int
    """How many amounts were too large for an engine's sum, and were added here."""

    @cached_property
    def text(self) -> str:
        """The answer as CSV: a header, line feeds, amounts in smallest units."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.query.columns)
        writer.writerows(self.rows)
        return text.getvalue()

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the CSV."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def columns_for_people(self) -> tuple[str, ...]:
        """The columns; those whose name ends with `>` are numbers."""
        query = self.query
        return tuple(f"{n}>" if n in query.amounts | query.numbers else n for n in query.columns)

    @property
    def text_rows(self) -> list[list[str]]:
        """The rows for people: amounts by thousands."""
        amounts = [name in self.query.amounts for name in self.query.columns]
        return [
            [
                f"{cell:,}" if amount else str(cell)
                for cell, amount in zip(row, amounts, strict=True)
            ]
            for row in self.rows
        ]

    def as_json(self) -> dict[str, Any]:
        """For a program; amounts are text, since many readers round large numbers."""
        columns = self.query.columns
        amounts = self.query.amounts
        return {
            "query": self.query.name,
            "engine": self.engine,
            "at_block": self.block,
            "columns": list(columns),
            "rows": [
                {
                    name: str(cell) if name in amounts else cell
                    for name, cell in zip(columns, row, strict=True)
                }
                for row in self.rows
            ],
            "added_one_by_one": self.added,
            "digest": self.digest,
        }


def ask(
    query: Query,
    published: Publication,
    engine: str = "duckdb",
    *,
    at: int | None = None,
    **where: Any,
) -> Answer:
    """The answer of an engine, after a block, or after the last that all assets have.

    `where` is what `prorata.analysis.engines.opened` takes.

    Raises: InputError for a block that is not published, or a sum that could be too large;
        StoreError for an engine that is not there, or sees other files.
    """
    block = published.last if at is None else _published_block(published, at)
    query.guard(published, block)
    asked = query.expressions(published, block)
    with opened(engine, published, sorted(query.tables), block, **where) as running:
        statements = [str(ibis.to_sql(part, dialect=running.dialect)) for part in asked]
        with uncollected():
            parts = [running.rows(statement) for statement in statements]
            rows = query.answer(parts)
    return Answer(query, engine, block, rows, added=len(parts[1]) if len(parts) > 1 else 0)


def _published_block(published: Publication, at: int) -> int:
    if at > published.last:
        raise InputError.of(
            "at-block",
            at,
            f"is not published: every asset is there to block {published.last}",
            "name an earlier one, or publish again",
        )
    first = min(manifest.first for _, manifest in published.parts)
    if at < first:
        raise InputError.of(
            "at-block", at, f"is before the first block, {first}", "name a later one"
        )
    return at
