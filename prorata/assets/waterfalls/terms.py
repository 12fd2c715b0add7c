# SPDX-License-Identifier: MIT
"""The terms of a waterfall as its YAML file has them.

name: Harbour Loans 2027-1
currency: USD
decimals: 2                      # of the smallest unit that is paid
starts: 2027-01-01               # from here the tranches' interest runs
day_count: 30/360                # needed if a tranche or an expense has a rate
accrual: unadjusted              # or adjusted: interest runs to the pay date as it rolled
rounding: half up                # of interest and of expenses at a rate, when they fall due
pool: "1,000,000.00"             # its balance at the start; left out: there is no pool
write_downs: true                # tranches above the pool's balance are written down, junior first
reserve: "10,000.00"             # what is in the reserve at the start; left out: nothing
tranches:                        # from the most senior to the most junior
  - { name: senior, original: "700,000.00", rate: 6% }
  - { name: equity, original: "300,000.00" }
triggers:                        # read from closing balances when a bucket's turn comes
  - { name: cover, coverage_of: [senior], least: 125% }
  - { name: arrears, delinquent: true, most: 8% }
  - { name: loss, losses: true, most: 5% }
buckets:                         # paid in this order, each as far as the money goes
  - { name: trustee, kind: expenses, amount: "250.00" }
  - { name: servicing, kind: expenses, rate: 0.5% }
  - { name: senior interest, kind: senior, interest: senior }
  - { name: senior principal, kind: senior, principal: senior }
  - { name: reserve, kind: reserve, target_rate: 2%, of: [senior] }
  - { name: cover cure, kind: cure, trigger: cover, pays: senior, accumulates: false }
  - { name: rest, kind: residual, to: equity, income: dividend }

The kinds are `expenses`, `senior` (debt service, before the reserve), `reserve`, `cure`, `junior`
(debt service after all that is senior), `pro_rata` and `residual`. A bucket is due one of: an
`amount` each period; a `column` of the periods file; a `rate` of a year of the pool's opening
balance; the `interest` of a tranche; the `principal` of a tranche, `by` collected (the principal
and recoveries that came in, and that no earlier bucket is due; this is the default) or by all
(everything outstanding). A bucket of kind `pro_rata` has several of these under `of`, and pays them
in proportion to what each is due. What is unpaid stays due (`accumulates: true`, the default), or
lapses. A bucket with `if_failing` or `if_passing` and the name of a trigger is due nothing
otherwise.

The reserve is drawn for expenses and debt service before it, where too little came in, and what is
above its target at the start of a period is released; it is filled up to a fixed `target`, or to a
`target_rate` of what the tranches `of` its list have outstanding, with at most `most` (a per cent)
of a period's collections. A cure is due while its trigger fails: of a coverage, what restores it,
rounded up; of the others, all that the tranche has outstanding. It says whether it accumulates:
then what was due once stays due although the trigger passes meanwhile.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, model_validator

from prorata.assets.day_counts import DayCount
from prorata.assets.schedules.roundings import Direction
from prorata.assets.schedules.values import Counting, Day
from prorata.assets.term_fields import (
    CurrencySymbol,
    Rate,
    RoundingName,
    Title,
    Word,
    parse_whole,
)
from prorata.errors import InputError
from prorata.files.models import parsed_by, validated
from prorata.files.yaml_reader import read_yaml
from prorata.values.amounts import Unit, parse_units

__all__ = [
    "COLLECTIONS",
    "EXAMPLE",
    "FACTS",
    "Bucket",
    "Due",
    "Tranche",
    "Trigger",
    "WaterfallTerms",
    "require_after",
]

EXAMPLE = "examples/loans/waterfall.yaml"
COLLECTIONS = ("income", "interest", "principal", "recoveries", "fees")
"""Columns of the periods file whose sum comes in."""
FACTS = ("pool", "delinquent", "losses")
"""Columns that are no money: what the pool is at the cut-off, and what was lost in the period."""

Kind = Literal["expenses", "senior", "reserve", "cure", "junior", "pro_rata", "residual"]
Income = Literal["dividend", "interest", "rent", "return-of-capital"]


def _text(value: object) -> str:
    """An amount as text, read once the decimals are known."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        rule, remedy = "is no text", 'write the amount in quotes: "1,500.00"'
        raise InputError.of("amount", value, rule, remedy)
    return str(value)


def _decimals(value: object) -> int:
    return parse_whole(value, "decimals", most=18)


