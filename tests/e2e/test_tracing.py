"""Traces: a request, its use cases and statements, and the job it leaves behind, as a collector sees them (ERP-14)."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
import structlog
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode, format_span_id, format_trace_id

import app
from app.bootstrap import bootstrap
from app.infrastructure.watching.quiet import NoSpans
from app.infrastructure.watching.tracing import OtelSpans
from app.infrastructure.watching.wanted import TracingMissing
from app.settings import Settings
from house.base import ROOT
from tests.support.databases import settings_for
from tests.support.lines import lines_of, logging_as_it_was
from tests.support.office import Office, Served, serving
from tests.support.otlp import collector

pytestmark = pytest.mark.fast
TRACE: Final = "0af7651916cd43dd8448eb211c80319c"
PARENT: Final = "b7ad6b7169203331"
TRACEPARENT: Final = f"00-{TRACE}-{PARENT}-01"
PARTY: Final = "GET /api/v1/third-parties/{party_id}"


@dataclass
class Kept:
    """Spans that have ended, and what makes them."""

    exporter: InMemorySpanExporter = field(default_factory=InMemorySpanExporter)
    spans: OtelSpans = field(init=False)

    def __post_init__(self) -> None:
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.spans = OtelSpans(provider)

    def ended(self) -> Sequence[ReadableSpan]:
        return self.exporter.get_finished_spans()

    def one(self, name: str) -> ReadableSpan:
        """Give the one span called so."""
        (found,) = [span for span in self.ended() if span.name == name]
        return found

    def under(self, parent: ReadableSpan) -> list[str]:
        """Give the names of the spans directly within ``parent``, in the order in which they ended."""
        own = parent.get_span_context()
        assert own is not None
        return [span.name for span in self.ended() if span.parent is not None and span.parent.span_id == own.span_id]


@pytest.fixture
def kept() -> Kept:
    """Give a place for spans."""
    return Kept()


@pytest.fixture
def served(database_settings: Settings, kept: Kept) -> Iterator[Served]:
    """Give the application on each kind of database, traced."""
    with serving(database_settings, spans=kept.spans) as running:
        yield running


@pytest.fixture
def office(served: Served, kept: Kept) -> Office:
    office = served.company()
    office.send("GET", "/me")
    kept.exporter.clear()
    return office


def test_a_request_is_a_span_around_its_use_case_around_its_statements(office: Office, kept: Kept) -> None:
    """ERP-14: names are templates, classes and our statements' own; the thread of the use case is within."""
    made = office.send("POST", "/third-parties", {"name": "Client", "customer": True}, x_request_id="r-9")
    request = kept.one("POST /api/v1/third-parties")
    assert request.parent is None
    assert request.kind is SpanKind.SERVER
    assert dict(request.attributes or {}) == {
        "http.request.method": "POST",
        "http.route": "/api/v1/third-parties",
        "http.response.status_code": made.status,
        "tramita.request_id": "r-9",
    }
    assert kept.under(request) == ["CreateParty"]
    case = kept.one("CreateParty")
    assert dict(case.attributes or {})["tramita.company"] == office.company
    statements = kept.under(case)
    assert "insert third_parties" in statements
    assert statements[-1] == "commit"
    told = kept.one("insert third_parties")
    assert told.kind is SpanKind.CLIENT
    assert set(told.attributes or {}) == {"db.system.name"}


def test_a_trace_that_came_in_is_gone_on_with(office: Office, kept: Kept) -> None:
    """ERP-14: W3C's traceparent, so that a trace can begin at a proxy or in a browser."""
    office.send("GET", "/third-parties/999999", traceparent=TRACEPARENT)
    request = kept.one(PARTY)
    assert request.parent is not None
    assert format_span_id(request.parent.span_id) == PARENT
    assert {format_trace_id(span.context.trace_id) for span in kept.ended() if span.context} == {TRACE}


@pytest.mark.parametrize("sent", ["", "00-0-0-01", f"00-{'0' * 32}-{PARENT}-01", "x" * 300])
def test_what_is_no_traceparent_begins_a_trace(office: Office, kept: Kept, sent: str) -> None:
    office.send("GET", "/third-parties/999999", traceparent=sent)
    assert kept.one(PARTY).parent is None


def test_no_span_holds_a_secret_a_name_or_a_parameter(served: Served, kept: Kept) -> None:
    """ERP-14: neither what was sent nor what the database was asked."""
    office = served.company()
    email = "very.private@example.com"
    office.send("POST", "/third-parties?note=hunter2", {"name": "Mme Untel", "customer": True})
    office.send("POST", "/third-parties", {"name": "Mme Untel", "customer": True, "email": email})
    served.http.post("/auth/token", json={"email": email, "password": "hunter2"})
    written = " ".join(span.to_json() for span in kept.ended())
    token = office.headers["authorization"].removeprefix("Bearer ")
    assert "CreateParty" in written
    for secret in ("hunter2", "Mme Untel", email, token, "SELECT", "INSERT"):
        assert secret not in written


def test_an_error_is_told_by_its_class_alone(
    office: Office, served: Served, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_self: Any, _context: Any) -> Any:
        raise ZeroDivisionError("hunter2")

    monkeypatch.setattr(type(served.container.works), "reading", broken)
    answer = served.http.get("/api/v1/third-parties/7", headers=office.headers)
    assert answer.status_code == 500
    request, case = kept.one(PARTY), kept.one("ReadParty")
    assert request.status.status_code is StatusCode.ERROR
    assert (case.attributes or {})["error.type"] == "ZeroDivisionError"
    assert "hunter2" not in request.to_json() + case.to_json()
    assert not case.events


