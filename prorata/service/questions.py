# SPDX-License-Identifier: MIT
"""What was asked lately, and the tag that each question has as long as nobody writes."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from starlette.types import Scope

from prorata.service.versions import Version
from prorata.store.keys import ApiKey

__all__ = ["Known", "Question", "Questions", "cache_headers", "has_tag", "header", "question_of"]

MOST_KEPT = 2_000
_LONGEST = 1_000

Question = tuple[str, bytes, bytes | None]
"""A path, a query, and the digest of the key that asks."""


def question_of(scope: Scope) -> Question:
    """By which an answer is remembered."""
    given = header(scope, b"authorization")
    return (
        scope["path"],
        scope["query_string"],
        None if given is None else hashlib.sha256(given).digest(),
    )


@dataclass(frozen=True)
class Known:
    """The tag that a question has in one version, and its route, for the log and the metrics.

    `version` is of the database and of the audits. `key` is what was known of the key then.
    """

    version: Version
    key: ApiKey | None
    tag: str
    route: Any


class Questions:
    """What was asked lately, of one version of the database."""

    def __init__(self) -> None:
        self._version: Hashable = None
        self._known: dict[Question, Known] = {}

    def get(self, question: Question) -> Known | None:
        """What is known of a question in a version that may have passed."""
        return self._known.get(question)

    def put(self, scope: Scope, version: Version, tag: str) -> None:
        """A question has that tag, as long as nobody writes."""
        question = question_of(scope)
        if len(question[0]) + len(question[1]) > _LONGEST:
            return
        if version != self._version or len(self._known) >= MOST_KEPT:
            self._version, self._known = version, {}
        key = scope["state"].get("asker")
        self._known[question] = Known(version, key, tag, scope.get("route"))


def cache_headers(tag: str | None, key: str | None) -> dict[str, str]:
    """Who may keep an answer; without a tag nobody."""
    whose = "public" if key is None else "private"
    headers = {"Cache-Control": f"{whose}, no-cache", "Vary": "Authorization"}
    if tag is None:
        headers["Cache-Control"] = "no-store"
    else:
        headers["ETag"] = tag
    return headers


def has_tag(known: str | None, tag: str) -> bool:
    """Whether an asker who says `If-None-Match: known` has that answer."""
    if known is None:
        return False
    return known.strip() == "*" or tag in {one.strip() for one in known.split(",")}


def header(scope: Scope, name: bytes) -> bytes | None:
    """The first header of that name, which is in small letters."""
    for given, value in scope["headers"]:
        if given == name:
            found: bytes = value
            return found
    return None
