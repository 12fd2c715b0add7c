# SPDX-License-Identifier: MIT
"""Record ranges of a token (`RecordRanges`), which answer like a share token."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from prorata.chain.calls import Call
from prorata.contracts.base import RecordedContract
from prorata.values.words import counted

__all__ = ["Component", "RecordRanges"]


# ----------------------------------------------------------------- record ranges, and pools


@dataclass(frozen=True)
class Component:
    """One record of a record range: `IRecordRanges.Part`."""

    record_id: int
    weight: int
    closes_at: int


class RecordRanges(RecordedContract):
    """Ranges of a token's records, each paid like a record of this contract."""

    CONTRACT = "RecordRanges"

    def token(self) -> str:
        """The share token."""
        return str(self._view("token"))

    def components_of(self, range_id: int) -> tuple[Component, ...]:
        """The records of a record range, in ascending order."""
        return _components(self._view("componentsOf", range_id))

    def all_components(self) -> list[tuple[Component, ...]]:
        """`components_of` for every record range; that of record range `id` at index `id - 1`."""
        ids = range(1, self.record_count() + 1)
        return [
            _components(found)
            for found in self._views("componentsOf", [(number,) for number in ids])
        ]

    def balances_of_at(self, accounts: Sequence[str], range_id: int) -> list[int]:
        """The weighted balances of accounts, once the record range has closed."""
        return self._views("balanceOfAt", [(account, range_id) for account in accounts])

    def total_supply_at(self, range_id: int) -> int:
        """All weighted shares, once the record range has closed."""
        return int(self._view("totalSupplyAt", range_id))

    def define(self, record_ids: Sequence[int], weights: Sequence[int]) -> Call:
        """Define a record range. Who speaks for the token only."""
        label = (
            f"define a record range over {counted(len(record_ids), 'record')} from {record_ids[0]}"
        )
        return self._write("defineRange", list(record_ids), list(weights), label=label)


def _components(structs: Sequence[Mapping[str, int]]) -> tuple[Component, ...]:
    return tuple(Component(s["recordId"], s["weight"], s["closesAt"]) for s in structs)
