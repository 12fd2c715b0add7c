# SPDX-License-Identifier: MIT
"""The office's tables: what is not on the chain, and who has seen it.

They are apart from the ledger, which can be built anew from a node. What stands here cannot, so
these tables are migrated (`prorata.store.migrations`), backed up, and can forget a person. Every
key begins with the tenant. Addresses and amounts are kept as in the ledger; times are Unix seconds.

`prorata.store.migrations.versions` makes the tables; a test compares them with what stands here.
"""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.schema import SchemaItem

from prorata.store.columns import AddressColumn, AmountColumn, BigNumber, HashColumn

__all__ = [
    "BASES",
    "MARK_KINDS",
    "METADATA",
    "OWN",
    "SCOPES",
    "api_key",
    "api_key_asset",
    "api_usage",
    "erasure",
    "idempotency",
    "mark",
    "party",
    "session",
    "sign_in_nonce",
    "silence",
    "tenant",
    "tenant_asset",
    "trail",
    "wallet",
    "webhook",
    "webhook_asset",
    "webhook_secret",
]

OWN = "own"
"""The tenant of an issuer who serves nobody but itself."""

MARK_KINDS = ("NAV", "price", "appraisal")
BASES = ("cum", "ex")
SCOPES = ("read", "read:register", "prepare", "alerts", "admin")
"""What a key of the service may do."""

METADATA = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def _table(name: str, *parts: SchemaItem) -> Table:
    return Table(name, METADATA, *parts, sqlite_strict=True)


def _text(name: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, Text, nullable=nullable)


def _number(name: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, BigNumber, nullable=nullable)


def _of_tenant() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["tenant"], ["tenant.name"])


tenant = _table(
    "tenant",
    _text("name"),
    # Writes so far, and entries of the trail so far: both are counted by who writes, in its
    # transaction, so that there is no gap and no number twice.
    _number("seq"),
    _number("entries"),
    PrimaryKeyConstraint("name"),
)

# --------------------------------------------------------------------------------------- the people

party = _table(
    "party",
    _text("tenant"),
    # Random, so that it says nothing of anybody.
    _text("id"),
    _text("name"),
    # As in a cap table; empty when nobody has said it.
    _text("kind"),
    # The numeric code of ISO 3166-1.
    Column("country", Integer),
    _number("created_at"),
    PrimaryKeyConstraint("tenant", "id"),
    _of_tenant(),
    CheckConstraint("length(name) > 0", name="name"),
)
Index("party_by_name", party.c.tenant, party.c.name)

wallet = _table(
    "wallet",
    _text("tenant"),
    _number("chain_id"),
    Column("address", AddressColumn, nullable=False),
    _text("party"),
    PrimaryKeyConstraint("tenant", "chain_id", "address"),
    ForeignKeyConstraint(["tenant", "party"], ["party.tenant", "party.id"]),
    CheckConstraint("length(address) = 20", name="address"),
)
Index("wallet_of_party", wallet.c.tenant, wallet.c.party)

# Wallets whose person was erased: each as the digest of a salt of its own, chain and address.
erasure = _table(
    "erasure",
    _text("tenant"),
    Column("digest", LargeBinary, nullable=False),
    Column("salt", LargeBinary, nullable=False),
    _number("erased_at"),
    # When the bytes were gone too; NULL while a reader keeps them from being cleared away.
    _number("purged_at", nullable=True),
    PrimaryKeyConstraint("tenant", "digest"),
    _of_tenant(),
    CheckConstraint("length(digest) = 32 AND length(salt) = 16", name="digest"),
)

# Every write, and every reading of what is known of people. Only added to: triggers refuse the
# rest. No name of anybody stands in it but that of the account which ran the command.
trail = _table(
    "trail",
    _text("tenant"),
    _number("number"),
    _number("time"),
    _text("who"),
    # What was done, such as `people.import`.
    _text("action"),
    # To which row, by its random number, or by which file, by its SHA-256.
    _text("subject"),
    # To how many rows.
    _number("rows"),
    PrimaryKeyConstraint("tenant", "number"),
    _of_tenant(),
)

