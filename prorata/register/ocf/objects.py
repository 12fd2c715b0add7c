# SPDX-License-Identifier: MIT
"""The objects of the Open Cap Format 1.2 that say who holds how much stock, read strictly.

Each model takes what the format's own schema takes, and nothing else: numbers are text of digits
with at most ten after a point, dates are days, and no field is unknown or null. Rights to convert
are kept as they are; no other field of these objects is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

__all__ = [
    "MODELS",
    "PASSED",
    "VERSIONS",
    "Acceptance",
    "Cancellation",
    "Consolidation",
    "Issuance",
    "Issuer",
    "Legend",
    "Manifest",
    "Reissuance",
    "Repurchase",
    "Retraction",
    "Split",
    "Stakeholder",
    "StockClass",
    "Thing",
    "Transaction",
    "Transfer",
]

VERSIONS = re.compile(r"1\.2\.[0-9]+(?:[-+][0-9A-Za-z.+-]+)?", re.ASCII)
"""Of the format, that are read; the objects here are the same in all of them."""

_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]{1,10})?", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TIME = re.compile(
    r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(\.\d+)?(Z|[+-]\d{2}:\d{2})", re.IGNORECASE | re.ASCII
)


# ------------------------------------------------------------------------------------------- values


def _numeric(value: object) -> object:
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise ValueError("is a JSON number, which programs round; write it in quotes")
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        remedy = "write every digit, at most 10 of them after a point"
        raise ValueError(f"is no number of the format; {remedy}")
    return value


def _authorised(value: object) -> object:
    return value if value in ("NOT APPLICABLE", "UNLIMITED") else _numeric(value)


@lru_cache(maxsize=4_096)
def _day(text: str) -> str:
    try:
        if not _DAY.fullmatch(text):
            raise ValueError
        date.fromisoformat(text)
    except ValueError:
        raise ValueError("is no day; write one such as 2027-12-31") from None
    return text


def _moment(text: str) -> str:
    found = _TIME.fullmatch(text)
    try:
        datetime.fromisoformat(found[1] if found else "")
    except ValueError:
        raise ValueError("is no time; write one such as 2027-12-31T12:00:00Z") from None
    return text


def _version(text: str) -> str:
    if not VERSIONS.fullmatch(text):
        raise ValueError("is a version of the format that is not read; export version 1.2.0")
    return text


def _there(value: object) -> object:
    if value is None:
        raise ValueError("is null; leave the field out")
    return value


Absent = BeforeValidator(_there)
"""For a field that may be left out, and may not be null."""

Text: TypeAlias = Annotated[str | None, Absent]
Numeric: TypeAlias = Annotated[str, BeforeValidator(_numeric)]
Day: TypeAlias = Annotated[str, AfterValidator(_day)]
OptionalDay: TypeAlias = Annotated[Day | None, Absent]
OptionalNumeric: TypeAlias = Annotated[Numeric | None, Absent]
Country: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Subdivision: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{1,3}$")]
Currency: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Authorised: TypeAlias = Annotated[str, BeforeValidator(_authorised)]
Relationship: TypeAlias = Literal[
    "ADVISOR", "BOARD_MEMBER", "CONSULTANT", "EMPLOYEE", "EX_ADVISOR", "EX_CONSULTANT",
    "EX_EMPLOYEE", "EXECUTIVE", "FOUNDER", "INVESTOR", "NON_US_EMPLOYEE", "OFFICER", "OTHER",
]  # fmt: skip
Status: TypeAlias = Literal[
    "ACTIVE", "LEAVE_OF_ABSENCE", "TERMINATION_VOLUNTARY_OTHER",
    "TERMINATION_VOLUNTARY_GOOD_CAUSE", "TERMINATION_VOLUNTARY_RETIREMENT",
    "TERMINATION_INVOLUNTARY_OTHER", "TERMINATION_INVOLUNTARY_DEATH",
    "TERMINATION_INVOLUNTARY_DISABILITY", "TERMINATION_INVOLUNTARY_WITH_CAUSE",
]  # fmt: skip


class Value(BaseModel):
    """Something in a field, or an object: nothing in it is unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Monetary(Value):
    """An amount of a currency."""

    amount: Numeric
    currency: Currency


class Ratio(Value):
    """So many to so many."""

    numerator: Numeric
    denominator: Numeric


class Name(Value):
    """Of a person or an institution."""

    legal_name: str
    first_name: Text = None
    last_name: Text = None


class Phone(Value):
    """A number to call."""

    phone_type: Literal["HOME", "MOBILE", "BUSINESS", "OTHER"]
    phone_number: Annotated[
        str,
        StringConstraints(
            pattern=r"^\+\d{1,3}\s\d{2,3}\s\d{2,3}\s\d{4}(\s(ext.|extension)\s\d+)?$"
        ),
    ]


class Email(Value):
    """An address to write to."""

    email_type: Literal["PERSONAL", "BUSINESS", "OTHER"]
    email_address: Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$")]


