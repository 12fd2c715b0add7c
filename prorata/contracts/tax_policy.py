# SPDX-License-Identifier: MIT
"""Any tax policy that a vault may ask (`ITaxPolicy`)."""

from __future__ import annotations

from collections.abc import Mapping

from prorata.chain.abi import function
from prorata.chain.node import RpcChain
from prorata.chain.types import BlockTag
from prorata.contracts.base import BoundContract
from prorata.errors import ProrataError
from prorata.values.kinds import Kind

__all__ = ["TaxPolicy"]


class TaxPolicy(BoundContract):
    """What is withheld from a distribution's income, and for whom. Anyone may have written it."""

    CONTRACT = "ITaxPolicy"

    def __init__(self, chain: RpcChain, address: str, *, block: BlockTag = "latest") -> None:
        super().__init__(chain, address, block=block)
        self._node = chain

    def collector(self) -> str:
        """Who receives what is withheld."""
        return str(self._view("collector"))

    def taxes_on(
        self, token: str, record_id: int, kind: Kind, gross: Mapping[str, int]
    ) -> dict[str, int | None]:
        """The tax on each holder's gross income; None for whom the policy has no usable answer."""
        wanted = function(self.CONTRACT, "taxOn")
        calls = [
            (self.address, wanted.encode(token, record_id, int(kind), holder, amount))
            for holder, amount in gross.items()
        ]
        answers = self._node.try_calls(calls, block=self.block)
        return {
            holder: _usable(answer, amount)
            for (holder, amount), answer in zip(gross.items(), answers, strict=True)
        }


def _usable(answer: bytes | ProrataError, gross: int) -> int | None:
    """The tax in a policy's answer, as a vault reads it: one word, at most the gross."""
    if isinstance(answer, ProrataError) or len(answer) < 32:
        return None
    tax = int.from_bytes(answer[:32], "big")
    return tax if tax <= gross else None
