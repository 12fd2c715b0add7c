"""What a waterfall may do, checked line by line in the simplest way there is.

Money is handed out one unit at a time. What may be rounded down or up is checked for that, and then
taken as it came; everything else is worked out again from the terms.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

__all__ = ["Replay"]


def half_up(value: Fraction) -> int:
    whole = value.numerator // value.denominator
    return whole + (value - whole >= Fraction(1, 2))


def months_of_thirty(start: Any, end: Any) -> Fraction:
    """30E/360."""
    days = 360 * (end.year - start.year) + 30 * (end.month - start.month)
    return Fraction(days + min(end.day, 30) - min(start.day, 30), 360)


def shares_fit(total: int, weights: list[int], parts: list[int]) -> None:
    """Each part is its exact share rounded down or up, and all together are the total."""
    whole = sum(weights)
    assert sum(parts) == (total if whole else 0)
    for weight, part in zip(weights, parts, strict=True):
        exact = Fraction(total * weight, whole) if whole else Fraction(0)
        assert exact - 1 < part < exact + 1


@dataclass
class Replay:
    """The terms as plain values, in smallest units, and what is carried between periods."""

    terms: dict[str, Any]
    outstanding: dict[str, int] = field(default_factory=dict)
    reserve: int = 0
    pool: int = 0
    lost: int = 0
    date: Any = None
    carried: dict[tuple[str, int], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.outstanding = {name: one["original"] for name, one in self.terms["tranches"].items()}
        self.reserve, self.pool = self.terms["reserve"], self.terms["pool"]
        self.date = self.terms["starts"]

    def check(self, period: dict[str, Any], sheet: dict[str, Any]) -> None:
        """Replay one period: `sheet` has lines by bucket, releases, draws, fills, write-downs."""
        self.lost += period["losses"]
        opening, part = dict(self.outstanding), months_of_thirty(self.date, period["date"])
        came_in = sum(period[name] for name in ("interest", "principal", "recoveries"))
        budget = period["principal"] + period["recoveries"]
        left, drawn = came_in, 0
        names = [bucket["name"] for bucket in self.terms["buckets"]]
        kinds = [bucket["kind"] for bucket in self.terms["buckets"]]
        place = kinds.index("reserve") if "reserve" in kinds else -1
        if place >= 0:
            released = max(0, self.reserve - self.target(self.terms["buckets"][place]))
            assert sheet["released"] == released
            self.reserve -= released
            left += released
        junior_is_locked = False
        for number, bucket in enumerate(self.terms["buckets"]):
            lines = sheet["lines"].get(bucket["name"], [])
            if not self.applies(bucket, period):
                assert lines == []
                continue
            dues, budget = self.dues(bucket, period, (opening, part, left), budget, lines)
            assert [line["due"] for line in lines] == dues
            is_covered = number < place and bucket["kind"] != "cure"
            while is_covered and sum(dues) > left and self.reserve:
                self.reserve, left, drawn = self.reserve - 1, left + 1, drawn + 1
            total = 0
            while total < sum(dues) and left:  # one unit after the other
                total, left = total + 1, left - 1
            paid = [line["paid"] for line in lines]
            shares_fit(total, dues, paid)
            assert all(part <= due for part, due in zip(paid, dues, strict=True))
            assert not (junior_is_locked and total)
            junior_is_locked |= bucket["kind"] == "senior" and total < sum(dues)
            self.settle(bucket, dues, paid)
        assert left == 0
        assert sheet["drawn"] == drawn
        assert names == list(dict.fromkeys(names))
        self.write_down(period, sheet)
        self.pool, self.date = period["pool"], period["date"]

    # ---------------------------------------------------------------------------------- what is due

    def dues(self, bucket, period, at, budget, lines):
        """What each claim is due, and the principal that is still to be shared out."""
        kind, (opening, part, left) = bucket["kind"], at
        if kind == "residual":
            return [left], budget
        if kind == "reserve":
            lacking = max(0, self.target(bucket) - self.reserve)
            if bucket.get("most") is not None:
                came_in = sum(period[name] for name in ("interest", "principal", "recoveries"))
                most = came_in * bucket["most"]
                lacking = min(lacking, most.numerator // most.denominator)
            return [lacking], budget
        if kind == "cure":
            return [self.cure(bucket, period)], budget
        claims = bucket["claims"]
        before = [self.carried.get((bucket["name"], n), 0) for n in range(len(claims))]
        assert [line["carried"] for line in lines] == before
        fresh = [self.fresh(claim, opening, part, period) for claim in claims]
        rooms = [
            max(0, self.outstanding[claim["principal"]] - carried)
            if "principal" in claim and claim.get("by", "collected") == "collected"
            else 0
            for claim, carried in zip(claims, before, strict=True)
        ]
        shared = min(budget, sum(rooms))
        if sum(room > 0 for room in rooms) > 1:
            # How it is shared among several is for the rounding to say, within a unit.
            given = [
                line["due"] - carried if room else 0
                for line, carried, room in zip(lines, before, rooms, strict=True)
            ]
            shares_fit(shared, rooms, given)
        else:
            given = [shared if room else 0 for room in rooms]
        found = []
        for claim, carried, new, share in zip(claims, before, fresh, given, strict=True):
            due = carried + new + share
            if "principal" in claim:
                due = min(due, self.outstanding[claim["principal"]])
            found.append(due)
        return found, budget - shared

    def fresh(self, claim, opening, part, period) -> int:
        if "amount" in claim:
            return claim["amount"]
        if "column" in claim:
            return period["columns"][claim["column"]]
        if "rate" in claim:
            return half_up(self.pool * claim["rate"] * part)
        if "interest" in claim:
            rate = self.terms["tranches"][claim["interest"]]["rate"]
            return half_up(opening[claim["interest"]] * rate * part)
        return self.outstanding[claim["principal"]] if claim.get("by") == "all" else 0

    def cure(self, bucket, period) -> int:
        """The least that makes the trigger pass, found by trying one unit more each time."""
        trigger, tranche = self.terms["triggers"][bucket["trigger"]], bucket["pays"]
        needed = 0
        if not self.passes(trigger, period):
            needed = self.outstanding[tranche]
            if "coverage_of" in trigger:
                covered = sum(self.outstanding[name] for name in trigger["coverage_of"])
                for needed in range(self.outstanding[tranche] + 1):
                    if period["pool"] >= trigger["least"] * (covered - needed):
                        break
        before = self.carried.get((bucket["name"], 0), 0) if bucket["accumulates"] else 0
        return min(max(needed, before), self.outstanding[tranche])

    def passes(self, trigger, period) -> bool:
        if "coverage_of" in trigger:
            covered = sum(self.outstanding[name] for name in trigger["coverage_of"])
            return period["pool"] >= trigger["least"] * covered
        if trigger.get("delinquent"):
            return period["delinquent"] <= trigger["most"] * period["pool"] or not period["pool"]
        return self.lost <= trigger["most"] * self.terms["pool"]

    def applies(self, bucket, period) -> bool:
        for name, wanted in ((bucket.get("if_failing"), False), (bucket.get("if_passing"), True)):
            if name is not None:
                return self.passes(self.terms["triggers"][name], period) is wanted
        return True

    def target(self, bucket) -> int:
        if "target" in bucket:
            return bucket["target"]
        return half_up(sum(self.outstanding[name] for name in bucket["of"]) * bucket["target_rate"])

    # ----------------------------------------------------------------------------------- afterwards

    def settle(self, bucket, dues, paid) -> None:
        if bucket["kind"] == "reserve":
            self.reserve += paid[0]
        elif bucket["kind"] == "cure":
            self.outstanding[bucket["pays"]] -= paid[0]
            self.carried[bucket["name"], 0] = dues[0] - paid[0]
        elif bucket["kind"] != "residual":
            for number, claim in enumerate(bucket["claims"]):
                if "principal" in claim:
                    self.outstanding[claim["principal"]] -= paid[number]
                short = dues[number] - paid[number]
                self.carried[bucket["name"], number] = short if bucket["accumulates"] else 0

    def write_down(self, period, sheet) -> None:
        """One unit at a time from the most junior tranche that has any."""
        lost = dict.fromkeys(self.outstanding, 0)
        while self.terms["write_downs"] and sum(self.outstanding.values()) > period["pool"]:
            name = [name for name, units in self.outstanding.items() if units][-1]
            self.outstanding[name] -= 1
            lost[name] += 1
        assert sheet["written_down"] == lost
        assert sheet["closing"] == self.outstanding
        assert sheet["reserve"] == self.reserve