class Address(Value):
    """Where somebody is."""

    address_type: Literal["LEGAL", "CONTACT", "OTHER"]
    street_suite: Text = None
    city: Text = None
    country_subdivision: Annotated[Subdivision | None, Absent] = None
    country: Country
    postal_code: Text = None


class TaxID(Value):
    """A number with a tax authority."""

    tax_id: str
    country: Country


class Reachable(Value):
    """How to reach somebody: one way at least."""

    phone_numbers: Annotated[list[Phone] | None, Absent] = None
    emails: Annotated[list[Email] | None, Absent] = None

    @model_validator(mode="after")
    def _one_way(self) -> Reachable:
        if self.phone_numbers is None and self.emails is None:
            raise ValueError("has neither phone_numbers nor emails; add one of them")
        return self


class Contact(Reachable):
    """Whom to reach."""

    name: Name


class File(Value):
    """A file of the package, and the digest that it had."""

    filepath: str
    md5: Annotated[str, StringConstraints(pattern=r"^[a-fA-F0-9]{32}$")]


class Exemption(Value):
    """From a law on securities."""

    description: str
    jurisdiction: str


class Vesting(Value):
    """So many shares on a day."""

    date: Day
    amount: Numeric


class NumberRange(Value):
    """Shares by their numbers."""

    starting_share_number: Numeric
    ending_share_number: Numeric


# ------------------------------------------------------------------------------------------ objects


class Thing(Value):
    """An object with an id."""

    id: str
    comments: Annotated[list[str] | None, Absent] = None


class Issuer(Thing):
    """The company."""

    object_type: Literal["ISSUER"]
    legal_name: str
    dba: Text = None
    formation_date: Day
    country_of_formation: Country
    country_subdivision_of_formation: Annotated[Subdivision | None, Absent] = None
    country_subdivision_name_of_formation: Text = None
    tax_ids: Annotated[list[TaxID] | None, Absent] = None
    email: Annotated[Email | None, Absent] = None
    phone: Annotated[Phone | None, Absent] = None
    address: Annotated[Address | None, Absent] = None
    initial_shares_authorized: Annotated[Authorised | None, Absent] = None

    @model_validator(mode="after")
    def _one_subdivision(self) -> Issuer:
        both = (self.country_subdivision_of_formation, self.country_subdivision_name_of_formation)
        if None not in both:
            raise ValueError("has a subdivision's code and its name; keep one of them")
        return self


class Stakeholder(Thing):
    """Somebody who can hold something."""

    object_type: Literal["STAKEHOLDER"]
    name: Name
    stakeholder_type: Literal["INDIVIDUAL", "INSTITUTION"]
    issuer_assigned_id: Text = None
    current_relationship: Annotated[Relationship | None, Absent] = None
    current_relationships: Annotated[list[Relationship] | None, Absent] = None
    current_status: Annotated[Status | None, Absent] = None
    primary_contact: Annotated[Contact | None, Absent] = None
    contact_info: Annotated[Reachable | None, Absent] = None
    addresses: Annotated[list[Address] | None, Absent] = None
    tax_ids: Annotated[list[TaxID] | None, Absent] = None


class StockClass(Thing):
    """One class of shares."""

    object_type: Literal["STOCK_CLASS"]
    name: str
    class_type: Literal["COMMON", "PREFERRED"]
    default_id_prefix: str
    initial_shares_authorized: Authorised
    board_approval_date: OptionalDay = None
    stockholder_approval_date: OptionalDay = None
    votes_per_share: Numeric
    par_value: Annotated[Monetary | None, Absent] = None
    price_per_share: Annotated[Monetary | None, Absent] = None
    seniority: Numeric
    conversion_rights: Annotated[list[dict[str, Any]] | None, Absent] = None
    liquidation_preference_multiple: OptionalNumeric = None
    participation_cap_multiple: OptionalNumeric = None


class Legend(Thing):
    """What stands on certificates."""

    object_type: Literal["STOCK_LEGEND_TEMPLATE"]
    name: str
    text: str


# ------------------------------------------------------------------------------------- transactions


class Transaction(Thing):
    """Something that happened on a day."""

    date: Day


class Issuance(Transaction):
    """A security comes to be, also as the result of another transaction."""

    object_type: Literal["TX_STOCK_ISSUANCE"]
    security_id: str
    custom_id: str
    stakeholder_id: str
    board_approval_date: OptionalDay = None
    stockholder_approval_date: OptionalDay = None
    consideration_text: Text = None
    security_law_exemptions: list[Exemption]
    stock_class_id: str
    stock_plan_id: Text = None
    share_numbers_issued: Annotated[list[NumberRange] | None, Absent] = None
    share_price: Monetary
    quantity: Numeric
    vesting_terms_id: Text = None
    vestings: Annotated[list[Vesting] | None, Absent, Field(min_length=1)] = None
    cost_basis: Annotated[Monetary | None, Absent] = None
    stock_legend_ids: list[str]
    issuance_type: Annotated[Literal["RSA", "FOUNDERS_STOCK"] | None, Absent] = None


