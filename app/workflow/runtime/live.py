"""What a worker has in memory of an execution, and what goes in and out of a turn."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import msgspec

from ..codec import Homes, Packed
from ..kernel.events import Event
from ..kernel.frames import Branch, Frame, Wait
from ..kernel.graph import Definition
from ..kernel.stimuli import Stimulus
from .store import Append, Key, NewExecution


class StepKey(NamedTuple):
    """What names one attempt of one step everywhere."""

    key: Key
    branch: int
    entry: int
    attempt: int


class Command(msgspec.Struct, frozen=True):
    """A task to run, now that it is on disk that it should.

    ``argument`` is the history's own object: whoever hands it on gives a copy. ``due`` is the instant of its time
    limit, ``beat`` the milliseconds between heartbeats. ``submits``: the handler hands the task to somebody who answers
    by its token.
    """

    step: StepKey
    resource: str
    argument: Any
    machine: str
    edition: int
    state: str
    principal: str
    seed: str
    due: int | None = None
    beat: int | None = None
    submits: bool = False


class Kin(NamedTuple):
    """Whom the end of an execution is told, and what it is known by there."""

    parent: str
    name: str | None
    created: int


class Item(msgspec.Struct, frozen=True):
    """A stimulus for one execution; ``letter`` is the id of the letter that brought it, which goes with its commit."""

    key: Key
    stimulus: Stimulus
    letter: str | None = None


class Definitions(Protocol):
    """Where machines are found. What is found under a name and edition never changes."""

    def find(self, namespace: str, machine: str, edition: int) -> Definition | None:
        """Give a machine, None when this worker does not know it."""

    def newest(self, namespace: str, machine: str) -> Definition | None:
        """Give the edition that new executions start with."""


class Live:
    """An execution in memory, held by this worker."""

    __slots__ = (
        "asked",
        "awaits",
        "busy",
        "definition",
        "due",
        "frame",
        "fresh",
        "homes",
        "key",
        "kin",
        "mailbox",
        "new",
        "principal",
        "version",
    )

    def __init__(self, key: Key, definition: Definition, frame: Frame, principal: str, version: int) -> None:
        self.key = key
        self.definition = definition
        self.frame = frame
        self.principal = principal
        self.version = version
        self.homes = Homes()
        self.awaits: frozenset[tuple[str, str]] = frozenset()
        self.due: int | None = None
        self.new: NewExecution | None = None
        self.fresh = False
        """Whether it was just read: its tasks are to be handed out whatever happens to it in this turn."""
        self.busy: Run | None = None
        """What a handler's own transaction is about to commit; until it is known everything else waits."""
        self.mailbox: list[Item] = []
        self.kin: Kin | None = None
        self.asked: dict[StepKey, str] = {}
        """The resources of its steps that wait for executions they have started."""

    def rests(self, now: int, linger: int) -> bool:
        """Tell whether there is nothing to hold it for: it has ended, or waits long, and not for a handler."""
        frame = self.frame
        if frame.is_over:
            return True
        for branch in frame.branches.values():
            if not _is_idle(branch):
                return False
        due = frame.next_due()
        return due is None or due - now > linger

    def awaited(self) -> frozenset[tuple[str, str]]:
        """Give the signals that messages find it by; late ones find it too when they have somewhere to go."""
        if not self.definition.awaited:
            return self.awaits
        frame = self.frame
        late = frame.lapsed if self.definition.on_late is not None else []
        if frame.is_over:
            return frozenset(late)
        return frozenset((*late, *((name, wait.key) for wait in _waits(frame) for name in wait.names)))


class Run(msgspec.Struct, frozen=True):
    """What a turn made of one execution, before it is on disk."""

    live: Live
    items: list[Item]
    events: list[Event]
    append: Append
    packed: Packed
    awaits: frozenset[tuple[str, str]]


def _is_idle(branch: Branch) -> bool:
    wait = branch.wait
    if wait is None:
        return branch.failure is not None
    # What nobody outside has taken is handed out by the worker that holds it.
    return wait.kind != "task" or wait.taken


def _waits(frame: Frame) -> list[Wait]:
    return [branch.wait for branch in frame.branches.values() if branch.wait is not None]
