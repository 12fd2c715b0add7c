# SPDX-License-Identifier: MIT
"""A compliance contract of another make, as ERC-3643 prescribes it (`ICompliance`)."""

from __future__ import annotations

from collections.abc import Sequence

from prorata.chain.abi import function
from prorata.chain.node import RpcChain
from prorata.contracts.base import BoundContract
from prorata.errors import ProrataError, RevertError
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
        wanted = function(self.CONTRACT, "canTransfer")
        calls = [(self.address, wanted.encode(ZERO_ADDRESS, *issue)) for issue in issues]
        return [_agreed(answer) for answer in self._node.try_calls(calls, block=self.block)]


def _agreed(answer: bytes | ProrataError) -> bool:
    """Whether it is what the token takes for consent: one word, and that is 1."""
    if isinstance(answer, RevertError):
        return False
    if isinstance(answer, ProrataError):
        raise answer
    return len(answer) >= 32 and int.from_bytes(answer[:32], "big") == 1