def _distinct(ids: list[str]) -> list[str]:
    if not ids or len(set(ids)) < len(ids):
        raise ValueError("are not securities once each; name one at least, and none twice")
    return ids


Securities: TypeAlias = Annotated[list[str], AfterValidator(_distinct)]


class Transfer(Transaction):
    """A security, or a part of it, goes to others."""

    object_type: Literal["TX_STOCK_TRANSFER"]
    security_id: str
    quantity: Numeric
    consideration_text: Text = None
    balance_security_id: Text = None
    resulting_security_ids: Securities


class Cancellation(Transaction):
    """A security, or a part of it, is no more."""

    object_type: Literal["TX_STOCK_CANCELLATION"]
    security_id: str
    quantity: Numeric
    balance_security_id: Text = None
    reason_text: str


class Repurchase(Transaction):
    """The issuer buys a security, or a part of it, back."""

    object_type: Literal["TX_STOCK_REPURCHASE"]
    security_id: str
    price: Monetary
    quantity: Numeric
    consideration_text: Text = None
    balance_security_id: Text = None


class Retraction(Transaction):
    """A security was issued by mistake."""

    object_type: Literal["TX_STOCK_RETRACTION"]
    security_id: str
    reason_text: str


class Reissuance(Transaction):
    """A security is replaced by others, also because of a split."""

    object_type: Literal["TX_STOCK_REISSUANCE"]
    security_id: str
    resulting_security_ids: list[str]
    split_transaction_id: Text = None
    reason_text: Text = None


class Consolidation(Transaction):
    """Securities become one."""

    object_type: Literal["TX_STOCK_CONSOLIDATION"]
    security_ids: Securities
    resulting_security_id: str
    reason_text: Text = None


class Acceptance(Transaction):
    """A holder accepts a security; nothing moves."""

    object_type: Literal["TX_STOCK_ACCEPTANCE"]
    security_id: str


class Split(Transaction):
    """Every share of a class becomes so many."""

    object_type: Literal["TX_STOCK_CLASS_SPLIT"]
    stock_class_id: str
    split_ratio: Ratio


class Passed(BaseModel):
    """An object that moves no stock; its own fields are not looked into."""

    model_config = ConfigDict(frozen=True, strict=True, extra="allow")

    id: str
    object_type: str


MODELS: Mapping[str, type[Thing]] = {
    "STAKEHOLDER": Stakeholder,
    "STOCK_CLASS": StockClass,
    "STOCK_LEGEND_TEMPLATE": Legend,
    "TX_STOCK_ISSUANCE": Issuance,
    "TX_STOCK_TRANSFER": Transfer,
    "TX_STOCK_CANCELLATION": Cancellation,
    "TX_STOCK_REPURCHASE": Repurchase,
    "TX_STOCK_RETRACTION": Retraction,
    "TX_STOCK_REISSUANCE": Reissuance,
    "TX_STOCK_CONSOLIDATION": Consolidation,
    "TX_STOCK_ACCEPTANCE": Acceptance,
    "TX_STOCK_CLASS_SPLIT": Split,
}

PASSED = frozenset(
    {
        "STOCK_PLAN", "VALUATION", "VESTING_TERMS", "FINANCING", "DOCUMENT",
        "CE_STAKEHOLDER_RELATIONSHIP", "CE_STAKEHOLDER_STATUS",
        "TX_ISSUER_AUTHORIZED_SHARES_ADJUSTMENT", "TX_STOCK_CLASS_CONVERSION_RATIO_ADJUSTMENT",
        "TX_STOCK_CLASS_AUTHORIZED_SHARES_ADJUSTMENT", "TX_STOCK_PLAN_POOL_ADJUSTMENT",
        "TX_STOCK_PLAN_RETURN_TO_POOL",
        "TX_VESTING_ACCELERATION", "TX_VESTING_START", "TX_VESTING_EVENT",
    }
)  # fmt: skip
"""Objects that move no stock, of which only the id is read."""


# ----------------------------------------------------------------------------------------- manifest


class Manifest(Value):
    """What a package is, and which files are in it."""

    ocf_version: Annotated[str, AfterValidator(_version)]
    file_type: Literal["OCF_MANIFEST_FILE"]
    issuer: Issuer
    as_of: Day
    generated_at: Annotated[str, AfterValidator(_moment)]
    comments: Annotated[list[str] | None, Absent] = None
    stock_plans_files: list[File]
    stock_legend_templates_files: list[File]
    stock_classes_files: list[File]
    vesting_terms_files: list[File]
    valuations_files: list[File]
    transactions_files: list[File]
    stakeholders_files: list[File]
    financings_files: Annotated[list[File] | None, Absent] = None
    documents_files: Annotated[list[File] | None, Absent] = None

    @property
    def files(self) -> list[File]:
        """All of them, in the order in which their objects came to be."""
        named = (
            self.stakeholders_files, self.stock_classes_files, self.stock_legend_templates_files,
            self.transactions_files, self.stock_plans_files, self.vesting_terms_files,
            self.valuations_files, self.financings_files, self.documents_files,
        )  # fmt: skip
        return [file for files in named for file in files or ()]
