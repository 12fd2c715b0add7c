# SPDX-License-Identifier: MIT
"""Concentration: how few persons hold how much; by person and by wallet, both shown.

Pools and the issuer's own shares stand apart and are not counted. An omnibus account holds for
persons whom nobody here can see: it is never taken for one person, and what depends on them has two
bounds instead of one value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from itertools import accumulate

from prorata.analysis.figures import Figure, Question
from prorata.errors import InputError

__all__ = [
    "Concentration",
    "Held",
    "Part",
    "Shares",
    "by_person",
    "by_wallet",
    "concentration",
    "concentrations",
    "gini",
    "hhi",
    "lorenz",
    "nakamoto",
    "top_share",
]

HIDDEN = "an omnibus account hides how many persons hold"

TOP = (1, 5, 10)
"""The largest so many are shown."""


class Part(str, Enum):
    """What a wallet is in a concentration."""

    HOLDER = "holder"
    POOL = "pool"
    TREASURY = "treasury"
    OMNIBUS = "omnibus"


@dataclass(frozen=True)
class Held:
    """The shares of a wallet, and whose it is by the register; without one, it is its own."""

    wallet: str
    shares: int
    person: str | None = None
    part: Part = Part.HOLDER

    def __post_init__(self) -> None:
        """Raises: InputError for a negative number of shares."""
        if self.shares < 0:
            rule, remedy = "is negative", "give the shares that the wallet holds"
            raise InputError.of("shares", self.shares, rule, remedy)


# ------------------------------------------------------------------------------- of known holdings


def hhi(holdings: Iterable[int]) -> Fraction:
    """Herfindahl-Hirschman: the sum of the squares of the shares in per cent, at most 10,000.

    As the Department of Justice has it: four of 30, 30, 20 and 20 per cent make 2,600.
    """
    held = list(holdings)
    return Fraction(10_000 * sum(one * one for one in held), sum(held) ** 2)


def gini(holdings: Iterable[int]) -> Fraction:
    """Gini: sum (2 i - n - 1) x_i / (n sum x), the holdings rising; 0 where all hold the same.

    Whoever is given is counted, with nothing too.
    """
    held = sorted(holdings)
    n = len(held)
    return Fraction(sum((2 * i - n - 1) * x for i, x in enumerate(held, start=1)), n * sum(held))


def lorenz(holdings: Iterable[int]) -> list[tuple[Fraction, Fraction]]:
    """Lorenz: of the smallest so large a part of the holders, the part that they hold."""
    held = sorted(holdings)
    n, whole = len(held), sum(held)
    sums = enumerate(accumulate(held, initial=0))
    return [(Fraction(i, n), Fraction(part, whole)) for i, part in sums]


def nakamoto(holdings: Iterable[int], share: Fraction = Fraction(1, 2)) -> int:
    """Nakamoto: the fewest holders who together have more than a share of all."""
    held = sorted(holdings, reverse=True)
    whole = sum(held)
    return next(n for n, part in enumerate(accumulate(held), start=1) if part > share * whole)


def top_share(holdings: Iterable[int], count: int) -> Fraction:
    """The part that the largest so many hold."""
    held = sorted(holdings, reverse=True)
    return Fraction(sum(held[:count]), sum(held))


# ------------------------------------------------------------------------------------- with bounds


@dataclass(frozen=True)
class Shares:
    """What each `known` person holds, largest first, and what omnibus accounts hide together."""

    known: tuple[int, ...]
    hidden: int = 0

    @property
    def whole(self) -> int:
        """All that is counted."""
        return sum(self.known) + self.hidden

    @property
    def most(self) -> tuple[int, ...]:
        """The most concentrated that it can be: all that is hidden is the largest person's."""
        if not self.hidden:
            return self.known
        return ((self.known[0] if self.known else 0) + self.hidden, *self.known[1:])


@dataclass(frozen=True)
class Concentration:
    """How concentrated holdings are: each figure, or its two bounds, by its name."""

    figures: Mapping[str, Figure]
    lorenz: tuple[tuple[Fraction, Fraction], ...]
    apart: Mapping[str, int]

    def __getitem__(self, name: str) -> Figure:
        return self.figures[name]


def by_wallet(holdings: Sequence[Held]) -> Shares:
    """Every wallet for itself; pools and the issuer's own apart.

    A wallet is a wallet, whoever is behind it: an omnibus account is one here.
    """
    kept = (one.shares for one in holdings if one.part in (Part.HOLDER, Part.OMNIBUS))
    return Shares(tuple(sorted((one for one in kept if one), reverse=True)))


def by_person(holdings: Sequence[Held]) -> Shares:
    """The wallets of a person together; what omnibus accounts hold is hidden."""
    persons: dict[tuple[str, str], int] = {}
    for one in holdings:
        if one.part is Part.HOLDER and one.shares:
            # A wallet that no person has is one for itself, whatever persons are called.
            key = ("wallet", one.wallet) if one.person is None else ("person", one.person)
            persons[key] = persons.get(key, 0) + one.shares
    hidden = sum(one.shares for one in holdings if one.part is Part.OMNIBUS)
    return Shares(tuple(sorted(persons.values(), reverse=True)), hidden)


