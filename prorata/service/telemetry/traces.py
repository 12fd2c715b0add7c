# SPDX-License-Identifier: MIT
"""Traces by OpenTelemetry, for whoever has the extra `telemetry` and names a collector.

The instrumentation is OpenTelemetry's own, set as its variables say (`OTEL_EXPORTER_OTLP_ENDPOINT`
and so on). An address and a query's value are taken out of each span.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prorata.errors import InputError
from prorata.version import __version__

if TYPE_CHECKING:
    from fastapi import FastAPI

__all__ = ["ENDPOINT", "trace"]

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
"""The variable that names the collector."""

_VALUES = ("http.target", "http.url", "url.full", "url.path", "url.query", "http.user_agent")


def trace(app: FastAPI, exporter: Any = None) -> Any:
    """Have each request of an application traced; the provider, which is to be shut down.

    Raises: InputError when the extra is not installed.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
            OTLPSpanExporter,
        )
        from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import (  # noqa: PLC0415
            BatchSpanProcessor,
            SimpleSpanProcessor,
        )
    except ModuleNotFoundError as error:
        raise InputError.of(
            "traces", error.name, "is not installed",
            "install it with: pip install 'prorata[telemetry]'",
        ) from None  # fmt: skip
    resource = Resource.create({"service.name": "prorata", "service.version": __version__})
    provider = TracerProvider(resource=resource)
    processor = (
        BatchSpanProcessor(OTLPSpanExporter())
        if exporter is None
        else SimpleSpanProcessor(exporter)
    )
    provider.add_span_processor(processor)
    FastAPIInstrumentor.instrument_app(
        app,
        tracer_provider=provider,
        server_request_hook=_without_values,
        excluded_urls="/health,/ready",
        # A stream would have a span for each event.
        exclude_spans=["receive", "send"],
    )
    return provider


def _without_values(span: Any, scope: dict[str, Any]) -> None:
    del scope
    if span is None or not span.is_recording():
        return
    for name in _VALUES:
        if name in (span.attributes or {}):
            span.set_attribute(name, "")
