# SPDX-License-Identifier: MIT
"""The people of an office: taken in from files, and read under the eyes of the trail."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from secrets import token_hex
from typing import Any

import sqlalchemy as sa

from prorata.errors import InputError
from prorata.store import office_schema as tables
from prorata.store.erasures import erased_wallets
from prorata.store.office import Office, Transaction
from prorata.store.people import GivenWallet, Person, Taken

__all__ = ["find_person", "people", "people_of", "take_in"]


def people(office: Office, chain_id: int, *, action: str = "people.list") -> list[Person]:
    """Everybody with a wallet on a chain, by name; the trail has it as `action`."""
    with office.reading(action) as reading:
        found = [one for one in _everybody(office, reading.connection) if one.on(chain_id)]
        reading.rows = len(found)
    return found


def people_of(
    office: Office, chain_id: int, addresses: Sequence[str], *, action: str
) -> dict[str, Person]:
    """Who has each of some addresses on a chain, as far as is known; the trail has it."""
    party, wallet = tables.party.c, tables.wallet.c
    chosen = (
        sa.select(wallet.address, party.id, party.name, party.kind, party.country)
        .select_from(tables.wallet.join(tables.party))
        .where(
            wallet.tenant == office.tenant,
            wallet.chain_id == chain_id,
            wallet.address.in_(addresses),
        )
    )
    with office.reading(action) as reading:
        found = {
            row.address: Person(row.id, row.name, row.kind, row.country, ((chain_id, row.address),))
            for row in reading.connection.execute(chosen)
        }
        reading.rows = len(found)
    return found


def find_person(office: Office, chain_id: int, wanted: str) -> Person:
    """The one of this name, or of this address on a chain.

    Raises: InputError when there is nobody, or several have the name.
    """
    with office.reading("people.find") as reading:
        everybody = _everybody(office, reading.connection)
        found = [one for one in everybody if wanted == one.name or wanted in one.on(chain_id)]
        reading.rows = len(found)
        reading.subject = found[0].id if len(found) == 1 else ""
    if not found:
        rule = f"is nobody of the office {office.name}"
        raise InputError.of("name", wanted, rule, "see `prorata ledger people list`")
    if len(found) > 1:
        addresses = ", ".join(address for one in found for _, address in one.wallets[:1])
        rule = f"is the name of {len(found)} people: {addresses}"
        raise InputError.of("name", wanted, rule, "give the address of one of them")
    return found[0]


def _everybody(office: Office, connection: sa.Connection) -> list[Person]:
    party, wallet = tables.party.c, tables.wallet.c
    chosen = (
        sa.select(party.id, party.name, party.kind, party.country, wallet.chain_id, wallet.address)
        .select_from(tables.wallet.join(tables.party))
        .where(wallet.tenant == office.tenant)
        .order_by(wallet.chain_id, wallet.address)
    )
    wallets: dict[str, list[tuple[int, str]]] = defaultdict(list)
    rows: dict[str, Any] = {}
    for row in connection.execute(chosen):
        wallets[row.id].append((row.chain_id, row.address))
        rows[row.id] = row
    found = [
        Person(row.id, row.name, row.kind, row.country, tuple(wallets[row.id]))
        for row in rows.values()
    ]
    return sorted(found, key=lambda one: (one.name.casefold(), one.wallets))


# ------------------------------------------------------------------------------------------- taking


def take_in(
    office: Office,
    chain_id: int,
    given: Iterable[GivenWallet],
    *,
    subject: str = "",
    erased_too: bool = False,
) -> Taken:
    """Take in the people of a file, whose SHA-256 is the `subject`; others stay as they are.

    Wallets of one `person` of the file are one person's here, and so is a wallet that is known
    already. What the file does not say of somebody stays. Who was erased is left out, unless
    `erased_too`.

    Raises: InputError when the file makes two people one.
    """
    with office.writing("people.import") as writing:
        writing.subject = subject
        intake = _Intake(office, writing, chain_id)
        rows = list(given)
        gone = erased_wallets(
            writing.connection, office.tenant, chain_id, [row.address for row in rows]
        )
        wanted = rows if erased_too else [row for row in rows if row.address not in gone]
        for group in _groups(wanted):
            intake.take(group, since=1 + max(gone.get(row.address, -1) for row in group))
        writing.rows = intake.new + intake.changed
    left_out = () if erased_too else tuple(gone)
    unchanged = len(wanted) - intake.new - intake.changed
    return Taken(intake.new, intake.changed, unchanged, left_out)


def _groups(rows: Sequence[GivenWallet]) -> list[list[GivenWallet]]:
    """The wallets of each person of a file; one without a person's number is by itself."""
    groups: dict[str, list[GivenWallet]] = defaultdict(list)
    for row in rows:
        groups[f"person {row.person}" if row.person else row.address].append(row)
    return list(groups.values())


class _Intake:
    """Writes people in a transaction."""

    def __init__(self, office: Office, writing: Transaction, chain_id: int) -> None:
        self.tenant = office.tenant
        self.writing = writing
        self.chain_id = chain_id
        self.new = self.changed = 0
        everybody = _everybody(office, writing.connection)
        self.known = {address: one for one in everybody for address in one.on(chain_id)}

    def take(self, group: Sequence[GivenWallet], since: int) -> None:
        """Write one person, whom nobody erased at or after `since`."""
        owners = {one.id: one for row in group if (one := self.known.get(row.address))}
        if len(owners) > 1:
            addresses = ", ".join(row.address for row in group)
            rule = f"has wallets of {len(owners)} people: {addresses}"
            remedy = "forget one of them first, or give them two numbers"
            raise InputError.of("person", group[0].person, rule, remedy)
        fresh = [row for row in group if row.address not in self.known]
        facts = _facts(group)
        if owners:
            [before] = owners.values()
            party = before.id
            self._change(before, facts, len(group) - len(fresh))
        else:
            party = self._begin(facts, since)
        self._add_wallets(party, fresh)

    def _begin(self, facts: Mapping[str, Any], since: int) -> str:
        party, made_at = token_hex(16), max(self.writing.now, since)
        values = {"kind": "", "country": None, **facts}
        self.writing.connection.execute(
            sa.insert(tables.party),
            {"tenant": self.tenant, "id": party, "created_at": made_at, **values},
        )
        return party

    def _change(self, before: Person, facts: Mapping[str, Any], wallets: int) -> None:
        new = {name: value for name, value in facts.items() if getattr(before, name) != value}
        if new:
            self.changed += wallets
            party = tables.party.c
            named = sa.and_(party.tenant == self.tenant, party.id == before.id)
            self.writing.connection.execute(sa.update(tables.party).where(named).values(**new))

    def _add_wallets(self, party: str, rows: Sequence[GivenWallet]) -> None:
        self.new += len(rows)
        values = [
            {
                "tenant": self.tenant,
                "chain_id": self.chain_id,
                "address": row.address,
                "party": party,
            }
            for row in rows
        ]
        if values:
            self.writing.connection.execute(sa.insert(tables.wallet), values)


def _facts(group: Sequence[GivenWallet]) -> dict[str, Any]:
    """What a file says of somebody: the last line that says anything of it."""
    facts: dict[str, Any] = {}
    for row in group:
        said = {"name": row.name, "kind": row.kind, "country": row.country}
        facts |= {name: value for name, value in said.items() if value not in ("", None)}
    return facts
