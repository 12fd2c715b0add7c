"""A client over HTTP, as a program is: it reads lines, and comes back to where it was."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

__all__ = ["Event", "Listener", "free_port", "running"]

Event = dict[str, Any]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Server(uvicorn.Server):
    """Without signals, in a thread."""

    def run_in_thread(self) -> threading.Thread:
        thread = threading.Thread(target=self.run, daemon=True)
        thread.start()
        while not self.started and thread.is_alive():
            time.sleep(0.01)
        return thread


@contextmanager
def running(app: FastAPI, **options: Any) -> Iterator[str]:
    """The address of an application that a real server serves."""
    port = free_port()
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=port,
        log_level="critical",
        timeout_graceful_shutdown=5,
        **options,
    )
    server = Server(config)
    thread = server.run_in_thread()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        app.state.live.close()
        server.should_exit = True
        thread.join(60)


class Listener:
    """Reads events; `place` is the id of the last one."""

    def __init__(self, headers: dict[str, str] | None = None) -> None:
        self.place: str | None = None
        self.events: list[Event] = []
        self.ids: list[str] = []
        self.headers = headers or {}
        self.ended = 0

    def listen(self, address: str, until: Any = lambda _: False, **query: str) -> None:
        """Until `until` is true of this, or the line ends."""
        headers = {**self.headers, **({"Last-Event-ID": self.place} if self.place else {})}
        with (
            httpx.Client(trust_env=False, timeout=120) as client,
            client.stream("GET", f"{address}/v1/events", headers=headers, params=query) as answer,
        ):
            if answer.status_code == 503:
                # It is ending: another one will answer.
                return
            assert answer.status_code == 200, answer.read()
            assert answer.headers["content-type"].startswith("text/event-stream")
            name = data = told = ""
            for line in answer.iter_lines():
                field, _, value = line.partition(":")
                value = value.removeprefix(" ")
                if field == "id":
                    told = value
                elif field == "event":
                    name = value
                elif field == "data":
                    data = value
                elif line == "":
                    self.place = told or self.place
                    if data:
                        self.ids.append(told)
                        self.events.append({"kind": name, **json.loads(data)})
                    name = data = told = ""
                    if until(self):
                        return
            self.ended += 1

    def in_thread(self, address: str, until: Any = lambda _: False) -> threading.Thread:
        thread = threading.Thread(target=self.listen, args=(address, until), daemon=True)
        thread.start()
        return thread
