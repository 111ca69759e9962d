"""Executions that steps start: begun by the commit that schedules the step, their end told by their own last commit.

The key of a child comes from the step alone, so that whoever does the step again means the same child. What is asked
for, and what the step is told, a ``Nested`` knows, by the resource of the step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import blake2b
from typing import Final, Literal, NamedTuple, Protocol

from ..codec import pack_stimulus
from ..kernel import events as e
from ..kernel import stimuli as s
from ..kernel.errors import RUNTIME, StepError
from ..kernel.frames import Branch, Frame
from . import crowds
from .live import Definitions, Kin, Live, StepKey
from .store import Key, Letter, NewExecution, Row

Until = Literal["begun", "ended", "token"]
_ENDS: Final = frozenset({e.ExecutionSucceeded, e.ExecutionFailed, e.ExecutionTimedOut, e.ExecutionAborted})
_ANSWERS: Final = (e.TaskSucceeded, e.TaskFailed)


class Wanted(NamedTuple):
    """What a step asks for. ``input`` is JSON text; without an ``edition`` it is the newest.

    With ``apart`` the name need not be the only one: the id is put behind it, ``<name>:<id>``. ``principal`` makes the
    child's principal of its parent's.
    """

    machine: str
    input: str
    name: str | None = None
    edition: int | None = None
    apart: bool = False
    principal: Callable[[str], str] = str

    def called(self, child: Key) -> str | None:
        """Give the name of the execution of this key."""
        return f"{self.name or child.id}:{child.id}" if self.apart else self.name


class Child(NamedTuple):
    """An execution that a step has started; ``frame`` is given once it has ended."""

    key: Key
    machine: str
    name: str | None
    created: int
    edition: int
    frame: Frame | None = None


class Nested(Protocol):
    """What one resource means by starting an execution.

    ``until`` tells what answers the step: the child's having begun, its end, or whoever has the step's token. With
    ``resumes`` a redrive goes on with the child that there was.
    """

    until: Until
    resumes: bool

    def wanted(self, namespace: str, argument: object) -> Wanted:
        """Read what is asked for. Raises StepError."""

    def begun(self, child: Child) -> object:
        """Give what is said when the child has begun."""

    def ended(self, child: Child) -> object:
        """Give the result of a child that has ended. Raises StepError for one that has not ended well."""

    def refused(self, namespace: str, argument: object, wanted: Wanted, *, known: bool) -> StepError:
        """Give the error of what could not start: its machine is not ``known``, or its name is taken."""


def child_of(step: StepKey, seed: str) -> Key:
    """Give the key of the execution that a step starts, a UUID that nobody can guess."""
    text = _drawn(step, seed, b"child")
    return Key(step.key.namespace, f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}")


def answer_id(step: StepKey) -> str:
    """Give the id of the letter that answers a step: of several the first counts, whichever way it goes."""
    return f"{step.key.id}/{step.branch}/{step.entry}/{step.attempt}"


class Children:
    """What the turn asks about them. ``nested`` gives by resource what starts executions."""

    def __init__(self, nested: Mapping[str, Nested], definitions: Definitions) -> None:
        self._nested = nested
        self._definitions = definitions

    def of(self, resource: str) -> Nested | None:
        """Give what a resource means by starting an execution, None for any other."""
        return self._nested.get(resource)

    def asked(self, key: Key, frame: Frame) -> dict[StepKey, str]:
        """Give the resources of the steps that wait for a child, or for being told that it has begun."""
        if frame.ended is not None:
            return {}
        waits = ((branch, branch.wait) for branch in frame.branches.values())
        return {
            StepKey(key, branch.id, branch.entry, branch.attempt): wait.name
            for branch, wait in waits
            if wait is not None and wait.name in self._nested
        }

    def look(self, live: Live, events: list[e.Event], now: int) -> tuple[tuple[NewExecution, ...], tuple[Letter, ...]]:
        """Give the children to start and the letters to send with a commit, and know from now on who is asked."""
        if not self._nested and not _has_others(live):
            return (), ()
        starts, posts = list[NewExecution](), list[Letter]()
        if live.asked or self._asks(events):
            self._look_at_steps(live, events, now, starts, posts)
        if live.frame.crowd is not None:
            crowds.look(live, events, now, starts, posts)
        posts += self._telling(live, events)
        return tuple(starts), tuple(posts)

    def _look_at_steps(
        self, live: Live, events: list[e.Event], now: int, starts: list[NewExecution], posts: list[Letter]
    ) -> None:
        before = live.asked
        live.asked = self.asked(live.key, live.frame)
        for step in live.asked.keys() - before.keys():
            starts += self._started(live, live.frame.branches[step.branch], step, now)
        posts += self._stopped(live, before, events)
        posts += self._resumed(live, before, events)

    def _asks(self, events: list[e.Event]) -> bool:
        return any(type(event) is e.TaskScheduled and event.resource in self._nested for event in events)

    def _resumed(self, live: Live, before: Mapping[StepKey, str], events: Iterable[e.Event]) -> Iterator[Letter]:
        """Let the children go on that a redrive goes on with; they are there from before."""
        if not any(type(event) is e.ExecutionRedriven for event in events):
            return
        for step, resource in live.asked.items():
            if step not in before and self._nested[resource].resumes:
                child = child_of(step, live.frame.seed)
                yield Letter(child, f"{child.id}/redriven {live.frame.redrives}", pack_stimulus(s.Redrive()))

    def greeting(self, live: Live, branch: Branch, row: Row | None, ended: Frame | None) -> s.Stimulus | None:
        """Tell a step of its child, which is there or was refused; None when the step waits for nothing of the kind.

        ``ended`` is given of a child that has ended well: it says so once, and that may have been before a redrive.
        """
        wait = branch.wait
        nested = None if wait is None else self.of(wait.name)
        if wait is None or nested is None:
            return None
        step = (branch.id, branch.entry, branch.attempt)
        if row is None:
            error = self._refused(nested, live.key.namespace, wait.argument)
            return s.TaskError(*step, error.error, error.cause)
        child = Child(row.key, row.machine, row.name, row.created, row.edition, ended)
        return self._said(nested, StepKey(live.key, *step), wait.name, child)

    def _said(self, nested: Nested, step: StepKey, resource: str, child: Child) -> s.Stimulus:
        if child.frame is not None and nested.until == "ended":
            return self._answer(step, resource, child)
        said = nested.begun(child)
        return s.TaskDone(*step[1:], said) if nested.until == "begun" else s.TaskSubmitted(*step[1:], said)

    def meant(self, step: StepKey, branch: Branch) -> tuple[Wanted, str] | None:
        """Give what a step asked for whose child is not there, by a name that an execution may have already.

        With it comes whom the end of that execution is told, empty when the step does not wait for it. None without a
        name.
        """
        wait = branch.wait
        assert wait is not None  # noqa: S101 - it waits to be told of its child
        nested = self._nested[wait.name]
        try:
            wanted = _wanted(nested, step.key.namespace, wait.argument)
        except StepError:
            return None
        if wanted.name is None or wanted.apart:
            return None
        return wanted, _parent(step, wait.name) if nested.until == "ended" else ""

    def _refused(self, nested: Nested, namespace: str, argument: object) -> StepError:
        try:
            wanted = _wanted(nested, namespace, argument)
        except StepError as error:
            return error
        known = self._edition(namespace, wanted) is not None
        return nested.refused(namespace, argument, wanted, known=known)

    def _edition(self, namespace: str, wanted: Wanted) -> int | None:
        if wanted.edition is not None:
            found = self._definitions.find(namespace, wanted.machine, wanted.edition)
        else:
            found = self._definitions.newest(namespace, wanted.machine)
        return None if found is None else found.edition

    def _started(self, live: Live, branch: Branch, step: StepKey, now: int) -> Iterator[NewExecution]:
        """Give the child of a step; nothing when it cannot be, which the step is told after the commit."""
        assert branch.wait is not None  # noqa: S101 - it is asked
        nested, seed = self._nested[branch.wait.name], live.frame.seed
        try:
            wanted = _wanted(nested, step.key.namespace, branch.wait.argument)
        except StepError:
            return
        edition = self._edition(step.key.namespace, wanted)
        if edition is None:
            return
        child = child_of(step, seed)
        yield NewExecution(
            child,
            wanted.machine,
            edition,
            wanted.input,
            now,
            _drawn(step, seed, b"seed"),
            wanted.called(child),
            wanted.principal(live.principal),
            _parent(step, branch.wait.name) if nested.until == "ended" else "",
        )

    def _stopped(self, live: Live, before: Mapping[StepKey, str], events: Iterable[e.Event]) -> Iterator[Letter]:
        """Stop the children of steps that were given up.

        Source: AWS developer guide, "Run a Job (.sync)": when the task is aborted, so is what it waits for.
        """
        gone = before.keys() - live.asked.keys()
        if not gone:
            return
        answered = _answered(events)
        for step in gone:
            if step.branch not in answered and self._nested[before[step]].until == "ended":
                child = child_of(step, live.frame.seed)
                yield Letter(child, f"{child.id}/given up", pack_stimulus(s.Stop(given_up=True)))

    def _telling(self, live: Live, events: Iterable[e.Event]) -> Iterator[Letter]:
        """Tell of the end, unless a redrive in the same commit has made it none."""
        frame, end = live.frame, end_of(events)
        if not frame.is_over:
            return
        if end is not None and live.kin is not None:
            yield from self._told(live, live.kin, end)
        for parent in _followers(events) if end is None else frame.followers:
            yield from self._told(live, Kin(parent, frame.name or None, frame.started), None)

    def _told(self, live: Live, kin: Kin, end: e.Event | None) -> Iterator[Letter]:
        """Answer the step that waits for an execution's end; without the ``end`` one that has not started it."""
        parent, branch, entry, attempt, resource = kin.parent.split("/", 4)
        step = StepKey(Key(live.key.namespace, parent), int(branch), int(entry), int(attempt))
        if resource == crowds.MEMBER:
            yield crowds.told(live, step)
            return
        if type(end) is e.ExecutionAborted and end.given_up:
            # By the step itself, which a redrive may have made wait for it again.
            return
        definition = live.definition
        child = Child(live.key, definition.name, kin.name, kin.created, definition.edition, live.frame)
        yield Letter(step.key, answer_id(step), pack_stimulus(self._answer(step, resource, child)))

    def _answer(self, step: StepKey, resource: str, child: Child) -> s.Stimulus:
        nested = self.of(resource)
        if nested is None:
            return s.TaskError(*step[1:], RUNTIME, f"{resource} is not known where {child.key.id} has ended")
        said = nested.begun(child)
        try:
            return s.TaskDone(*step[1:], nested.ended(child), said)
        except StepError as error:
            return s.TaskError(*step[1:], error.error, error.cause, said)


