# SPDX-License-Identifier: MIT
"""The register of investors: read strictly from a CSV file, compared with the chain, brought there.

The file has the columns `address,person,country,class,eligible_until`, in any order, all needed:

    address          a wallet; a person may have several, each on a line of its own
    person           the person's number with the issuer, from 1
    country          ISO 3166-1: US, USA or 840
    class            retail, accredited, qualified, professional or institutional
    eligible_until   2027-12-31 (to the end of that day in UTC), a time with a zone, or forever

What is known belongs to the person, so all lines of a person must agree. The register is the
issuer's, shared by all its assets. Nothing is ever removed because a file lacks it: such wallets
are reported as missing, for somebody to decide.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from os import PathLike

from prorata.assets.rules import parse_class
from prorata.chain.abi import topics_of
from prorata.chain.events import find_events
from prorata.chain.operator import Operator
from prorata.chain.steps import Intent, Receipt
from prorata.contracts.registry import Investor, InvestorRegistry
from prorata.deployments.deployment import Deployment
from prorata.deployments.roles import first_block_of
from prorata.errors import InputError
from prorata.files.csv_reader import Sheet
from prorata.files.tabular import read_tabular
from prorata.register.dialects import recognise_holders
from prorata.values.addresses import ZERO_ADDRESS, parse_address
from prorata.values.countries import all_countries, find_country
from prorata.values.kinds import FOREVER
from prorata.values.times import parse_time

__all__ = [
    "BATCH_SIZE",
    "InvestorRow",
    "RegisterChanges",
    "Registered",
    "compare",
    "countries_of",
    "first_block_of",
    "parse_investors",
    "read_investors",
    "register_investors",
    "registered_wallets",
]

FACTS: Mapping[str, Callable[[str], int]] = {
    "country": lambda cell: find_country(cell).code,
    "class": lambda cell: int(parse_class(cell)),
    "eligible_until": lambda cell: (
        FOREVER if cell == "forever" else parse_time("eligible_until", cell)
    ),
}
"""What is known of a person, and how it is read."""

COLUMNS = ("address", "person", *FACTS)
INFORMATION = ("name", "kind", "shares", "percent")
"""What our other tables say of the same wallets; it is not read here."""

BATCH_SIZE = 200

# A known wallet may have to be counted anew in every asset of the issuer.
CHANGES_PER_BATCH = 40

# The registry numbers persons of its own accord from here.
FIRST_UNNUMBERED = 2**47

_NUMBER = re.compile(r"[1-9][0-9]{0,15}", re.ASCII)


# ---------------------------------------------------------------------------------------- the file


@dataclass(frozen=True)
class InvestorRow:
    """A wallet as the file has it, and the line it stands on."""

    line: int
    address: str
    investor: Investor


def read_investors(
    path: str | PathLike[str],
    *,
    columns: Mapping[str, str] | None = None,
    sheet: str | None = None,
) -> list[InvestorRow]:
    """Read the file at `path`, CSV or a workbook, of which `sheet` names one of several sheets.

    Raises: InputError for every fault in the file, or when it cannot be opened; see
    `parse_investors`.
    """
    parse = partial(parse_investors, subject=str(path), columns=columns)
    return read_tabular(path, parse, sheet=sheet, dates=("eligible_until",), ignored=INFORMATION)


def parse_investors(
    content: str | bytes,
    subject: str = "the register",
    *,
    columns: Mapping[str, str] | None = None,
) -> list[InvestorRow]:
    """The entries of a CSV file, in its order; `subject` names it in the error.

    `columns` has the file's name of a column of ours, where it is another one.

    Raises: InputError with every fault found, in order of lines.
    """
    sheet = Sheet(
        subject, COLUMNS, information=INFORMATION, mapped=columns or {}, recognise=_recognise
    )
    reader = _InvestorReader(sheet)
    for number, row in reader.sheet.rows(content):
        reader.take(number, row)
    reader.sheet.check()
    return reader.entries


def _recognise(header: Sequence[str]) -> tuple[str, str] | None:
    """A cap table, or what another program wrote, given in place of a register."""
    if "person" in header:
        return None
    if {"address", "shares"} <= set(header):
        rule = "is the header of a cap table, which says nothing of persons"
        return rule, "issue it with `prorata issue`, and give the register here"
    return recognise_holders(header)


class _InvestorReader:
    """Turns rows into entries; a row with a fault makes none."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        self.entries: list[InvestorRow] = []
        self._persons: dict[int, tuple[int, Mapping[str, int]]] = {}

    def take(self, number: int, row: Mapping[str, str]) -> None:
        """Check every cell of one row, whatever the others are like."""
        cell = self.sheet.cell
        address = cell(number, row, "address", partial(self._address, number))
        person = cell(number, row, "person", _person)
        found = {name: cell(number, row, name, parse) for name, parse in FACTS.items()}
        facts = {name: fact for name, fact in found.items() if fact is not None}
        if address is None or person is None or len(facts) < len(FACTS):
            return
        first, known = self._persons.setdefault(person, (number, facts))
        for name in FACTS:
            if facts[name] != known[name]:
                rule = f"differs from what line {first} says of person {person}"
                self.sheet.add(number, name, row[name], rule, "make the lines of a person agree")
        investor = Investor(person, facts["country"], facts["class"], facts["eligible_until"])
        self.entries.append(InvestorRow(number, address, investor))

    def _address(self, number: int, cell: str) -> str:
        return self.sheet.once(number, "address", cell, parse_address(cell), "wallet")


def _person(cell: str) -> int:
    if _NUMBER.fullmatch(cell) and int(cell) < FIRST_UNNUMBERED:
        return int(cell)
    remedy = f"write digits, from 1 to {FIRST_UNNUMBERED - 1}"
    raise InputError.of("person", cell, "is no number of a person", remedy)


