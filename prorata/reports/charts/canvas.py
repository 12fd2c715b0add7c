# SPDX-License-Identifier: MIT
"""What a chart is drawn on: elements of SVG, with coordinates rounded to hundredths.

Colours are variables of the page, with what they are on white paper as their fallback, and text has
the colour of the text around it: so a chart is readable in the dark, and in print.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from html import escape
from typing import TypeAlias

__all__ = [
    "BLUE",
    "DARK",
    "GREEN",
    "GREY",
    "INK",
    "LETTER",
    "LIGHT",
    "ORANGE",
    "PAPER",
    "RULE",
    "SOFT",
    "WIDTH",
    "Canvas",
    "Key",
    "Number",
    "colour",
    "place",
    "shortened",
    "width_of",
]

Number: TypeAlias = int | float | Fraction

WIDTH = 360
"""Units across: as wide as a small screen, so that text is never drawn smaller there."""

LETTER, CAPITAL = 0.56, 0.7
"""The width of a letter, on average, in parts of its height."""

LIGHT = {
    "paper": "#ffffff", "ink": "#1d2733", "soft": "#56616e", "rule": "#c9d0d8",
    "c1": "#20558a", "c2": "#a8590c", "c3": "#2a7a5e", "c4": "#84397a", "c5": "#66727f",
    "c6": "#a4383a",
}  # fmt: skip
"""The colours on paper: each of c1 to c6 stands out from it by 3 to 1, and text by 4.5."""

DARK = {
    "paper": "#14191f", "ink": "#e8ecf1", "soft": "#a9b4c0", "rule": "#3b4652",
    "c1": "#7cb4ea", "c2": "#eba55a", "c3": "#67c8a2", "c4": "#d992cd", "c5": "#9aa6b3",
    "c6": "#f08d86",
}  # fmt: skip
"""The same in the dark."""

INK = "currentColor"

Key: TypeAlias = tuple[str, str, str | None]
"""A name of a legend, its colour, and for a line its dashes."""

BLUE, ORANGE, GREEN, PURPLE, GREY, RED = range(6)
"""The numbers of the colours."""


def _variable(name: str) -> str:
    return f"var(--{name},{LIGHT[name]})"


SOFT, RULE, PAPER = map(_variable, ("soft", "rule", "paper"))


def colour(number: int) -> str:
    """The colour of the series of a number, from 0."""
    return _variable(f"c{number % 6 + 1}")


def shortened(text: str, room: Number, size: Number) -> str:
    """As much of a text as there is room for; the table beside the chart has all of it."""
    most = max(int(room / (size * LETTER)), 2)
    return text if len(text) <= most else f"{text[: most - 1].rstrip(' .,')}…"


def width_of(text: str, size: Number) -> Number:
    """About how wide a text is: symbols of assets are capitals."""
    return sum(CAPITAL if letter.isupper() else LETTER for letter in text) * float(size)


def place(number: Number) -> str:
    """A coordinate as it is written."""
    text = f"{float(number):.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


@dataclass
class Canvas:
    """Elements in the order in which they are drawn; the upper left corner is 0, 0."""

    height: Number
    width: Number = WIDTH
    _parts: list[str] = field(default_factory=list)

    def element(self, name: str, content: str | None = None, /, **attributes: Number | str) -> None:
        """Any element; an underscore in a name of an attribute is a hyphen."""
        written = "".join(
            f' {key.replace("_", "-")}="{escape(v) if isinstance(v, str) else place(v)}"'
            for key, v in attributes.items()
        )
        end = "/>" if content is None else f">{escape(content, quote=False)}</{name}>"
        self._parts.append(f"<{name}{written}{end}")

    def bar(self, x: Number, y: Number, width: Number, height: Number, fill: str) -> None:
        """A filled rectangle."""
        self.element("rect", x=x, y=y, width=width, height=height, fill=fill)

    def text(
        self,
        x: Number,
        y: Number,
        text: str,
        *,
        size: Number = 11,
        anchor: str = "start",
        fill: str = INK,
        bold: bool = False,
    ) -> None:
        """A line of text; `y` is where its letters stand."""
        more: dict[str, Number | str] = {} if anchor == "start" else {"text_anchor": anchor}
        if bold:
            more["font_weight"] = "bold"
        self.element("text", text, x=x, y=y, font_size=size, fill=fill, **more)

    def line(
        self,
        points: Sequence[tuple[Number, Number]],
        stroke: str,
        *,
        width: Number = 2,
        dashes: str = "",
    ) -> None:
        """A line through points."""
        more: dict[str, Number | str] = {"stroke_dasharray": dashes} if dashes else {}
        at = " ".join(f"{place(x)},{place(y)}" for x, y in points)
        self.element("polyline", points=at, fill="none", stroke=stroke, stroke_width=width, **more)

    def legend(self, keys: Sequence[Key], y: Number) -> Number:
        """Names with their colours, in lines; where the next thing may stand."""
        x: Number = 0
        for name, fill, dashes in keys:
            length = 10 if dashes is None else 26
            room = length + width_of(name, 11) + 18
            if x > 0 and x + room > self.width + 8:
                x, y = 0, y + 16
            if dashes is None:
                self.bar(x, y, length, 10, fill)
            else:
                self.line([(x, y + 5), (x + length, y + 5)], fill, dashes=dashes)
            left = x + length + 4
            self.text(left, y + 9, shortened(name, self.width - left, 11), fill=SOFT)
            x += room
        return y + 18 if keys else y

    def svg(self, title: str, about: str) -> str:
        """The picture: its first two elements are what a screen reader reads."""
        head = (
            f"<title>{escape(title, quote=False)}</title><desc>{escape(about, quote=False)}</desc>"
        )
        size = f'viewBox="0 0 {place(self.width)} {place(self.height)}"'
        return f'<svg role="img" {size}>{head}{"".join(self._parts)}</svg>'
