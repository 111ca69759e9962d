"""Executions on the wire: started, shown with where they are, told, measured."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Self

import orjson
from fastapi import Path, Query
from pydantic import Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from app.api.schemas.processes.workflows import LONGEST_NAME, Name
from app.api.schemas.shared import LARGEST_COUNT, Flag, In, Out, Text, Whole
from app.domain.processes import Stage
from app.usecases.ports.processes import Tally, TallyQuery
from app.usecases.ports.workflows import Progress, Told, Visit
from app.usecases.processes import Measured, Migration, NewRun, Retry, StateFigures, StopRequest

LONGEST_REFERENCE: Final = 255
LONGEST_STATE: Final = 80
"""Characters of the name of a state, as AWS has it."""
LONGEST_WAIT: Final = 60
"""Seconds that a client may have us wait: many proxies close what is silent for longer."""
DAY_MS: Final = 86_400_000
_KEEP_DAYS: Final = 14
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ANY: Final = {"type": ["object", "array", "string", "number", "boolean", "null"], "items": {}}
Json = Annotated[Any, WithJsonSchema({**_ANY, "examples": [{"order": 7}]})]
ExecutionId = Annotated[
    str,
    Path(
        min_length=1,
        max_length=64,
        pattern="^[0-9A-Za-z-]+$",
        description="Id of the execution",
        examples=["0198c5a2-7a3c-7b6e-8f10-3a5d6c7e8f90"],
    ),
]
AfterEvent = Annotated[
    int, Query(ge=0, le=LARGEST_COUNT, description="The `next` of the last answer; 0: from the start")
]
Events = Annotated[int, Query(ge=1, le=1000, description="Most events")]
Overdue = Annotated[int, Query(ge=0, le=31_536_000, description="For how many seconds they should have gone on")]


def _instant(milliseconds: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=milliseconds)


def _instant_or_none(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else _instant(milliseconds)


class ExecutionIn(In):
    """An execution to start."""

    workflow: Name = Field(description="Name of the workflow", examples=["order-approval"])
    alias: Name | None = Field(None, description="Start the version this alias leads to; not with `version`")
    version: Annotated[Whole, Field(ge=1, le=LARGEST_COUNT)] | None = Field(
        None, description="Start this version; without it and an alias what the workflow does now"
    )
    name: Name | None = Field(None, description="Unique among the executions of the workflow, an EXPRESS one excepted")
    input: Json = Field(default_factory=dict, description="What it begins with: any JSON value")
    reference: Annotated[Text, Field(min_length=1, max_length=LONGEST_REFERENCE)] | None = Field(
        None, description="What it is about; executions are found by it", examples=["orders/7"]
    )
    wait: Annotated[Whole, Field(ge=1, le=LONGEST_WAIT)] | None = Field(
        None, description="Answer when it has ended, or after so many seconds; without it at once", examples=[10]
    )

    def to_domain(self) -> NewRun:
        """Give the execution to be."""
        return NewRun(
            workflow=self.workflow,
            version=self.version,
            alias=self.alias,
            name=self.name,
            input=orjson.dumps(self.input).decode(),
            reference=self.reference,
        )


class ExecutionOut(Out):
    """An execution, where it is, and its data."""

    id: str = Field(description="Id", examples=["0198c5a2-7a3c-7b6e-8f10-3a5d6c7e8f90"])
    workflow: str = Field(description="Name of its workflow", examples=["order-approval"])
    revision: int = Field(description="The revision it runs: to its end, unless it is moved", examples=[12])
    published: int | None = Field(description="The version it was started with or moved to, if any", examples=[1])
    alias: str | None = Field(description="The alias it was started with, if any", examples=["live"])
    name: str | None = Field(
        description="What it is called, if anything; of an EXPRESS workflow followed by its id", examples=["order-7"]
    )
    reference: str | None = Field(description="What it is about, if that was told", examples=["orders/7"])
    status: Stage = Field(description="Where it stands", examples=["waiting"])
    states: list[str] = Field(description="The states it is in, or was in when it failed", examples=[["Approve"]])
    input: Json = Field(description="What it began with")
    output: Json = Field(description="What it ended with; null until it has succeeded")
    error: str | None = Field(description="Error it ended with, if it did", examples=["States.Timeout"])
    cause: str | None = Field(description="What that error said")
    started_by: int | None = Field(description="Id of the user who started it; null: another execution", examples=[3])
    alerts: int = Field(
        description="How often it has called for a person: what it did could not be undone, or there is no way back",
        examples=[0],
    )
    redrives: int = Field(description="How often it was let go on after an end", examples=[0])
    redrivable: bool = Field(description="Whether it could be now")
    started_at: datetime = Field(description="When it was started, UTC", examples=["2026-11-21T09:30:00Z"])
    ended_at: datetime | None = Field(description="When it ended, UTC")

    @classmethod
    def of(cls, progress: Progress) -> "ExecutionOut":
        """Show an execution."""
        shown = progress.execution
        return cls.model_construct(
            id=shown.id,
            workflow=shown.machine,
            revision=shown.revision,
            published=shown.published,
            alias=shown.alias or None,
            name=None if shown.name == shown.id else shown.name,
            reference=progress.reference or None,
            status=progress.stage,
            states=list(progress.at),
            input=orjson.loads(shown.input),
            output=None if shown.output is None else orjson.loads(shown.output),
            error=shown.error or None,
            cause=shown.cause or None,
            started_by=progress.starter,
            alerts=progress.alerts,
            redrives=shown.redrives,
            redrivable=shown.redrivable,
            started_at=_instant(shown.started),
            ended_at=_instant_or_none(shown.stopped),
        )


class StuckOut(Out):
    """Executions that should have gone on."""

    items: list[ExecutionOut] = Field(description="The longest overdue first")

    @classmethod
    def of(cls, found: Sequence[Progress]) -> "StuckOut":
        """Show executions."""
        return cls.model_construct(items=[ExecutionOut.of(one) for one in found])


class StopIn(In):
    """Why an execution is stopped."""

    error: Text = Field("", max_length=128, description="What it ends with", examples=["Cancelled"])
    cause: Text = Field("", max_length=32768, description="In words", examples=["The customer has changed his mind"])

    def to_domain(self, execution: str) -> StopRequest:
        """Give the request."""
        return StopRequest(execution=execution, error=self.error, cause=self.cause)


class RetryIn(In):
    """From where an execution goes on, and by what."""

    state: Annotated[Text, Field(min_length=1, max_length=LONGEST_STATE)] = Field(
        description="A state of the main line, none inside a Parallel or a Map", examples=["Approve"]
    )
    input: Json = Field(
        None, description="What it goes on with: any JSON value; left out, what it last came there with"
    )
    version: Annotated[Whole, Field(ge=1, le=LARGEST_COUNT)] | None = Field(
        None, description="A published version to go on by; without it the one it has", examples=[2]
    )
    current: Flag = Field(default=False, description="Whether it goes on by what the workflow does now")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        """Refuse both ways at once."""
        if self.version is not None and self.current:
            raise PydanticCustomError("version_or_current", "a version or what the workflow does now, not both")
        return self

    def to_domain(self, execution: str) -> Retry:
        """Give the request."""
        given = orjson.dumps(self.input).decode() if "input" in self.model_fields_set else None
        return Retry(execution=execution, state=self.state, input=given, version=self.version, current=self.current)


class MigrationIn(In):
    """By which version an execution goes on."""

    version: Annotated[Whole, Field(ge=1, le=LARGEST_COUNT)] | None = Field(
        None, description="A published version; without it what the workflow does now", examples=[2]
    )

    def to_domain(self, execution: str) -> Migration:
        """Give the request."""
        return Migration(execution=execution, version=self.version)


class MessageIn(In):
    """A message to executions that wait for it."""

    key: Annotated[Text, Field(min_length=1, max_length=128)] = Field(
        description="CorrelationKey of the state that waits", examples=["approval"]
    )
    value: Text = Field("", max_length=255, description="The value it is correlated by", examples=["orders/7"])
    data: Json = Field(None, description="What it says: any JSON value")
    id: Annotated[Text, Field(min_length=1, max_length=255)] | None = Field(
        None, description="The sender's name for it; a second one of this name changes nothing"
    )
    keep_days: Annotated[Whole, Field(ge=1, le=365)] = Field(
        _KEEP_DAYS, description="For how many days it waits for somebody who wants it", examples=[14]
    )

    def to_domain(self) -> Told:
        """Give the message."""
        return Told(key=self.key, value=self.value, data=self.data, id=self.id, keep=self.keep_days * DAY_MS)

    def to(self, execution: str) -> tuple[str, Told]:
        """Give the message with the execution that it is for."""
        return execution, self.to_domain()


class MessageOut(Out):
    """A message that was taken."""

    key: str = Field(description="CorrelationKey of the state that waits", examples=["approval"])
    value: str = Field(description="The value it is correlated by", examples=["orders/7"])

    @classmethod
    def of(cls, told: Told) -> "MessageOut":
        """Show a message."""
        return cls.model_construct(key=told.key, value=told.value)


class EventOut(Out):
    """One line of an execution's history, in the words of AWS Step Functions."""

    id: int = Field(description="Counts from 1", examples=[2])
    previous: int = Field(description="The event that led to it; 0 for none", examples=[1])
    type: str = Field(description="What happened", examples=["TaskStateEntered"])
    at: datetime = Field(description="When, UTC", examples=["2026-11-21T09:30:00Z"])
    details: dict[str, Any] = Field(
        description="What there is to say about it, by type", examples=[{"name": "Approve"}]
    )

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> "EventOut":
        """Show an event."""
        details: Mapping[str, Any] = next((value for name, value in told.items() if name.endswith("EventDetails")), {})
        return cls.model_construct(
            id=told["id"],
            previous=told["previousEventId"],
            type=told["type"],
            at=_instant(round(told["timestamp"] * 1000)),
            details=dict(details),
        )


