# SPDX-License-Identifier: MIT
"""Pages of a chain's log from its nodes: by ranges below finality, by block hash above it.

Below finality no block can be replaced, so that a range is one thing, and it is asked for twice:
from another node where there is one. Above finality a range may be answered from two branches, so
that each block's logs are asked for by its hash, and the headers must be a chain.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from prorata.chain.encoding import bytes_of, int_of
from prorata.chain.log_pages import LogRange
from prorata.chain.node import RpcChain
from prorata.chain.rpc import BusyError
from prorata.chain.transports.wordings import is_unknown_here
from prorata.chain.types import BlockHeader
from prorata.errors import RUN_AGAIN, ChainError, ProrataError, StoreError
from prorata.store.pages import Header, Page, Source, thinned

__all__ = [
    "PAGE_EVENTS",
    "MovedError",
    "Reader",
    "as_header",
    "canonical",
    "check_same_logs",
]

PAGE_EVENTS = 50_000
PAGE_SECONDS = 10.0
BLOCKS_BY_HASH = 64

_Entry = Mapping[str, Any]
_Canonical = tuple[int, int, str, str, str, tuple[str, ...], str]


class MovedError(ChainError):
    """The chain was reorganised while it was read: look again."""


def as_header(found: BlockHeader) -> Header:
    """A header as the ledger keeps it."""
    return Header(
        found.number, bytes_of(found.hash), found.timestamp, parent=bytes_of(found.parent)
    )


class Reader:
    """Reads pages from the nodes of a chain; what does not fit is refused."""

    def __init__(self, chain: RpcChain) -> None:
        self.chain = chain

    # ----------------------------------------------------------------------------- below finality

    def final_page(
        self, sources: Sequence[Source], after: int, until: int, *, most: int = PAGE_EVENTS
    ) -> Page:
        """The final blocks from `after + 1` on, checked twice: to `until`, if there is room.

        A page ends after the range with which it has `most` events, or has taken `PAGE_SECONDS`.

        Raises: StoreError when two answers differ; ChainError.
        """
        addresses = [source.address for source in sources]
        logs: list[_Entry] = []
        headers: dict[int, Header] = {}
        enough = time.monotonic() + PAGE_SECONDS
        for part in self.chain.log_ranges(addresses, after + 1, until):
            headers |= self._range_headers(part, addresses)
            self.ask_again(part, sources)
            # Two answers of one size were held just now: what is kept of them is a third.
            logs += thinned(part.logs)
            if len(logs) >= most or part.until == until or time.monotonic() > enough:
                break
        # Of a range's end without events no more than its hash is worth keeping.
        end = Header(part.until, bytes_of(part.end.hash), part.end.timestamp)
        headers.setdefault(part.until, end)
        return Page(tuple(sources), after, part.until, logs, headers)

    def ask_again(self, part: LogRange, sources: Sequence[Source]) -> None:
        """Ask for a range a second time, from another node where one answers, and compare.

        Raises: StoreError when the answers differ; ChainError.
        """
        addresses = [source.address for source in sources]
        self._compare(part, self.ranges_again(addresses, part.first, part.until))

    def ranges_again(self, addresses: Sequence[str], first: int, until: int) -> list[LogRange]:
        """The ranges from another node than the one that was asked last, where one answers.

        Raises: ChainError.
        """
        for other in self.chain.others():
            try:
                return list(other.log_ranges(addresses, first, until))
            except ChainError:
                # Whatever is wrong with it, it is not to be waited for.
                self.chain.rest(other)
        return list(self.chain.log_ranges(addresses, first, until))

    @staticmethod
    def _compare(part: LogRange, parts: Sequence[LogRange]) -> None:
        again = [entry for one in parts for entry in one.logs]
        second = parts[-1].node
        if part.end.hash != parts[-1].end.hash:
            raise StoreError(
                f"block {part.until} is final and has two hashes: {part.end.hash} by {part.node} "
                f"and {parts[-1].end.hash} by {second}; nothing was written",
                "find out which node is wrong and leave it out",
            )
        if list(part.logs) != again:
            check_same_logs(map(canonical, part.logs), map(canonical, again), part.node, second)

    def _range_headers(self, part: LogRange, addresses: Sequence[str]) -> dict[int, Header]:
        """The header of each block with a log, from the logs themselves where they tell the time.

        Raises: ChainError for a log that does not belong there.
        """
        first = _checked(part.logs, addresses, part.first, part.until, part.node)
        hashes = {number: str(entry["blockHash"]).lower() for number, entry in first.items()}
        if hashes.get(part.until, part.end.hash) != part.end.hash:
            raise _misfit(part.node, part.until, "has a log of another block of that number")
        times = {
            number: int_of(entry["blockTimestamp"])
            for number, entry in first.items()
            if entry.get("blockTimestamp") is not None
        }
        undated = sorted(hashes.keys() - times.keys())
        for number, found in zip(undated, self._headers(undated), strict=True):
            if found.hash != hashes[number]:
                raise _misfit(part.node, number, "has another hash than its logs say")
            times[number] = found.timestamp
        return {n: Header(n, bytes_of(one), times[n]) for n, one in hashes.items()}

    # ----------------------------------------------------------------------------- above finality

    def open_page(
        self, sources: Sequence[Source], after: int, until: int, known: Mapping[int, bytes]
    ) -> Page:
        """The blocks `after + 1` to `until`, by their hashes; at most `BLOCKS_BY_HASH` of them.

        `known` are hashes by number that the ledger has: of `after`, and of later ones, where
        another source has been read further.

        Raises: MovedError when the headers are no chain; ChainError.
        """
        until = min(until, after + BLOCKS_BY_HASH)
        headers = [as_header(found) for found in self._headers(range(after + 1, until + 1))]
        _check_chain(headers, after, known)
        addresses = [source.address for source in sources]
        answers = self.chain.logs_of_blocks(addresses, [f"0x{one.hash.hex()}" for one in headers])
        logs: list[_Entry] = []
        for header, answer in zip(headers, answers, strict=True):
            logs += self._of_block(header, answer, addresses)
        found = {header.number: header for header in headers}
        return Page(tuple(sources), after, until, logs, found)

    def _of_block(
        self, header: Header, answer: list[dict[str, Any]] | ProrataError, addresses: Sequence[str]
    ) -> list[dict[str, Any]]:
        if isinstance(answer, ProrataError):
            if not isinstance(answer, BusyError) and is_unknown_here(answer.sentence):
                raise _moved(header.number)
            raise answer
        if not isinstance(answer, list):
            raise _moved(header.number)
        first = _checked(answer, addresses, header.number, header.number, self.chain.name)
        told = {str(entry["blockHash"]).lower() for entry in first.values()}
        if told - {f"0x{header.hash.hex()}"}:
            raise _misfit(self.chain.name, header.number, "has a log of another block of it")
        return answer

    # ------------------------------------------------------------------------------------ headers

    def _headers(self, numbers: Sequence[int]) -> list[BlockHeader]:
        """Raises: MovedError when one is gone; ChainError."""
        found = self.chain.headers(numbers)
        for number, header in zip(numbers, found, strict=True):
            if header is None:
                raise _moved(number)
            if header.number != number:
                raise _misfit(self.chain.name, number, f"is given as block {header.number}")
        return [header for header in found if header is not None]


def _check_chain(headers: Sequence[Header], after: int, known: Mapping[int, bytes]) -> None:
    """Raises: MovedError when one block does not follow on the other, or is not the known one."""
    for header in headers:
        if known.get(header.number, header.hash) != header.hash:
            raise _moved(header.number)
    first = known.get(after)
    if headers and first is not None and headers[0].parent != first:
        raise _moved(after)
    for before, header in pairwise(headers):
        if header.parent != before.hash:
            raise _moved(header.number)


def _moved(number: int) -> MovedError:
    return MovedError(f"the chain was reorganised at block {number} while it was read", RUN_AGAIN)


# --------------------------------------------------------------------------------------- the logs


def canonical(entry: _Entry) -> _Canonical:
    """What two nodes must say alike of one log, and what orders it."""
    return (
        int_of(entry["blockNumber"]),
        int_of(entry["logIndex"]),
        str(entry["blockHash"]).lower(),
        str(entry["address"]).lower(),
        str(entry["transactionHash"]).lower(),
        tuple(str(topic).lower() for topic in entry["topics"]),
        str(entry["data"]).lower(),
    )


def _checked(
    logs: Sequence[_Entry], addresses: Sequence[str], first: int, until: int, node: str
) -> dict[int, _Entry]:
    """The first log of each block that has one.

    Raises: ChainError for a log that was not asked for, is out of order, or was taken back.
    """
    wanted = {address.lower() for address in addresses}
    found: dict[int, _Entry] = {}
    number, index, text, hashed = first - 1, -1, "", ""
    for entry in logs:
        before = number, index
        try:
            if entry["blockNumber"] != text:
                text = entry["blockNumber"]
                number, hashed = int(text, 16), entry["blockHash"]
            index, address = int(entry["logIndex"], 16), entry["address"]
            block_hash, removed = entry["blockHash"], entry.get("removed")
            known = address in wanted or address.lower() in wanted
        except (AttributeError, KeyError, TypeError, ValueError):
            raise ChainError(
                f"{node} gave a log without its block, place or address", "use another node"
            ) from None
        if not first <= number <= until:
            raise _misfit(node, number, f"was not asked for, and came with log {index}")
        if not known:
            raise _misfit(node, number, f"has log {index} of {address}, which was not asked for")
        if removed:
            raise _misfit(node, number, f"has log {index}, which was taken back")
        if (number, index) <= before:
            raise _misfit(node, number, f"has log {index} out of order, or twice")
        if block_hash != hashed:
            raise _misfit(node, number, "has logs of two blocks")
        found.setdefault(number, entry)
    return found


def _misfit(node: str, number: int, what: str) -> ChainError:
    return ChainError(
        f"{node} gave an answer that cannot be: block {number} {what}",
        f"{RUN_AGAIN}, or use another node",
    )


def check_same_logs(
    first: Iterator[_Canonical] | Sequence[_Canonical],
    second: Iterator[_Canonical] | Sequence[_Canonical],
    one: str,
    other: str,
) -> None:
    """Whether two parties have the same logs, in whatever order.

    Raises: StoreError with the first log in which they differ; nothing is repaired.
    """
    left, right = _by_place(first, one), _by_place(second, other)
    for place in sorted(left.keys() | right.keys()):
        mine, theirs = left.get(place), right.get(place)
        if mine != theirs:
            raise _differs(place, _how(mine, theirs, one, other))


def _by_place(
    entries: Iterator[_Canonical] | Sequence[_Canonical], party: str
) -> dict[tuple[int, int], _Canonical]:
    """Raises: StoreError for a log that is there twice."""
    found: dict[tuple[int, int], _Canonical] = {}
    for entry in entries:
        if found.setdefault(entry[:2], entry) is not entry:
            raise _differs(entry[:2], f"is there twice for {party}")
    return found


def _differs(place: tuple[int, int], how: str) -> StoreError:
    return StoreError(
        f"log {place[1]} of block {place[0]}, which is final, {how}",
        "find out which is wrong, with `prorata ledger check` and another node, before the "
        "ledger is used; nothing was repaired",
    )


def _how(mine: _Canonical | None, theirs: _Canonical | None, one: str, other: str) -> str:
    if mine is None or theirs is None:
        has, lacks = (other, one) if mine is None else (one, other)
        return f"is there for {has} and not for {lacks}"
    names = ("block", "index", "block hash", "address", "transaction", "topics", "data")
    what = next(n for n, a, b in zip(names, mine, theirs, strict=True) if a != b)
    return f"has one {what} for {one} and another for {other}"
