# SPDX-License-Identifier: MIT
"""Meetings of the holders of record: convened, voted on, counted, and written down."""
