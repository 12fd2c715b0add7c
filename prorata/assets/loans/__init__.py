# SPDX-License-Identifier: MIT
"""Loans of a pool: the tape, what is due, what was paid, and the monthly report. Pure."""
