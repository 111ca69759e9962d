"""What this process counted and measured, for Prometheus (ERP-14). docs/operations.md lists every metric.

No label is ever data: routes are templates, methods and statuses those of HTTP, kinds and outcomes names in the code.
"""

from __future__ import annotations

import platform
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)

import app
from app.infrastructure.database.engine import Database
from app.infrastructure.watching.quiet import NoWatch, Pause, Queue
from app.infrastructure.watching.requests import Load, RequestWatch
from app.infrastructure.watching.standing import (
    execution_figures,
    journal_figures,
    pool_figures,
    queue_figures,
    schedule_figures,
)
from app.usecases.ports.shared import Clock

if TYPE_CHECKING:
    from fastapi import FastAPI

REQUEST_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
JOB_BUCKETS: Final = (0.01, 0.05, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
TASK_BUCKETS: Final = (0.005, 0.025, 0.1, 0.5, 1.0, 5.0, 30.0, 60.0, 600.0, 3600.0, 86400.0)
PAPER_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
Note = Callable[[float], None]
# Prometheus computes rates from counters alone; the instants of their births would double the series.
disable_created_metrics()  # type: ignore[no-untyped-call]  # the library's


class Metrics(NoWatch):
    """All metrics of this process, in a registry of their own."""

    counts: ClassVar[bool] = True

    def __init__(self, clock: Clock, database: Database) -> None:
        self.registry = CollectorRegistry(auto_describe=True)
        self._clock = clock
        self._load = Load()
        self._queue: Queue = tuple
        self._answers: dict[tuple[str, str, int], Note] = {}
        self._outcomes: dict[tuple[str, str], tuple[Callable[[], None], Note]] = {}
        for figures in (
            pool_figures(database),
            journal_figures(database, clock),
            queue_figures(lambda: self._queue, clock),
            schedule_figures(database),
            execution_figures(database, clock),
        ):
            self.registry.register(figures)
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self._make_http()
        self._make_work()
        self._make_executions()
        build = Gauge(
            "tramita_build_info",
            "Always 1; the labels tell the version, Python's and the kind of database.",
            ("version", "python", "database"),
            registry=self.registry,
        )
        build.labels(app.__version__, platform.python_version(), database.dialect.name).set(1)

    def _make_http(self) -> None:
        self._requests = Counter(
            "tramita_http_requests_total",
            "Requests answered, by template of the route; 499: the client left before.",
            ("route", "method", "status"),
            registry=self.registry,
        )
        self._durations = Histogram(
            "tramita_http_request_duration_seconds",
            "Time from a request's arrival to the end of its answer.",
            ("route", "method"),
            buckets=REQUEST_BUCKETS,
            registry=self.registry,
        )
        for name, text, value in (
            ("tramita_http_requests_in_flight", "Requests that are being served.", lambda: self._load.in_flight),
            ("tramita_http_threads_busy", "Request threads that are taken.", self._load.busy),
            ("tramita_http_requests_waiting", "Requests that wait for a thread.", self._load.waiting),
        ):
            Gauge(name, text, registry=self.registry).set_function(value)
        self._retries = Counter(
            "tramita_use_case_retries_total",
            "Use cases run again because the database undid their transaction.",
            registry=self.registry,
        )

    def _make_work(self) -> None:
        self._dispatches = Counter(
            "tramita_dispatch_rounds_total",
            "Rounds in which this process gave events their numbers, by how they ended: done or failed.",
            ("outcome",),
            registry=self.registry,
        )
        self._jobs = Histogram(
            "tramita_job_run_duration_seconds",
            "Time of one run of a job, by how it ended.",
            ("kind", "outcome"),
            buckets=JOB_BUCKETS,
            registry=self.registry,
        )
        self._mail = Counter(
            "tramita_mail_messages_total",
            "Messages handed to the mail server, by what became of them.",
            ("outcome",),
            registry=self.registry,
        )
        self._breaker = Gauge(
            "tramita_mail_breaker_open",
            "1 while mail waits because the mail server failed too often, else 0.",
            registry=self.registry,
        )
        self._papers = Histogram(
            "tramita_paper_render_duration_seconds",
            "Time to draw one PDF.",
            ("kind",),
            buckets=PAPER_BUCKETS,
            registry=self.registry,
        )
        self._pages = Counter("tramita_paper_pages_total", "Pages drawn.", ("kind",), registry=self.registry)

    def _make_executions(self) -> None:
        self._engine = Gauge(
            "tramita_workflows_running",
            "1 while executions of workflows advance in this process, else 0.",
            registry=self.registry,
        )
        self._ends = Counter(
            "tramita_executions_ended_total",
            "Executions that have ended in this process, by how.",
            ("status",),
            registry=self.registry,
        )
        self._tasks = Counter(
            "tramita_execution_tasks_total",
            "Attempts at tasks of executions that have ended, by what they do and how they ended.",
            ("resource", "outcome"),
            registry=self.registry,
        )
        self._task_times = Histogram(
            "tramita_execution_task_duration_seconds",
            "Time from the scheduling of a task to its result, by what it does.",
            ("resource",),
            buckets=TASK_BUCKETS,
            registry=self.registry,
        )
        self._alerts = Counter(
            "tramita_execution_alerts_total",
            "Calls for a person, by reason: not_undone (a compensation could not be done), no_way_back (a step behind"
            " the pivot does not succeed).",
            ("reason",),
            registry=self.registry,
        )
        for reason in ("not_undone", "no_way_back"):
            self._alerts.labels(reason)  # told from the start: of what appears with its first value no rate is known

    def pausing(self, pause: Pause) -> Pause:
        """Give ``pause`` with each retry counted."""

        def paused(failed: int) -> None:
            self._retries.inc()
            pause(failed)

        return paused

    def around(self, app: FastAPI) -> None:
        """Measure every request of ``app``, from outside all else."""
        app.add_middleware(RequestWatch, answered=self.answered, load=self._load, clock=self._clock)

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """Note one request. Looking a metric up by its labels costs more than adding to it, so that is done once."""
        key = (route, method, status)
        note = self._answers.get(key)
        if note is None:
            count = self._requests.labels(route, method, str(status)).inc
            measure = self._durations.labels(route, method).observe

            def note(took: float) -> None:
                count()
                measure(took)

            self._answers[key] = note
        note(seconds)

    def dispatch_ended(self, *, well: bool) -> None:
        """Note one round of numbering events in this process."""
        self._dispatches.labels("done" if well else "failed").inc()

    def queue_of(self, queue: Queue) -> None:
        """Ask ``queue`` how many jobs wait, whenever the figures are read."""
        self._queue = queue

    def job_ended(self, kind: str, outcome: str, seconds: float) -> None:
        """Note one run of a job: how it ended and how long it took."""
        self._jobs.labels(kind, outcome).observe(seconds)

    def mail_ended(self, outcome: str) -> None:
        """Note what became of one message."""
        self._mail.labels(outcome).inc()

    def breaker_of(self, is_open: Callable[[], bool]) -> None:
        """Ask ``is_open`` of the breaker before the mail server, whenever the figures are read."""
        self._breaker.set_function(lambda: float(is_open()))

    def paper_printed(self, kind: str, seconds: float, pages: int) -> None:
        """Note one PDF: how long it took and its pages."""
        self._papers.labels(kind).observe(seconds)
        self._pages.labels(kind).inc(pages)

    def execution_ended(self, status: str) -> None:
        """Note the end of an execution in this process."""
        self._ends.labels(status).inc()

    def task_ended(self, resource: str, outcome: str, seconds: float | None) -> None:
        """Note one attempt at a task of an execution; None when nobody knows how long it took."""
        key = (resource, outcome)
        note = self._outcomes.get(key)
        if note is None:
            note = self._outcomes[key] = (self._tasks.labels(*key).inc, self._task_times.labels(resource).observe)
        count, measure = note
        count()
        if seconds is not None:
            measure(seconds)

    def alert_raised(self, reason: str) -> None:
        """Note that an execution has called for a person."""
        self._alerts.labels(reason).inc()

    def engine_of(self, running: Callable[[], bool]) -> None:
        """Ask ``running`` whether executions advance in this process, whenever the figures are read."""
        self._engine.set_function(lambda: float(running()))
