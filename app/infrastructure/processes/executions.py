"""Executions, as the use cases see them, over the engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final, cast

from app.domain.processes import Execution, ExecutionState, Refused, Rejected, RevisionNumber
from app.domain.shared.ids import CompanyId
from app.infrastructure.database.work import SqlWork
from app.infrastructure.processes.definitions import chance
from app.infrastructure.processes.engine import Workflows, key_of
from app.infrastructure.processes.payloads import UnreadableError, payload
from app.infrastructure.processes.principals import read, written
from app.usecases.ports.shared import Work
from app.usecases.ports.workflows import Ended, ExecutionQuery, NewExecution
from app.workflow.asl.history import History
from app.workflow.asl.states import LARGEST
from app.workflow.asl.templates import text_of
from app.workflow.codec import UnreadableError as DamagedError
from app.workflow.kernel.frames import Frame
from app.workflow.kernel.lifecycle import InvalidTransitionError
from app.workflow.kernel.status import ENDED, Status
from app.workflow.runtime import store as s
from app.workflow.runtime.clock import new_id, new_seed
from app.workflow.runtime.crowds import MEMBER
from app.workflow.runtime.rows import frame_of

PAGE: Final = 1_000
_STATES: Final[Mapping[Status, ExecutionState]] = {
    Status.SUCCEEDED: ExecutionState.SUCCEEDED,
    Status.FAILED: ExecutionState.FAILED,
    Status.TIMED_OUT: ExecutionState.TIMED_OUT,
    Status.ABORTED: ExecutionState.ABORTED,
}


class EngineExecutions:
    """Starts, shows and ends executions."""

    def __init__(self, workflows: Workflows) -> None:
        self._workflows = workflows

    def chance(self) -> int:
        """Give a number from 0 to 99."""
        return chance()

    def start(self, work: Work, company: CompanyId, new: NewExecution) -> Execution:
        """Start an execution when ``work`` commits; give the one of this name and input if it runs already.

        Raises Refused for another one of this name, Rejected for an input that is no JSON.
        """
        checked_input(new.input)
        engine = self._workflows.engine
        key = key_of(company, new_id())
        name = _called(new, key.id)
        row = s.NewExecution(
            key,
            new.machine,
            new.revision,
            new.input,
            engine.clock.now(),
            new_seed(),
            name=name,
            principal=written(new),
            reference=new.reference,
        )
        own = cast("SqlWork", work)
        try:
            with own.session.lent() as connection:
                engine.store.start(row, connection)
        except s.NameTakenError as taken:
            return self._again(company, new, taken)
        except s.RefusedError as refused:
            raise _bad_input(str(refused)) from refused
        if name is not None:
            self._workflows.names.put(key, name)
        own.afterwards.append(self._workflows.nudge)
        return Execution(
            id=key.id,
            machine=new.machine,
            name=name or key.id,
            revision=new.revision,
            state=ExecutionState.RUNNING,
            started=row.created,
            stopped=None,
            alias=new.alias,
            published=new.published,
            input=new.input,
            trace=new.trace,
        )

    def _again(self, company: CompanyId, new: NewExecution, taken: s.NameTakenError) -> Execution:
        rows = self._workflows.engine.store.load([key_of(company, taken.holder)])
        if taken.given == new.input and rows and rows[0].status not in ENDED:
            return shown_of(rows[0])
        raise Refused(what="ExecutionAlreadyExists", reason=new.name) from taken

    def listen(self, told: Callable[[CompanyId, str], None]) -> None:
        """Have ``told`` called, from any thread and quickly, with the id of each execution that ends here."""
        self._workflows.ends.listen(lambda key: told(CompanyId(int(key.namespace)), key.id))

    def ended(self, company: CompanyId, execution: str) -> Execution | None:
        """Give an execution by its id once it has ended, None before."""
        rows = self._workflows.engine.store.load([key_of(company, execution)])
        return next((whole(row, self._frame(row)) for row in rows if row.status in ENDED), None)

    def find(self, company: CompanyId, machine: str, name: str) -> Execution | None:
        """Give an execution."""
        row = self._row(company, machine, name)
        return None if row is None else whole(row, self._frame(row))

    def page(self, company: CompanyId, query: ExecutionQuery) -> Sequence[Execution]:
        """Give at most ``limit`` executions, without their data."""
        found: list[s.Row] = []
        after = query.after
        while len(found) < query.limit:
            rows = self._workflows.engine.executions(_asked(company, query, after))
            found += [row for row in rows if _started_with(row, query)]
            if len(rows) < query.limit:
                break
            after = (rows[-1].created, rows[-1].key.id)
        return self._redriven(found[: query.limit])

    def _redriven(self, rows: Sequence[s.Row]) -> list[Execution]:
        """Give rows of a list with how often they were redriven, which only their checkpoints tell."""
        loaded = {row.key: row for row in self._workflows.engine.store.load([row.key for row in rows])}
        return [shown_of(row, self._frame(loaded[row.key])) for row in rows if row.key in loaded]

    def history(self, company: CompanyId, execution: Execution) -> Sequence[Mapping[str, Any]]:
        """Give all that happened, in AWS's words."""
        engine, definitions = self._workflows.engine, self._workflows.definitions
        key = key_of(company, execution.id)
        rows = engine.store.load([key])
        definition = engine.machine(execution.machine, rows[0].edition, key.namespace) if rows else None
        if definition is None:
            return ()
        place = definitions.place(key.namespace, rows[0].edition)
        later = partial(engine.machine, execution.machine, namespace=key.namespace)
        teller = History(definition, key.id, rows[0].seed, place, later)
        told: list[dict[str, Any]] = []
        after = 0
        while events := engine.history(key, after, PAGE):
            told += teller.tell(event for _, event in events)
            after = events[-1][0]
        for entry in told[:1]:
            # As it was sent, not as we would write it.
            entry["executionStartedEventDetails"]["input"] = rows[0].input
        return told

    def stop(self, company: CompanyId, execution: Execution, error: str, cause: str) -> int:
        """End it unless it has ended, and give the instant in milliseconds."""
        engine = self._workflows.engine
        try:
            engine.stop(key_of(company, execution.id), error, cause)
        except InvalidTransitionError:
            return execution.stopped or engine.clock.now()
        return engine.clock.now()

    def redrive(self, company: CompanyId, execution: Execution) -> int:
        """Let it go on, and give the instant in milliseconds. Raises Refused when it cannot."""
        engine = self._workflows.engine
        try:
            engine.redrive(key_of(company, execution.id))
        except InvalidTransitionError as refused:
            reason = f"Execution is {execution.state} and cannot be redriven"
            raise Refused(what="ExecutionNotRedrivable", reason=reason) from refused
        return engine.clock.now()

    def stop_all(self, work: Work, company: CompanyId, machine: str) -> None:
        """End whatever of the machine runs when ``work`` commits."""
        running = ExecutionQuery(machine=machine, states=(ExecutionState.RUNNING,), limit=PAGE)
        own = cast("SqlWork", work)
        after: tuple[int, str] | None = None
        with own.session.lent() as connection:
            while rows := self._workflows.engine.executions(_asked(company, running, after)):
                for row in rows:
                    self._abort(row, connection)
                after = (rows[-1].created, rows[-1].key.id)
        own.afterwards.append(self._workflows.nudge)

    def take_ends(self, work: Work, company: CompanyId, limit: int) -> Sequence[Ended]:
        """Give ends that nobody was told of; they are not given again once ``work`` commits."""
        store = self._workflows.engine.store
        with cast("SqlWork", work).session.lent() as connection:
            ends = store.take_ends(str(company), limit, connection)
        rows = {row.key: row for row in store.load([end.key for end in ends])}
        return [_ended(end, rows[end.key], self._alerts(rows[end.key])) for end in ends if end.key in rows]

    def purge(self, before: int, limit: int) -> int:
        """Remove executions of all companies that ended before an instant in milliseconds; give how many."""
        return self._workflows.engine.store.purge(before, limit)

    def _abort(self, row: s.Row, connection: Any) -> None:
        try:
            self._workflows.engine.stop(row.key, connection=connection)
        except InvalidTransitionError:
            return  # it has ended by itself meanwhile

    def _row(self, company: CompanyId, machine: str, name: str) -> s.Row | None:
        """Find the row of a name: that of an execution that was given it, or that has none and whose id it is."""
        store = self._workflows.engine.store
        named = store.find(s.Query(str(company), machine, name=name, limit=1))
        rows = store.load([named[0].key if named else key_of(company, name)])
        return next((row for row in rows if row.machine == machine and name == (row.name or row.key.id)), None)

    def _alerts(self, row: s.Row) -> int:
        try:
            return self._frame(row).alerts
        except DamagedError:
            # The engine has said so; the other ends must not wait for it.
            return 0

    def _frame(self, row: s.Row) -> Frame:
        return frame_of(self._workflows.engine.store, row)


