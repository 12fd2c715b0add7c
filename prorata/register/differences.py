# SPDX-License-Identifier: MIT
"""A cap table in a file against the chain: who differs, and what would make the chain say the same.

What one holder has too much and another too little would move from the one to the other; what
nobody gives would be issued, and what nobody takes burned. A transfer of the whole of what one
lacks comes first, so that one who sold all to another is seen as just that. The same two tables
always give the same plan.

A plan is a folder:

    plan.json        everything, with the commands
    issue.csv        what is to be issued, which `prorata issue` takes as it is
    transfers.csv    what must move, which the holders do themselves, or an order does
    burns.csv        what must be burned
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from prorata.files.writer import Row, prepare_folder, write_csv_rows, write_json
from prorata.register.captable import CapTable, Holding, write_csv
from prorata.values.amounts import Amount, Unit, format_units

__all__ = ["Change", "Difference", "DifferenceRow", "Move", "compare_tables", "write_plan"]

_FILES = ("plan.json", "issue.csv", "transfers.csv", "burns.csv")


@dataclass(frozen=True)
class Change:
    """One holder: shares on the chain and in the file, in smallest units."""

    address: str
    name: str
    kind: str
    on_chain: int
    in_file: int

    @property
    def more(self) -> int:
        """What the holder lacks on the chain; below nothing, what is too much there."""
        return self.in_file - self.on_chain


@dataclass(frozen=True)
class Move:
    """So many shares from one to another."""

    sender: str
    receiver: str
    shares: int


class DifferenceRow(Row):
    """One holder who differs, and what would be done."""

    address: str
    name: str
    on_chain: Amount
    in_file: Amount
    issue: Amount
    receive: Amount
    give: Amount
    burn: Amount


class MoveRow(Row):
    """One transfer: shares are whole ones, as text."""

    sender: str
    receiver: str
    shares: str


class BurnRow(Row):
    """What is to be burned of a holder's shares, whole ones, as text."""

    address: str
    shares: str


