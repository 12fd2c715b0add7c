# SPDX-License-Identifier: MIT
"""Webhooks in the office: of one tenant each, for some of its assets, with secrets in versions.

What a webhook hears of never changes; what it signs with does. Each write has its line in the
trail, and whoever wants to write more in the same transaction gives a `finish`.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from secrets import token_hex
from typing import Any

import sqlalchemy as sa

from prorata.alerts.receivers import check_url
from prorata.alerts.rules import SEVERITIES
from prorata.alerts.webhook_secrets import Masters
from prorata.alerts.webhooks import forbidden
from prorata.errors import InputError
from prorata.store import office_schema as tables
from prorata.store.office import Office, Transaction
from prorata.values.amounts import strange_character

__all__ = [
    "LONGEST_NAME",
    "LONGEST_URL",
    "MOST",
    "OVERLAP_SECONDS",
    "Asset",
    "Finish",
    "NoWebhookError",
    "Version",
    "Wanted",
    "Webhook",
    "add_webhook",
    "end_webhook",
    "find_webhook",
    "rotate_webhook",
    "webhooks",
    "webhooks_of_all",
]

MOST = 20
"""Webhooks of a tenant that have not ended."""

MOST_SECRETS = 5
"""Secrets of a webhook that are valid beside each other."""

OVERLAP_SECONDS = 86_400
"""So long an old secret signs beside the new one."""

LONGEST_NAME, LONGEST_URL = 80, 2_000
_ID = re.compile(r"wh_[0-9a-f]{16}", re.ASCII)
# As browsers have it, a host whose last label is a number is an IPv4 address in some spelling.
_NUMBER = re.compile(r"(0x[0-9a-f]*|[0-9]+)", re.ASCII)

Asset = tuple[int, str]
"""An asset: its chain's number and its token."""


@dataclass(frozen=True)
class Version:
    """A secret of a webhook, by what it is derived from; `ends_at` is None for the newest."""

    number: int
    master: str
    salt: str
    made_at: int
    ends_at: int | None


@dataclass(frozen=True)
class Webhook:
    """A webhook, with the versions of its secret that are valid, the newest first."""

    tenant: str
    id: str
    name: str
    url: str
    least: str
    permit: tuple[str, ...]
    assets: tuple[Asset, ...]
    made_at: int
    ended_at: int | None
    versions: tuple[Version, ...]

    @property
    def rotated_at(self) -> int | None:
        """When its newest secret took the place of another one."""
        newest = next(iter(self.versions), None)
        return None if newest is None or newest.number == 1 else newest.made_at

    def secret(self, masters: Masters, version: int | None = None) -> str:
        """One of its secrets, without a number the newest.

        Raises: InputError when it is not valid, or its master secret is not given.
        """
        for one in self.versions:
            if version in (None, one.number):
                return masters.secret(one.master, self.tenant, self.id, one.salt)
        raise InputError.of("webhook", self.id, "has no such secret now", "rotate it")


@dataclass(frozen=True)
class Wanted:
    """What a new webhook is to be; `permit` is for the operator to say."""

    name: str
    url: str
    assets: Collection[Asset]
    least: str = SEVERITIES[0]
    permit: tuple[str, ...] = ()


Finish = Callable[[Transaction, Webhook], None]
"""What else is written in the transaction."""


class NoWebhookError(InputError):
    """There is no such webhook, or not for the one who asks."""


def add_webhook(
    office: Office,
    masters: Masters,
    wanted: Wanted,
    *,
    grants: bool = False,
    finish: Finish | None = None,
) -> Webhook:
    """A new webhook of the office's tenant.

    An asset that the tenant does not have is refused, unless the operator `grants` it.

    Raises: InputError for a name, an address or an asset that cannot be, for one webhook too many,
    and without a master secret.
    """
    _check(wanted)
    master, id_ = masters.newest, f"wh_{token_hex(8)}"
    with office.writing("webhooks.add") as writing:
        connection, tenant = writing.connection, office.tenant
        there = _found(connection, tenant, writing.now)
        if len(there) >= MOST:
            rule = f"would be one more than the {MOST} that a tenant can have"
            raise InputError.of("webhook", wanted.name, rule, "end one first")
        if wanted.name in {one.name for one in there}:
            rule, remedy = "is the name of another webhook", "take another name, or end that one"
            raise InputError.of("name", wanted.name, rule, remedy)
        row = {
            "tenant": tenant, "id": id_, "name": wanted.name, "url": wanted.url,
            "least": wanted.least, "permit": " ".join(wanted.permit), "made_at": writing.now,
        }  # fmt: skip
        connection.execute(sa.insert(tables.webhook), row)
        owned = _owned(connection, tenant)
        for chain_id, token in sorted(set(wanted.assets)):
            asset = {"tenant": tenant, "chain_id": chain_id, "token": token}
            if (chain_id, token) not in owned:
                if not grants:
                    rule, remedy = "is no asset of the tenant", "name one that it has"
                    raise InputError.of("asset", token, rule, remedy)
                connection.execute(sa.insert(tables.tenant_asset), asset)
            connection.execute(sa.insert(tables.webhook_asset), {**asset, "webhook": id_})
        _insert_version(writing, tenant, id_, 1, master)
        return _finished(writing, tenant, id_, finish)