def concentrations(holdings: Sequence[Held], *, as_of: int) -> dict[str, Concentration]:
    """The figures by `wallet` and by `person`, and what stands apart of both."""
    apart = {
        part.value: sum(one.shares for one in holdings if one.part is part)
        for part in (Part.POOL, Part.TREASURY)
    }
    ways = {"wallet": by_wallet(holdings), "person": by_person(holdings)}
    return {name: concentration(shares, apart, as_of=as_of) for name, shares in ways.items()}


def concentration(shares: Shares, apart: Mapping[str, int], *, as_of: int) -> Concentration:
    """All figures of holdings; where persons are hidden, a lower and an upper bound of each.

    The upper bound of the HHI is that all hidden shares are those of the largest person known, the
    lower one that each smallest unit of them is another person's. How many persons there are is
    then unknown, and with it the Gini coefficient and the Lorenz curve.
    """
    builder = _Builder(shares, as_of)
    figures = {**builder.herfindahl(), **builder.counts(), **builder.tops()}
    figures["Gini"] = builder.gini()
    curve = () if shares.hidden or not shares.known else tuple(lorenz(shares.known))
    return Concentration(figures, curve, dict(apart))


@dataclass(frozen=True)
class _Builder:
    """The figures of one state of holdings."""

    shares: Shares
    as_of: int

    def _question(self, name: str, *, percent: bool = False, places: int = 4) -> Question:
        inputs = {"shares": str(self.shares.whole), "hidden": str(self.shares.hidden)}
        n = len(self.shares.known)
        return Question(name, self.as_of, n, inputs, percent=percent, places=places)

    def _bounded(
        self, name: str, low: Fraction | int | None, high: Fraction | int | None, **shown: int
    ) -> dict[str, Figure]:
        """One figure, or with persons hidden two."""
        percent = bool(shown.get("percent"))
        places = shown.get("places", 4)
        names = [f"{name}, at least", f"{name}, at most"] if self.shares.hidden else [name]
        found = {}
        for called, value in zip(names, (low, high), strict=False):
            question = self._question(called, percent=percent, places=places)
            blank = question.blank("nobody holds shares")
            found[called] = blank if value is None else question.answer(value)
        return found

    def herfindahl(self) -> dict[str, Figure]:
        """HHI and the effective number of holders, 1 / sum s^2."""
        if not self.shares.whole:
            nothing = self._bounded("HHI", None, None)
            return {**nothing, **self._bounded("effective holders", None, None)}
        low, high = self._squares()
        holders = self._bounded("effective holders", 1 / high, 1 / low, places=2)
        return {**self._bounded("HHI", low * 10_000, high * 10_000, places=2), **holders}

    def _squares(self) -> tuple[Fraction, Fraction]:
        """The least and the greatest sum of squared parts."""
        known, whole = self.shares.known, self.shares.whole**2
        # Of shares that are a unit each, the squares are as many as the shares.
        low = sum(one * one for one in known) + self.shares.hidden
        return Fraction(low, whole), Fraction(sum(one * one for one in self.shares.most), whole)

    def counts(self) -> dict[str, Figure]:
        """How many persons, and the fewest who have more than half."""
        name = "Nakamoto"
        if not self.shares.whole:
            return self._bounded(name, None, None, places=0)
        fewest = nakamoto(self.shares.most)
        return self._bounded(name, fewest, self._most_needed(), places=0)

    def _most_needed(self) -> int:
        """How many it takes if the hidden shares are a unit each."""
        sums = enumerate(accumulate(self.shares.known), start=1)
        half = self.shares.whole // 2
        for count, part in sums:
            if part > half:
                return count
        return len(self.shares.known) + half + 1 - sum(self.shares.known)

    def tops(self) -> dict[str, Figure]:
        """What the largest hold."""
        found: dict[str, Figure] = {}
        known, whole, hidden = self.shares.known, self.shares.whole, self.shares.hidden
        for count in TOP:
            name = f"top {count}"
            if not whole:
                found.update(self._bounded(name, None, None, percent=1, places=2))
                continue
            units = min(hidden, max(0, count - len(known)))
            low = Fraction(sum(known[:count]) + units, whole)
            high = top_share(self.shares.most, count)
            found.update(self._bounded(name, low, high, percent=1, places=2))
        return found

    def gini(self) -> Figure:
        """The Gini coefficient, if all persons are seen."""
        question = self._question("Gini")
        if self.shares.hidden:
            return question.blank(HIDDEN)
        if not self.shares.known:
            return question.blank("nobody holds shares")
        return question.answer(gini(self.shares.known))
