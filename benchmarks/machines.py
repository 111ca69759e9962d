"""Measure the state-machine library: transitions, bytes of an idle instance, and what keeping one costs.

``python -m benchmarks.machines [memory|sqlite|postgresql|mariadb|redis ...] [--peers PYTHON]``: transitions per second
of CPU time of one machine of five states with a guard and a listener, the best of several rounds; bytes of each of
50,000 instances that wait, after a transition; milliseconds of a transition that is on disk before the next.
``--peers`` names the Python of an environment where automat, transitions or python-statemachine are installed; none of
them is a dependency of ours. The servers are the tests' own.
"""

from __future__ import annotations

import argparse
import gc
import json
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import redis
import sqlalchemy as sa

from app.workflow.builder import Machine
from app.workflow.instances import Compiled, Instance, InstanceStore, Keeper, TransitionFired, hears
from app.workflow.kernel.graph import Definition
from app.workflow.stores.memory_instances import MemoryInstances
from app.workflow.stores.redis_instances import RedisInstances
from app.workflow.stores.sql_instances import SqlInstances, migrate
from tests.support.databases import empty_database
from tests.support.servers import Keeper as Servers
from tests.support.servers import require

ROUNDS: Final = 7
TRANSITIONS: Final = 300_000
IDLE: Final = 50_000
KEPT: Final = 1_000
STATES: Final = "abcde"
STORES: Final = ("memory", "sqlite", "postgresql", "mariadb", "redis")
PEERS: Final = {"automat": "Automat", "transitions": "transitions", "statemachine": "python-statemachine"}

# Each prints transitions per second and bytes as JSON; what they have of guard and listener is in their names.
PEER: Final = """
import gc, importlib.metadata, json, time, tracemalloc
{made}
def rate():
    one = make()
    step = getattr(one, "go")
    began = time.process_time()
    for _ in range({count}):
        step()
    return {count} / (time.process_time() - began)
best = max(rate() for _ in range({rounds}))
gc.collect(); tracemalloc.start(); before = tracemalloc.get_traced_memory()[0]
kept = [make() for _ in range({idle})]
for one in kept:
    one.go()
size = (tracemalloc.get_traced_memory()[0] - before) / {idle}
print(json.dumps([importlib.metadata.version("{package}"), best, size]))
"""
MADE: Final = {
    "automat": """
from automat import MethodicalMachine
class make:
    machine = MethodicalMachine()
    @machine.input()
    def go(self): "move on"
    @machine.state(initial=True)
    def a(self): "first"
    @machine.state()
    def b(self): "second"
    @machine.state()
    def c(self): "third"
    @machine.state()
    def d(self): "fourth"
    @machine.state()
    def e(self): "fifth"
    a.upon(go, enter=b, outputs=[]); b.upon(go, enter=c, outputs=[]); c.upon(go, enter=d, outputs=[])
    d.upon(go, enter=e, outputs=[]); e.upon(go, enter=a, outputs=[])
""",
    "transitions": """
from transitions import Machine
ways = [{"trigger": "go", "source": a, "dest": b, "conditions": "may"} for a, b in zip("abcde", "bcdea")]
class Model:
    def may(self): return True
    def heard(self): pass
def make():
    model = Model()
    Machine(model, states=list("abcde"), transitions=ways, initial="a", after_state_change="heard")
    return model
""",
    "statemachine": """
from statemachine import State, StateMachine
class make(StateMachine):
    a = State(initial=True); b = State(); c = State(); d = State(); e = State()
    go = (a.to(b, cond="may") | b.to(c, cond="may") | c.to(d, cond="may") | d.to(e, cond="may") | e.to(a, cond="may"))
    def may(self): return True
    def after_transition(self): pass
""",
}


