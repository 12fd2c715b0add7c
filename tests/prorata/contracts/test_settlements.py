"""What a vault's events settle, told one by one or together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from prorata.contracts.vault import Reason, Settlement, settlements

ANN, BEN = "0x" + "aa" * 20, "0x" + "bb" * 20


@dataclass(frozen=True)
class ReportedEvent:
    """An event by name, as decoded."""

    name: str
    args: dict[str, Any]


def test_one_and_several_are_told_alike():
    """A claim of several distributions is as many settlements, in order."""
    one = {"id": 1, "holder": ANN, "payee": BEN, "gross": 10, "tax": 2}
    several = {
        "holder": BEN,
        "payee": ANN,
        "settlements": ({"id": 2, "gross": 7, "tax": 0}, {"id": 3, "gross": 5, "tax": 1}),
    }
    events = [
        ReportedEvent("Skipped", {"id": 1, "holder": ANN, "reason": 4}),
        ReportedEvent("Claimed", one),
        ReportedEvent("ClaimedMany", several),
    ]
    assert list(settlements(events)) == [
        Settlement(1, ANN, BEN, 10, 2),
        Settlement(2, BEN, ANN, 7, 0),
        Settlement(3, BEN, ANN, 5, 1),
    ]
    assert [settled.net for settled in settlements(events)] == [8, 7, 4]


def test_every_reason_of_the_interface_is_known():
    """`IDividendVault.Reason` has these, in this order."""
    assert [reason.label for reason in Reason] == [
        "nothing",
        "claimed",
        "payment failed",
        "policy failed",
        "held",
    ]
