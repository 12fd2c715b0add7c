# SPDX-License-Identifier: MIT
"""The journal: what was signed is on disk before it is sent, so that no step is done twice.

A sealed log, in which a changed, missing or inserted line is noticed. Its first line says which
chain the journal belongs to. Each further line is one of five:

    a `JournalEntry`: a signed transaction under the key of the step it executes
    abandoned:  such a key was given up
    note:       facts, such as an order with its reason, kept beside what was sent for it
    mark:       up to a nonce, all that an account sent is known, here or as no affair of ours
    bound:      a step was found done by a transaction that this journal had adopted

A line becomes durable before its transaction leaves. Whoever is killed in between finds, on the
next run, the very bytes to send again; a last line torn by the kill was never sent and is dropped.
The journal holds signed transactions, which anyone may see, and never a key.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any

from eth_utils.crypto import keccak

from prorata.chain.heads import Head, HeadFile
from prorata.chain.sealed_log import SealedLog
from prorata.chain.signed import read_signed
from prorata.errors import JournalError

__all__ = ["ADOPTED", "Journal", "JournalEntry", "Mark"]

ADOPTED = "adopted/"
"""Before the hash, in the key of what was found on the chain and belongs to no step."""

VERSIONS = (1, 2)
"""Those that can be read. Version 1 had no notes and no identity; a new journal is of the last."""


@dataclass(frozen=True)
class JournalEntry:
    """A transaction that was signed for the step `key` and may have been sent.

    `digest` identifies what the step does (receiver, data and value), whatever nonce and fees it
    was signed with; `hash` is the transaction's, as `0x…`; `raw` the signed bytes; `at` when it was
    signed, in UTC by the clock of the machine, or empty in a journal of version 1.
    """

    key: str
    label: str
    sender: str
    nonce: int
    digest: str
    hash: str
    raw: bytes
    at: str = ""


@dataclass(frozen=True)
class Mark:
    """Of what `account` had sent before `nonce`, by `block`, nothing is unknown.

    `foreign` has the nonces that no entry explains: what did not concern this deployment, or
    failed. Each has the hash of its transaction, or None where the node could not show it.
    """

    account: str
    nonce: int
    block: int
    foreign: Mapping[int, str | None]


class Journal:
    """The journal file of one deployment, open and locked until `close`.

    With `read_only` it is looked at as it is now: nothing is locked, created or written, and a
    file that is not there is an empty journal. While it is open, `command` is what others are told
    that this process does; another run is waited for, `wait` seconds. `head` is a file kept
    elsewhere that remembers how far the journal had come.

    Raises: JournalError when another run has it open, when it belongs to another chain, or when
    a line of it is damaged.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        chain_id: int,
        genesis_hash: str,
        read_only: bool = False,
        command: str = "",
        wait: float = 0.0,
        head: Path | None = None,
    ) -> None:
        self.path = Path(path)
        self._entries: list[JournalEntry] = []
        self._latest: dict[str, JournalEntry | None] = {}
        self._notes: list[Mapping[str, Any]] = []
        self._marks: dict[str, Mark] = {}
        self._given_up: set[tuple[str, int]] = set()
        self._heads: HeadFile | None = None
        self._log = SealedLog(self.path, read_only=read_only, command=command, wait=wait)
        try:
            self._load({"chain": chain_id, "genesis": genesis_hash})
            if head is not None:
                heads = HeadFile(head, read_only=read_only)
                heads.check(self.head, self._log.seals)
                self._heads = None if read_only else heads
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Journal:
        """The open journal."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

    @property
    def entries(self) -> tuple[JournalEntry, ...]:
        """All that was ever signed, in order, given up or not."""
        return tuple(self._entries)

    @property
    def head(self) -> Head:
        """How far it has come."""
        first = self._log.records[0] if self._log.records else {}
        # A journal of version 1 has no other identity than its first transaction.
        own = first.get("id") or "".join(self._log.seals[1:2])
        place = (str(self.path), first.get("chain", 0), first.get("genesis", ""))
        return Head(own, *place, len(self._log.seals), self._log.seal)

    @property
    def read_only(self) -> bool:
        """Whether it is only looked at."""
        return self._log.read_only

    @property
    def records(self) -> Sequence[Mapping[str, Any]]:
        """Every line as it is in the file, without its seal."""
        return self._log.records

    @property
    def notes(self) -> tuple[Mapping[str, Any], ...]:
        """The facts of every note, in order."""
        return tuple(self._notes)

    def live(self) -> list[JournalEntry]:
        """The latest entry of every key that was not given up, in order of signing."""
        return [entry for entry in self._entries if self._latest.get(entry.key) is entry]

    def find(self, key: str) -> JournalEntry | None:
        """The latest entry of a key; None when there is none or it was given up."""
        return self._latest.get(key)

    def versions(self, entry: JournalEntry) -> list[JournalEntry]:
        """All that was signed for the same step with the same nonce, of which one can be mined."""
        same = (entry.key, entry.sender, entry.nonce, entry.digest)
        return [e for e in self._entries if (e.key, e.sender, e.nonce, e.digest) == same]

    def write(self, entries: Iterable[JournalEntry]) -> None:
        """Append entries and wait until the disk has them. Only then may they be sent."""
        new = list(entries)
        self._log.append([_line(entry) for entry in new])
        for entry in new:
            self._remember(entry)

    def abandon(self, key: str) -> None:
        """Give a key up, so that its step is signed anew: for one whose nonce was used elsewhere.

        Raises: JournalError when the key has no entry to give up.
        """
        if self.find(key) is None:
            raise JournalError(
                f'the journal {self.path} has no step "{key}" to give up',
                "write the step as the refusal named it",
            )
        self._log.append([{"abandoned": key}])
        self._forget(key)

    def note(self, facts: Mapping[str, Any]) -> None:
        """Append facts, JSON's kinds only, and wait until the disk has them."""
        self._log.append([{"note": dict(facts)}])
        self._notes.append(dict(facts))

    # ------------------------------------------------------ what others sent for this account

    def accounts(self) -> list[str]:
        """Every account that ever signed for this deployment, or was looked at."""
        return sorted({entry.sender for entry in self._entries} | set(self._marks))

    def mark_of(self, account: str) -> Mark | None:
        """How far the account was looked at; None if it never was."""
        return self._marks.get(account)

    def unknown(self, account: str, count: int) -> list[int] | None:
        """Nonces below `count` of which neither an entry nor a mark says what they were used for.

        None for an account of which nothing at all is known.
        """
        mark = self._marks.get(account)
        own = {entry.nonce for entry in self._entries if entry.sender == account}
        if mark is None and not own:
            return None
        given_up = {nonce for sender, nonce in self._given_up if sender == account}
        first = min(own) if mark is None else mark.nonce
        known = (own - given_up) | set(mark.foreign if mark else ())
        wanted = {*range(first, count), *(nonce for nonce in given_up if nonce < count)}
        return sorted(wanted - known)

    def mark(self, mark: Mark) -> None:
        """Append how far an account was looked at."""
        self._log.append([{"mark": {**vars(mark), "foreign": sorted(mark.foreign.items())}}])
        self._keep(mark)

    def adopted(self) -> list[JournalEntry]:
        """What was taken in from the chain and is bound to no step, in order."""
        return [entry for entry in self.live() if entry.key.startswith(ADOPTED)]

    def bind(self, key: str, entry: JournalEntry) -> JournalEntry:
        """Note that a step was done by what was adopted; the entry under its key."""
        self._log.append([{"bound": {"key": key, "hash": entry.hash}}])
        self._bind(key, entry)
        return self._entries[-1]

    def close(self) -> None:
        """Remember the head and close the file, which unlocks it; a second call does nothing.

        Raises: JournalError when the head cannot be remembered.
        """
        heads, self._heads = self._heads, None
        try:
            if heads is not None:
                heads.record(self.head)
        finally:
            self._log.close()

    # ------------------------------------------------------------------- the file

    def _load(self, place: Mapping[str, Any]) -> None:
        if not self._log.records:
            if not self._log.read_only:
                header = {"journal": VERSIONS[-1], "id": secrets.token_hex(8)}
                self._log.append([{**header, **place}])
            return
        first, *others = self._log.records
        self._check_header(first, place)
        for number, record in enumerate(others, start=2):
            self._take(number, record)

    def _check_header(self, found: Mapping[str, Any], place: Mapping[str, Any]) -> None:
        version = found.get("journal")
        if version not in VERSIONS:
            if isinstance(version, int) and version > VERSIONS[-1]:
                raise JournalError(
                    f"the journal {self.path} is of version {version}, which a newer prorata wrote",
                    "use that one",
                )
            raise self._log.damaged(1)
        if {name: found.get(name) for name in place} != place:
            raise JournalError(
                f"the journal {self.path} belongs to chain {found.get('chain')} with genesis "
                f"{found.get('genesis')}, not to chain {place['chain']} with genesis "
                f"{place['genesis']}",
                "choose the network or the folder that belong together",
            )

    def _take(self, number: int, record: Mapping[str, Any]) -> None:
        if set(record) == {"abandoned"}:
            self._forget(record["abandoned"])
            return
        try:
            self._take_new(record)
        except (TypeError, KeyError, ValueError):
            raise self._log.damaged(number) from None

    def _take_new(self, record: Mapping[str, Any]) -> None:
        match record:
            case {"note": dict(facts)}:
                self._notes.append(facts)
            case {"mark": dict(facts)}:
                self._keep(Mark(**{**facts, "foreign": dict(facts["foreign"])}))
            case {"bound": {"key": key, "hash": hashed}}:
                self._bind(key, {entry.hash: entry for entry in self.adopted()}[hashed])
            case _:
                entry = JournalEntry(**{**record, "raw": bytes.fromhex(record["raw"])})
                _check(entry)
                self._remember(entry)

    def _remember(self, entry: JournalEntry) -> None:
        self._entries.append(entry)
        self._latest[entry.key] = entry
        self._given_up.discard((entry.sender, entry.nonce))

    def _forget(self, key: str) -> None:
        entry = self._latest.get(key)
        if entry is not None:
            self._given_up.add((entry.sender, entry.nonce))
        self._latest[key] = None

    def _keep(self, mark: Mark) -> None:
        earlier = self._marks.get(mark.account)
        foreign = {**(earlier.foreign if earlier else {}), **mark.foreign}
        self._marks[mark.account] = replace(mark, foreign=foreign)

    def _bind(self, key: str, entry: JournalEntry) -> None:
        self._latest[entry.key] = None
        self._remember(replace(entry, key=key))


def _check(entry: JournalEntry) -> None:
    """Whether the signed bytes are those that the line tells of: anybody can seal a line anew.

    Raises: ValueError.
    """
    signed = read_signed(entry.raw)
    hashed = f"0x{keccak(entry.raw).hex()}"
    if (hashed, signed.nonce, signed.digest) != (entry.hash, entry.nonce, entry.digest):
        raise ValueError(entry.hash)


def _line(entry: JournalEntry) -> dict[str, Any]:
    return {**vars(entry), "raw": entry.raw.hex()}
