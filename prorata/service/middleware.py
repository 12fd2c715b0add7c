# SPDX-License-Identifier: MIT
"""What happens to every request and answer: an id, a limit of the body, headers of safety, CORS."""

from __future__ import annotations

import re
import secrets

from fastapi import Request
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


class _TooLargeError(Exception):
    """A body went on after its limit."""


class Edge:
    """The outermost part of the application."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        number = _request_id(headers.get("x-request-id", ""))
        scope.setdefault("state", {})["request_id"] = number
        origin = headers.get("origin")
        begun = False

        async def answer(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                told = MutableHeaders(scope=message)
                told["X-Request-ID"] = number
                for name, value in SAFE:
                    told.setdefault(name, value)
                self._allow(told, origin)
            await send(message)

        read = 0

        async def bounded() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self.settings.body_bytes:
                raise _TooLargeError
            return message

        try:
            if _length(headers) > self.settings.body_bytes:
                raise _TooLargeError
            await self.app(scope, bounded, answer)
        except _TooLargeError:
            if not begun:
                await self._refuse(scope, receive, answer)
        except Exception as error:
            # Of an answer that has begun nothing can be said any more: the server ends it.
            if begun:
                raise
            await unexpected(Request(scope), error)(scope, receive, answer)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        most = self.settings.body_bytes
        refusal = problem(
            Request(scope), "too-large", f"the body has more than {most:,} bytes",
            remedy="send less", headers={"Connection": "close"},
        )  # fmt: skip
        await refusal(scope, receive, send)

    def _allow(self, headers: MutableHeaders, origin: str | None) -> None:
        """Let a page of another origin read the answer, if the settings name that origin."""
        if origin is None or origin not in self.settings.origins:
            return
        headers["Access-Control-Allow-Origin"] = origin
        headers["Access-Control-Expose-Headers"] = "ETag, X-Request-ID, Retry-After"
        headers.add_vary_header("Origin")


def _request_id(given: str) -> str:
    """The one that a proxy has given, if it is harmless in a log; else a new one."""
    return given if REQUEST_ID.fullmatch(given) else secrets.token_hex(8)


def _length(headers: Headers) -> int:
    told = headers.get("content-length", "")
    return int(told) if told.isascii() and told.isdigit() and len(told) < 19 else 0