def _ended(end: s.End, row: s.Row, alerts: int) -> Ended:
    return Ended(
        execution=end.key.id,
        machine=row.machine,
        revision=RevisionNumber(row.edition),
        state=_STATES[end.status],
        reference=row.reference or "",
        error=end.error,
        alerts=alerts,
    )


def _asked(company: CompanyId, query: ExecutionQuery, after: tuple[int, str] | None) -> s.Query:
    return s.Query(
        str(company),
        query.machine,
        statuses=tuple(status for status in Status if _state(status) in query.states),
        started_from=query.since,
        after=after,
        limit=query.limit,
    )


def checked_input(text: str) -> Any:
    """Read what an execution is to go on with. Raises Rejected for what AWS would refuse."""
    if len(text.encode()) > LARGEST:
        raise _bad_input(f"more than {LARGEST:,} bytes of JSON")
    try:
        return payload(text)
    except UnreadableError as error:
        raise _bad_input(str(error)) from error


def _bad_input(why: str) -> Rejected:
    return Rejected(what="InvalidExecutionInput", reason=f"Invalid State Machine Execution Input: '{why}'")


def _state(status: Status) -> ExecutionState:
    return _STATES.get(status, ExecutionState.RUNNING)


def _called(new: NewExecution, execution: str) -> str | None:
    return f"{new.name or new_id()}:{execution}" if new.express else new.name


