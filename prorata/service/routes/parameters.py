# SPDX-License-Identifier: MIT
"""Parameters that many routes have, as OpenAPI tells of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

from fastapi import Path, Query

from prorata.service.problems import responses

__all__ = [
    "LARGEST_PAGE",
    "AssetName",
    "At",
    "CursorText",
    "Holder",
    "Limit",
    "asset_responses",
    "page_of_list",
]

T = TypeVar("T")

LARGEST_PAGE = 500

AssetName = Annotated[
    str,
    Path(
        description="The asset's token; where two chains have it, behind the chain and a colon.",
        pattern="^([0-9]{1,18}:)?0x[0-9a-fA-F]{40}$",
        examples=["0x5FbDB2315678afecb367f032d93F642f64180aa3"],
    ),
]
Holder = Annotated[str, Path(description="The holder's address.", pattern="^0x[0-9a-fA-F]{40}$")]
At = Annotated[
    str | None,
    Query(
        description="As of when: `record:3`, `block:21000000`, a time such as "
        "`2027-03-31T23:59:59Z`, at the end of that second, or a day. The newest without it.",
        max_length=100,
        examples=["record:3"],
    ),
]
Limit = Annotated[int, Query(ge=1, le=LARGEST_PAGE, description="How many a page has at most.")]
CursorText = Annotated[
    str | None,
    Query(
        description="`next` of the page before: the same path and parameters continue there, as "
        "of the same moment.",
        max_length=2_000,
    ),
]


def asset_responses(*more: str) -> dict[int | str, dict[str, Any]]:
    """How a question about an asset may be refused; 304 where the asker has the answer already."""
    kinds = ("no-key", "not-found", "incomplete", "moment-gone", "invalid", "too-many")
    told = responses(*kinds, "failed", "unavailable", *more)
    return {304: {"description": "It has not changed since `If-None-Match`"}, **told}


def page_of_list(after: int, limit: int, found: Sequence[T]) -> tuple[Sequence[T], int | None]:
    """Those behind a place, and the place of the last one if another follows."""
    shown = found[after : after + limit]
    until = after + len(shown)
    return shown, until if until < len(found) else None
