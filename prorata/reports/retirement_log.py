# SPDX-License-Identifier: MIT
"""Certificates of credits with serials: which they were, and what the registry says of them.

The retirement log is the chain's own order, and serials follow it, first in, first out: whoever has
the file of batches finds the same ones. What the registry says stands on the token, as documents:

    <number of a certificate>    the reference under which it has filed the retirement
    invalid-<prefix>-<first>     serials that it has invalidated: the URI is its notice, a hyphen
                                 and the last serial

A certificate is pending until its reference is there. Serials that were invalidated stay retired,
and are not issued again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from prorata.assets.credits import Batch, Serials, serials_between
from prorata.register.documents import Document
from prorata.reports.certificates import Certificate

__all__ = [
    "Invalidation",
    "invalidation_name",
    "invalidation_uri",
    "invalidations",
    "with_serials",
]

_NAME = re.compile(r"invalid-(?P<prefix>.+)-(?P<first>[1-9][0-9]*)", re.ASCII)
_URI = re.compile(r"(?P<notice>.+)-(?P<last>[1-9][0-9]*)", re.ASCII)


@dataclass(frozen=True)
class Invalidation:
    """Serials that the registry has invalidated, by its notice, at a Unix second."""

    serials: Serials
    notice: str
    at: int


def invalidation_name(serials: Serials) -> str:
    """The name of the document that says so."""
    return f"invalid-{serials.prefix}-{serials.first}"


def invalidation_uri(serials: Serials, notice: str) -> str:
    """The URI of that document."""
    return f"{notice}-{serials.last}"


def invalidations(documents: Sequence[Document]) -> Iterator[Invalidation]:
    """What a token's documents say was invalidated."""
    for one in documents:
        named, said = _NAME.fullmatch(one.name), _URI.fullmatch(one.uri)
        if named and said:
            serials = Serials(named["prefix"], int(named["first"]), int(said["last"]))
            yield Invalidation(serials, said["notice"], one.set_at)


def with_serials(
    certificates: Sequence[Certificate], batches: Sequence[Batch], documents: Sequence[Document]
) -> list[Certificate]:
    """All certificates of a token, with their serials and what the registry says of them.

    `batches` are all of the token's, and `certificates` all of its retirements.

    Raises: InputError when more was retired than the batches have.
    """
    references = {one.name: one.uri for one in documents}
    invalid = [*invalidations(documents)]
    sold = [batch.sold for batch in batches]
    found = []
    for one in certificates:
        serials = serials_between(sold, one.before.units, one.shares.units)
        concerned = [
            both
            for range_ in serials
            for notice in invalid
            if (both := range_.common(notice.serials)) is not None
        ]
        found.append(
            replace(
                one,
                serials=tuple(range_.text for range_ in serials),
                invalid=tuple(both.text for both in concerned),
                reference=references.get(one.number, ""),
            )
        )
    return found
