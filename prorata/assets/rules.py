# SPDX-License-Identifier: MIT
"""Rules for transfers as people write them, and refusals as people read them.

`RuleSettings` is the YAML side of `TransferRules.Settings`: countries by ISO 3166-1 codes,
classes by name, times in ISO 8601, lock-ups in days, holdings in whole shares. What a file leaves
out is not a rule. Regulation packs in `examples/packs` are such files.

`check_transfer` asks a token what stands in the way of a transfer and says it in sentences: who,
what, the limit, and what would help.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    model_validator,
)

from prorata.errors import InputError
from prorata.files.models import parsed_by, validated
from prorata.files.yaml_reader import read_yaml
from prorata.values.amounts import MAX_SHARES, format_units, parse_units
from prorata.values.countries import bitmap, codes_in, find_country
from prorata.values.kinds import InvestorClass
from prorata.values.times import moment, parse_time

__all__ = ["Countries", "RuleSettings", "parse_class"]

EXAMPLE = "examples/packs/plain-whitelist.yaml"
DAY = 86_400
LONGEST_LOCK_UP = 36_525
MOST_HOLDERS = 2**32 - 1

# How `TransferRules` reads a list of countries.
ANY, ONLY, ALL_BUT = range(3)

T = TypeVar("T")


# --------------------------------------------------------------------------------- single values


def parse_class(value: object, column: str = "class") -> InvestorClass:
    """The investor class of this name.

    Raises: InputError when there is none.
    """
    for known in InvestorClass:
        if value is known or value == known.label:
            return known
    names = ", ".join(known.label for known in InvestorClass)
    raise InputError.of(column, value, "is no class of investor", f"write {names}")


def _count(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError("is not a number of 1 or more; leave the rule out to switch it off")
    return value


def _shares(value: object) -> object:
    if isinstance(value, bool | float):
        raise ValueError("is not a whole number; write digits, in quotes if there is a point")
    return str(value)


Time = Annotated[
    int,
    parsed_by(lambda value: parse_time("time", value)),
    PlainSerializer(moment, return_type=str),
]
CountryCode = Annotated[
    int,
    parsed_by(lambda value: find_country(value).code),
    PlainSerializer(lambda code: f"{code:03d}", return_type=str),
]
Class = Annotated[
    InvestorClass,
    parsed_by(parse_class),
    PlainSerializer(lambda known: known.label, return_type=str),
]
Count = Annotated[int, BeforeValidator(_count), Field(le=MOST_HOLDERS)]
Days = Annotated[int, BeforeValidator(_count), Field(le=LONGEST_LOCK_UP)]
Shares = Annotated[str, BeforeValidator(_shares)]


class Countries(BaseModel):
    """Whose investors may receive: `only` those listed, or all `but` those; `until` a time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    only: tuple[CountryCode, ...] | None = None
    but: tuple[CountryCode, ...] | None = None
    until: Time | None = None

    @model_validator(mode="after")
    def _one_list(self) -> Countries:
        if (self.only is None) == (self.but is None):
            raise ValueError("is not one list of countries; write either only or but")
        if not (self.only or self.but):
            raise ValueError("is an empty list; name countries, or leave the rule out")
        return self


# ------------------------------------------------------------------------------------ the settings


