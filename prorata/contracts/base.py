# SPDX-License-Identifier: MIT
"""What all wrappers share: they encode, ask and decode."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from prorata.chain.abi import function
from prorata.chain.calls import Call
from prorata.chain.types import BlockTag, Chain
from prorata.errors import ChainError
from prorata.values.addresses import ZERO_ADDRESS

__all__ = ["NATIVE", "BoundContract"]

NATIVE = ZERO_ADDRESS
"""The currency address that stands for the chain's own coin."""


class BoundContract:
    """Encodes, asks and decodes; `CONTRACT` names the artifact whose ABI is spoken."""

    CONTRACT = ""

    def __init__(self, chain: Chain, address: str, *, block: BlockTag = "latest") -> None:
        self.chain = chain
        self.address = address
        self.block = block

    def _view(self, name: str, *arguments: object) -> Any:
        wanted = function(self.CONTRACT, name)
        answer = self.chain.call(self.address, wanted.encode(*arguments), block=self.block)
        self._require_answer(answer)
        return wanted.decode(answer)

    def _views(self, name: str, rows: Sequence[Sequence[object]]) -> list[Any]:
        wanted = function(self.CONTRACT, name)
        calls = [(self.address, wanted.encode(*row)) for row in rows]
        answers = self.chain.call_many(calls, block=self.block)
        for answer in answers:
            self._require_answer(answer)
        return [wanted.decode(answer) for answer in answers]

    def _write(self, name: str, *arguments: object, label: str, value: int = 0) -> Call:
        data = function(self.CONTRACT, name).encode(*arguments)
        return Call(self.address, data, value, label)

    def _require_answer(self, answer: bytes) -> None:
        if not answer:
            raise ChainError(
                f"there is no {self.CONTRACT} at {self.address} on chain {self.chain.chain_id}",
                "check the address and the network",
            )
