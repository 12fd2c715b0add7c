# SPDX-License-Identifier: MIT
"""How many questions a second a host is asked, where its owner or provider has set a limit.

A bucket holds a second's worth of tokens and is filled evenly. Each question takes one, so that a
batch of a hundred counts as a provider counts it. All connections of a process to one host share
its bucket.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from prorata.errors import InputError

__all__ = ["Bucket", "bucket_for"]

_BUCKETS: dict[tuple[str, float], Bucket] = {}
_LOCK = threading.Lock()


class Bucket:
    """Lets through so many questions a second, and as many at once after a pause.

    Raises: InputError when `rate` is no number above 0.
    """

    def __init__(
        self,
        rate: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if not 0 < rate < float("inf"):
            raise InputError.of(
                "requests_per_second", rate, "is no number above 0", "leave it out for no limit"
            )
        self.rate = rate
        self._most = max(1.0, rate)
        self._clock, self._sleep = clock, sleep
        self._tokens, self._filled_at = self._most, clock()
        self._lock = threading.Lock()

    def take(self, count: int) -> None:
        """Wait until so many more questions may be asked.

        More than a second's worth is let through once the bucket is full, and owed after that.
        """
        with self._lock:
            now = self._clock()
            gained = (now - self._filled_at) * self.rate
            self._tokens, self._filled_at = min(self._most, self._tokens + gained), now
            missing = min(count, self._most) - self._tokens
            self._tokens -= count
        if missing > 0:
            self._sleep(missing / self.rate)


def bucket_for(host: str, rate: float | None) -> Bucket | None:
    """The bucket of a host; None where nothing is limited.

    Raises: InputError.
    """
    if rate is None:
        return None
    with _LOCK:
        return _BUCKETS.setdefault((host, rate), Bucket(rate))