class RuleSettings(BaseModel):
    """The rules of one asset, as their YAML file describes them.

    `title`, `sources` and `notice` are for people. `eligible` asks that receivers are registered
    and not expired. `limited_class` is what the two limits of a class count. `max_holding`,
    `min_holding` and `supply_cap` are whole shares; a day without a time means its last second.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = ""
    sources: tuple[str, ...] = ()
    notice: str = ""
    eligible: bool = True
    countries: Countries | None = None
    classes: tuple[Class, ...] = ()
    opens_at: Time | None = None
    closes_at: Time | None = None
    max_holders: Count | None = None
    max_holders_in_country: Count | None = None
    limited_class: Class | None = None
    max_holders_of_class: Count | None = None
    max_holders_of_class_in_country: Count | None = None
    max_holding: Shares | None = None
    min_holding: Shares | None = None
    lock_up_days: Days | None = None
    supply_cap: Shares | None = None

    @classmethod
    def load(cls, path: str | Path) -> RuleSettings:
        """Read a YAML file.

        Raises: InputError with every fault in it.
        """
        return cls.of(read_yaml(path, "rules", EXAMPLE), str(path))

    @classmethod
    def of(cls, content: Mapping[str, Any], subject: str = "the rules") -> RuleSettings:
        """From values.

        Raises: InputError with every fault in them.
        """
        settings = validated(cls, content, EXAMPLE, subject)
        settings.check()
        return settings

    def check(self) -> None:
        """Raises: InputError for rules that contradict each other."""
        of_class = (self.max_holders_of_class, self.max_holders_of_class_in_country)
        if (self.limited_class is None) != (of_class == (None, None)):
            raise InputError.of(
                "limited_class",
                "" if self.limited_class is None else self.limited_class.label,
                "is not a class with a limit",
                "write a class and max_holders_of_class or max_holders_of_class_in_country",
            )
        if self.counts and not self.eligible:
            raise InputError.of(
                "eligible", "false", "leaves persons to be counted unknown", "write eligible: true"
            )
        if self.opens_at and self.closes_at and self.opens_at > self.closes_at:
            raise InputError.of(
                "opens_at",
                moment(self.opens_at),
                f"is after closes_at, {moment(self.closes_at)}",
                "open before closing",
            )

    @property
    def counts(self) -> bool:
        """Whether a rule counts persons or their holdings, so that the registry must."""
        return any(
            (
                self.max_holders,
                self.max_holders_in_country,
                self.max_holders_of_class,
                self.max_holders_of_class_in_country,
                self.max_holding,
                self.min_holding,
            )
        )

    @property
    def locks(self) -> bool:
        """Whether there is a lock-up, which needs a keeper of lots."""
        return self.lock_up_days is not None

    def encodable(self, registry: str, lock_ups: str, decimals: int) -> list[Any]:
        """`TransferRules.Settings` in order; holdings in smallest units.

        Raises: InputError when a holding has more decimals than the token.
        """
        listed, countries = ANY, bitmap(())
        if self.countries is not None:
            listed = ALL_BUT if self.countries.only is None else ONLY
            countries = bitmap(self.countries.only or self.countries.but or ())
        units = {
            name: _units(name, getattr(self, name), decimals)
            for name in ("max_holding", "min_holding", "supply_cap")
        }
        if units["max_holding"] and units["min_holding"] > units["max_holding"]:
            raise InputError.of(
                "min_holding", self.min_holding, f"is over {self.max_holding}", "give less"
            )
        return [
            registry,
            lock_ups,
            self.eligible,
            listed,
            (self.countries and self.countries.until) or 0,
            list(countries),
            sum(1 << int(known) for known in set(self.classes)),
            self.opens_at or 0,
            self.closes_at or 0,
            self.max_holders or 0,
            self.max_holders_in_country or 0,
            int(self.limited_class or 0),
            self.max_holders_of_class or 0,
            self.max_holders_of_class_in_country or 0,
            units["max_holding"],
            units["min_holding"],
            (self.lock_up_days or 0) * DAY,
            units["supply_cap"],
        ]

    @classmethod
    def decode(cls, struct: Mapping[str, Any], decimals: int) -> RuleSettings:
        """From the struct in the event `RulesSet`: what a deployed contract goes by."""
        of_class = struct["maxHoldersOfClass"] or struct["maxHoldersOfClassInCountry"]
        codes = codes_in(struct["countries"])
        key = {ONLY: "only", ALL_BUT: "but"}.get(struct["listed"])
        until = moment(struct["listedUntil"]) if struct["listedUntil"] else None
        listed = {key: [f"{code:03d}" for code in codes], "until": until} if key else None

        def time(name: str) -> str | None:
            return moment(struct[name]) if struct[name] else None

        def shares(name: str) -> str | None:
            return format_units(struct[name], decimals, trim=True) if struct[name] else None

        return cls.model_validate(
            {
                "eligible": struct["eligible"],
                "countries": listed,
                "classes": [k for k in InvestorClass if struct["classes"] >> int(k) & 1],
                "opens_at": time("opensAt"),
                "closes_at": time("closesAt"),
                "max_holders": struct["maxHolders"] or None,
                "max_holders_in_country": struct["maxHoldersInCountry"] or None,
                "limited_class": InvestorClass(struct["limitedClass"]) if of_class else None,
                "max_holders_of_class": struct["maxHoldersOfClass"] or None,
                "max_holders_of_class_in_country": struct["maxHoldersOfClassInCountry"] or None,
                "max_holding": shares("maxHolding"),
                "min_holding": shares("minHolding"),
                "lock_up_days": struct["lockUp"] // DAY or None,
                "supply_cap": shares("supplyCap"),
            }
        )


def _units(column: str, text: str | None, decimals: int) -> int:
    if text is None:
        return 0
    try:
        units = parse_units(text, decimals, noun="shares")
    except InputError as error:
        fault = error.problems[0]
        raise InputError.of(column, text, fault.rule, fault.remedy) from None
    if not 0 < units <= MAX_SHARES:
        raise InputError.of(column, text, f"is not between 1 and {MAX_SHARES}", "give another")
    return units
