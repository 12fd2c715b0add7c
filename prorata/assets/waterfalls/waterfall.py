# SPDX-License-Identifier: MIT
"""The waterfall: what came in is paid into the buckets in their order, to the last unit.

    collections + reserve released + reserve drawn = sum of what buckets were paid + reserve filled

A bucket gets the smaller of what it is due and what is left, so that nothing is left for the ones
after it while it is short. The reserve is drawn only for expenses and debt service before it, and
only by what these lack. Among claims that are paid pro rata, each gets its exact share rounded down
or up, and all together what there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import NamedTuple

from prorata.assets.day_counts import year_fraction
from prorata.assets.schedules.roundings import Direction, round_to
from prorata.assets.waterfalls.periods import Period
from prorata.assets.waterfalls.sheets import Line, Reading, Sheet, TrancheLine
from prorata.assets.waterfalls.terms import Bucket, Due, Trigger, WaterfallTerms
from prorata.assets.whole_units import shared_out
from prorata.errors import BooksError

__all__ = ["run"]

PRINCIPAL, INTEREST = "principal", "interest"


def run(terms: WaterfallTerms, periods: Iterable[Period], terms_hash: str) -> list[Sheet]:
    """The sheets of all periods, in their order, from the start on.

    `terms_hash` is the SHA-256 of the terms file, which each sheet names.

    Raises: BooksError if a sheet did not add up, which would be a fault of this program.
    """
    state = _State(terms, terms_hash)
    return [state.pay(period) for period in periods]


class _Claim(NamedTuple):
    """What a line of the sheet is about, whom it pays, and as what kind of income."""

    text: str
    to: str
    income: str | None = None


class _State:
    """What is carried from one period to the next."""

    def __init__(self, terms: WaterfallTerms, terms_hash: str) -> None:
        self.terms, self.terms_hash = terms, terms_hash
        self.date, self.number = terms.starts, 0
        self.previous: str | None = None
        self.original = {one.name: terms.units(one.original) for one in terms.tranches}
        self.outstanding = dict(self.original)
        self.reserve = terms.units(terms.reserve)
        self.pool = terms.units(terms.pool or "0")
        self.lost = 0
        self.carried: dict[tuple[str, int], int] = {}

    def pay(self, period: Period) -> Sheet:
        """Pay one period out, and step to the next."""
        self.lost += period.losses
        turn = _Turn(self, period)
        sheet = turn.play()
        self.pool, self.date, self.number = period.pool, turn.until, self.number + 1
        self.previous = sheet.hash
        return sheet


class _Turn:
    """One period on its way through the buckets."""

    def __init__(self, state: _State, period: Period) -> None:
        self.state, self.terms, self.period = state, state.terms, period
        self.opening = dict(state.outstanding)
        self.budget = period.principal + period.recoveries
        self.left = period.collections
        self.lines: list[Line] = []
        self.readings: list[Reading] = []
        self.released = self.drawn = self.filled = 0
        basis = self.terms.day_count
        unrolled = self.terms.accrual == "unadjusted" and period.due_on is not None
        self.until = (period.due_on if unrolled else None) or period.date
        self.part = Fraction(0) if basis is None else year_fraction(basis, state.date, self.until)

    # -------------------------------------------------------------------------------------- playing

    def play(self) -> Sheet:
        """All buckets, then write-downs."""
        reserve_opening = self.state.reserve
        places = [bucket.kind for bucket in self.terms.buckets]
        # How many buckets the reserve covers: those before its own.
        place = places.index("reserve") if "reserve" in places else 0
        if "reserve" in places:
            target = self._target(self.terms.buckets[place])
            self.released = max(0, self.state.reserve - target)
            self.state.reserve -= self.released
            self.left += self.released
        for number, bucket in enumerate(self.terms.buckets):
            self._pour(bucket, covered=number < place)
        written = self._write_down()
        sheet = Sheet(
            terms=self.terms,
            terms_hash=self.state.terms_hash,
            previous=self.state.previous,
            number=self.state.number + 1,
            period=self.period,
            lines=tuple(self.lines),
            readings=tuple(self.readings),
            tranches=tuple(self._tranches(written)),
            reserve_opening=reserve_opening,
            released=self.released,
            drawn=self.drawn,
            filled=self.filled,
        )
        _check(sheet)
        return sheet

    def _pour(self, bucket: Bucket, *, covered: bool) -> None:
        """One bucket; one before the reserve is `covered` by it."""
        if not self._applies(bucket):
            return
        if bucket.kind == "reserve":
            self._fill(bucket)
        elif bucket.kind == "residual":
            claim = _Claim("the rest", bucket.to or "", bucket.income)
            self._line(bucket, claim, due=self.left, paid=self.left)
        elif bucket.kind == "cure":
            self._cure(bucket)
        else:
            self._claims(bucket, covered=covered)

    def _applies(self, bucket: Bucket) -> bool:
        name = bucket.if_failing or bucket.if_passing
        if name is None:
            return True
        passes = self._read(bucket, self.terms.trigger_by_name[name])
        return passes == (bucket.if_passing is not None)

    def _claims(self, bucket: Bucket, *, covered: bool) -> None:
        """Expenses, debt service, and what is paid pro rata."""
        carried = [self.state.carried.get((bucket.name, n), 0) for n in range(len(bucket.dues))]
        new = self._new(bucket, carried)
        dues = [
            self._capped(due, fresh + before)
            for due, fresh, before in zip(bucket.dues, new, carried, strict=True)
        ]
        if covered and sum(dues) > self.left:
            drawn = min(self.state.reserve, sum(dues) - self.left)
            self.state.reserve -= drawn
            self.drawn += drawn
            self.left += drawn
        paid = shared_out(min(self.left, sum(dues)), dues)
        for number, due in enumerate(bucket.dues):
            claim = _Claim(due.text, due.to or due.tranche or bucket.name, _income(due))
            self._line(bucket, claim, carried=carried[number], due=dues[number], paid=paid[number])
            if due.principal is not None:
                self.state.outstanding[due.principal] -= paid[number]
            left_due = dues[number] - paid[number]
            self.state.carried[bucket.name, number] = left_due if bucket.carries else 0

    def _line(
        self, bucket: Bucket, claim: _Claim, *, due: int, paid: int, carried: int = 0
    ) -> None:
        self.left -= paid
        self.lines.append(
            Line(
                bucket=bucket.name,
                kind=bucket.kind,
                claim=claim.text,
                to=claim.to,
                income=claim.income,
                carried=carried,
                due=due,
                paid=paid,
                left=self.left,
            )
        )

    # ---------------------------------------------------------------------------------- what is due

    def _capped(self, due: Due, units: int) -> int:
        """Of principal no more is due than is outstanding."""
        if due.principal is None:
            return units
        return min(units, self.state.outstanding[due.principal])

    def _new(self, bucket: Bucket, carried: Sequence[int]) -> list[int]:
        """What each claim is due anew; principal that came in is shared by what is outstanding."""
        room = [
            max(0, self.state.outstanding[due.principal] - before)
            if due.principal is not None and due.by == "collected"
            else 0
            for due, before in zip(bucket.dues, carried, strict=True)
        ]
        share = shared_out(min(self.budget, sum(room)), room)
        self.budget -= sum(share)
        return [
            share[number] if due.principal is not None and due.by == "collected" else self._due(due)
            for number, due in enumerate(bucket.dues)
        ]

    def _due(self, due: Due) -> int:
        terms, rounding = self.terms, self.terms.rounding
        if due.amount is not None:
            return terms.units(due.amount)
        if due.column is not None:
            return self.period.columns.get(due.column, 0)
        if due.rate is not None:
            return round_to(self.state.pool * due.rate * self.part, rounding)
        if due.interest is not None:
            rate = terms.by_name[due.interest].rate or Fraction(0)
            return round_to(self.opening[due.interest] * rate * self.part, rounding)
        return self.state.outstanding[due.principal or ""]

    def _cure(self, bucket: Bucket) -> None:
        trigger, tranche = self.terms.trigger_by_name[bucket.trigger or ""], bucket.pays or ""
        passes = self._read(bucket, trigger)
        outstanding = self.state.outstanding[tranche]
        needed = 0 if passes else min(self._restoring(trigger), outstanding)
        before = self.state.carried.get((bucket.name, 0), 0)
        # What is needed now includes what was needed before, and was not paid.
        due = min(max(needed, before), outstanding)
        paid = min(due, self.left)
        claim = _Claim(f"principal of {tranche}", tranche, PRINCIPAL)
        self._line(bucket, claim, carried=before, due=due, paid=paid)
        self.state.outstanding[tranche] -= paid
        self.state.carried[bucket.name, 0] = due - paid if bucket.accumulates else 0

    def _restoring(self, trigger: Trigger) -> int:
        """The principal whose payment makes a failing trigger pass; of arrears and losses, all."""
        covered = sum(self.state.outstanding[name] for name in trigger.coverage_of)
        if trigger.least is None:
            return sum(self.state.outstanding.values())
        return round_to(covered - self.period.pool / trigger.least, Direction.UP)

    def _read(self, bucket: Bucket, trigger: Trigger) -> bool:
        """Whether a trigger passes now, by closing balances."""
        if trigger.coverage_of:
            covered = sum(self.state.outstanding[name] for name in trigger.coverage_of)
            ratio = Fraction(self.period.pool, covered) if covered else None
            passes = ratio is None or ratio >= (trigger.least or 0)
        else:
            part = self.period.delinquent if trigger.delinquent else self.state.lost
            whole = self.period.pool if trigger.delinquent else self._original_pool
            ratio = Fraction(part, whole) if whole else None
            passes = ratio is None or ratio <= (trigger.most or 0)
        self.readings.append(Reading(bucket.name, trigger.name, ratio, passes))
        return passes

    @property
    def _original_pool(self) -> int:
        return self.terms.units(self.terms.pool or "0")

    # ------------------------------------------------------------------------- reserve, write-downs

    def _target(self, bucket: Bucket) -> int:
        if bucket.target is not None:
            return self.terms.units(bucket.target)
        covered = sum(self.state.outstanding[name] for name in bucket.of)
        return round_to(covered * (bucket.target_rate or Fraction(0)), self.terms.rounding)

    def _fill(self, bucket: Bucket) -> None:
        lacking = max(0, self._target(bucket) - self.state.reserve)
        if bucket.most is not None:
            lacking = min(lacking, round_to(self.period.collections * bucket.most, Direction.DOWN))
        self.filled = min(lacking, self.left)
        self.state.reserve += self.filled
        self._line(bucket, _Claim("reserve", bucket.name), due=lacking, paid=self.filled)

    def _write_down(self) -> dict[str, int]:
        """What tranches lose, the most junior first: all that is outstanding above the pool."""
        outstanding = self.state.outstanding
        above = max(0, sum(outstanding.values()) - self.period.pool)
        lost = {}
        for name in reversed(outstanding) if self.terms.write_downs else ():
            lost[name] = min(above, outstanding[name])
            outstanding[name] -= lost[name]
            above -= lost[name]
        return lost

    def _tranches(self, written: dict[str, int]) -> Iterable[TrancheLine]:
        for name, closing in self.state.outstanding.items():
            paid = {
                income: sum(
                    line.paid for line in self.lines if (line.to, line.income) == (name, income)
                )
                for income in (INTEREST, PRINCIPAL)
            }
            yield TrancheLine(
                name=name,
                original=self.state.original[name],
                opening=self.opening[name],
                interest=paid[INTEREST],
                principal=paid[PRINCIPAL],
                written_down=written.get(name, 0),
                closing=closing,
                unpaid=self._unpaid(name),
            )

    def _unpaid(self, name: str) -> int:
        """The interest of a tranche that stays due."""
        return sum(
            self.state.carried.get((bucket.name, number), 0)
            for bucket in self.terms.buckets
            for number, due in enumerate(bucket.dues)
            if due.interest == name
        )


def _income(due: Due) -> str | None:
    if due.interest is not None:
        return INTEREST
    return PRINCIPAL if due.principal is not None else None


def _check(sheet: Sheet) -> None:
    """Nothing is lost and nothing is made.

    Raises: BooksError.
    """
    paid = sum(line.paid for line in sheet.lines)
    if paid != sheet.available or sheet.reserve_closing < 0:
        rule = f"period {sheet.number} pays {paid} units out of {sheet.available}"
        raise BooksError(rule, "report this with the terms and the periods file")
