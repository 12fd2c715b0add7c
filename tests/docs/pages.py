"""The pages of the documentation: their blocks, their commands, their links and headings."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from prorata.toolchain.paths import PROJECT_ROOT

__all__ = ["PAGES", "Block", "Page"]

_BLOCK = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r".+<<'(?P<end>\w+)'\n(?:.*\n)*?(?P=end)|.+")
_INDENTED = re.compile(r"(?:^    .*\n)+", re.MULTILINE)
_SPAN = re.compile(r"`([^`]+)`")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


SHOWN = ("text", "json")
"""The languages of a block that shows what was printed."""


@dataclass(frozen=True)
class Block:
    """A fenced block of a page, in its language, from line `line` on."""

    page: Page
    language: str
    text: str
    line: int

    @property
    def commands(self) -> list[str]:
        """The commands: in `sh` every line, in `console` those behind a `$`.

        A line that ends with a backslash goes on, and a here-document belongs to its line.
        """
        text = self.text.replace("\\\n", " ")
        if self.language == "console":
            text = "\n".join(re.findall(r"^\$ (.*)", text, re.MULTILINE))
        found = (match[0].strip() for match in _COMMAND.finditer(text))
        return [line for line in found if shlex.split(line, comments=True)]


@dataclass(frozen=True)
class Page:
    """One page, by its path from the root of the checkout."""

    name: str

    @property
    def path(self) -> Path:
        return PROJECT_ROOT / self.name

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @property
    def prose(self) -> str:
        """What is in no fenced block."""
        return _BLOCK.sub("", self.text)

    def blocks(self, *languages: str) -> list[Block]:
        """Its fenced blocks in these languages, or all of them."""
        return [
            Block(
                self, found["language"], found["text"], self.text[: found.start()].count("\n") + 1
            )
            for found in _BLOCK.finditer(self.text)
            if not languages or found["language"] in languages
        ]

    def shown_after(self, block: Block) -> str | None:
        """The `text` or `json` block right behind a block: what its commands print."""
        blocks = self.blocks()
        place = [other.line for other in blocks].index(block.line)
        if place + 1 == len(blocks) or blocks[place + 1].language not in SHOWN:
            return None
        shown = blocks[place + 1]
        gap = block.line + block.text.count("\n") + 2
        between = self.text.splitlines()[gap - 1 : shown.line - 1]
        return shown.text if not any(between) else None

    def spans(self) -> list[str]:
        """What stands between backticks in the prose, on one line each."""
        return [" ".join(span.split()) for span in _SPAN.findall(self.prose)]

    def indented(self) -> list[str]:
        """The lines of its indented blocks."""
        blocks = _INDENTED.findall(self.prose)
        return [line.strip() for block in blocks for line in block.splitlines()]

    def links(self) -> Iterator[tuple[Path, str]]:
        """File and heading of each link that stays in the checkout."""
        for target in _LINK.findall(self.prose):
            if "://" not in target:
                file, _, heading = target.partition("#")
                yield ((self.path.parent / file) if file else self.path), heading

    def anchors(self) -> set[str]:
        """What a link may name of it, as Git hosts make it of the headings."""
        words = (
            re.sub(r"[^\w\- ]", "", heading.lower()) for heading in _HEADING.findall(self.text)
        )
        return {heading.replace(" ", "-") for heading in words}


PAGES = tuple(
    Page(path.relative_to(PROJECT_ROOT).as_posix())
    for path in (
        PROJECT_ROOT / "README.md",
        PROJECT_ROOT / "CHANGELOG.md",
        *sorted((PROJECT_ROOT / "docs").rglob("*.md")),
    )
)
"""README, changelog and everything in docs/."""
