"""Compensations: what was done is undone, the last first, each as a task (SAGA-01, SAGA-03)."""

from __future__ import annotations

from . import events as e
from .chance import fraction
from .errors import matches
from .frames import Branch
from .graph import Compensation, Visit


class Undoing:
    """The branch of one compensation: scheduled, retried as its definition says, and after that told to a person."""

    __slots__ = ("branch", "plan", "visit")

    def __init__(self, visit: Visit, branch: Branch) -> None:
        self.visit = visit
        self.branch = branch
        plan = getattr(visit.definition.states[branch.state], "compensation", None)
        self.plan = plan if isinstance(plan, Compensation) else Compensation("")

    def execute(self, cause: e.Event | None) -> tuple[e.Event, ...]:
        """Decide what follows ``cause``: nothing but the task at first, later its result."""
        now, branch = self.visit.now, self.branch
        if isinstance(cause, e.TaskSucceeded):
            return (e.StepUndone(now, branch.state),)
        if isinstance(cause, (e.TaskFailed, e.TaskTimedOut)):
            return self._failed(cause.error, cause.cause)
        undo = branch.undo
        assert undo is not None  # noqa: S101 - only such branches come here
        due = None if self.plan.timeout is None else now + round(1000 * self.plan.timeout)
        return (e.TaskScheduled(branch.id, now, branch.attempt + 1, undo.resource, undo.argument, due),)

    def _failed(self, error: str, cause: str) -> tuple[e.Event, ...]:
        now, branch = self.visit.now, self.branch
        tries = branch.tries or {}
        for place, retrier in enumerate(self.plan.retriers):
            if not matches(retrier.errors, error):
                continue
            used = tries.get(place, 0)
            if used >= retrier.attempts:
                break
            pause = retrier.pause(used, fraction(self.visit.frame.seed, branch.entry, branch.attempt, "retry"))
            return (e.RetryScheduled(branch.id, now, place, now + pause),)
        return (e.StepNotUndone(now, branch.state, error, cause),)
