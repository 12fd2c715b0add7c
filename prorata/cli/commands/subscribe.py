# SPDX-License-Identifier: MIT
"""Place an order in an offering, or sign one for others to bring."""

from __future__ import annotations

from prorata.cli.call_orders import place_command
from prorata.cli.calls import OFFER

cli = place_command(OFFER, "subscribe")
