# SPDX-License-Identifier: MIT
"""Webhooks of the office as those who deliver have them, beside the receivers of the file.

A secret is looked up at each attempt, so that one that was rotated signs at once, and to a webhook
that has ended nothing more is sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_network

import sqlalchemy as sa

from prorata.alerts.office_webhooks import Webhook, find_webhook, webhooks_of_all
from prorata.alerts.outbox import Addressee
from prorata.alerts.receivers import Network
from prorata.alerts.webhook_secrets import Masters
from prorata.errors import InputError
from prorata.store import office_schema as tables
from prorata.store.database import Database
from prorata.store.office import Office
from prorata.store.outbox_schema import alert_delivery

__all__ = ["PREFIX", "OfficeReceiver", "cancel_ended", "office_receivers"]

PREFIX = "wh_"
"""Ids of webhooks begin with it, and names in the operator's file cannot."""


@dataclass(frozen=True)
class OfficeReceiver:
    """A webhook of a tenant."""

    found: Webhook
    office: Office
    masters: Masters

    @property
    def name(self) -> str:
        """Its id, under which the outbox has its deliveries."""
        return self.found.id

    @property
    def webhook(self) -> str:
        """Where it goes."""
        return self.found.url

    @property
    def networks(self) -> tuple[Network, ...]:
        """Those that the operator permits it."""
        return tuple(ip_network(one) for one in self.found.permit)

    @property
    def addressee(self) -> Addressee:
        """For the outbox: of its own assets only."""
        return Addressee(self.name, self.found.least, assets=frozenset(self.found.assets))

    @property
    def is_operators(self) -> bool:
        """It is a tenant's."""
        return False

    @property
    def can_sign(self) -> bool:
        """Whether the master secret of its newest secret is given."""
        return any(one.master in self.masters for one in self.found.versions[:1])

    def secrets(self) -> list[str]:
        """Its secrets that are valid now, the newest first.

        Raises: NoWebhookError when it has ended; InputError when no secret can be derived.
        """
        now = find_webhook(self.office, self.found.id)
        return [
            now.secret(self.masters, one.number)
            for one in now.versions
            if one.master in self.masters
        ] or [now.secret(self.masters)]

    def apprise_address(self) -> str:
        """Raises: InputError, since it is a webhook."""
        raise InputError.of("receiver", self.name, "is a webhook", "send to its address")


def office_receivers(office: Office, masters: Masters) -> list[OfficeReceiver]:
    """The webhooks of all tenants that have not ended.

    Raises: StoreError.
    """
    with office.database.snapshot() as connection:
        found = webhooks_of_all(connection, int(office.clock()))
    whose = {one.tenant: _office_of(office, one.tenant) for one in found}
    return [OfficeReceiver(one, whose[one.tenant], masters) for one in found]


def _office_of(office: Office, tenant: str) -> Office:
    return Office(
        office.database, who=office.who, tenant=tenant, folder=office.folder, clock=office.clock
    )


def cancel_ended(database: Database, office: Office) -> int:
    """What the outbox still has for webhooks that have ended is for nobody; how many that were.

    Raises: StoreError.
    """
    d, w = alert_delivery.c, tables.webhook.c
    is_open = d.state.in_(("waiting", "pending", "claimed"))
    named = sa.select(d.receiver).where(is_open, d.receiver.startswith(PREFIX, autoescape=True))
    with database.snapshot() as connection:
        waiting = list(connection.scalars(named.distinct()))
    if not waiting:
        return 0
    ended = sa.select(w.id).where(w.id.in_(waiting), w.ended_at.is_not(None))
    with office.database.snapshot() as connection:
        gone = list(connection.scalars(ended))
    return _cancel(database, gone, int(office.clock())) if gone else 0


def _cancel(database: Database, gone: Sequence[str], now: int) -> int:
    d = alert_delivery.c
    is_open = d.state.in_(("waiting", "pending", "claimed"))
    ending = {"state": "cancelled", "claim": None, "ended_at": now, "said": "the webhook has ended"}
    changed = sa.update(alert_delivery).where(is_open, d.receiver.in_(gone)).values(**ending)
    with database.writing() as connection:
        return int(connection.execute(changed).rowcount)
