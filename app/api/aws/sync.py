"""StartSyncExecution."""

from __future__ import annotations

from functools import partial
from typing import Final

from app.api.aws.call import Answer, Call
from app.api.aws.errors import AwsError
from app.api.aws.executions import data_of, started
from app.api.container import Container
from app.api.ends import Ends, Gone
from app.api.threads import in_thread
from app.domain.processes import Execution, ExecutionState
from app.usecases import processes

LONGEST_SECONDS: Final = 305.0
"""An express execution ends by itself within 300 seconds; the rest is for the engine to say so."""
BILLED_MS: Final = 100
MEMORY_MB: Final = 64
"""The units of the bill, as AWS writes it; nobody pays it."""
_LATE: Final = AwsError("ServiceUnavailable", "The execution has not ended in time; it goes on.", 503)
_STATUS: Final = {ExecutionState.ABORTED: ExecutionState.FAILED}
"""What clients know no word for."""


class Syncing:
    """Callers that wait for an end: none of them holds a thread."""

    def __init__(self, container: Container, ends: Ends) -> None:
        self._container = container
        self._ends = ends

    async def run(self, call: Call, gone: Gone) -> Answer:
        """StartSyncExecution: give what the execution has come to; nothing once ``gone()``."""
        executions, patience = self._container.executions, self._container.settings.db_pool_timeout_s
        execution = await in_thread(partial(started, call, processes.StartExecution(executions, sync=True)), patience)
        ended = await self._ends.wait(call.context.company, execution.id, LONGEST_SECONDS, gone)
        if ended is None:
            raise _LATE
        return _shown(call, ended)


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
