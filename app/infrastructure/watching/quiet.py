"""What is done when nobody watches: nothing, at no cost. Metrics and traces replace it method by method."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, ClassVar, Protocol

from structlog.typing import Processor

from app.infrastructure.database.engine import Database
from app.usecases.ports.jobs import Depth
from app.usecases.ports.shared import Works
from app.usecases.run import Runner

if TYPE_CHECKING:
    from fastapi import FastAPI

Pause = Callable[[int], None]
Queue = Callable[[], Iterable[Depth]]


class Flag(Protocol):
    """Something that is set once (``threading.Event`` is one)."""

    def is_set(self) -> bool:
        """Tell whether it was."""
        ...


class NoWatch:
    """Counts nothing."""

    counts: ClassVar[bool] = False
    """Whether anything comes of what is told."""

    def pausing(self, pause: Pause) -> Pause:
        """Give ``pause`` between the attempts of a use case, with each one counted."""
        return pause

    def around(self, app: FastAPI) -> None:
        """Measure the requests of ``app``."""

    def dispatch_ended(self, *, well: bool) -> None:
        """Note one round of numbering events in this process."""

    def queue_of(self, queue: Queue) -> None:
        """Ask ``queue`` how many jobs wait, whenever the figures are read."""

    def job_ended(self, kind: str, outcome: str, seconds: float) -> None:
        """Note one run of a job."""

    def mail_ended(self, outcome: str) -> None:
        """Note what became of one message."""

    def breaker_of(self, is_open: Callable[[], bool]) -> None:
        """Ask ``is_open`` of the breaker before the mail server, whenever the figures are read."""

    def paper_printed(self, kind: str, seconds: float, pages: int) -> None:
        """Note one PDF."""

    def execution_ended(self, status: str) -> None:
        """Note the end of an execution in this process."""

    def task_ended(self, resource: str, outcome: str, seconds: float | None) -> None:
        """Note one attempt at a task of an execution; None when nobody knows how long it took."""

    def alert_raised(self, reason: str) -> None:
        """Note that an execution has called for a person."""

    def engine_of(self, running: Callable[[], bool]) -> None:
        """Ask ``running`` whether executions advance in this process, whenever the figures are read."""


class NoListener:
    """Listens on no port."""

    @property
    def port(self) -> int:
        """The port it answers on; 0 when it does not."""
        return 0

    def start(self) -> None:
        """Answer from now on."""

    def stop(self) -> None:
        """Answer no more; a second call does nothing."""


class NoSpans:
    """Traces nothing."""

    processors: Sequence[Processor] = ()
    """What adds the open span's ids to a log line."""

    def open(self, name: str, **attributes: str | int) -> AbstractContextManager[object]:  # noqa: ARG002 - as the port
        """Give the block of one piece of work."""
        return nullcontext()

    def carry(self) -> str:
        """Give no trace."""
        return ""

    def resume(
        self,
        carried: str,  # noqa: ARG002 - as the port
        name: str,
        **attributes: str | int,
    ) -> AbstractContextManager[object]:
        """Give the block of work that goes on with a trace."""
        return self.open(name, **attributes)

    def runner(self, works: Works, pause: Pause) -> Runner:
        """Give the runner of use cases, each of which is a span."""
        return Runner(works, pause)

    def follow(self, database: Database) -> None:
        """Make each statement of ``database`` a span."""

    def around(self, app: FastAPI) -> None:
        """Make each request of ``app`` a span."""

    def close(self) -> None:
        """Send what was not sent yet; a second call does nothing."""
