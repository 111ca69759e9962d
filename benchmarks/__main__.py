"""Measure what operations cost, or which number of threads and which loop serve them best.

Server and database run on one core, clients on another. A figure is the CPU time of both per operation, the cheapest
of several runs. Afterwards the books are audited; exit 1 when anything failed or is wrong.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from benchmarks.audit import audit
from benchmarks.crew import Measure, measure
from benchmarks.machine import describe, halves
from benchmarks.operations import Book
from benchmarks.service import Service, Tuning, new_database, serving, set_up
from benchmarks.soak import soak
from benchmarks.stock import cursor_deep, fill, grow
from benchmarks.table import best, table
from benchmarks.targets import LARGE, TARGETS
from tests.support.servers import Keeper

THREADS: Final = (1, 2, 4, 8, 16)
LOOPS: Final = (("uvloop", "httptools"), ("asyncio", "httptools"), ("asyncio", "h11"))
DEEP: Final = 0.95
DATABASES: Final = ("postgresql", "mariadb", "sqlite")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to measure: which operations, with how many clients, how often, on a catalogue of which size."""

    database: str
    operations: tuple[str, ...]
    clients: tuple[int, ...]
    repeats: int
    scale: float
    catalogue: int
    large: int

    def rounds(self, operation: str) -> int:
        """Give how often an operation is done in one run."""
        return max(1, int(TARGETS[operation].rounds * self.scale))


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--database", choices=DATABASES, help="postgresql by default; each for --soak")
    parser.add_argument("--operations", nargs="+", choices=TARGETS, default=list(TARGETS))
    parser.add_argument("--clients", nargs="+", type=int, default=[1, 8])
    parser.add_argument("--repeats", type=int, default=3, help="the cheapest run counts")
    parser.add_argument("--scale", type=float, default=1.0, help="rounds per run, as a share of the usual number")
    parser.add_argument("--sweep", action="store_true", help="order to cash by threads and by loop instead")
    parser.add_argument("--soak", type=float, metavar="SECONDS", help="anything at random on each database instead")
    parser.add_argument("--quick", action="store_true", help="a few rounds of each on a small catalogue")
    given = parser.parse_args()
    plan = Plan(
        database=given.database or "postgresql",
        operations=tuple(given.operations),
        clients=(1, 2) if given.quick else tuple(given.clients),
        repeats=1 if given.quick else given.repeats,
        scale=0.01 if given.quick else given.scale,
        catalogue=40 if given.quick else 1_000,
        large=1_000 if given.quick else 100_000,
    )
    if given.soak:
        with Keeper():
            databases = (given.database,) if given.database else DATABASES
            wrong, idle = soak(databases, max(given.clients), given.soak)
        for each in idle:
            print(f"NOT DONE: {each}")
        return max(_tell(wrong), bool(idle))
    with Keeper(), tempfile.TemporaryDirectory(prefix="tramita-bench-") as name:
        if given.quick:
            print("A quick run shows that everything works; its figures mean nothing.")
        wrong = sweep(plan, Path(name)) if given.sweep else compare(plan, Path(name))
    return _tell(wrong)


def _tell(wrong: list[str]) -> int:
    """Say what is wrong and give the exit code."""
    for each in wrong:
        print(f"WRONG: {each}")
    print("the books are wrong" if wrong else "the books are sound: nothing failed, nothing was lost or doubled")
    return 1 if wrong else 0


@contextmanager
def prepared(plan: Plan, folder: Path) -> Iterator[str]:
    """Give the URL of a database with schema and company."""
    with new_database(plan.database, folder) as url:
        set_up(url, folder)
        yield url


def compare(plan: Plan, folder: Path) -> list[str]:
    """Print the table of operations; give what the audit found."""
    print(f"{describe()}; {plan.database}, fsync on\n", flush=True)
    ours, theirs = halves()
    measures: list[Measure] = []
    with prepared(plan, folder) as url:
        with serving(url, folder, ours, Tuning()) as service:
            book = fill(service.account, plan.catalogue)
            small = [name for name in plan.operations if name not in LARGE]
            for operation in small:
                measures += runs(plan, service, book, operation, theirs)
            if len(small) < len(plan.operations):
                grow(url, plan.catalogue, plan.large)
                book = replace(book, cursor=cursor_deep(service.account, DEEP))
            for operation in plan.operations:
                if operation in LARGE:
                    measures += runs(plan, service, book, operation, theirs)
        wrong = audit(url, measures)
    print(f"\n{table(measures)}\n")
    return wrong


def runs(plan: Plan, service: Service, book: Book, operation: str, cores: set[int]) -> list[Measure]:
    """Measure one operation with each number of clients, and say so."""
    measures = []
    for clients in plan.clients:
        for _ in range(plan.repeats):
            one = measure(service, book, operation, clients, plan.rounds(operation), cores)
            measures.append(one)
            print(
                f"{operation}, {clients} clients: {one.cpu_ms:.2f} CPU-ms, {one.served_ms:.2f} of them outside the"
                f" database, {len(one.failures)} failed",
                flush=True,
            )
    return measures


def sweep(plan: Plan, folder: Path) -> list[str]:
    """Print what order to cash costs by number of threads and by loop; give what the audits found."""
    print(f"{describe()}; {plan.database}, fsync on; order to cash, {plan.clients[-1]} clients\n", flush=True)
    tunings = [Tuning(threads=threads) for threads in THREADS]
    tunings += [Tuning(loop=loop, http=http) for loop, http in LOOPS]
    ours, theirs = halves()
    wrong: list[str] = []
    for tuning in tunings:
        with prepared(plan, folder) as url:
            with serving(url, folder, ours, tuning) as service:
                book = fill(service.account, plan.catalogue // 10)
                many = replace(plan, clients=plan.clients[-1:])
                measures = runs(many, service, book, "cash", theirs)
            wrong += audit(url, measures)
        found = best(measures)["cash", plan.clients[-1]]
        threads = tuning.threads or "default"
        print(
            f"| {threads} | {tuning.loop} | {tuning.http} | {found.cpu_ms:.2f} | {found.per_second:.0f} |"
            f" {found.wait_ms:.0f} |",
            flush=True,
        )
    return wrong


if __name__ == "__main__":
    sys.exit(main())
