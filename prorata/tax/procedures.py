# SPDX-License-Identifier: MIT
"""By which procedure over-withheld tax can be repaid, and until when.

In the United States a withholding agent can repay what it withheld too much in a calendar year, by
reimbursement or set-off, until it has filed Form 1042-S for that year or the form is due, which is
on 15 March of the year after (26 CFR 1.1461-2(a); Form 1042-S, box 9). After that it must not: the
holder claims a refund with its own return, Form 1040-NR or 1120-F, from the Internal Revenue
Service. Where the 15th is no business day the form is due later; the last second here is that of
the 15th, which is never too late.

Other countries have other procedures, which whoever repays has to name, with the last second at
which each allows it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from prorata.errors import InputError, Problem
from prorata.values.amounts import strange_character
from prorata.values.times import moment, parse_zone, year_of

__all__ = ["US_REIMBURSEMENT", "Procedure", "procedure_of"]

US_ZONE = "America/New_York"
US_REIMBURSEMENT = "US 1042-S reimbursement"
US_CLAIM = (
    "the holder claims the refund from the Internal Revenue Service with its own return, Form "
    "1040-NR or 1120-F, and the Form 1042-S as issued"
)
LONGEST = 100


@dataclass(frozen=True)
class Procedure:
    """A procedure: its name, who is to be asked once it is too late, and when that is.

    With `until` its window is told; else it is the US procedure's, in which `filed` is when Form
    1042-S of the year was filed, or None.
    """

    name: str
    claim: str
    until: int | None = None
    filed: int | None = None

    def window_of(self, withheld_at: int) -> int:
        """The last second at which tax that was withheld at a second can be repaid."""
        if self.until is not None:
            return self.until
        zone = parse_zone(US_ZONE)
        due = datetime(year_of(withheld_at, zone) + 1, 3, 16, tzinfo=zone)
        last = int(due.timestamp()) - 1
        return last if self.filed is None else min(last, self.filed)

    def fault(self, withheld_at: int, now: int, distribution_id: int) -> Problem | None:
        """That it is too late, if it is."""
        last = self.window_of(withheld_at)
        if now <= last:
            return None
        rule = (
            f"withheld too much at {moment(withheld_at)}, which by the procedure {self.name} could "
            f"be repaid until {moment(last)}: the chain's time is {moment(now)}"
        )
        remedy = f"repay nothing; {self.claim}"
        return Problem(None, "distribution", str(distribution_id), rule, remedy)


def procedure_of(name: str, until: int | None = None, filed: int | None = None) -> Procedure:
    """The procedure of this name; `US` for the American one, whose window is known.

    Raises: InputError for another one without a window, or a window for the American one.
    """
    if name == "US":
        if until is not None:
            rule = "is given for the US procedure, whose window is known"
            raise InputError.of("until", moment(until), rule, "leave it out, or give --form-filed")
        return Procedure(US_REIMBURSEMENT, US_CLAIM, filed=filed)
    if not name.strip() or len(name) > LONGEST or strange_character(name, printable=True):
        rule = "is no name of a procedure"
        raise InputError.of("procedure", name, rule, f"write US, or at most {LONGEST} characters")
    if until is None:
        rule = "is a procedure whose window is not known here"
        raise InputError.of("procedure", name, rule, "give --until, its last day, or write US")
    if filed is not None:
        rule = "is for Form 1042-S, and so for the procedure US only"
        raise InputError.of("form-filed", moment(filed), rule, "leave it out")
    return Procedure(name, "the holder claims the refund from the tax office that has it", until)
