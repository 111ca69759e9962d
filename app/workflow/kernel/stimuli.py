"""What happens to an execution from outside, each applied at most once: what no longer fits changes nothing."""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec


class Stimulus(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=True):
    """Base of all: its stored name is its class's."""


class Start(Stimulus, frozen=True, tag="Start"):
    """Begin, with ``input`` (any JSON value). ``name`` is what the execution is called, if it has a name."""

    input: Any
    name: str = ""


class TaskDone(Stimulus, frozen=True, tag="TaskDone"):
    """A task gave its result. Only the step that the branch waits for is taken.

    ``submitted`` is what was said when the task was handed over, in case nobody has told yet.
    """

    branch: int
    entry: int
    attempt: int
    output: Any
    submitted: Any = None


class TaskError(Stimulus, frozen=True, tag="TaskError"):
    """A task failed, with the name of the error and a text for people; ``submitted`` as for ``TaskDone``."""

    branch: int
    entry: int
    attempt: int
    error: str
    cause: str = ""
    submitted: Any = None


class TaskTaken(Stimulus, frozen=True, tag="TaskTaken"):
    """An activity worker has taken the task: its heartbeat begins to count."""

    branch: int
    entry: int
    attempt: int
    worker: str = ""


class TaskSubmitted(Stimulus, frozen=True, tag="TaskSubmitted"):
    """A task was handed to something outside that will answer: its heartbeat begins to count."""

    branch: int
    entry: int
    attempt: int
    output: Any = None


class MemberEnded(Stimulus, frozen=True, tag="MemberEnded"):
    """An execution that the branch has started has ended, in a ``status`` of executions."""

    branch: int
    number: int
    status: str


class Adjust(Stimulus, frozen=True, tag="Adjust"):
    """How many members may be open, and how many items may fail, by number and in per cent; None leaves what was."""

    at_once: int | None = None
    count: int | None = None
    percentage: float | None = None


class Follow(Stimulus, frozen=True, tag="Follow"):
    """A step of another execution waits for the end of this one; ``parent`` is whom it is told."""

    parent: str


class Heartbeat(Stimulus, frozen=True, tag="Heartbeat"):
    """The task still lives."""

    branch: int
    entry: int
    attempt: int


class Tick(Stimulus, frozen=True, tag="Tick"):
    """Time has passed: whatever is due by now happens."""


class Signal(Stimulus, frozen=True, tag="Signal"):
    """A named event for this execution.

    ``id`` is given once by the sender: a second one with the same id changes nothing. A signal that no branch waits
    for is kept until ``expires`` (milliseconds since the epoch). ``key`` tells apart waits of one name.
    """

    id: str
    name: str
    data: Any
    expires: int
    key: str = ""


class Stop(Stimulus, frozen=True, tag="Stop"):
    """End at once as aborted; compensations do not run.

    ``given_up``: by the step that has started it and waits for it no more, which need not be told.
    """

    error: str = ""
    cause: str = ""
    given_up: bool = False


class Rollback(Stimulus, frozen=True, tag="Rollback"):
    """End as failed, after the compensations of what was done."""

    error: str = "Rollback"
    cause: str = ""


class Redrive(Stimulus, frozen=True, tag="Redrive"):
    """Go on from where an execution failed, timed out or was aborted; states that are done do not run again."""


class Retry(Stimulus, frozen=True, tag="Retry"):
    """Go on from ``state``, which lies on the main line, after the execution failed, timed out or was aborted.

    ``input`` and ``variables`` are what it goes on with, ``edition`` that of the machine, 0 as before. ``redrives``:
    how often it had been let go on when this was said, so that it means one end and no later one.
    """

    state: str
    input: Any
    variables: dict[str, Any] | None = None
    edition: int = 0
    redrives: int = 0


class Migrate(Stimulus, frozen=True, tag="Migrate"):
    """Go on by another edition of the machine, unless the execution has meanwhile gone where that does not lead."""

    edition: int


class Continue(Stimulus, frozen=True, tag="Continue"):
    """Go on with a run that was cut because it had grown long."""


AnyStimulus: TypeAlias = (
    Start
    | TaskDone
    | TaskError
    | TaskTaken
    | TaskSubmitted
    | MemberEnded
    | Adjust
    | Follow
    | Heartbeat
    | Tick
    | Signal
    | Stop
    | Rollback
    | Redrive
    | Retry
    | Migrate
    | Continue
)
