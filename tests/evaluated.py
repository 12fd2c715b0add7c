"""An evaluator of the few formulas that workbooks have, written from what Excel says of them.

It reads the file as a spreadsheet does: every cell but formulas, which it works out by itself, in
exact decimals. What it comes to can then be held against the values that stand in the file.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

from openpyxl import load_workbook

TOKEN = re.compile(
    r"""\s*(?:(?P<text>"[^"]*")|(?P<ref>(?:'[^']+'|\w+)?!?\$?[A-Z]+\d+(?::[A-Z]+\d+)?)
    |(?P<name>ROUND|SUMIF|SUM|COUNTA)\(|(?P<number>\d+(?:\.\d+)?)|(?P<sign>[-+,()]))""",
    re.VERBOSE,
)


class Evaluated:
    """A workbook whose formulas are worked out; `cached` has what stands in the file."""

    def __init__(self, path: Path) -> None:
        self.live = load_workbook(path)
        self.cached = load_workbook(path, data_only=True)

    def formulas(self):
        """Where each formula stands: sheet and cell."""
        for sheet in self.live:
            for row in sheet.iter_rows():
                yield from ((sheet.title, c.coordinate) for c in row if c.data_type == "f")

    def value(self, sheet, cell):
        """What a cell comes to."""
        found = self.live[sheet][cell]
        if found.data_type != "f":
            return number(found.value)
        tokens = list(TOKEN.finditer(found.value[1:]))
        assert "".join(match[0] for match in tokens) == found.value[1:], found.value
        reader = Reader(self, sheet, tokens)
        result = reader.expression()
        assert reader.at == len(tokens), found.value
        return result

    def kept(self, sheet, cell):
        """What stands in the file."""
        return number(self.cached[sheet][cell].value)


class Reader:
    """A formula, read from left to right."""

    def __init__(self, book, sheet, tokens):
        self.book, self.sheet, self.tokens, self.at = book, sheet, tokens, 0

    def peek(self, *signs):
        return self.at < len(self.tokens) and self.tokens[self.at]["sign"] in signs

    def take(self, sign):
        assert self.peek(sign)
        self.at += 1

    def expression(self):
        total = self.term()
        while self.peek("+", "-"):
            sign = self.tokens[self.at]["sign"]
            self.at += 1
            total = total + self.term() if sign == "+" else total - self.term()
        return total

    def term(self):
        if self.peek("-"):
            self.at += 1
            return -self.term()
        token = self.tokens[self.at]
        self.at += 1
        if token["number"]:
            return Decimal(token["number"])
        if token["ref"]:
            [only] = self.cells(token["ref"])
            return only if isinstance(only, Decimal) else Decimal(0)
        return getattr(self, token["name"].lower())()

    def round(self):
        value = self.expression()
        self.take(",")
        places = self.expression()
        self.take(")")
        return value.quantize(Decimal(1).scaleb(-int(places)), ROUND_HALF_UP)

    def range(self):
        token = self.tokens[self.at]
        self.at += 1
        return self.cells(token["ref"])

    def sum(self):
        found = self.range()
        self.take(")")
        return sum((one for one in found if isinstance(one, Decimal)), Decimal(0))

    def sumif(self):
        wanted = self.range()
        self.take(",")
        name = self.tokens[self.at]["text"].strip('"')
        self.at += 1
        self.take(",")
        amounts = self.range()
        self.take(")")
        pairs = zip(wanted, amounts, strict=True)
        return sum((a for w, a in pairs if w == name and isinstance(a, Decimal)), Decimal(0))

    def cells(self, ref):
        sheet, _, cells = ref.rpartition("!")
        named = sheet.strip("'") or self.sheet
        first, _, last = cells.partition(":")
        if not last:
            return [self.book.value(named, first)]
        area = self.book.live[named][cells]
        return [self.book.value(named, cell.coordinate) for row in area for cell in row]


def number(value):
    """A number as a decimal, whatever the file's library made of it; text as it is."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Decimal(repr(value))
    return value
