# SPDX-License-Identifier: MIT
"""The steps that a rehearsal keeps: what would be sent, how it was tried, and what names it all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from prorata.chain.calls import Call
from prorata.chain.node import RpcChain
from prorata.chain.steps import Intent

__all__ = [
    "CALLED_ALONE",
    "SIMULATED",
    "UNTRIED",
    "RehearsedStep",
    "content_of",
    "digest_of_steps",
]

SIMULATED: Final = "simulated"
CALLED_ALONE: Final = "called alone"
UNTRIED: Final = "untried"


@dataclass(frozen=True)
class RehearsedStep:
    """One step that would be sent: its gas is what it is given at most, `grade` how it was tried.

    `creates` is where it would put a contract. The data of a `private` one is not to be shown.
    """

    key: str
    label: str
    to: str | None
    value: int
    data: bytes
    gas: int
    grade: str
    creates: str | None = None
    private: bool = False

    @property
    def contract(self) -> str | None:
        """What it calls, or creates."""
        return self.creates if self.to is None else self.to

    @property
    def call(self) -> Call:
        """What it would send."""
        return Call(self.to, self.data, self.value, self.label)

    @property
    def content(self) -> dict[str, Any]:
        """What a digest over steps is made of."""
        return content_of(Intent(self.key, self.call))


def content_of(intent: Intent) -> dict[str, Any]:
    """What tells a step from every other: its key, receiver, value and data."""
    call = intent.call
    to = None if call.to is None else str(to_checksum_address(call.to))
    hashed = f"0x{keccak(call.data).hex()}"
    return {"key": intent.key, "to": to, "value": str(call.value), "data": hashed}


def digest_of_steps(chain: RpcChain, signer: str, steps: Sequence[RehearsedStep]) -> str:
    """What names these steps, by this signer, on this chain: 32 bytes as `0x…`."""
    content = {
        "chain": chain.chain_id,
        "genesis": chain.genesis_hash,
        "signer": signer,
        "steps": [step.content for step in steps],
    }
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return f"0x{hashlib.sha256(canonical.encode()).hexdigest()}"
