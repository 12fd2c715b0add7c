# SPDX-License-Identifier: MIT
"""How an asset stands: shares, records, distributions, what is due next, and who can pay gas.

Everything is read at one block, from one pass over the token's events and a few questions. It is no
proof: `prorata books` compares every figure with every other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from prorata.chain.abi import topics_of
from prorata.chain.events import stream_events
from prorata.chain.journal import Journal
from prorata.chain.readings import read_steadily
from prorata.chain.types import Block
from prorata.contracts.currency import Currency
from prorata.contracts.vault import Distribution
from prorata.deployments.deployment import Deployment
from prorata.deployments.drift import Drift, find_drift
from prorata.deployments.roles import all_governed, read_roles
from prorata.files.writer import json_object
from prorata.register.shares import Ledger
from prorata.reports.agenda import Due, Entry, Times, agenda
from prorata.values.amounts import ETHER, Amount, Unit
from prorata.values.times import moment

__all__ = ["ENOUGH_GAS", "DistributionLine", "GasAccount", "RecordLine", "Status", "read_status"]

ENOUGH_GAS = 50_000_000_000_000_000
"""Wei below which an account is worth a warning: 0.05 ether."""

EVENTS = ("Transfer", "RecordScheduled", "RecordCancelled", "AddressFrozen", "RecoverySuccess")


@dataclass(frozen=True)
class RecordLine:
    """A record that was not cancelled, and when it closes or has closed."""

    record: int
    closes_at: int

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        return {**vars(self), "closes": moment(self.closes_at)}


@dataclass(frozen=True)
class DistributionLine:
    """A distribution in one line; `state` says what it waits for, if it is not done."""

    id: int
    kind: str
    record: int
    record_range: bool
    amount: Amount
    paid: Amount
    withheld: Amount
    owed: Amount
    payable_from: int
    deadline: int
    state: str

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        return json_object(vars(self))


@dataclass(frozen=True)
class GasAccount:
    """An account that sends transactions, or may have to; `low` if it can hardly pay for them."""

    address: str
    roles: tuple[str, ...]
    balance: Amount
    low: bool

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        return json_object(vars(self))


@dataclass(frozen=True)
class Status:
    """How an asset stands at a block."""

    symbol: str
    name: str
    chain_id: int
    block: int
    at: int
    shares: Amount
    authorised: Amount
    holders: int
    frozen_wallets: int
    paused: bool
    closed_records: int
    last_record: RecordLine | None
    next_record: RecordLine | None
    distributions: tuple[DistributionLine, ...]
    due: tuple[Due, ...]
    drift: tuple[Drift, ...]
    accounts: tuple[GasAccount, ...]

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        nested = {
            "last_record": self.last_record and self.last_record.as_json(),
            "next_record": self.next_record and self.next_record.as_json(),
            "distributions": [line.as_json() for line in self.distributions],
            "due": [due.as_json() for due in self.due],
            "drift": [drift.as_json() for drift in self.drift],
            "accounts": [account.as_json() for account in self.accounts],
        }
        return json_object({**vars(self), "time": moment(self.at), **nested})


def read_status(deployment: Deployment, *, enough_gas: int = ENOUGH_GAS) -> Status:
    """Read it from the chain; an account with less than `enough_gas` wei is called low.

    Raises: BooksError when the token's events make no sense; ChainError.
    """
    return read_steadily(deployment.chain, lambda newest: _status(deployment, newest, enough_gas))


def _status(deployment: Deployment, newest: Block, enough_gas: int) -> Status:
    chain, token, unit = deployment.chain, deployment.token(), deployment.settings.unit
    ledger, now = _ledger(deployment, newest), max(chain.now(), newest.timestamp)
    known, senders = _journalled(deployment)
    entries = tuple(_entries(deployment, ledger))
    records = [
        RecordLine(number, closes_at)
        for number, closes_at in enumerate(ledger.record_times, start=1)
        if closes_at is not None
    ]
    closed = [record for record in records if record.closes_at < now]
    return Status(
        symbol=deployment.settings.symbol,
        name=deployment.settings.name,
        chain_id=chain.chain_id,
        block=newest.number,
        at=now,
        shares=unit.amount(ledger.total_supply),
        authorised=unit.amount(deployment.settings.authorised),
        holders=len(ledger.balances),
        frozen_wallets=sum(ledger.is_frozen(wallet) for wallet in ledger),
        paused=token.paused(),
        closed_records=len(closed),
        last_record=closed[-1] if closed else None,
        next_record=next((record for record in records if record.closes_at >= now), None),
        distributions=tuple(_line(deployment, entry, now) for entry in entries),
        due=agenda(deployment, ledger, entries, now),
        drift=find_drift(deployment, known).drifts,
        accounts=tuple(_accounts(deployment, senders, enough_gas)),
    )


def _ledger(deployment: Deployment, newest: Block) -> Ledger:
    chain, token = deployment.chain, deployment.token().address
    first, topics = deployment.manifest.first_block, topics_of("ShareToken", *EVENTS)
    events = stream_events(chain, [token], first, newest.number, topics)
    return Ledger.of(events, token, newest.timestamp)


# ----------------------------------------------------------------------------------- distributions


def _entries(deployment: Deployment, ledger: Ledger) -> Iterator[Entry]:
    known: dict[str, Unit] = {}
    for found in deployment.vault().distributions_of(deployment.paying):
        if found.currency not in known:
            known[found.currency] = Currency(deployment.chain, found.currency).unit
        unit, due = known[found.currency], found.withheld - found.remitted
        times = Times(
            _closes_at(deployment, ledger, found),
            found.terms.payable_from,
            found.terms.deadline,
            _text(unit, found.owed),
            _text(unit, due) if due else "",
        )
        yield Entry(found, times)


def _closes_at(deployment: Deployment, ledger: Ledger, found: Distribution) -> int | None:
    """When the record of a distribution closes; None if it was cancelled."""
    if found.token == ledger.token:
        return ledger.record_times[found.record_id - 1]
    ranges = deployment.record_ranges()
    if ranges.is_record_cancelled(found.record_id):
        return None
    return ranges.record_time(found.record_id)


def _line(deployment: Deployment, entry: Entry, now: int) -> DistributionLine:
    found = entry.distribution
    unit = Currency(deployment.chain, found.currency).unit
    return DistributionLine(
        id=found.id,
        kind=found.terms.kind.label,
        record=found.record_id,
        record_range=found.token != deployment.token().address,
        amount=unit.amount(found.amount),
        paid=unit.amount(found.paid),
        withheld=unit.amount(found.withheld),
        owed=unit.amount(found.owed),
        payable_from=found.terms.payable_from,
        deadline=found.terms.deadline,
        state=_state(entry, now),
    )


def _state(entry: Entry, now: int) -> str:
    owed, times = entry.distribution.owed, entry.times
    if not owed:
        return "done"
    if times.closes_at is None:
        return "cancelled"
    if now <= times.closes_at:
        return "record open"
    if now < times.payable_from:
        return "not due"
    return "expired" if times.deadline and now > times.deadline else "payable"


def _text(unit: Unit, units: int) -> str:
    return f"{unit.amount(units).text} {unit.symbol}"


# -------------------------------------------------------------------------------------------- gas


def _accounts(deployment: Deployment, senders: Sequence[str], enough: int) -> Iterator[GasAccount]:
    """Those that have sent something, and those that have a role; contracts pay no gas."""
    chain = deployment.chain
    for address, roles in _payers(deployment, senders).items():
        if not chain.code(address):
            balance = chain.balance(address)
            yield GasAccount(address, tuple(roles), ETHER.amount(balance), balance < enough)


def _payers(deployment: Deployment, senders: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {deployment.manifest.deployer: ["deployer"]}
    for sender in senders:
        found.setdefault(sender, [])
    for governed in all_governed(deployment):
        roles = read_roles(deployment, governed)
        part = governed.options.removeprefix("--of ").split()[0]
        for role, accounts in (("owner", [roles.owner]), ("agent", roles.agents)):
            for account in accounts:
                found.setdefault(account, []).append(f"{role} of {part}")
    return found


def _journalled(deployment: Deployment) -> tuple[frozenset[str], list[str]]:
    """The transactions of the journal, and who signed them; nobody has to wait for a look at it."""
    path, chain = deployment.folder / "journal.jsonl", deployment.chain
    number, genesis = chain.chain_id, chain.genesis_hash
    with Journal(path, chain_id=number, genesis_hash=genesis, read_only=True) as journal:
        return frozenset(entry.hash for entry in journal.entries), journal.accounts()
