"""What keeps a process from sending while nothing goes through (ERP-12)."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass, field

from app.domain.mail import MailSuspended
from app.usecases.ports.shared import Clock


@dataclass(slots=True)
class Breaker:
    """Opens after ``failures`` sends in a row that ended in a transient failure, and closes ``open_s`` seconds later.

    A send counts once, after its last attempt. One that a server took ends the row; a permanent failure neither
    counts nor ends it, so nobody tells the breaker of one. There is no half-open state: closed is closed, with nothing
    counted. How sends end that were under way when it opened changes nothing. One for each process, shared by its
    threads.
    """

    failures: int
    open_s: float
    clock: Clock
    _row: int = 0
    _until: float | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def check(self) -> None:
        """Pass only while closed. Raises MailSuspended with the whole seconds until then, at least 1."""
        with self._lock:
            left = self._left()
        if left > 0:
            raise MailSuspended(retry_after=math.ceil(left))

    def failed(self) -> None:
        """Count a send that ended in a transient failure."""
        with self._lock:
            if self._left() > 0:
                return
            self._row += 1
            if self._row >= self.failures:
                self._until = self.clock.monotonic() + self.open_s

    def succeeded(self) -> None:
        """End the row."""
        with self._lock:
            if self._left() <= 0:
                self._row = 0

    @property
    def open(self) -> bool:
        """Whether nothing is sent just now."""
        with self._lock:
            return self._left() > 0

    def _left(self) -> float:
        """Give the seconds until it closes, 0 when closed; whoever finds the time over closes it."""
        if self._until is None:
            return 0.0
        left = self._until - self.clock.monotonic()
        if left > 0:
            return left
        self._until, self._row = None, 0
        return 0.0
