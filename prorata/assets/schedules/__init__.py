# SPDX-License-Identifier: MIT
"""Schedules: when an asset pays what, in integer units, from terms that people write. Pure.

`cycles` and `periods` make dates, `rates` and `principal` say what they cost, `servicing` puts
whole units on them, `terms` reads a file, and `sheets` is what comes out.
"""

from prorata.assets.schedules.cycles import Cycle, parse_cycle
from prorata.assets.schedules.periods import Accrual, Grid, Period, Stub, make_periods
from prorata.assets.schedules.principal import (
    Annuity,
    Bullet,
    EqualParts,
    Instalments,
    Listed,
    Principal,
)
from prorata.assets.schedules.rates import FixedRate, Fixing, FloatingRate, Rate, SteppedRate
from prorata.assets.schedules.record_times import Days, RecordTimes
from prorata.assets.schedules.roundings import Basis, Direction, Rounding, round_to
from prorata.assets.schedules.servicing import (
    Accrued,
    Called,
    Claim,
    Fee,
    Line,
    accrued_at,
    service,
)
from prorata.assets.schedules.sheets import LineDocument, ScheduleSheet, SheetLine
from prorata.assets.schedules.terms import ScheduleTerms

__all__ = [
    "Accrual",
    "Accrued",
    "Annuity",
    "Basis",
    "Bullet",
    "Called",
    "Claim",
    "Cycle",
    "Days",
    "Direction",
    "EqualParts",
    "Fee",
    "FixedRate",
    "Fixing",
    "FloatingRate",
    "Grid",
    "Instalments",
    "Line",
    "LineDocument",
    "Listed",
    "Period",
    "Principal",
    "Rate",
    "RecordTimes",
    "Rounding",
    "ScheduleSheet",
    "ScheduleTerms",
    "SheetLine",
    "SteppedRate",
    "Stub",
    "accrued_at",
    "make_periods",
    "parse_cycle",
    "round_to",
    "service",
]