class HistoryOut(Out):
    """A stretch of an execution's history, oldest first."""

    items: list[EventOut] = Field(description="What happened behind `after`, in order")
    next: int | None = Field(description="What to send as `after` for more; null: there is no more yet", examples=[200])

    @classmethod
    def of(cls, found: tuple[Sequence[Mapping[str, Any]], int | None]) -> "HistoryOut":
        """Show a stretch of history."""
        return cls.model_construct(items=[EventOut.of(one) for one in found[0]], next=found[1])


class VisitOut(Out):
    """One stay of an execution in a state."""

    state: str = Field(description="Name of the state", examples=["Approve"])
    branch: int = Field(description="Line of work; 0 is the main one", examples=[0])
    entered_at: datetime = Field(description="When it began, UTC", examples=["2026-11-21T09:30:00Z"])
    left_at: datetime | None = Field(description="When it ended, UTC; null: it goes on")
    outcome: str = Field(description="open, succeeded, caught, failed or aborted", examples=["succeeded"])
    attempts: int = Field(description="Tasks begun", examples=[1])
    error: str | None = Field(description="The last error in it, if there was one", examples=["States.Timeout"])

    @classmethod
    def of(cls, visit: Visit) -> "VisitOut":
        """Show a stay."""
        return cls.model_construct(
            state=visit.state,
            branch=visit.branch,
            entered_at=_instant(visit.entered),
            left_at=_instant_or_none(visit.left),
            outcome=visit.outcome,
            attempts=visit.attempts,
            error=visit.error or None,
        )


