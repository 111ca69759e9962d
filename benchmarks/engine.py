"""Measure what a durable step costs, and how soon interrupted executions go on: fsync on, the servers the tests' own.

``python -m benchmarks.engine [sqlite|postgresql|mariadb ...] [--steps N] [--only WORD]``. Executions of ten no-op steps
in a closed loop; each step's result is on disk before the next starts. Client and server have a core each. CPU is that
of this process and of the server's. A transition is from the start of a handler to the start of the next one, its p50,
p99 and mean; a checkpoint is one commit of the store, the mean of all (of a transactional step without its COMMIT). The
first line says what of the client's time is the engine's own, with no store (``python -m benchmarks.engine_core``).

"fan-out" is one execution of 1,000 items at a time, a step each. "6,000 steps" is one execution whose history grows to
30,000 events: what a step costs near its beginning and at its end. The last lines kill a process in the middle of 1,000
executions, start another and wait for its first commit and for the end of all.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from queue import SimpleQueue
from statistics import fmean
from typing import Final

from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy import Engine as Database

from app.workflow.builder import Machine, branch
from app.workflow.kernel.events import Event
from app.workflow.kernel.graph import Definition, Flow
from app.workflow.kernel.states import Decision, Task
from app.workflow.runtime.engine import Engine
from app.workflow.runtime.steps import Step
from app.workflow.runtime.store import Append, Key, Query
from app.workflow.steps import NEVER, task
from app.workflow.stores.sql.schema import migrate
from app.workflow.stores.sql.server import write_lock
from app.workflow.stores.sql.store import SqlStore
from benchmarks import ROOT, engine_core
from benchmarks.engine_line import LINE, STEPS
from benchmarks.machine import cpu_ms, describe, halves, own_cpu_ms, pin
from benchmarks.service import database_process
from tests.support.databases import empty_database
from tests.support.servers import Keeper
from tests.support.workflow.stores import plain_engine

PEERS: Final = Path(__file__).with_name("engine_peers.py")
KINDS: Final = ("sqlite", "postgresql", "mariadb")
INTERRUPTED: Final = 1_000
UNFINISHED: Final = "SELECT count(*) FROM workflow_executions WHERE ended IS NULL"
LATEST: Final = "SELECT sum(version) FROM workflow_executions"
ITEMS: Final = 1_000
LONG: Final = 6_000
"""Steps of a history of 30,000 events."""
STRETCH: Final = 1_000
"""Steps whose cost is compared, near the beginning of a long history and at its end."""

FAN: Final = (
    Machine("fan")
    .map("each", branch("one", task("work", retry=NEVER)), items=lambda _data: list(range(ITEMS)))
    .begin("each")
    .transition("each", None)
    .build()
)
LOOP: Final = Definition(
    "loop",
    Flow(
        "step",
        {
            "step": Task("step", {"success": "more"}, "work"),
            "more": Decision("more", {"yes": "step", "no": None}, [("yes", lambda data: data["n"] < LONG)], "no"),
        },
    ),
)


class TimedStore(SqlStore):
    """A store that remembers how long each commit took."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.times: list[float] = []

    def commit(self, appends: Sequence[Append], connection: object = None) -> set[Key]:
        """Commit, and take the time."""
        began = time.perf_counter()
        try:
            return super().commit(appends, connection)
        finally:
            self.times.append(time.perf_counter() - began)