def webhooks(
    office: Office, *, within: Collection[Asset] | None = None, ended: bool = False
) -> list[Webhook]:
    """The webhooks of the office's tenant, in the order in which they were made.

    `within` shows only those which hear of nothing else; `ended` shows those that have ended too.
    """
    with office.database.snapshot() as connection:
        found = _found(connection, office.tenant, int(office.clock()), ended=ended)
    return [one for one in found if _is_within(one, within)]


def find_webhook(office: Office, named: str, *, within: Collection[Asset] | None = None) -> Webhook:
    """One that has not ended, by its id or its name.

    Raises: NoWebhookError when there is none, or none `within`.
    """
    with office.database.snapshot() as connection:
        return _one(connection, office, named, int(office.clock()), within)


def rotate_webhook(
    office: Office,
    masters: Masters,
    named: str,
    *,
    within: Collection[Asset] | None = None,
    finish: Finish | None = None,
) -> Webhook:
    """A new secret; the one before it signs too for a day.

    Raises: NoWebhookError; InputError when there are too many already, or without a master secret.
    """
    master = masters.newest
    with office.writing("webhooks.rotate") as writing:
        found = _one(writing.connection, office, named, writing.now, within)
        if len(found.versions) >= MOST_SECRETS:
            rule = f"has {MOST_SECRETS} secrets that are valid, after as many rotations in a day"
            raise InputError.of("webhook", found.id, rule, "wait, or end it and make another one")
        v = tables.webhook_secret.c
        mine = sa.and_(v.tenant == office.tenant, v.webhook == found.id)
        last = sa.select(sa.func.max(v.version)).where(mine)
        number = int(writing.connection.execute(last).scalar_one()) + 1
        ending = {"ends_at": writing.now + OVERLAP_SECONDS}
        writing.connection.execute(
            sa.update(tables.webhook_secret).where(mine, v.ends_at.is_(None)).values(**ending)
        )
        _insert_version(writing, office.tenant, found.id, number, master)
        return _finished(writing, office.tenant, found.id, finish)


def end_webhook(office: Office, named: str, *, within: Collection[Asset] | None = None) -> Webhook:
    """It hears of nothing more.

    Raises: NoWebhookError.
    """
    with office.writing("webhooks.end") as writing:
        found = _one(writing.connection, office, named, writing.now, within)
        w = tables.webhook.c
        mine = sa.and_(w.tenant == office.tenant, w.id == found.id)
        ending = {"ended_at": writing.now}
        writing.connection.execute(sa.update(tables.webhook).where(mine).values(**ending))
        return _finished(writing, office.tenant, found.id, None)


# ------------------------------------------------------------------------------------ what is said


def _check(wanted: Wanted) -> None:
    name, url = wanted.name, wanted.url
    if not 0 < len(name) <= LONGEST_NAME or strange_character(name, printable=True) is not None:
        rule = f"is not of 1 to {LONGEST_NAME} characters that can be seen"
        raise InputError.of("name", name, rule, "say whose webhook it is")
    if _ID.fullmatch(name):
        raise InputError.of("name", name, "looks like the id of a webhook", "take another name")
    if wanted.least not in SEVERITIES:
        remedy = f"choose from {', '.join(SEVERITIES)}"
        raise InputError.of("least", wanted.least, "is no severity", remedy)
    if not wanted.assets:
        raise InputError.of("asset", "", "is missing", "name the token of an asset")
    for network in wanted.permit:
        try:
            ipaddress.ip_network(network)
        except ValueError:
            raise InputError.of("permit", network, "is no network", "write 10.1.2.3/32") from None
    if len(url) > LONGEST_URL or strange_character(url) is not None:
        rule = f"is not of 1 to {LONGEST_URL:,} visible characters of ASCII"
        raise InputError.of("url", url[:80], rule, "write https://host/path")
    try:
        host = check_url(url, permitted=bool(wanted.permit))
    except ValueError as error:
        rule, _, remedy = str(error).partition("; ")
        raise InputError.of("url", url, rule, remedy or "write https://host/path") from None
    _check_host(url, host, wanted.permit)


