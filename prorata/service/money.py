# SPDX-License-Identifier: MIT
"""Money and prices in answers: written where somebody has said how, and exact in any case."""

from __future__ import annotations

from fractions import Fraction

from prorata.contracts.base import NATIVE
from prorata.service.asking import Asked
from prorata.service.models import AmountModel, amount_model

__all__ = ["PRICE", "money", "price"]

PRICE = (
    "For a whole share in whole units of the currency, without fee and tax, as an exact ratio such "
    "as `1000` or `2000/3`; null where the currency's decimals are unknown."
)


def money(asked: Asked, units: int, currency: str) -> AmountModel:
    """So many smallest units of a currency."""
    address = None if currency == NATIVE else currency
    return amount_model(units, asked.unit_of(currency), address)


def price(asked: Asked, units: int, shares: int, currency: str) -> str | None:
    """What a whole share costs if so many smallest units of shares cost so much."""
    unit = asked.unit_of(currency)
    if unit is None or not shares or not units:
        return None
    per_share = Fraction(units, 10**unit.decimals) / Fraction(shares, 10**asked.unit.decimals)
    return str(per_share)
