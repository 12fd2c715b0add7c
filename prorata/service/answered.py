# SPDX-License-Identifier: MIT
"""Questions that were answered before are answered again before any route is looked for.

The same question of the same asker has the same tag as long as nobody has written, which the
database says (`prorata.service.versions`). The key must still be believed, and each answer counts
against the limits as any other does; whatever is in doubt goes the whole way.
"""

from __future__ import annotations

from typing import Any

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from prorata.errors import ProrataError
from prorata.service.problems import refusal
from prorata.service.questions import (
    Known,
    Question,
    cache_headers,
    has_tag,
    header,
    question_of,
)
from prorata.service.serving import Service

__all__ = ["Answered"]


class Answered:
    """Between the edge and the routes."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self.app, self.service = app, service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        # Somebody who is signed in may be shown what a key is not.
        plain = scope["type"] == "http" and scope["method"] == "GET"
        if not plain or header(scope, b"cookie") is not None:
            await self.app(scope, receive, send)
            return
        question = question_of(scope)
        known = self.service.questions.get(question)
        if known is None or not await self._answer(scope, send, question, known):
            await self.app(scope, receive, send)

    async def _answer(self, scope: Scope, send: Send, question: Question, known: Known) -> bool:
        """Whether it was answered."""
        service = self.service
        key = None
        if question[2] is not None:
            key = service.offices.believed(_bearer(header(scope, b"authorization") or b""))
        if key != known.key:
            return False
        body: bytes | None = None
        told = header(scope, b"if-none-match")
        if not has_tag(None if told is None else told.decode("latin-1"), known.tag):
            body = service.bodies.get(known.tag)
            if body is None:
                return False
        if (await service.reader.version(), service.audits.changes) != known.version:
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


def _bearer(given: bytes) -> str:
    """The key of a header, as `principal_of` reads it; of another scheme none."""
    scheme, _, text = given.decode("latin-1").partition(" ")
    return text.strip() if scheme.lower() == "bearer" else ""
