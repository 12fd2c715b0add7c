# SPDX-License-Identifier: MIT
"""Refusals as pages: whoever has no session is led to the sign-in, all others read a sentence."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute

from prorata.errors import ProrataError
from prorata.service.bodies import wants_json
from prorata.service.pages.rendering import HEADERS, page
from prorata.service.problems import KINDS, Refused, kind_of

__all__ = ["PageRoute"]

LOG = logging.getLogger("prorata.service")


class PageRoute(APIRoute):
    """A route whose refusals are pages, but for programs and our script."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with its refusals."""
        handler = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            try:
                return await handler(request)
            except ProrataError as error:
                if wants_json(request):
                    raise
                return _told(request, error)

        return guarded


def _told(request: Request, error: ProrataError) -> Response:
    kind = kind_of(error) or "failed"
    if kind == "no-key":
        if "HX-Request" in request.headers:
            # A part of a page cannot be replaced by the sign-in: the whole page is.
            return Response(None, 401, {**HEADERS, "HX-Redirect": "/sign-in"})
        return RedirectResponse("/sign-in", 303)
    status, title = KINDS[kind]
    number = request.scope.get("state", {}).get("request_id", "")
    detail, remedy = error.sentence, error.remedy
    if not isinstance(error, Refused) and kind in ("unavailable", "failed"):
        # What a database or a node says is for whoever runs them.
        LOG.error("%s: %s", number, error)
        detail, remedy = "it cannot be answered now", "ask again in a moment"
    answer = page(
        request, "problem", status=status, title=title, detail=detail, remedy=remedy,
        request_id=number,
    )  # fmt: skip
    if isinstance(error, Refused) and "Retry-After" in error.headers:
        answer.headers["Retry-After"] = error.headers["Retry-After"]
    return answer
