# SPDX-License-Identifier: MIT
"""Silences: what an operator does not want to hear of for a while; the office keeps the reason."""

from __future__ import annotations

from secrets import token_hex

import sqlalchemy as sa

from prorata.alerts.outbox import Quiet
from prorata.errors import InputError
from prorata.store import office_schema as tables
from prorata.store.office import Office

__all__ = ["add_silence", "silences"]

LONGEST = 90 * 86_400
LONGEST_REASON = 200


def add_silence(
    office: Office, rule: str, *, seconds: int, token: str | None = None, reason: str
) -> Quiet:
    """From now on, for so long, for one asset or all.

    Raises: InputError for more than 90 days, or no reason.
    """
    if not 0 < seconds <= LONGEST:
        raise InputError.of("for", seconds, "is no time of up to 90 days", "write 4h or 7d")
    if not 0 < len(reason) <= LONGEST_REASON:
        raise InputError.of(
            "reason", reason, f"is not of 1 to {LONGEST_REASON} characters", "say why"
        )
    with office.writing("alerts.silence") as writing:
        id_ = token_hex(16)
        ends_at = writing.now + seconds
        row = {
            "tenant": office.tenant,
            "id": id_,
            "rule": rule,
            "token": token,
            "begins_at": writing.now,
            "ends_at": ends_at,
            "reason": reason,
        }
        writing.connection.execute(sa.insert(tables.silence), row)
        writing.subject, writing.rows = id_, 1
        begins_at = writing.now
    return Quiet(rule, token or "", begins_at, ends_at)


def silences(office: Office) -> list[Quiet]:
    """Those that have not ended."""
    s = tables.silence.c
    asked = (
        sa.select(s.rule, s.token, s.begins_at, s.ends_at)
        .where(s.tenant == office.tenant, s.ends_at > int(office.clock()))
        .order_by(s.begins_at, s.rule, s.id)
    )
    with office.database.snapshot() as connection:
        rows = connection.execute(asked).all()
    return [Quiet(row.rule, row.token or "", row.begins_at, row.ends_at) for row in rows]
