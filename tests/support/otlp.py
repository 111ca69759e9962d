"""A receiver of traces: OTLP over HTTP on a port of 127.0.0.1, parsed as any collector would."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span


@dataclass
class Collector:
    """What was received: each export with the path it was sent to."""

    url: str = ""
    exports: list[tuple[str, ExportTraceServiceRequest]] = field(default_factory=list)

    @property
    def paths(self) -> set[str]:
        """Give the paths that were sent to."""
        return {path for path, _ in self.exports}

    @property
    def resource(self) -> dict[str, str]:
        """Give what the senders said of themselves."""
        resources = [one.resource for _, export in self.exports for one in export.resource_spans]
        return {one.key: one.value.string_value for resource in resources for one in resource.attributes}

    @property
    def scopes(self) -> set[str]:
        """Give the names of what made the spans."""
        every = [one for _, export in self.exports for one in export.resource_spans]
        return {scope.scope.name for one in every for scope in one.scope_spans}

    @property
    def spans(self) -> Sequence[Span]:
        """Give all spans, in the order in which they came."""
        every = [one for _, export in self.exports for one in export.resource_spans]
        return [span for one in every for scope in one.scope_spans for span in scope.spans]


class _Receiver(BaseHTTPRequestHandler):
    collector: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.collector.exports.append((self.path, ExportTraceServiceRequest.FromString(body)))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        pass


@contextmanager
def collector() -> Iterator[Collector]:
    """Run a receiver."""
    kept = Collector()
    with HTTPServer(("127.0.0.1", 0), type("_Bound", (_Receiver,), {"collector": kept})) as server:
        kept.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield kept
        finally:
            server.shutdown()
            thread.join()
