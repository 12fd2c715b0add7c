# SPDX-License-Identifier: MIT
"""The documents of an asset (ERC-1643): each has a name, where it is, and the hash of its content.

A name has at most 32 bytes. The hash is the content's SHA-256, which `sha256sum` prints, as it is
for orders and certificates; zero where nobody gave one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from prorata.chain.operator import Operator
from prorata.contracts.share_token import ShareToken
from prorata.deployments.changes import Change, make_change, require_owner
from prorata.deployments.deployment import Deployment
from prorata.errors import InputError
from prorata.values.amounts import strange_character
from prorata.values.times import moment

__all__ = ["Document", "hash_of", "read_documents", "remove_document", "set_document"]

NAME_BYTES = 32
UNKNOWN = bytes(NAME_BYTES)

_WORD = re.compile(r"0x[0-9a-fA-F]{64}", re.ASCII)


@dataclass(frozen=True)
class Document:
    """A document as the token has it; `set_at` is the Unix second in which it was last set."""

    name: str
    uri: str
    content_hash: bytes
    set_at: int

    @property
    def hashed(self) -> str:
        """The hash as `0x…`; empty if nobody gave one."""
        return "" if self.content_hash == UNKNOWN else f"0x{self.content_hash.hex()}"

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        return {
            "name": self.name,
            "uri": self.uri,
            "hash": self.hashed or None,
            "set_at": self.set_at,
            "set": moment(self.set_at),
        }


def read_documents(token: ShareToken) -> list[Document]:
    """Every document, by name.

    Raises: ChainError.
    """
    return sorted(_documents(token), key=lambda document: document.name)


def set_document(
    operator: Operator, deployment: Deployment, name: str, uri: str, content_hash: bytes
) -> Change:
    """Add a document, or replace the one of this name. Owner only.

    Raises: InputError when name or address is none, or the account is not the owner; what
    `Operator.send` raises.
    """
    named, token = _encoded(name), deployment.token()
    if uri == "" or (strange := strange_character(uri)) is not None:
        fault = ("is blank", "say where the document is") if uri == "" else strange
        assert fault is not None
        raise InputError.of("uri", uri, *fault)
    _ready(operator, deployment)
    digest = sha256(f"{name}\n{uri}\n{content_hash.hex()}".encode()).hexdigest()[:16]
    done = token.document(named)[:2] == (uri, content_hash)
    call = token.set_document(named, uri, content_hash)
    return make_change(operator, f"documents/set/{digest}", call, done=done)


def remove_document(operator: Operator, deployment: Deployment, name: str) -> Change:
    """Remove a document. Owner only.

    Raises: InputError when there never was one of this name, or the account is not the owner; what
    `Operator.send` raises.
    """
    named, token = _encoded(name), deployment.token()
    _ready(operator, deployment)
    key = f"documents/remove/{named.hex()}"
    done = named not in token.documents()
    if done and not operator.attempts(key):
        known = ", ".join(document.name for document in read_documents(token)) or "none yet"
        rule = f"is no document of {deployment.settings.symbol}: there are {known}"
        raise InputError.of("name", name, rule, "check the name")
    return make_change(operator, key, token.remove_document(named), done=done)


def hash_of(path: str | Path) -> bytes:
    """The SHA-256 of a file.

    Raises: InputError when it cannot be read.
    """
    try:
        return sha256(Path(path).read_bytes()).digest()
    except OSError as error:
        rule = f"cannot be read ({str(error.strerror).lower()})"
        raise InputError.of("file", path, rule, "give the document's file") from None


def _documents(token: ShareToken) -> Iterator[Document]:
    for named in token.documents():
        uri, content_hash, set_at = token.document(named)
        yield Document(_decoded(named), uri, content_hash, set_at)


def _encoded(name: str) -> bytes:
    """The name as the contract has it: UTF-8, filled up with zeros; or 32 bytes as `0x…`."""
    if _WORD.fullmatch(name):
        return bytes.fromhex(name[2:])
    if (strange := strange_character(name, printable=True)) is not None:
        raise InputError.of("name", name, *strange)
    written = name.encode()
    if not 0 < len(written) <= NAME_BYTES:
        rule = f"is not 1 to {NAME_BYTES} bytes long"
        raise InputError.of("name", name, rule, "write a short name such as prospectus")
    return written.ljust(NAME_BYTES, b"\0")


def _decoded(named: bytes) -> str:
    """The name as people read it; one that is no text as `0x…`."""
    text = named.rstrip(b"\0")
    try:
        return text.decode() if text.decode().isprintable() and text else f"0x{named.hex()}"
    except UnicodeDecodeError:
        return f"0x{named.hex()}"


def _ready(operator: Operator, deployment: Deployment) -> None:
    operator.settle()
    called = f"the token {deployment.settings.symbol}"
    require_owner(deployment.token(), operator.address, called)
