# SPDX-License-Identifier: MIT
"""A compliance contract of another make, as ERC-3643 prescribes it (`ICompliance`)."""

from __future__ import annotations

from collections.abc import Sequence

from prorata.chain.abi import function
from prorata.chain.calls import Call
from prorata.chain.node import RpcChain
from prorata.chain.types import SimulatedBlock
from prorata.contracts.base import BoundContract
from prorata.errors import ChainError, ProrataError, RevertError
from prorata.values.addresses import ZERO_ADDRESS

__all__ = ["Compliance"]


class Compliance(BoundContract):
    """What is asked about transfers, and told of movements. Anyone may have written it."""

    CONTRACT = "ICompliance"

    def __init__(self, chain: RpcChain, address: str) -> None:
        super().__init__(chain, address)
        self._node = chain

    def may_issue(self, issues: Sequence[tuple[str, int]]) -> list[bool]:
        """Whether each receiver may be issued its amount, each by itself; no answer is no.

        Raises: ChainError when the node does not say what the contract answers.
        """
        calls = [(self.address, self._asked(*issue)) for issue in issues]
        return [_agreed(answer) for answer in self._node.try_calls(calls, block=self.block)]

    def may_issue_after(
        self, before: Sequence[Call], sender: str, receiver: str, amount: int
    ) -> bool | None:
        """Whether `receiver` may be issued its amount when `sender` has sent what comes before.

        Nothing is sent: the node runs it. None where it cannot, or what comes before fails.
        """
        asked = Call(self.address, self._asked(receiver, amount), 0, "ask")
        blocks = [SimulatedBlock([call.question(sender)]) for call in (*before, asked)]
        try:
            *made, said = self._node.simulate(blocks)
        except ChainError:
            return None
        if any(result.error is not None for result in made):
            return None
        return _agreed(said.answer if said.error is None else said.error)

    def _asked(self, receiver: str, amount: int) -> bytes:
        return function(self.CONTRACT, "canTransfer").encode(ZERO_ADDRESS, receiver, amount)


def _agreed(answer: bytes | ProrataError) -> bool:
    """Whether it is what the token takes for consent: one word, and that is 1."""
    if isinstance(answer, RevertError):
        return False
    if isinstance(answer, ProrataError):
        raise answer
    return len(answer) >= 32 and int.from_bytes(answer[:32], "big") == 1
