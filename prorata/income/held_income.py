# SPDX-License-Identifier: MIT
"""Whose income would be held now, and what a deadline then means for it.

The income of a frozen wallet waits, and so does, where the token says so, that of a wallet which
may not hold shares. A deadline does not wait: what was held until then is swept like anything else
that is unclaimed. Whoever declares with a deadline is told beforehand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from prorata.contracts.currency import Currency, money
from prorata.contracts.share_token import ShareToken
from prorata.contracts.vault import Terms
from prorata.deployments.deployment import Deployment
from prorata.errors import NoEligibleShares, Problem
from prorata.register.earning import earners_expected
from prorata.register.holders import closing_time, holders_at, holders_now
from prorata.register.record_ranges import balances_at_range, balances_expected
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.times import moment

__all__ = ["held_among", "holders_expected", "swept_if_held", "who_is_held"]

SHOWN = 3


def holders_expected(
    deployment: Deployment, record_id: int, *, record_range: bool
) -> tuple[Mapping[str, int], bool]:
    """Who is to be paid at a record, and whether that can still change: then it is who holds now.

    Raises: InputError for a record that was never scheduled, or was cancelled; BooksError.
    """
    token = deployment.token()
    if record_range:
        token = ShareToken(token.chain, deployment.record_ranges().address)
    is_open = deployment.chain.now() <= closing_time(token, record_id, record_range=record_range)
    if record_range:
        read = balances_expected if is_open else balances_at_range
        return read(deployment, record_id), is_open
    return holders_now(deployment) if is_open else holders_at(deployment, record_id), is_open


def held_among(deployment: Deployment, holders: Sequence[str]) -> frozenset[str]:
    """Those of `holders` whose income waits now, since a wallet is frozen or not eligible."""
    claimants = deployment.token("pending").claimants_of(holders)
    pairs = zip(holders, claimants, strict=True)
    return frozenset(holder for holder, claimant in pairs if claimant == ZERO_ADDRESS)


def who_is_held(count: int) -> str:
    """So many holders, as a sentence about the present begins."""
    if count == 1:
        return "1 holder is frozen or not eligible now"
    return f"{count:,} holders are frozen or not eligible now"


def swept_if_held(
    deployment: Deployment,
    record_id: int,
    currency: Currency,
    amount: int,
    terms: Terms,
    *,
    record_range: bool,
) -> Iterator[Problem]:
    """What stands against a deadline: holders whose income is held now, as far as can be known."""
    if not terms.deadline:
        return
    balances, is_open = holders_expected(deployment, record_id, record_range=record_range)
    after = (currency.address,) if is_open else ()
    earners = earners_expected(deployment, terms.excluded, balances, after=after)
    held = held_among(deployment, sorted(earners.among(balances)))
    try:
        gross = earners.divide(amount, balances).gross if held else {}
    except NoEligibleShares:
        return
    owed = sorted(((gross[holder], holder) for holder in held), reverse=True)
    if not owed:
        return
    first = [f"{holder} {money(units, currency)}" for units, holder in owed[:SHOWN]]
    more = [f"and {len(owed) - SHOWN:,} more"] if len(owed) > SHOWN else []
    yield Problem(
        None,
        "deadline",
        moment(terms.deadline),
        f"waits for nobody, and {who_is_held(len(owed))} ({', '.join(first + more)}): that would "
        f"be swept to {terms.sweep_to}",
        "release who is frozen, leave the deadline out, or give --yes",
    )
