# SPDX-License-Identifier: MIT
"""What came back from a node: a reply, or nothing and the reason why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

__all__ = ["Answer", "Reply", "Request", "UnansweredError", "asks_too_often", "reason_given"]

Request: TypeAlias = tuple[str, Sequence[object]]
"""A question: the method and its parameters."""

Answer: TypeAlias = dict[str, Any]
"""The JSON-RPC object with the result, or the error, of one question."""

BUSY = frozenset({429, 502, 503, 504})

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
    """No reply came: `reason` says why without the address; `final` that asking again is vain."""

    def __init__(self, reason: str, *, final: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.final = reason, final


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

    def is_for_each(self, questions: Sequence[Request]) -> bool:
        """Whether there can be an answer to each of the questions in it.

        One object for many questions refuses them as a whole, as some providers do that take no
        batches.
        """
        if len(questions) == 1:
            return True
        return isinstance(self.content, list) and len(self.numbers) == len(questions)

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
    failed = answer.get("error") if isinstance(answer, dict) else None
    if failed is None:
        return False
    said = str(failed.get("message", "") if isinstance(failed, dict) else failed).lower()
    return any(words in said for words in _TOO_OFTEN)


def reason_given(failed: object) -> str:
    """The text of a node's error, which a few give instead of an object."""
    text = failed.get("message") if isinstance(failed, dict) else failed
    return str(text or "no reason given").rstrip(".")
