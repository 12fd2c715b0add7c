# SPDX-License-Identifier: MIT
"""Record ranges of a token (`RecordStream`), which answer like a share token."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from prorata.chain.calls import Call
from prorata.contracts.base import BoundContract

__all__ = ["Part", "RecordStream"]


# ----------------------------------------------------------------- streams of records, and pools


@dataclass(frozen=True)
class Part:
    """One record of a stream: `IRecordStream.Part`."""

    record_id: int
    weight: int
    closes_at: int


class RecordStream(BoundContract):
    """Ranges of a token's records, each paid like a record of this contract."""

    CONTRACT = "RecordStream"

    def token(self) -> str:
        """The share token."""
        return str(self._view("token"))

    def record_count(self) -> int:
        """Streams defined so far; their ids run from 1 to this."""
        return int(self._view("recordCount"))

    def record_time(self, stream_id: int) -> int:
        """The Unix second at whose end the last record of the stream closes."""
        return int(self._view("recordTime", stream_id))

    def record_times(self) -> list[int]:
        """The closing times of all streams; that of stream `id` at index `id - 1`."""
        ids = range(1, self.record_count() + 1)
        return self._views("recordTime", [(stream_id,) for stream_id in ids])

    def parts_of(self, stream_id: int) -> tuple[Part, ...]:
        """The records of a stream, in ascending order."""
        return _parts(self._view("partsOf", stream_id))

    def all_parts(self) -> list[tuple[Part, ...]]:
        """`parts_of` for every stream; that of stream `id` at index `id - 1`."""
        ids = range(1, self.record_count() + 1)
        return [_parts(found) for found in self._views("partsOf", [(number,) for number in ids])]

    def balances_of_at(self, accounts: Sequence[str], stream_id: int) -> list[int]:
        """The weighted balances of accounts, once the stream has closed."""
        return self._views("balanceOfAt", [(account, stream_id) for account in accounts])

    def total_supply_at(self, stream_id: int) -> int:
        """All weighted shares, once the stream has closed."""
        return int(self._view("totalSupplyAt", stream_id))

    def define(self, record_ids: Sequence[int], weights: Sequence[int]) -> Call:
        """Define a stream. Who speaks for the token only."""
        label = f"define a stream over {len(record_ids)} records from {record_ids[0]}"
        return self._write("defineStream", list(record_ids), list(weights), label=label)


def _parts(structs: Sequence[Mapping[str, int]]) -> tuple[Part, ...]:
    return tuple(Part(s["recordId"], s["weight"], s["closesAt"]) for s in structs)
