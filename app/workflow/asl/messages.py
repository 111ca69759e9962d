"""The state type Message, an extension of our own: waits for a message."""

from __future__ import annotations

from typing import Any, ClassVar, Final

import msgspec

from ..kernel import events as e
from ..kernel import states as kernel
from ..kernel.errors import TIMEOUT, StepError
from ..kernel.graph import Visit
from .context import instant
from .paths import Path
from .query import Number, Query, Text
from .states import AslState, Ways

TIMED_OUT: Final = "timeout"
"""The transition that is taken when no message has come."""


class Message(AslState, kernel.Awaiting):
    """Message, our own: waits for a message that is correlated by a name and a value."""

    kind: ClassVar[str] = "message"
    type: ClassVar[str] = "Message"

    def __init__(  # noqa: PLR0913 - what a Message can say, by keyword
        self,
        name: str,
        ways: Ways,
        query: Query,
        *,
        correlation: str,
        value: Text | None,
        select: Query,
        merges: bool,
        limit: Number | None,
        late_path: Path | None,
    ) -> None:
        """``select`` shapes the message's data; ``merges``: the result goes over the input by itself."""
        kernel.Awaiting.__init__(
            self,
            name,
            ways.transitions,
            names=[correlation],
            key=(lambda _visit: "") if value is None else value,
            retriers=ways.retriers,
            catchers=ways.catchers,
        )
        self.query = query
        self.select = select
        self.merges = merges
        self.limit = limit
        self.late_path = late_path

    def execute(self, visit: Visit, cause: e.Event | None) -> tuple[e.Event, ...]:
        """Wait, or go on with what came or did not come."""
        if isinstance(cause, e.SignalReceived):
            return self._came(visit, cause.data)
        if isinstance(cause, e.SignalTimedOut):
            return self._did_not_come(visit)
        awaited, *rest = kernel.Awaiting.execute(self, visit, cause)
        if self.limit is None or not isinstance(awaited, e.SignalAwaited):
            return (awaited, *rest)
        due = visit.now + round(1000 * self.limit(visit))
        return (msgspec.structs.replace(awaited, due=due), *rest)

    def _came(self, visit: Visit, data: Any) -> tuple[e.Event, ...]:
        result = self.select.give(visit, data)
        if self.merges:
            result = _merged(visit.branch.data, result)
        return self.left(visit, result)

    def _did_not_come(self, visit: Visit) -> tuple[e.Event, ...]:
        if TIMED_OUT not in self.transitions:
            raise StepError(TIMEOUT)
        data = visit.branch.data
        if self.late_path is not None and isinstance(data, dict):
            told = {"correlationKey": self.names[0], "correlationValue": self.key(visit), "at": instant(visit.now)}
            data = self.late_path.put(data, {"timeoutInfo": told})
        return visit.exited(data, TIMED_OUT)


def _merged(data: Any, came: Any) -> Any:
    if came is None:
        return data
    if not isinstance(data, dict):
        return came
    return {**data, **came} if isinstance(came, dict) else {**data, "message": came}
