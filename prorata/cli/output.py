# SPDX-License-Identifier: MIT
"""Output: lines and tables for a person, or one JSON document for a program.

Sentences name commands as `prorata …`. Whoever came through ape reads `ape run …` instead.
"""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table

from prorata.chain.steps import Progress
from prorata.cli.names import has_address, named, named_cell, named_facts
from prorata.errors import InputError, ProrataError
from prorata.files.writer import json_pieces

__all__ = [
    "DIGEST",
    "GOVERNOR",
    "MOST_ROWS",
    "REPEATED",
    "SENT",
    "STAGE",
    "Output",
    "escape",
    "refuse",
    "shortened",
    "spoken",
    "usage_refusal",
]

PIPE_WIDTH = 110
WIDEST = 10_000
MOST_ROWS = 20

STAGE = "prorata.stage"
"""Where a context keeps the stage on which its command is played, which prints nothing."""

GOVERNOR = "prorata.governor"
"""Where a run finds the plan that it must keep to."""

DIGEST = "prorata.digest"
"""Where a context keeps the digest of what its command would send."""

REPEATED = "prorata.repeated"
"""Where a context keeps what an earlier run had sent, in words, if this one sent nothing."""

SENT = "prorata.sent"
"""Where a context keeps whether its command, which has an account, has sent anything."""

_SAID = "prorata.said"
"""Where a context remembers that a person was told that nothing was sent."""

_PRINTED = "prorata.printed"
"""Where a run remembers that its JSON document is out."""


@dataclass
class Output:
    """What a command says: to a person, or with `as_json` to a program."""

    as_json: bool

    def __post_init__(self) -> None:
        """Prepare the two consoles."""
        # A pipe has no width of its own, and an address must not be cut in two.
        width = None if sys.stdout.isatty() else PIPE_WIDTH
        context = click.get_current_context(silent=True)
        stage = None if context is None else context.meta.get(STAGE)
        self.played = stage is not None
        self.console = Console(quiet=self.as_json or self.played, highlight=False, width=width)
        quiet = stage is not None and stage.quiet
        self.aside = Console(stderr=True, highlight=False, soft_wrap=True, quiet=quiet)

    def say(self, text: str) -> None:
        """A line for a person."""
        self.console.print(spoken(named(text, escape)), soft_wrap=True)
        if "othing was sent" in text and not self.played:
            _meta()[_SAID] = True

    def say_repeated(self) -> None:
        """That nothing was sent, and why: unless a person knows by now."""
        meta = _meta()
        if meta.get(SENT) is False and _SAID not in meta:
            self.say(f"Nothing was sent: {meta.get(REPEATED, 'there was nothing left to do')}")

    def notice(self, text: str) -> None:
        """A line that a program's user should see too."""
        self.aside.print(f"[yellow]![/] {escape(spoken(named(text)))}.")

    def table(
        self,
        title: str,
        columns: Sequence[str],
        rows: Sequence[Sequence[str]],
        *,
        most: int | None = MOST_ROWS,
        more: str = "`--json` lists them all",
    ) -> None:
        """A table for a person; columns whose name ends with `>` are aligned right.

        Of more than `most` rows the first are shown, and `more` says where the others are. No
        address is folded in two: where one does not fit a terminal, all are shortened, and a pipe
        is as wide as it needs to be.
        """
        if title:
            # On a line of its own, since a narrow table would fold an address in it.
            self.console.print(f"[italic]{escape(spoken(named(title)))}[/]", soft_wrap=True)
        self._draw(columns, rows[:most])
        if most is not None and len(rows) > most:
            self.say(f"  and {len(rows) - most:,} more: {more}")

    def _draw(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        table = _drawn(columns, rows, short=False)
        wide = self.console.options.update(width=WIDEST)
        width = self.console.measure(table, options=wide).minimum
        if width > self.console.width and self.console.is_terminal:
            table = _drawn(columns, rows, short=True)
        elif width > self.console.width:
            self.console.print(table, width=width)
            return
        self.console.print(table)

    def result(self, facts: Mapping[str, Any]) -> None:
        """The whole result, for a program."""
        if self.as_json and not self.played:
            again = {n: fact for n, fact in _repetition().items() if n not in facts}
            _print(named_facts({**facts, **again, **_confirmation()}))

    @contextlib.contextmanager
    def counter(self, label: str) -> Iterator[Callable[[int, int], None]]:
        """A bar that follows how many of how many things are done."""
        with self.progress() as follow:
            yield lambda done, total: follow(Progress(label, done, total))

    @contextlib.contextmanager
    def progress(self) -> Iterator[Callable[[Progress], None]]:
        """A bar that follows an operator's steps."""
        bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self.console,
            transient=True,
            disable=not self.console.is_terminal,
        )
        with bar:
            task = bar.add_task("connecting", total=None)

            def follow(progress: Progress) -> None:
                again = " (done before)" if progress.resumed else ""
                bar.update(
                    task,
                    description=escape(shortened(progress.label)) + again,
                    completed=progress.done,
                    total=progress.total or None,
                )

            yield follow


