# SPDX-License-Identifier: MIT
"""What nodes and their providers say in words where the codes of their errors do not.

The same refusal has dozens of wordings. Each is data here, and has a test with the sentence that it
was written for; a wording that nobody knows yet costs a few more questions, and nothing else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

__all__ = [
    "RangeOffer",
    "batch_limit",
    "is_ahead_of_node",
    "is_of_batch",
    "is_unknown_here",
    "offered_range",
    "text_of",
]

# ------------------------------------------------------------------------------- ranges of blocks

_COUNT = r"(\d[\d,._]*\s?[km]?)\b"

# The limit that a refused range is over, in blocks, as the first group.
_BLOCK_LIMITS = tuple(
    re.compile(words.replace("COUNT", _COUNT))
    for words in (
        r"maximum is set to COUNT",  # Avalanche
        r"max(?:imum)? (?:block )?range(?: is|:)? COUNT",  # Cloudflare, publicnode, reth
        r"max(?:imum)? block range (?:=|of) COUNT",  # Morph
        r"range (?:is )?too (?:large|wide|big|high)[^\d]*max(?:imum)?(?: is)? COUNT",  # Merkle
        r"maximum allowed number of requested blocks is COUNT",  # thirdweb
        r"limited to an? COUNT(?:[ -]blocks?)?(?: block)? range",  # QuickNode, 1RPC
        r"limited to (?:0 - )?COUNT blocks?\b",  # BlockPI, 1RPC
        r"range (?:is )?limited to COUNT",  # Polygon zkEVM
        r"exceeds the range allowed for your plan \(\d+ > COUNT",  # Blast
        r"limit the query to at most COUNT blocks",  # Coinbase
        r"block range greater than COUNT max",  # Swell
        r"block range (?:\d+ )?exceeds (?:the )?(?:maximum |max |limit )?(?:of )?COUNT",  # Somnia
        r"range \d+ exceeds (?:the )?limit (?:of )?COUNT",  # Infura
        r"query must be smaller than size COUNT",  # Harmony
        r"up to an? COUNT block range",  # Alchemy, Aurora
        r"blocks distance: COUNT",  # Ankr
        r"(?:returned )?more than COUNT blocks",
        r"up to COUNT blocks",
        r"ranges? over COUNT blocks",  # dRPC
        r"exceed(?:s|ed)? (?:the )?max(?:imum)? block range COUNT",  # Hyperliquid
    )
)

# Two blocks between which the provider believes the answer small enough.
_PROPOSED = re.compile(r"block range(?: should work:)?\s*\[0x([0-9a-f]+),\s*0x([0-9a-f]+)\]")

_NUMBERS = {"k": 1_000, "m": 1_000_000}


@dataclass(frozen=True)
class RangeOffer:
    """So many blocks at once a provider would take; `always` if that is its limit, else here."""

    blocks: int
    always: bool


def offered_range(said: str, first: int) -> RangeOffer | None:
    """What the refusal of a range from block `first` on offers instead, if anything."""
    words = said.lower()
    if (proposed := _PROPOSED.search(words)) is not None:
        start, end = (int(digits, 16) for digits in proposed.groups())
        # Other blocks than were asked for say nothing of these.
        if start <= first <= end:
            return RangeOffer(end - first + 1, always=False)
    for pattern in _BLOCK_LIMITS:
        if (found := pattern.search(words)) is not None and (count := _count(found[1])) > 0:
            return RangeOffer(count, always=True)
    return None


def _count(written: str) -> int:
    """A number as providers write it: `10,000`, `10.000`, `2K`."""
    unit = _NUMBERS.get(written[-1:], 1)
    digits = re.sub(r"\D", "", written)
    return int(digits) * unit if digits else 0


# ---------------------------------------------------------------------------------------- batches

_BATCH_LIMITS = tuple(
    re.compile(words)
    for words in (
        r"batch limit (\d+)",  # Erigon
        r"batch(?:es)? of more than (\d+)",  # dRPC
        r"(?:max|maximum|exceeded)(?: max| maximum)?(?: batch)? (?:size|limit)(?: of| is|:)? (\d+)",
        r"batch size (?:is )?(?:limited to|cannot exceed|must not exceed|exceeds) (\d+)",
        r"batch size exceeds (?:the )?limit (?:of )?(\d+)",
        r"up to (\d+) (?:requests|calls) (?:in|per) (?:a )?batch",
        r"max(?:imum)? (?:of )?(\d+) (?:requests|calls) (?:in|per) (?:a )?batch",
    )
)

_OF_BATCH = (
    re.compile(r"batch (?:request )?(?:was |is |size )?(?:is )?(?:too (?:large|big|long)|exceed)"),
    re.compile(r"batch(?:es)?(?: requests?)? (?:is |are )?not (?:supported|allowed|enabled)"),
    re.compile(r"(?:exceeds?|exceeded|maximum|max) .{0,20}batch"),
    re.compile(r"(?:requests|methods|calls) in (?:the |a |this )?(?:same )?batch"),
    re.compile(r"\bno batch"),
    re.compile(r"^response (?:is )?too large$"),  # geth, for what no longer fits
)


def is_of_batch(said: str) -> bool:
    """Whether a refusal is of a batch for its length, and not of a question in it."""
    words = said.lower().strip().rstrip(".")
    return batch_limit(said) is not None or any(p.search(words) for p in _OF_BATCH)


def batch_limit(said: str) -> int | None:
    """The most questions in a batch that a refusal names, if any."""
    words = said.lower()
    if "batch" not in words:
        return None
    for pattern in _BATCH_LIMITS:
        if (found := pattern.search(words)) is not None and int(found[1]) > 0:
            return int(found[1])
    return None


# ------------------------------------------------------------------------- what another may know

_AHEAD = (
    "beyond current head",  # geth
    "exceeds current head",  # reth
    "exceeds the current head",
    "beyond the head",
    "after last accepted block",  # Avalanche
    "greater than the latest block",
    "range extends beyond",
    "from block is in the future",
)

_UNKNOWN_HERE = (
    *_AHEAD,
    "header not found",
    "header for hash not found",
    "block not found",
    "unknown block",
    "could not find block",
    "missing trie node",
    "historical state",
    "state is not available",
    "state not available",
    "state already discarded",
    "pruned",
    "archive",
    "method not found",
    "method not supported",
    "does not exist/is not available",
    "is not available",
    "not whitelisted",
    "unsupported method",
    "no backend is currently healthy",
    "backend unavailable",
)


def is_ahead_of_node(said: str) -> bool:
    """Whether the node is asked for blocks that it does not have yet."""
    return any(words in said.lower() for words in _AHEAD)


def is_unknown_here(said: str) -> bool:
    """Whether another node of the same chain may well answer what this one does not."""
    return any(words in said.lower() for words in _UNKNOWN_HERE)


def text_of(failed: Any) -> str:
    """All that an error says in words; some providers put the number beside the message."""
    if not isinstance(failed, dict):
        return str(failed or "")
    data = failed.get("data")
    return " ".join(str(part) for part in (failed.get("message"), data) if isinstance(part, str))
