# SPDX-License-Identifier: MIT
"""What happens to every request and answer: an id, a limit of the body, headers of safety, CORS."""

from __future__ import annotations

import re
import secrets

from fastapi import Request, Response
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from prorata.service.problems import problem, unexpected
from prorata.service.settings import Settings

__all__ = ["Edge"]

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

SAFE = (
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"),
)
"""Headers of every answer that does not have its own."""
_SAFE = tuple((name.lower().encode(), value.encode()) for name, value in SAFE)

PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST, DELETE",
    "Access-Control-Allow-Headers": (
        "Authorization, Content-Type, Idempotency-Key, If-None-Match, X-Request-ID"
    ),
    "Access-Control-Max-Age": "600",
}
EXPOSED = (
    "ETag, Location, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After, "
    "X-Request-ID"
)


class _TooLargeError(Exception):
    """A body went on after its limit."""


class Edge:
    """The outermost part of the application."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "http":
            await _Exchange(self.settings, scope, receive, send).run(self.app)
        else:
            await self.app(scope, receive, send)


class _Exchange:
    """A request and its answer."""

    def __init__(self, settings: Settings, scope: Scope, receive: Receive, send: Send) -> None:
        self.settings = settings
        self.scope = scope
        self.headers = Headers(scope=scope)
        self.number = _request_id(self.headers.get("x-request-id", ""))
        scope.setdefault("state", {})["request_id"] = self.number
        self._receive = receive
        self._send = send
        self.begun = False
        self.read = 0

    async def run(self, app: ASGIApp) -> None:
        """Have the application answer, or say why it does not."""
        try:
            self._count(_length(self.headers))
            self.read = 0
            if self._asks_for_leave():
                await self._answer(Response(None, 204, PREFLIGHT))
            else:
                await app(self.scope, self.receive, self.send)
        except _TooLargeError:
            await self._answer(self._too_large())
        except Exception as error:
            # Of an answer that has begun nothing can be said any more: the server ends it.
            if self.begun:
                raise
            await self._answer(unexpected(Request(self.scope), error))

    async def _answer(self, response: Response) -> None:
        if not self.begun:
            await response(self.scope, self._receive, self.send)

    # -------------------------------------------------------------------------------- the request

    async def receive(self) -> Message:
        """A part of the body, while there are not too many."""
        message = await self._receive()
        self._count(len(message.get("body", b"")))
        return message

    def _count(self, length: int) -> None:
        self.read += length
        if self.read > self.settings.body_bytes:
            raise _TooLargeError

    def _too_large(self) -> Response:
        most = self.settings.body_bytes
        return problem(
            Request(self.scope), "too-large", f"the body has more than {most:,} bytes",
            remedy="send less", headers={"Connection": "close"},
        )  # fmt: skip

    # --------------------------------------------------------------------------------- the answer

    async def send(self, message: Message) -> None:
        """A part of the answer; its headers are made safe."""
        if message["type"] == "http.response.start":
            self.begun = True
            headers = list(message["headers"])
            present = {name.lower() for name, _ in headers}
            headers += [one for one in _SAFE if one[0] not in present]
            headers.append((b"x-request-id", self.number.encode()))
            for name, value in self.scope["state"].get("headers", {}).items():
                headers.append((name.lower().encode(), value.encode()))
            message["headers"] = headers
            if self._is_allowed():
                told = MutableHeaders(scope=message)
                told["Access-Control-Allow-Origin"] = self.headers["origin"]
                told["Access-Control-Expose-Headers"] = EXPOSED
                told.add_vary_header("Origin")
        await self._send(message)

    def _is_allowed(self) -> bool:
        """Whether the settings name the origin of the page that asks."""
        return self.headers.get("origin") in self.settings.origins

    def _asks_for_leave(self) -> bool:
        """Whether a browser asks beforehand, for a page that may."""
        asks = self.scope["method"] == "OPTIONS" and (
            "access-control-request-method" in self.headers
        )
        return asks and self._is_allowed()


def _request_id(given: str) -> str:
    """The one that a proxy has given, if it is harmless in a log; else a new one."""
    return given if REQUEST_ID.fullmatch(given) else secrets.token_hex(8)


def _length(headers: Headers) -> int:
    told = headers.get("content-length", "")
    return int(told) if told.isascii() and told.isdigit() and len(told) < 19 else 0
