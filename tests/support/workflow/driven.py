"""One execution driven by hand, without a store: every step is also replayed and written down and read again."""

from __future__ import annotations

from typing import Any

from app.workflow import codec
from app.workflow.kernel import stimuli as s
from app.workflow.kernel.decide import run
from app.workflow.kernel.events import Event
from app.workflow.kernel.fold import replay
from app.workflow.kernel.frames import Branch, Frame
from app.workflow.kernel.graph import Definition
from app.workflow.kernel.status import Status


class Driven:
    """An execution, and what happened to it; ``now`` is in milliseconds and moves by ``later`` alone."""

    def __init__(self, definition: Definition, *, longest: int | None = None) -> None:
        self.definition = definition
        self.frame = Frame("x1", "seed")
        self.events: list[Event] = []
        self.now = 1_000_000
        self._longest = longest
        self._rows: dict[int, str] = {}
        self._homes = codec.Homes()

    def apply(self, stimulus: s.Stimulus) -> list[Event]:
        """Apply a stimulus and give what happened; twice, unless it starts something, must change nothing."""
        limit = () if self._longest is None else (self._longest,)
        got = run(self.definition, self.frame, stimulus, self.now, *limit)
        self.events += got
        assert replay(Frame("x1", "seed"), self.events) == self.frame, "a replay gives the live state"
        self._write_and_read(got)
        return got

    def _write_and_read(self, got: list[Event]) -> None:
        version = len(self._rows) + 1
        packed = codec.pack(self.frame, got, version, self._homes)
        self._rows[version] = packed.history
        self._homes = packed.homes
        assert codec.unpack_history(packed.history) == got
        frame, homes = codec.unpack_checkpoint(packed.checkpoint, lambda wanted: {n: self._rows[n] for n in wanted})
        assert frame == self.frame
        assert sorted(home[1:] for home in homes.values()) == sorted(home[1:] for home in packed.homes.values())

    def start(self, given: Any = None) -> list[Event]:
        """Begin."""
        return self.apply(s.Start(given))

    def status(self) -> Status:
        """Give the status as it is now."""
        return self.frame.status

    def at(self, state: str) -> Branch:
        """Give the branch that is in a state."""
        return next(branch for branch in self.frame.branches.values() if branch.state == state)

    def done(self, state: str, output: Any = None) -> list[Event]:
        """Answer the task of a state; a second time nothing happens."""
        branch = self.at(state)
        answer = s.TaskDone(branch.id, branch.entry, branch.attempt, output)
        got = self.apply(answer)
        assert self.apply(answer) == []
        return got

    def failed(self, state: str, error: str = "Trouble", cause: str = "why") -> list[Event]:
        """Answer the task of a state with an error; a second time nothing happens."""
        branch = self.at(state)
        answer = s.TaskError(branch.id, branch.entry, branch.attempt, error, cause)
        got = self.apply(answer)
        assert self.apply(answer) == []
        return got

    def taken(self, state: str, worker: str) -> list[Event]:
        """Let a worker take the task of a state."""
        branch = self.at(state)
        return self.apply(s.TaskTaken(branch.id, branch.entry, branch.attempt, worker))

    def submitted(self, state: str, output: Any) -> list[Event]:
        """Say that the task of a state was handed over; a second time nothing happens."""
        branch = self.at(state)
        told = s.TaskSubmitted(branch.id, branch.entry, branch.attempt, output)
        got = self.apply(told)
        assert self.apply(told) == []
        return got

    def stopped(self, error: str = "", cause: str = "") -> list[Event]:
        """Stop the execution."""
        return self.apply(s.Stop(error, cause))

    def redriven(self) -> list[Event]:
        """Let an execution that has failed go on."""
        return self.apply(s.Redrive())

    def later(self, seconds: float) -> list[Event]:
        """Let time pass and tell the execution; telling it twice changes nothing."""
        self.now += round(seconds * 1000)
        got = self.apply(s.Tick())
        assert self.apply(s.Tick()) == []
        return got

    def signal(self, name: str, data: Any = None, *, number: str = "1", key: str = "", keep: float = 60) -> list[Event]:
        """Send a signal; the same one again changes nothing."""
        sent = s.Signal(number, name, data, self.now + round(keep * 1000), key)
        got = self.apply(sent)
        assert self.apply(sent) == []
        return got

    def tasks(self) -> list[str]:
        """Give the resources that are asked for now, in the order of branches."""
        waits = [branch.wait for branch in self.frame.branches.values()]
        return [wait.name for wait in waits if wait is not None and wait.kind == "task"]


def names(events: list[Event]) -> list[str]:
    """Give what the events are called."""
    return [type(event).__name__ for event in events]
