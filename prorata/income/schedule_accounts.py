# SPDX-License-Identifier: MIT
"""What the books say of a schedule: what was due, paid, late or short, line by line.

Planned = received: so much for a unit times the units that earned at the record. And received +
carried in = paid (gross) + owed + carried out + swept, which the audit proves for each of them. A
distribution counts if it carries the document of the line, for its record, in its currency, from
the token's owner or an agent. Others at the same record that pay interest or principal are foreign:
shown, and not counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from prorata.apportion import amount_for
from prorata.assets.schedules.sheets import ScheduleSheet
from prorata.deployments.deployment import Deployment
from prorata.income.schedules import PlannedLine, amounts_of, planned_lines
from prorata.ledger.audits import Audit
from prorata.ledger.entries import DistributionAccount
from prorata.values.kinds import Kind

__all__ = ["KindAccount", "LineAccount", "line_accounts"]

_COUNTED = (Kind.INTEREST, Kind.PRINCIPAL)


@dataclass(frozen=True)
class KindAccount:
    """What a line pays of one kind: planned, and what became of it.

    `per_share` is in whole units of the currency. `planned` is in its smallest unit, and None until
    somebody knows how many units earn; `account` is the distribution, if there is one.
    """

    kind: Kind
    per_share: Fraction
    planned: int | None
    account: DistributionAccount | None

    @property
    def short(self) -> int:
        """What is missing of what was planned."""
        if self.planned is None or self.account is None:
            return 0
        return max(0, self.planned - self.account.received)


@dataclass(frozen=True)
class LineAccount:
    """A line, its kinds, and the ids of foreign distributions at its record.

    `state` is `nothing to pay`, `planned`, `scheduled`, `due`, `late`, `short`, `declared` or
    `paid`. `declared_late` is whether it was declared after it was to be paid.
    """

    line: PlannedLine
    kinds: tuple[KindAccount, ...]
    state: str
    declared_late: bool
    foreign: tuple[int, ...]


def line_accounts(
    found: Deployment, sheet: ScheduleSheet, audit: Audit, now: int
) -> list[LineAccount]:
    """All lines of a sheet by the books, at a time of the chain.

    Raises: InputError when a kept document is damaged; ChainError.
    """
    currency = found.currency(sheet.terms.currency)
    units = Fraction(10 ** currency.decimals(), 10**found.settings.decimals)
    token = found.token().address
    # A vault has other assets' distributions, whose records have the same numbers.
    there = {n: one for n, one in audit.books.distributions.items() if one.token == token}
    return [_account(line, there, units, now) for line in planned_lines(found, sheet)]


def _account(
    line: PlannedLine,
    there: dict[int, DistributionAccount],
    units: Fraction,
    now: int,
) -> LineAccount:
    document = line.document
    ours = {one.terms.kind: there[one.id] for one in line.declared if one.id in there}
    kinds = tuple(
        _kind(kind, document.per_share(amount), ours.get(kind), units)
        for kind, amount in amounts_of(document)
    )
    mine = {account.id for account in ours.values()}
    foreign = tuple(
        number
        for number, other in there.items()
        if other.record_id == line.record_id and other.terms.kind in _COUNTED and number not in mine
    )
    declared = [kind.account for kind in kinds if kind.account is not None]
    late = any(account.declared_at > document.payable_from for account in declared)
    return LineAccount(line, kinds, _state(line, kinds, now), late, foreign)


def _kind(
    kind: Kind, rate: Fraction, account: DistributionAccount | None, units: Fraction
) -> KindAccount:
    planned = None
    if account is not None and account.division is not None:
        planned = amount_for(rate * units, account.division.eligible)
    return KindAccount(kind, rate, planned, account)


def _state(line: PlannedLine, kinds: tuple[KindAccount, ...], now: int) -> str:
    document = line.document
    if not kinds:
        return "nothing to pay"
    if any(kind.account is None for kind in kinds):
        if now >= document.payable_from or (line.record_id is None and now > document.closes_at):
            return "late"
        if line.record_id is None:
            return "planned"
        return "due" if now > document.closes_at else "scheduled"
    if any(kind.short for kind in kinds):
        return "short"
    accounts = [kind.account for kind in kinds if kind.account is not None]
    return "paid" if all(account.is_over for account in accounts) else "declared"
