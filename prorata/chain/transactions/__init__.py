# SPDX-License-Identifier: MIT
"""Transactions: planned, signed, sent, seen mined, and taken up again by a later run."""
