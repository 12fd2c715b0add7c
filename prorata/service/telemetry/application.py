# SPDX-License-Identifier: MIT
"""The application as it is run: logged, counted and traced, as the operator wishes."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prorata.service.telemetry.logs import Observed, configure_logs
from prorata.service.telemetry.metrics import request_metrics
from prorata.service.telemetry.traces import ENDPOINT, trace

if TYPE_CHECKING:
    from fastapi import FastAPI


__all__ = ["Wished", "observed_app"]


@dataclass(frozen=True)
class Wished:
    """What of a service is to be seen."""

    logs: bool = True
    metrics: bool = False


def observed_app(make: Callable[[], FastAPI], wished: Wished) -> FastAPI:
    """What `make` makes, observed as wished; traced where a collector is named.

    Raises: as `make`; InputError when it is to be traced and cannot be.
    """
    app = make()
    if wished.logs:
        configure_logs()
    if wished.logs or wished.metrics:
        app.add_middleware(Observed, metrics=request_metrics() if wished.metrics else None)
    if os.environ.get(ENDPOINT):
        trace(app)
    return app
