# SPDX-License-Identifier: MIT
"""Webhooks of tenants with their secrets' versions, and requests that are not to be done twice."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from prorata.store.columns import AddressColumn, BigNumber

__all__: list[str] = []

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "idempotency",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("request", sa.LargeBinary, nullable=False),
        sa.Column("claim", sa.Text, nullable=False),
        sa.Column("claimed_until", BigNumber, nullable=False),
        sa.Column("answer", sa.Text, nullable=True),
        sa.Column("ends_at", BigNumber, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "digest", name="pk_idempotency"),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.name"], name="fk_idempotency_tenant"),
        sa.CheckConstraint(
            "length(digest) = 32 AND length(request) = 32", name="ck_idempotency_digest"
        ),
        sqlite_strict=True,
    )
    op.create_table(
        "webhook",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("least", sa.Text, nullable=False),
        sa.Column("permit", sa.Text, nullable=False),
        sa.Column("made_at", BigNumber, nullable=False),
        sa.Column("ended_at", BigNumber, nullable=True),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_webhook"),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.name"], name="fk_webhook_tenant"),
        sa.UniqueConstraint("id", name="uq_webhook_id"),
        sa.CheckConstraint("length(name) > 0", name="ck_webhook_name"),
        sa.CheckConstraint("least IN ('info', 'warning', 'critical')", name="ck_webhook_least"),
        sqlite_strict=True,
    )
    op.create_table(
        "webhook_asset",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("webhook", sa.Text, nullable=False),
        sa.Column("chain_id", BigNumber, nullable=False),
        sa.Column("token", AddressColumn, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "webhook", "chain_id", "token", name="pk_webhook_asset"),
        sa.ForeignKeyConstraint(
            ["tenant", "webhook"],
            ["webhook.tenant", "webhook.id"],
            name="fk_webhook_asset_webhook",
        ),
        sa.ForeignKeyConstraint(
            ["tenant", "chain_id", "token"],
            ["tenant_asset.tenant", "tenant_asset.chain_id", "tenant_asset.token"],
            name="fk_webhook_asset_tenant_asset",
        ),
        sqlite_strict=True,
    )
    op.create_table(
        "webhook_secret",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("webhook", sa.Text, nullable=False),
        sa.Column("version", BigNumber, nullable=False),
        sa.Column("master", sa.Text, nullable=False),
        sa.Column("salt", sa.Text, nullable=False),
        sa.Column("made_at", BigNumber, nullable=False),
        sa.Column("ends_at", BigNumber, nullable=True),
        sa.PrimaryKeyConstraint("tenant", "webhook", "version", name="pk_webhook_secret"),
        sa.ForeignKeyConstraint(
            ["tenant", "webhook"],
            ["webhook.tenant", "webhook.id"],
            name="fk_webhook_secret_webhook",
        ),
        sqlite_strict=True,
    )
