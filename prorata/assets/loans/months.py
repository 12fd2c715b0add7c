# SPDX-License-Identifier: MIT
"""A collection period of a pool: what fell due, what came in, and what is late at its end.

Two sums hold in each, and over all of them:

    opening + capitalised = principal + prepayments + repurchased + losses + closing
    received = interest + principal + prepayments + repurchased + fees + recoveries + returned
               + what the suspense accounts rose by

How late a loan is, its oldest instalment that is not paid says. By the method of the Mortgage
Bankers Association (MBA) a loan is 30 days late at the end of the day before the same day of the
next month, by that of the Office of Thrift Supervision (OTS) at the end of that day itself: of a
loan due on the first and not paid, MBA counts 30 days at the month's end, and OTS a day later.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import IntEnum

from prorata.assets.loans.instalments import months_after

__all__ = ["CLASSES", "Lateness", "PoolMonth", "lateness"]

_DAY = timedelta(days=1)


class Lateness(IntEnum):
    """How late a loan is, in classes that reports have columns for."""

    CURRENT = 0
    DAYS_1_29 = 1
    DAYS_30 = 2
    DAYS_60 = 3
    DAYS_90 = 4


CLASSES = ("current", "1-29", "30", "60", "90+")
"""What the classes are called."""


def lateness(oldest: date, day: date, method: str) -> Lateness:
    """How late a loan is at the end of `day` whose `oldest` unpaid instalment was due then."""
    reached = day + _DAY if method == "MBA" else day
    months = (reached.year - oldest.year) * 12 + reached.month - oldest.month
    if months > 0 and months_after(oldest, months) > reached:
        months -= 1
    if months <= 0:
        return Lateness.DAYS_1_29 if day > oldest else Lateness.CURRENT
    return Lateness(min(months + 1, Lateness.DAYS_90))


@dataclass(slots=True)
class PoolMonth:
    """One period; amounts are smallest units.

    Money that came in is split into `interest`, scheduled `principal`, `prepayments`, principal
    `repurchased`, `fees` and `recoveries`. `losses` are principal given up or forgiven;
    `capitalised` is what modifications added to principal. `suspense` holds what is too little for
    an instalment, at the end; `returned` went back to borrowers. Of the lists, each has a figure
    for each class of lateness. `due_on` is the pay date before it
    rolls, and `provisional` whether a holiday may yet move it.
    """

    number: int
    first: date
    cut_off: date
    determined_on: date
    due_on: date
    pays_on: date
    provisional: bool
    opening: int = 0
    interest_due: int = 0
    principal_due: int = 0
    received: int = 0
    interest: int = 0
    principal: int = 0
    prepayments: int = 0
    repurchased: int = 0
    fees: int = 0
    recoveries: int = 0
    returned: int = 0
    capitalised: int = 0
    losses: int = 0
    closing: int = 0
    suspense: int = 0
    loans: list[int] = field(default_factory=lambda: [0] * len(CLASSES))
    balances: list[int] = field(default_factory=lambda: [0] * len(CLASSES))
    modified: int = 0
    defaulted: int = 0
    defaulted_balance: int = 0
    ended: dict[str, int] = field(default_factory=dict)

    @property
    def collected(self) -> int:
        """What came in for the tranches: interest, principal of every kind, fees, recoveries."""
        return self.interest + self.collected_principal + self.fees + self.recoveries

    @property
    def collected_principal(self) -> int:
        """Principal that came in: scheduled, prepaid, repurchased."""
        return self.principal + self.prepayments + self.repurchased
