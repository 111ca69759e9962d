"""Measure what a commit of the engine's stores costs: steps a second and CPU by size of group, fsync on.

``python -m benchmarks.engine_store [sqlite|postgresql|mariadb ...] [--steps N]``: executions in a closed loop, each ten
steps and a start, a row of history of 1.1 kB and a checkpoint of 0.3 kB a step. Nothing is decided or packed: the texts
are there before. A group counts its steps, not its starts. Client and server have a core each; the servers are the
tests' own. The best of two rounds by CPU. ``--waiting N`` puts that many sleeping executions into the tables before.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from sqlalchemy.engine import make_url

from app.workflow.kernel.status import Status
from app.workflow.runtime.store import Append, Key, NewExecution
from app.workflow.stores.sql.commits import COLUMNS, INSERT, values_of
from app.workflow.stores.sql.schema import migrate
from app.workflow.stores.sql.store import SqlStore
from benchmarks.machine import cpu_ms, describe, halves, pin
from benchmarks.service import database_process
from tests.support.databases import empty_database
from tests.support.servers import Keeper
from tests.support.workflow.stores import plain_engine

GROUPS: Final = (1, 8, 32, 256)
STEPS: Final = 10
TOGETHER: Final = 5_000
HISTORY: Final = json.dumps([1, [["TaskSucceeded", 1_800_000_000_000, n, {"order": "x" * 90}] for n in range(9)]])
CHECKPOINT: Final = json.dumps([1, ["e", "s", {"branches": "y" * 260}]])
NOW: Final = 1_800_000_000_000


class Cost(NamedTuple):
    """What one step took; times in milliseconds."""

    rate: float
    client: float
    server: float
    p50: float
    p99: float


class Run(NamedTuple):
    """One execution on its way."""

    key: Key
    version: int


def main() -> None:
    """Print a line for each database and size of group."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("kinds", nargs="*", default=["sqlite", "postgresql", "mariadb"])
    asked.add_argument("--steps", type=int, default=20_000)
    asked.add_argument("--waiting", type=int, default=0)
    given = asked.parse_args()
    print(f"{describe()}; history {len(HISTORY)} B, checkpoint {len(CHECKPOINT)} B")
    print(
        f"{'database':12}{'group':>6}{'steps/s':>10}{'client':>9}{'server':>9}{'sum':>9} CPU-ms{'p50':>7}{'p99':>7} ms"
    )
    with Keeper(), tempfile.TemporaryDirectory() as folder:
        for kind in given.kinds:
            with empty_database(kind, Path(folder)) as url:
                _measure(kind, url, given.steps, given.waiting)


def _measure(kind: str, url: str, steps: int, waiting: int) -> None:
    migrate(plain_engine(url))
    _put_to_sleep(url, waiting)
    server = database_process(url)
    of_server, of_client = halves()
    pin([server] if server else [], of_server)
    pin([os.getpid()], of_client)
    store = SqlStore(url)
    for group in GROUPS:
        wanted = max(steps // 8, 500) if group == 1 else steps
        rounds = [_round(store, f"{group}.{turn}", group, wanted, server) for turn in range(3)][1:]
        best = min(rounds, key=lambda cost: cost.client + cost.server)
        print(
            f"{kind:12}{group:6}{best.rate:10,.0f}{best.client:9.4f}{best.server:9.4f}{best.client + best.server:9.4f}"
            f"       {best.p50:7.2f}{best.p99:7.2f}",
            flush=True,
        )
    store.close()


def _put_to_sleep(url: str, waiting: int) -> None:
    """Insert executions that wait for a day far away; some thousands in a transaction, as many as a server likes."""
    mark = "?" if make_url(url).get_backend_name() == "sqlite" else "%s"
    due = COLUMNS.split(", ").index("due")
    engine = plain_engine(url)
    for start in range(0, waiting, TOGETHER):
        with engine.begin() as connection:
            rows = [list(values_of(_new(Key("w", f"w{n:012}")))) for n in range(start, min(start + TOGETHER, waiting))]
            for row in rows:
                row[due] = 2 * NOW
            connection.connection.cursor().executemany(INSERT.replace("?", mark), rows)


def _round(store: SqlStore, name: str, group: int, steps: int, server: int | None) -> Cost:
    runs = [Run(Key("b", f"{name}.{number:09}"), 0) for number in range(group)]
    made = group
    times: list[float] = []
    done = 0
    used, served, began = time.process_time(), cpu_ms([server] if server else []), time.perf_counter()
    while done < steps:
        appends = [_append(run) for run in runs]
        asked = time.perf_counter()
        written = store.commit(appends)
        times.append(time.perf_counter() - asked)
        if len(written) != group:
            raise RuntimeError("a commit was lost")
        done += sum(run.version > 0 for run in runs)
        for place, run in enumerate(runs):
            if run.version == STEPS:
                runs[place] = Run(Key("b", f"{name}.{made:09}"), 0)
                made += 1
            else:
                runs[place] = Run(run.key, run.version + 1)
    lasted = time.perf_counter() - began
    client = (time.process_time() - used) * 1000
    serving = cpu_ms([server] if server else []) - served
    return Cost(done / lasted, client / done, serving / done, _rank(times, 50), _rank(times, 99))


def _append(run: Run) -> Append:
    over = run.version == STEPS
    return Append(
        run.key,
        run.version + 1,
        Status.SUCCEEDED if over else Status.RUNNING,
        None if over else 1,
        None,
        CHECKPOINT,
        HISTORY,
        5,
        started=NOW,
        ended=NOW + 1 if over else None,
        new=None if run.version else _new(run.key),
    )


def _new(key: Key) -> NewExecution:
    return NewExecution(key, "bench", 1, '{"n":1}', NOW, "seed")


def _rank(times: Sequence[float], percent: int) -> float:
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] * 1000


if __name__ == "__main__":
    main()
