"""Measure what a job costs that does nothing, and what asking for it adds to a transaction.

``python -m benchmarks.jobs [sqlite|postgresql|mariadb ...] [--jobs N]``: jobs per second and CPU-ms per job, of this
process and of the database's, while one pool drains a full queue with five at once; then the CPU-ms that one job, and
one of a hundred, add to a transaction that enters a third party. The cheapest of several rounds; the servers are the
tests' own.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Final

from app.domain.jobs import NewJob
from app.domain.parties import Party
from app.infrastructure.clock import OffsetClock
from app.infrastructure.database.engine import Database
from app.infrastructure.database.migrate import Migrations
from app.infrastructure.database.work import SqlWorks
from app.infrastructure.logging import set_up_logging
from app.usecases.context import Context
from app.worker.kinds import Attempt, JobKind
from benchmarks.machine import cpu_ms, own_cpu_ms
from benchmarks.service import database_process
from tests.support.databases import company_context, empty_database, settings_for
from tests.support.jobs import pool_at_work
from tests.support.servers import Keeper

ROUNDS: Final = 3
MANY: Final = 100
KINDS: Final = ("sqlite", "postgresql", "mariadb")


def main() -> None:
    """Print a line for each database named on the command line (default: all three)."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.jobs", description=__doc__)
    parser.add_argument("databases", nargs="*", metavar="database", default=KINDS)
    parser.add_argument("--jobs", type=int, default=1000, help="jobs of one round, and transactions of one")
    given = parser.parse_args()
    set_up_logging("INFO")  # as it is served: a line for each job, on standard error
    heads = ("jobs/s", "CPU-ms", "of it DB", "+1 job", "+1 of 100")
    print(f"{'database':12}" + "".join(f"{head:>11}" for head in heads))
    with Keeper(), tempfile.TemporaryDirectory() as folder:
        for kind in given.databases:
            with empty_database(kind, Path(folder)) as url:
                _measure(kind, url, Path(folder), given.jobs)


def _measure(kind: str, url: str, folder: Path, jobs: int) -> None:
    settings = settings_for(url, folder)
    Migrations(settings).upgrade()
    database = Database.of(settings)
    clock = OffsetClock(database.now)
    works = SqlWorks(database, clock)
    context = company_context(works)
    server = database_process(url)
    drained = min((_drained(database, clock, works, context, server, jobs) for _ in range(ROUNDS)), key=sum)
    wall, own, others = drained
    bare, one, many = (
        min(_entered(works, context, server, jobs // 4, asked) for _ in range(ROUNDS)) for asked in (0, 1, MANY)
    )
    figures = (jobs / wall, (own + others) / jobs, others / jobs, one - bare, (many - bare) / MANY)
    print(f"{kind:12}{figures[0]:11.0f}" + "".join(f"{figure:11.2f}" for figure in figures[1:]))


def _used(server: int | None) -> tuple[float, float]:
    """Give the CPU-ms of this process and of the database's."""
    return own_cpu_ms(), 0.0 if server is None else cpu_ms([server])


def _drained(
    database: Database, clock: OffsetClock, works: SqlWorks, context: Context, server: int | None, jobs: int
) -> tuple[float, float, float]:
    """Drain a full queue; give seconds, and CPU-ms of this process and of the database's."""
    kind = JobKind(name="nothing", run=_nothing, at_once=5)
    with works.writing(context) as work:
        for _ in range(jobs):
            work.jobs.add(NewJob(kind=kind.name))
        work.commit()
    own, others = _used(server)
    began = time.perf_counter()
    with pool_at_work(database, clock, [kind], at_once=5, buffer=50) as running:
        running.ends.wait_for(jobs, "done")
        wall = time.perf_counter() - began
        own_after, others_after = _used(server)
    return wall, own_after - own, others_after - others


def _nothing(_attempt: Attempt) -> None:
    """Do nothing, well."""


def _entered(works: SqlWorks, context: Context, server: int | None, times: int, jobs: int) -> float:
    """Enter third parties with so many jobs each; give the CPU-ms of one transaction."""
    before = sum(_used(server))
    for _ in range(times):
        with works.writing(context) as work:
            work.parties.add(Party(name="C", customer=True))
            for at in range(jobs):
                work.jobs.add(NewJob(kind="later", payload={"at": at}))
            work.commit()
    return (sum(_used(server)) - before) / times


if __name__ == "__main__":
    main()
