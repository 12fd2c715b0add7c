# SPDX-License-Identifier: MIT
"""Metrics for Prometheus, on a loopback port of their own: of requests, and of the processes.

Several workers write to files in one folder, which the process that serves the port adds up. The
folder has to be named before the library is imported, so that nothing here imports it early.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from prorata.errors import InputError

if TYPE_CHECKING:
    from prometheus_client.registry import Collector, CollectorRegistry

__all__ = ["FOLDER", "gathered", "request_metrics", "serving_metrics"]

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The variable that names the folder."""

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds of requests, as they are counted together."""


class RequestMetrics:
    """Requests by the template of their route, and how long they took."""

    def __init__(self) -> None:
        from prometheus_client import Counter, Histogram  # noqa: PLC0415 - see above

        self.requests = Counter(
            "prorata_http_requests", "Requests that were answered.", ("method", "route", "status")
        )
        self.seconds = Histogram(
            "prorata_http_request_seconds", "How long an answer took.", ("route",), buckets=BOUNDS
        )


_MADE: list[RequestMetrics] = []


def request_metrics() -> RequestMetrics:
    """Those of this process: a name can be registered once."""
    if not _MADE:
        _MADE.append(RequestMetrics())
    return _MADE[0]


@contextmanager
def gathered() -> Iterator[None]:
    """Processes that are started meanwhile write what they count into one folder."""
    if FOLDER in os.environ:
        yield
        return
    folder = tempfile.mkdtemp(prefix="prorata-metrics-")
    os.environ[FOLDER] = folder
    try:
        yield
    finally:
        del os.environ[FOLDER]
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def serving_metrics(port: int | None, *collectors: Collector) -> Iterator[int | None]:
    """Serve what was counted, and what collectors find out, on a port of this machine's own.

    0 takes a free port; None serves nothing. It gives the port.

    Raises: InputError when the port is taken.
    """
    if port is None:
        yield None
        return
    from prometheus_client import start_http_server  # noqa: PLC0415 - see above

    try:
        server, thread = start_http_server(port, addr="127.0.0.1", registry=registry(*collectors))
    except OSError:
        raise InputError.of(
            "metrics-port", port, "is taken on this machine", "name another one, or 0 for any"
        ) from None
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def registry(*collectors: Collector) -> CollectorRegistry:
    """What is served: this process's and its workers' counts, and what collectors find."""
    from prometheus_client import CollectorRegistry, multiprocess  # noqa: PLC0415 - see above

    made = CollectorRegistry()
    if FOLDER in os.environ:
        multiprocess.MultiProcessCollector(made)  # type: ignore[no-untyped-call]
    for collector in collectors:
        made.register(collector)
    return made
