"""What comes of a step: events report what was done, or it is refused for every reason that holds.

What is refused changes nothing.
"""

from __future__ import annotations

from typing import Any

NOBODY = "nobody"
COIN = "coin"
VAULT = "vault"

Reason = tuple[str, tuple[Any, ...]]
"""An error's name and its values."""

Event = tuple[Any, ...]
"""An event's name, then its values."""


class Refused(Exception):  # noqa: N818 - it is what happened
    """What the law forbids, with every reason that holds: the contract must give one of them."""

    def __init__(self, *reasons: Reason) -> None:
        super().__init__(*reasons)
        self.reasons = reasons


def refuse(*reasons: Reason | None) -> None:
    """Raise if any reason holds."""
    held = [reason for reason in reasons if reason is not None]
    if held:
        raise Refused(*held)
