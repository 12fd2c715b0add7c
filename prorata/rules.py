"""Rules for transfers as people write them, and refusals as people read them.

`RuleSettings` is the YAML side of `TransferRules.Settings`: countries by ISO 3166-1 codes,
classes by name, times in ISO 8601, lock-ups in days, holdings in whole shares. What a file leaves
out is not a rule. Regulation packs in `examples/packs` are such files.

`check_transfer` asks a token what stands in the way of a transfer and says it in sentences: who,
what, the limit, and what would help.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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

from prorata.captable import MAX_SHARES
from prorata.contracts import Code, Explanation, InvestorClass, Refusal, ShareToken
from prorata.countries import bitmap, codes_in, country_name, find_country
from prorata.errors import InputError
from prorata.money import format_units, parse_units
from prorata.settings import moment, parse_time, read_yaml, validated

__all__ = [
    "Check",
    "Countries",
    "RuleSettings",
    "Transfer",
    "check_transfer",
    "explain_in_words",
    "parse_class",
]

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


def _said(parse: Callable[[object], T]) -> BeforeValidator:
    """The product's own refusal in the words that pydantic passes on."""

    def validate(value: object) -> T:
        try:
            return parse(value)
        except InputError as error:
            problem = error.problems[0]
            raise ValueError(f"{problem.rule}; {problem.remedy}") from None

    return BeforeValidator(validate)


