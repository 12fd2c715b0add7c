# SPDX-License-Identifier: MIT
"""The office as the service uses it: whose a key is, and who people are, for those who may know.

It may be missing: then there is no key, and only what is public can be read. What is found of a key
is believed for some seconds, so that a key that is revoked ends within them.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from prorata.errors import StoreError
from prorata.service.settings import Settings
from prorata.store.keys import ApiKey, find_key
from prorata.store.marks import Mark, marks
from prorata.store.office import Office, has_office
from prorata.store.office_people import people_of
from prorata.store.people import Person

__all__ = ["Offices"]

KEPT = 1_024
"""Keys that are remembered at once."""


class Offices:
    """The office, and a short memory of its keys."""

    def __init__(self, settings: Settings) -> None:
        """Raises: StoreError when there is an office and it cannot be used."""
        self.seconds = settings.key_seconds
        self.office: Office | None = None
        if settings.office is not None and has_office(settings.office):
            self.office = Office.open(settings.office, who="prorata serve")
        self._known: OrderedDict[bytes, tuple[float, ApiKey]] = OrderedDict()

    async def key(self, text: str) -> ApiKey | None:
        """The valid key of that text.

        Raises: StoreError when the office cannot be asked.
        """
        if self.office is None:
            return None
        digest = _digest(text)
        kept = self._known.get(digest)
        if kept is not None and kept[0] > time.monotonic():
            return kept[1]
        found = await asyncio.to_thread(find_key, self.office.database, text)
        if found is None:
            self._known.pop(digest, None)
            return None
        self._known[digest] = (time.monotonic() + self.seconds, found)
        while len(self._known) > KEPT:
            self._known.popitem(last=False)
        return found

    def believed(self, text: str) -> ApiKey | None:
        """The key of that text, where it was looked for within those seconds."""
        kept = self._known.get(_digest(text))
        return None if kept is None or kept[0] <= time.monotonic() else kept[1]

    def remembers(self, text: str) -> bool:
        """Whether it was a valid key when it was last looked for."""
        return _digest(text) in self._known

    async def people(
        self, tenant: str, who: str, chain_id: int, addresses: Sequence[str]
    ) -> dict[str, Person]:
        """Who has each address, as a tenant's office has it; its trail says that `who` has read it.

        Raises: StoreError when the office cannot be asked, or its trail not be written.
        """
        if self.office is None or not addresses:
            return {}
        office = self.of(tenant, who)
        return await asyncio.to_thread(
            people_of, office, chain_id, addresses, action="people.shown service"
        )

    async def seqs(self, *tenants: str) -> tuple[int, ...]:
        """How many writes each tenant's office has seen: what rests on it is true while they stay.

        Raises: StoreError when the office cannot be asked.
        """
        if self.office is None:
            return ()
        opened = [self.of(tenant, "prorata serve") for tenant in tenants]
        return await asyncio.to_thread(lambda: tuple(one.seq for one in opened))

    async def marks(self, tenant: str, chain_id: int, token: str, **which: Any) -> list[Mark]:
        """The marks of an asset, as a tenant's office has them.

        Raises: StoreError when the office cannot be asked.
        """
        if self.office is None:
            return []
        office = self.of(tenant, "prorata serve")
        return await asyncio.to_thread(lambda: marks(office, chain_id, token, **which))

    def of(self, tenant: str, who: str) -> Office:
        """A tenant's office, for one who writes in its trail.

        Raises: StoreError when there is none.
        """
        if self.office is None:
            raise StoreError("there is no office", "make a key with `prorata keys add`")
        return Office(self.office.database, who=who, tenant=tenant, folder=self.office.folder)

    def close(self) -> None:
        """Let go of the database."""
        if self.office is not None:
            self.office.close()


def _digest(text: str) -> bytes:
    """By which a key is remembered: its text is held by nobody."""
    return hashlib.sha256(text.encode(errors="surrogateescape")).digest()
