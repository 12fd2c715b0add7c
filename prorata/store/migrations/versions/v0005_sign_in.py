# SPDX-License-Identifier: MIT
"""Sign-in: nonces that wait for a signature, and sessions, both by their hash only."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from prorata.store.columns import AddressColumn, BigNumber

__all__: list[str] = []

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "sign_in_nonce",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("ends_at", BigNumber, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "digest", name="pk_sign_in_nonce"),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.name"], name="fk_sign_in_nonce_tenant"),
        sa.CheckConstraint("length(digest) = 32", name="ck_sign_in_nonce_digest"),
        sqlite_strict=True,
    )
    op.create_table(
        "session",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("chain_id", BigNumber, nullable=False),
        sa.Column("address", AddressColumn, nullable=False),
        sa.Column("created_at", BigNumber, nullable=False),
        sa.Column("ends_at", BigNumber, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "digest", name="pk_session"),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.name"], name="fk_session_tenant"),
        sa.CheckConstraint(
            "length(digest) = 32 AND length(address) = 20", name="ck_session_lengths"
        ),
        sa.CheckConstraint("created_at < ends_at", name="ck_session_times"),
        sqlite_strict=True,
    )
    op.create_index("session_of_wallet", "session", ["tenant", "chain_id", "address"])