# ---------------------------------------------------------------------------------------- the marks

# What an asset was worth per share, as somebody said. Never edited: a mark that was wrong is
# superseded by another one, once. Triggers refuse the rest.
mark = _table(
    "mark",
    _text("tenant"),
    _text("id"),
    _number("chain_id"),
    Column("token", AddressColumn, nullable=False),
    _number("time"),
    _text("kind"),
    # Per whole share, in the smallest unit of the currency, which has so many decimals.
    Column("amount", AmountColumn, nullable=False),
    _text("currency"),
    Column("decimals", Integer, nullable=False),
    # With the income of the last record date, or without it.
    _text("basis"),
    _text("source"),
    Column("document", HashColumn),
    _text("supersedes", nullable=True),
    _number("created_at"),
    PrimaryKeyConstraint("tenant", "id"),
    _of_tenant(),
    ForeignKeyConstraint(["tenant", "supersedes"], ["mark.tenant", "mark.id"]),
    UniqueConstraint("tenant", "supersedes"),
    CheckConstraint("kind IN ('NAV', 'price', 'appraisal')", name="kind"),
    CheckConstraint("basis IN ('cum', 'ex')", name="basis"),
    CheckConstraint("decimals BETWEEN 0 AND 36", name="decimals"),
    CheckConstraint("length(token) = 20", name="token"),
)
Index("mark_of_asset", mark.c.tenant, mark.c.chain_id, mark.c.token, mark.c.time)

# -------------------------------------------------------------------------------------- the alerts

# Between two seconds a rule, by its name, is decided and not delivered: for one asset, or for all.
# Only added to: triggers refuse the rest.
silence = _table(
    "silence",
    _text("tenant"),
    _text("id"),
    _text("rule"),
    Column("token", AddressColumn),
    _number("begins_at"),
    _number("ends_at"),
    _text("reason"),
    PrimaryKeyConstraint("tenant", "id"),
    _of_tenant(),
    CheckConstraint("begins_at < ends_at", name="times"),
)

# -------------------------------------------------------------------------------------- the service

# The assets whose keys a tenant can have.
tenant_asset = _table(
    "tenant_asset",
    _text("tenant"),
    _number("chain_id"),
    Column("token", AddressColumn, nullable=False),
    PrimaryKeyConstraint("tenant", "chain_id", "token"),
    _of_tenant(),
    CheckConstraint("length(token) = 20", name="token"),
)

# A key of the service: the SHA-256 of its secret, which nobody keeps. `scopes` are separated by
# spaces. A key that is revoked stays, so that the trail's numbers mean something.
api_key = _table(
    "api_key",
    _text("tenant"),
    _text("id"),
    _text("name"),
    Column("digest", LargeBinary, nullable=False),
    _text("scopes"),
    _number("made_at"),
    _number("revoked_at", nullable=True),
    PrimaryKeyConstraint("tenant", "id"),
    _of_tenant(),
    UniqueConstraint("id"),
    CheckConstraint("length(digest) = 32", name="digest"),
    CheckConstraint("length(name) > 0", name="name"),
)

# What a key may see of what its tenant has.
api_key_asset = _table(
    "api_key_asset",
    _text("tenant"),
    _text("key"),
    _number("chain_id"),
    Column("token", AddressColumn, nullable=False),
    PrimaryKeyConstraint("tenant", "key", "chain_id", "token"),
    ForeignKeyConstraint(["tenant", "key"], ["api_key.tenant", "api_key.id"]),
    ForeignKeyConstraint(
        ["tenant", "chain_id", "token"],
        ["tenant_asset.tenant", "tenant_asset.chain_id", "tenant_asset.token"],
    ),
)

