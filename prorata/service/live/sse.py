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
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from prorata.errors import ProrataError
from prorata.service.live.feed import Heard, Item, Reset
from prorata.values.times import moment

__all__ = ["EventStream", "Seats", "encode"]

RETRY_MS = 1_000
"""After so long a browser that was cut off comes back."""
SLOW_SECONDS = 30.0
"""So long may one write to a client take."""

AGAIN_SECONDS = 10.0
"""How often it is asked whether a client may go on."""

_HEADERS = {
    "Cache-Control": "no-store",
    # A proxy that gathers answers would keep events back.
    "X-Accel-Buffering": "no",
}


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


class EventStream(Response):
    """An answer that lasts until the client, the feed, a slow line or `still` ends it.

    `still` is asked every `again` seconds whether the client may go on. `ended` is called once.
    """

    media_type = "text/event-stream"

    def __init__(
        self,
        items: AsyncGenerator[Item, None],
        *,
        ended: Callable[[], None] = lambda: None,
        still: Callable[[], Awaitable[bool]] | None = None,
        slow: float = SLOW_SECONDS,
        again: float = AGAIN_SECONDS,
    ) -> None:
        super().__init__(None, 200, dict(_HEADERS))
        self._items, self._ended, self._still = items, ended, still
        self._slow, self._again = slow, again

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        del scope
        tasks = [asyncio.create_task(_gone(receive)), asyncio.create_task(self._send(send))]
        if self._still is not None:
            tasks.append(asyncio.create_task(self._refused(self._still)))
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._ended()

    async def _send(self, send: Send) -> None:
        async def write(message: Message) -> None:
            # A line that takes nothing for so long is cut: the server closes what is unfinished.
            await asyncio.wait_for(send(message), self._slow)

        headers = [one for one in self.raw_headers if one[0] != b"content-length"]
        await write({"type": "http.response.start", "status": 200, "headers": headers})
        first = f"retry: {RETRY_MS}\n\n".encode()
        await write({"type": "http.response.body", "body": first, "more_body": True})
        # What cannot be read any more ends the stream: the client comes back to its place.
        with suppress(ProrataError):
            async with aclosing(self._items) as items:
                async for item in items:
                    body = encode(item)
                    await write({"type": "http.response.body", "body": body, "more_body": True})
        await write({"type": "http.response.body", "body": b"", "more_body": False})

    async def _refused(self, still: Callable[[], Awaitable[bool]]) -> None:
        """Until the client may not go on."""
        while await still():
            await asyncio.sleep(self._again)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
