# SPDX-License-Identifier: MIT
"""Figures over HTTP: what is asked is computed in a process of its own, which may be ended."""

__all__: list[str] = []
