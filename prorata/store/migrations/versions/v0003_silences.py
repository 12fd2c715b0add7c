# SPDX-License-Identifier: MIT
"""Silences of alerts: an operator's decision, which no chain would give back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from prorata.store.columns import AddressColumn, BigNumber
from prorata.store.migrations.append_only import forbid_changes

__all__: list[str] = []

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "silence",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("token", AddressColumn, nullable=True),
        sa.Column("begins_at", BigNumber, nullable=False),
        sa.Column("ends_at", BigNumber, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_silence"),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.name"], name="fk_silence_tenant"),
        sa.CheckConstraint("begins_at < ends_at", name="ck_silence_times"),
        sqlite_strict=True,
    )
    forbid_changes("silence")
