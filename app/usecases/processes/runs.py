"""Executions as the product's own API has them: by id, found by what they are about, started and moved by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final

from app.domain.processes import (
    ExecutionEvent,
    ExecutionMigrated,
    ExecutionRedriven,
    ExecutionRetried,
    ExecutionStarted,
    ExecutionStopped,
    Machine,
    MachineId,
    Missing,
    Refused,
    Rejected,
    RevisionNumber,
    Stage,
)
from app.domain.shared.errors import NotFound, Taken, UnknownReference
from app.domain.shared.rights import Right
from app.usecases.context import Context
from app.usecases.ports.listing import FieldKind, ListField, Listing, Sort
from app.usecases.ports.processes import Tally, TallyQuery
from app.usecases.ports.shared import Work
from app.usecases.ports.workflows import Again, Executions, Language, Progress, Runs, Told, Visit
from app.usecases.processes.executions import Start, StartExecution, with_version
from app.usecases.processes.shared import MachineRef, check_rights
from app.usecases.shared import ListCase

MOST_MEASURED: Final = 20_000
"""Executions that statistics are made of at most: the newest."""
MOST_FOLLOWED: Final = 100
"""Executions whose histories are read for the figures of states: the newest."""
EXECUTIONS: Final = Listing(
    name="executions",
    fields=(
        ListField(name="id", kind=FieldKind.TEXT, sortable=True),
        ListField(name="workflow", kind=FieldKind.TEXT),
        ListField(name="revision", kind=FieldKind.COUNT),
        ListField(name="name", kind=FieldKind.TEXT, nullable=True),
        ListField(name="status", kind=FieldKind.CHOICE, choices=tuple(Stage)),
        ListField(name="state", kind=FieldKind.TEXT, nullable=True),
        ListField(name="reference", kind=FieldKind.TEXT, nullable=True),
        ListField(name="error", kind=FieldKind.TEXT),
        ListField(name="started_at", kind=FieldKind.INSTANT, sortable=True),
        ListField(name="ended_at", kind=FieldKind.INSTANT, nullable=True),
    ),
    default_sort=(Sort(field="started_at", descending=True),),
    links=(ListField(name="name_prefix", kind=FieldKind.TEXT),),
)


class ListRuns(ListCase):
    """List executions, newest first."""

    __slots__ = ()
    right = Right.EXECUTIONS_READ
    listing = EXECUTIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRun:
    """An execution to start: of what a workflow does now, of a version of it, or of what an alias leads to.

    ``input`` is JSON text; ``reference`` is what it is about: ``orders/7``.
    """

    workflow: str
    version: int | None
    alias: str | None
    name: str | None
    input: str
    reference: str | None

    @property
    def qualifier(self) -> str:
        """What is meant of the workflow."""
        return str(self.version) if self.version is not None else self.alias or ""

    @property
    def part(self) -> str:
        """By which field that is meant."""
        return "version" if self.version is not None else "alias" if self.alias else "workflow"


@dataclass(frozen=True, slots=True)
class StartRun:
    """Start an execution. Raises UnknownReference, Taken, Rejected."""

    right: ClassVar[Right] = Right.EXECUTIONS_WRITE
    writes: ClassVar[bool] = True
    executions: Executions

    def execute(self, work: Work, context: Context, request: NewRun) -> Progress:
        """Give the execution, which begins once this is committed."""
        machine = work.machines.by_name(request.workflow)
        if machine is None:
            raise UnknownReference(at=("workflow",), kind="workflow", value=request.workflow)
        wanted = Start(
            of=MachineRef(name=machine.name, qualifier=request.qualifier),
            name=request.name,
            input=request.input,
            reference=request.reference,
        )
        try:
            started = StartExecution(self.executions).execute(work, context, wanted)
        except Missing as missing:
            raise UnknownReference(
                at=(request.part,), kind=request.part, value=request.qualifier or request.workflow
            ) from missing
        except Refused as refused:
            raise Taken(at=("name",), value=request.name) from refused
        except Rejected as rejected:
            raise rejected.within(_PLACES.get(str(rejected.facts["what"]), "workflow")) from rejected
        _tell(work, machine, ExecutionStarted, started.id, reference=request.reference or "")
        return Progress(
            execution=started,
            stage=Stage.PENDING,
            at=(),
            reference=request.reference or "",
            starter=context.actor or None,
        )


_PLACES: Final[Mapping[str, str]] = {"InvalidName": "name", "InvalidExecutionInput": "input"}


@dataclass(frozen=True, slots=True)
class ReadRun:
    """Show an execution with its data and where it is. Raises NotFound."""

    right: ClassVar[Right] = Right.EXECUTIONS_READ
    writes: ClassVar[bool] = False
    runs: Runs

    def execute(self, work: Work, context: Context, request: str) -> Progress:
        """Give the execution."""
        found = _found(self.runs, context, request)
        return replace(found, execution=with_version(work, found.execution))


class FollowRun(ReadRun):
    """Show an execution to who has started it and waited for its end. Raises NotFound."""

    __slots__ = ()
    right: ClassVar[Right] = Right.EXECUTIONS_WRITE


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A part of an execution's history: the events behind ``after``."""

    execution: str
    after: int
    limit: int


