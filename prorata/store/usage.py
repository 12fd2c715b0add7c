# SPDX-License-Identifier: MIT
"""How much of a limit was used, by all processes together: each takes some of it beforehand.

A number is given to nobody twice, so that together they never use more than the limit. What a
process has taken and does not use before the window ends is lost with it.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from prorata.store.database import Database

__all__ = ["Lease", "lease"]

# One statement: whoever comes second waits, and counts on.
_TAKE = sa.text(
    "INSERT INTO api_usage (name, used, ends_at) VALUES (:name, :size, :end) "
    "ON CONFLICT (name) DO UPDATE SET "
    "used = CASE WHEN api_usage.ends_at <= :now THEN :size ELSE api_usage.used + :size END, "
    "ends_at = CASE WHEN api_usage.ends_at <= :now THEN :end ELSE api_usage.ends_at END "
    "RETURNING used, ends_at"
)
_DROP = sa.text("DELETE FROM api_usage WHERE ends_at <= :now")


@dataclass(frozen=True)
class Lease:
    """The numbers `first` to `last` of a window, which ends in the second `ends_at`."""

    first: int
    last: int
    ends_at: int


def lease(database: Database, name: str, *, size: int, seconds: int, now: int) -> Lease:
    """The next `size` numbers of a name's window, or the first of a new one of `seconds`.

    Raises: StoreError when the database refuses.
    """
    asked = {"name": name, "size": size, "now": now, "end": now + seconds}
    # Whatever the power's failure takes is a window's count.
    with database.writing(durable=False) as connection:
        used, ends_at = connection.execute(_TAKE, asked).one()
        if used == size:
            # Once in a window: what has ended is nobody's.
            connection.execute(_DROP, {"now": now})
    return Lease(int(used) - size + 1, int(used), int(ends_at))
