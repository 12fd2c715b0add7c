# SPDX-License-Identifier: MIT
"""Messages as they are delivered, and how deliveries begin."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from prorata.values.times import moment

__all__ = ["body_of", "delivery", "shown"]


def delivery(id_: str, receiver: str, now: int, digest: int = 0) -> dict[str, Any]:
    """The row of a delivery: now, or when the time of a digest of so many seconds is over."""
    return {
        "alert": id_,
        "receiver": receiver,
        "state": "waiting" if digest else "pending",
        "attempts": 0,
        "due": (now // digest + 1) * digest if digest else now,
        "claim": None,
        "claimed_until": 0,
        "said": "",
        "ended_at": None,
    }


def body_of(kind: str, id_: str, now: int, data: Mapping[str, Any]) -> str:
    """The message, as it is delivered and signed."""
    said = {"type": kind, "id": id_, "timestamp": moment(now), "data": data}
    return json.dumps(said, sort_keys=True, separators=(",", ":"), default=str)


def shown(value: Any) -> str:
    """A value of a message as people read it: an amount with its currency."""
    if isinstance(value, Mapping) and {"text", "currency"} <= value.keys():
        return f"{value['text']} {value['currency']}"
    return value if isinstance(value, str) else json.dumps(value)
