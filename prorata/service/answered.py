# SPDX-License-Identifier: MIT
"""Questions that were answered before are answered again before any route is looked for.

The same question of the same asker has the same tag as long as nobody has written, which the
database says (`prorata.service.versions`). The key must still be believed, and each answer counts
against the limits as any other does; whatever is in doubt goes the whole way.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from prorata.errors import ProrataError
from prorata.service.problems import refusal
from prorata.service.versions import Version
from prorata.store.keys import ApiKey

if TYPE_CHECKING:
    from prorata.service.serving import Service

__all__ = ["Answered", "Question", "Questions", "cache_headers", "has_tag"]

MOST_KEPT = 2_000
_LONGEST = 1_000

Question = tuple[str, bytes, bytes | None]
"""A path, a query, and the digest of the key that asks."""


def question_of(scope: Scope) -> Question:
    """By which an answer is remembered."""
    given = _header(scope, b"authorization")
    return (
        scope["path"],
        scope["query_string"],
        None if given is None else hashlib.sha256(given).digest(),
    )


@dataclass(frozen=True)
class _Known:
    """The tag that a question has in one version, and its route, for the log and the metrics.

    `key` is what was known of the key then.
    """

    version: Version
    key: ApiKey | None
    tag: str
    route: Any


class Questions:
    """What was asked lately, of one version of the database."""

    def __init__(self) -> None:
        self._version: Hashable = None
        self._known: dict[Question, _Known] = {}

    def get(self, question: Question) -> _Known | None:
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
        self._known[question] = _Known(version, key, tag, scope.get("route"))


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


class Answered:
    """Between the edge and the routes."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self.app, self.service = app, service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self.app(scope, receive, send)
            return
        question = question_of(scope)
        known = self.service.questions.get(question)
        if known is None or not await self._answer(scope, send, question, known):
            await self.app(scope, receive, send)

    async def _answer(self, scope: Scope, send: Send, question: Question, known: _Known) -> bool:
        """Whether it was answered."""
        service = self.service
        key = None
        if question[2] is not None:
            key = service.offices.believed(_bearer(_header(scope, b"authorization") or b""))
        if key != known.key:
            return False
        body: bytes | None = None
        told = _header(scope, b"if-none-match")
        if not has_tag(None if told is None else told.decode("latin-1"), known.tag):
            body = service.bodies.get(known.tag)
            if body is None:
                return False
        if await service.reader.version() != known.version:
            return False
        scope["route"] = known.route
        request = Request(scope)
        try:
            if key is None:
                await service.limiter.count_anybody(request)
            else:
                scope["state"]["key"] = key.id
                await service.limiter.count_key(request, key.id)
        except ProrataError as error:
            await refusal(request, error)(scope, _nothing, send)
            return True
        headers = [
            (name.lower().encode(), value.encode())
            for name, value in cache_headers(known.tag, None if key is None else key.id).items()
        ]
        if body is not None:
            headers += [
                (b"content-length", b"%d" % len(body)),
                (b"content-type", b"application/json"),
            ]
        status = 304 if body is None else 200
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body or b""})
        return True


async def _nothing() -> Any:
    return {"type": "http.request", "body": b"", "more_body": False}


def _header(scope: Scope, name: bytes) -> bytes | None:
    for given, value in scope["headers"]:
        if given == name:
            found: bytes = value
            return found
    return None


def _bearer(given: bytes) -> str:
    """The key of a header, as `principal_of` reads it; of another scheme none."""
    scheme, _, text = given.decode("latin-1").partition(" ")
    return text.strip() if scheme.lower() == "bearer" else ""
