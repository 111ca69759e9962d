"""One engine over one kind of store, kept for many executions of documents in Amazon States Language."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

from app.workflow.asl.compile import compile_machine
from app.workflow.asl.context import Surroundings
from app.workflow.asl.history import History
from app.workflow.asl.nested import nested
from app.workflow.asl.services import Services
from app.workflow.kernel.graph import Definition
from app.workflow.runtime.engine import Description, Engine
from app.workflow.runtime.steps import Step
from app.workflow.runtime.store import Key
from tests.support.workflow.hand import HandClock
from tests.support.workflow.stores import bench_of

AROUND: Final = Surroundings()
NAMESPACE: Final = "asl"
ROUNDS: Final = 2_000


class Ticking(HandClock):
    """A clock that goes on by a millisecond whenever it is looked at, so that the engine looks around now and then."""

    def now(self) -> int:
        """Give the instant."""
        self.at += 1
        return self.at


class Bed:
    """The engine, its clock, and what its executions are asked to do."""

    def __init__(self, engine: Engine, clock: HandClock) -> None:
        self.engine = engine
        self.clock = clock
        self._machines = 0
        self.calls: list[Any] = []
        engine.task("echo")(lambda data: data)
        engine.task("fresh")(lambda _data: {"fresh": 1})
        engine.task("note")(self._note)
        engine.task("flaky")(self._flaky)
        engine.task("fail")(self._fail)

    def _note(self, data: Any) -> Any:
        self.calls.append(data)
        return data

    def _fail(self, _data: Any) -> None:
        raise LookupError("as always")

    def _flaky(self, data: Any, step: Step) -> Any:
        if step.attempt == 1:
            raise LookupError("at first")
        return data

    def machine(self, states: Mapping[str, Any], **more: Any) -> str:
        """Know a machine that begins at the first state; give its name."""
        self._machines += 1
        name = f"m{self._machines}"
        self.engine.register(compile_machine({"StartAt": next(iter(states)), "States": states, **more}, name))
        return name

    def start(self, states: Mapping[str, Any], data: Any = None, **more: Any) -> Key:
        """Start an execution of a machine of its own."""
        return self.engine.start(self.machine(states, **more), data, namespace=NAMESPACE)

    def run(self, states: Mapping[str, Any], data: Any = None, **more: Any) -> Description:
        """Start one and wait for its end."""
        return self.ended(self.start(states, data, **more))

    def output(self, states: Mapping[str, Any], data: Any = None, **more: Any) -> Any:
        """Give the output of one that must end well."""
        ended = self.run(states, data, **more)
        assert ended.status.value == "succeeded", (ended.error, ended.cause)
        return ended.output

    def failure(self, states: Mapping[str, Any], data: Any = None) -> tuple[str, str]:
        """Give error and cause of one that must fail."""
        ended = self.run(states, data)
        assert ended.status.value == "failed"
        return ended.error, ended.cause

    def ended(self, key: Key) -> Description:
        """Wait for the end of an execution."""
        return self.engine.wait_for(key)

    def waits_at(self, key: Key, state: str) -> None:
        """Wait until an execution lies down at a state."""

        def waits() -> bool:
            described = self.engine.describe(key)
            return state in described.at and described.status.value == "waiting"

        self.until(waits)

    def until(self, what: Callable[[], bool]) -> None:
        """Wait until something holds."""
        ending = self.engine._loop.ending
        for _ in range(ROUNDS):
            if what():
                return
            with ending:
                ending.wait(0.005)
        raise TimeoutError

    def later(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.pass_(round(seconds * 1000))
        self.engine.nudge()

    def say(self, name: str, data: Any, correlation: str) -> None:
        """Publish a message."""
        self.engine.publish(name, data, correlation=correlation, namespace=NAMESPACE)

    def history(self, key: Key) -> list[dict[str, Any]]:
        """Give the public history, from what is on disk."""
        (row,) = self.engine.store.load([key])
        definition = self.engine._registry.find(key.namespace, row.machine, row.edition)
        assert definition is not None
        events = [event for _, event in self.engine.history(key, limit=10_000)]
        told = History(definition, key.id, row.seed, AROUND, partial(self._edition, key.namespace, row.machine)).tell(
            events
        )
        assert [entry["id"] for entry in told] == list(range(1, len(told) + 1))
        return told

    def _edition(self, namespace: str, machine: str, number: int) -> Definition | None:
        return self.engine.machine(machine, number, namespace)

    def edition(self, machine: str, number: int, states: Mapping[str, Any], **more: Any) -> None:
        """Know another edition of a machine."""
        document = {"StartAt": next(iter(states)), "States": states, **more}
        self.engine.register(compile_machine(document, machine, edition=number))

    def types(self, key: Key) -> list[str]:
        """Give the types of the entries of the history."""
        return [entry["type"] for entry in self.history(key)]


@contextmanager
def bed_of(kind: str, folder: Path) -> Iterator[Bed]:
    """Run an engine over a store of one kind."""
    with bench_of(kind, folder) as bench:
        clock = Ticking(1_800_000_000_000)
        engine = Engine(bench.open(), clock=clock, workers=2, poll=20, routes=Services(), nested=nested(AROUND))
        bed = Bed(engine, clock)
        with engine:
            yield bed
