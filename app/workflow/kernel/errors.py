"""What goes wrong in a definition, and what goes wrong in a step."""

from __future__ import annotations

from typing import Final

ALL: Final = "States.ALL"
TASK_FAILED: Final = "States.TaskFailed"
TIMEOUT: Final = "States.Timeout"
HEARTBEAT_TIMEOUT: Final = "States.HeartbeatTimeout"
RUNTIME: Final = "States.Runtime"
DATA_LIMIT: Final = "States.DataLimitExceeded"
BRANCH_FAILED: Final = "States.BranchFailed"
NO_CHOICE: Final = "States.NoChoiceMatched"

NEVER_CAUGHT_BY_ALL: Final = frozenset({RUNTIME, DATA_LIMIT})
"""What ``States.ALL`` does not take (developer guide, "Error names")."""


class DefinitionError(ValueError):
    """A definition is wrong; raised while it is built. ``faults`` holds every fault found, one sentence each."""

    def __init__(self, name: str, faults: list[str]) -> None:
        super().__init__(f"{name}: {'; '.join(faults)}")
        self.name = name
        self.faults = tuple(faults)


class StepError(Exception):
    """A step failed as the definition may retry or catch it: ``error`` is its name, ``cause`` a text for people.

    ``location`` names the field of the definition whose evaluation failed, if that is what happened.
    """

    def __init__(self, error: str, cause: str = "", location: str = "") -> None:
        super().__init__(f"{error}: {cause}" if cause else error)
        self.error = error
        self.cause = cause
        self.location = location


def matches(patterns: tuple[str, ...], error: str) -> bool:
    """Tell whether a retrier or catcher that names ``patterns`` takes ``error``.

    Source: ASL, "Errors": States.ALL takes any but States.Runtime and States.DataLimitExceeded; States.TaskFailed
    takes any but States.Timeout. What States.ALL does not take no wildcard takes.
    """
    if error in patterns:
        return True
    if error in NEVER_CAUGHT_BY_ALL:
        return False
    return ALL in patterns or (TASK_FAILED in patterns and error != TIMEOUT)
