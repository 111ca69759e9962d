"""Measure Amazon States Language: what a state costs in memory and on disk, and beside other interpreters.

``python -m benchmarks.asl [memory|sqlite|postgresql|mariadb ...] [--scale N] [--peers PYTHON]``. The first table runs
machines through the kernel alone, with every event and the checkpoint written as text; the second the same loop with
ever more turns; the third lets the engine run them one at a time, on disk (fsync on, the servers the tests' own) before
an execution is told to have ended. CPU is that of this process and of the server's. ``--peers`` names the Python of an
environment where moto or LocalStack is installed, which then runs the same machines in its memory; it may be given for
each, and neither is a dependency of ours.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from sqlalchemy import create_engine

from app.workflow import codec
from app.workflow.asl.compile import compile_machine
from app.workflow.kernel import events as e
from app.workflow.kernel import stimuli as s
from app.workflow.kernel.decide import is_cut, run
from app.workflow.kernel.events import Event
from app.workflow.kernel.frames import Frame
from app.workflow.kernel.graph import Definition
from app.workflow.kernel.status import Status
from app.workflow.runtime.engine import Engine
from app.workflow.runtime.store import Key
from app.workflow.stores.memory import MemoryStore
from app.workflow.stores.sql.schema import migrate
from app.workflow.stores.sql.store import SqlStore
from benchmarks.machine import cpu_ms, describe, own_cpu_ms
from benchmarks.service import database_process
from tests.support.databases import empty_database
from tests.support.servers import Keeper

STORES: Final = ("memory", "sqlite", "postgresql")
TURNS: Final = 500
ROUNDS: Final = 7
GROWING: Final = (10, 100, 1_000, 10_000, 20_000)
PEERS: Final = Path(__file__).with_name("asl_peers.py")

CHAIN: Final[dict[str, Any]] = {
    "StartAt": "s0",
    "States": {f"s{n}": {"Type": "Pass", **({"Next": f"s{n + 1}"} if n < 9 else {"End": True})} for n in range(10)},
}
MAP: Final[dict[str, Any]] = {
    "StartAt": "each",
    "States": {
        "each": {
            "Type": "Map",
            "ItemProcessor": {"StartAt": "one", "States": {"one": {"Type": "Pass", "End": True}}},
            "End": True,
        }
    },
}


def loop(turns: int) -> dict[str, Any]:
    """Give a machine of a Choice and a Pass that count."""
    return {
        "StartAt": "more",
        "States": {
            "more": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.n", "NumericLessThan": turns, "Next": "count"}],
                "Default": "done",
            },
            "count": {"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($.n, 1)"}, "Next": "more"},
            "done": {"Type": "Succeed"},
        },
    }


def expressive(turns: int) -> dict[str, Any]:
    """Give the same in JSONata."""
    return {
        "QueryLanguage": "JSONata",
        "StartAt": "more",
        "States": {
            "more": {
                "Type": "Choice",
                "Choices": [{"Condition": f"{{% $states.input.n < {turns} %}}", "Next": "count"}],
                "Default": "done",
            },
            "count": {"Type": "Pass", "Output": {"n": "{% $states.input.n + 1 %}"}, "Next": "more"},
            "done": {"Type": "Succeed"},
        },
    }


class Case(NamedTuple):
    """A machine to measure; ``states`` is how many are entered, ``most`` the CPU-ms that one execution may take.

    ``own``: only those of the engine's own process are meant.
    """

    title: str
    document: dict[str, Any]
    data: Any
    states: int
    most: float
    own: bool = False

    def definition(self) -> Definition:
        """Compile it."""
        return compile_machine(self.document, self.title)


CASES: Final = (
    Case("Choice loop of 500 turns", loop(TURNS), {"n": 0}, 2 * TURNS + 2, 0.02 * (2 * TURNS + 2)),
    Case("the same in JSONata", expressive(TURNS), {"n": 0}, 2 * TURNS + 2, 0.02 * (2 * TURNS + 2)),
    Case("inline Map of 100 with a Pass", MAP, list(range(100)), 101, 10),
    Case("chain of 10 Pass states", CHAIN, {"a": 1}, 10, 0.5, own=True),
)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.asl", description=__doc__)
    parser.add_argument("stores", nargs="*", metavar="store", default=STORES)
    parser.add_argument("--scale", type=float, default=1.0, help="rounds, as a share of the usual number")
    parser.add_argument(
        "--peers", action="append", default=[], help="the Python of an environment with moto or LocalStack"
    )
    given = parser.parse_args()
    print(f"{describe()}; fsync on\n")
    _alone(given.scale)
    _growing()
    print("\n| on disk, one at a time | store | ms | CPU-ms | of it server | CPU-ms a state | target | |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: | --- |")
    with Keeper(), tempfile.TemporaryDirectory() as folder:
        for kind in given.stores:
            with _opened(kind, Path(folder)) as (store, server):
                _durable(kind, store, server, given.scale)
    for python in given.peers:
        _beside(python, given.scale)


def execute(definition: Definition, data: Any) -> Frame:  # noqa: ANN401 - any JSON value
    """Run an execution through, each commit written down as a store would get it."""
    frame, homes, version = Frame("x", "seed"), codec.Homes(), 0
    stimulus: s.Stimulus = s.Start(data)
    while version == 0 or is_cut(frame):
        events = run(definition, frame, stimulus, 1_000)
        version += 1
        homes = codec.pack(frame, events, version, homes).homes
        stimulus = s.Continue()
    if frame.status is not Status.SUCCEEDED:
        raise RuntimeError(f"{definition.name}: {frame.status} {frame.error} {frame.cause}")
    return frame


def _best(definition: Definition, data: Any, times: int) -> float:  # noqa: ANN401 - any JSON value
    """Give the CPU-ms of one execution, in the best of several rounds."""
    return min(_round(definition, data, times) for _ in range(ROUNDS))


def _round(definition: Definition, data: Any, times: int) -> float:  # noqa: ANN401 - any JSON value
    began = time.process_time()
    for _ in range(times):
        execute(definition, data)
    return 1000 * (time.process_time() - began) / times


def _alone(scale: float) -> None:
    print("| in memory, events written as text | states | CPU-ms | CPU-us a state | states/s (target 300,000) |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for case in CASES:
        took = _best(case.definition(), case.data, max(1, int(scale * 10_000 / case.states)))
        each = 1000 * took / case.states
        print(f"| {case.title} | {case.states:,} | {took:.3f} | {each:.2f} | {1e6 / each:,.0f} |", flush=True)


def _growing() -> None:
    print("\n| states of one execution | CPU-us a state |\n| ---: | ---: |")
    for count in GROWING:
        # A standard execution ends at 25,000 lines of history, which 12,500 states have.
        definition = compile_machine(loop(count // 2 - 1), "growing", express=True)
        took = _best(definition, {"n": 0}, max(1, 20_000 // count))
        print(f"| {count:,} | {1000 * took / count:.2f} |", flush=True)


class _Ends:
    """A listener that knows when an execution has ended."""

    def __init__(self) -> None:
        self._ended: dict[Key, threading.Event] = {}

    def told(self, key: Key, machine: str, events: Sequence[Event]) -> None:
        """Notice an end."""
        del machine
        if type(events[-1]) is e.ExecutionSucceeded:
            self.of(key).set()

    def of(self, key: Key) -> threading.Event:
        """Give what is set when an execution has ended."""
        return self._ended.setdefault(key, threading.Event())


@contextmanager
def _opened(kind: str, folder: Path) -> Iterator[tuple[Any, int | None]]:
    """Give a store, and the process of its server if it has one."""
    if kind == "memory":
        yield MemoryStore(), None
        return
    with empty_database(kind, folder) as url:
        migrate(create_engine(url))
        store = SqlStore(url)
        yield store, database_process(url)
        store.close()


def _durable(kind: str, store: Any, server: int | None, scale: float) -> None:  # noqa: ANN401 - any store
    ends = _Ends()
    engine = Engine(store, listeners=[ends])
    for case in CASES:
        engine.register(case.definition())
    servers = [] if server is None else [server]
    with engine:
        for case in CASES:
            times = max(1, int(scale * 40_000 / (case.states + 100)))
            _repeat(engine, ends, case, max(1, times // 10))
            before, began = (own_cpu_ms(), cpu_ms(servers)), time.perf_counter()
            _repeat(engine, ends, case, times)
            wall = 1000 * (time.perf_counter() - began) / times
            after = (own_cpu_ms(), cpu_ms(servers))
            ours, theirs = ((late - early) / times for early, late in zip(before, after, strict=True))
            print(f"| {case.title} | {kind} | {wall:.2f} | {_cost(case, ours, theirs)} |", flush=True)


def _cost(case: Case, ours: float, theirs: float) -> str:
    total = ours + theirs
    verdict = "met" if (ours if case.own else total) <= case.most else "NOT MET"
    target = f"{case.most:g}{' without the server' if case.own else ''}"
    return f"{total:.2f} | {theirs:.2f} | {total / case.states:.4f} | {target} | {verdict}"


def _repeat(engine: Engine, ends: _Ends, case: Case, times: int) -> None:
    for _ in range(times):
        ends.of(engine.start(case.title, case.data)).wait()


def _beside(python: str, scale: float) -> None:
    asked = [
        {
            "title": case.title,
            "document": case.document,
            "input": case.data,
            "times": max(1, int(scale * 2_000 / case.states)),
        }
        for case in CASES
    ]
    done = subprocess.run([python, "-I", PEERS], input=json.dumps(asked), capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"\nno peers: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
        return
    told = json.loads(done.stdout)
    print(f"\n| {told['name']}, in memory | ms | CPU-ms | CPU-ms a state |\n| --- | ---: | ---: | ---: |")
    for case in CASES:
        wall, used = told["took"][case.title]
        shown = "fails | |" if wall is None else f"{wall:.2f} | {used:.2f} | {used / case.states:.4f}"
        print(f"| {case.title} | {shown} |", flush=True)


if __name__ == "__main__":
    main()
