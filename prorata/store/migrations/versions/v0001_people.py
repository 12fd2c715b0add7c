# SPDX-License-Identifier: MIT
"""People, their wallets, the list of those who were erased, and the trail."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from prorata.store.columns import AddressColumn, BigNumber
from prorata.store.migrations.append_only import forbid_changes

__all__: list[str] = []

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "tenant",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("seq", BigNumber, nullable=False),
        sa.Column("entries", BigNumber, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_tenant"),
        sqlite_strict=True,
    )
    _people()
    op.create_table(
        "erasure",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("salt", sa.LargeBinary, nullable=False),
        sa.Column("erased_at", BigNumber, nullable=False),
        sa.Column("purged_at", BigNumber, nullable=True),
        sa.PrimaryKeyConstraint("tenant", "digest", name="pk_erasure"),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.name"], name="fk_erasure_tenant"),
        sa.CheckConstraint("length(digest) = 32 AND length(salt) = 16", name="ck_erasure_digest"),
        sqlite_strict=True,
    )
    op.create_table(
        "trail",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("number", BigNumber, nullable=False),
        sa.Column("time", BigNumber, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("rows", BigNumber, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "number", name="pk_trail"),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.name"], name="fk_trail_tenant"),
        sqlite_strict=True,
    )
    forbid_changes("trail")


def _people() -> None:
    op.create_table(
        "party",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("country", sa.Integer, nullable=True),
        sa.Column("created_at", BigNumber, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_party"),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.name"], name="fk_party_tenant"),
        sa.CheckConstraint("length(name) > 0", name="ck_party_name"),
        sqlite_strict=True,
    )
    op.create_index("party_by_name", "party", ["tenant", "name"])
    if op.get_context().dialect.name == "postgresql":
        # Its statistics would keep the commonest names, out of reach of an erasure.
        op.execute("ALTER TABLE party ALTER COLUMN name SET STATISTICS 0")
    op.create_table(
        "wallet",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("chain_id", BigNumber, nullable=False),
        sa.Column("address", AddressColumn, nullable=False),
        sa.Column("party", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "chain_id", "address", name="pk_wallet"),
        sa.ForeignKeyConstraint(
            ["tenant", "party"], ["party.tenant", "party.id"], name="fk_wallet_party"
        ),
        sa.CheckConstraint("length(address) = 20", name="ck_wallet_address"),
        sqlite_strict=True,
    )
    op.create_index("wallet_of_party", "wallet", ["tenant", "party"])
