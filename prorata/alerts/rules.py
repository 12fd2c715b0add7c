# SPDX-License-Identifier: MIT
"""Rules of alerts as people write them, in YAML: on events, on thresholds and on absences.

The words are few and closed. Nothing that stands in a rule is ever run: an event's arguments are
compared with values, and that is all. A rule is known by the digest of all that it says, so that
one that was changed is another rule, and begins when it is first seen.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import ConfigDict, Field, model_validator

from prorata.alerts.fields import Beginning, Duration, End, Figure, Name, Said, Strict, Token
from prorata.alerts.predicates import Predicate, check_kind, event_inputs
from prorata.analysis.precision import exact
from prorata.files.models import validated
from prorata.files.yaml_reader import read_yaml
from prorata.values.words import listed

__all__ = [
    "EXAMPLE",
    "SEVERITIES",
    "AbsentRule",
    "Compared",
    "EventRule",
    "Rule",
    "ThresholdRule",
    "digest_of_rule",
    "read_rules",
]

EXAMPLE = "examples/alerts/rules.yaml"

SEVERITIES = ("info", "warning", "critical")
"""From the least to the most."""


class _AnyRule(Strict):
    name: Name
    says: Said
    severity: Literal["info", "warning", "critical"] = "warning"
    # After an alert, others of the same rule and asset are decided, and not delivered.
    silence: Duration = 0
    # Of one asset only.
    token: Token | None = None

    def among(self, tokens: Iterable[str]) -> list[str]:
        """Those that the rule is for."""
        return sorted(one for one in tokens if self.token in (None, one))


class EventRule(_AnyRule):
    """Speaks when an event happens, and all of `where` is true of it."""

    when: Literal["event"]
    event: str
    # The contract's name; else any that has such an event.
    of: str | None = None
    where: tuple[Predicate, ...] = ()
    # `head` does not wait for finality: what a reorganisation takes back is withdrawn.
    decided_at: Literal["final", "head"] = "final"

    @model_validator(mode="after")
    def _is_known(self) -> EventRule:
        inputs = event_inputs(self.event, self.of)
        if not inputs:
            whose = f"the contract {self.of}" if self.of else "a contract of prorata"
            raise ValueError(f"is no event of {whose}; write an event's name, such as AgentAdded")
        for predicate in self.where:
            types = {kinds.get(predicate.argument) for kinds in inputs}
            if None in types:
                known = sorted(set.intersection(*map(set, inputs)))
                raise ValueError(
                    f"has no argument {predicate.argument} in every such event; "
                    f"use {listed(known) or 'no predicate'}"
                )
            for kind in types:
                check_kind(predicate, str(kind))
        return self


class Compared(Strict):
    """A number and on which side of it a value must lie."""

    above: Figure | None = None
    below: Figure | None = None

    @model_validator(mode="after")
    def _has_one_side(self) -> Compared:
        if (self.above is None) == (self.below is None):
            raise ValueError("has both sides or none; write above or below")
        return self

    @property
    def limit(self) -> Fraction:
        """The number."""
        return next(one for one in (self.above, self.below) if one is not None)

    def holds(self, value: Fraction | int) -> bool:
        """Whether a value lies there."""
        if self.above is not None:
            return value > self.above
        return self.below is not None and value < self.below


class ThresholdRule(_AnyRule):
    """Speaks once a value has been beyond a limit for so long; again only after it was `clear`."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    when: Literal["threshold"]
    # Supply in smallest units; NAV of a whole share; premium of price to NAV in basis points.
    value: Literal["supply", "holders", "nav", "premium"]
    over: Compared = Field(alias="is")
    lasting: Duration = Field(default=0, alias="for")
    clear: Compared | None = None
    # Of NAV: marks in any other one are passed over.
    currency: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    # Of premium: neither price nor NAV may be older.
    older_than: Duration | None = None

    @property
    def by_marks(self) -> bool:
        """Whether the value is what marks say, and no block."""
        return self.value in ("nav", "premium")

    @model_validator(mode="after")
    def _has_what_its_value_needs(self) -> ThresholdRule:
        for name, owner in (("currency", "nav"), ("older_than", "premium")):
            if (getattr(self, name) is None) == (self.value == owner):
                verb = "has no" if self.value == owner else "has"
                remedy = "write it" if self.value == owner else "remove it"
                raise ValueError(f"{verb} {name}, which is for {owner}; {remedy}")
        limits = [one.limit for one in (self.over, self.clear) if one is not None]
        if self.value != "premium" and any(limit < 0 for limit in limits):
            raise ValueError(f"has a negative limit; {self.value} is 0 at least")
        if not self.by_marks and any(limit.denominator != 1 for limit in limits):
            raise ValueError(f"has a limit with decimals; {self.value} is a whole number")
        return self

    @model_validator(mode="after")
    def _clears_on_the_other_side(self) -> ThresholdRule:
        over, clear = self.over, self.clear
        if clear is None:
            return self
        # Between two whole numbers there is nothing.
        step = 0 if self.by_marks else 1
        if over.above is not None and (clear.below is None or clear.below > over.above + step):
            most = exact(over.above + step)
            raise ValueError(f"clears beyond its limit; write clear with below, {most} at most")
        if over.below is not None and (clear.above is None or clear.above < over.below - step):
            least = exact(over.below - step)
            raise ValueError(f"clears beyond its limit; write clear with above, {least} at least")
        return self

    def cleared(self, value: Fraction | int) -> bool:
        """Whether an alert that was given may be given again."""
        return self.clear.holds(value) if self.clear else not self.over.holds(value)


