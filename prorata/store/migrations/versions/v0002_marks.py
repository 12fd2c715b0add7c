# SPDX-License-Identifier: MIT
"""Marks: what an asset was worth, as somebody said."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from prorata.store.columns import AddressColumn, AmountColumn, BigNumber, HashColumn
from prorata.store.migrations.append_only import forbid_changes

__all__: list[str] = []

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "mark",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("chain_id", BigNumber, nullable=False),
        sa.Column("token", AddressColumn, nullable=False),
        sa.Column("time", BigNumber, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("amount", AmountColumn, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("decimals", sa.Integer, nullable=False),
        sa.Column("basis", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("document", HashColumn, nullable=True),
        sa.Column("supersedes", sa.Text, nullable=True),
        sa.Column("created_at", BigNumber, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_mark"),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.name"], name="fk_mark_tenant"),
        sa.ForeignKeyConstraint(
            ["tenant", "supersedes"], ["mark.tenant", "mark.id"], name="fk_mark_mark"
        ),
        sa.UniqueConstraint("tenant", "supersedes", name="uq_mark_tenant_supersedes"),
        sa.CheckConstraint("kind IN ('NAV', 'price', 'appraisal')", name="ck_mark_kind"),
        sa.CheckConstraint("basis IN ('cum', 'ex')", name="ck_mark_basis"),
        sa.CheckConstraint("decimals BETWEEN 0 AND 36", name="ck_mark_decimals"),
        sa.CheckConstraint("length(token) = 20", name="ck_mark_token"),
        sqlite_strict=True,
    )
    op.create_index("mark_of_asset", "mark", ["tenant", "chain_id", "token", "time"])
    forbid_changes("mark")
