"""StartSyncExecution: callers that wait for the end of an execution, on the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final

from anyio import move_on_after

from app.api.aws.call import Answer, Call
from app.api.aws.errors import AwsError
from app.api.aws.executions import data_of, started
from app.api.container import Container
from app.api.threads import in_thread
from app.domain.processes import Execution, ExecutionState
from app.domain.shared.ids import CompanyId
from app.usecases import processes

LONGEST_SECONDS: Final = 305.0
"""An express execution ends by itself within 300 seconds; the rest is for the engine to say so."""
FIRST_LOOK: Final = 0.05
SLOWEST_LOOK: Final = 1.0
"""Seconds between looks for an end that another process brings about: each pause is twice the one before."""
BILLED_MS: Final = 100
MEMORY_MB: Final = 64
"""The units of the bill, as AWS writes it; nobody pays it."""
_LATE: Final = AwsError("ServiceUnavailable", "The execution has not ended in time; it goes on.", 503)
_STATUS: Final = {ExecutionState.ABORTED: ExecutionState.FAILED}
"""What clients know no word for."""


class Syncing:
    """Callers that wait for an end: none of them holds a thread. Those that this process brings about ring."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self._rung: dict[tuple[CompanyId, str], asyncio.Event] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    async def run(self, call: Call, gone: Any) -> Answer:
        """StartSyncExecution: give what the execution has come to; nothing once ``gone()``."""
        self._listen()
        executions, patience = self._container.executions, self._container.settings.db_pool_timeout_s
        execution = await in_thread(partial(started, call, processes.StartExecution(executions, sync=True)), patience)
        look = partial(executions.ended, call.context.company, execution.id)
        until, pause = self._container.clock.monotonic() + LONGEST_SECONDS, FIRST_LOOK
        async with self._hearing(call.context.company, execution.id) as rung:
            while self._container.clock.monotonic() < until and not await gone():
                ended = await in_thread(look, patience)
                if ended is not None:
                    return _shown(call, ended)
                if self._container.draining.is_set():
                    break
                with move_on_after(pause):
                    await rung.wait()
                rung.clear()
                pause = min(2 * pause, SLOWEST_LOOK)
        raise _LATE

    @asynccontextmanager
    async def _hearing(self, company: CompanyId, execution: str) -> AsyncIterator[asyncio.Event]:
        rung = self._rung[company, execution] = asyncio.Event()
        try:
            yield rung
        finally:
            del self._rung[company, execution]

    def _listen(self) -> None:
        """Hear of ends from the engine's threads; those of a loop that is closed are not told."""
        loop = asyncio.get_running_loop()
        if self._loop is None:
            self._container.executions.listen(self._ended)
        self._loop = loop

    def _ended(self, company: CompanyId, execution: str) -> None:
        rung, loop = self._rung.get((company, execution)), self._loop
        if rung is not None and loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(rung.set)


def _shown(call: Call, execution: Execution) -> Answer:
    stopped = execution.started if execution.stopped is None else execution.stopped
    lasted = stopped - execution.started
    traced = {"traceHeader": execution.trace} if execution.trace else {}
    return {
        "executionArn": call.place.execution(execution.machine, execution.name),
        "stateMachineArn": call.place.machine(execution.machine),
        "name": execution.name.partition(":")[0],
        "startDate": execution.started / 1000,
        "stopDate": stopped / 1000,
        "status": _STATUS.get(execution.state, execution.state),
        **data_of(call, execution),
        **traced,
        "billingDetails": {
            "billedMemoryUsedInMB": MEMORY_MB,
            "billedDurationInMilliseconds": max(-(-lasted // BILLED_MS), 1) * BILLED_MS,
        },
    }
