# SPDX-License-Identifier: MIT
"""Output: lines and tables for a person, or one JSON document for a program."""

from __future__ import annotations

import contextlib
import json
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

__all__ = ["Output", "escape", "shortened"]
PIPE_WIDTH = 110


@dataclass
class Output:
    """What a command says: to a person, or with `as_json` to a program."""

    as_json: bool

    def __post_init__(self) -> None:
        """Prepare the two consoles."""
        # A pipe has no width of its own, and an address must not be cut in two.
        width = None if sys.stdout.isatty() else PIPE_WIDTH
        self.console = Console(quiet=self.as_json, highlight=False, width=width)
        self.aside = Console(stderr=True, highlight=False, soft_wrap=True)

    def say(self, text: str) -> None:
        """A line for a person."""
        self.console.print(text, soft_wrap=True)

    def notice(self, text: str) -> None:
        """A line that a program's user should see too."""
        self.aside.print(f"[yellow]![/] {escape(text)}.")

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A table for a person; columns whose name ends with `>` are aligned right."""
        table = Table(title=title, title_justify="left", header_style="bold", box=SIMPLE_HEAD)
        for column in columns:
            side = column.endswith(">")
            table.add_column(
                column.rstrip(">"), justify="right" if side else "left", overflow="fold"
            )
        for row in rows:
            table.add_row(*(escape(shortened(cell)) for cell in row))
        self.console.print(table)

    def result(self, facts: Mapping[str, Any]) -> None:
        """The whole result, for a program."""
        if self.as_json:
            click.echo(json.dumps(facts, indent=2, ensure_ascii=False))

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


# ------------------------------------------------------------------------------------------ words


def shortened(text: str) -> str:
    """A text with its transaction hashes cut, to fit a line."""
    return re.sub(r"0x([0-9a-f]{8})[0-9a-f]{48}([0-9a-f]{8})\b", r"0x\1…\2", text)


def escape(text: str) -> str:
    """A text whose brackets are no markup."""
    return text.replace("[", r"\[")
