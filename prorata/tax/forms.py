# SPDX-License-Identifier: MIT
"""Where each kind of income stands on tax forms, and what securities messages call it.

One table, `REPORTING`, by the kind that a distribution was declared with. It helps whoever prepares
the forms; it is not tax advice. What a payment is for tax depends on the issuer, the asset and the
holder, and no chain knows them: the preparer decides, and may decide otherwise.

The boxes are those of

    Form 1099-DIV    Dividends and Distributions, Rev. January 2024
    Form 1099-INT    Interest Income, Rev. January 2024
    Form 1099-MISC   Miscellaneous Information, Rev. April 2025
    Form 1042-S      Foreign Person's U.S. Source Income Subject to Withholding, 2025; the 2026 form
                     numbers addresses anew, and none of the boxes used here

of the United States' Internal Revenue Service. A payment to a U.S. person is for the 1099 series,
where tax withheld is backup withholding (box 4); one to a foreign person is for Form 1042-S, where
it is the tax of chapter 3 or 4 (box 7a). Of that, what was withheld too much and repaid by the
adjustment procedures stands in box 9, and box 10 is what is left. Every statement shows both: Form
W-9 or W-8 tells which of the two a holder is, and no address does.

Event types, dates and amounts are named as in ISO 20022's corporate actions messages, seev.031
(notification) and seev.036 (movement confirmation): `CorporateActionEventType` codes, and the
elements ExDividendDate, RecordDate, EarliestPaymentDate, PaymentDate, EligibleBalance,
GrossCashAmount, WithholdingTaxAmount and NetCashAmount.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from prorata.apportion import BASIS_POINTS, withhold
from prorata.values.amounts import format_units
from prorata.values.kinds import Kind

__all__ = [
    "BOXES",
    "GROSS_INCOME",
    "INCOME_CODE",
    "REPORTING",
    "TAX_RATE",
    "TAX_REPAID",
    "TAX_WITHHELD",
    "TOTAL_CREDIT",
    "Box",
    "Reporting",
    "tax_rate",
]


@dataclass(frozen=True, order=True)
class Box:
    """One box of a form, by the number and name printed on it."""

    form: str
    number: str
    name: str

    @property
    def column(self) -> str:
        """As the head of a column."""
        return f"{self.form} {self.number} {self.name}"


@dataclass(frozen=True)
class Reporting:
    """How one kind of income is reported, if the preparer agrees.

    `gross` and `withheld` are the boxes for a payment to a U.S. person, `income_code` is what box 1
    of Form 1042-S has for one to a foreign person, or empty where that form is not for it.
    """

    event_type: str
    event_name: str
    gross: Box
    withheld: Box
    income_code: str
    remark: str


def _withheld(form: str) -> Box:
    return Box(form, "4", "Federal income tax withheld")


INCOME_CODE: Final = Box("1042-S", "1", "Income code")
GROSS_INCOME: Final = Box("1042-S", "2", "Gross income")
TAX_RATE: Final = Box("1042-S", "3b", "Tax rate")
TAX_WITHHELD: Final = Box("1042-S", "7a", "Federal tax withheld")
TAX_REPAID: Final = Box("1042-S", "9", "Overwithheld tax repaid to recipient")
TOTAL_CREDIT: Final = Box("1042-S", "10", "Total withholding credit")

REPORTING: Final[Mapping[Kind, Reporting]] = {
    Kind.DIVIDEND: Reporting(
        event_type="DVCA",
        event_name="Cash dividend",
        gross=Box("1099-DIV", "1a", "Total ordinary dividends"),
        withheld=_withheld("1099-DIV"),
        income_code="06",
        remark="Which part is qualified (box 1b) or a capital gain (box 2a) the issuer must say.",
    ),
    Kind.INTEREST: Reporting(
        event_type="INTR",
        event_name="Interest payment",
        gross=Box("1099-INT", "1", "Interest income"),
        withheld=_withheld("1099-INT"),
        income_code="01",
        remark="Interest on a mortgage of real property has income code 02.",
    ),
    Kind.RENT: Reporting(
        event_type="DVCA",
        event_name="Cash dividend",
        gross=Box("1099-MISC", "1", "Rents"),
        withheld=_withheld("1099-MISC"),
        income_code="14",
        remark="Where shares are a corporation's stock, rent reaches holders as a dividend.",
    ),
    Kind.RETURN_OF_CAPITAL: Reporting(
        event_type="CAPD",
        event_name="Capital distribution",
        gross=Box("1099-DIV", "3", "Nondividend distributions"),
        withheld=_withheld("1099-DIV"),
        income_code="37",
        remark="It lowers the holder's basis; the corporation files Form 5452.",
    ),
    Kind.PRINCIPAL: Reporting(
        event_type="PRED",
        event_name="Partial redemption without reduction of nominal value",
        gross=Box("1099-DIV", "9", "Cash liquidation distributions"),
        withheld=_withheld("1099-DIV"),
        income_code="",
        remark="For a corporation in liquidation. A loan's principal repaid is no income, and the "
        "last payment of all is a redemption (REDM).",
    ),
}

BOXES: Final = tuple(
    sorted({box for kind in REPORTING.values() for box in (kind.gross, kind.withheld)})
)
"""The boxes of the 1099 series that amounts are put in, form by form."""


def tax_rate(gross: int, tax: int) -> str:
    """The rate at which exactly `tax` is withheld from `gross`, as box 3b writes it: `30.00`.

    Empty where no single rate in basis points does that, as on amounts of a few units.
    """
    if gross <= 0:
        return ""
    lowest = -(-tax * BASIS_POINTS // gross)
    if lowest > BASIS_POINTS or withhold(gross, lowest) != tax:
        return ""
    if lowest < BASIS_POINTS and withhold(gross, lowest + 1) == tax:
        return ""
    return format_units(lowest, 2).rjust(5, "0")
