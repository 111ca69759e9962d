"""Traces by OpenTelemetry: spans of requests, use cases and statements, and what carries a trace into a job.

Imported only when somebody traces: the packages are the extra ``otel``. Attributes are names and ids. There are no
texts of statements, no parameters, no messages of errors: all of these may hold what was entered, or a secret.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from opentelemetry import trace
from opentelemetry.context import Context as TraceContext
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.typing import EventDict, Processor

import app
from app.infrastructure.database.engine import Database
from app.infrastructure.watching.quiet import NoSpans, Pause
from app.infrastructure.watching.requests import NO_ANSWER, NO_ROUTE, method_of, route_of
from app.usecases.context import Context
from app.usecases.ports.shared import Answer, IdempotencyKey, Works
from app.usecases.run import Runner, UseCase

if TYPE_CHECKING:
    from fastapi import FastAPI

Request = TypeVar("Request")
Result = TypeVar("Result")
SERVICE: Final = "tramita"
# Asked every few seconds, by programs.
PROBES: Final = frozenset({"/health", "/ready"})
_W3C: Final = TraceContextTextMapPropagator()


def add_trace(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Add the ids of the open span to a log line, in hexadecimal as W3C writes them."""
    found = trace.get_current_span().get_span_context()
    if found.is_valid:
        event["trace_id"] = trace.format_trace_id(found.trace_id)
        event["span_id"] = trace.format_span_id(found.span_id)
    return event


class OtelSpans(NoSpans):
    """Spans of one provider, handed on by W3C's trace context."""

    processors: Sequence[Processor] = (add_trace,)

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._closed = False
        self._tracer = provider.get_tracer(SERVICE, app.__version__)

    @classmethod
    def exporting(cls) -> Self:
        """Give spans that go out by OTLP over HTTP, in batches, to where OpenTelemetry's own variables say."""
        ours = Resource({"service.name": SERVICE, "service.version": app.__version__})
        provider = TracerProvider(resource=ours.merge(OTELResourceDetector().detect()))
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        return cls(provider)

    def open(self, name: str, **attributes: str | int) -> AbstractContextManager[object]:
        """Give the block of one piece of work, part of whatever is open around it."""
        return _opened(self._tracer, name, attributes, SpanKind.INTERNAL, None)

    def carry(self) -> str:
        """Give the open span as a ``traceparent``; empty when nothing is open."""
        carrier: dict[str, str] = {}
        _W3C.inject(carrier)
        return carrier.get("traceparent", "")

    def resume(self, carried: str, name: str, **attributes: str | int) -> AbstractContextManager[object]:
        """Give the block of work that goes on with the trace that was ``carried``; one that is none begins a trace."""
        parent = _W3C.extract({"traceparent": carried}, TraceContext())
        return _opened(self._tracer, name, attributes, SpanKind.CONSUMER, parent)

    def runner(self, works: Works, pause: Pause) -> Runner:
        """Give the runner of use cases, each of which is a span with an event for every retry."""

        def paused(failed: int) -> None:
            trace.get_current_span().add_event("retry", {"failed": failed})
            pause(failed)

        return TracedRunner(works, paused, self._tracer)

    def follow(self, database: Database) -> None:
        """Make each statement of ``database``, and each commit, a span of its own within one that is open."""
        system = {"db.system.name": database.dialect.name}

        def around(name: str) -> AbstractContextManager[object]:
            return _inner(self._tracer, name, system, SpanKind.CLIENT)

        database.around = around

    def around(self, app: FastAPI) -> None:
        """Make each request of ``app`` a span, from outside all else."""
        app.add_middleware(RequestSpans, tracer=self._tracer)

    def close(self) -> None:
        """Send what was not sent yet, and nothing from now on; a second call does nothing."""
        if not self._closed:
            self._closed = True
            self._provider.shutdown()


@contextmanager
def _opened(
    tracer: Tracer,
    name: str,
    attributes: Mapping[str, str | int],
    kind: SpanKind,
    parent: TraceContext | None,
) -> Iterator[Span]:
    """Open a span; of an error it tells the class alone."""
    with tracer.start_as_current_span(
        name, parent, kind, attributes, record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield span
        except BaseException as error:
            span.set_attribute("error.type", type(error).__qualname__)
            span.set_status(Status(StatusCode.ERROR))
            raise


@contextmanager
def _inner(tracer: Tracer, name: str, attributes: Mapping[str, str | int], kind: SpanKind) -> Iterator[None]:
    """Open a span within another: by themselves, statements of probes and chores would fill a store with one-liners."""
    if not trace.get_current_span().get_span_context().is_valid:
        yield
        return
    with _opened(tracer, name, attributes, kind, None):
        yield


@dataclass(frozen=True, slots=True)
class TracedRunner(Runner):
    """A runner whose use cases are spans, named by their class."""

    tracer: Tracer

    def run(
        self,
        context: Context,
        case: UseCase[Request, Result],
        build: Callable[[], Request],
        present: Callable[[Result], Answer],
        key: IdempotencyKey | None = None,
    ) -> Answer:
        """Execute ``case`` as any runner does, within a span."""
        told = {"tramita.company": int(context.company), "tramita.actor": int(context.actor)}
        with _inner(self.tracer, type(case).__name__, told, SpanKind.INTERNAL):
            # Not super(): a class with slots is another one than that in which this function was written.
            return Runner.run(self, context, case, build, present, key)


class RequestSpans:
    """Makes each request a span named by method and route, child of what its ``traceparent`` says."""

    def __init__(self, app: ASGIApp, tracer: Tracer) -> None:
        self._app = app
        self._tracer = tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; other scopes, and probes, pass through."""
        if scope["type"] != "http" or scope["path"] in PROBES:
            await self._app(scope, receive, send)
            return
        method = method_of(scope)
        parent = _W3C.extract(_carried(scope), TraceContext())
        told: dict[str, Any] = {"http.response.status_code": NO_ANSWER}

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                told["http.response.status_code"] = message["status"]
                for name, value in message.get("headers", ()):
                    if name == b"x-request-id":
                        told["tramita.request_id"] = value.decode()
            await send(message)

        with _opened(self._tracer, method, {"http.request.method": method}, SpanKind.SERVER, parent) as span:
            try:
                await self._app(scope, receive, noting)
            finally:
                route = route_of(scope)
                if route != NO_ROUTE:
                    span.update_name(f"{method} {route}")
                    span.set_attribute("http.route", route)
                span.set_attributes(told)
                if told["http.response.status_code"] >= 500:
                    span.set_status(Status(StatusCode.ERROR))


def _carried(scope: Scope) -> dict[str, str]:
    """Give the headers of the trace context; two of a kind are none (W3C, 3.2.1)."""
    found: dict[str, str] = {}
    for wanted in ("traceparent", "tracestate"):
        values = [value for name, value in scope["headers"] if name == wanted.encode()]
        if len(values) == 1:
            found[wanted] = values[0].decode("latin-1")
    return found
