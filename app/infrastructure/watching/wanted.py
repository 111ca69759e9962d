"""Who watches, by the settings: nobody, Prometheus, OpenTelemetry, or both."""

from __future__ import annotations

from functools import partial

from app.domain.shared.errors import Unavailable
from app.infrastructure.database.engine import Database
from app.infrastructure.watching.quiet import Flag, NoListener, NoSpans, NoWatch
from app.settings import Settings
from app.usecases.ports.shared import Clock


class TracingMissing(Unavailable):
    """Traces are wanted and OpenTelemetry is not installed: install `tramita[otel]`."""

    code = "setup.tracing_missing"


def spans_of(settings: Settings) -> NoSpans:
    """Give what traces, or what does not. Raises TracingMissing."""
    if not settings.traces():
        return NoSpans()
    # Imported here: it is an extra, and takes a tenth of a second.
    try:
        from app.infrastructure.watching.tracing import OtelSpans  # noqa: PLC0415
    except ImportError as error:
        raise TracingMissing from error
    return OtelSpans.exporting()


def watching_of(settings: Settings, database: Database, clock: Clock, draining: Flag) -> tuple[NoWatch, NoListener]:
    """Give the metrics and who answers for them; without a port nothing is counted."""
    ports = settings.metrics_ports()
    if not ports:
        return NoWatch(), NoListener()
    # Imported here: as long as nobody asks for metrics no command pays for them.
    from prometheus_client import make_wsgi_app  # noqa: PLC0415

    from app.infrastructure.database.figures import job_depths  # noqa: PLC0415
    from app.infrastructure.watching.listener import Listener, Pages  # noqa: PLC0415
    from app.infrastructure.watching.metrics import Metrics  # noqa: PLC0415

    metrics = Metrics(clock, database)
    metrics.queue_of(partial(job_depths, database))
    pages = Pages(make_wsgi_app(metrics.registry), database.readiness, draining, clock)
    return metrics, Listener(settings.metrics_host, ports, pages)
