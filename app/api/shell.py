"""What is built once per application and every request uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import structlog
from anyio import CapacityLimiter, Lock, to_thread
from starlette.requests import Request

from app.api.callers import Callers
from app.api.container import Container
from app.api.ends import Ends
from app.api.problems import Problems
from app.api.refusals import Overloaded
from app.usecases.ports.shared import Clock

FRESH_SECONDS: Final = 1.0
_log = structlog.get_logger(source="app.ready")


class Readiness:
    """The last answer of the readiness checks, so that many probes cost the database one look a second.

    It has a thread of its own: a busy service is still ready, and a probe must not wait behind requests.
    """

    def __init__(self, look: Callable[[], Mapping[str, bool]], clock: Clock) -> None:
        self._look = look
        self._clock = clock
        self._thread = CapacityLimiter(1)
        self._turn = Lock()
        self._checks: Mapping[str, bool] = {}
        self._until = float("-inf")

    async def checks(self) -> Mapping[str, bool]:
        """Give the named checks and whether each passed; at most 1 s old."""
        async with self._turn:
            if self._clock.monotonic() >= self._until:
                try:
                    self._checks = await to_thread.run_sync(self._look, limiter=self._thread)
                except Exception:  # noqa: BLE001 - whatever keeps the checks from answering, requests will meet it too
                    _log.warning("readiness cannot be told", exc_info=True)
                    self._checks = {"checked": False}
                self._until = self._clock.monotonic() + FRESH_SECONDS
            return self._checks


@dataclass(frozen=True, slots=True)
class Shell:
    """The container with what HTTP adds: known callers, problems, the last readiness, who waits, threads set aside.

    Sign-ins hash passwords, 0.1 s of a core each; in the common threads they would hold up everybody else. So would
    ``writers``, which wait for the disk, and ``printers``, which draw papers. Of the common
    threads no more than ``exports`` read pages of exports at a time.
    """

    container: Container
    callers: Callers
    problems: Problems
    readiness: Readiness
    ends: Ends
    sign_ins: CapacityLimiter
    writers: CapacityLimiter
    exports: CapacityLimiter
    printers: CapacityLimiter

    @property
    def patience(self) -> float:
        """Seconds that a request waits for its thread."""
        return self.container.settings.db_pool_timeout_s

    def in_time(self, queued: float) -> None:
        """Pass only work that got its thread soon enough after ``queued``, in monotonic seconds. Raises Overloaded."""
        if self.container.clock.monotonic() - queued > self.patience:
            raise Overloaded


def shell_of(request: Request) -> Shell:
    """Give the shell of the application that serves ``request``."""
    shell: Any = request.app.state.shell
    assert isinstance(shell, Shell)  # noqa: S101 - tells mypy; create_app sets it
    return shell
