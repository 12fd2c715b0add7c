# SPDX-License-Identifier: MIT
"""Schedules: when an asset pays what, in integer units, from terms that people write. Pure."""