class TimelineOut(Out):
    """The stays of an execution in its states."""

    items: list[VisitOut] = Field(description="In the order in which they began")

    @classmethod
    def of(cls, visits: Sequence[Visit]) -> "TimelineOut":
        """Show stays."""
        return cls.model_construct(items=[VisitOut.of(visit) for visit in visits])


Milliseconds = Annotated[float | None, Field(description="Milliseconds; null before one has ended", examples=[120.5])]
Duration = Annotated[int | None, Field(description="Milliseconds; null before one has ended", examples=[120])]


class StatisticOut(Out):
    """Executions in one status, and how long they took from their start."""

    status: Stage = Field(description="Where they stand", examples=["succeeded"])
    count: int = Field(description="How many", examples=[40])
    mean_ms: Milliseconds
    p50_ms: Duration
    p95_ms: Duration
    p99_ms: Duration

    @classmethod
    def of(cls, tally: Tally) -> "StatisticOut":
        """Show a tally."""
        return cls.model_construct(
            status=tally.stage,
            count=tally.count,
            mean_ms=tally.mean,
            p50_ms=tally.p50,
            p95_ms=tally.p95,
            p99_ms=tally.p99,
        )


class StatisticsOut(Out):
    """Executions by status."""

    items: list[StatisticOut] = Field(description="By status; what nothing is in is left out")
    considered: int = Field(description="Executions looked at: the newest", examples=[40])
    complete: bool = Field(description="Whether those were all that match", examples=[True])

    @classmethod
    def of(cls, measured: Measured) -> "StatisticsOut":
        """Show figures."""
        order = list(Stage)
        tallies = sorted(measured.tallies, key=lambda tally: order.index(tally.stage))
        return cls.model_construct(
            items=[StatisticOut.of(tally) for tally in tallies], considered=measured.considered, complete=measured.all
        )


