# SPDX-License-Identifier: MIT
"""What the routes use: one for each application, as `request.app.state.service`."""

from __future__ import annotations

import threading
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass, field

from prorata.service.analysis.process import Analyst
from prorata.service.audits import Audits
from prorata.service.cursors import Cursors
from prorata.service.limits import Limiter
from prorata.service.offices import Offices
from prorata.service.questions import Questions
from prorata.service.reader import Reader
from prorata.service.settings import Settings

__all__ = ["Bodies", "Service"]


BODIES_BYTES = 8_000_000
LARGEST_BODY = 200_000


class Bodies:
    """Answers that were made lately, by their tags: a tag is of all that its answer depends on."""

    def __init__(self, most: int = BODIES_BYTES) -> None:
        self.most = most
        self.bytes = 0
        self._alone = threading.Lock()
        self._kept: OrderedDict[str, bytes] = OrderedDict()

    def get(self, tag: str) -> bytes | None:
        """The answer of that tag, if it is still here."""
        found = self._kept.get(tag)
        if found is not None:
            # From another thread it may have gone meanwhile.
            with suppress(KeyError):
                self._kept.move_to_end(tag)
        return found

    def put(self, tag: str, body: bytes) -> None:
        """Keep one; those that were not asked for the longest go."""
        with self._alone:
            if len(body) > LARGEST_BODY or tag in self._kept:
                return
            self._kept[tag] = body
            self.bytes += len(body)
            while self.bytes > self.most:
                self.bytes -= len(self._kept.popitem(last=False)[1])


@dataclass
class Service:
    """The parts of a service; `ending` once its process was told to end."""

    settings: Settings
    reader: Reader
    offices: Offices
    limiter: Limiter
    cursors: Cursors
    audits: Audits
    analyst: Analyst
    bodies: Bodies = field(default_factory=Bodies)
    questions: Questions = field(default_factory=Questions)
    ending: bool = False
