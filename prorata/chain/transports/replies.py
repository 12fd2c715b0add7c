# SPDX-License-Identifier: MIT
"""What came back from a node: a reply, or nothing and the reason why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from prorata.chain.transports.wordings import is_of_batch, text_of

__all__ = ["Answer", "Reply", "Request", "UnansweredError", "asks_too_often", "reason_given"]

Request: TypeAlias = tuple[str, Sequence[object]]
"""A question: the method and its parameters."""

Answer: TypeAlias = dict[str, Any]
"""The JSON-RPC object with the result, or the error, of one question."""

BUSY = frozenset({408, 429, 502, 503, 504, 520, 522, 524})
TOO_LARGE = 413

# What providers say, in errors of whatever code, to one who asks too often.
_TOO_OFTEN = (
    "compute units",
    "per second",
    "rate limit",
    "rate-limit",
    "request count",
    "throttl",
    "too many requests",
)


class UnansweredError(Exception):
    """No reply came: `reason` says why without the address; `final` that asking again is vain.

    `slow` says that the time was over, and another question may be answered sooner.
    """

    def __init__(self, reason: str, *, final: bool = False, slow: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.final, self.slow = reason, final, slow


@dataclass(frozen=True)
class Reply:
    """What a node said to one or more questions.

    `content` is its JSON, or None where that is no JSON-RPC; `numbers` are those of the questions,
    in their order, or none of a single one whose number nobody knows; `status` is HTTP's, and None
    on a socket.
    """

    content: list[Any] | Answer | None
    numbers: Sequence[int]
    status: int | None = None

    @property
    def is_well(self) -> bool:
        """Whether nothing but the content can be wrong with it."""
        return self.status is None or self.status < 400

    @property
    def is_busy(self) -> bool:
        """Whether the same question may have an answer in a moment."""
        if self.content is None:
            # Half an answer, which a gateway took for a whole one, says that all is well.
            return self.is_well or self.status in {*BUSY, 500}
        return self.status in BUSY or any(asks_too_often(part) for part in self._parts)

    @property
    def is_too_large(self) -> bool:
        """Whether a gateway says that what was asked or answered is too long for it."""
        return self.status == TOO_LARGE

    @property
    def is_overtaxed(self) -> bool:
        """Whether less might have been answered: a gateway gave up, or cut the answer off."""
        if self.content is None:
            return (self.is_busy or self.is_too_large) and self.status != 429
        return self.status in BUSY - {429}

    @property
    def complaint(self) -> str:
        """What is said against all the questions at once, if anything."""
        refusal = self._refusal_of_all
        return "" if refusal is None else text_of(refusal.get("error"))

    def found(self, count: int) -> list[Answer | None]:
        """The answers to `count` questions, of which there are many; None for one to ask again.

        For its length a batch is refused by one object, by a list of one error, which may have the
        number of the first question, or from some question on.
        """
        if self._refusal_of_all is not None or self.content is None or len(self.numbers) != count:
            return [None] * count
        return [None if _is_left_out(answer) else answer for answer in self.answers()]

    @property
    def _refusal_of_all(self) -> Answer | None:
        if isinstance(self.content, dict):
            return self.content
        only = self.content[0] if self.content and not self.content[1:] else None
        return only if isinstance(only, dict) and only.get("error") is not None else None

    def answers(self) -> list[Answer | None]:
        """The answer to each question, by its number; None for what was left out."""
        content = self.content
        if isinstance(content, dict) and content.get("id") is None:
            # An error may come without the number of the question; of one question it is this.
            return [content]
        parts = [part for part in self._parts if isinstance(part, dict)]
        if not self.numbers:
            return [parts[0] if parts else None]
        # A number may be anything, even a list.
        found = {part["id"]: part for part in parts if isinstance(part.get("id"), int | float)}
        return [found.get(number) for number in self.numbers]

    @property
    def _parts(self) -> list[Any]:
        return self.content if isinstance(self.content, list) else [self.content]


def asks_too_often(answer: object) -> bool:
    """Whether an answer's error says that the node is asked too often."""
    said = _said_of(answer)
    # Too many in one batch is another matter than too many in a second.
    return any(words in said.lower() for words in _TOO_OFTEN) and not is_of_batch(said)


def _is_left_out(answer: Answer | None) -> bool:
    """Whether it says that the batch was too long, and nothing of its question."""
    said = _said_of(answer)
    return said != "" and is_of_batch(said)


def _said_of(answer: object) -> str:
    failed = answer.get("error") if isinstance(answer, dict) else None
    said = failed.get("message", "") if isinstance(failed, dict) else failed
    return "" if said is None else str(said)


def reason_given(failed: object) -> str:
    """The text of a node's error, which a few give instead of an object."""
    text = failed.get("message") if isinstance(failed, dict) else failed
    return str(text or "no reason given").rstrip(".")
