"""An OTLP/HTTP collector on a real socket: decodes what it is sent, as the protocol's own schema has it, and
goes wrong as told. Source: OTLP specification 1.x, "OTLP/HTTP".
"""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span


@dataclass(frozen=True, kw_only=True)
class Fault:
    """An answer that is not "taken". `hang`: no answer at all until the collector is let go."""

    status: int = 503
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    hang: bool = False


def partial(rejected: int, message: str = "too old") -> Fault:
    """200, but not everything was taken."""
    told = ExportTraceServiceResponse()
    told.partial_success.rejected_spans = rejected
    told.partial_success.error_message = message
    return Fault(status=200, body=told.SerializeToString())


@dataclass(kw_only=True)
class Received:
    """One request that was taken."""

    path: str
    headers: dict[str, str]
    request: ExportTraceServiceRequest

    @property
    def spans(self) -> list[Span]:
        return [
            span
            for resource in self.request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    @property
    def resource(self) -> dict[str, Any]:
        return attributes(self.request.resource_spans[0].resource)


@dataclass
class Collector:
    """`faults` come first, one a request; then everything is taken."""

    faults: list[Fault] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    asked: int = 0
    let_go: threading.Event = field(default_factory=threading.Event)
    url: str = ""

    @property
    def spans(self) -> list[Span]:
        return [span for one in self.received for span in one.spans]

    def named(self, name: str) -> Span:
        (found,) = [span for span in self.spans if span.name == name]
        return found


def attributes(holder: Any) -> dict[str, Any]:
    """Of a span, an event or a resource, as plain values."""
    return {pair.key: _plain(pair.value) for pair in holder.attributes}


def _plain(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_plain(one) for one in value.array_value.values]
    return getattr(value, str(kind))


@contextmanager
def collecting(*faults: Fault) -> Iterator[Collector]:
    collector = Collector(list(faults))

    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            collector.asked += 1
            fault = collector.faults.pop(0) if collector.faults else Fault(status=200)
            if fault.hang:
                collector.let_go.wait(30)
                self.close_connection = True
                return
            if fault.status == 200:
                assert self.headers["content-type"] == "application/x-protobuf"
                if self.headers.get("content-encoding") == "gzip":
                    body = gzip.decompress(body)
                headers = {name.lower(): value for name, value in self.headers.items()}
                request = ExportTraceServiceRequest.FromString(body)
                collector.received.append(Received(path=self.path, headers=headers, request=request))
            self.send_response(fault.status)
            for name, value in fault.headers.items():
                self.send_header(name, value)
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", str(len(fault.body)))
            self.end_headers()
            self.wfile.write(fault.body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
            """Nothing on stderr."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    server.daemon_threads = True
    collector.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield collector
    finally:
        collector.let_go.set()
        server.shutdown()
        server.server_close()
