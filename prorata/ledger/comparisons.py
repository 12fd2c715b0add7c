# SPDX-License-Identifier: MIT
"""A figure of the books beside the chain's."""

from __future__ import annotations

from prorata.ledger.books import Books
from prorata.ledger.entries import Place

__all__ = ["BOOKS", "CHAIN", "check_figure"]

BOOKS, CHAIN = "the books", "the chain"
"""Who says a figure, in the words of a difference."""


def check_figure(
    books: Books,
    place: Place,
    figure: str,
    ours: object,
    theirs: object,
    *,
    currency: str | None = None,
) -> None:
    """Enter a difference where the books and the chain do not say the same."""
    if ours != theirs:
        books.differ(place, figure, (ours, BOOKS), (theirs, CHAIN), currency)
