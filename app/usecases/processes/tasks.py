"""Work for others: asked for, answered, shown to be worked on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from app.domain.processes import Missing
from app.domain.shared.rights import Right
from app.usecases.context import Context
from app.usecases.ports.shared import Work
from app.usecases.ports.workflows import Tasks


@dataclass(frozen=True, slots=True)
class FindActivity:
    """Find an activity to ask tasks of. Raises Missing."""

    right: ClassVar[Right] = Right.EXECUTIONS_WRITE
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: str) -> None:
        """Pass only the name of an activity that there is."""
        if work.activities.by_name(request) is None:
            raise Missing(what="ActivityDoesNotExist")


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskAnswer:
    """What became of a task: its output as JSON text, or without one its failure."""

    token: str
    output: str | None = None
    error: str = ""
    cause: str = ""


@dataclass(frozen=True, slots=True)
class AnswerTask:
    """Answer for a task. Raises Rejected, Missing."""

    right: ClassVar[Right] = Right.EXECUTIONS_WRITE
    writes: ClassVar[bool] = False
    tasks: Tasks

    def execute(self, work: Work, context: Context, request: TaskAnswer) -> None:
        """Answer."""
        if request.output is None:
            self.tasks.fail(context.company, request.token, request.error, request.cause)
        else:
            self.tasks.succeed(context.company, request.token, request.output)


@dataclass(frozen=True, slots=True)
class BeatTask:
    """Show that a task is worked on. Raises Rejected, Missing."""

    right: ClassVar[Right] = Right.EXECUTIONS_WRITE
    writes: ClassVar[bool] = False
    tasks: Tasks

    def execute(self, work: Work, context: Context, request: str) -> None:
        """Show it."""
        self.tasks.heartbeat(context.company, request)