def _parent(step: StepKey, resource: str) -> str:
    """Write whom the end of an execution is told."""
    return f"{answer_id(step)}/{resource}"


def _answered(events: Iterable[e.Event]) -> set[int]:
    return {event.branch for event in events if isinstance(event, _ANSWERS)}


def _has_others(live: Live) -> bool:
    """Tell whether what happens to an execution may concern another: whoever waits for its end, or its members."""
    return live.kin is not None or live.frame.crowd is not None or bool(live.frame.followers)


def _followers(events: Iterable[e.Event]) -> list[str]:
    return [event.parent for event in events if isinstance(event, e.ExecutionFollowed)]


def end_of(events: Iterable[e.Event]) -> e.Event | None:
    """Give the last end that events tell of; a redrive in the same commit may have made it none."""
    return next((event for event in reversed([*events]) if type(event) in _ENDS), None)


def _wanted(nested: Nested, namespace: str, argument: object) -> Wanted:
    """Read what is asked for; whatever goes wrong is the step's failure, not its worker's. Raises StepError."""
    try:
        return nested.wanted(namespace, argument)
    except StepError:
        raise
    except Exception as error:
        raise StepError(RUNTIME, f"{type(error).__name__}: {error}") from error


def kin_of(new: NewExecution | Row) -> Kin | None:
    """Give whom the end of an execution is told, None for one that nobody waits for."""
    return Kin(new.parent, new.name, new.created) if new.parent else None


def _drawn(step: StepKey, seed: str, purpose: bytes) -> str:
    text = "\x1f".join(map(str, (*step.key, *step[1:])))
    return blake2b(text.encode(), key=seed.encode()[:64], digest_size=16, person=purpose).hexdigest()
