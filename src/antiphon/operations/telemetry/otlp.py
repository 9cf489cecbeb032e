"""Spans as OTLP over HTTP, by OpenTelemetry's own SDK and exporter (extra `otel`).

The exporter tries again within its deadline, minding Retry-After (OTLP specification, "OTLP/HTTP
Throttling"); what it does not say is why it gave up, so the answers are read on their way past.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from time import time
from typing import Any, Final

import requests
from google.protobuf.message import DecodeError
from opentelemetry import trace as api
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON

from antiphon import __version__
from antiphon.operations.telemetry.sending import Answer
from antiphon.operations.telemetry.settings import TelemetrySettings
from antiphon.operations.telemetry.spans import Span, Value, span_number, trace_number

SPANS_AT_ONCE: Final = 500
_RETRYABLE: Final = frozenset({429, 502, 503, 504})  # OTLP specification, "Failures".
# Of redirects nobody is told either: a key must not follow one.
_REFUSED_FROM: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSpans:
    """What is sent of one call. `common` goes on every span."""

    call_id: str
    wall_time_ms: int
    root: Span
    common: Mapping[str, Value]


class OtlpSender:
    """Sends one call after the other; blocks. Use from one thread at a time."""

    def __init__(self, settings: TelemetrySettings) -> None:
        # It tells of every attempt; we tell of the first that failed.
        logging.getLogger("opentelemetry.exporter.otlp").setLevel(logging.CRITICAL)
        session = requests.Session()
        # Neither proxies nor credentials from files of the user: what is set is what is used.
        session.trust_env = False
        session.hooks["response"].append(self._heard)
        self._exporter = OTLPSpanExporter(
            endpoint=settings.endpoint,
            headers=dict(settings.headers),
            timeout=settings.timeout_s,
            compression=Compression.Gzip,
            session=session,
        )
        self._ids = _GivenIds()
        self._provider = TracerProvider(
            sampler=ALWAYS_ON,
            resource=Resource.create({"service.name": settings.service, "service.version": __version__}),
            id_generator=self._ids,
            shutdown_on_exit=False,
        )
        self._made = _Made()
        self._provider.add_span_processor(self._made)
        self._tracer = self._provider.get_tracer("antiphon", __version__)
        self._status, self._rejected = 0, 0
        self._retry_after_s: float | None = None

    def send(self, call: CallSpans) -> Answer:
        """All spans of a call, or why not; what was taken of it already may come again, under its old ids."""
        spans = self._spans(call)
        rejected = 0
        for start in range(0, len(spans), SPANS_AT_ONCE):
            self._status, self._retry_after_s, self._rejected = 0, None, 0
            result = self._exporter.export(spans[start : start + SPANS_AT_ONCE])
            if result is not SpanExportResult.SUCCESS or self._status >= _REFUSED_FROM:
                return self._failure(len(spans))
            rejected += self._rejected
        return Answer(sent=len(spans) - rejected, refused=rejected)

    def stop(self) -> None:
        """Whoever waits to try again gives up."""
        self._exporter.shutdown()  # type: ignore[no-untyped-call]  # The SDK's own.

    def _failure(self, spans: int) -> Answer:
        if self._status and self._status not in _RETRYABLE:
            return Answer(refused=spans, reason=f"the collector answered {self._status}")
        answered = f"the collector answered {self._status}"
        reason = answered if self._status else "the collector is not reachable"
        return Answer(later=True, retry_after_s=self._retry_after_s, reason=reason)

    def _heard(self, response: Any, *_: object, **__: object) -> None:
        """Any: requests has no types."""
        self._status = response.status_code
        self._retry_after_s = _retry_after_s(response.headers.get("retry-after", ""))
        if response.ok:
            try:
                told = ExportTraceServiceResponse.FromString(response.content)
            except DecodeError:
                return  # Some answer JSON, or nothing of use: it was taken, which is all we need to know.
            self._rejected = told.partial_success.rejected_spans

    def _spans(self, call: CallSpans) -> Sequence[ReadableSpan]:
        contexts: dict[str, Any] = {"": api.set_span_in_context(api.INVALID_SPAN)}
        for span, parent in call.root.walk():
            self._ids.next = (trace_number(call.call_id), span_number(call.call_id, span.key))
            made = self._tracer.start_span(
                span.name,
                context=contexts[parent.key if parent is not None else ""],
                kind=api.SpanKind.CLIENT if span.remote else api.SpanKind.INTERNAL,
                attributes={**call.common, **span.attributes},
                start_time=_ns(call, span.start_ms),
            )
            for event in span.events:
                made.add_event(event.name, dict(event.attributes), timestamp=_ns(call, event.at_ms))
            if span.error:
                made.set_status(api.Status(api.StatusCode.ERROR, span.error))
            made.end(end_time=_ns(call, span.end_ms))
            contexts[span.key] = api.set_span_in_context(made)
        return self._made.taken()


class _GivenIds(IdGenerator):
    """Those we computed, so that a call sent twice is one call."""

    next = (0, 0)

    def generate_trace_id(self) -> int:
        return self.next[0]

    def generate_span_id(self) -> int:
        return self.next[1]


class _Made(SpanProcessor):
    """Keeps what ended until it is asked for."""

    def __init__(self) -> None:
        self._ended: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        self._ended.append(span)

    def taken(self) -> Sequence[ReadableSpan]:
        ended, self._ended = self._ended, []
        return ended


def _ns(call: CallSpans, at_ms: int) -> int:
    return (call.wall_time_ms + at_ms) * 1_000_000


def _retry_after_s(value: str) -> float | None:
    """Seconds or a date (RFC 9110, 10.2.3)."""
    if value.strip().isdecimal():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time())
    except (TypeError, ValueError):
        return None
