"""A ledger to ask under load: two thousand holders, records, a distribution, and a key to it."""

from __future__ import annotations

from contextlib import closing

from prorata.store.database import Database
from prorata.store.keys import add_key
from prorata.store.office import Office, office_place
from prorata.store.office_schema import SCOPES
from prorata.store.writer import Writer
from tests.prorata.store.made_logs import (
    GENESIS,
    START,
    TOKEN,
    Event,
    MadeChain,
    claimed,
    declared,
    follow,
    move,
    person,
    read,
    told,
)

__all__ = ["CHAIN_ID", "HOLDERS", "TOKEN", "made", "person"]

CHAIN_ID, HOLDERS, A_BLOCK = 31_337, 2_000, 50


def made(place: str) -> str:
    """Fill the ledger at a place; the key that may read it."""
    chain = MadeChain(_story())
    with closing(Database.open(place, create=True)) as database:
        writer = Writer.take(database, CHAIN_ID, GENESIS, who="a benchmark")
        follow(writer, chain)
        read(writer, chain)
        writer.note(chain.header(chain.head), None)
        writer.release()
    with closing(Office.open(office_place(place), who="a benchmark", create=True)) as office:
        _, key = add_key(office, "a load", scopes=SCOPES, assets=[(CHAIN_ID, TOKEN)])
    return key


def _story() -> list[list[Event]]:
    blocks = [
        [move(0, number, 1_000_000 + number) for number in range(first, first + A_BLOCK)]
        for first in range(1, HOLDERS, A_BLOCK)
    ]
    closes = START + 12 * (len(blocks) + 2)
    blocks.append([told("RecordScheduled", recordId=1, closesAt=closes)])
    blocks += [[move(number, number + 1, 5)] for number in range(1, 20)]
    blocks.append([declared(1, 1, 1_000_000), *(claimed(1, who, 400, 40) for who in range(1, 30))])
    return blocks
