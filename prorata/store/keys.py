# SPDX-License-Identifier: MIT
"""Keys of the service: made once, shown once, kept as the SHA-256 of a secret that nobody stores.

A key is of one tenant, has scopes, and sees some of the tenant's assets. The secret has 256 random
bits, so that a plain digest of it cannot be turned back.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from secrets import token_hex

import sqlalchemy as sa

from prorata.errors import InputError
from prorata.store import office_schema as tables
from prorata.store.database import Database
from prorata.store.office import Office
from prorata.store.office_schema import SCOPES
from prorata.values.amounts import strange_character

__all__ = ["SCOPES", "ApiKey", "add_key", "find_key", "keys", "parse_key", "revoke_key"]

LONGEST_NAME = 80
_KEY = re.compile(r"pr_(?P<id>[0-9a-f]{16})_(?P<secret>[0-9a-f]{64})", re.ASCII)

Asset = tuple[int, str]
"""An asset: its chain's number and its token."""


@dataclass(frozen=True)
class ApiKey:
    """A key, without its secret."""

    tenant: str
    id: str
    name: str
    scopes: tuple[str, ...]
    assets: tuple[Asset, ...]
    made_at: int
    revoked_at: int | None


def add_key(
    office: Office, name: str, *, scopes: Collection[str], assets: Collection[Asset]
) -> tuple[ApiKey, str]:
    """A new key of the office's tenant, and its text, which nobody can see again.

    Raises: InputError for no name, a name that another valid key has, a scope that there is not, or
    no asset.
    """
    _check(name, scopes, assets)
    id_, secret = token_hex(8), token_hex(32)
    ordered = tuple(scope for scope in SCOPES if scope in scopes)
    with office.writing("keys.add") as writing:
        connection, tenant = writing.connection, office.tenant
        if _valid_ids(connection, tenant, name):
            remedy = "revoke that one first, or take another name"
            raise InputError.of("name", name, "is the name of a key that is valid", remedy)
        row = {
            "tenant": tenant,
            "id": id_,
            "name": name,
            "digest": _digest(secret),
            "scopes": " ".join(ordered),
            "made_at": writing.now,
        }
        connection.execute(sa.insert(tables.api_key), row)
        owned = _owned(connection, tenant)
        for chain_id, token in sorted(set(assets)):
            asset = {"tenant": tenant, "chain_id": chain_id, "token": token}
            if (chain_id, token) not in owned:
                connection.execute(sa.insert(tables.tenant_asset), asset)
            connection.execute(sa.insert(tables.api_key_asset), {**asset, "key": id_})
        writing.subject, writing.rows = id_, 1
        made = ApiKey(tenant, id_, name, ordered, tuple(sorted(set(assets))), writing.now, None)
    return made, f"pr_{id_}_{secret}"


def _check(name: str, scopes: Collection[str], assets: Collection[Asset]) -> None:
    if not 0 < len(name) <= LONGEST_NAME or strange_character(name, printable=True) is not None:
        rule = f"is not of 1 to {LONGEST_NAME} characters that can be seen"
        raise InputError.of("name", name, rule, "say whose key it is")
    for scope in scopes:
        if scope not in SCOPES:
            remedy = f"choose from {', '.join(SCOPES)}"
            raise InputError.of("scope", scope, "is no scope", remedy)
    if not scopes:
        raise InputError.of("scope", "", "is missing", f"choose from {', '.join(SCOPES)}")
    if not assets:
        raise InputError.of("asset", "", "is missing", "name the token of an asset")


def keys(office: Office) -> list[ApiKey]:
    """The keys of the office's tenant, in the order in which they were made."""
    k = tables.api_key.c
    asked = sa.select(tables.api_key).where(k.tenant == office.tenant).order_by(k.made_at, k.id)
    with office.database.snapshot() as connection:
        return [_made(connection, row) for row in connection.execute(asked).all()]


def revoke_key(office: Office, named: str) -> ApiKey:
    """A key is no longer valid; it is named by its id, or by its name.

    Raises: InputError when there is no valid key of the tenant by that name.
    """
    k = tables.api_key.c
    with office.writing("keys.revoke") as writing:
        connection = writing.connection
        found = _valid_ids(connection, office.tenant, named)
        if not found:
            remedy = "see `prorata keys list`"
            raise InputError.of("key", named, "is no valid key", remedy)
        mine = sa.and_(k.tenant == office.tenant, k.id == found[0])
        connection.execute(sa.update(tables.api_key).where(mine).values(revoked_at=writing.now))
        writing.subject, writing.rows = found[0], 1
        return _made(connection, connection.execute(sa.select(tables.api_key).where(mine)).one())


def parse_key(text: str) -> tuple[str, str] | None:
    """The id and the secret in the text of a key; None when it is none."""
    found = _KEY.fullmatch(text)
    return None if found is None else (found["id"], found["secret"])


def find_key(database: Database, text: str) -> ApiKey | None:
    """The valid key of that text, of whatever tenant; None when there is none."""
    parts = parse_key(text)
    if parts is None:
        return None
    id_, secret = parts
    asked = sa.select(tables.api_key).where(tables.api_key.c.id == id_)
    with database.snapshot() as connection:
        row = connection.execute(asked).one_or_none()
        # The time that it takes tells nothing of the digest.
        known = bytes(row.digest) if row is not None else bytes(32)
        right = hmac.compare_digest(known, _digest(secret))
        if row is None or not right or row.revoked_at is not None:
            return None
        return _made(connection, row)


# ------------------------------------------------------------------------------------------- rows


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _valid_ids(connection: sa.Connection, tenant: str, named: str) -> Sequence[str]:
    k = tables.api_key.c
    mine = sa.and_(k.tenant == tenant, k.revoked_at.is_(None))
    asked = sa.select(k.id).where(mine, sa.or_(k.id == named, k.name == named))
    return connection.execute(asked).scalars().all()


def _owned(connection: sa.Connection, tenant: str) -> set[Asset]:
    a = tables.tenant_asset.c
    asked = sa.select(a.chain_id, a.token).where(a.tenant == tenant)
    return {(int(chain_id), str(token)) for chain_id, token in connection.execute(asked)}


def _made(connection: sa.Connection, row: sa.Row[tuple[object, ...]]) -> ApiKey:
    a = tables.api_key_asset.c
    asked = (
        sa.select(a.chain_id, a.token)
        .where(a.tenant == row.tenant, a.key == row.id)
        .order_by(a.chain_id, a.token)
    )
    assets = tuple((int(chain), str(token)) for chain, token in connection.execute(asked))
    return ApiKey(
        row.tenant, row.id, row.name, tuple(row.scopes.split()), assets, row.made_at, row.revoked_at
    )