class StateFiguresOut(Out):
    """What one state costs."""

    state: str = Field(description="Name of the state", examples=["Approve"])
    visits: int = Field(description="Stays in it", examples=[12])
    succeeded: int = Field(description="Stays that ended well", examples=[10])
    caught: int = Field(description="Stays whose error the definition caught", examples=[1])
    failed: int = Field(description="Stays whose error ended the line of work", examples=[1])
    aborted: int = Field(description="Stays that something else ended", examples=[0])
    open: int = Field(description="Stays that go on", examples=[0])
    attempts: int = Field(description="Tasks begun", examples=[13])
    mean_ms: Milliseconds
    p95_ms: Duration
    longest_ms: Duration

    @classmethod
    def of(cls, figures: StateFigures) -> "StateFiguresOut":
        """Show the figures of a state."""
        counts = ("state", "visits", "succeeded", "caught", "failed", "aborted", "open", "attempts")
        return cls.model_construct(
            **{name: getattr(figures, name) for name in counts},
            mean_ms=figures.mean,
            p95_ms=figures.p95,
            longest_ms=figures.longest,
        )


class StatesOut(Out):
    """What the states of a workflow cost."""

    items: list[StateFiguresOut] = Field(description="By state, in the order of the first stays")
    executions: int = Field(description="The newest executions, of whose histories the figures are made", examples=[40])

    @classmethod
    def of(cls, found: tuple[Sequence[StateFigures], int]) -> "StatesOut":
        """Show figures."""
        return cls.model_construct(items=[StateFiguresOut.of(one) for one in found[0]], executions=found[1])


OfWorkflow = Annotated[
    str | None, Query(min_length=1, max_length=LONGEST_NAME, description="Only executions of this workflow")
]
From = Annotated[datetime | None, Query(description="Only executions started then or later, RFC 3339")]
Before = Annotated[datetime | None, Query(description="Only executions started before then, RFC 3339")]


def tally_query(workflow: str | None, started_from: datetime | None, started_before: datetime | None) -> TallyQuery:
    """Give what is to be measured; an instant without a zone is one of UTC."""
    return TallyQuery(workflow=workflow, started_from=_aware(started_from), started_before=_aware(started_before))


def _aware(moment: datetime | None) -> datetime | None:
    return moment if moment is None or moment.tzinfo is not None else moment.replace(tzinfo=UTC)
