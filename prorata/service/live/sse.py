# SPDX-License-Identifier: MIT
"""Server-sent events, as a browser's `EventSource` and any line reader take them.

`block` and `undo` are changes, `reset` says that a client must begin anew. The id of each is the
place after it, which a client that comes back gives as `Last-Event-ID`. A heartbeat has an id and
no data: it moves that place and is no event.

A client that does not read is cut off: what waits for it is what the system's socket holds, and no
more.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, MutableMapping
from contextlib import aclosing, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from prorata.errors import ProrataError
from prorata.service.live.feed import Heard, Item, Reset
from prorata.values.times import moment

__all__ = ["EventStream", "Seats", "encode"]

RETRY_MS = 1_000
"""After so long a browser that was cut off comes back."""
SLOW_SECONDS = 30.0
"""So long may one write to a client take."""

Message: TypeAlias = MutableMapping[str, Any]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Receive: TypeAlias = Callable[[], Awaitable[Message]]

_HEADERS = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    # A proxy that gathers answers would keep events back.
    (b"x-accel-buffering", b"no"),
)


def encode(item: Item) -> bytes:
    """One item as it goes over the line."""
    if isinstance(item, Heard):
        return _event(item.change.kind, str(item.position), _content(item))
    if isinstance(item, Reset):
        content = {"epoch": item.position.epoch, "seq": item.position.seq}
        return _event("reset", str(item.position), content)
    return f": heartbeat\nid: {item.position}\n\n".encode()


def _content(item: Heard) -> dict[str, Any]:
    change = item.change
    if change.kind != "block":
        # Every block from this one on is gone; what takes its place follows.
        return {"seq": change.seq, "from_block": change.block}
    return {
        "seq": change.seq,
        "block": change.block,
        "hash": change.hash,
        "time": None if change.time is None else moment(change.time),
        "historic": change.historic,
        "gone": change.gone,
        "events": [told.content for told in change.events],
    }


def _event(name: str, position: str, content: dict[str, Any]) -> bytes:
    data = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
    return f"id: {position}\nevent: {name}\ndata: {data}\n\n".encode()


@dataclass
class Seats:
    """How many streams there may be, of all and of one principal, in this process."""

    most: int = 500
    of_one: int = 10
    taken: dict[str, int] = field(default_factory=dict)

    def take(self, principal: str) -> bool:
        """Whether there is a seat; it is taken then, and `leave` gives it back."""
        mine = self.taken.get(principal, 0)
        if mine >= self.of_one or sum(self.taken.values()) >= self.most:
            return False
        self.taken[principal] = mine + 1
        return True

    def leave(self, principal: str) -> None:
        """Give a seat back."""
        if self.taken.get(principal, 0) <= 1:
            self.taken.pop(principal, None)
        else:
            self.taken[principal] -= 1


@dataclass
class EventStream:
    """An ASGI answer that lasts until the client, the feed or a slow line ends it."""

    items: AsyncGenerator[Item, None]
    ended: Callable[[], None] = lambda: None
    slow: float = SLOW_SECONDS
    headers: tuple[tuple[bytes, bytes], ...] = ()
    status_code: int = 200

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Answer one request."""
        del scope
        with self._ending():
            gone = asyncio.create_task(_gone(receive))
            sending = asyncio.create_task(self._send(send))
            await asyncio.wait({gone, sending}, return_when=asyncio.FIRST_COMPLETED)
            for task in (gone, sending):
                task.cancel()
            for task in (gone, sending):
                with suppress(asyncio.CancelledError, asyncio.TimeoutError, OSError):
                    await task

    @contextmanager
    def _ending(self) -> Iterator[None]:
        try:
            yield
        finally:
            self.ended()

    async def _send(self, send: Send) -> None:
        async def write(message: Message) -> None:
            # A line that takes nothing for so long is cut: the server closes what is unfinished.
            await asyncio.wait_for(send(message), self.slow)

        headers = [*_HEADERS, *self.headers]
        await write({"type": "http.response.start", "status": 200, "headers": headers})
        first = f"retry: {RETRY_MS}\n\n".encode()
        await write({"type": "http.response.body", "body": first, "more_body": True})
        # What cannot be read any more ends the stream: the client comes back to its place.
        with suppress(ProrataError):
            async with aclosing(self.items) as items:
                async for item in items:
                    body = encode(item)
                    await write({"type": "http.response.body", "body": body, "more_body": True})
        await write({"type": "http.response.body", "body": b"", "more_body": False})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
