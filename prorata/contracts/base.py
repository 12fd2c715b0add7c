# SPDX-License-Identifier: MIT
"""What all wrappers share: they encode, ask and decode."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from prorata.chain.abi import function
from prorata.chain.calls import Call
from prorata.chain.types import BlockTag, Chain
from prorata.errors import ChainError, RevertError
from prorata.values.addresses import ZERO_ADDRESS

__all__ = ["NATIVE", "BoundContract", "OwnedContract", "RecordedContract"]

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


class RecordedContract(BoundContract):
    """One with records, whose ids run from 1: a share token, or the record ranges of one."""

    def record_count(self) -> int:
        """How many there are, those cancelled among them; their ids run from 1 to this."""
        return int(self._view("recordCount"))

    def record_time(self, record_id: int) -> int:
        """The Unix second at whose end it closes. Of one that was cancelled there is none."""
        return int(self._view("recordTime", record_id))

    def record_times(self) -> list[int | None]:
        """When each closes, that of `id` at index `id - 1`; None for one that was cancelled."""
        rows = [(record_id,) for record_id in range(1, self.record_count() + 1)]
        try:
            return list(self._views("recordTime", rows))
        except RevertError:
            cancelled = self._views("isRecordCancelled", rows)
        standing = [row for row, gone in zip(rows, cancelled, strict=True) if not gone]
        times = iter(self._views("recordTime", standing))
        return [None if gone else next(times) for gone in cancelled]

    def is_record_cancelled(self, record_id: int) -> bool:
        """Whether it was cancelled and never closes; tokens that cannot cancel do not know."""
        try:
            return bool(self._view("isRecordCancelled", record_id))
        except RevertError:
            return False


class OwnedContract(BoundContract):
    """One with an ERC-173 owner, in two steps, and agents whom the owner appoints."""

    OWNED = "the ownership"
    """What an owner offers, in the words of a step."""

    AGENT = "agent"
    """What an agent is called in the words of a step."""

    def owner(self) -> str:
        """ERC-173 owner."""
        return str(self._view("owner"))

    def pending_owner(self) -> str:
        """Who may accept the ownership, or zero."""
        return str(self._view("pendingOwner"))

    def is_agent(self, account: str) -> bool:
        """Whether the owner has appointed `account`."""
        return bool(self._view("isAgent", account))

    def add_agent(self, agent: str) -> Call:
        """Appoint an agent. Owner only."""
        return self._write("addAgent", agent, label=f"add {self.AGENT} {agent}")

    def remove_agent(self, agent: str) -> Call:
        """Take an agent's power. Owner only."""
        return self._write("removeAgent", agent, label=f"remove {self.AGENT} {agent}")

    def transfer_ownership(self, owner: str) -> Call:
        """Offer the ownership to `owner`, who must accept it. Owner only."""
        return self._write("transferOwnership", owner, label=f"offer {self.OWNED} to {owner}")

    def accept_ownership(self) -> Call:
        """Accept the ownership that was offered to the sender."""
        return self._write("acceptOwnership", label=f"accept {self.OWNED}")
