"""Callers that wait for executions to end, on the event loop."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final

from anyio import move_on_after

from app.api.container import Container
from app.api.threads import in_thread
from app.domain.processes import Execution
from app.domain.shared.ids import CompanyId

FIRST_LOOK: Final = 0.05
SLOWEST_LOOK: Final = 1.0
"""Seconds between looks for an end that another process brings about: each pause is twice the one before."""
Gone = Callable[[], Awaitable[bool]]
"""Tells whether the client has left."""


class Ends:
    """What callers wait with: none of them holds a thread or a connection. Ends that this process brings about ring."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self._rung: defaultdict[tuple[CompanyId, str], set[asyncio.Event]] = defaultdict(set)
        self._loop: asyncio.AbstractEventLoop | None = None

    async def wait(self, company: CompanyId, execution: str, seconds: float, gone: Gone) -> Execution | None:
        """Give an execution once it has ended, with its data.

        None when it has not within ``seconds``, once the process is about to stop, or once ``gone()``. Raises
        Overloaded.
        """
        self._listen()
        clock, patience = self._container.clock, self._container.settings.db_pool_timeout_s
        look = partial(self._container.executions.ended, company, execution)
        until, pause = clock.monotonic() + seconds, FIRST_LOOK
        with self._hearing(company, execution) as rung:
            while (left := until - clock.monotonic()) > 0 and not await gone():
                ended = await in_thread(look, patience)
                if ended is not None or self._container.draining.is_set():
                    return ended
                with move_on_after(min(pause, left)):
                    await rung.wait()
                rung.clear()
                pause = min(2 * pause, SLOWEST_LOOK)
        return None

    @contextmanager
    def _hearing(self, company: CompanyId, execution: str) -> Iterator[asyncio.Event]:
        key, rung = (company, execution), asyncio.Event()
        self._rung[key].add(rung)
        try:
            yield rung
        finally:
            self._rung[key].discard(rung)
            if not self._rung[key]:
                del self._rung[key]

    def _listen(self) -> None:
        """Hear of ends from the engine's threads; those of a loop that is closed are not told."""
        loop = asyncio.get_running_loop()
        if self._loop is None:
            self._container.executions.listen(self._ended)
        self._loop = loop

    def _ended(self, company: CompanyId, execution: str) -> None:
        """Have the loop ring, if anybody waits."""
        loop = self._loop
        if (company, execution) in self._rung and loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._ring, (company, execution))

    def _ring(self, key: tuple[CompanyId, str]) -> None:
        for rung in self._rung.get(key, ()):
            rung.set()