def _count(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError("is not a number of 1 or more; leave the rule out to switch it off")
    return value


def _shares(value: object) -> object:
    if isinstance(value, bool | float):
        raise ValueError("is not a whole number; write digits, in quotes if there is a point")
    return str(value)


Time = Annotated[
    int, _said(lambda value: parse_time("time", value)), PlainSerializer(moment, return_type=str)
]
CountryCode = Annotated[
    int,
    _said(lambda value: find_country(value).code),
    PlainSerializer(lambda code: f"{code:03d}", return_type=str),
]
Class = Annotated[
    InvestorClass, _said(parse_class), PlainSerializer(lambda known: known.label, return_type=str)
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


# -------------------------------------------------------------------------------------- refusals


@dataclass(frozen=True)
class Transfer:
    """A transfer to be judged; `amount` in the token's smallest unit."""

    sender: str
    receiver: str
    amount: int
    symbol: str = "shares"
    decimals: int = 0

    def shares(self, amount: int) -> str:
        """An amount of the token as people read it: `1,450 HARB12`."""
        return f"{format_units(amount, self.decimals, trim=True)} {self.symbol}"


@dataclass(frozen=True)
class Check:
    """What a token says about a transfer; `balance` is what the sender holds.

    `sentences` has one for every reason why the transfer would fail now, and none if it passes;
    `most` is the most that would pass, in smallest units.
    """

    transfer: Transfer
    explanation: Explanation
    balance: int

    @property
    def passes(self) -> bool:
        """Whether the transfer would succeed."""
        return not self.explanation.refusals and self.transfer.amount <= self.balance

    @property
    def most(self) -> int:
        """The most that would pass now."""
        return min(self.explanation.most, self.balance)

    @property
    def sentences(self) -> list[str]:
        """Why it would fail."""
        transfer = self.transfer
        said = explain_in_words(self.explanation.refusals, transfer)
        if transfer.amount > self.balance:
            held = transfer.shares(self.balance)
            said.append(f"the sender holds {held}; transfer no more than that")
        return said


def check_transfer(token: ShareToken, sender: str, receiver: str, amount: int) -> Check:
    """Ask a token what stands in the way of a transfer.

    Raises: ChainError.
    """
    transfer = Transfer(sender, receiver, amount, token.symbol(), token.decimals())
    return Check(transfer, token.explain(sender, receiver, amount), token.balance_of(sender))


def explain_in_words(refusals: Sequence[Refusal], transfer: Transfer) -> list[str]:
    """A sentence for each refusal: who, what, the limit, and after a semicolon what would help."""
    return [_SENTENCES[refusal.code](refusal, transfer) for refusal in refusals]


def _not_eligible(refusal: Refusal, transfer: Transfer) -> str:
    if not refusal.value:
        return f"the receiver {transfer.receiver} is not registered as eligible; {_REGISTER}"
    until, now = moment(refusal.value), moment(refusal.limit)
    return (
        f"the receiver {transfer.receiver} was eligible until {until}, and it is {now}; {_REGISTER}"
    )


def _class(refusal: Refusal, _: Transfer) -> str:
    known = {int(k): k.label for k in InvestorClass}
    admitted = [label for number, label in known.items() if refusal.limit >> number & 1]
    named = known.get(refusal.value, f"number {refusal.value}")
    return (
        f"the receiver's class is {named}, and only {' and '.join(admitted) or 'others'} may "
        "receive; send to such an investor, or have the receiver's class corrected"
    )


def _window(refusal: Refusal, _: Transfer) -> str:
    now, limit = moment(refusal.value), moment(refusal.limit)
    if refusal.value < refusal.limit:
        return f"it is {now}, and transfers open at {limit}; wait until then"
    return f"it is {now}, and transfers closed at {limit}; ask the issuer whether they reopen"


def _holders(whose: str) -> Callable[[Refusal, Transfer], str]:
    def say(refusal: Refusal, _: Transfer) -> str:
        return (
            f"the receiver would be holder number {refusal.value:,}{whose}, and there may be "
            f"{refusal.limit:,}; send to somebody who holds already, or wait until a holder leaves"
        )

    return say


_REGISTER = "let the issuer check the person and register the wallet"
_ASK = "ask the issuer"

_SENTENCES: Mapping[Code, Callable[[Refusal, Transfer], str]] = {
    Code.NONE: lambda _, __: "no rule is broken; nothing needs to be done",
    Code.PAUSED: lambda _, t: (
        f"transfers of {t.symbol} are stopped; wait until an agent allows them again"
    ),
    Code.SENDER_BLOCKED: lambda _, t: f"the sender {t.sender} is frozen or was lost; {_ASK}",
    Code.RECEIVER_BLOCKED: lambda _, t: (
        f"the receiver {t.receiver} is frozen, was lost, or is no wallet that can hold shares; "
        "send to another wallet"
    ),
    Code.AMOUNT_FROZEN: lambda r, t: (
        f"{t.shares(r.value)} are more than the {t.shares(r.limit)} of the sender that are not "
        f"frozen; transfer less, or {_ASK}"
    ),
    Code.NOT_ELIGIBLE: _not_eligible,
    Code.COUNTRY: lambda r, _: (
        f"the receiver's country is {country_name(r.value)}, whose investors may not receive now; "
        "send to an investor of another country"
    ),
    Code.CLASS: _class,
    Code.WINDOW_CLOSED: _window,
    Code.MAX_HOLDERS: _holders(""),
    Code.MAX_HOLDERS_IN_COUNTRY: _holders(" in the receiver's country"),
    Code.MAX_HOLDERS_OF_CLASS: _holders(" of the receiver's class"),
    Code.MAX_HOLDERS_OF_CLASS_IN_COUNTRY: _holders(" of the receiver's class and country"),
    Code.MAX_HOLDING: lambda r, t: (
        f"the receiver's person would hold {t.shares(r.value)}, and one person may hold "
        f"{t.shares(r.limit)}; transfer {t.shares(r.value - r.limit)} less"
    ),
    Code.MIN_HOLDING_GIVER: lambda r, t: (
        f"the sender's person would keep {t.shares(r.value)}, and who holds must hold "
        f"{t.shares(r.limit)} or more; transfer less, or everything"
    ),
    Code.MIN_HOLDING_TAKER: lambda r, t: (
        f"the receiver's person would hold {t.shares(r.value)}, and who holds must hold "
        f"{t.shares(r.limit)} or more; transfer {t.shares(r.limit - r.value)} more"
    ),
    Code.LOCKED_UP: lambda r, t: (
        f"{t.shares(r.value)} are more than the {t.shares(r.limit)} of the sender that are not "
        "locked up; transfer less, or wait until more are released"
    ),
    Code.SUPPLY_CAP: lambda r, t: (
        f"there would be {t.shares(r.value)}, and there may be {t.shares(r.limit)}; issue less"
    ),
    Code.RULES_FAILED: lambda _, t: (
        f"the rules of {t.symbol} refuse this without a reason, or gave no answer; {_ASK}"
    ),
}