# How much of a limit was used in the window that ends then, by all workers together. It is no
# write of anybody's: it may be lost, and is in no trail.
api_usage = _table(
    "api_usage",
    _text("name"),
    _number("used"),
    _number("ends_at"),
    PrimaryKeyConstraint("name"),
)

# A request that writes, by the Idempotency-Key that its sender gave it: `digest` is of the sender
# and that key, `request` of method, path and body. While it is worked on, `claim` says by whom and
# until when; then `answer` is what is said again until it ends. No secret stands in it.
idempotency = _table(
    "idempotency",
    _text("tenant"),
    Column("digest", LargeBinary, nullable=False),
    Column("request", LargeBinary, nullable=False),
    _text("claim"),
    _number("claimed_until"),
    _text("answer", nullable=True),
    _number("ends_at"),
    PrimaryKeyConstraint("tenant", "digest"),
    _of_tenant(),
    CheckConstraint("length(digest) = 32 AND length(request) = 32", name="digest"),
)

# Where alerts of a tenant's assets are sent. `permit` are networks, separated by spaces, that are
# not public and to which the operator lets it go all the same. One that has ended stays, so that
# the trail's numbers mean something.
webhook = _table(
    "webhook",
    _text("tenant"),
    _text("id"),
    _text("name"),
    _text("url"),
    _text("least"),
    _text("permit"),
    _number("made_at"),
    _number("ended_at", nullable=True),
    PrimaryKeyConstraint("tenant", "id"),
    _of_tenant(),
    UniqueConstraint("id"),
    CheckConstraint("length(name) > 0", name="name"),
    CheckConstraint("least IN ('info', 'warning', 'critical')", name="least"),
)

# What it may hear of.
webhook_asset = _table(
    "webhook_asset",
    _text("tenant"),
    _text("webhook"),
    _number("chain_id"),
    Column("token", AddressColumn, nullable=False),
    PrimaryKeyConstraint("tenant", "webhook", "chain_id", "token"),
    ForeignKeyConstraint(["tenant", "webhook"], ["webhook.tenant", "webhook.id"]),
    ForeignKeyConstraint(
        ["tenant", "chain_id", "token"],
        ["tenant_asset.tenant", "tenant_asset.chain_id", "tenant_asset.token"],
    ),
)

# The secrets that sign for it: not they, but what they are derived from beside a master secret of
# the operator, of which `master` is a fingerprint. The newest has no end.
webhook_secret = _table(
    "webhook_secret",
    _text("tenant"),
    _text("webhook"),
    _number("version"),
    _text("master"),
    # Random, so that no version of a restored office has the secret of another one.
    _text("salt"),
    _number("made_at"),
    _number("ends_at", nullable=True),
    PrimaryKeyConstraint("tenant", "webhook", "version"),
    ForeignKeyConstraint(["tenant", "webhook"], ["webhook.tenant", "webhook.id"]),
)

# ------------------------------------------------------------------------------------- the sign-in

# A nonce that waits for its signature; it is deleted when it is spent. Of nonces and of sessions'
# tokens only the SHA-256 stands here.
sign_in_nonce = _table(
    "sign_in_nonce",
    _text("tenant"),
    Column("digest", LargeBinary, nullable=False),
    _number("ends_at"),
    PrimaryKeyConstraint("tenant", "digest"),
    _of_tenant(),
    CheckConstraint("length(digest) = 32", name="digest"),
)

session = _table(
    "session",
    _text("tenant"),
    Column("digest", LargeBinary, nullable=False),
    _number("chain_id"),
    Column("address", AddressColumn, nullable=False),
    _number("created_at"),
    _number("ends_at"),
    PrimaryKeyConstraint("tenant", "digest"),
    _of_tenant(),
    CheckConstraint("length(digest) = 32 AND length(address) = 20", name="lengths"),
    CheckConstraint("created_at < ends_at", name="times"),
)
Index("session_of_wallet", session.c.tenant, session.c.chain_id, session.c.address)
