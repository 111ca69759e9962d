"""The state of an execution: a tree of branches. Only ``fold`` changes it, and only by events."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from .status import Status

NAME: Final = 128
"""Characters of the name of a state as stores keep it."""


class Wait(msgspec.Struct, array_like=True):
    """What a branch waits for.

    ``kind``: ``task``, ``timer``, ``retry``, ``signal`` or ``children``. ``due``: when the wait is over whatever comes
    (a task's time limit, the end of a sleep). ``beat``: when the next heartbeat is overdue, ``beat_every`` how long one
    lasts. ``name``: of the resource. ``names`` and ``key``: of the signals. ``argument``: of the task, ``shown`` the
    lines of public history that its scheduling was, ``limit`` the milliseconds it has once it is taken.
    """

    kind: str
    due: int | None = None
    name: str = ""
    key: str = ""
    names: list[str] = []
    argument: Any = None
    beat: int | None = None
    beat_every: int | None = None
    taken: bool = False
    shown: int = 1
    limit: int | None = None


class Undo(msgspec.Struct, frozen=True, array_like=True):
    """How what ``state`` has done is undone."""

    state: str
    resource: str
    argument: Any


class Branch(msgspec.Struct, array_like=True):
    """One line of work: where it is, with what data.

    ``entry`` numbers the visits of states in the whole execution, ``attempt`` the tasks scheduled in this visit,
    ``tries`` the use of each retrier in it. ``results`` holds the outputs of children by index while there are
    children, ``open`` how many of them still run, ``failures`` how many have failed. ``failure`` is (error, cause) of
    a branch that has failed. ``undo`` is set on the branch of a compensation, ``alerted`` once a person was called for
    this visit. ``since`` is when this visit began, ``line`` the number of its arrival in the public history. ``turn``:
    the branch is one of many through the same flow. ``count``: of the lines of work that the state is to start.
    """

    id: int
    parent: int
    index: int
    state: str
    data: Any
    entry: int = 0
    entered: bool = False
    attempt: int = 0
    wait: Wait | None = None
    tries: dict[int, int] | None = None
    variables: dict[str, Any] | None = None
    results: list[Any] | None = None
    open: int = 0
    failure: tuple[str, str] | None = None
    failures: int = 0
    undo: Undo | None = None
    alerted: bool = False
    since: int = 0
    line: int = 0
    turn: bool = False
    count: int = 0


class Kept(msgspec.Struct, frozen=True, array_like=True):
    """A signal that came before anyone waited for it."""

    name: str
    key: str
    data: Any
    expires: int


class Tally(msgspec.Struct, array_like=True):
    """How many have ended in which way."""

    succeeded: int = 0
    failed: int = 0
    timed_out: int = 0
    aborted: int = 0

    def count(self, status: str, by: int) -> None:
        """Count so many more, or fewer, of a status."""
        setattr(self, status, getattr(self, status) + by)

    @property
    def unwell(self) -> int:
        """Give how many have not succeeded."""
        return self.failed + self.timed_out + self.aborted


class Crowd(msgspec.Struct, array_like=True):
    """Executions of their own that an execution has started, its members, and where it is with them.

    They are numbered in the order in which they are started, ``begun`` of them, and only those that are ``open`` are
    known by their numbers, with how many items each is for: so what is kept does not grow with how many there are. The
    inputs of a page are in the data of the branch; ``first`` is the number of its first one. ``total`` counts the items
    of all pages, ``over`` tells that there is no other page. ``phase`` is ``start``, ``again`` (those that failed are
    started again: ``found`` are known, and none below ``marker`` is left to be found), ``stop`` or ``write``.
    ``members`` and ``items`` count what has ended; ``written`` tells that results were written. ``adjusted`` are the
    numbers that count instead of those it began with: of members open, of items that may fail, and that in per cent.
    """

    phase: str = "start"
    begun: int = 0
    first: int = 0
    total: int = 0
    over: bool = False
    open: dict[int, int] = {}
    found: list[tuple[int, int, str]] = []
    marker: int | None = None
    members: Tally = msgspec.field(default_factory=Tally)
    items: Tally = msgspec.field(default_factory=Tally)
    error: tuple[str, str] | None = None
    written: bool = False
    adjusted: tuple[int | None, int | None, float | None] = (None, None, None)


def sooner(one: int | None, other: int | None) -> int | None:
    """Give the earlier of two instants that may not be there."""
    if one is None:
        return other
    return one if other is None or one < other else other


class Frame(msgspec.Struct, array_like=True):
    """The state of one execution.

    ``seed`` is what chance is drawn from. ``done`` are the steps to undo, oldest first. ``ending`` is the change that
    follows the compensations. ``seen`` gives the instants of signals applied by their ids, ``lapsed`` the (name, key)
    of waits that have timed out. ``events`` counts what was folded, ``lines`` those of the public history. When an
    execution ends other than well its branches stay as they are: a redrive goes on from them. ``crowd`` are
    the executions that this one has started by the page, if it is one that does. ``edition`` is that of the machine it
    has been moved to; 0 is the one it was started with. ``followers`` are told of its end as whoever started it is.
    """

    id: str
    seed: str
    status: Status = Status.PENDING
    started: int = 0
    ended: int | None = None
    deadline: int | None = None
    input: Any = None
    output: Any = None
    error: str = ""
    cause: str = ""
    branches: dict[int, Branch] = {}
    next_branch: int = 1
    entries: int = 0
    events: int = 0
    done: list[Undo] = []
    pivot: bool = False
    ending: str = ""
    alerts: int = 0
    redrives: int = 0
    kept: dict[str, Kept] = {}
    seen: dict[str, int] = {}
    lapsed: list[tuple[str, str]] = []
    lines: int = 0
    redriven: int | None = None
    name: str = ""
    crowd: Crowd | None = None
    edition: int = 0
    followers: list[str] = []

    @property
    def is_over(self) -> bool:
        """Tell whether the execution has ended."""
        return self.ended is not None

    @property
    def main_state(self) -> str | None:
        """Give the state of the main line as a name that any column takes: short, without what cannot be stored."""
        main = self.branches.get(0)
        if main is None:
            return None
        name = main.state[:NAME]
        if name.isascii() and "\0" not in name:
            return name
        return name.replace("\0", "?").encode(errors="replace").decode()

    def next_due(self) -> int | None:
        """Give the instant at which something happens by itself, None when nothing does."""
        if self.ended is not None:
            return None
        due = self.deadline
        if self.kept:
            due = sooner(due, min(kept.expires for kept in self.kept.values()))
        for branch in self.branches.values():
            wait = branch.wait
            if wait is not None:
                due = sooner(sooner(due, wait.due), wait.beat)
        return due

    def children(self, branch: int) -> list[Branch]:
        """Give the lines of work that ``branch`` has started and that still run."""
        return [child for child in self.branches.values() if child.parent == branch]

    def waits_for(self, branch: int, entry: int, attempt: int) -> Branch | None:
        """Give the branch if it waits for just this task, else None: then the answer is late, or a second one."""
        found = self.branches.get(branch)
        if found is None or found.entry != entry or found.attempt != attempt:
            return None
        return found if found.wait is not None and found.wait.kind == "task" else None
