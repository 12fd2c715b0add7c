# SPDX-License-Identifier: MIT
"""How long a signed paper or a hold may stay good: until a second ahead, and not too far ahead.

One mistyped year would bind whoever signed for life, so the longest time is that of a hold for a
secret (`IHolds`): 400 days.
"""

from __future__ import annotations

from prorata.errors import InputError
from prorata.values.times import lasting, moment

__all__ = ["LONGEST_SECONDS", "require_validity"]

LONGEST_SECONDS = 400 * 86_400


def require_validity(column: str, until: int, now: int, longest: int = LONGEST_SECONDS) -> None:
    """Refuse a last second that is not ahead of `now`, or more than `longest` seconds.

    Raises: InputError.
    """
    if until <= now:
        rule = f"is not later than the chain's time, {moment(now)}"
        raise InputError.of(column, moment(until), rule, "give a later time")
    if until > now + longest:
        rule = f"is more than {lasting(longest)} ahead"
        raise InputError.of(column, moment(until), rule, "give an earlier time")