def _started_with(row: s.Row, query: ExecutionQuery) -> bool:
    if not query.alias and query.published is None:
        return True
    told = read(row.principal)
    return bool(told.get("alias") == query.alias if query.alias else told.get("version") == query.published)


def shown_of(row: s.Row, frame: Frame | None = None) -> Execution:
    """Show an execution without its data."""
    told = read(row.principal)
    # What it was started with says nothing of the revision that it was moved to.
    moved = frame.edition if frame is not None else 0
    return Execution(
        id=row.key.id,
        machine=row.machine,
        name=row.name or row.key.id,
        revision=RevisionNumber(moved or row.edition),
        state=_state(row.status),
        started=row.created,
        stopped=row.ended,
        alias="" if moved else told.get("alias", ""),
        published=None if moved else told.get("version"),
        moved=bool(moved),
        input=row.input,
        trace=told.get("trace", ""),
        redrives=0 if frame is None else frame.redrives,
        redriven=None if frame is None else frame.redriven,
        map_run=row.parent.partition("/")[0] if row.parent.endswith(f"/{MEMBER}") else "",
    )


def whole(row: s.Row, frame: Frame) -> Execution:
    """Show an execution with its data."""
    shown = shown_of(row, frame)
    ended_badly = shown.state not in {ExecutionState.RUNNING, ExecutionState.SUCCEEDED}
    succeeded = shown.state is ExecutionState.SUCCEEDED
    return replace(
        shown,
        output=text_of(frame.output) if succeeded else None,
        error=frame.error if ended_badly else "",
        cause=frame.cause if ended_badly else "",
        redrivable=ended_badly and bool(frame.branches) and not frame.ending,
    )
