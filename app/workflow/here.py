"""Executions here and now: a whole definition in this thread and this memory, for tests and for tiny machines.

Time does not pass, it is jumped over: a sleep, or the pause before another attempt, is over at once, unless ``pause``
is given to sleep through it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from .kernel import events as e
from .kernel import stimuli as s
from .kernel.decide import is_cut, run
from .kernel.errors import RUNTIME, DefinitionError, StepError
from .kernel.frames import Branch, Frame
from .kernel.graph import Compensation, Definition, State
from .kernel.status import Status

Handler = Callable[[Any], Any]
"""Does what a resource is for: gets the task's argument, gives its result. StepError names the error; any other
exception is an error named like its class."""
LONGEST: Final = 100_000
"""Events after which a machine that does not stop is taken for one that never will."""
_FOR_GOOD: Final = 1 << 52


class EndlessError(Exception):
    """The machine goes round and round."""


class Outcome(NamedTuple):
    """What a run has come to. ``frame`` holds all of it; it may wait for an event that nobody has sent."""

    status: Status
    output: Any
    error: str
    cause: str
    events: list[e.Event]
    frame: Frame


def resources_of(definition: Definition) -> set[str]:
    """Give the names of all resources that tasks and compensations use."""
    return {name for state in definition.states.values() for name in _resources(state)}


def _resources(state: State) -> Iterable[str]:
    if isinstance(resource := getattr(state, "resource", None), str):
        yield resource
    if isinstance(undo := getattr(state, "compensation", None), Compensation):
        yield undo.resource


def check_handlers(definition: Definition, handlers: Mapping[str, Handler]) -> list[str]:
    """Give what is wrong with the handlers: a resource without one, one that cannot run in this thread."""
    missing = sorted(resources_of(definition) - handlers.keys())
    return [
        *(f"nothing handles {name!r}" for name in missing),
        *(
            f"the handler of {name!r} is async: only the durable runtime awaits"
            for name, handler in handlers.items()
            if inspect.iscoroutinefunction(handler)
        ),
    ]


def run_here(
    definition: Definition,
    input: Any = None,  # noqa: A002 - what it is everywhere else
    handlers: Mapping[str, Handler] | None = None,
    *,
    signals: Iterable[tuple[str, Any]] = (),
    pause: Callable[[float], None] | None = None,
    now: int = 0,
    seed: str = "",
    longest: int = LONGEST,
) -> Outcome:
    """Run a machine from its start until it ends, or waits for an event that does not come.

    ``signals`` are events by name with their data, there from the beginning. ``pause`` is called with the seconds that
    pass. ``now`` is the instant it begins at. Data is copied as JSON on its way to a handler and back, as in the
    durable runtime. Past the pivot, what fails is tried once and left to a person. Raises DefinitionError for a missing
    handler, EndlessError after ``longest`` events.
    """
    handlers = handlers or {}
    faults = check_handlers(definition, handlers)
    if faults:
        raise DefinitionError(definition.name, faults)
    frame = Frame("", seed)
    here = Here(definition, handlers, pause=pause, copy=copied, longest=longest)
    happened = here.run(frame, s.Start(copied(input)), now, jump=False)
    for number, (name, data) in enumerate(signals):
        signal = s.Signal(str(number), name, copied(data), _FOR_GOOD)
        happened += here.run(frame, signal, here.now, jump=False)
    happened += here.run(frame, s.Tick(), here.now, jump=True)
    return Outcome(frame.status, frame.output, frame.error, frame.cause, happened, frame)


def copied(value: Any) -> Any:
    """Give the value as JSON would hand it on. Raises StepError for one that JSON cannot say."""
    try:
        return msgspec.json.decode(msgspec.json.encode(value))
    except (TypeError, ValueError, RecursionError) as error:
        raise StepError(RUNTIME, f"no JSON value: {error}") from error


def _as_it_is(value: Any) -> Any:
    return value


class Here:
    """Runs frames of one definition with handlers in this thread; ``now`` is the instant it has come to."""

    __slots__ = ("_copy", "_definition", "_handlers", "_longest", "_pause", "now")

    def __init__(
        self,
        definition: Definition,
        handlers: Mapping[str, Handler],
        *,
        pause: Callable[[float], None] | None = None,
        copy: Callable[[Any], Any] = _as_it_is,
        longest: int = LONGEST,
    ) -> None:
        self._definition = definition
        self._handlers = handlers
        self._pause = pause
        self._copy = copy
        self._longest = longest
        self.now = 0

    def run(
        self, frame: Frame, stimulus: s.Stimulus, now: int, *, jump: bool, clock: Callable[[], int] | None = None
    ) -> list[e.Event]:
        """Apply a stimulus and do every task that follows, attempts again included; give what happened.

        With ``jump``, time is moved on to whatever is due next, until nothing is. With a ``clock`` a task that took
        longer than its time limit has timed out.
        """
        self.now = now
        happened: list[e.Event] = []
        following: s.Stimulus | None = stimulus
        while following is not None:
            happened += run(self._definition, frame, following, self.now)
            if len(happened) > self._longest:
                raise EndlessError(f"{self._definition.name} has not stopped after {len(happened)} events")
            following = self._following(frame, jump, clock)
        return happened

    def _following(self, frame: Frame, jump: bool, clock: Callable[[], int] | None) -> s.Stimulus | None:  # noqa: FBT001
        if frame.is_over:
            return None
        if is_cut(frame):
            return s.Continue()
        tasks = [branch for branch in frame.branches.values() if branch.wait is not None and branch.wait.kind == "task"]
        if tasks:
            return self._answer(min(tasks, key=lambda branch: branch.entry), clock)
        due = _next_try(frame)
        if jump and not any(branch.alerted for branch in frame.branches.values()):
            due = frame.next_due()
        if due is None or due >= _FOR_GOOD:
            return None
        if self._pause is not None and due > self.now:
            self._pause((due - self.now) / 1000)
        self.now = max(self.now, due)
        return s.Tick()

    def _answer(self, branch: Branch, clock: Callable[[], int] | None) -> s.Stimulus:
        """Do a task; say what came of it, or that its time is over."""
        answer = self._done(branch)
        if clock is not None:
            self.now = max(self.now, clock())
        late = branch.wait is not None and branch.wait.due is not None and branch.wait.due <= self.now
        return s.Tick() if late else answer

    def _done(self, branch: Branch) -> s.Stimulus:
        wait = branch.wait
        assert wait is not None  # noqa: S101 - it is one of those that wait for a task
        place = (branch.id, branch.entry, branch.attempt)
        try:
            handler = self._handlers.get(wait.name)
            if handler is None:
                raise StepError(RUNTIME, f"nothing handles {wait.name!r}")  # noqa: TRY301 - as a step that failed
            return s.TaskDone(*place, self._copy(handler(self._copy(wait.argument))))
        except StepError as error:
            return s.TaskError(*place, error.error, error.cause)
        except Exception as error:  # noqa: BLE001 - a handler may fail in any way; the definition says what then
            return s.TaskError(*place, type(error).__name__, str(error))


def _next_try(frame: Frame) -> int | None:
    dues = [
        branch.wait.due
        for branch in frame.branches.values()
        if branch.wait is not None
        and branch.wait.kind == "retry"
        and branch.wait.due is not None
        and not branch.alerted
    ]
    return min(dues, default=None)
