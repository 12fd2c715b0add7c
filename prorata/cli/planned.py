# SPDX-License-Identifier: MIT
"""A command that another one runs: played on a stage to plan it, or in earnest as a plan says."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from prorata.chain.journal import Journal
from prorata.chain.node import RpcChain
from prorata.chain.operator import Operator
from prorata.chain.rehearsal import Rehearsal, RehearsalEndError
from prorata.chain.signers import ElsewhereSigner, Signer
from prorata.cli.command import Command
from prorata.cli.output import GOVERNOR, STAGE
from prorata.cli.session import Session
from prorata.cli.stage import Stage
from prorata.deployments.applying import Gate
from prorata.deployments.plans import Plan
from prorata.errors import InputError

__all__ = [
    "Governor",
    "PlanStage",
    "Played",
    "command_of",
    "play",
    "run_in_earnest",
    "signer_here",
]

OWN = ("network", "account", "deployment", "dry_run", "yes", "confirm", "as_json")
"""What the planned command is told by `plan` and `apply`, and by nobody else."""


def signer_here(session: Session, chain: RpcChain) -> Signer:
    """The account, which signs in this run.

    Raises: InputError for one that signs elsewhere.
    """
    signer = session.signer(chain)
    if isinstance(signer, ElsewhereSigner):
        raise InputError.of(
            "account",
            signer.address,
            "signs elsewhere, and a plan is applied by an account that signs here",
            "let the command itself write its transactions down, which is as good as a plan",
        )
    return signer


# ------------------------------------------------------------------------------------ the command


@dataclass(frozen=True)
class _Leaf:
    """A command at the end of some words, and the words that are left for it."""

    name: str
    command: Command
    words: tuple[str, ...]


def command_of(context: click.Context, words: Sequence[str]) -> _Leaf:
    """The command that the words name.

    Raises: click.UsageError when there is none; InputError when it sends nothing.
    """
    # Loaded here: the command line has this command, too.
    from prorata.cli.main import cli  # noqa: PLC0415

    command: click.Command = cli
    name, left = "prorata", list(words)
    while isinstance(command, click.Group) and (
        not command.invoke_without_command
        or (left[:1] and left[0] in command.list_commands(context))
    ):
        if not left:
            raise click.UsageError(f"write a command after {name}", context)
        found, sub, left = command.resolve_command(context, left)
        if sub is None:
            raise click.UsageError(f"there is no command {found}", context)
        command, name = sub, str(found)
    if not isinstance(command, Command) or not command.sends:
        raise InputError.of(
            "command", " ".join(words), "sends nothing", "plan one that does, such as deploy"
        )
    return _Leaf(name, command, tuple(left))


@contextmanager
def _opened(context: click.Context, leaf: _Leaf, options: Mapping[str, Any]) -> Iterator[Any]:
    """The leaf's own context, with the options that plan and apply give it."""
    own = leaf.command.make_context(leaf.name, list(leaf.words), parent=context)
    given = [
        parameter.opts[0]
        for parameter in leaf.command.params
        if parameter.name in OWN
        and own.get_parameter_source(parameter.name) is click.core.ParameterSource.COMMANDLINE
    ]
    if given:
        raise InputError.of(
            "command", given[0], "is not for the planned command", "give it before the --"
        )
    own.params |= {name: options[name] for name in ("network", "account", "deployment")}
    own.params |= {"yes": True, "as_json": bool(options["as_json"])}
    with own:
        yield own


# --------------------------------------------------------------------------------- on the stage


@dataclass
class PlanStage(Stage):
    """A stage whose copy of the folder is kept until it is looked at."""

    quiet: bool = True
    scratch: Path | None = None
    original: Path | None = None
    copy: Path | None = None

    @contextmanager
    def copied(self, folder: Path) -> Iterator[Path]:
        """A copy of a deployment's folder, or the place of one that is not there yet."""
        assert self.scratch is not None
        if self.copy is None:
            self.original, self.copy = folder, self.scratch / folder.name
            if folder.exists():
                shutil.copytree(folder, self.copy)
        yield self.copy

    def add(self, operator: Rehearsal) -> None:
        """Take an operator on, which needs no plan to make one."""
        operator.gate = lambda _: None
        super().add(operator)


@dataclass(frozen=True)
class Played:
    """What a command would do: `operator` has the steps and the chain after them."""

    operator: Rehearsal
    folder: Path
    copy: Path
    complete: bool


@contextmanager
def play(
    context: click.Context, words: Sequence[str], options: Mapping[str, Any]
) -> Iterator[Played]:
    """Play a command to its end; the chain and the folder as they would be, for the while.

    Raises: what the command raises; InputError when it uses no operator.
    """
    leaf = command_of(context, words)
    with TemporaryDirectory(prefix="prorata-") as scratch:
        stage = PlanStage(scratch=Path(scratch))
        context.meta[STAGE] = stage
        try:
            with _opened(context, leaf, options) as own:
                click.Command.invoke(leaf.command, own)
        except RehearsalEndError as error:
            stage.ended = error
        except click.exceptions.Exit:
            # Some end with a code that says what is left for others.
            pass
        finally:
            del context.meta[STAGE]
        if not stage.operators or stage.original is None or stage.copy is None:
            raise InputError.of("command", " ".join(words), "sends nothing", "plan one that does")
        operator, complete = stage.operators[-1], stage.ended is None
        yield Played(operator, stage.original, stage.copy, complete)


# ------------------------------------------------------------------------------------ in earnest


@dataclass
class Governor:
    """Sees to it that an operator does what a plan says: no other step, and at no higher price."""

    plan: Plan
    approvals: tuple[str, ...] = ()
    journals: list[Journal] = field(default_factory=list)

    def govern(self, operator: Operator) -> None:
        """Take hold of an operator before it sends."""
        operator.gate = Gate(self.plan)
        most = int(self.plan.binds.most_fee)
        given = operator.prices.most
        operator.prices = replace(operator.prices, most=most if given is None else min(given, most))
        journal = operator.journal
        if journal is None:
            return
        facts = {"plan": self.plan.digest, "approvals": list(self.approvals)}
        if facts not in journal.notes:
            journal.note(facts)


def run_in_earnest(
    context: click.Context, words: Sequence[str], options: Mapping[str, Any], governor: Governor
) -> int:
    """Run a command as its plan says; its exit code.

    Raises: what the command raises.
    """
    leaf = command_of(context, words)
    context.meta[GOVERNOR] = governor
    try:
        with _opened(context, leaf, options) as own:
            click.Command.invoke(leaf.command, own)
    except click.exceptions.Exit as ended:
        return ended.exit_code
    finally:
        del context.meta[GOVERNOR]
    return 0
