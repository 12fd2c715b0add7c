# SPDX-License-Identifier: MIT
"""The action log: all that was ordered, signed and adopted for a deployment, and whether it holds.

The journal is the log. Reading it shows its lines as people read them; verifying it compares it
with itself, with the manifest and with the chain.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eth_account import Account

from prorata.chain.journal import ADOPTED, Journal, JournalEntry
from prorata.chain.node import RpcChain
from prorata.chain.transactions.outside import find_outside
from prorata.chain.types import Mined
from prorata.deployments.deployment import home_of
from prorata.deployments.manifest import Manifest
from prorata.register.orders import OrderLog
from prorata.values.times import moment

__all__ = ["Action", "Verdict", "read_actions", "verify"]


@dataclass(frozen=True)
class Action:
    """One line of the log: `kind` is order, executed, transaction, adopted, given up or looked at.

    `at` is in UTC: when it was ordered or signed, or else mined; empty if nobody knows. `state` of
    a transaction is mined, failed, waiting, or replaced by another with its nonce.
    """

    kind: str
    what: str
    at: str = ""
    by: str | None = None
    reason: str | None = None
    document: Mapping[str, Any] | None = None
    key: str | None = None
    transaction: str | None = None
    state: str | None = None
    block: int | None = None
    facts: Mapping[str, Any] | None = None

    def names(self, wallet: str) -> bool:
        """Whether it is by or about a wallet."""
        told = [self.by, self.what, *(self.facts or {}).values()]
        return any(wallet.lower() in str(one).lower() for one in told)


def read_actions(chain: RpcChain, folder: Path, journal: Journal) -> list[Action]:
    """Every line of the journal but its first, in order, after the orders of an older version.

    Raises: DeploymentError when a file beside it is damaged; ChainError.
    """
    orders = OrderLog(folder, journal)
    noted = sum("order" in note for note in journal.notes)
    lines = orders.lines()
    ahead, words = lines[: len(lines) - noted], iter(lines[len(lines) - noted :])
    states = _states(chain, journal)
    actions = [_ordered(line) for line in ahead]
    for record in journal.records[1:]:
        match record:
            case {"note": {"order": _}}:
                actions.append(_ordered(next(words)))
            case {"note": facts}:
                actions.append(_noted(facts))
            case {"abandoned": key}:
                actions.append(Action("given up", f'the step "{key}"', key=key))
            case {"bound": {"key": key, "hash": hashed}}:
                done = f'the step "{key}" was done by what was adopted'
                actions.append(Action("adopted", done, key=key, transaction=hashed))
            case {"mark": mark}:
                actions.append(_looked(mark))
            case {"hash": hashed}:
                actions.append(states[hashed])
    return actions


def _states(chain: RpcChain, journal: Journal) -> dict[str, Action]:
    """Every transaction by hash, with what became of it."""
    entries = {entry.hash: entry for entry in journal.entries}
    receipts = dict(zip(entries, chain.receipts(list(entries)), strict=True))
    numbers = sorted({mined.block_number for mined in receipts.values() if mined is not None})
    times = {block.number: block.timestamp for block in chain.blocks(numbers)}
    counts = {account: chain.nonce(account) for account in journal.accounts()}
    return {
        hashed: _sent(entry, receipts[hashed], times, counts) for hashed, entry in entries.items()
    }


def _sent(
    entry: JournalEntry,
    mined: Mined | None,
    times: Mapping[int, int],
    counts: Mapping[str, int],
) -> Action:
    state = "waiting" if entry.nonce >= counts[entry.sender] else "replaced"
    at, block = entry.at, None
    if mined is not None:
        state, block = "mined" if mined.success else "failed", mined.block_number
        at = at or moment(times[block])
    return Action(
        "adopted" if entry.key.startswith(ADOPTED) else "transaction",
        entry.label,
        at,
        entry.sender,
        key=entry.key,
        transaction=entry.hash,
        state=state,
        block=block,
    )


def _ordered(line: Mapping[str, Any]) -> Action:
    if "transaction" in line:
        done = f"the order {line['order']}"
        where = {"transaction": line["transaction"], "block": line["block"]}
        return Action("executed", done, key=line["order"], **where)
    told = ("order", "what", "by", "at", "reason", "document")
    facts = {name: value for name, value in line.items() if name not in told}
    about = ", ".join(f"{name} {_said(value)}" for name, value in facts.items())
    return Action(
        "order",
        f"{line.get('what')} {about}".strip(),
        line.get("at", ""),
        line.get("by"),
        line.get("reason"),
        line.get("document"),
        line["order"],
        facts=facts,
    )


def _said(value: object) -> str:
    """A fact as people read it: of an amount, its digits."""
    return str(value["text"] if isinstance(value, dict) and "text" in value else value)


def _noted(facts: Mapping[str, Any]) -> Action:
    said = ", ".join(f"{name} {value}" for name, value in facts.items() if name != "at")
    return Action("note", said, str(facts.get("at", "")), facts=facts)


def _looked(mark: Mapping[str, Any]) -> Action:
    many = len(mark["foreign"])
    elsewhere = f", {many} of them foreign" if many else ""
    what = f"all before nonce {mark['nonce']} of {mark['account']} is known{elsewhere}"
    return Action("looked at", what, by=mark["account"], block=mark["block"])


# --------------------------------------------------------------------------------------- verifying


@dataclass(frozen=True)
class Verdict:
    """What was checked, counted, and what was found wrong, a sentence each.

    `seal` is the last line's: with the number of lines, all that another place has to remember.
    """

    lines: int
    seal: str
    transactions: int
    mined: int
    waiting: int
    orders: int
    faults: tuple[str, ...]


def verify(chain: RpcChain, folder: Path, journal: Journal) -> Verdict:
    """Compare an open journal, whose seals and bytes fit, with the chain and what is beside it.

    Raises: ChainError; DeploymentError.
    """
    states = _states(chain, journal)
    live = journal.live()
    latest = [states[entry.hash] for entry in live]
    orders = [line for line in OrderLog(folder, journal).lines() if "what" in line]
    faults = [
        *_foreign_signatures(journal.entries),
        *_unmined(journal, live, states),
        *_missing(chain, folder, journal),
        *_unexplained(live, {line["order"] for line in orders}),
        *OrderLog(folder, journal).faults(),
    ]
    return Verdict(
        lines=len(journal.records),
        seal=journal.head.seal,
        transactions=len(live),
        mined=sum(action.block is not None for action in latest),
        waiting=sum(action.state == "waiting" for action in latest),
        orders=len(orders),
        faults=tuple(faults),
    )


def _foreign_signatures(entries: Iterable[JournalEntry]) -> list[str]:
    return [
        f"{entry.hash} was not signed by {entry.sender}, as its line says"
        for entry in entries
        if Account.recover_transaction(entry.raw) != entry.sender
    ]


def _unmined(
    journal: Journal, live: Iterable[JournalEntry], states: Mapping[str, Action]
) -> list[str]:
    """Steps of which nothing that was signed is on the chain, though their nonces were used."""
    return [
        f'"{entry.label}" ({entry.hash}) is not on the chain, and something else used its nonce '
        f"{entry.nonce} of {entry.sender}"
        for entry in live
        if all(states[version.hash].state == "replaced" for version in journal.versions(entry))
    ]


def _missing(chain: RpcChain, folder: Path, journal: Journal) -> list[str]:
    """What the chain and the manifest know, and the journal does not."""
    findings = find_outside(chain, journal, home_of(folder))
    outside = [one for finding in findings for one in finding.ours]
    faults = [
        f"nonce {one.nonce} of {one.account} ({one.what}, {one.hash}) is not in it"
        for one in outside
    ]
    known = {entry.hash for entry in journal.entries} | {one.hash for one in outside}
    if not (folder / "manifest.json").exists():
        return faults
    manifest = Manifest.read(folder / "manifest.json")
    return faults + [
        f"{name}, which the manifest says was deployed by {contract.transaction}, is not in it"
        for name, contract in manifest.contracts.items()
        if contract.transaction is not None and contract.transaction not in known
    ]


def _unexplained(live: Iterable[JournalEntry], orders: set[str]) -> list[str]:
    """Orders that were executed without a reason."""
    return [
        f'"{entry.label}" ({entry.hash}) was sent as an order, and no order of it is noted'
        for entry in live
        if entry.key.startswith("order/") and entry.key.removeprefix("order/") not in orders
    ]
