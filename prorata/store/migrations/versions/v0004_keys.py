# SPDX-License-Identifier: MIT
"""Keys of the service, whose tenant has which assets, and what each key has used of its limit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from prorata.store.columns import AddressColumn, BigNumber

__all__: list[str] = []

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "tenant_asset",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("chain_id", BigNumber, nullable=False),
        sa.Column("token", AddressColumn, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "chain_id", "token", name="pk_tenant_asset"),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.name"], name="fk_tenant_asset_tenant"),
        sa.CheckConstraint("length(token) = 20", name="ck_tenant_asset_token"),
        sqlite_strict=True,
    )
    op.create_table(
        "api_key",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("scopes", sa.Text, nullable=False),
        sa.Column("made_at", BigNumber, nullable=False),
        sa.Column("revoked_at", BigNumber, nullable=True),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_api_key"),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.name"], name="fk_api_key_tenant"),
        sa.UniqueConstraint("id", name="uq_api_key_id"),
        sa.CheckConstraint("length(digest) = 32", name="ck_api_key_digest"),
        sa.CheckConstraint("length(name) > 0", name="ck_api_key_name"),
        sqlite_strict=True,
    )
    op.create_table(
        "api_key_asset",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("chain_id", BigNumber, nullable=False),
        sa.Column("token", AddressColumn, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "key", "chain_id", "token", name="pk_api_key_asset"),
        sa.ForeignKeyConstraint(
            ["tenant", "key"], ["api_key.tenant", "api_key.id"], name="fk_api_key_asset_api_key"
        ),
        sa.ForeignKeyConstraint(
            ["tenant", "chain_id", "token"],
            ["tenant_asset.tenant", "tenant_asset.chain_id", "tenant_asset.token"],
            name="fk_api_key_asset_tenant_asset",
        ),
        sqlite_strict=True,
    )
    op.create_table(
        "api_usage",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("used", BigNumber, nullable=False),
        sa.Column("ends_at", BigNumber, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_api_usage"),
        sqlite_strict=True,
    )
