# SPDX-License-Identifier: MIT
"""Tables of holders as other programs write them: known by their header, read only when named.

A likeness proposes `--as NAME` in the refusal and decides nothing: what a number means differs
from one program to the next, and only the keeper of a file knows who wrote it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from prorata.errors import InputError

__all__ = [
    "DIALECTS",
    "Dialect",
    "Foreign",
    "disperse_rows",
    "find_dialect",
    "json_fault",
    "merkle_rows",
    "recognise_holders",
    "recognise_names",
]

AN_ADDRESS = r"(?:[a-z0-9-]+:)?0x[0-9a-fA-F]{40}"

_HEADLESS = re.compile(rf"\s*({AN_ADDRESS})\s*[,;=\t ]\s*([0-9][0-9.,_'eE+]*)\s*", re.ASCII)
_CHAINS = {"eth": "1", "gno": "100", "matic": "137", "arb1": "42161", "oeth": "10", "base": "8453"}


@dataclass(frozen=True)
class Dialect:
    """A table as a program writes it; `columns` has its header for each column of ours.

    It is known by the headers in `marks`. Each of `guards` reads a further column, to refuse rows
    that are no holding; the columns in `same` say one thing only in all rows. Its own `mark`, if it
    has one, stands before decimals. It `rounds` where it writes exponents, and `pads` whole numbers
    with zeros behind the point; with `cancels`, a line of nothing was cancelled. `counts` names its
    units.
    """

    name: str
    title: str
    columns: Mapping[str, str]
    marks: Sequence[str]
    mark: str | None = "."
    rounds: bool = False
    pads: bool = False
    cancels: bool = False
    counts: str = "whole"
    guards: Mapping[str, Callable[[str], str]] = field(default_factory=dict)
    same: Sequence[str] = ()
    classes: str | None = None

    @property
    def also(self) -> dict[str, str]:
        """Our name of each of its columns, in lower case."""
        return {theirs.lower(): ours for ours, theirs in self.columns.items()}

    @property
    def remedy(self) -> str:
        """How to read it."""
        return f"if it is, read it with `--as {self.name}`"


@dataclass(frozen=True)
class Foreign:
    """A table that holds no shares or names: known by its headers, and never read as such."""

    marks: Sequence[str]
    title: str
    remedy: str


# ------------------------------------------------------------------------------------- the guards


def _settled(cell: str) -> str:
    if cell.lower() not in ("no", "false", ""):
        raise InputError.of(
            None, cell, "is a balance that the explorer had not updated yet", "export it again"
        )
    return cell


def _of_tokens(cell: str) -> str:
    if cell.lower() != "erc20":
        raise InputError.of(
            None, cell, "is no payment of an ERC-20 token", "keep the lines of the share token only"
        )
    return cell


# ------------------------------------------------------------------------------------- what we know

EXPLORER = Dialect(
    "explorer",
    "the holder list of an explorer such as Etherscan or Blockscout",
    {"address": "HolderAddress", "shares": "Balance"},
    ("holderaddress", "balance"),
    rounds=True,
    pads=True,
    guards={"pendingbalanceupdate": _settled},
)
SAFE_AIRDROP = Dialect(
    "safe-airdrop",
    "the payout list of Safe's CSV Airdrop",
    {"address": "receiver", "shares": "amount"},
    ("token_type", "token_address", "receiver", "amount"),
    guards={"token_type": _of_tokens},
    same=("token_address",),
)
CERTIFICATES = Dialect(
    "certificates",
    "the list of certificates of a cap-table tool",
    {"address": "Wallet", "shares": "Quantity Outstanding", "name": "Stakeholder Name"},
    ("stakeholder name", "security id", "quantity outstanding"),
    cancels=True,
    classes="share class",
)
DISPERSE = Dialect(
    "disperse", "a payout list without a header, as Disperse takes it", {}, (), pads=True
)
MERKLE_DROP = Dialect("merkle-drop", "the list of a Merkle drop", {}, (), counts="smallest")
ADDRESS_BOOK = Dialect(
    "address-book",
    "the address book of a Safe",
    {"address": "address", "name": "name", "chain": "chainId"},
    ("address", "name", "chainid"),
)

DIALECTS = {
    dialect.name: dialect
    for dialect in (EXPLORER, SAFE_AIRDROP, CERTIFICATES, DISPERSE, MERKLE_DROP, ADDRESS_BOOK)
}
"""By what follows `--as`."""

_OTHERS = (
    Foreign(
        ("address", "person", "country"),
        "a register of investors, which has no shares",
        "bring it to the chain with `prorata register`",
    ),
    Foreign(
        ("address", "kinds", "rate", "valid_from"),
        "a list of tax certificates, which has no shares",
        "file it with `prorata tax certify`",
    ),
    Foreign(
        ("holder", "gross"),
        "a report of payments, not a cap table",
        "take what `prorata captable --csv` writes",
    ),
    Foreign(
        ("distribution", "gross"),
        "a statement of income, not a cap table",
        "take what `prorata captable --csv` writes",
    ),
    Foreign(
        ("holder", "gross_cash_amount"),
        "a summary of a year, not a cap table",
        "take what `prorata captable --csv` writes",
    ),
    Foreign(
        ("distribution", "payment_date"),
        "a statement of a year, not a cap table",
        "take what `prorata captable --csv` writes",
    ),
    Foreign(
        ("distribution", "currency", "received"),
        "a register of distributions, not a cap table",
        "take what `prorata captable --csv` writes",
    ),
)


def find_dialect(name: str | None) -> Dialect | None:
    """The dialect of this name.

    Raises: InputError when there is none.
    """
    if name is None:
        return None
    if name not in DIALECTS:
        raise InputError.of("as", name, "is no format we know", f"use {', '.join(DIALECTS)}")
    return DIALECTS[name]


# ------------------------------------------------------------------------------------- recognition


def recognise_holders(header: Sequence[str]) -> tuple[str, str] | None:
    """The rule and remedy for a header that another program, or another report, is known by."""
    if _HEADLESS.fullmatch(",".join(header)):
        remedy = f"add a line address,shares, or read it with `--as {DISPERSE.name}`"
        return "has no header", remedy
    dialect = _likely(header)
    if dialect is ADDRESS_BOOK:
        return "is an address book, which has no shares", "take a file with addresses and shares"
    if dialect is not None:
        return f"looks like {dialect.title}", dialect.remedy
    for other in _OTHERS:
        if set(other.marks) <= set(header):
            return f"is the header of {other.title}", other.remedy
    return None


def recognise_names(header: Sequence[str]) -> tuple[str, str] | None:
    """The same of a file that names are to be taken from."""
    dialect = _likely(header)
    if dialect is None or not {"address", "name"} <= set(dialect.columns):
        return None
    command = f"`prorata names import FILE --as {dialect.name}`"
    return f"looks like {dialect.title}", f"if it is, take its names with {command}"


def _likely(header: Sequence[str]) -> Dialect | None:
    for dialect in DIALECTS.values():
        if dialect.marks and set(dialect.marks) <= set(header):
            return dialect
    return None


# ------------------------------------------------------------------------- formats without a header


def disperse_rows(content: bytes) -> Iterator[tuple[int, Sequence[str]]]:
    """The rows of a payout list without a header, one put before them.

    Cells are apart by a comma, a space or `=`; a line that is otherwise stands as it is, for its
    fault to be named.
    """
    yield 0, ("address", "shares")
    text = content.decode("utf-8", errors="surrogateescape").removeprefix("\ufeff")
    for number, line in enumerate(text.rstrip("\r\n").splitlines(), start=1):
        match = _HEADLESS.fullmatch(line)
        yield number, (match[1], match[2]) if match else line.split(",")


def merkle_rows(content: bytes) -> Iterator[tuple[int, Sequence[str]]]:
    """The rows of a Merkle drop in JSON, in its order: of a map, of `claims`, or of a list.

    Raises: InputError when it is none.
    """
    found = _json(content)
    entries = found.get("claims", found) if isinstance(found, dict) else found
    yield 0, ("address", "shares")
    for number, (address, amount) in enumerate(_merkle_entries(entries), start=1):
        yield number, (address, _merkle_amount(amount))


def _merkle_entries(entries: object) -> Iterator[tuple[str, object]]:
    pairs: list[tuple[str, object]] = []
    if isinstance(entries, dict):
        pairs = list(entries.items())
    elif isinstance(entries, list) and all(isinstance(entry, dict) for entry in entries):
        pairs = [(str(entry.get("address", "")), entry) for entry in entries]
    if not pairs:
        raise InputError.of("file", "the JSON", "is no list of a Merkle drop", _MERKLE_SHAPE)
    for address, entry in pairs:
        named = entry if isinstance(entry, dict) else {"amount": entry}
        yield address, named.get("amount", named.get("earnings", named.get("balance", "")))


_MERKLE_SHAPE = 'write {"0x…": "0x64"}, with an address and an amount for each holder'


def _merkle_amount(amount: object) -> str:
    text = str(amount)
    return str(int(text, 16)) if re.fullmatch(r"0x[0-9a-fA-F]{1,64}", text) else text


def json_fault(content: bytes, subject: str) -> InputError | None:
    """What a JSON document is that was given as a table; None for what is no JSON."""
    if content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] not in (b"{", b"["):
        return None
    try:
        found = _json(content)
    except InputError as error:
        return error
    return InputError.of("file", subject, *_json_kind(found))


def _json_kind(found: object) -> tuple[str, str]:
    if isinstance(found, dict):
        if str(found.get("file_type", "")).startswith("OCF_"):
            remedy = "give its package, a folder or a ZIP archive, with its manifest"
            return "is a file of the Open Cap Format", remedy
        if {"crypto", "Crypto"} & set(found):
            return "is a keystore, not a table", "give a table, and the keystore with --account"
    try:
        first = next(
            _merkle_entries(found.get("claims", found) if isinstance(found, dict) else found)
        )
    except InputError:
        return "is a JSON document, not a table", "save the table as CSV UTF-8"
    if re.fullmatch(AN_ADDRESS, first[0]):
        return f"looks like {MERKLE_DROP.title}", MERKLE_DROP.remedy
    return "is a JSON document, not a table", "save the table as CSV UTF-8"


def _json(content: bytes) -> Any:
    """The document; a name that stands twice in it is refused, as is a number with a point."""

    def once(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
        seen: dict[str, object] = {}
        for name, value in pairs:
            if name in seen:
                raise InputError.of("file", name, "stands twice in the JSON", "keep one of them")
            seen[name] = value
        return seen

    try:
        # Numbers stay the very words that stand there: a float would round them.
        return json.loads(
            content.decode("utf-8-sig"), object_pairs_hook=once, parse_float=str, parse_int=str
        )
    except (ValueError, RecursionError):
        raise InputError.of(
            "file", "the JSON", "cannot be read as JSON", "write it again, or save it as CSV UTF-8"
        ) from None


# ------------------------------------------------------------------------------------ address books


def plain_address(cell: str, chain: str | None) -> str:
    """The address behind a chain's short name, such as `eth:0x…`; `chain` is what the row says.

    Raises: InputError when the two are of different chains.
    """
    prefix, separator, address = cell.rpartition(":")
    if not separator:
        return cell
    if chain and _CHAINS.get(prefix, chain) != chain:
        rule = f"is of chain {_CHAINS[prefix]}, and the line says chain {chain}"
        raise InputError.of("address", cell, rule, "correct one of them")
    return address
