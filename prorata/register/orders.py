# SPDX-License-Identifier: MIT
"""The log of orders: what was ordered, why, on which document, by whom and when.

An order is a note in the deployment's journal, sealed with what was sent for it, and on disk before
that is sent; a second note adds the transaction once it is mined:

    {"order": "…", "what": "freeze", …, "words": "…", "document": "0x…", "by": "0x…", "at": "…"}
    {"order": "…", "transaction": "0x…", "block": 42}

The journal is for ever, and the words of a reason, or the name of a document, can name a person. So
they stand in `reasons.jsonl` beside it, and the journal has a salted digest of them: a line there
can be erased when the law asks for it, and what is left says nothing of who it was about. Versions
before wrote all of it to `orders.jsonl`, which is still read.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeAlias

from prorata.chain.journal import Journal
from prorata.errors import DeploymentError
from prorata.files.log import append_lines, whole_lines
from prorata.files.writer import json_object

__all__ = ["OLD_LOG", "REASONS", "OrderLog"]

Document: TypeAlias = tuple[str, str]
"""A document's hash, and where it came from in words."""

REASONS = "reasons.jsonl"
OLD_LOG = "orders.jsonl"


class OrderLog:
    """The orders of the deployment in a folder, in its journal."""

    def __init__(self, folder: Path, journal: Journal) -> None:
        self._folder = folder
        self._journal = journal

    def note(self, order: str, facts: Mapping[str, Any], reason: str, document: Document) -> None:
        """Note an order, once, and wait until the disk has it.

        Raises: DeploymentError or JournalError when the disk does not take it.
        """
        if any(line["order"] == order for line in self.lines()):
            return
        salt = secrets.token_hex(16)
        words = {"salt": salt, "reason": reason, "document": document[1]}
        digest = _digest(words)
        self._keep({"words": digest, **words})
        more = {"words": digest, "document": document[0]}
        plain = json.loads(json.dumps(json_object(facts)))
        # Who and when stand last, as in a letter.
        signed = {name: plain.pop(name) for name in ("by", "at") if name in plain}
        self._journal.note({"order": order, **plain, **more, **signed})

    def mined(self, order: str, transaction: str, block: int) -> None:
        """Note what executed an order, unless that is noted: a run may have been killed before."""
        if not any(line.get("transaction") == transaction for line in self.lines()):
            self._journal.note({"order": order, "transaction": transaction, "block": block})

    def lines(self) -> list[dict[str, Any]]:
        """Every line, in order, with the words where they are kept; `reason` is None if erased.

        Raises: DeploymentError when a file is damaged.
        """
        kept = {one["words"]: one for one in self._read(REASONS)}
        noted = [note for note in self._journal.notes if "order" in note]
        return [*self._read(OLD_LOG), *(_with_words(note, kept) for note in noted)]

    def faults(self) -> list[str]:
        """What is wrong with the words beside the journal, a sentence each."""
        noted = {note["words"] for note in self._journal.notes if "words" in note}
        return [
            f"the words {one['words']} in {self._folder / REASONS} were changed"
            for one in self._read(REASONS)
            if one["words"] in noted and _digest(one) != one["words"]
        ]

    def _read(self, name: str) -> list[dict[str, Any]]:
        path = self._folder / name
        try:
            # What follows the last line end was torn by a kill, and nothing was sent for it.
            lines = path.read_bytes().split(b"\n")[:-1]
            return [dict(json.loads(line)) for line in lines]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, TypeError):
            raise DeploymentError(f"{path} is damaged", "restore it from a copy") from None

    def _keep(self, line: Mapping[str, Any]) -> None:
        path = self._folder / REASONS
        try:
            with path.open("a+b") as file:
                whole_lines(file)
                append_lines(file, [json.dumps(line, ensure_ascii=False).encode()])
        except OSError as error:
            raise DeploymentError(
                f"{path} cannot be written ({str(error.strerror).lower()}), so nothing was sent",
                "make room on the disk, or give a folder that this account may write",
            ) from None


def _with_words(note: Mapping[str, Any], kept: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    if "words" not in note:
        return dict(note)
    words = kept.get(note["words"], {})
    line = {name: value for name, value in note.items() if name != "words"}
    line["reason"] = words.get("reason")
    line["document"] = {"hash": note["document"], "is": words.get("document")}
    return line


def _digest(words: Mapping[str, Any]) -> str:
    told = [words.get(name) for name in ("salt", "reason", "document")]
    return sha256(json.dumps(told).encode()).hexdigest()
