# SPDX-License-Identifier: MIT
"""Who has not come for their income, and for how long."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from prorata.cli.command import Command, reading_options
from prorata.cli.session import Session
from prorata.contracts.currency import money
from prorata.ledger.unclaimed import AgedBalances, Overdue, read_unclaimed
from prorata.values.amounts import format_units
from prorata.values.times import moment
from prorata.values.words import counted

EXAMPLES = (
    "prorata unclaimed",
    "prorata unclaimed --id 3 --out unclaimed.csv",
)


@click.command(cls=Command, examples=EXAMPLES)
@click.option("--id", "ids", type=int, multiple=True, help="A distribution.  [default: all open]")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write every line to this file, as JSON if it is called so, or else as CSV.",
)
@reading_options
def cli(ids: tuple[int, ...], out: Path | None, **options: Any) -> None:
    """Show what holders are owed that nobody has claimed, by age.

    Each holder of record who has not been paid is a line, with the days since the first second of
    payment, and whether it can be paid now: claimable, frozen, held, not due, or expired. The
    lines are held against what the vault says is owed, to the unit. `prorata distribute
    --push-only` pays them, `prorata sweep` ends what has expired.
    """
    session = Session.of(options)
    with session.reading() as found:
        aged = read_unclaimed(found, ids or None)
    if out is not None:
        aged.write(out)
    _show(session, aged, out)
    session.output.result(aged.as_json())


def _show(session: Session, aged: AgedBalances, out: Path | None) -> None:
    say = session.output.say
    if not aged.distributions:
        say("Nobody is owed anything that could be claimed")
    rest = "`--out FILE` writes every line" if out is None else f"in {out}"
    for overdue in aged.distributions:
        _show_distribution(session, overdue, rest)
    for number in aged.open_records:
        say(f"Distribution {number} is for a record that has not closed: nobody can be paid yet")
    for number in aged.refundable:
        remedy = f"`prorata refund --id {number}` sends it back to its declarer"
        session.output.notice(f"Distribution {number} can be received by nobody: {remedy}")
    if out is not None:
        say(f"Every line is in {out}")


def _show_distribution(session: Session, overdue: Overdue, rest: str) -> None:
    found, currency = overdue.distribution, overdue.currency
    units, deadline = currency.unit.decimals, found.terms.deadline
    until = f"claimable until {moment(deadline)}" if deadline else "without a deadline"
    if overdue.expired:
        until = f"expired at {moment(deadline)}; `prorata sweep --id {found.id}` ends it"
    title = (
        f"Distribution {found.id}, {found.terms.kind.label} at record {found.record_id}: "
        f"{money(overdue.owed, currency)} owed to "
        f"{counted(len(overdue.lines), 'holder')}, {until}"
    )
    rows = [
        (
            line.holder,
            format_units(line.gross, units, trim=units > 6),
            f"{line.days:,}",
            line.bucket,
            line.state,
        )
        for line in overdue.lines
    ]
    columns = ("holder", "gross>", "days>", "age", "state")
    session.output.table(title, columns, rows, more=rest)
    for name, amount in overdue.by_bucket().items():
        if amount:
            session.output.say(f"  {name:<14}{money(amount, currency)}")
