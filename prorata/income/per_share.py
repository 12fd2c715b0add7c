# SPDX-License-Identifier: MIT
"""So much per share: what a rate comes to for the shares that earn at a record.

The rate is exact, in whole units of the currency for one whole share: `0.125`. The amount to be
paid in is the rate times the shares that earn when the record closes, rounded up to the currency's
smallest unit, so that nobody gets less than the rate times its shares rounded down. What rounding
leaves over is carried on like that of any other amount; what earlier distributions left over comes
on top, as always.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from prorata.apportion import amount_for
from prorata.contracts.currency import Currency
from prorata.deployments.deployment import Deployment
from prorata.errors import ChainError, InputError, NoEligibleShares
from prorata.register.earning import earners_expected
from prorata.register.holders import require_closed
from prorata.values.amounts import format_units, parse_units

__all__ = ["amount_per_share", "parse_rate_per_share"]

MOST_DECIMALS = 30


def parse_rate_per_share(text: str) -> Fraction:
    """The rate that `text` names, in whole units of a currency for one share.

    Raises: InputError when it names none, or nothing.
    """
    rate = Fraction(parse_units(text, MOST_DECIMALS), 10**MOST_DECIMALS)
    if rate == 0:
        raise InputError.of("per_share", text, "is nothing", "give more than 0")
    return rate


def amount_per_share(
    deployment: Deployment,
    rate: Fraction,
    currency: Currency,
    record_id: int,
    excluded: Sequence[str] = (),
) -> int:
    """The amount, in the currency's smallest unit, that pays a rate at a closed record.

    Raises: InputError while the record is open, so that nobody knows how many shares will earn, or
    for a currency that does not say its decimals; NoEligibleShares.
    """
    try:
        require_closed(deployment, record_id)
    except InputError as error:
        fault = error.problems[0]
        rule = f"cannot be worked out: record {record_id} {fault.rule}"
        remedy = f"{fault.remedy}, or give the amount"
        raise InputError.of("per_share", format_rate(rate), rule, remedy) from None
    token, asked = deployment.token("pending"), sorted({*excluded, deployment.vault().address})
    held = dict(zip(asked, token.balances_of_at(asked, record_id), strict=True))
    outside = earners_expected(deployment, excluded, held).excluded
    eligible = token.total_supply_at(record_id) - sum(held[account] for account in outside)
    if eligible == 0:
        raise NoEligibleShares(0, len(outside))
    try:
        decimals = currency.decimals()
    except ChainError:
        rule = f"is of {currency.address}, which does not tell its decimals as currencies do"
        raise InputError.of("per_share", format_rate(rate), rule, "check the currency") from None
    units = rate * Fraction(10**decimals, 10**deployment.settings.decimals)
    return amount_for(units, eligible)


def format_rate(rate: Fraction) -> str:
    """A rate as people write it: `0.125`."""
    whole = rate.numerator * 10**MOST_DECIMALS // rate.denominator
    return format_units(whole, MOST_DECIMALS, trim=True)