def main() -> None:
    """Print three tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.machines", description=__doc__)
    parser.add_argument("stores", nargs="*", metavar="store", default=STORES)
    parser.add_argument("--peers", default=sys.executable, help="the Python of an environment with the peers")
    given = parser.parse_args()
    print("| five states, guard, listener | transitions/s | bytes idle |\n| --- | ---: | ---: |")
    _row("listener of transitions (target 3,000,000, 250)", _rate([hears(_heard, TransitionFired)]), _bytes())
    _row("listener of all three facts", _rate([_heard]), None)
    _row("no listener", _rate([]), None)
    for module, package in PEERS.items():
        _peer(module, package, given.peers)
    print("\n| one kept transition, the next after it | mean ms | p99 ms |\n| --- | ---: | ---: |")
    with Servers(), tempfile.TemporaryDirectory() as folder:
        for kind in given.stores:
            with _store(kind, Path(folder)) as store:
                mean, late = _kept(store)
            print(f"| {kind} (target 5) | {mean:.2f} | {late:.2f} |")


def _row(name: str, rate: float, size: float | None) -> None:
    print(f"| {name} | {rate:,.0f} | {'' if size is None else f'{size:,.0f}'} |")


def may(model: Any) -> bool:  # noqa: ANN401 - a guard's model
    """Let everything through that there is."""
    return model is not None


def _heard(instance: Instance, fact: object) -> None:
    pass


def ring() -> Definition:
    """Give a machine that goes round."""
    machine = Machine("ring")
    for state, following in zip(STATES, STATES[1:] + STATES[0], strict=True):
        machine.state(state).transition(state, following, on="go", guard=may)
    return machine.build()


def _rate(listeners: list[Any]) -> float:
    compiled = Compiled(ring(), listeners=listeners)
    return max(_round(Instance(compiled, ()).next) for _ in range(ROUNDS))


def _round(step: Callable[[str], object]) -> float:
    began = time.process_time()
    for _ in range(TRANSITIONS):
        step("go")
    return TRANSITIONS / (time.process_time() - began)


def _bytes() -> float:
    compiled = Compiled(ring())
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    kept = [Instance(compiled, ()) for _ in range(IDLE)]
    for one in kept:
        one.next("go")
    size = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    return size / len(kept)


def _peer(module: str, package: str, python: str) -> None:
    program = PEER
    for name, value in {
        "made": MADE[module],
        "count": TRANSITIONS // 30,
        "rounds": ROUNDS,
        "idle": IDLE // 10,
        "package": package,
    }.items():
        program = program.replace(f"{{{name}}}", str(value))
    done = subprocess.run([python, "-I", "-c", program], capture_output=True, text=True, check=False)
    if done.returncode == 0:
        version, rate, size = json.loads(done.stdout)
        _row(f"{package} {version}{' (neither guard nor listener)' if module == 'automat' else ''}", rate, size)
    elif f"No module named '{module}'" in done.stderr:
        print(f"| {package} | not installed | |")
    else:
        print(f"| {package} | failed: {done.stderr.strip().splitlines()[-1]} | |")


@contextmanager
def _store(kind: str, folder: Path) -> Iterator[InstanceStore]:
    if kind == "memory":
        yield MemoryInstances()
    elif kind == "redis":
        with redis.Redis.from_url(require("redis")) as client:
            yield RedisInstances(client)
    else:
        with empty_database(kind, folder) as url:
            engine = sa.create_engine(url)
            if kind == "sqlite":
                sa.event.listen(engine, "connect", _synced)
            migrate(engine)
            yield SqlInstances(engine)
            engine.dispose()


def _synced(connection: Any, _record: object) -> None:  # noqa: ANN401 - a driver's connection has no type
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")


def _kept(store: InstanceStore) -> tuple[float, float]:
    one = Keeper(Compiled(ring()), store).begin("1", {})
    took = []
    for _ in range(KEPT):
        began = time.perf_counter()
        one.next("go")
        took.append((time.perf_counter() - began) * 1000)
    took.sort()
    return sum(took) / len(took), took[len(took) * 99 // 100]


if __name__ == "__main__":
    main()
