# SPDX-License-Identifier: MIT
"""The worked example told on a console, step by step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from textwrap import wrap

from rich.console import Console, RenderableType
from rich.markup import escape
from rich.padding import Padding

__all__ = ["Narrator"]


# -------------------------------------------------------------------------------------- telling


class Narrator:
    """Numbered steps on a console: a title, what came of it, and tables beneath.

    Only a terminal sees a step that is under way; elsewhere there are finished lines alone.
    """

    INDENT = 5
    TITLE_WIDTH = 25
    COMFORTABLE = 88

    def __init__(self, console: Console) -> None:
        self.console = console
        self._number = 0

    def heading(self, text: str) -> None:
        """A line between parts of the story."""
        self.console.print(f"\n[bold]{escape(text)}[/]", highlight=False)

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """One step: shown as under way, then printed with what it said."""
        self._number += 1
        step = Step()
        held = self.console.status(f"{title} …") if self.console.is_terminal else nullcontext()
        with held:
            yield step
        margin = self.INDENT + self.TITLE_WIDTH
        room = max(self.console.width - margin, 20)
        first, *rest = [part for line in step.lines for part in wrap(line, room)] or [""]
        number, named = f"{self._number:>{self.INDENT - 2}}", title.ljust(self.TITLE_WIDTH)
        self.say(f"[cyan]{number}[/]  [bold]{escape(named)}[/]{escape(first)}")
        for line in rest:
            self.say(" " * margin + escape(line))
        for table in step.tables:
            self.show(table)
        if step.tables:
            self.say("")

    def say(self, text: str) -> None:
        """One line, with markup."""
        self.console.print(text, highlight=False, soft_wrap=True)

    def show(self, table: RenderableType) -> None:
        """A table beneath a step, with an empty line before it."""
        indent = self.INDENT if self.console.width >= self.COMFORTABLE else 1
        self.console.print()
        self.console.print(Padding(table, (0, 0, 0, indent), expand=False), highlight=False)


@dataclass
class Step:
    """What a step will print when it is over."""

    lines: list[str] = field(default_factory=list)
    tables: list[RenderableType] = field(default_factory=list)

    def say(self, line: str) -> None:
        """A line behind, or under, the title."""
        self.lines.append(line)
