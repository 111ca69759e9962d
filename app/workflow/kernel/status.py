"""The life of an execution: its states, the changes allowed between them, and what AWS calls each."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from .lifecycle import Lifecycle, Transition


class Status(StrEnum):
    """Where an execution is."""

    PENDING = "pending"
    RUNNING = "running"
    WAITING = "waiting"
    RETRYING = "retrying"
    COMPENSATING = "compensating"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    ABORTED = "aborted"


def _from(names: tuple[Status, ...], transition: str, target: Status) -> tuple[Transition[Status], ...]:
    return tuple(Transition(transition, source, target) for source in names)


_ACTIVE: Final = (Status.RUNNING, Status.WAITING, Status.RETRYING)

LIFE: Final = Lifecycle(
    "execution",
    Status,
    initial=Status.PENDING,
    transitions=(
        Transition("start", Status.PENDING, Status.RUNNING),
        Transition("wait", Status.RUNNING, Status.WAITING),
        Transition("back_off", Status.RUNNING, Status.RETRYING),
        *_from((Status.WAITING, Status.RETRYING), "wake", Status.RUNNING),
        *_from(_ACTIVE, "compensate", Status.COMPENSATING),
        Transition("succeed", Status.RUNNING, Status.SUCCEEDED),
        *_from((*_ACTIVE, Status.COMPENSATING), "fail", Status.FAILED),
        *_from((*_ACTIVE, Status.COMPENSATING), "time_out", Status.TIMED_OUT),
        *_from((Status.PENDING, *_ACTIVE, Status.COMPENSATING), "abort", Status.ABORTED),
        *_from((Status.FAILED, Status.TIMED_OUT, Status.ABORTED), "redrive", Status.RUNNING),
    ),
)
"""Every change an execution may make (ORC-01); any other raises InvalidTransitionError and changes nothing."""

ENDED: Final = frozenset({Status.SUCCEEDED, Status.FAILED, Status.TIMED_OUT, Status.ABORTED})
"""Where nothing runs any more; all but ``succeeded`` can be redriven."""

AWS: Final[Mapping[Status, str]] = MappingProxyType(
    {
        Status.PENDING: "RUNNING",
        Status.RUNNING: "RUNNING",
        Status.WAITING: "RUNNING",
        Status.RETRYING: "RUNNING",
        Status.COMPENSATING: "RUNNING",
        Status.SUCCEEDED: "SUCCEEDED",
        Status.FAILED: "FAILED",
        Status.TIMED_OUT: "TIMED_OUT",
        Status.ABORTED: "ABORTED",
    }
)
"""The status that AWS Step Functions shows for ours."""
