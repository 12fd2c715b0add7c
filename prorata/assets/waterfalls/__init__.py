# SPDX-License-Identifier: MIT
"""Waterfalls: who is paid in which order out of what came in. Pure."""
