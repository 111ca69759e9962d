"""Going on from a state again: what an execution that has ended is told, out of its history."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from ..kernel import events as e
from ..kernel import stimuli as s
from ..kernel.fold import MAIN, fold
from ..kernel.frames import Frame
from ..kernel.graph import Definition
from ..kernel.migration import unready
from .rows import events_of
from .steps import checked
from .store import Row, Store


class RetryError(Exception):
    """An execution cannot go on from a state; the text says why."""


class _Arrival(NamedTuple):
    """With what the main line came to a state, and whether there was a way back then."""

    data: Any
    variables: dict[str, Any] | None
    pivot: bool


def retry_of(store: Store, row: Row, frame: Frame, definition: Definition, state: str, data: Any) -> s.Retry:
    """Give what lets an execution go on from a state, with ``data``, or UNSET for what it last came there with.

    Raises RetryError with the reason when it cannot.
    """
    why = unready(frame, definition, state)
    if why:
        raise RetryError(why)
    before = _last_arrival(store, row, state)
    if before is None and data is msgspec.UNSET:
        raise RetryError(f"the execution has never been in {state!r}: what it goes on with must be given")
    if before is None:
        main = frame.branches.get(MAIN)
        before = _Arrival(None, main.variables if main is not None else None, frame.pivot)
    if frame.pivot and not before.pivot:
        raise RetryError(f"{state!r} lies before the pivot, behind which there is no way back")
    given = before.data if data is msgspec.UNSET else checked(data)
    edition = 0 if definition.edition == (frame.edition or row.edition) else definition.edition
    return s.Retry(state, given, before.variables, edition, frame.redrives)


def _last_arrival(store: Store, row: Row, state: str) -> _Arrival | None:
    frame, found = Frame(row.key.id, row.seed), None
    for event in events_of(store, row.key):
        fold(frame, event)
        if isinstance(event, e.StateEntered) and event.branch == MAIN and event.state == state:
            found = _Arrival(event.input, frame.branches[MAIN].variables, frame.pivot)
    return found
