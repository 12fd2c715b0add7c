# SPDX-License-Identifier: MIT
"""A command played on a stage: everything as in earnest, and nothing of it kept.

The chain is one that runs steps to no effect (`prorata.chain.rehearsal`), the deployment's folder a
copy that goes when the play ends, and what the command would print is not printed. What remains is
the list of steps that would be sent, with a digest.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from prorata.chain.rehearsal import Rehearsal, RehearsalEndError
from prorata.chain.rehearsed_steps import CALLED_ALONE, SIMULATED, UNTRIED, RehearsedStep
from prorata.chain.types import Fees
from prorata.cli.output import STAGE, Output, escape
from prorata.errors import ChainError
from prorata.values.amounts import ETHER, format_units

__all__ = ["Stage", "stage_of", "staged"]


@dataclass
class Stage:
    """A rehearsal of the present command. `ended` says why it could not be played to its end."""

    quiet: bool = False
    operators: list[Rehearsal] = field(default_factory=list)
    fees: Fees | None = None
    ended: RehearsalEndError | None = None
    folder: Path | None = None
    """The deployment's folder, of which the play has a copy."""
    foreword: Callable[[Output], None] | None = None
    """What the command shows a person before it asks, if the steps alone do not say it."""

    @property
    def steps(self) -> list[RehearsedStep]:
        """What would be sent, in order."""
        return [step for operator in self.operators for step in operator.steps]

    @property
    def digest(self) -> str | None:
        """What names the steps; None where nothing would be sent."""
        return self.operators[-1].digest if self.steps else None

    @property
    def grade(self) -> str:
        """How well the steps were tried: as the worst of them."""
        grades = {step.grade for step in self.steps}
        return next((grade for grade in (UNTRIED, CALLED_ALONE) if grade in grades), SIMULATED)

    def add(self, operator: Rehearsal) -> None:
        """Take an operator on."""
        self.operators.append(operator)

    @contextmanager
    def copied(self, folder: Path) -> Iterator[Path]:
        """A copy of a deployment's folder, or the place of one that is not there yet."""
        with TemporaryDirectory(prefix="prorata-") as place:
            copy, self.folder = Path(place) / folder.name, folder
            if folder.exists():
                # A ledger may be large, and no command that sends reads it.
                shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("*.db", "*.db-*"))
            yield copy

    # ------------------------------------------------------------------------ words

    def show(self, output: Output) -> None:
        """The steps as a table, what they cost, and their digest."""
        steps = self.steps
        if not steps:
            output.say("Nothing would be sent: all of it is done")
            return
        rows = [
            (
                step.label,
                "a new contract" if step.to is None else step.to,
                f"{step.gas:,}",
                format_units(step.value, 18, trim=True) if step.value else "",
            )
            for step in steps
        ]
        output.table("Would be sent", ("step", "to", "gas at most>", "ETH with it>"), rows)
        output.say(f"  {'gas':<12}{sum(step.gas for step in steps):,} at most")
        if self.fees is not None:
            most = format_units(self.cost, 18, trim=True)
            output.say(f"  {'cost':<12}{most} ETH at most, what is sent with it included")
        output.say(f"  {'tried':<12}{self.grade}")
        output.say(f"  {'digest':<12}{self.digest}")
        if self.ended is not None:
            output.notice(
                f"{escape(self.ended.sentence)}, so each step was called alone, and what would "
                "follow these is not known"
            )

    @property
    def cost(self) -> int:
        """Wei: the most that gas may cost, and what is sent with the steps."""
        most = 0 if self.fees is None else self.fees.most
        return sum(step.gas * most + step.value for step in self.steps)

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        return {
            "dry_run": True,
            "steps": [
                {
                    "key": step.key,
                    "label": step.label,
                    "to": step.to,
                    "creates": step.creates,
                    "value": ETHER.amount(step.value).as_json(),
                    "data": None if step.private else f"0x{step.data.hex()}",
                    "gas": step.gas,
                    "tried": step.grade,
                }
                for step in self.steps
            ],
            "most_cost": ETHER.amount(self.cost).as_json(),
            "simulated": self.grade,
            "complete": self.ended is None,
            "digest": self.digest,
        }


def stage_of(context: click.Context | None) -> Stage | None:
    """The stage on which the present command is played, if it is."""
    return None if context is None else context.meta.get(STAGE)


@contextmanager
def staged(context: click.Context, *, quiet: bool = False) -> Iterator[Stage]:
    """Play what is run meanwhile on a stage; `quiet` keeps notices back, too."""
    stage, given = Stage(quiet), context.params
    context.meta[STAGE], context.params = stage, {**given, "dry_run": False}
    try:
        yield stage
    except RehearsalEndError as error:
        stage.ended = error
    except click.exceptions.Exit as error:
        # A code such as 4, for what waits for others: the play has come to its end all the same.
        if error.exit_code in (0, 1, 2):
            raise
    finally:
        context.params = given
        del context.meta[STAGE]
    for operator in stage.operators:
        try:
            stage.fees = operator.prices.offer(operator.chain.fees())
        except ChainError:
            stage.fees = None