def _drawn(columns: Sequence[str], rows: Sequence[Sequence[str]], *, short: bool) -> Table:
    table = Table(header_style="bold", box=SIMPLE_HEAD)
    shown = [[named_cell(shortened(cell), short=short) for cell in row] for row in rows]
    for number, column in enumerate(columns):
        cells = [row[number] for row in shown]
        table.add_column(
            column.rstrip(">"),
            justify="right" if column.endswith(">") else "left",
            overflow="fold",
            min_width=_least(cells, short=short),
        )
    for row in shown:
        table.add_row(*map(escape, row))
    return table


def _least(cells: Sequence[str], *, short: bool) -> int | None:
    """How wide a column must be, for no address in it to be folded; a name may be, if `short`."""
    if not has_address(cells) and not any("…" in cell for cell in cells):
        return None
    return max(len(part) for cell in cells for part in (cell.split() if short else [cell]) or [""])


def _confirmation() -> dict[str, Any]:
    """What a dry run that a command shows by itself has to be confirmed with."""
    context = click.get_current_context(silent=True)
    shown = context is not None and context.params.get("dry_run")
    digest = _meta().get(DIGEST)
    return ({"dry_run": True} if shown else {}) | ({} if digest is None else {"digest": digest})


def _repetition() -> dict[str, Any]:
    """Whether a command that sends has found all of it sent by an earlier run."""
    context, meta = click.get_current_context(silent=True), _meta()
    if context is not None and context.params.get("dry_run"):
        return {}
    return {"resumed": meta.get(REPEATED) is not None} if SENT in meta else {}


def _meta() -> dict[str, Any]:
    context = click.get_current_context(silent=True)
    return {} if context is None else context.meta


# -------------------------------------------------------------------------------------- refusals


def refuse(error: ProrataError, *, as_json: bool) -> None:
    """Say why nothing more is done: to a person on stderr, to a program on stdout.

    A program that has its document already, such as books that do not balance, gets no second one.
    """
    context = click.get_current_context(silent=True)
    if as_json and not (context and context.meta.get(_PRINTED)):
        facts = {name: _worded(value) for name, value in error.as_json().items()}
        _print({"error": facts})
        return
    Console(stderr=True, highlight=False, soft_wrap=True).print(
        f"[red]✗[/] {escape(spoken(named(_told(error))))}."
    )


def _told(error: ProrataError) -> str:
    """The error for a person: of very many faults the first, and where the others are."""
    lines = str(error).split("\n")
    shown = MOST_ROWS + 1
    if not isinstance(error, InputError) or len(lines) <= shown:
        return str(error)
    more = f"  and {len(lines) - shown:,} more: `--json` lists them all"
    return "\n".join([*lines[:shown], more])


def usage_refusal(error: click.UsageError) -> None:
    """Say to a program that its options are wrong."""
    option = getattr(error, "option_name", None) or getattr(error, "param_hint", None)
    parameter = getattr(error, "param", None)
    if option is None and parameter is not None:
        option = parameter.opts[0] if parameter.opts else parameter.name
    usage = "" if error.ctx is None else f"`{error.ctx.command_path} --help` shows the options"
    rule = error.format_message().rstrip(".")
    _print(
        {"error": {"kind": "UsageError", "value": option, "rule": rule, "remedy": spoken(usage)}}
    )


def _print(document: Mapping[str, Any]) -> None:
    for piece in json_pieces(document):
        click.echo(piece, nl=False)
    if (context := click.get_current_context(silent=True)) is not None:
        context.meta[_PRINTED] = True


def _worded(value: object) -> object:
    return spoken(value) if isinstance(value, str) else value


# ------------------------------------------------------------------------------------------ words


def spoken(text: str) -> str:
    """The text with commands as the reader runs them: by ape, `ape run deploy`."""
    context = click.get_current_context(silent=True)
    through_ape = context is not None and context.find_root().info_name == "ape"
    return text.replace("`prorata ", "`ape run ") if through_ape else text


def shortened(text: str) -> str:
    """A text with its transaction hashes cut, to fit a line."""
    return re.sub(r"0x([0-9a-f]{8})[0-9a-f]{48}([0-9a-f]{8})\b", r"0x\1…\2", text)


def escape(text: str) -> str:
    """A text whose brackets are no markup."""
    return text.replace("[", r"\[")
