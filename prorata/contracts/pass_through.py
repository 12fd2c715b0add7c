# SPDX-License-Identifier: MIT
"""The contract that forwards the income of a pool to its holders (`PassThrough`)."""

from __future__ import annotations

from collections.abc import Sequence

from prorata.chain.calls import Call
from prorata.contracts.base import BoundContract

__all__ = ["PassThrough"]


class PassThrough(BoundContract):
    """Assigns what a pool is owed to the pool's own holders."""

    CONTRACT = "PassThrough"

    def vault(self) -> str:
        """The vault."""
        return str(self._view("vault"))

    def pool(self) -> str:
        """The account whose income is forwarded."""
        return str(self._view("pool"))

    def pool_token(self) -> str:
        """The record token of those for whom the pool holds."""
        return str(self._view("poolToken"))

    def pool_ranges(self) -> str:
        """The record ranges of the pool's token; zero for none."""
        return str(self._view("poolRanges"))

    def is_registered(self) -> bool:
        """Whether the pool has named this contract as its payee."""
        return bool(self._view("isRegistered"))

    def are_done(self, ids: Sequence[int]) -> list[bool]:
        """Whether the pool's income from each distribution has been forwarded or returned."""
        return self._views("isDone", [(number,) for number in ids])

    def forward(self, ids: Sequence[int], pool_record_ids: Sequence[int]) -> Call:
        """Pass on several distributions; those that cannot be are told in an event."""
        label = f"forward {', '.join(map(str, ids))}"
        return self._write("forward", list(ids), list(pool_record_ids), label=label)

    def return_unheld(self, distribution_id: int, pool_record_id: int) -> Call:
        """Return to the pool what falls on a second at which nobody held its token."""
        label = f"return {distribution_id} to the pool"
        return self._write("returnUnheld", distribution_id, pool_record_id, label=label)

    def return_unmatched(self, distribution_id: int, component: int, later_record_id: int) -> Call:
        """Return to the pool what falls on a second at which its token has no record."""
        label = f"return {distribution_id} to the pool"
        arguments = (distribution_id, component, later_record_id)
        return self._write("returnUnmatched", *arguments, label=label)
