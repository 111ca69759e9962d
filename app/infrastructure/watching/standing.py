"""Figures that are looked up when they are read: pool, events that wait, queue, schedules, executions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app.infrastructure.database.engine import TIMED_OUT, WAITED, WRITE_LOCK, Database
from app.infrastructure.database.failures import FailureKind
from app.infrastructure.database.figures import LATE_S, backlog, overdue, schedule_times, waiting_for_executions
from app.infrastructure.watching.quiet import Queue
from app.usecases.ports.shared import Clock

# A constraint that holds is no failure: it is the business's word on what was asked.
FAILURES: Final = (*(kind.value for kind in FailureKind if kind is not FailureKind.REFUSED), WRITE_LOCK)
Families = Sequence[GaugeMetricFamily | CounterMetricFamily]
_log = structlog.get_logger(source="app.metrics")


class Looked(Collector):
    """Figures looked up at each reading; when that fails they are missing, which is logged, and the others are told."""

    def __init__(self, made: Callable[[], Families], look: Callable[[Families], None]) -> None:
        self._made = made
        self._look = look

    def describe(self) -> Iterable[Metric]:
        """Give the metrics without their values."""
        return self._made()

    def collect(self) -> Iterable[Metric]:
        """Give the metrics as they are now."""
        families = self._made()
        try:
            self._look(families)
        except Exception:  # noqa: BLE001 - whatever ails the database, its own figures are the ones needed then
            _log.warning("figures cannot be told", of=families[0].name, exc_info=True)
            return self._made()
        return families


def pool_figures(database: Database) -> Looked:
    """Give the figures of the connections, and of what the driver's errors meant."""

    def made() -> Families:
        return (
            GaugeMetricFamily("tramita_pool_connections", "Connections that requests may hold at once."),
            GaugeMetricFamily("tramita_pool_connections_in_use", "Connections that requests hold."),
            CounterMetricFamily("tramita_pool_waits", "Times that a transaction waited for a connection."),
            CounterMetricFamily("tramita_pool_timeouts", "Times that it waited in vain."),
            CounterMetricFamily(
                "tramita_database_failures",
                "Errors of the database, by what they meant: retry (deadlock, serialization), timeout, lost (the"
                " connection), unavailable, bug, write_lock (SQLite's was not had in time).",
                labels=("kind",),
            ),
        )

    def look(families: Families) -> None:
        most, in_use = database.connections()
        counts = database.tally.read()
        for family, value in zip(
            families, (most, in_use, counts.get(WAITED, 0), counts.get(TIMED_OUT, 0)), strict=False
        ):
            family.add_metric((), value)
        for kind in FAILURES:
            families[-1].add_metric((kind,), counts[kind])

    return Looked(made, look)


def journal_figures(database: Database, clock: Clock) -> Looked:
    """Give how many events wait for a number."""

    def made() -> Families:
        return (
            GaugeMetricFamily(
                "tramita_journal_events_waiting", "Events that wait for their number in the journal, at most 10,000."
            ),
            GaugeMetricFamily("tramita_journal_oldest_event_age_seconds", "Age of the first of them; 0 without any."),
        )

    def look(families: Families) -> None:
        found = backlog(database)
        age = 0.0 if found.oldest is None else (clock.now() - found.oldest).total_seconds()
        families[0].add_metric((), found.events)
        families[1].add_metric((), max(0.0, age))

    return Looked(made, look)


def queue_figures(queue: Callable[[], Queue], clock: Clock) -> Looked:
    """Give how many jobs there are; ``queue`` gives whoever knows. A job whose time has not come has no age."""

    def made() -> Families:
        return (
            GaugeMetricFamily(
                "tramita_jobs", "Jobs that have not ended well, by kind and state.", labels=("kind", "state")
            ),
            GaugeMetricFamily(
                "tramita_job_oldest_age_seconds",
                "Time since the oldest job was due, by kind and state.",
                labels=("kind", "state"),
            ),
        )

    def look(families: Families) -> None:
        for depth in queue()():
            age = 0.0 if depth.oldest_due_at is None else (clock.now() - depth.oldest_due_at).total_seconds()
            families[0].add_metric((depth.kind, depth.state), depth.count)
            families[1].add_metric((depth.kind, depth.state), max(0.0, age))

    return Looked(made, look)


def schedule_figures(database: Database) -> Looked:
    """Give when the next job of each schedule is asked for."""

    def made() -> Families:
        return (
            GaugeMetricFamily(
                "tramita_schedule_next_timestamp_seconds",
                "When the next job of a schedule is asked for; in the past while no process does jobs.",
                labels=("schedule",),
            ),
        )

    def look(families: Families) -> None:
        for name, next_at in schedule_times(database).items():
            families[0].add_metric((name,), next_at.timestamp())

    return Looked(made, look)


def execution_figures(database: Database, clock: Clock) -> Looked:
    """Give how many executions should go on, how many do not, and what waits to be seen by them or by workers."""

    def made() -> Families:
        return (
            GaugeMetricFamily("tramita_executions_due", "Executions that should go on now, at most 10,000."),
            GaugeMetricFamily(
                "tramita_execution_oldest_due_age_seconds", "For how long the first of them should have."
            ),
            GaugeMetricFamily(
                "tramita_executions_stuck",
                f"Those that should have for more than {LATE_S} s (late), or that cost a worker its life (suspect).",
                labels=("reason",),
            ),
            GaugeMetricFamily(
                "tramita_execution_letters_waiting",
                "Letters (messages, answers, stops) that no execution has read yet, at most 10,000.",
            ),
            GaugeMetricFamily(
                "tramita_execution_tasks_waiting", "Tasks of activities that no worker has taken yet, at most 10,000."
            ),
        )

    def look(families: Families) -> None:
        now = int(clock.now().timestamp() * 1000)
        found = overdue(database, now)
        letters, tasks = waiting_for_executions(database)
        families[0].add_metric((), found.count)
        families[1].add_metric((), 0.0 if found.oldest is None else (now - found.oldest) / 1000)
        families[2].add_metric(("late",), found.late)
        families[2].add_metric(("suspect",), found.suspect)
        families[3].add_metric((), letters)
        families[4].add_metric((), tasks)

    return Looked(made, look)
