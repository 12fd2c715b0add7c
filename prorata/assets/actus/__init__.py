# SPDX-License-Identifier: MIT
"""ACTUS contracts played: terms and observed data in, events with payoffs and states out.

An adapter, for comparison and for import: the rules here are those of the ACTUS dictionary and of
its published test results, some of which no lender would write. What this package services itself
is in `prorata.assets.schedules`. Ten contract types are played: PAM, LAM, NAM, ANN, LAX, CLM, UMP,
STK, COM and CSH. A term that would change the result and is not understood is refused.
"""

from prorata.assets.actus.events import ActusEvent
from prorata.assets.actus.play import play

__all__ = ["ActusEvent", "play"]
