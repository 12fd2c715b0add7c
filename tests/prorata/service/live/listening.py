"""Clients of a feed, as programs that lose their line and come back are."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass, field

from sqlalchemy import select

from prorata.service.live.feed import Beat, Feed, Heard, Reset
from prorata.service.live.positions import Position
from prorata.store import schema
from prorata.store.database import Database


@dataclass
class Client:
    """Remembers its place as text, and what it heard since it last began anew."""

    tokens: frozenset[str] | None = None
    place: str | None = None
    heard: list[Heard] = field(default_factory=list)
    resets: int = 0
    begun: int = 0
    """The place at which what it heard begins."""

    @property
    def standing(self) -> dict[int, str | None]:
        """What it makes of it: the blocks that stand, by number."""
        found: dict[int, str | None] = {}
        for one in self.heard:
            change = one.change
            if change.kind == "undo":
                found = {n: h for n, h in found.items() if n < change.block}
            elif not change.gone:
                found[change.block] = change.hash
        return found

    async def listen(self, feed: Feed, most: int = 10**9) -> bool:
        """Until there is nothing more, or for so many items; whether it was all."""
        after = None if self.place is None else Position.parse(self.place, "Last-Event-ID")
        async with aclosing(feed.follow(after, self.tokens)) as items:
            first = True
            async for item in items:
                if isinstance(item, Beat):
                    if self.place is None:
                        self.begun = item.position.seq
                    self.place = str(item.position)
                    if not first:
                        return True
                    first = False
                    continue
                first = False
                most -= 1
                if most < 0:
                    return False
                if isinstance(item, Reset):
                    self.heard, self.begun, self.resets = [], item.position.seq, self.resets + 1
                else:
                    self.heard.append(item)
                self.place = str(item.position)
        return True


def changes_of(database: Database, chain: int) -> list[tuple[int, str, int, str | None, int]]:
    """The table, as it is."""
    c = schema.change.c
    with database.snapshot() as connection:
        rows = connection.execute(
            select(c.seq, c.kind, c.block, c.hash, c.historic)
            .where(c.chain == chain)
            .order_by(c.seq)
        )
        return [tuple(row) for row in rows]