# --------------------------------------------------------------------------------- the difference


@dataclass(frozen=True)
class RegisterChanges:
    """The file against the chain.

    `changed` has what the chain says of a wallet beside what the file says; `missing` is on the
    chain and not in the file. `following` is changed, too: wallets that were lost, which can be
    of another person only once the wallet that took their place is.
    """

    new: tuple[InvestorRow, ...]
    changed: tuple[tuple[Investor, InvestorRow], ...]
    unchanged: int
    missing: Mapping[str, Investor]
    following: tuple[tuple[Investor, InvestorRow], ...] = ()

    @property
    def to_change(self) -> list[InvestorRow]:
        """What the file says of the changed ones."""
        return [entry for _, entry in self.changed]

    @property
    def to_follow(self) -> list[InvestorRow]:
        """What the file says of those that can follow only when the others are changed."""
        return [entry for _, entry in self.following]


def compare(
    registry: InvestorRegistry, entries: Sequence[InvestorRow], first_block: int
) -> RegisterChanges:
    """Compare a file with the chain; no event of the registry is older than `first_block`.

    Raises: InputError, with their lines, for lost wallets of another person than the wallet that
    took their place; ChainError.
    """
    known = registry.investors_of([entry.address for entry in entries])
    persons = {entry.address: entry.investor.person for entry in entries}
    lost = Sheet("the register", COLUMNS)
    new, changed, following, unchanged = [], [], [], 0
    for entry, present in zip(entries, known, strict=True):
        if present.lost:
            successor = registry.present_wallet(entry.address)
            person = persons.get(successor) or registry.investor_of(successor).person
            if entry.investor.person != person:
                rule = f"was lost, and {successor} took its place, a wallet of another person"
                lost.add(entry.line, "address", entry.address, rule, "write the same person")
        if present.found == entry.investor:
            unchanged += 1
        elif present.lost:
            following.append((present, entry))
        elif present.person == 0:
            new.append(entry)
        else:
            changed.append((present, entry))
    lost.check()
    there = registered_wallets(registry, first_block)
    absent = sorted(there - {entry.address for entry in entries})
    found = zip(absent, registry.investors_of(absent), strict=True)
    missing = {wallet: who for wallet, who in found if who.person and not who.lost}
    return RegisterChanges(tuple(new), tuple(changed), unchanged, missing, tuple(following))


def registered_wallets(registry: InvestorRegistry, first_block: int) -> set[str]:
    """Every wallet that was ever registered."""
    chain, topics = registry.chain, topics_of("InvestorRegistry", "InvestorRegistered")
    last = chain.block().number
    events = find_events(chain, [registry.address], first_block, last, topics)
    return {str(event.args["wallet"]) for event in events}


# --------------------------------------------------------------------------------------- sending


@dataclass(frozen=True)
class Registered:
    """A register brought to the chain, or of a dry run, the `gas` of each batch to be sent."""

    difference: RegisterChanges
    receipts: tuple[Receipt, ...]
    gas: tuple[int, ...] = ()


def register_investors(
    operator: Operator,
    deployment: Deployment,
    entries: Sequence[InvestorRow],
    *,
    batch_size: int = BATCH_SIZE,
    dry_run: bool = False,
) -> Registered:
    """Bring what is new or changed to the chain, in batches; the same file again sends nothing.

    A run that was killed is resumed: what it had signed is seen mined, and only the rest is sent.

    Raises: InputError when the account is no agent of the registry, or a wallet was lost; what
    `Operator.send` raises.
    """
    if batch_size < 1:
        raise InputError.of("batch", batch_size, "is no batch", "give at least 1")
    registry = deployment.registry()
    _require_agent(registry, operator.address)
    if not dry_run:
        operator.settle()
    found = compare(registry, entries, first_block_of(deployment, registry))
    few = min(batch_size, CHANGES_PER_BATCH)
    at_once = [
        group[start : start + size]
        for group, size in ((found.new, batch_size), (found.to_change, few))
        for start in range(0, len(group), size)
    ]
    following = found.to_follow
    later = [following[start : start + few] for start in range(0, len(following), few)]
    attempt = operator.attempts("register")
    intents = [
        Intent(
            f"register/{attempt}/{number}",
            registry.register([e.address for e in batch], [e.investor for e in batch]),
        )
        for number, batch in enumerate((*at_once, *later))
    ]
    if dry_run:
        # What follows cannot be tried before.
        return Registered(found, (), tuple(operator.price(intents[: len(at_once) or None])))
    sent = operator.send(intents[: len(at_once)]), operator.send(intents[len(at_once) :])
    return Registered(found, tuple(receipt for receipts in sent for receipt in receipts))


def _require_agent(registry: InvestorRegistry, account: str) -> None:
    if not registry.is_agent(account):
        raise InputError.of(
            "account",
            account,
            f"is no agent of the registry {registry.address}",
            f"use an agent's account, or let the owner {registry.owner()} add it",
        )


# ---------------------------------------------------------------------------------------- countries


def countries_of(deployment: Deployment) -> dict[str, str]:
    """The two letters of the country of every wallet that the asset's own registry knows.

    Nothing where the asset has no registry, or one of another make.
    """
    address = deployment.token().identity_registry()
    registry = InvestorRegistry(deployment.chain, address)
    if address == ZERO_ADDRESS or not registry.is_ours:
        return {}
    wallets = sorted(registered_wallets(registry, first_block_of(deployment, registry)))
    letters = {country.code: country.alpha2 for country in all_countries()}
    return {
        wallet: letters[found.country]
        for wallet, found in zip(wallets, registry.investors_of(wallets), strict=True)
        if found.country in letters
    }
