# SPDX-License-Identifier: MIT
"""Carrying out a schedule: the record of a line first, and once it has closed its distributions.

The document of a line is written into the deployment's folder before its record is scheduled, and
while that record stands the line is what the document says: a calendar that is updated moves no
record that has been scheduled. Interest and principal are distributions of their own, and both
carry the SHA-256 of the document. What each pays is so much for a unit, times the units that earn
at the closed record, which is why nothing is declared before.

    deployments/<chain id>/<symbol>/schedule/<line>.json
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from prorata.assets.schedules.sheets import LineDocument, ScheduleSheet
from prorata.chain.operator import Operator
from prorata.contracts.vault import Distribution, Terms
from prorata.deployments.deployment import Deployment
from prorata.errors import InputError
from prorata.files.writer import write_whole
from prorata.income.declarations import Declaration, Declared, declare_all, lacking
from prorata.income.per_share import amount_per_share
from prorata.register.record_dates import Record, schedule_record
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.kinds import Kind
from prorata.values.times import moment

__all__ = [
    "LineRun",
    "PlannedLine",
    "Withheld",
    "amounts_of",
    "declared_for",
    "next_line",
    "planned_line",
    "planned_lines",
    "run_line",
]

FOLDER = "schedule"


@dataclass(frozen=True)
class PlannedLine:
    """A line, and how far it is on the chain.

    `document` is the kept one, if the line was begun, and `computed` what the terms say today.
    `declared` are its distributions, at most one of each kind.
    """

    document: LineDocument
    computed: LineDocument
    kept: bool
    record_id: int | None
    declared: tuple[Distribution, ...]

    @property
    def moved(self) -> bool:
        """Whether the terms, or a calendar, would have another record today than the kept one."""
        return self.document.closes_at != self.computed.closes_at

    def owing(self) -> Iterator[tuple[Kind, int]]:
        """What is to be declared still: kind and amount, in smallest units of the terms."""
        there = {one.terms.kind for one in self.declared}
        return ((kind, amount) for kind, amount in amounts_of(self.document) if kind not in there)

    @property
    def is_done(self) -> bool:
        """Whether all of it was declared, or there is nothing to pay."""
        return not any(True for _ in self.owing())


@dataclass(frozen=True)
class Withheld:
    """What all distributions of a line have in common: who earns nothing, and what is withheld."""

    excluded: tuple[str, ...] = ()
    tax_policy: str = ZERO_ADDRESS


@dataclass(frozen=True)
class LineRun:
    """What a run did for a line, or would do.

    Without `amounts` it waits for the record to close; `done` are the distributions that were
    declared, in the order of `amounts`, which are in the currency's smallest unit.
    """

    line: PlannedLine
    record: Record
    amounts: tuple[tuple[Kind, int], ...] = ()
    done: tuple[Declared, ...] = ()

    @property
    def waits(self) -> bool:
        """Whether the record has not closed."""
        return self.record.ahead >= 0

    @property
    def resumed(self) -> bool:
        """Whether nothing was sent."""
        return self.record.repeated and all(one.receipt.resumed for one in self.done)


# ----------------------------------------------------------------------------------------- looking


def amounts_of(document: LineDocument) -> tuple[tuple[Kind, int], ...]:
    """What a line pays, by kind, in smallest units of its terms; nothing is left out."""
    both = ((Kind.INTEREST, document.interest), (Kind.PRINCIPAL, document.principal))
    return tuple((kind, amount) for kind, amount in both if amount > 0)


def planned_lines(found: Deployment, sheet: ScheduleSheet) -> list[PlannedLine]:
    """All lines of a sheet with what the chain has of them.

    Raises: InputError when a kept document is damaged or of other terms; ChainError.
    """
    there, times = _distributions(found), found.token().record_times()
    return [_planned(found, sheet, line.number, there, times) for line in sheet.lines]


def planned_line(found: Deployment, sheet: ScheduleSheet, number: int) -> PlannedLine:
    """One line of a sheet with what the chain has of it.

    Raises: InputError when there is no such line, or its kept document is damaged; ChainError.
    """
    times = found.token().record_times()
    return _planned(found, sheet, number, _distributions(found), times)


def next_line(found: Deployment, sheet: ScheduleSheet) -> PlannedLine | None:
    """The first line that is not done; None when all are.

    Raises: as `planned_lines`.
    """
    return next((one for one in planned_lines(found, sheet) if not one.is_done), None)


def declared_for(
    found: Deployment, document: LineDocument, record_id: int, there: Sequence[Distribution]
) -> list[Distribution]:
    """Those of a line, by its document's hash, record and currency, from the owner or an agent."""
    token, currency = found.token(), found.currency(document.currency).address
    return [
        one
        for one in there
        if (one.token, one.record_id, one.currency) == (token.address, record_id, currency)
        and one.terms.document_hash == document.hash
        and (one.declarer == token.owner() or token.is_agent(one.declarer))
    ]


