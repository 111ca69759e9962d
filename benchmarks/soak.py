"""Clients that do anything at random with the whole sale, all on the same few documents, and what came of it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from benchmarks import ROOT
from benchmarks.audit import unsound
from benchmarks.service import Service, Tuning, new_database, serving, set_up, verified
from benchmarks.walker import ACTIONS, Walk
from benchmarks.wire import Account, Wire

GOODS: Final = 6
PARTIES: Final = 4
SHELF: Final = "60"


@dataclass(frozen=True, slots=True, kw_only=True)
class Aftermath:
    """What became of one database: answers counted, and what is wrong with the books."""

    database: str
    done: Counter[str]
    refused: Counter[str]
    failed: Sequence[str]
    wrong: Sequence[str]


def soak(databases: Iterable[str], clients: int, seconds: float) -> tuple[list[str], list[str]]:
    """Print a table of what ``clients`` did to each database in so long.

    Give what is wrong, and which actions nobody came to do: a longer run shows more.
    """
    found = []
    for database in databases:
        with tempfile.TemporaryDirectory(prefix="tramita-soak-") as folder:
            found.append(_one(database, Path(folder), clients, seconds))
    print(f"{clients} clients, {seconds:g} s on each database, fsync on\n")
    print("| database | done | refused by a rule | failed (5xx) | books |\n| --- | ---: | ---: | ---: | --- |")
    for one in found:
        books = "; ".join(one.wrong) or "sound"
        print(f"| {one.database} | {one.done.total()} | {one.refused.total()} | {len(one.failed)} | {books} |")
    names = [name for name in ACTIONS if any(one.done[name] for one in found)]
    print(f"\n| done | {' | '.join(one.database for one in found)} |\n| --- |{' ---: |' * len(found)}")
    for name in names:
        print(f"| {name} | {' | '.join(str(one.done[name]) for one in found)} |")
    idle = [f"{one.database}: {name}" for one in found for name in ACTIONS if not one.done[name]]
    return [f"{one.database}: {wrong}" for one in found for wrong in (*one.failed, *one.wrong)], idle


def _one(database: str, folder: Path, clients: int, seconds: float) -> Aftermath:
    with new_database(database, folder) as url:
        set_up(url, folder)
        with serving(url, folder, set(), Tuning()) as service:
            outcomes = _crew(service, clients, seconds)
        wrong = [*unsound(url), *verified(url, folder)]
    return Aftermath(
        database=database,
        done=sum((Counter(one["done"]) for one in outcomes), Counter()),
        refused=sum((Counter(one["refused"]) for one in outcomes), Counter()),
        failed=[failure for one in outcomes for failure in one["failed"]],
        wrong=wrong,
    )


def _crew(service: Service, clients: int, seconds: float) -> list[dict[str, Any]]:
    parties, goods, places = _shelves(service.account)
    with ExitStack() as stack:
        crew = []
        for seed in range(clients):
            walk = Walk(
                account=service.account, seed=seed, seconds=seconds, parties=parties, goods=goods, places=places
            )
            client = subprocess.Popen(
                [sys.executable, "-m", "benchmarks.walker"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
            stack.enter_context(client)
            assert client.stdin is not None  # noqa: S101 - it was asked for
            client.stdin.write(orjson.dumps(walk) + b"\n")
            client.stdin.flush()
            crew.append(client)
        return [orjson.loads(client.communicate()[0]) for client in crew]


def _shelves(account: Account) -> tuple[list[int], list[int], list[int]]:
    """Enter two warehouses, a few customers, and goods of which there is never quite enough."""
    with Wire(account, "shelves") as wire:
        places = [wire.tell("/warehouses", {"ref": f"W{n}", "name": f"Warehouse {n}"})["id"] for n in range(2)]
        parties = [
            wire.tell("/third-parties", {"name": f"Customer {n}", "customer": True})["id"] for n in range(PARTIES)
        ]
        goods = []
        for number in range(GOODS):
            body = {"ref": f"G{number}", "name": f"Good {number}", "unit_price": "9.99", "vat_rate": "20"}
            goods.append(wire.tell("/products", body)["id"])
            move = {"kind": "receive", "product_id": goods[-1], "warehouse_id": places[0], "quantity": SHELF}
            wire.tell("/stock-movements", {**move, "unit_cost": "3.10"})
    return parties, goods, places