def _check_host(url: str, host: str, permit: Sequence[str]) -> None:
    """Refuse what can be seen beforehand; the address of a name is checked at each delivery."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        label = host.rstrip(".").rpartition(".")[2]
        fault = None
        if label == "localhost":
            fault = "leads to this machine"
        elif _NUMBER.fullmatch(label):
            fault = "has an address in an unusual spelling"
    else:
        networks = [ipaddress.ip_network(one) for one in permit]
        permitted = any(address in network for network in networks)
        fault = None if permitted else forbidden(address)
    if fault is not None:
        remedy = "name a host that can be reached from everywhere"
        raise InputError.of("url", url, fault, remedy)


# -------------------------------------------------------------------------------------------- rows


def _insert_version(
    writing: Transaction, tenant: str, webhook: str, number: int, master: str
) -> None:
    row = {
        "tenant": tenant, "webhook": webhook, "version": number, "master": master,
        "salt": token_hex(16), "made_at": writing.now, "ends_at": None,
    }  # fmt: skip
    writing.connection.execute(sa.insert(tables.webhook_secret), row)


def _finished(writing: Transaction, tenant: str, id_: str, finish: Finish | None) -> Webhook:
    writing.subject, writing.rows = id_, 1
    [made] = _found(writing.connection, tenant, writing.now, id_=id_, ended=True)
    if finish is not None:
        finish(writing, made)
    return made


def _owned(connection: sa.Connection, tenant: str) -> set[Asset]:
    a = tables.tenant_asset.c
    asked = sa.select(a.chain_id, a.token).where(a.tenant == tenant)
    return {(int(chain_id), str(token)) for chain_id, token in connection.execute(asked)}


def _is_within(webhook: Webhook, within: Collection[Asset] | None) -> bool:
    return within is None or set(webhook.assets) <= set(within)


def _one(
    connection: sa.Connection,
    office: Office,
    named: str,
    now: int,
    within: Collection[Asset] | None,
) -> Webhook:
    for one in _found(connection, office.tenant, now):
        if named in (one.id, one.name) and _is_within(one, within):
            return one
    raise NoWebhookError.of(
        "webhook", named, "is no webhook that is valid", "see `prorata webhooks list`"
    )


def _found(
    connection: sa.Connection,
    tenant: str | None,
    now: int,
    *,
    id_: str | None = None,
    ended: bool = False,
) -> list[Webhook]:
    """Those of a tenant, or of all; with what they may hear of, and which secrets are valid."""
    w, a, v = tables.webhook.c, tables.webhook_asset.c, tables.webhook_secret.c
    wanted: list[Any] = [] if tenant is None else [w.tenant == tenant]
    wanted += [] if id_ is None else [w.id == id_]
    wanted += [] if ended else [w.ended_at.is_(None)]
    asked = sa.select(tables.webhook).where(*wanted).order_by(w.made_at, w.id)
    rows = connection.execute(asked).all()
    chosen = sa.select(w.id).where(*wanted)
    assets: dict[str, list[Asset]] = {}
    for row in connection.execute(
        sa.select(a.webhook, a.chain_id, a.token)
        .where(a.webhook.in_(chosen))
        .order_by(a.chain_id, a.token)
    ):
        assets.setdefault(row.webhook, []).append((int(row.chain_id), str(row.token)))
    versions: dict[str, list[Version]] = {}
    for row in connection.execute(
        sa.select(tables.webhook_secret)
        .where(v.webhook.in_(chosen), sa.or_(v.ends_at.is_(None), v.ends_at > now))
        .order_by(v.version.desc())
    ):
        one = Version(row.version, row.master, row.salt, row.made_at, row.ends_at)
        versions.setdefault(row.webhook, []).append(one)
    return [
        Webhook(
            row.tenant, row.id, row.name, row.url, row.least, tuple(row.permit.split()),
            tuple(assets.get(row.id, ())), row.made_at, row.ended_at,
            tuple(versions.get(row.id, ())),
        )
        for row in rows
    ]  # fmt: skip


def webhooks_of_all(connection: sa.Connection, now: int) -> list[Webhook]:
    """Those of every tenant that have not ended, for whoever delivers."""
    return _found(connection, None, now)
