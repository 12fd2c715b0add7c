# SPDX-License-Identifier: MIT
"""Shares at record dates and in record ranges, as far as they had closed at a moment.

At a moment between two blocks that are kept nobody knows whether a record had closed that closes
between them: then `stage` is None.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from prorata.store.asof import AsOf, holder, moment, supply
from prorata.store.flows import RANGES
from prorata.store.listings import RecordDate, record_dates
from prorata.store.log_events import stored_events, times_around

__all__ = ["AtRecord", "Records"]

CANCELLED, CLOSED, OPEN = "cancelled", "closed", "open"


@dataclass(frozen=True)
class AtRecord:
    """A record, or a range of several: its parts as blocks and weights, once it has closed."""

    connection: Connection
    asset: int
    stage: str | None
    closes_at: int
    parts: tuple[tuple[int, int], ...] = ()

    @property
    def is_closed(self) -> bool:
        """Whether it is known what everybody had."""
        return self.stage == CLOSED

    def held(self, account: str) -> int:
        """Shares of an account, each as often as its record weighs."""
        asked = (self.connection, self.asset)
        return sum(weight * holder(*asked, block, account) for block, weight in self.parts)

    def total(self) -> int:
        """All shares."""
        return sum(
            weight * supply(self.connection, self.asset, block).total
            for block, weight in self.parts
        )


class Records:
    """The records of an asset, and the ranges of them, as of a moment."""

    def __init__(self, connection: Connection, asset: int, token: str, then: AsOf) -> None:
        self._connection, self._asset, self._token, self._then = connection, asset, token, then
        self._times = times_around(connection, then)
        self._ranges: dict[tuple[str, int], dict[int, int]] | None = None

    def stage(self, number: int) -> tuple[str | None, int]:
        """Whether a record was open, closed or cancelled, and when it closes; 0 if there is none.

        One that was not scheduled is open.
        """
        found = self._record(number)
        if found is None:
            return OPEN, 0
        if found.cancelled_in is not None:
            return CANCELLED, found.closes_at
        least, most = self._times
        if least > found.closes_at:
            return CLOSED, found.closes_at
        still = most is not None and most <= found.closes_at
        return OPEN if still else None, found.closes_at

    def find(self, token: str, number: int) -> AtRecord:
        """A record of the share token, or a range of a contract of ranges."""
        weights = {number: 1} if token == self._token else self._range(token, number)
        stages = [self.stage(one) for one in weights]
        closes_at = max((second for _, second in stages), default=0)
        stage: str | None = CLOSED
        for worse in (OPEN, None, CANCELLED):
            if any(one == worse for one, _ in stages):
                stage = worse
        parts: tuple[tuple[int, int], ...] = ()
        if stage == CLOSED:
            parts = tuple((self._block(one), weight) for one, weight in weights.items())
        return AtRecord(self._connection, self._asset, stage, closes_at, parts)

    def _block(self, number: int) -> int:
        return moment(self._connection, self._asset, f"record:{number}").block

    def _record(self, number: int) -> RecordDate | None:
        """The record of a number."""
        asked = (self._connection, self._asset, self._then.block)
        found = record_dates(*asked, after=number - 1, most=1)
        return found[0] if found and found[0].number == number else None

    def _range(self, token: str, number: int) -> dict[int, int]:
        """Weights by record."""
        if self._ranges is None:
            asked = (self._connection, self._asset, self._then.block)
            self._ranges = {
                (event.log.address, int(event.args["rangeId"])): dict(
                    zip(event.args["recordIds"], event.args["weights"], strict=True)
                )
                for event, _ in stored_events(*asked, RANGES, ("RangeDefined",))
            }
        return self._ranges[token, number]
