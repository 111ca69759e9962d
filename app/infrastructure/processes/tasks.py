"""Work for others: taken by polling, answered by token, over the engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from app.domain.processes import Missing, Rejected
from app.domain.shared.ids import CompanyId
from app.infrastructure.database.work import SqlWork
from app.infrastructure.processes.engine import Workflows
from app.infrastructure.processes.payloads import UnreadableError, payload
from app.usecases.ports.shared import Work
from app.usecases.ports.workflows import HandedTask
from app.workflow.asl.templates import text_of
from app.workflow.runtime.engine import StaleTokenError
from app.workflow.runtime.tokens import InvalidTokenError


class EngineTasks:
    """Hands tasks out and takes their answers."""

    def __init__(self, workflows: Workflows) -> None:
        self._workflows = workflows

    def listen(self, told: Callable[[], None]) -> None:
        """Have ``told`` called, from any thread and quickly, whenever there is a task to take."""
        self._workflows.engine.listen(told)

    def take(self, company: CompanyId, activity: str, worker: str) -> HandedTask | None:
        """Give a task of the activity if there is one, in whichever process, now taken by ``worker``."""
        task = self._workflows.engine.poll(activity, worker=worker, namespace=str(company))
        return None if task is None else HandedTask(token=task.token, input=text_of(task.argument))

    def succeed(self, company: CompanyId, token: str, output: str) -> None:
        """Answer for a task with JSON text. Raises Rejected, Missing."""
        try:
            value = payload(output)
        except UnreadableError as error:
            reason = f"Invalid JSON in output: {error}"
            raise Rejected(what="InvalidOutput", reason=reason) from error
        self._answer(lambda: self._workflows.engine.succeed(token, value, namespace=str(company)))

    def fail(self, company: CompanyId, token: str, error: str, cause: str) -> None:
        """Let a task fail. Raises Rejected, Missing."""
        self._answer(lambda: self._workflows.engine.fail(token, error, cause, namespace=str(company)))

    def answer(self, work: Work, company: CompanyId, token: str, output: Mapping[str, object]) -> None:
        """Answer for a task when ``work`` commits; when nobody waits for it any more, nothing happens."""
        own = cast("SqlWork", work)
        try:
            with own.session.lent() as connection:
                self._workflows.engine.succeed(token, dict(output), namespace=str(company), connection=connection)
        except (InvalidTokenError, StaleTokenError):
            return
        own.afterwards.append(self._workflows.nudge)

    def heartbeat(self, company: CompanyId, token: str) -> None:
        """Show that a task is worked on. Raises Rejected, Missing."""
        self._answer(lambda: self._workflows.engine.heartbeat(token, namespace=str(company)))

    @staticmethod
    def _answer(do: Callable[[], Any]) -> None:
        try:
            do()
        except InvalidTokenError as error:
            raise Rejected(what="InvalidToken", reason="Invalid Token: 'Invalid token'") from error
        except StaleTokenError as error:
            raise Missing(
                what="TaskTimedOut", reason="Task Timed Out: 'Provided task does not exist anymore'"
            ) from error