def test_what_the_business_refuses_is_no_error_of_the_service(office: Office, kept: Kept) -> None:
    assert office.send("GET", "/third-parties/999999").status == 404
    assert kept.one(PARTY).status.status_code is StatusCode.UNSET


def test_probes_and_chores_fill_no_store_with_traces(served: Served, kept: Kept) -> None:
    """ERP-14: what is asked every second is asked by programs."""
    kept.exporter.clear()
    served.http.get("/health")
    served.http.get("/ready")
    served.container.dispatch()
    assert kept.ended() == ()


def test_a_retry_is_an_event_of_its_use_case(served: Served, kept: Kept) -> None:
    runner = kept.spans.runner(served.container.works, lambda _failed: None)
    with kept.spans.open("around"):
        runner.pause(3)
    (event,) = kept.one("around").events
    assert (event.name, dict(event.attributes or {})) == ("retry", {"failed": 3})


def test_a_job_goes_on_with_the_trace_of_the_request_that_left_it(kept: Kept) -> None:
    """ERP-14: stored as text, resumed by another process, days later."""
    with kept.spans.open("POST /invoices"):
        carried = kept.spans.carry()
    assert kept.spans.carry() == ""
    other = Kept()
    with other.spans.resume(carried, "job mail", job_id="7", attempt=2):
        assert other.spans.carry() != carried
        with other.spans.open("smtp"):
            pass
    begun, job = kept.one("POST /invoices"), other.one("job mail")
    assert begun.context is not None
    assert job.parent is not None
    assert job.parent.is_remote
    assert job.parent.span_id == begun.context.span_id
    assert job.kind is SpanKind.CONSUMER
    assert dict(job.attributes or {}) == {"job_id": "7", "attempt": 2}
    assert other.under(job) == ["smtp"]


def test_a_job_that_carries_nothing_begins_a_trace(kept: Kept) -> None:
    with kept.spans.open("around"), kept.spans.resume("", "job"):
        pass
    assert kept.one("job").parent is None


def test_lines_of_the_log_tell_the_trace_while_a_span_is_open(office: Office, kept: Kept) -> None:
    """ERP-14: from a line to its trace and back."""
    with lines_of(more=kept.spans.processors) as lines:
        office.send("GET", "/third-parties/999999", traceparent=TRACEPARENT)
        structlog.get_logger("test").info("outside")
    within, outside = lines
    context = kept.one(PARTY).context
    assert context is not None
    assert (within["trace_id"], within["span_id"]) == (TRACE, format_span_id(context.span_id))
    assert "trace_id" not in outside


def test_spans_go_out_by_otlp_over_http_and_the_last_ones_when_the_service_ends(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ERP-14: the standard variable alone switches it on; the receiver is a real one that parses what comes."""
    with collector() as received, lines_of("WARNING") as lines:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", received.url)
        settings = settings_for(sqlite_url, tmp_path)
        assert settings.traces()
        with serving(settings) as traced:
            traced.company().send("GET", "/third-parties/999999", traceparent=TRACEPARENT)
    assert lines == []  # the end is told twice, by the server's and by the container's, and nobody minds
    assert received.paths == {"/v1/traces"}
    assert received.resource["service.name"] == "tramita"
    (request,) = [span for span in received.spans if span.name == PARTY]
    assert request.trace_id.hex() == TRACE
    assert request.parent_span_id.hex() == PARENT
    (case,) = [span for span in received.spans if span.name == "ReadParty"]
    assert case.parent_span_id == request.span_id


def test_a_service_s_own_name_is_the_one_its_environment_gives(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with collector() as received:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", received.url)
        monkeypatch.setenv("OTEL_SERVICE_NAME", "books")
        with serving(settings_for(sqlite_url, tmp_path)) as traced:
            traced.company()
    assert received.resource["service.name"] == "books"
    assert received.resource["service.version"] == app.__version__


def test_the_framework_s_own_telemetry_tells_nothing_whatever_the_environment_says(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ERP-14: it would send what was entered, and the texts of errors, to wherever traces go."""
    with collector() as received:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", received.url)
        monkeypatch.setenv("FASTAPI_OTEL_AUTO_CONFIGURE", "true")
        with serving(settings_for(sqlite_url, tmp_path)) as traced:
            traced.http.post("/auth/token", json={"email": 5, "password": {"hunter2": "hunter2"}})
    assert received.paths == {"/v1/traces"}
    assert received.scopes == {"tramita"}
    assert "hunter2" not in str(received.exports)


def test_nothing_of_opentelemetry_or_prometheus_is_imported_unless_it_is_wanted() -> None:
    """ERP-14: an extra that is not there is not missed."""
    program = (
        "import sys, app.bootstrap, app.cli\n"
        "from app.api.create import create_app\n"
        "app.bootstrap.spans_of(app.bootstrap.Settings())\n"
        "extra = ('opentelemetry.sdk', 'opentelemetry.exporter', 'prometheus_client')\n"
        "sys.exit(any(name.startswith(extra) for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0


def test_traces_wanted_without_the_extra_are_refused_at_the_start(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ERP-14: a service that was told to trace and does not would be found out in the worst moment."""
    monkeypatch.setitem(sys.modules, "app.infrastructure.watching.tracing", None)
    with logging_as_it_was(), pytest.raises(TracingMissing):
        bootstrap(settings_for(sqlite_url, tmp_path, tracing=True))


def test_without_a_word_nobody_traces(sqlite_url: str, tmp_path: Path) -> None:
    with serving(settings_for(sqlite_url, tmp_path)) as plain:
        assert type(plain.container.spans) is NoSpans
        assert plain.container.database.around is None
