# SPDX-License-Identifier: MIT
"""What operators see of a running service: metrics, logs of one line a request, traces."""

from __future__ import annotations

__all__: list[str] = []
