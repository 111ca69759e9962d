"""Executions by id, over the engine: shown with where they are, acted on within the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

from msgspec import UNSET

from app.domain.processes import ExecutionEnded, NotMigratable, NotRedrivable, NotRetriable, RevisionNumber, Stage
from app.domain.shared.ids import CompanyId
from app.infrastructure.database.work import SqlWork
from app.infrastructure.processes.engine import key_of
from app.infrastructure.processes.executions import PAGE, EngineExecutions, checked_input, whole
from app.infrastructure.processes.principals import read
from app.infrastructure.processes.visits import OPEN, Visits
from app.usecases.ports.shared import Work
from app.usecases.ports.workflows import Again, Progress, Told, Visit
from app.workflow.drawing import mermaid, svg
from app.workflow.kernel.events import Event
from app.workflow.kernel.frames import Frame
from app.workflow.kernel.lifecycle import InvalidTransitionError
from app.workflow.kernel.status import ENDED
from app.workflow.runtime.engine import MigrationError
from app.workflow.runtime.retrying import RetryError
from app.workflow.runtime.store import Query, Row


class EngineRuns(EngineExecutions):
    """Shows and moves executions."""

    def get(self, company: CompanyId, execution: str) -> Progress | None:
        """Give an execution."""
        row = self._of(company, execution)
        return None if row is None else _progress(row, self._frame(row))

    def visits(self, company: CompanyId, execution: str) -> Sequence[Visit]:
        """Give the stays in states, in the order in which they began."""
        visits = Visits()
        visits.follow(self._events(company, execution))
        return visits.shown()

    def newest(self, company: CompanyId, machine: str, limit: int) -> Sequence[str]:
        """Give the ids of the newest executions of a machine."""
        rows = self._workflows.engine.executions(Query(str(company), machine, limit=limit))
        return [row.key.id for row in rows]

    def stuck(self, company: CompanyId, milliseconds: int) -> Sequence[Progress]:
        """Give executions that should have gone on so long ago, or whose workers died with them."""
        engine = self._workflows.engine
        keys = [row.key for row in engine.stuck(milliseconds) if row.key.namespace == str(company)]
        rows = {row.key: row for row in engine.store.load(keys)}
        return [_progress(rows[key], self._frame(rows[key])) for key in keys if key in rows]

    def stop_with(self, work: Work, company: CompanyId, execution: str, error: str, cause: str) -> None:
        """End it when ``work`` commits. Raises ExecutionEnded."""
        with self._lent(work) as connection:
            try:
                self._workflows.engine.stop(key_of(company, execution), error, cause, connection=connection)
            except InvalidTransitionError as refused:
                raise ExecutionEnded(execution=execution, status=refused.state) from refused

    def redrive_with(self, work: Work, company: CompanyId, execution: str) -> None:
        """Let it go on when ``work`` commits. Raises NotRedrivable."""
        with self._lent(work) as connection:
            try:
                self._workflows.engine.redrive(key_of(company, execution), connection=connection)
            except InvalidTransitionError as refused:
                raise NotRedrivable(execution=execution, status=refused.state) from refused

    def retry_with(self, work: Work, company: CompanyId, again: Again) -> None:
        """Let it go on from a state when ``work`` commits. Raises Rejected for its input, NotRetriable."""
        data = UNSET if again.input is None else checked_input(again.input)
        key = key_of(company, again.execution)
        with self._lent(work) as connection:
            try:
                self._workflows.engine.retry(key, again.state, data, edition=again.revision, connection=connection)
            except RetryError as refused:
                raise NotRetriable(execution=again.execution, reason=str(refused)) from refused

    def migrate_with(self, work: Work, company: CompanyId, execution: str, revision: RevisionNumber) -> None:
        """Let it go on by another revision of its machine when ``work`` commits. Raises NotMigratable."""
        with self._lent(work) as connection:
            try:
                self._workflows.engine.migrate(key_of(company, execution), revision, connection=connection)
            except MigrationError as refused:
                raise NotMigratable(execution=execution, reason=str(refused)) from refused

    def tell_with(self, work: Work, company: CompanyId, execution: str, told: Told) -> None:
        """Send a message to one execution when ``work`` commits. Raises ExecutionEnded."""
        row = self._of(company, execution)
        if row is not None and row.status in ENDED and (told.key, told.value) not in self._frame(row).lapsed:
            raise ExecutionEnded(execution=execution, status=row.status)
        with self._lent(work) as connection:
            self._workflows.engine.signal(
                key_of(company, execution),
                told.key,
                told.data,
                id=told.id,
                correlation=told.value,
                keep=told.keep,
                connection=connection,
            )

    def publish_with(self, work: Work, company: CompanyId, told: Told) -> None:
        """Send a message, when ``work`` commits, to whichever execution waits for it first."""
        with self._lent(work) as connection:
            self._workflows.engine.publish(
                told.key,
                told.data,
                correlation=told.value,
                id=told.id,
                namespace=str(company),
                keep=told.keep,
                connection=connection,
            )

    def draw(self, company: CompanyId, revision: RevisionNumber, execution: str | None, *, svg: bool) -> str | None:
        """Draw a revision, as SVG or Mermaid, with where an execution has been and is."""
        found = self._workflows.definitions.compiled(str(company), revision)
        if found is None:
            return None
        visits = () if execution is None else self.visits(company, execution)
        been = {visit.state for visit in visits}
        now = {visit.state for visit in visits if visit.outcome == OPEN}
        failed = {visit.state for visit in visits if visit.outcome == "failed"}
        return _DRAW[svg](found[1], been=been, now=now, failed=failed - now)

    def _of(self, company: CompanyId, execution: str) -> Row | None:
        return next(iter(self._workflows.engine.store.load([key_of(company, execution)])), None)

    def _events(self, company: CompanyId, execution: str) -> Iterator[Event]:
        key, after = key_of(company, execution), 0
        while events := self._workflows.engine.history(key, after, PAGE):
            yield from (event for _, event in events)
            after = events[-1][0]

    @contextmanager
    def _lent(self, work: Work) -> Iterator[Any]:
        """Give the connection of a transaction, and have the engine look at what was put there once it is committed."""
        own = cast("SqlWork", work)
        with own.session.lent() as connection:
            yield connection
        own.afterwards.append(self._workflows.nudge)


_DRAW = {True: svg, False: mermaid}


def _progress(row: Row, frame: Frame) -> Progress:
    starter = read(row.principal).get("user")
    return Progress(
        execution=whole(row, frame),
        stage=Stage(row.status.value),
        at=tuple(dict.fromkeys(branch.state for branch in frame.branches.values())),
        reference=row.reference or "",
        starter=starter,
        alerts=frame.alerts,
    )
