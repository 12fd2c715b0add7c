"""An explorer on this machine, which records what it is asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

__all__ = ["Asked", "RecordingExplorer", "recording_explorer"]

Answer = tuple[int, Any]


@dataclass(frozen=True)
class Asked:
    """One request: its path, its query, and its body as JSON or as a form."""

    method: str
    path: str
    query: dict[str, str]
    body: dict[str, Any]
    kind: str


@dataclass
class RecordingExplorer:
    """What was asked, in order; `answer` says what to answer."""

    url: str
    asked: list[Asked] = field(default_factory=list)
    answer: Callable[[Asked], Answer] = lambda _: (404, {"message": "nobody said what to answer"})


@contextmanager
def recording_explorer() -> Iterator[RecordingExplorer]:
    """A server on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._heard({}, "")

        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers["Content-Length"])).decode()
            kind = self.headers["Content-Type"]
            body = json.loads(text) if "json" in kind else _single(parse_qs(text, True))
            self._heard(body, kind)

        def _heard(self, body: dict[str, Any], kind: str) -> None:
            parts = urlsplit(self.path)
            asked = Asked(self.command, parts.path, _single(parse_qs(parts.query)), body, kind)
            explorer.asked.append(asked)
            status, content = explorer.answer(asked)
            text = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    explorer = RecordingExplorer(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield explorer
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _single(values: dict[str, list[str]]) -> dict[str, Any]:
    return {name: found[0] for name, found in values.items()}