@dataclass(frozen=True, slots=True)
class ReadRunHistory:
    """Show what happened in an execution, oldest first. Raises NotFound."""

    right: ClassVar[Right] = Right.EXECUTIONS_READ
    writes: ClassVar[bool] = False
    runs: Runs

    def execute(self, work: Work, context: Context, request: Stretch) -> tuple[Sequence[Mapping[str, Any]], int | None]:
        """Give the events, and the id of the last one when there are more."""
        found = _found(self.runs, context, request.execution)
        events = self.runs.history(context.company, found.execution)
        end = request.after + request.limit
        return events[request.after : end], end if end < len(events) else None


@dataclass(frozen=True, slots=True)
class ReadTimeline:
    """Show the stays of an execution in its states, in order. Raises NotFound."""

    right: ClassVar[Right] = Right.EXECUTIONS_READ
    writes: ClassVar[bool] = False
    runs: Runs

    def execute(self, work: Work, context: Context, request: str) -> Sequence[Visit]:
        """Give the stays."""
        found = _found(self.runs, context, request)
        return self.runs.visits(context.company, found.execution.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRequest:
    """An execution to stop, and why."""

    execution: str
    error: str
    cause: str


@dataclass(frozen=True, slots=True)
class StopRun:
    """Stop an execution; nothing is undone. Raises NotFound, ExecutionEnded."""

    right: ClassVar[Right] = Right.EXECUTIONS_WRITE
    writes: ClassVar[bool] = True
    runs: Runs

    def execute(self, work: Work, context: Context, request: StopRequest) -> Progress:
        """Give the execution as it stands; it ends once this is committed, within about a second."""
        found = _found(self.runs, context, request.execution)
        self.runs.stop_with(work, context.company, request.execution, request.error, request.cause)
        _tell(work, _machine(work, found), ExecutionStopped, request.execution)
        return found


@dataclass(frozen=True, slots=True)
class RedriveRun:
    """Let an execution that ended other than well go on from where it ended. Raises NotFound, NotRedrivable."""

    right: ClassVar[Right] = Right.EXECUTIONS_WRITE
    writes: ClassVar[bool] = True
    runs: Runs

    def execute(self, work: Work, context: Context, request: str) -> Progress:
        """Give the execution as it stands; it goes on once this is committed, within about a second."""
        found = _found(self.runs, context, request)
        self.runs.redrive_with(work, context.company, request)
        _tell(work, _machine(work, found), ExecutionRedriven, request)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """An execution that is to go on from ``state``, with ``input`` (JSON text) or what it last came there with.

    It goes by its own revision, by a published ``version``, or by what the workflow does now: ``current``.
    """

    execution: str
    state: str
    input: str | None
    version: int | None
    current: bool


@dataclass(frozen=True, slots=True)
class RetryRun:
    """Let an execution that ended other than well go on from a state of its main line, which runs anew.

    Its steps act for whom they did before, so this needs every right that they need. Raises NotFound, MissingRight,
    UnknownReference for a version that is not there, Rejected, and NotRetriable with the reason.
    """

    right: ClassVar[Right] = Right.EXECUTIONS_WRITE
    writes: ClassVar[bool] = True
    runs: Runs
    language: Language

    def execute(self, work: Work, context: Context, request: Retry) -> Progress:
        """Give the execution as it stands; it goes on once this is committed, within about a second."""
        found = _found(self.runs, context, request.execution)
        machine = _machine(work, found)
        revision = found.execution.revision
        if request.version is not None:
            revision = _published(work, machine, request.version)
        elif request.current:
            revision = machine.revision
        meant = work.machines.revision(revision)
        if meant is None:
            raise NotFound(kind="workflow", id=revision)
        check_rights(work, context, self.language, meant)
        again = Again(execution=request.execution, state=request.state, input=request.input, revision=revision)
        try:
            self.runs.retry_with(work, context.company, again)
        except Rejected as rejected:
            raise rejected.within("input") from rejected
        _tell(work, machine, ExecutionRetried, request.execution, state=request.state, revision=revision)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """An execution that is to go by another version of its workflow; without one, by what the workflow does now."""

    execution: str
    version: int | None


@dataclass(frozen=True, slots=True)
class MigrateRun:
    """Let an execution that waits go on by another version of its workflow (ORC-08); what is done stays done.

    Raises NotFound, UnknownReference for a version that is not there, and NotMigratable with the reason.
    """

    right: ClassVar[Right] = Right.EXECUTIONS_WRITE
    writes: ClassVar[bool] = True
    runs: Runs

    def execute(self, work: Work, context: Context, request: Migration) -> Progress:
        """Give the execution as it stands; it goes by the version once it has heard of it, within about a second."""
        found = _found(self.runs, context, request.execution)
        machine = _machine(work, found)
        revision = machine.revision if request.version is None else _published(work, machine, request.version)
        self.runs.migrate_with(work, context.company, request.execution, revision)
        _tell(work, machine, ExecutionMigrated, request.execution, revision=revision)
        return found


@dataclass(frozen=True, slots=True)
class TellRun:
    """Send a message to one execution, which waits for it or will. Raises NotFound, ExecutionEnded."""

    right: ClassVar[Right] = Right.EXECUTIONS_WRITE
    writes: ClassVar[bool] = True
    runs: Runs

    def execute(self, work: Work, context: Context, request: tuple[str, Told]) -> Told:
        """Give the message."""
        execution, told = request
        _found(self.runs, context, execution)
        self.runs.tell_with(work, context.company, execution, told)
        return told


@dataclass(frozen=True, slots=True)
class SendMessage:
    """Send a message to whichever execution waits for its key and value first, now or while it is kept."""

    right: ClassVar[Right] = Right.EXECUTIONS_WRITE
    writes: ClassVar[bool] = True
    runs: Runs

    def execute(self, work: Work, context: Context, request: Told) -> Told:
        """Give the message."""
        self.runs.publish_with(work, context.company, request)
        return request


@dataclass(frozen=True, slots=True)
class FindStuck:
    """Find executions that should have gone on so many seconds ago, or that cost workers their lives (ORC-07)."""

    right: ClassVar[Right] = Right.EXECUTIONS_READ
    writes: ClassVar[bool] = False
    runs: Runs

    def execute(self, work: Work, context: Context, request: int) -> Sequence[Progress]:
        """Give them, the longest overdue first."""
        return self.runs.stuck(context.company, request * 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Durations by status; ``considered`` executions were looked at, ``all`` says that none was left out."""

    tallies: Sequence[Tally]
    considered: int
    all: bool


@dataclass(frozen=True, slots=True)
class MeasureRuns:
    """Count executions by status and tell how long those took that have ended; of the newest 20,000 at most."""

    right: ClassVar[Right] = Right.EXECUTIONS_READ
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: TallyQuery) -> Measured:
        """Give the figures."""
        tallies = work.tallies.durations(request, MOST_MEASURED)
        considered = sum(tally.count for tally in tallies)
        return Measured(tallies=tallies, considered=considered, all=considered < MOST_MEASURED)


@dataclass(frozen=True, slots=True, kw_only=True)
class StateFigures:
    """What a state costs; durations are milliseconds, None before a stay has ended. ``open`` stays go on."""

    state: str
    visits: int
    succeeded: int
    caught: int
    failed: int
    aborted: int
    open: int
    attempts: int
    mean: float | None
    p95: int | None
    longest: int | None


@dataclass(frozen=True, slots=True)
class MeasureStates:
    """Tell what each state of a workflow costs, out of the histories of its newest 100 executions (ORC-07).

    Raises NotFound.
    """

    right: ClassVar[Right] = Right.EXECUTIONS_READ
    writes: ClassVar[bool] = False
    runs: Runs

    def execute(self, work: Work, context: Context, request: MachineId) -> tuple[Sequence[StateFigures], int]:
        """Give the figures by state, in the order of the first visits, and how many executions were followed."""
        machine = work.machines.get(request)
        ids = self.runs.newest(context.company, machine.name, MOST_FOLLOWED)
        by_state: dict[str, list[Visit]] = {}
        for execution in ids:
            for visit in self.runs.visits(context.company, execution):
                by_state.setdefault(visit.state, []).append(visit)
        return [figures(state, visits) for state, visits in by_state.items()], len(ids)


def figures(state: str, visits: Sequence[Visit]) -> StateFigures:
    """Add up the stays in one state; the 95th percentile is the nearest rank."""
    ways = [visit.outcome for visit in visits]
    took = sorted(visit.left - visit.entered for visit in visits if visit.left is not None)
    return StateFigures(
        state=state,
        visits=len(visits),
        succeeded=ways.count("succeeded"),
        caught=ways.count("caught"),
        failed=ways.count("failed"),
        aborted=ways.count("aborted"),
        open=ways.count("open"),
        attempts=sum(visit.attempts for visit in visits),
        mean=sum(took) / len(took) if took else None,
        p95=took[-(-len(took) * 95 // 100) - 1] if took else None,
        longest=took[-1] if took else None,
    )


@dataclass(frozen=True, slots=True)
class DrawWorkflow:
    """Draw what a workflow does now. Raises NotFound."""

    right: ClassVar[Right] = Right.WORKFLOWS_READ
    writes: ClassVar[bool] = False
    runs: Runs

    def execute(self, work: Work, context: Context, request: tuple[MachineId, bool]) -> str:
        """Give the picture, SVG if so asked, else Mermaid."""
        workflow, svg = request
        return _drawn(self.runs, context, work.machines.get(workflow).revision, None, svg=svg)


@dataclass(frozen=True, slots=True)
class DrawRun:
    """Draw what an execution does, with where it has been and is. Raises NotFound."""

    right: ClassVar[Right] = Right.EXECUTIONS_READ
    writes: ClassVar[bool] = False
    runs: Runs

    def execute(self, work: Work, context: Context, request: tuple[str, bool]) -> str:
        """Give the picture, SVG if so asked, else Mermaid."""
        execution, svg = request
        found = _found(self.runs, context, execution)
        return _drawn(self.runs, context, found.execution.revision, execution, svg=svg)


def _drawn(runs: Runs, context: Context, revision: RevisionNumber, execution: str | None, *, svg: bool) -> str:
    picture = runs.draw(context.company, revision, execution, svg=svg)
    if picture is None:
        raise NotFound(kind="workflow", id=revision)
    return picture


def _found(runs: Runs, context: Context, execution: str) -> Progress:
    found = runs.get(context.company, execution)
    if found is None:
        raise NotFound(kind="execution", id=execution)
    return found


def _machine(work: Work, found: Progress) -> Machine:
    """Give the machine of an execution; that of a child is the one around it. Raises NotFound when it is gone."""
    name = found.execution.machine.partition("/")[0]
    machine = work.machines.by_name(name)
    if machine is None:
        raise NotFound(kind="workflow", id=name)
    return machine


def _published(work: Work, machine: Machine, number: int) -> RevisionNumber:
    version = work.machines.version(machine, number)
    if version is None:
        raise UnknownReference(at=("version",), kind="version", value=number)
    return version.revision


def _tell(work: Work, machine: Machine, event: type[ExecutionEvent], execution: str, **facts: object) -> None:
    work.outbox.add(event(id=machine.id, workflow=machine.name, execution=execution, **facts))
