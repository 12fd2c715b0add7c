"""A service of a made chain's ledger, on SQLite and on PostgreSQL; requests go in-process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import Any

import pytest

from prorata.service.app import create_app
from prorata.service.settings import Settings
from prorata.store.database import Database
from prorata.store.writer import Writer
from prorata.values.amounts import Unit
from tests.prorata.service.client import Client
from tests.prorata.service.market_story import (
    PARTS,
    filled,
    follow_market,
    orders,
    sold,
    votes,
)
from tests.prorata.store.conftest import database, place, postgresql, postgresql_server, sqlite
from tests.prorata.store.made_logs import (
    DOLLAR,
    GENESIS,
    OTHER,
    START,
    TOKEN,
    Event,
    MadeChain,
    claimed,
    declared,
    follow,
    move,
    paid,
    read,
    told,
)

__all__ = ["database", "place", "postgresql", "postgresql_server", "sqlite"]

SECRET = "a secret of more than thirty-two characters"
CHAIN_ID = 31_337


def document(event: str, name: str, uri: str = "", hashed: bytes = bytes(32)) -> Event:
    padded = name.encode().ljust(32, b"\0")
    return TOKEN, "ShareToken", event, {"name": padded, "uri": uri, "documentHash": hashed}


STORY = (
    [move(0, 1, 100), move(0, 2, 50), move(0, 9, 7, OTHER)],
    [document("DocumentUpdated", "prospectus", "https://a.example/p.pdf", b"\x11" * 32),
     document("DocumentUpdated", "terms")],
    [told("RecordScheduled", recordId=1, closesAt=START + 12 * 4), move(1, 2, 30)],
    [move(2, 3, 80), move(3, 2, 10)],
    [told("RecordScheduled", recordId=2, closesAt=START + 12 * 6), *orders(), *sold(),
     *sold(call=b"\x08" * 32)],
    [told("RecordCancelled", recordId=2), declared(1, 1, 1_000), claimed(1, 2, 400, 40),
     claimed(1, 3, 595), filled(1, PARTS, 2, 3, 300), *votes()],
    [move(3, 0, 70), document("DocumentRemoved", "terms"), filled(1, PARTS, 2, 1, 100)],
    [paid("Swept", id=1, recipient=TOKEN, amount=2)],
    [],
)  # fmt: skip
"""What has happened to TOKEN; OTHER has one holder, who is person 9."""


@dataclass
class Served:
    """A chain, its ledger, the service of it, and one who asks."""

    chain: MadeChain
    writer: Writer
    place: str
    client: Client

    def get(self, path: str, /, **options: Any) -> Any:
        """The answer below `/v1/assets`, whatever its status."""
        return self.client.get(f"/v1/assets{path}", **options)

    def json(self, path: str, /, **options: Any) -> Any:
        """The document that is answered."""
        answer = self.get(path, **options)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def read(self) -> None:
        """Read what has been mined."""
        read(self.writer, self.chain)
        self.writer.note(self.chain.header(self.chain.head), None)


Serve = Callable[..., Served]


@pytest.fixture
def serve(place: str) -> Iterator[Serve]:
    """Serves a chain; what is named replaces the settings."""
    with ExitStack() as stack:

        def serving(chain: MadeChain | None = None, **settings: Any) -> Served:
            made = MadeChain(STORY) if chain is None else chain
            opened = stack.enter_context(closing(Database.open(place, create=True)))
            writer = Writer.take(opened, CHAIN_ID, GENESIS, who="a test")
            stack.callback(writer.release)
            follow(writer, made)
            follow_market(writer, made)
            read(writer, made)
            writer.note(made.header(made.head), None)
            told_of = {
                "public": frozenset({TOKEN}),
                "units": {(CHAIN_ID, DOLLAR): Unit("USD", 2)},
                "anybody_per_minute": 0,
                **settings,
            }
            app = create_app(Settings(ledger=place, secrets=(SECRET,), **told_of))
            client = stack.enter_context(Client(app))
            return Served(made, writer, place, client)

        yield serving


@pytest.fixture
def served(serve: Serve) -> Served:
    """The service of `STORY`, in which anybody may read TOKEN."""
    return serve()
