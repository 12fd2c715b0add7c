# SPDX-License-Identifier: MIT
"""The kinds of income and the classes of investors, as the contracts number them."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["FOREVER", "InvestorClass", "Kind", "Numbered"]

FOREVER = 2**48 - 1
"""The time that stands for "without end"."""


class Numbered(IntEnum):
    """A list that a contract numbers: the names here are those of its interface."""

    @property
    def label(self) -> str:
        """As people write it: `return of capital`."""
        return self.name.lower().replace("_", " ")


class Kind(Numbered):
    """What income is, for tax reports: `IDividendVault.Kind`."""

    DIVIDEND = 0
    INTEREST = 1
    RENT = 2
    RETURN_OF_CAPITAL = 3
    PRINCIPAL = 4


class InvestorClass(Numbered):
    """What an investor is by law; a person has one class, the one its issuer relies on.

    Retail: none of the others. Accredited: 17 CFR 230.501(a). Qualified: Regulation (EU)
    2017/1129, article 2(e). Professional: Directive 2014/65/EU, annex II. Institutional: a bank,
    insurer, fund or public body, by whatever law.
    """

    RETAIL = 0
    ACCREDITED = 1
    QUALIFIED = 2
    PROFESSIONAL = 3
    INSTITUTIONAL = 4
