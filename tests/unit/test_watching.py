"""What is counted, measured and told on the internal port (ERP-14)."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import make_wsgi_app

import app
from app.infrastructure.database.engine import Database
from app.infrastructure.watching.listener import FRESH_S, Pages
from app.infrastructure.watching.metrics import Metrics
from app.infrastructure.watching.quiet import NoListener, NoSpans, NoWatch
from app.usecases.ports.jobs import Depth
from tests.support import scrapes
from tests.support.clock import FakeClock
from tests.support.databases import settings_for

pytestmark = pytest.mark.fast


@pytest.fixture
def metrics(tmp_path: Path, clock: FakeClock) -> Metrics:
    """Give metrics of a database that nobody has migrated."""
    return Metrics(clock, Database(settings_for(f"sqlite:///{tmp_path / 'empty.db'}", tmp_path)))


def test_jobs_are_measured_by_kind_and_outcome(metrics: Metrics) -> None:
    """ERP-14: how long they run, and how they end."""
    metrics.job_ended("mail", "done", 0.25)
    metrics.job_ended("mail", "done", 0.75)
    metrics.job_ended("mail", "dead", 30.0)
    name = "tramita_job_run_duration_seconds"
    assert scrapes.value(metrics.registry, f"{name}_count", kind="mail", outcome="done") == 2
    assert scrapes.value(metrics.registry, f"{name}_sum", kind="mail", outcome="done") == 1.0
    assert scrapes.value(metrics.registry, f"{name}_bucket", kind="mail", outcome="dead", le="30.0") == 1


def test_the_queue_is_asked_when_the_figures_are_read(metrics: Metrics, clock: FakeClock) -> None:
    """ERP-14: depth and age by kind and state."""
    assert not scrapes.read(metrics.registry)["tramita_jobs"].samples
    due = clock.now()
    waiting = [Depth(kind="mail", state="waiting", count=3, oldest_due_at=due + timedelta(hours=1))]
    metrics.queue_of(lambda: waiting)
    assert scrapes.value(metrics.registry, "tramita_jobs", kind="mail", state="waiting") == 3
    assert scrapes.value(metrics.registry, "tramita_job_oldest_age_seconds", kind="mail", state="waiting") == 0
    waiting[:] = [Depth(kind="mail", state="dead", count=1, oldest_due_at=due)]
    clock.advance(600)
    assert scrapes.value(metrics.registry, "tramita_job_oldest_age_seconds", kind="mail", state="dead") == 600
    assert scrapes.value(metrics.registry, "tramita_jobs", kind="mail", state="waiting") == 0


def test_mail_is_counted_by_outcome_and_the_breaker_is_open_or_not(metrics: Metrics) -> None:
    """ERP-12: an open breaker is seen from outside."""
    metrics.mail_ended("sent")
    metrics.mail_ended("refused")
    metrics.mail_ended("sent")
    assert scrapes.value(metrics.registry, "tramita_mail_messages_total", outcome="sent") == 2
    assert scrapes.value(metrics.registry, "tramita_mail_breaker_open") == 0
    turned = [True, False]
    metrics.breaker_of(lambda: turned.pop(0))
    assert scrapes.value(metrics.registry, "tramita_mail_breaker_open") == 1
    assert scrapes.value(metrics.registry, "tramita_mail_breaker_open") == 0


def test_papers_are_measured_and_their_pages_counted(metrics: Metrics) -> None:
    """ERP-16: seconds of a PDF by kind."""
    metrics.paper_printed("invoice", 0.008, 1)
    metrics.paper_printed("invoice", 0.3, 40)
    assert scrapes.value(metrics.registry, "tramita_paper_render_duration_seconds_count", kind="invoice") == 2
    assert scrapes.value(metrics.registry, "tramita_paper_pages_total", kind="invoice") == 41


def test_every_retry_of_a_use_case_is_counted_and_waits_as_before(metrics: Metrics) -> None:
    waited: list[int] = []
    pause = metrics.pausing(waited.append)
    pause(1)
    pause(2)
    assert waited == [1, 2]
    assert scrapes.value(metrics.registry, "tramita_use_case_retries_total") == 2


def test_rounds_of_numbering_events_tell_how_they_ended(metrics: Metrics) -> None:
    """ERP-14: one that fails is seen without reading logs."""
    metrics.dispatch_ended(well=False)
    metrics.dispatch_ended(well=True)
    metrics.dispatch_ended(well=True)
    rounds = "tramita_dispatch_rounds_total"
    assert scrapes.value(metrics.registry, rounds, outcome="failed") == 1
    assert scrapes.value(metrics.registry, rounds, outcome="done") == 2


def test_the_build_is_told_by_labels(metrics: Metrics) -> None:
    (sample,) = scrapes.read(metrics.registry)["tramita_build_info"].samples
    assert sample.labels["version"] == app.__version__
    assert sample.labels["database"] == "sqlite"
    assert sample.value == 1


def test_figures_that_cannot_be_told_are_missing_and_the_others_are_told(metrics: Metrics) -> None:
    """ERP-14: a database without tables, or away, hides nothing but its own figures."""
    metrics.mail_ended("sent")
    told = scrapes.read(metrics.registry)
    assert not told["tramita_journal_events_waiting"].samples
    assert not told["tramita_schedule_next_timestamp_seconds"].samples
    assert told["tramita_pool_connections"].samples
    assert told["tramita_mail_messages"].samples


def test_names_helps_and_labels_keep_prometheus_s_conventions(metrics: Metrics) -> None:
    """ERP-14: the strict parser reads them; the full run asks promtool as well."""
    metrics.job_ended("mail", "done", 1.0)
    metrics.answered("/api/v1/orders/{order_id}", "GET", 200, 0.002)
    metrics.paper_printed("invoice", 0.008, 1)
    families = scrapes.read(metrics.registry)
    assert scrapes.faults(families.values()) == []
    assert not [name for name in families if name.endswith("_created")]


def test_our_own_rules_see_a_fault() -> None:
    from prometheus_client import CollectorRegistry, Counter  # noqa: PLC0415 - wrong on purpose

    registry = CollectorRegistry()
    Counter("tramita_counter_of_things", "", ("who",), registry=registry).labels("Ann Smith").inc()
    found = scrapes.faults(registry.collect())
    assert [one.partition(": ")[2] for one in found] == [
        "no help",
        "a type or an odd unit in the name",
        "'Ann Smith' is data",
    ]


class Asked:
    """A client of the internal port, without a port."""

    def __init__(self, metrics: Metrics, clock: FakeClock) -> None:
        self.checks: dict[str, bool] = {"database": True}
        self.looked = 0
        self.draining = threading.Event()
        self._pages = Pages(make_wsgi_app(metrics.registry), self._look, self.draining, clock)

    def _look(self) -> Mapping[str, bool]:
        self.looked += 1
        if not self.checks:
            raise ConnectionError("secret")
        return dict(self.checks)

    def __call__(self, path: str, method: str = "GET", **more: str) -> tuple[int, str]:
        """Give status and body."""
        told: list[str] = []

        def start(status: str, _headers: Any, _error: Any = None) -> Any:
            told.append(status)

        asked = {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": "", **more}
        body = b"".join(self._pages(asked, start))
        return int(told[0][:3]), body.decode()


@pytest.fixture
def ask(metrics: Metrics, clock: FakeClock) -> Asked:
    return Asked(metrics, clock)


def test_the_internal_port_tells_figures_life_and_readiness_and_nothing_else(ask: Asked) -> None:
    """ERP-14, ERP-15: workers have no API, and are probed there."""
    assert ask("/metrics")[1].startswith("# HELP tramita_")
    assert ask("/health") == (200, '{"status": "alive"}')
    status, body = ask("/ready")
    assert (status, json.loads(body)["checks"]) == (200, {"serving": True, "database": True})
    assert ask("/")[0] == 404
    assert ask("/metrics", "POST")[0] == 405


def test_readiness_is_looked_up_once_a_second_however_often_it_is_asked(ask: Asked, clock: FakeClock) -> None:
    for _ in range(5):
        ask("/ready")
    assert ask.looked == 1
    ask.checks["database"] = False
    clock.advance(FRESH_S)
    assert ask("/ready")[0] == 503
    assert ask.looked == 2


def test_a_draining_process_is_not_ready_and_alive(ask: Asked) -> None:
    """ERP-15: without looking any further."""
    ask.draining.set()
    status, body = ask("/ready")
    assert (status, json.loads(body)["checks"]) == (503, {"serving": False})
    assert ask("/health")[0] == 200
    assert ask.looked == 0


def test_checks_that_fail_to_answer_are_not_ready_and_not_told(ask: Asked) -> None:
    ask.checks.clear()
    status, body = ask("/ready")
    assert status == 503
    assert "secret" not in body


def test_nobody_watching_costs_nothing_and_changes_nothing() -> None:
    """ERP-14: what is not switched on is not there."""

    def pause(_failed: int) -> None:
        raise AssertionError

    quiet = NoWatch()
    assert quiet.pausing(pause) is pause
    quiet.job_ended("mail", "done", 1.0)
    quiet.mail_ended("sent")
    quiet.breaker_of(lambda: True)
    quiet.paper_printed("invoice", 1.0, 1)
    quiet.dispatch_ended(well=True)
    quiet.queue_of(tuple)
    spans = NoSpans()
    assert spans.carry() == ""
    with spans.open("work", job_id="7"), spans.resume("", "more"):
        pass
    listener = NoListener()
    listener.start()
    assert listener.port == 0
    listener.stop()