AmountText = Annotated[str, parsed_by(_text)]


class _Terms(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Tranche(_Terms):
    """A class of claims on the pool; its shares are tokens, one unit of principal or many each."""

    name: Word
    original: AmountText
    rate: Rate | None = None


class Trigger(_Terms):
    """A test: a coverage must be at least so much, arrears or losses at most.

    Coverage is the pool's closing balance over what the tranches have outstanding; `delinquent` is
    the part of the pool that is 60 days late or more; `losses` is all that was ever lost over the
    pool's balance at the start.
    """

    name: Word
    coverage_of: tuple[Word, ...] = ()
    delinquent: bool = False
    losses: bool = False
    least: Rate | None = None
    most: Rate | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> Trigger:
        if bool(self.coverage_of) + self.delinquent + self.losses != 1:
            raise ValueError("tests no one thing; give coverage_of, delinquent or losses")
        bound, other = ("least", "most") if self.coverage_of else ("most", "least")
        if getattr(self, bound) is None or getattr(self, other) is not None:
            raise ValueError(f"has no bound that fits; give {bound}, and not {other}")
        if not (self.least or self.most):
            raise ValueError("has a bound of 0%; give more")
        return self


class Due(_Terms):
    """What one claim is due."""

    amount: AmountText | None = None
    column: Word | None = None
    rate: Rate | None = None
    interest: Word | None = None
    principal: Word | None = None
    by: Literal["collected", "all"] = "collected"
    to: Word | None = None

    @property
    def tranche(self) -> str | None:
        """The tranche whose interest or principal it is."""
        return self.interest or self.principal

    @property
    def text(self) -> str:
        """What it is, in words."""
        if self.amount is not None:
            return "amount"
        if self.column is not None:
            return f"column {self.column}"
        if self.rate is not None:
            return "rate of the pool"
        return f"interest of {self.interest}" if self.interest else f"principal of {self.principal}"

    def _count(self) -> int:
        given = (self.amount, self.column, self.rate, self.interest, self.principal)
        return sum(value is not None for value in given)


class _Share(Due):
    """One of several claims that are paid pro rata."""

    @model_validator(mode="after")
    def _is_one(self) -> _Share:
        if self._count() != 1:
            raise ValueError(
                "is due no one thing; give amount, column, rate, interest or principal"
            )
        return self


_ALLOWED: dict[str, set[str]] = {
    "expenses": {"amount", "column", "rate", "to", "accumulates"},
    "senior": {"amount", "column", "interest", "principal", "by", "to", "accumulates"},
    "junior": {"amount", "column", "interest", "principal", "by", "to", "accumulates"},
    "reserve": {"target", "target_rate", "of", "most"},
    "cure": {"trigger", "pays", "accumulates"},
    "pro_rata": {"of", "accumulates"},
    "residual": {"to", "income"},
}
_ALWAYS = {"name", "kind", "if_failing", "if_passing"}


class Bucket(Due):
    """One step of the waterfall; which fields it may have, its kind says."""

    name: Word
    kind: Kind
    accumulates: bool | None = None
    if_failing: Word | None = None
    if_passing: Word | None = None
    target: AmountText | None = None
    target_rate: Rate | None = None
    of: tuple[Any, ...] = ()
    most: Rate | None = None
    trigger: Word | None = None
    pays: Word | None = None
    income: Income = "dividend"

    @model_validator(mode="before")
    @classmethod
    def _fits_its_kind(cls, content: object) -> object:
        if not isinstance(content, dict):
            return content
        allowed = _ALLOWED.get(str(content.get("kind")))
        for name in content if allowed is not None else ():
            if name in cls.model_fields and name not in (allowed or ()) and name not in _ALWAYS:
                listed = ", ".join(sorted(allowed or ()))
                raise ValueError(f"has {name}, which its kind has not; use {listed}")
        if content.get("kind") == "pro_rata":
            shares = content.get("of")
            given = shares if isinstance(shares, list | tuple) else ()
            return {**content, "of": tuple(_Share.model_validate(one) for one in given)}
        return content

    @model_validator(mode="after")
    def _is_whole(self) -> Bucket:
        if self.if_failing and self.if_passing:
            raise ValueError("is due while a trigger fails and while one passes; keep one of them")
        _NEEDS[self.kind](self)
        return self

    @property
    def dues(self) -> tuple[Due, ...]:
        """The claims that it pays; the reserve, a cure and the residual have none of their own."""
        if self.kind == "pro_rata":
            return self.of
        return (self,) if self.kind in ("expenses", "senior", "junior") else ()

    @property
    def carries(self) -> bool:
        """Whether what is unpaid stays due."""
        return self.accumulates is not False


def _needs_one_due(bucket: Bucket) -> None:
    if bucket._count() != 1:  # noqa: SLF001 - of this module
        raise ValueError("is due no one thing; give amount, column, interest or principal")


def _needs_target(bucket: Bucket) -> None:
    if (bucket.target is None) == (bucket.target_rate is None):
        raise ValueError("has no one target; give target, or target_rate and of")
    if (bucket.target_rate is None) != (not bucket.of):
        raise ValueError("has no list of tranches with its target_rate; give both, or target")


def _needs_trigger(bucket: Bucket) -> None:
    if bucket.trigger is None or bucket.pays is None:
        raise ValueError("cures nothing; give trigger, and the tranche that it pays")
    if bucket.accumulates is None:
        raise ValueError("does not say whether it accumulates; write accumulates: true or false")


def _needs_several(bucket: Bucket) -> None:
    if len(bucket.of) < 2:
        raise ValueError("has nothing to pay in proportion; give two claims or more under of")


def _needs_receiver(bucket: Bucket) -> None:
    if bucket.to is None:
        raise ValueError("does not say who gets the rest; give to")


_NEEDS: dict[str, Callable[[Bucket], None]] = {
    "expenses": _needs_one_due,
    "senior": _needs_one_due,
    "junior": _needs_one_due,
    "reserve": _needs_target,
    "cure": _needs_trigger,
    "pro_rata": _needs_several,
    "residual": _needs_receiver,
}


class WaterfallTerms(_Terms):
    """Who is paid in which order; see the head of this module for the file."""

    name: Title
    currency: CurrencySymbol
    decimals: Annotated[int, parsed_by(_decimals)] = 2
    starts: Day
    day_count: Counting | None = None
    accrual: Literal["unadjusted", "adjusted"] = "unadjusted"
    rounding: RoundingName = Direction.HALF_UP
    pool: AmountText | None = None
    write_downs: bool = False
    reserve: AmountText = "0"
    tranches: tuple[Tranche, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    buckets: tuple[Bucket, ...]

    @classmethod
    def load(cls, path: str | Path) -> WaterfallTerms:
        """The terms in a YAML file.

        Raises: InputError with every fault in it, or when it cannot be read.
        """
        return validated(cls, read_yaml(path, "terms", EXAMPLE), EXAMPLE, str(path))

    @model_validator(mode="after")
    def _agree(self) -> WaterfallTerms:
        for fault in self._faults():
            raise ValueError(fault)
        return self

    @property
    def unit(self) -> Unit:
        """How amounts are written."""
        return Unit(self.currency, self.decimals)

    def units(self, text: str) -> int:
        """The smallest units that an amount in the file names."""
        return parse_units(text, self.decimals)

    @cached_property
    def by_name(self) -> dict[str, Tranche]:
        """The tranches by name, from the most senior on."""
        return {tranche.name: tranche for tranche in self.tranches}

    @cached_property
    def trigger_by_name(self) -> dict[str, Trigger]:
        """The triggers by name."""
        return {trigger.name: trigger for trigger in self.triggers}

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the periods file that buckets are due."""
        named = (due.column for bucket in self.buckets for due in bucket.dues)
        return tuple(dict.fromkeys(column for column in named if column is not None))

    @property
    def facts(self) -> tuple[str, ...]:
        """The columns that the periods file must have besides: what triggers and rates read."""
        tests = self.triggers
        rates = any(due.rate is not None for bucket in self.buckets for due in bucket.dues)
        needed = {
            "pool": rates or self.write_downs or any(t.coverage_of or t.delinquent for t in tests),
            "delinquent": any(test.delinquent for test in tests),
            "losses": any(test.losses for test in tests),
        }
        return tuple(name for name in FACTS if needed[name])

    def fraction_basis(self) -> DayCount:
        """The day count, which is there wherever something has a rate."""
        assert self.day_count is not None
        return self.day_count

    # -------------------------------------------------------------------------------------- checks

    def _faults(self) -> Iterator[str]:
        """What does not fit together, as rule and remedy."""
        yield from self._names()
        yield from self._order()
        yield from self._references()
        yield from self._amounts()
        if self.facts and self.pool is None:
            yield f"needs the pool for {', '.join(self.facts)}; give its balance at the start"
        rates = [tranche.rate for tranche in self.tranches]
        rates += [due.rate for bucket in self.buckets for due in bucket.dues]
        if self.day_count is None and any(rate is not None for rate in rates):
            yield "has rates and no day count; give day_count, such as 30/360"
        if self.day_count in (DayCount.ACT_ACT_ICMA, DayCount.E_30_360_ISDA):
            name = self.day_count.value
            yield f"has the day count {name}, which needs more than two dates; name another"

    def _names(self) -> Iterator[str]:
        for what, listed in (
            ("tranches", [one.name for one in self.tranches]),
            ("triggers", [one.name for one in self.triggers]),
            ("buckets", [one.name for one in self.buckets]),
        ):
            for name in [name for name, count in Counter(listed).items() if count > 1]:
                yield f"has two {what} called {name}; give each a name of its own"
        taken = {*COLLECTIONS, *FACTS, "date"}
        for column in self.columns:
            if column != column.lower():
                yield f"has a column {column}; write it in small letters, as the file's are read"
            elif column in taken:
                yield f"has a column {column}, which has a meaning already; call it otherwise"
        claims = [
            (due.text, due.tranche) for bucket in self.buckets for due in bucket.dues if due.tranche
        ]
        for text in [text for (text, _), count in Counter(claims).items() if count > 1]:
            yield f"pays the {text} in two buckets; keep one of them"

    def _order(self) -> Iterator[str]:
        kinds = [bucket.kind for bucket in self.buckets]
        if kinds.count("residual") != 1 or kinds[-1:] != ["residual"]:
            yield "does not end with its one residual; put one bucket of that kind last"
        if kinds.count("reserve") > 1:
            yield "has two reserves; keep one of them"
        if "reserve" in kinds and "senior" in kinds[kinds.index("reserve") :]:
            yield "has debt service after the reserve; put senior buckets before it"
        if "junior" in kinds and "senior" in kinds[kinds.index("junior") :]:
            yield "has debt service after a junior bucket; put senior buckets before it"
        last = self.buckets[-1] if self.buckets else None
        if last is not None and (last.if_failing or last.if_passing):
            yield "has a residual on a condition; let it always take the rest"

    def _references(self) -> Iterator[str]:
        for bucket in self.buckets:
            dues = [due.tranche for due in bucket.dues]
            of = list(bucket.of) if bucket.kind == "reserve" else []
            for name in (*dues, *of, bucket.pays):
                if name is not None and name not in self.by_name:
                    yield f"has no tranche {name}, which bucket {bucket.name} names; add it"
            for name in (bucket.trigger, bucket.if_failing, bucket.if_passing):
                if name is not None and name not in self.trigger_by_name:
                    yield f"has no trigger {name}, which bucket {bucket.name} names; add it"
            yield from self._rateless(bucket.dues)
        for trigger in self.triggers:
            for name in trigger.coverage_of:
                if name not in self.by_name:
                    yield f"has no tranche {name}, which trigger {trigger.name} names; add it"

    def _rateless(self, dues: Sequence[Due]) -> Iterator[str]:
        for due in dues:
            tranche = self.by_name.get(due.interest or "")
            if tranche is not None and tranche.rate is None:
                yield f"pays interest of {tranche.name}, which has no rate; give it one"

    def _amounts(self) -> Iterator[str]:
        named = [("the pool", self.pool), ("the reserve", self.reserve)]
        named += [(f"tranche {tranche.name}", tranche.original) for tranche in self.tranches]
        for bucket in self.buckets:
            named += [(f"bucket {bucket.name}", due.amount) for due in bucket.dues]
            named += [(f"bucket {bucket.name}", bucket.target)]
        for what, text in named:
            if text is None:
                continue
            try:
                units = self.units(text)
            except InputError as error:
                fault = error.problems[0]
                yield f'has the amount "{text}" of {what}, which {fault.rule}; {fault.remedy}'
                continue
            if units == 0 and what.startswith("tranche"):
                yield f"has nothing in {what}; give its original balance, or drop it"


def require_after(day: date, before: date, column: str = "date") -> date:
    """The day, which must be after another.

    Raises: InputError.
    """
    if day <= before:
        rule = f"is not after {before}"
        raise InputError.of(column, day, rule, "write the periods in the order of their dates")
    return day
