# SPDX-License-Identifier: MIT
"""Logs as lines of JSON: one for each request, one for whatever else is worth a word.

A request's line has the template of its route and not its path, so that no address is in it, and
of a fault only its kind and place: what a driver says of one may have the values of a query.
"""

from __future__ import annotations

import json
import logging
import sys
import time
import traceback
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, TextIO

from starlette.types import ASGIApp, Message, Receive, Scope, Send

if TYPE_CHECKING:
    from prorata.service.telemetry.metrics import RequestMetrics

__all__ = ["JsonLines", "Observed", "configure_logs"]

REQUESTS = logging.getLogger("prorata.request")
LASTING = frozenset({"/v1/events"})
"""Streams: how long they take is up to the client."""
UNMATCHED = "unmatched"
_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class JsonLines(logging.Formatter):
    """A line of JSON for each record; `extra={"said": …}` adds members."""

    def format(self, record: logging.LogRecord) -> str:
        """As the library asks."""
        at = datetime.fromtimestamp(record.created, timezone.utc)
        line: dict[str, Any] = {
            "time": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "said", {}),
        }
        if record.exc_info and record.exc_info[0] is not None:
            kind, _, places = record.exc_info
            line["fault"] = kind.__name__
            line["places"] = [
                f"{frame.filename}:{frame.lineno} {frame.name}"
                for frame in traceback.extract_tb(places)[-20:]
            ]
        return _ENCODE(line)


def configure_logs(output: TextIO | None = None, level: int = logging.INFO) -> None:
    """Have all that this process logs written as lines of JSON."""
    handler = logging.StreamHandler(output or sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error"):
        of_server = logging.getLogger(name)
        of_server.handlers.clear()
        of_server.propagate = True
    # It would write the path and the query of each request.
    logging.getLogger("uvicorn.access").disabled = True


class Observed:
    """Around the application: each request is counted, timed, and has a line in the log."""

    def __init__(self, app: ASGIApp, metrics: RequestMetrics | None = None) -> None:
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, answer)
        finally:
            self._note(scope, status, time.perf_counter() - began)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = template(scope)
        state: Mapping[str, Any] = scope.get("state", {})
        said = {
            "method": scope["method"],
            "route": route,
            "status": status,
            "ms": round(seconds * 1_000, 2),
            "request_id": state.get("request_id", ""),
            "principal": f"key {state['key']}" if "key" in state else "anybody",
        }
        REQUESTS.info("request", extra={"said": said})
        if self.metrics is not None:
            self.metrics.requests.labels(scope["method"], route, str(status)).inc()
            if route not in LASTING:
                self.metrics.seconds.labels(route).observe(seconds)


def template(scope: Scope) -> str:
    """The route that has answered, without the values in its path."""
    return str(getattr(scope.get("route"), "path", UNMATCHED))
