# SPDX-License-Identifier: MIT
"""Events of an ACTUS contract, their order within one moment, and the state that they change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

__all__ = ["ORDER", "ActusEvent", "Planned", "State", "rounded"]

_RANKED = (
    ("IED",),
    ("PR", "PI"),
    ("IP",),
    ("IPCI",),
    ("RR", "RRF"),
    ("PRF",),
    ("DV",),
    ("IPCB",),
    ("PRD",),
    ("SC",),
    ("XD",),
    ("IP at the end",),
    ("STD",),
    ("TD",),
    ("MD",),
    ("AD",),
)
ORDER = {name: rank for rank, names in enumerate(_RANKED) for name in names}
"""In which order events of the same moment happen."""

_SCALE = 10**24


def rounded(value: Fraction) -> Fraction:
    """To 24 decimals, which keeps fractions short and is far below what results are compared to."""
    return Fraction(round(value * _SCALE), _SCALE)


@dataclass(frozen=True)
class ActusEvent:
    """What happened: when, the money that moved, and the state after it.

    Money is in whole units of `currency`; a payoff is positive when the holder of the terms gets
    it. The rate is for a year.
    """

    time: datetime
    type: str
    payoff: Fraction
    currency: str
    notional: Fraction
    rate: Fraction
    accrued: Fraction


@dataclass(frozen=True)
class Planned:
    """An event before it has happened.

    `at` is when it counts, `shown` when it is said to happen, `accrues_to` until when interest
    runs, `looked_up` where data are observed.
    """

    type: str
    at: datetime
    shown: datetime
    accrues_to: datetime
    looked_up: datetime
    amount: Fraction = Fraction(0)

    @property
    def key(self) -> tuple[datetime, int]:
        """Its place in the order of events."""
        return (self.at, ORDER[self.type])


@dataclass
class State:
    """Where a contract stands: what is owed bears the sign of the role."""

    since: datetime
    notional: Fraction = Fraction(0)
    rate: Fraction = Fraction(0)
    accrued: Fraction = Fraction(0)
    base: Fraction = Fraction(0)
    instalment: Fraction = Fraction(0)
    notional_scale: Fraction = Fraction(1)
    interest_scale: Fraction = Fraction(1)