@dataclass(frozen=True)
class Difference:
    """All who differ, in the order of the file and then of addresses, and how many do not."""

    changes: tuple[Change, ...]
    unchanged: int
    on_chain: int
    in_file: int
    decimals: int
    moves: tuple[Move, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Find what would move."""
        object.__setattr__(self, "moves", tuple(_moves(self.changes)))

    def __bool__(self) -> bool:
        return bool(self.changes)

    @cached_property
    def received(self) -> dict[str, int]:
        """What each holder would get from others."""
        return _sums((move.receiver, move.shares) for move in self.moves)

    @cached_property
    def given(self) -> dict[str, int]:
        """What each holder would give to others."""
        return _sums((move.sender, move.shares) for move in self.moves)

    @cached_property
    def issued(self) -> dict[str, int]:
        """What would be issued to each holder."""
        left = ((c.address, c.more - self.received.get(c.address, 0)) for c in self.changes)
        return {address: shares for address, shares in left if shares > 0}

    @cached_property
    def burned(self) -> dict[str, int]:
        """What would be burned of each holder's shares."""
        left = ((c.address, -c.more - self.given.get(c.address, 0)) for c in self.changes)
        return {address: shares for address, shares in left if shares > 0}

    @property
    def to_issue(self) -> CapTable:
        """What would be issued, as a cap table."""
        who = {change.address: change for change in self.changes}
        return CapTable(
            tuple(
                Holding(address, shares, who[address].name, who[address].kind)
                for address, shares in self.issued.items()
            ),
            self.decimals,
        )

    @property
    def digest(self) -> str:
        """Of who differs and by how much: the same difference has the same one."""
        lines = (f"{c.address}:{c.on_chain}:{c.in_file}" for c in self.changes)
        return sha256("\n".join(sorted(lines)).encode()).hexdigest()

    def rows(self, symbol: str) -> list[DifferenceRow]:
        """One row for each who differs."""
        unit = Unit(symbol, self.decimals)
        return [
            DifferenceRow(
                address=change.address,
                name=change.name,
                on_chain=unit.amount(change.on_chain),
                in_file=unit.amount(change.in_file),
                issue=unit.amount(self.issued.get(change.address, 0)),
                receive=unit.amount(self.received.get(change.address, 0)),
                give=unit.amount(self.given.get(change.address, 0)),
                burn=unit.amount(self.burned.get(change.address, 0)),
            )
            for change in self.changes
        ]


def compare_tables(chain: CapTable, file: CapTable) -> Difference:
    """What the chain says against what a file says; names are the file's, else the chain's."""
    there = {holding.address: holding for holding in chain}
    named = {holding.address: holding for holding in file}
    nobody = Holding("", 0)
    changes, unchanged = [], 0
    for address in dict.fromkeys((*named, *sorted(there))):
        before, after = there.get(address, nobody), named.get(address, nobody)
        if before.shares == after.shares:
            unchanged += 1
            continue
        name, kind = after.name or before.name, after.kind or before.kind
        changes.append(Change(address, name, kind, before.shares, after.shares))
    return Difference(tuple(changes), unchanged, chain.total, file.total, file.decimals)


def _moves(changes: Sequence[Change]) -> Iterator[Move]:
    """Transfers from whom has too much to whom lacks: first those that settle both at once."""
    lacking = {change.address: change.more for change in changes if change.more > 0}
    having = {change.address: -change.more for change in changes if change.more < 0}
    by_shares: dict[int, deque[str]] = {}
    for sender, shares in having.items():
        by_shares.setdefault(shares, deque()).append(sender)
    for receiver, shares in list(lacking.items()):
        if by_shares.get(shares):
            sender = by_shares[shares].popleft()
            yield Move(sender, receiver, shares)
            del lacking[receiver], having[sender]
    senders = deque(having.items())
    for receiver, shares in lacking.items():
        still = shares
        while still and senders:
            sender, has = senders.popleft()
            moved = min(still, has)
            yield Move(sender, receiver, moved)
            still -= moved
            if has > moved:
                senders.appendleft((sender, has - moved))


def _sums(pairs: Iterator[tuple[str, int]]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for address, shares in pairs:
        sums[address] = sums.get(address, 0) + shares
    return sums


# ------------------------------------------------------------------------------------------ a plan


def write_plan(folder: Path, difference: Difference, facts: Mapping[str, Any]) -> list[str]:
    """Write the plan, in place of an earlier one there; `facts` say which asset and which file.

    Returns the names of its files.

    Raises: InputError when a file cannot be written.
    """
    prepare_folder(folder, leftovers=_FILES)
    decimals, written = difference.decimals, ["plan.json"]

    def shares(units: int) -> str:
        return format_units(units, decimals, grouping=False, trim=True)

    if difference.issued:
        write_csv(difference.to_issue, folder / "issue.csv")
        written.append("issue.csv")
    if difference.moves:
        moves = (
            MoveRow(sender=m.sender, receiver=m.receiver, shares=shares(m.shares))
            for m in difference.moves
        )
        write_csv_rows(folder / "transfers.csv", MoveRow, moves)
        written.append("transfers.csv")
    if difference.burned:
        burns = (BurnRow(address=a, shares=shares(s)) for a, s in difference.burned.items())
        write_csv_rows(folder / "burns.csv", BurnRow, burns)
        written.append("burns.csv")
    content = {**facts, "digest": difference.digest, "commands": _commands(difference, folder)}
    write_json(folder / "plan.json", content)
    return written


def _commands(difference: Difference, folder: Path) -> list[str]:
    """What to run, in order: transfers and burns make room for what is issued."""

    def shares(units: int) -> str:
        return format_units(units, difference.decimals, grouping=False, trim=True)

    basis = "--reason … --document …"
    commands = [
        f"prorata force-transfer --from {m.sender} --to {m.receiver} "
        f"--amount {shares(m.shares)} {basis}"
        for m in difference.moves
    ]
    commands += [
        f"prorata burn --holder {address} --amount {shares(units)} {basis}"
        for address, units in difference.burned.items()
    ]
    if difference.issued:
        name = f"difference-{difference.digest[:8]}"
        commands.append(f"prorata issue {folder / 'issue.csv'} --tranche {name}")
    return commands
