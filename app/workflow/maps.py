"""Map runs on the durable engine: who reads pages of inputs, finds what failed, writes results, and tells of it all.

engine = Engine(store, nested=map_runs(around))
serve(engine, FolderStores(root), around)
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from typing import Any, Final, NamedTuple

import msgspec

from .asl.context import Around, Surroundings, everywhere
from .asl.maps.batches import PAGE, Input
from .asl.maps.batches import page as page_of
from .asl.maps.plan import Order, Plan, read_order
from .asl.maps.results import LARGEST_FILE, Child, MapRun, Writer, collected, write
from .asl.maps.state import AGAIN, MAP_RUN, READ, RUN_SUFFIX, WRITE, at_once, tolerated
from .asl.maps.state import MapRun as MapRunState
from .codec import pack_stimulus
from .kernel.errors import RUNTIME, TASK_FAILED, StepError
from .kernel.events import Event, TaskSubmitted
from .kernel.frames import Crowd, Frame, Tally
from .kernel.graph import Definition
from .kernel.status import AWS, ENDED, Status
from .kernel.stimuli import Adjust
from .objects import ObjectError, ObjectStore, ObjectStores
from .runtime import children
from .runtime.clock import new_id
from .runtime.crowds import member_of
from .runtime.engine import Engine
from .runtime.rows import events_of, frame_of
from .runtime.steps import Step
from .runtime.store import Key, Letter, Row, Store

READINGS: Final = 8
"""Datasets that are kept open."""
ROWS: Final = 256
"""Members whose rows are read at once."""

_encode: Final = msgspec.json.Encoder().encode


def run_of(machine: str, id_: str, around: Surroundings) -> MapRun:
    """Name a map run by the machine that runs it and its id."""
    return MapRun(machine.removesuffix(RUN_SUFFIX), id_, around)


class _Asked:
    """What the task of a distributed Map means: an execution of the machine of map runs, and its end."""

    until: children.Until = "ended"
    resumes: bool = True

    def __init__(self, around: Around) -> None:
        self._around = around

    def wanted(self, namespace: str, argument: Any) -> children.Wanted:
        """Give the machine of the runs, of the edition that the Map is of."""
        del namespace
        return children.Wanted(
            argument["machine"] + RUN_SUFFIX, _encode(argument).decode(), None, int(argument["edition"])
        )

    def begun(self, child: children.Child) -> Any:
        """Name the map run."""
        around = self._around(child.key.namespace, child.edition)
        return {"MapRunArn": run_of(child.machine, child.key.id, around).arn}

    def ended(self, child: children.Child) -> Any:
        """Give the result of the state. Raises StepError with the error of the run."""
        frame = child.frame
        assert frame is not None  # noqa: S101 - it has ended
        if frame.status is not Status.SUCCEEDED:
            raise StepError(frame.error or TASK_FAILED, frame.cause)
        return frame.output

    def refused(self, namespace: str, argument: Any, wanted: children.Wanted, *, known: bool) -> StepError:
        """Give the error of a run whose machine is not known here."""
        del namespace, argument, known
        return StepError(RUNTIME, f"{wanted.machine} is not known")


def map_runs(around: Surroundings | Around) -> Mapping[str, children.Nested]:
    """Give what the resource of distributed Maps means, for an ``Engine``."""
    return {MAP_RUN: _Asked(everywhere(around))}


def serve(engine: Engine, objects: ObjectStores, around: Surroundings | Around, *, largest: int = LARGEST_FILE) -> None:
    """Have an engine do the tasks of map runs, with objects of the namespace of each."""
    clerk = Clerk(engine.store, engine.machine, objects, around, largest)
    engine.task(READ)(clerk.read)
    engine.task(AGAIN)(clerk.again)
    engine.task(WRITE)(clerk.write)


class Clerk:
    """Does the tasks of map runs. What it gives depends on what is stored alone, and may be asked for again.

    ``find`` gives a machine by name, edition and namespace.
    """

    def __init__(
        self,
        store: Store,
        find: Callable[[str, int, str], Definition | None],
        objects: ObjectStores,
        around: Surroundings | Around,
        largest: int = LARGEST_FILE,
    ) -> None:
        self._store = store
        self._find = find
        self._objects = objects
        self._around = everywhere(around)
        self._largest = largest
        self._readings: dict[tuple[Key, bytes], Iterator[Input]] = {}
        """By run and cursor: what was read last goes on from there, as long as this process lives."""

    def read(self, given: Any, step: Step) -> Any:
        """Give a page of inputs."""
        cursor, total = given["Cursor"], given["Total"]
        inputs = self._readings.pop((step.key, _encode(cursor)), None)
        if inputs is None:
            order, plan = self._found(step)
            inputs = plan.begin(self._open(step), order, cursor, total)
        page = page_of(inputs)
        if page.cursor is not None:
            self._readings[step.key, _encode(page.cursor)] = inputs
            while len(self._readings) > READINGS:
                self._readings.pop(next(iter(self._readings)), None)
        return {"Inputs": page.inputs, "Items": page.items, "Cursor": page.cursor, "From": cursor, "Total": total}

    def again(self, given: Any, step: Step) -> Any:
        """Find members that have not ended well and can go on."""
        begun, found = given["Begun"], []
        for number, row, frame in members(self._store, step.key, given["From"], begun):
            if _is_redrivable(frame):
                found.append((number, _items(self._found(step)[0], row), row.status.value))
            if len(found) == PAGE:
                return {"Found": found, "Marker": number + 1}
        return {"Found": found, "Marker": None}

    def write(self, given: Any, step: Step) -> Any:
        """Write the results, or put them together."""
        order, plan = self._found(step)
        run = run_of(step.machine, step.key.id, self._around(step.namespace, step.edition))
        writer = order.writer
        if not writer.bucket:
            return collected(run, writer, (_child(*one) for one in self._ended(step, given)))
        store = self._open(step)
        of = partial(self._of_kind, step, given, order, plan, store)
        return write(store, run, writer, of, self._largest)

    def _of_kind(
        self, step: Step, given: Any, order: Order, plan: Plan, store: ObjectStore, kind: str
    ) -> Iterator[Child]:
        if kind == "PENDING":
            rest = plan.rest(store, order, given["From"], given["Total"], given["Skip"])
            for number, value in enumerate(rest, given["Begun"]):
                yield Child(member_of(step.key, number).id, "PENDING", _encode(value).decode())
            return
        for one in self._ended(step, given):
            child = _child(*one)
            if child.file == kind:
                yield child

    def _ended(self, step: Step, given: Any) -> Iterator[tuple[Row, Frame]]:
        for _, row, frame in members(self._store, step.key, 0, given["Begun"]):
            yield row, frame

    def _open(self, step: Step) -> ObjectStore:
        try:
            return self._objects.of(step.namespace)
        except ObjectError as error:
            raise StepError(RUNTIME, f"{error}") from error

    def _found(self, step: Step) -> tuple[Order, Plan]:
        (row,) = self._store.load([step.key])
        definition = self._find(step.machine, step.edition, step.namespace)
        state = definition.states["MapRun"] if definition is not None else None
        assert isinstance(state, MapRunState)  # noqa: S101 - it runs
        return read_order(row.input), state.plan


def members(store: Store, run: Key, first: int, end: int) -> Iterator[tuple[int, Row, Frame]]:
    """Give the members of a map run, in order."""
    for at in range(first, end, ROWS):
        numbers = {member_of(run, number): number for number in range(at, min(at + ROWS, end))}
        rows = {row.key: row for row in store.load(numbers)}
        for key, number in numbers.items():
            if key in rows:
                yield number, rows[key], frame_of(store, rows[key])


def _is_redrivable(frame: Frame) -> bool:
    return frame.is_over and frame.status is not Status.SUCCEEDED and not frame.ending and bool(frame.branches)


def _items(order: Order, row: Row) -> int:
    return 1 if order.batch is None else len(msgspec.json.decode(row.input)["Items"])


def _child(row: Row, frame: Frame) -> Child:
    succeeded = row.status is Status.SUCCEEDED
    output = _encode(frame.output).decode() if succeeded else None
    status = AWS[row.status] if row.status in ENDED else "ABORTED"
    return Child(
        row.key.id, status, row.input, output, frame.error, frame.cause, row.started, row.ended, frame.redrives
    )


# Looking at map runs

_KINDS: Final = ("succeeded", "failed", "timed_out", "aborted")
_NAMES: Final = ("succeeded", "failed", "timedOut", "aborted")


def describe_map_run(store: Store, run: Key, around: Surroundings) -> dict[str, Any] | None:
    """Tell of a map run as DescribeMapRun does, None when there is none of this key; instants are in seconds."""
    row = next(iter(store.load([run])), None)
    if row is None or not row.machine.endswith(RUN_SUFFIX):
        return None
    frame, order = frame_of(store, row), read_order(row.input)
    crowd = _crowd(frame)
    count, percentage = tolerated(crowd, order.tolerated)
    execution = row.parent.partition("/")[0]
    parent = next(iter(store.load([Key(run.namespace, execution)])), row)
    return {
        "mapRunArn": run_of(row.machine, run.id, around).arn,
        "executionArn": around.execution(parent.machine, parent.name or execution),
        "status": AWS[row.status],
        "startDate": row.created / 1000,
        **_seconds(stopDate=row.ended),
        "maxConcurrency": at_once(crowd, order.at_once),
        "toleratedFailurePercentage": percentage or 0.0,
        "toleratedFailureCount": count or 0,
        "itemCounts": _item_counts(frame, order.writer),
        "executionCounts": _execution_counts(frame, order.writer),
        "redriveCount": frame.redrives,
        **_seconds(redriveDate=frame.redriven),
    }


def _seconds(**instants: int | None) -> dict[str, float]:
    return {name: at / 1000 for name, at in instants.items() if at is not None}


def _crowd(frame: Frame) -> Crowd:
    return frame.crowd or Crowd()


def _item_counts(frame: Frame, writer: Writer) -> dict[str, int]:
    crowd = _crowd(frame)
    running = sum(crowd.open.values())
    again = sum(items for _, items, _ in crowd.found)
    pending = crowd.total - running - crowd.items.succeeded - crowd.items.unwell
    ended = crowd.items.succeeded + crowd.items.unwell
    return _counts(crowd.items, pending, running, crowd.total, ended if crowd.written and writer.bucket else 0, again)


def _execution_counts(frame: Frame, writer: Writer) -> dict[str, int]:
    crowd = _crowd(frame)
    pending = max(crowd.first + _inputs(frame) - crowd.begun, 0)
    ended = crowd.members.succeeded + crowd.members.unwell
    written = ended if crowd.written and writer.bucket else 0
    return _counts(crowd.members, pending, len(crowd.open), crowd.begun + pending, written, len(crowd.found))


def _inputs(frame: Frame) -> int:
    """Count the inputs of the page that is there."""
    page = frame.branches[0].data if frame.branches else None
    return len(page["Inputs"]) if isinstance(page, dict) and "Inputs" in page else 0


def _counts(tally: Tally, pending: int, running: int, total: int, written: int, again: int) -> dict[str, int]:
    ended = {name: getattr(tally, kind) for name, kind in zip(_NAMES, _KINDS, strict=True)}
    return {
        "pending": pending,
        "running": running,
        **ended,
        "total": total,
        "resultsWritten": written,
        "failuresNotRedrivable": 0,
        "pendingRedrive": again,
    }


def map_runs_of(store: Store, execution: Key) -> list[Row]:
    """Give the rows of the map runs that an execution has started, the newest first."""
    ids = {run for event in events_of(store, execution) if (run := _begun(event))}
    rows = store.load([Key(execution.namespace, run) for run in ids])
    found = filter(partial(_is_run_of, execution.id), rows)
    return sorted(found, key=lambda row: (row.created, row.key.id), reverse=True)


def _is_run_of(execution: str, row: Row) -> bool:
    return row.machine.endswith(RUN_SUFFIX) and row.parent.startswith(f"{execution}/")


def _begun(event: Event) -> str:
    """Give the id of the map run that an event tells the beginning of, if it does."""
    told = event.output if isinstance(event, TaskSubmitted) else None
    arn = told.get("MapRunArn") if isinstance(told, dict) else None
    return arn.rpartition(":")[2] if isinstance(arn, str) else ""


def adjust_map_run(
    engine: Engine,
    run: Key,
    *,
    at_once: int | None = None,
    count: int | None = None,
    percentage: float | None = None,
) -> None:
    """Change how many executions of a map run may be open and how many items may fail; None leaves what is.

    One that has ended stays as it is.
    """
    body = pack_stimulus(Adjust(at_once, count, percentage))
    engine.store.post([Letter(run, new_id(), body)])
    engine.nudge()


def members_of(store: Store, run: Key, below: int | None, statuses: Collection[str], limit: int) -> list[Member]:
    """Give members of a map run below a number, the last that was started first; none of a run that is not there.

    ``statuses`` are AWS's, all without any.
    """
    row = next(iter(store.load([run])), None)
    if row is None:
        return []
    crowd, order = _crowd(frame_of(store, row)), read_order(row.input)
    again = {number for number, _, _ in crowd.found}
    found: list[Member] = []
    at = crowd.begun if below is None else min(below, crowd.begun)
    while at > 0 and len(found) < limit:
        first = max(at - (ROWS if statuses else limit - len(found)), 0)
        page = [_member(order, one, again) for one in members(store, run, first, at)]
        found += [one for one in reversed(page) if not statuses or one.status in statuses]
        at = first
    return found[:limit]


class Member(NamedTuple):
    """An execution of a map run, for so many items; ``status`` is AWS's, PENDING_REDRIVE of one to be started again."""

    number: int
    row: Row
    frame: Frame
    items: int
    status: str


def _member(order: Order, found: tuple[int, Row, Frame], again: Collection[int]) -> Member:
    number, row, _ = found
    return Member(*found, _items(order, row), "PENDING_REDRIVE" if number in again else AWS[row.status])