def _distributions(found: Deployment) -> list[Distribution]:
    return found.vault().distributions_of([found.token().address])


def _planned(
    found: Deployment,
    sheet: ScheduleSheet,
    number: int,
    there: Sequence[Distribution],
    times: Sequence[int | None],
) -> PlannedLine:
    computed = sheet.line_document(number)
    kept = _read_kept(found, number, sheet.terms.name)
    if kept is not None and kept.closes_at not in times:
        # Its record was never scheduled, or was cancelled: nothing binds anybody to it.
        kept = None
    document = kept or computed
    scheduled = document.closes_at in times
    record_id = times.index(document.closes_at) + 1 if scheduled else None
    declared = () if record_id is None else declared_for(found, document, record_id, there)
    return PlannedLine(document, computed, kept is not None, record_id, tuple(declared))


def _path(found: Deployment, number: int) -> Path:
    return found.folder / FOLDER / f"{number}.json"


def _read_kept(found: Deployment, number: int, name: str) -> LineDocument | None:
    """The document that was kept for a line.

    Raises: InputError when it is damaged, or of other terms.
    """
    path = _path(found, number)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    document = LineDocument.of(text, str(path))
    if (document.number, document.name) != (number, name):
        rule = f"is of line {document.number} of {document.name}"
        remedy = "use the terms of that name, or another deployment's folder"
        raise InputError.of("document", str(path), rule, remedy)
    return document


# ----------------------------------------------------------------------------------------- running


def run_line(
    operator: Operator,
    found: Deployment,
    line: PlannedLine,
    withheld: Withheld,
    *,
    permit: bool = False,
    dry_run: bool = False,
) -> LineRun:
    """Schedule the record of a line, or declare its distributions if that has closed.

    The same again sends nothing twice: what was declared is found on the chain by its document.

    Raises: InputError when the record can no more be scheduled, or the account lacks the money;
    NoEligibleShares; what `Operator.send` raises.
    """
    document = line.document
    _check_time(operator, line)
    if not line.kept and not dry_run:
        # What would be refused is refused before anything is written.
        schedule_record(operator, found, document.closes_at, dry_run=True)
        write_whole(_path(found, document.number), document.text)
    record = schedule_record(operator, found, document.closes_at, dry_run=dry_run)
    if record.ahead >= 0:
        return LineRun(line, record)
    declarations = [_declaration(found, line, withheld, *owed) for owed in line.owing()]
    amounts = tuple((one.terms.kind, one.amount) for one in declarations)
    if dry_run:
        if problems := list(lacking(operator, declarations)):
            raise InputError(problems, f"line {document.number}")
        return LineRun(line, record, amounts)
    subject = f"line {document.number}"
    done = declare_all(operator, found, declarations, permit=permit, subject=subject)
    return LineRun(line, replace(record, repeated=True), amounts, tuple(done))


def _check_time(operator: Operator, line: PlannedLine) -> None:
    """Raises: InputError for a record that should have closed and was never scheduled."""
    document = line.document
    if line.record_id is None and document.closes_at < operator.chain.now():
        rule = f"has no record, which should have closed at {moment(document.closes_at)}"
        remedy = (
            "no record can be scheduled in the past: pay it with `prorata distribute`, and go on "
            f"with --line {document.number + 1}"
        )
        raise InputError.of("line", document.number, rule, remedy)


def _declaration(
    found: Deployment, line: PlannedLine, withheld: Withheld, kind: Kind, amount: int
) -> Declaration:
    document = line.document
    assert line.record_id is not None
    currency = found.currency(document.currency)
    rate = document.per_share(amount)
    units = amount_per_share(found, rate, currency, line.record_id, withheld.excluded)
    terms = Terms(
        kind=kind,
        payable_from=document.payable_from,
        tax_policy=withheld.tax_policy,
        document_hash=document.hash,
        excluded=withheld.excluded,
    )
    return Declaration(line.record_id, currency, units, terms)
