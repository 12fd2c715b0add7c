# SPDX-License-Identifier: MIT
"""One reporting currency: what is in others, by rates that have a source and a most age.

What has no rate is not guessed: a mark is left out, with the reason, and income stays in its own
currency, which leaves the figures blank that it belongs to.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from prorata.analysis.distributions import Distribution
from prorata.analysis.marks import Mark
from prorata.analysis.portfolio import Rate, rate_at
from prorata.analysis.returns import Flow
from prorata.values.times import moment

__all__ = ["Reporting"]


@dataclass(frozen=True)
class Reporting:
    """The currency of all figures, the rates into it, and how many seconds old one may be."""

    currency: str
    rates: Sequence[Rate] = ()
    oldest: int = 0

    def rate(self, currency: str, time: int) -> Rate | str:
        """The newest rate at a time, or why there is none."""
        return rate_at(self.rates, currency, self.currency, time, self.oldest)

    def worth(self, amount: Fraction, currency: str, time: int) -> Fraction | None:
        """An amount of a time, or None without a rate."""
        rate = self.rate(currency, time)
        return None if isinstance(rate, str) else amount * rate.value

    def marks(self, marks: Iterable[Mark]) -> tuple[list[Mark], list[str]]:
        """Marks by the rates of their times; and for each that has none, why."""
        found: list[Mark] = []
        left_out: list[str] = []
        for one in marks:
            rate = self.rate(one.currency, one.time)
            if isinstance(rate, str):
                left_out.append(f"{one.kind.value} of {moment(one.time)}: {rate}")
            elif one.currency == self.currency:
                found.append(one)
            else:
                priced = replace(one, rate=rate.value, by=rate.text)
                found.append(replace(priced, currency=self.currency))
        return found, left_out

    def distributions(self, distributions: Iterable[Distribution]) -> list[Distribution]:
        """Income by the rates of the seconds of its records."""
        found = []
        for one in distributions:
            rate = self.rate(one.currency, one.record)
            if isinstance(rate, str):
                found.append(one)
                continue
            net = None if one.net is None else one.net * rate.value
            gross = one.gross * rate.value
            found.append(replace(one, gross=gross, net=net, currency=self.currency))
        return found

    def flow(self, currency: str, flow: Flow) -> tuple[str, Flow]:
        """Money by the rate of its time, and the currency that it is in then."""
        worth = self.worth(flow.amount, currency, flow.time)
        if worth is None:
            return currency, flow
        return self.currency, replace(flow, amount=worth)