class Course:
    """A closed loop: a listener that lets the next execution start when one has ended, and the times of steps."""

    def __init__(self, at_once: int, machine: str = "line") -> None:
        self.at_once = at_once
        self.machine = machine
        self.times: list[float] = []
        self._last: dict[str, float] = {}
        self._ended: dict[Key, SimpleQueue[None]] = {}

    def told(self, key: Key, machine: str, events: Sequence[Event]) -> None:
        """Notice an end."""
        del machine
        if type(events[-1]).__name__ == "ExecutionSucceeded":
            self._last.pop(key.id, None)
            self._ended.setdefault(key, SimpleQueue()).put(None)

    def stepped(self, step: Step) -> None:
        """Take the time since the step before."""
        now = time.perf_counter()
        before = self._last.get(step.key.id)
        if before is not None:
            self.times.append(now - before)
        self._last[step.key.id] = now

    def run(self, engine: Engine, executions: int, data: object) -> float:
        """Start so many, ``at_once`` at a time; give the seconds until all have ended."""
        began = time.perf_counter()
        threads = [
            threading.Thread(target=self._feed, args=(engine, executions // self.at_once, data))
            for _ in range(self.at_once)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return time.perf_counter() - began

    def _feed(self, engine: Engine, executions: int, data: object) -> None:
        for _ in range(executions):
            key = engine.start(self.machine, data)
            self._ended.setdefault(key, SimpleQueue()).get()
            del self._ended[key]


def main() -> None:
    """Print a line for each measure of each database."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.engine", description=__doc__)
    parser.add_argument("databases", nargs="*", metavar="database", default=KINDS)
    parser.add_argument("--steps", type=int, default=20_000, help="steps of one measure, about")
    parser.add_argument("--only", default="", help="measures whose name has this word")
    parser.add_argument("--peers", metavar="PYTHON", help="the Python of an environment with dbos")
    given = parser.parse_args()
    print(f"{describe()}; fsync on")
    print(engine_core.told(given.steps // STEPS))
    print(f"{'':44}{'':9}{'CPU-ms a step':>24}{'transition, ms':>31}{'checkpoint':>12}")
    print(
        f"{'database':12}{'':32}{'steps/s':>9}{'client':>8}{'server':>8}{'sum':>8}{'p50':>15}{'p99':>8}{'mean':>8}"
        f"{'mean, ms':>12}"
    )
    with Keeper(), tempfile.TemporaryDirectory() as folder:
        for kind in given.databases:
            for name, measure in MEASURES.items():
                if given.only in name:
                    with empty_database(kind, Path(folder)) as url:
                        migrate(create_engine(url))
                        measure(f"{kind:12}{name:32}", url, given.steps)
            if given.peers and kind != "mariadb":
                for at_once in (1, 32):
                    with empty_database(kind, Path(folder)) as url:
                        _peer(kind, given.peers, url, at_once, given.steps // 10)


def _course(
    title: str,
    url: str,
    steps: int,
    at_once: int,
    handle: Callable[[Engine, Course], None],
    data: object,
    *,
    machine: Definition = LINE,
    each: int = STEPS,
) -> None:
    """Measure executions of ``each`` steps and print what one of these took."""
    server = _apart(url)
    course, store = Course(at_once, machine.name), TimedStore(url)
    business = plain_engine(url)
    if "transaction" in title:
        with business.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE effects (step VARCHAR(200) PRIMARY KEY, what VARCHAR(200))")
    engine = Engine(store, transactions=_pooled(url), listeners=[course])
    engine.register(machine)
    handle(engine, course)
    with engine:
        course.run(engine, at_once * max(1, steps // (5 * each) // at_once), data)
        course.times.clear()
        store.times.clear()
        client, others = own_cpu_ms(), cpu_ms(server)
        executions = at_once * max(1, steps // each // at_once)
        wall = course.run(engine, executions, data)
        client, others = own_cpu_ms() - client, cpu_ms(server) - others
    count = executions * each
    print(
        f"{title}{count / wall:9.0f}{client / count:8.3f}{others / count:8.3f}{(client + others) / count:8.3f}"
        f"{_transitions(course.times) if machine is LINE else '':31}{1000 * fmean(store.times):12.2f}",
        flush=True,
    )
    store.close()


def _peer(kind: str, python: str, url: str, at_once: int, steps: int) -> None:
    """Let DBOS do the same workflows in a process of its own, on the client's core."""
    server = _apart(url)
    plain = make_url(url).set(drivername=kind).render_as_string(hide_password=False)
    executions = at_once * max(1, steps // STEPS // at_once)
    asked = {"url": plain, "steps": STEPS, "at_once": at_once, "executions": executions}
    with subprocess.Popen([python, "-I", PEERS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as peer:
        assert peer.stdin is not None  # noqa: S101 - it is a pipe
        assert peer.stdout is not None  # noqa: S101 - likewise
        peer.stdin.write(json.dumps(asked) + "\n")
        peer.stdin.flush()
        if peer.stdout.readline() != "ready\n":
            print(f"{kind:12}no peers: dbos does not run there", file=sys.stderr)
            return
        others = cpu_ms(server)
        peer.stdin.write("go\n")
        peer.stdin.flush()
        told = json.loads(peer.stdout.readline())
        others = cpu_ms(server) - others
    count, client = executions * STEPS, 1000 * told["cpu"]
    print(
        f"{kind:12}{told['name'] + f', {at_once} at once':32}{count / told['wall']:9.0f}{client / count:8.3f}"
        f"{others / count:8.3f}{(client + others) / count:8.3f}{_transitions(told['times'])}",
        flush=True,
    )


def _transitions(times: list[float]) -> str:
    times.sort()
    p50, p99 = (1000 * times[int(len(times) * share)] for share in (0.5, 0.99))
    return f"{p50:15.2f}{p99:8.2f}{1000 * fmean(times):8.2f}"


def _apart(url: str) -> list[int]:
    """Give client and server a core each; give the server's process, if it is one."""
    server = database_process(url)
    of_server, of_client = halves()
    pin([server] if server else [], of_server)
    pin([os.getpid()], of_client)
    return [server] if server else []


def _long(title: str, url: str, steps: int) -> None:
    """Measure a step near the beginning of a long history and at its end; print both."""
    del steps
    server = _apart(url)
    store = TimedStore(url)
    course, at = Course(1, "loop"), {}
    engine = Engine(store, listeners=[course])
    engine.register(LOOP)

    @engine.task("work", inline=True)
    def work(data: dict[str, int]) -> dict[str, int]:
        if data["n"] in {STRETCH, 2 * STRETCH, LONG - STRETCH, LONG - 1}:
            at[data["n"]] = (time.perf_counter(), cpu_ms([os.getpid(), *server]))
        return {"n": data["n"] + 1}

    with engine:
        course.run(engine, 1, {"n": 0})
    (row,) = store.find(Query("", limit=1))
    events = sum(1 for _ in engine.history(row.key, limit=100 * LONG))
    shown = []
    for first, last in ((STRETCH, 2 * STRETCH), (LONG - STRETCH, LONG - 1)):
        wall, cpu = ((end - begin) / (last - first) for begin, end in zip(at[first], at[last], strict=True))
        shown.append(f"from step {first:,}: {1000 * wall:.2f} ms, {cpu:.3f} CPU-ms")
    print(f"{title} {'; '.join(shown)}; {events:,} events", flush=True)
    store.close()


def _pooled(url: str) -> Callable[[], AbstractContextManager[Connection]]:
    sqlite = url.startswith("sqlite")
    business = plain_engine(url, pool_size=8)
    turn = write_lock(Path(str(make_url(url).database))) if sqlite else nullcontext()

    @contextmanager
    def transaction() -> Iterator[Connection]:
        with turn, business.begin() as connection:
            yield connection

    return transaction


def _inline(engine: Engine, course: Course) -> None:
    @engine.task("work", inline=True)
    def work(data: object, step: Step) -> object:
        course.stepped(step)
        return data


def _threads(engine: Engine, course: Course) -> None:
    @engine.task("work")
    def work(data: object, step: Step) -> object:
        course.stepped(step)
        return data


def _random_length(engine: Engine, course: Course) -> None:
    @engine.task("work")
    async def work(data: object, step: Step) -> object:
        # Between 1 and 10 ms, by the step's id: the same in each run.
        await asyncio.sleep((1 + hash(step.id) % 10_000 / 1_111) / 1000)
        course.stepped(step)
        return data


def _note(connection: Connection, step: Step) -> None:
    """Write a line by the driver's own cursor, as business does that wants to be quick."""
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    connection.connection.cursor().execute(f"INSERT INTO effects VALUES ({mark}, 'done')", (step.id,))  # noqa: S608


def _transactional(engine: Engine, course: Course) -> None:
    @engine.task("work", transactional=True)
    def work(data: object, step: Step, connection: Connection) -> object:
        course.stepped(step)
        _note(connection, step)
        return data


def _shared(engine: Engine, course: Course) -> None:
    @engine.task("work", transactional=True, batch=True)
    def work(data: object, step: Step, connection: Connection) -> object:
        course.stepped(step)
        _note(connection, step)
        return data


def _interrupted(title: str, url: str, steps: int) -> None:
    """Kill a process in the middle of many executions, start another; wait for its first commit and the last end."""
    pin([os.getpid()], set(range(os.cpu_count() or 1)))
    del steps
    looking = plain_engine(url)
    client = Engine(SqlStore(url))
    client.register(LINE)
    for _ in range(INTERRUPTED):
        client.start("line", 0)
    first = _launch(url)
    while _count(looking, "SELECT count(*) FROM workflow_history") < 2 * INTERRUPTED:
        time.sleep(0.005)
    first.send_signal(signal.SIGKILL)
    first.wait()
    left = _count(looking, UNFINISHED)
    done = _count(looking, LATEST)
    began = time.perf_counter()
    second = _launch(url)
    while _count(looking, LATEST) == done:
        time.sleep(0.002)
    soonest = time.perf_counter() - began
    while _count(looking, UNFINISHED):
        time.sleep(0.01)
    last = time.perf_counter() - began
    second.stdin.close()  # type: ignore[union-attr]
    second.wait()
    client.store.close()
    print(f"{title} first step after {soonest:.2f} s, all {left} that were left after {last:.2f} s", flush=True)


def _launch(url: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "scripts")))}
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks.engine_line", url],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        env=environment,
    )


def _count(database: Database, statement: str) -> int:
    with database.connect() as connection:
        return int(connection.execute(text(statement)).scalar_one())


Measure = Callable[[str, str, int], None]
MEASURES: Final[dict[str, Measure]] = {
    "one at a time, inline": lambda title, url, steps: _course(title, url, steps // 8, 1, _inline, {"n": 1}),
    "32 at once, inline": lambda title, url, steps: _course(title, url, steps, 32, _inline, {"n": 1}),
    "32 at once, 8 threads": lambda title, url, steps: _course(title, url, steps, 32, _threads, {"n": 1}),
    "32 at once, 1-10 ms, async": lambda title, url, steps: _course(title, url, steps, 32, _random_length, {"n": 1}),
    "32 at once, transactional": lambda title, url, steps: _course(title, url, steps // 4, 32, _transactional, 1),
    "32 at once, shared transaction": lambda title, url, steps: _course(title, url, steps, 32, _shared, 1),
    "fan-out of 1,000, inline": lambda title, url, steps: _course(
        title, url, steps, 1, _inline, 1, machine=FAN, each=ITEMS
    ),
    "fan-out of 1,000, 8 threads": lambda title, url, steps: _course(
        title, url, steps, 1, _threads, 1, machine=FAN, each=ITEMS
    ),
    "6,000 steps, inline": _long,
    "8 at once, 100 kB": lambda title, url, steps: _course(title, url, steps // 8, 8, _inline, {"x": "y" * 100_000}),
    "1,000 interrupted": _interrupted,
}


if __name__ == "__main__":
    main()
