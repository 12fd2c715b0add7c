# SPDX-License-Identifier: MIT
"""From the JSON of a node's logs to rows: each log as it is, and what the ledger folds of it.

Nearly all there is to read are transfers of shares, four words each, which are taken by their
place. Every other event goes through the decoder that all of prorata uses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from prorata.chain.abi import event_name, topics_of
from prorata.chain.calls import Event, decode_log
from prorata.chain.encoding import bytes_of
from prorata.chain.types import Log
from prorata.contracts.vault import settlements
from prorata.errors import RUN_AGAIN, ChainError
from prorata.store.bulk import Row
from prorata.store.pages import WORD, Page, Source, split_words

__all__ = ["TOKEN", "VAULT", "Decoded", "Fault", "Moved", "Settled", "Told", "decode"]

TOKEN = "ShareToken"  # noqa: S105 - the contract's name
VAULT = "DividendVault"

FOLDED: Mapping[str, frozenset[str]] = {
    TOKEN: frozenset(
        {"AddressFrozen", "RecordCancelled", "RecordScheduled", "RecoverySuccess", "Transfer"}
    ),
    VAULT: frozenset({"Claimed", "ClaimedMany", "Declared"}),
}
"""The events from which more than their log is kept, by the contract that writes them."""

PAID = frozenset({"Claimed", "ClaimedMany"})
TRANSFER = topics_of(TOKEN, "Transfer")[0]
TRANSFER_TEXT = f"0x{TRANSFER.hex()}"
ADDRESS_WORD = f"0x{'0' * 24}"
PREFIX = len(ADDRESS_WORD)
WORD_TEXT = 2 + 2 * WORD

Moved = tuple[int, int, str, str, int]
"""A transfer: block, log index, giver and receiver as topics, amount."""

Told = tuple[Source, int, int, Event]
"""Another event: who tells it, block, log index."""


Settled = tuple[int, int, int, int, int, str, str, int, int]
"""A row of `settlement`, with addresses in place of accounts."""


class Fault(Exception):  # noqa: N818 - it stops an asset, and never leaves the store
    """Why a source cannot be followed into a block."""

    def __init__(self, source: Source, block: int, sentence: str) -> None:
        super().__init__(sentence)
        self.source = source
        self.block = block


@dataclass
class Decoded:
    """What is folded of a page's logs; its blocks with one, and whether they are history."""

    moved: dict[int, list[Moved]] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    settled: list[Settled] = field(default_factory=list)
    blocks: dict[int, bool] = field(default_factory=dict)


def decode(page: Page, chain: int, limits: Mapping[int, int], into: Decoded) -> Iterator[Row]:
    """The page's logs as rows of `log`; of each source in `limits` only those to that block.

    As they go by, what is folded of them is put `into`: so no list of them is ever held.

    Raises: Fault for an event that its source, which is ours, cannot have written; ChainError for
        logs that make no sense, are of nobody who was asked for, or out of order.
    """
    try:
        yield from _Reader(page, chain, limits, into).read()
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise _senseless(f"a log without sense ({type(error).__name__}: {error})") from error


def _senseless(what: str) -> ChainError:
    return ChainError(f"the node answered {what}", f"{RUN_AGAIN}, or use another node")


class _Reader:
    """One page on its way."""

    def __init__(self, page: Page, chain: int, limits: Mapping[int, int], into: Decoded) -> None:
        self.page = page
        self.chain = chain
        self.found = into
        into.moved = {source.id: [] for source in page.sources if source.kind == TOKEN}
        # By address, as nodes write it: the source, to which block it is read, and its transfers.
        self.sources = {
            source.address.lower(): (
                source,
                limits.get(source.id, page.until),
                into.moved.get(source.id),
            )
            for source in page.sources
        }

    def read(self) -> Iterator[Row]:
        """Every log, in the chain's order."""
        chain, sources, blocks = self.chain, self.sources, self.found.blocks
        number, index, transaction, hashed = self.page.after, -1, "", b""
        text = ""
        for entry in self.page.logs:
            before = number, index
            if entry["blockNumber"] != text:
                text = entry["blockNumber"]
                number = int(text, 16)
            index = int(entry["logIndex"], 16)
            if (number, index) <= before or number > self.page.until:
                raise _senseless(f"log {index} of block {number} out of order")
            try:
                source, limit, moved = sources[entry["address"]]
            except KeyError:
                source, limit, moved = self._source(entry["address"])
            if number > limit:
                continue
            if entry["transactionHash"] != transaction:
                transaction = entry["transactionHash"]
                hashed = _bytes(transaction, WORD)
            topics, data = entry["topics"], entry["data"]
            if moved is not None and topics[0] == TRANSFER_TEXT and len(topics) == 3:
                name, words = "Transfer", bytes.fromhex(f"{topics[1][2:]}{topics[2][2:]}")
                amount = bytes.fromhex(data[2:])
                sized = len(words) == 2 * WORD and len(amount) == WORD and len(data) == WORD_TEXT
                if not sized or any(topic[:PREFIX] != ADDRESS_WORD for topic in topics[1:]):
                    raise _unreadable(source, number, index, name)
                words = TRANSFER + words
                moved.append((number, index, topics[1], topics[2], int(data, 16)))
            else:
                name, words, amount = self._other(source, number, index, entry)
            yield chain, number, index, source.id, hashed, name, words, amount
            if blocks.get(number, True):
                blocks[number] = number <= source.added_at

    def _source(self, address: str) -> tuple[Source, int, list[Moved] | None]:
        try:
            # A node may write addresses in two cases.
            return self.sources[address.lower()]
        except KeyError:
            raise _senseless(f"a log of {address}, which was not asked for") from None

    def _other(
        self, source: Source, number: int, index: int, entry: Mapping[str, Any]
    ) -> tuple[str, bytes, bytes]:
        """Its name, topics and data as kept."""
        topics, data = entry["topics"], bytes_of(entry["data"])
        words = bytes.fromhex("".join([topic[2:] for topic in topics]))
        if len(words) != WORD * len(topics):
            raise _senseless(f"topics of other sizes than {WORD} bytes")
        name = _named(topics[0], len(topics)) if topics else ""
        if not name and source.ours:
            raise Fault(
                source,
                number,
                f"log {index} of block {number} by {source.address} is no event that this version "
                f"of prorata knows of a {source.kind}",
            )
        if name in FOLDED.get(source.kind, ()):
            told, transaction = split_words(words), entry["transactionHash"]
            event = decode_log(Log(source.address, told, data, number, "", transaction, index))
            if event is None or event.name == "Transfer":
                raise _unreadable(source, number, index, name)
            if event.name in PAID:
                self.found.settled += _settled(source, number, index, event)
            else:
                self.found.told.append((source, number, index, event))
        return name, words, data


def _settled(source: Source, number: int, index: int, event: Event) -> Iterator[Settled]:
    for part, paid in enumerate(settlements([event])):
        amounts = paid.gross, paid.tax
        place = source.id, number, index, part
        yield (*place, paid.distribution_id, paid.holder, paid.payee, *amounts)


def _unreadable(source: Source, number: int, index: int, name: str) -> Fault:
    return Fault(
        source,
        number,
        f"the event {name} in log {index} of block {number} by {source.address} cannot be read",
    )


@lru_cache(maxsize=1_024)
def _named(first: str, count: int) -> str:
    """The name of the event with that first topic and so many; empty for one that is not known."""
    return event_name([bytes_of(first)] * count) or ""


def _bytes(text: str, size: int) -> bytes:
    found = bytes_of(text)
    if len(found) != size:
        raise _senseless(f"{text[:80]}, where {size} bytes belong")
    return found
