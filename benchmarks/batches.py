"""Measure what a hundred orders cost in one batch, each on its own in a batch, and by a hundred calls.

``python -m benchmarks.batches [sqlite|postgresql|mariadb ...]``: CPU-ms of server and database per order of five lines,
the cheapest of several rounds, one client.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from benchmarks.machine import cpu_ms, halves
from benchmarks.operations import Book
from benchmarks.service import Service, Tuning, new_database, serving, set_up
from benchmarks.stock import fill
from benchmarks.wire import Wire
from tests.support.servers import Keeper

ROUNDS: Final = 5
ITEMS: Final = 100
CATALOGUE: Final = 200
Way = Callable[[Wire, list[dict[str, Any]]], object]


def by_calls(wire: Wire, bodies: list[dict[str, Any]]) -> None:
    """Send each order by itself."""
    for body in bodies:
        wire.tell("/orders", body)


def atomic(wire: Wire, bodies: list[dict[str, Any]]) -> None:
    """Send all in one transaction."""
    wire.tell("/orders:batch", {"items": bodies})


def each(wire: Wire, bodies: list[dict[str, Any]]) -> None:
    """Send all in one request, each a transaction."""
    wire.tell("/orders:batch", {"mode": "each", "items": bodies})


WAYS: Final[dict[str, Way]] = {"100 calls": by_calls, "batch, each": each, "batch, atomic": atomic}


def main() -> None:
    """Print a line for each database named on the command line (default: all three)."""
    print(f"{'database':12}" + "".join(f"{name:>16}" for name in WAYS) + "   CPU-ms per order of 5 lines")
    ours, _ = halves()
    with Keeper(), tempfile.TemporaryDirectory(prefix="tramita-bench-") as name:
        for kind in sys.argv[1:] or ["sqlite", "postgresql", "mariadb"]:
            folder = Path(name, kind)
            folder.mkdir()
            with new_database(kind, folder) as url:
                set_up(url, folder)
                with serving(url, folder, ours, Tuning()) as service:
                    book = fill(service.account, CATALOGUE)
                    costs = [_cheapest(service, book, way) for way in WAYS.values()]
            print(f"{kind:12}" + "".join(f"{cost:16.2f}" for cost in costs), flush=True)


def _cheapest(service: Service, book: Book, way: Way) -> float:
    with Wire(service.account, way.__name__) as wire:
        costs = []
        for turn in range(ROUNDS + 1):
            first = turn * ITEMS
            bodies = [{"party_id": book.party(n), "lines": book.lines(n)} for n in range(first, first + ITEMS)]
            before = cpu_ms(service.roots)
            way(wire, bodies)
            costs.append((cpu_ms(service.roots) - before) / ITEMS)
    return min(costs[1:])  # the first warms up


if __name__ == "__main__":
    main()
