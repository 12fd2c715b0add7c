# SPDX-License-Identifier: MIT
"""The rent of the building, before it is paid: a waterfall says what of a quarter holders get.

Repairs, the manager and the bank come first, then a reserve; the rest is what is declared. It is
computed from the files of the example by the functions of `prorata waterfall run`, and the
distribution carries the hash of its sheet.
"""

from __future__ import annotations

from prorata.assets.examples import EXAMPLES
from prorata.assets.waterfalls.periods import read_periods
from prorata.assets.waterfalls.sheets import Sheet
from prorata.assets.waterfalls.terms import WaterfallTerms
from prorata.assets.waterfalls.waterfall import run
from prorata.demo.narration import Narrator
from prorata.register.documents import hash_of

__all__ = ["Rents"]

FOLDER = EXAMPLES / "building"
HOLDERS = "holders"


class Rents:
    """The quarters of rent, and what becomes of each."""

    def __init__(self) -> None:
        path = FOLDER / "rents.yaml"
        self.terms = WaterfallTerms.load(path)
        periods = read_periods(FOLDER / "rents.csv", self.terms)
        self.sheets = run(self.terms, periods, f"0x{hash_of(path).hex()}")

    def sheet(self, quarter: int) -> Sheet:
        """The sheet of a quarter, from 1."""
        return self.sheets[quarter - 1]

    def amount(self, quarter: int) -> str:
        """What of a quarter holders get, as people write it."""
        units = sum(one.amount for one in self.sheet(quarter).payments if one.to == HOLDERS)
        return self.terms.unit.text(units, grouping=False)

    def document_hash(self, quarter: int) -> bytes:
        """The hash of the sheet that says so."""
        return bytes.fromhex(self.sheet(quarter).hash.removeprefix("0x"))

    def tell(self, narrator: Narrator, quarter: int) -> None:
        """One step: the rent of a quarter, and who is paid before the holders."""
        sheet, text = self.sheet(quarter), self.terms.unit.text
        with narrator.step("Rent comes in") as step:
            paid = [f"{line.bucket} {text(line.paid)}" for line in sheet.lines]
            step.say(f"{text(sheet.period.collections)} USD: {', '.join(paid)}")
            step.say(f"in the reserve {text(sheet.reserve_closing)}, of 25,000 that it may have")
