# SPDX-License-Identifier: MIT
"""Terms of an ACTUS contract as its dictionary names them, read strictly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from prorata.assets.actus.times import ActusCycle, parse_actus_cycle, parse_stamp
from prorata.errors import InputError

__all__ = ["TYPES", "Terms"]

TYPES = ("ANN", "CLM", "COM", "CSH", "LAM", "LAX", "NAM", "PAM", "STK", "UMP")

_UNDERSTOOD = frozenset(
    """
    accruedInterest amortizationDate arrayCycleAnchorDateOfInterestPayment
    arrayCycleAnchorDateOfPrincipalRedemption arrayCycleAnchorDateOfRateReset
    arrayCycleOfInterestPayment arrayCycleOfPrincipalRedemption arrayCycleOfRateReset
    arrayFixedVariable arrayIncreaseDecrease arrayNextPrincipalRedemptionPayment arrayRate
    businessDayConvention calendar capitalizationEndDate contractDealDate contractID contractRole
    contractType counterpartyID creatorID currency cycleAnchorDateOfDividendPayment
    cycleAnchorDateOfInterestCalculationBase cycleAnchorDateOfInterestPayment
    cycleAnchorDateOfPrincipalRedemption cycleAnchorDateOfRateReset
    cycleAnchorDateOfScalingIndex cycleOfDividendPayment cycleOfInterestCalculationBase
    cycleOfInterestPayment cycleOfPrincipalRedemption cycleOfRateReset cycleOfScalingIndex
    dayCountConvention endOfMonthConvention fixingDays initialExchangeDate
    interestCalculationBase interestCalculationBaseAmount interestScalingMultiplier lifeCap
    lifeFloor marketObjectCodeOfDividends marketObjectCodeOfRateReset
    marketObjectCodeOfScalingIndex marketValueObserved maturityDate
    nextPrincipalRedemptionPayment nextResetRate nominalInterestRate notionalPrincipal
    notionalScalingMultiplier periodCap periodFloor premiumDiscountAtIED priceAtPurchaseDate
    priceAtTerminationDate purchaseDate quantity rateMultiplier rateSpread scalingEffect
    scalingIndexAtContractDealDate statusDate terminationDate unit xDayNotice
    """.split()  # noqa: SIM905 - a name a line would fill a page
)


@dataclass(frozen=True)
class Terms:
    """What the terms say, by the dictionary's names; what is missing is None, or zero."""

    written: Mapping[str, Any]

    @classmethod
    def of(cls, written: Mapping[str, Any]) -> Terms:
        """Checked terms.

        Raises: InputError for a contract type or a term that is not played.
        """
        kind = written.get("contractType")
        if kind not in TYPES:
            remedy = f"use one of {', '.join(TYPES)}"
            raise InputError.of("contractType", kind, "is not played here", remedy)
        for name, value in written.items():
            if name not in _UNDERSTOOD:
                raise InputError.of(name, value, "is a term that is not played here", "remove it")
        return cls(written)

    def __contains__(self, name: str) -> bool:
        return self.written.get(name) not in (None, "")

    def text(self, name: str, default: str = "") -> str:
        """The words of a term."""
        return str(self.written[name]).strip() if name in self else default

    def number(self, name: str, default: int = 0) -> Fraction:
        """The number of a term, exactly as it is written."""
        return _number(name, self.written[name]) if name in self else Fraction(default)

    def needed(self, name: str) -> datetime:
        """The time of a term that must be there.

        Raises: InputError when it is not.
        """
        found = self.time(name)
        if found is None:
            raise InputError.of(name, "", "is missing", "add it to the terms")
        return found

    def time(self, name: str) -> datetime | None:
        """The time of a term."""
        return parse_stamp(self.text(name), name) if name in self else None

    def cycle(self, name: str) -> ActusCycle | None:
        """The cycle of a term."""
        return parse_actus_cycle(self.text(name), name) if name in self else None

    def listed(self, name: str) -> Sequence[Any]:
        """The values of a term that may be a list."""
        value = self.written.get(name)
        return value if isinstance(value, list) else [] if value is None else [value]

    def numbers(self, name: str) -> list[Fraction]:
        """The numbers of a term that may be a list."""
        return [_number(name, value) for value in self.listed(name)]

    @property
    def kind(self) -> str:
        """The contract type."""
        return self.text("contractType")

    @property
    def role(self) -> int:
        """1 for who is owed (RPA), -1 for who owes (RPL).

        Raises: InputError for another role.
        """
        role = self.text("contractRole")
        if role not in ("RPA", "RPL"):
            raise InputError.of("contractRole", role, "is not played here", "write RPA or RPL")
        return 1 if role == "RPA" else -1


def _number(name: str, value: object) -> Fraction:
    try:
        return Fraction(str(value).strip())
    except (ValueError, ZeroDivisionError):
        raise InputError.of(name, value, "is no number", "write digits with a point") from None
