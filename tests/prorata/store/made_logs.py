"""Logs as a node gives them, made here: of a chain that can be reorganised."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from eth_abi.abi import encode
from eth_utils.abi import collapse_if_tuple, event_abi_to_log_topic
from sqlalchemy import select

from prorata.chain.artifacts import artifact
from prorata.store import schema
from prorata.store.database import Database
from prorata.store.pages import Header, Page, Source
from prorata.store.writer import Writer
from prorata.values.addresses import ZERO_ADDRESS, checksummed

START = 1_700_000_000
SECONDS = 12
GENESIS = "0x" + "ab" * 32
TOKEN, OTHER, VAULT, DOLLAR = (checksummed("0x" + digit * 40) for digit in "1234")

Event = tuple[str, str, str, Mapping[str, Any]]
"""A contract's address, its kind, the event's name and its arguments."""


def person(number: int) -> str:
    """An address by number; 0 is the zero address."""
    if number == 0:
        return ZERO_ADDRESS
    return str(checksummed("0x" + hashlib.sha256(b"%d" % number).hexdigest()[:40]))


def abi_of(kind: str, name: str) -> Any:
    """The event's entry in the ABI."""
    return next(e for e in artifact(kind).abi if (e["type"], e.get("name")) == ("event", name))


def written(kind: str, name: str, args: Mapping[str, Any]) -> tuple[list[str], str]:
    """Topics and data, as text."""
    entry = abi_of(kind, name)
    topics = [event_abi_to_log_topic(entry).hex()]
    plain = [i for i in entry["inputs"] if not i["indexed"]]
    indexed = [i for i in entry["inputs"] if i["indexed"]]
    topics += [encode([item["type"]], [args[item["name"]]]).hex() for item in indexed]
    data = encode([collapse_if_tuple(i) for i in plain], [args[i["name"]] for i in plain])
    return [f"0x{topic}" for topic in topics], f"0x{data.hex()}"


def move(giver: int, receiver: int, amount: int, token: str = TOKEN) -> Event:
    args = {"from": person(giver), "to": person(receiver), "value": amount}
    return token, "ShareToken", "Transfer", args


def told(name: str, token: str = TOKEN, **args: Any) -> Event:
    return token, "ShareToken", name, args


def paid(name: str, **args: Any) -> Event:
    return VAULT, "DividendVault", name, args


def declared(number: int, record: int, amount: int, token: str = TOKEN) -> Event:
    terms = (0, 0, 0, ZERO_ADDRESS, ZERO_ADDRESS, bytes(32), [])
    return paid(
        "Declared", id=number, token=token, currency=DOLLAR, recordId=record,
        declarer=person(1), received=amount, carriedIn=0, terms=terms,
    )  # fmt: skip


def claimed(number: int, holder: int, gross: int, tax: int = 0) -> Event:
    who = person(holder)
    return paid("Claimed", id=number, holder=who, payee=who, gross=gross, tax=tax)


class MadeChain:
    """Blocks of events, each block with a hash that depends on all before it."""

    def __init__(self, blocks: Iterable[Sequence[Event]] = ()) -> None:
        self.blocks: list[Sequence[Event]] = [()]
        self.hashes: list[bytes] = [hashlib.sha256(b"genesis").digest()]
        for block in blocks:
            self.mine(block)

    @property
    def head(self) -> int:
        return len(self.blocks) - 1

    def mine(self, events: Sequence[Event] = ()) -> None:
        self.blocks.append(events)
        told = repr((self.hashes[-1], events)).encode()
        self.hashes.append(hashlib.sha256(told).digest())

    def reorganise(self, ancestor: int, blocks: Iterable[Sequence[Event]]) -> None:
        """Other blocks in place of those above the ancestor."""
        del self.blocks[ancestor + 1 :], self.hashes[ancestor + 1 :]
        for block in blocks:
            self.mine(block)

    def header(self, number: int) -> Header:
        parent = self.hashes[number - 1] if number else None
        return Header(number, self.hashes[number], self.time(number), parent)

    def time(self, number: int) -> int:
        return START + SECONDS * number

    def logs(self, first: int, last: int, addresses: Iterable[str]) -> list[dict[str, Any]]:
        wanted, found = set(addresses), []
        for number in range(first, last + 1):
            for index, (address, kind, name, args) in enumerate(self.blocks[number]):
                if address in wanted:
                    topics, data = (
                        written(kind, name, args) if kind else (args["topics"], args["data"])
                    )
                    found.append(self._log(number, index, address, topics, data))
        return found

    def _log(
        self, number: int, index: int, address: str, topics: list[str], data: str
    ) -> dict[str, Any]:
        transaction = hashlib.sha256(b"%d/%d" % (number, index // 2)).hexdigest()
        return {
            "address": address.lower(),
            "topics": topics,
            "data": data,
            "blockNumber": hex(number),
            "transactionHash": f"0x{transaction}",
            "transactionIndex": hex(index // 2),
            "blockHash": f"0x{self.hashes[number].hex()}",
            "blockTimestamp": hex(self.time(number)),
            "logIndex": hex(index),
            "removed": False,
        }

    def page(self, sources: Sequence[Source], until: int) -> Page:
        """The page of sources that all stand at one block."""
        after = sources[0].done_to
        assert {source.done_to for source in sources} == {after}
        logs = self.logs(after + 1, until, [source.address for source in sources])
        headers = {n: self.header(n) for n in range(after + 1, until + 1)}
        return Page(tuple(sources), after, until, logs, headers)


def follow(writer: Writer, chain: MadeChain, *, first: int = 1) -> None:
    """Two assets and a vault of both."""
    assets = [
        writer.add_asset(token, name, name[:3].upper(), 0)
        for token, name in ((TOKEN, "Harbour"), (OTHER, "Orchard"))
    ]
    for address, kind, served in (
        (TOKEN, "ShareToken", assets[:1]),
        (OTHER, "ShareToken", assets[1:]),
        (VAULT, "DividendVault", assets),
    ):
        writer.add_source(
            address, kind, ours=True, first_block=first, assets=served, head=chain.head
        )


def read(writer: Writer, chain: MadeChain, until: int | None = None) -> None:
    """Commit all that is missing to a block, one page for each group of sources."""
    until = chain.head if until is None else until
    while True:
        behind = [s for s in writer.sources() if s.done_to < until and s.stopped is None]
        if not behind:
            return
        least = min(source.done_to for source in behind)
        group = [source for source in behind if source.done_to == least]
        ahead = [source.done_to for source in behind if source.done_to > least]
        writer.commit(chain.page(group, min([until, *ahead])))


def everything(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """All rows, without who writes."""
    hidden = {"fence", "writer", "beat"}
    with database.snapshot() as connection:
        return {
            table.name: [
                tuple(row)
                for row in connection.execute(
                    select(*(c for c in table.columns if c.name not in hidden)).order_by(
                        *table.primary_key
                    )
                )
            ]
            for table in schema.METADATA.sorted_tables
        }
