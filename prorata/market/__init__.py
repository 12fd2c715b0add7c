# SPDX-License-Identifier: MIT
"""The market: signed orders and trades, what settles them, and shares that are held."""