NEEDS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "record-close": (("within",),),
    "payout": (("by",), ("within",)),
    "nav": (("older_than",),),
    "node": (("older_than",),),
    "finality": (("older_than",),),
    "lost-wallet-role": (("within",),),
    "drift": ((),),
}
"""What each absence is told of by, in one way or another."""


class AbsentRule(_AnyRule):
    """Speaks when something has not come, or is about to be too late.

    `record-close` is a record that closes within so long; `payout` is none by a date, or none of a
    record within so long after it has closed; `nav`, `node` and `finality` are older than they may
    be; `lost-wallet-role` is a role that a lost wallet still has, so long after its loss; `drift`
    is what the manifest and the journal do not say, for which a node is asked `every` so often.
    """

    when: Literal["absent"]
    what: Literal["record-close", "payout", "nav", "node", "finality", "lost-wallet-role", "drift"]
    within: Duration | None = None
    older_than: Duration | None = None
    by: End | None = None
    since: Beginning | None = None
    grace: Duration = 0
    every: Duration | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _has_its_limit(self) -> AbsentRule:
        said = tuple(
            name for name in ("by", "within", "older_than") if getattr(self, name) is not None
        )
        ways = NEEDS[self.what]
        if said not in ways:
            raise ValueError(
                f"is told of by {listed(list(said)) or 'nothing'}; "
                f"{self.what} needs {' or '.join(way[0] for way in ways if way) or 'no limit'}"
            )
        if (self.since is None) != (self.by is None):
            raise ValueError("has since without by, or by without since; write both")
        if self.by is not None and self.since is not None and self.since >= self.by:
            raise ValueError("begins after its end; write since before by")
        if self.what in ("node", "finality") and self.token is not None:
            raise ValueError(f"has a token, and {self.what} is of the chain; remove token")
        if self.what == "drift" and self.grace:
            raise ValueError("has grace, and drift has no limit; remove grace")
        if self.what != "drift" and self.every is not None:
            raise ValueError(f"has every, and {self.what} asks no node; remove every")
        return self


Rule: TypeAlias = EventRule | ThresholdRule | AbsentRule


OF_NOW = ("node", "finality", "drift")
"""What is of the present, and stands in no block."""


class _File(Strict):
    rules: tuple[Annotated[Rule, Field(discriminator="when")], ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_once(self) -> _File:
        names = [rule.name for rule in self.rules]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ValueError(f"names {listed(sorted(twice))} twice; give each rule its own name")
        return self


def read_rules(path: str | Path) -> tuple[Rule, ...]:
    """The rules in a file.

    Raises: InputError with every fault in them.
    """
    content = read_yaml(path, "the rules of alerts", EXAMPLE)
    return validated(_File, content, EXAMPLE, str(path)).rules


def digest_of_rule(rule: Rule) -> str:
    """The SHA-256 of all that a rule says."""
    # Without what it does not say: a later version, with more words, knows it by the same digest.
    plain = rule.model_dump(mode="json", exclude_defaults=True)
    said = json.dumps(plain, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(said.encode()).hexdigest()
