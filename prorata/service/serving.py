# SPDX-License-Identifier: MIT
"""What the routes use: one for each application, as `request.app.state.service`."""

from __future__ import annotations

from dataclasses import dataclass

from prorata.service.cursors import Cursors
from prorata.service.limits import Limiter
from prorata.service.offices import Offices
from prorata.service.reader import Reader
from prorata.service.settings import Settings

__all__ = ["Service"]


@dataclass
class Service:
    """The parts of a service; `ending` once its process was told to end."""

    settings: Settings
    reader: Reader
    offices: Offices
    limiter: Limiter
    cursors: Cursors
    ending: bool = False
