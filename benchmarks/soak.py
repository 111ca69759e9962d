"""Clients that do anything at random with the whole sale, all on the same few documents, and what came of it.

``python -m benchmarks.soak`` is one client: it reads its task in JSON on standard input and tells on standard output
how often each action was done, refused (a 4xx is a rule kept) or failed (a 5xx never is).
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson

from benchmarks import ROOT
from benchmarks.audit import unsound
from benchmarks.service import Service, Tuning, new_database, serving, set_up, verified
from benchmarks.wire import Account, Refused, Wire

GOODS: Final = 6
PARTIES: Final = 4
SHELF: Final = "60"
_FAILED: Final = 500
# A page is enough to choose from, and short enough that clients meet on the same document.
_CHOICE: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """What one client is told: where, for how many seconds, and the seed of its choices."""

    account: Account
    seed: int
    seconds: float
    parties: Sequence[int]
    goods: Sequence[int]
    places: Sequence[int]

    @classmethod
    def read(cls, line: str) -> Walk:
        """Give the walk that was written as one line of JSON."""
        told: dict[str, Any] = orjson.loads(line)
        return cls(account=Account(**told.pop("account")), **told)


@dataclass(slots=True)
class Walker:
    """One client: chooses an action and a document for it, again and again."""

    wire: Wire
    walk: Walk
    chance: random.Random
    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)

    def run(self) -> None:
        """Act until the time is over."""
        names, weights = list(ACTIONS), [weight for weight, _ in ACTIONS.values()]
        until = time.monotonic() + self.walk.seconds
        while time.monotonic() < until:
            (name,) = self.chance.choices(names, weights)
            try:
                ACTIONS[name][1](self)
            except Refused as refused:
                if refused.status >= _FAILED:
                    self.failed.append(f"{name}: {refused}")
                else:
                    self.refused[f"{name} {refused.status}"] += 1
            except OSError as error:
                self.failed.append(f"{name}: {error!r}")
            else:
                self.done[name] += 1

    def one(self, path: str) -> int | None:
        """Give the id of a row of a list, any of the first page."""
        joint = "&" if "?" in path else "?"
        found = orjson.loads(self.wire.ask(f"{path}{joint}limit={_CHOICE}"))["items"]
        return int(self.chance.choice(found)["id"]) if found else None

    def act(self, path: str, action: str, body: Mapping[str, Any] | None = None) -> None:
        """Do something with a document of a list, if there is one."""
        found = self.one(path)
        if found is not None:
            self.wire.tell(f"{path.partition('?')[0]}/{found}/{action}", body)

    def lines(self) -> list[dict[str, Any]]:
        """Give lines of one to four products, the same one twice now and then."""
        return [
            {"product_id": self.chance.choice(self.walk.goods), "quantity": str(self.chance.randint(1, 4))}
            for _ in range(self.chance.randint(1, 4))
        ]

    def move(self) -> None:
        """Receive, debit or count."""
        kind = self.chance.choice(("receive", "receive", "debit", "count"))
        body = {
            "kind": kind,
            "product_id": self.chance.choice(self.walk.goods),
            "warehouse_id": self.chance.choice(self.walk.places),
            "quantity": str(self.chance.randint(1, 30)),
        }
        self.wire.tell("/stock-movements", {**body, "unit_cost": "3.33"} if kind == "receive" else body)

    def order(self) -> None:
        """Enter an order, in dollars now and then."""
        body: dict[str, Any] = {"party_id": self.chance.choice(self.walk.parties), "lines": self.lines()}
        if self.chance.random() < 0.2:
            body |= {"currency": "USD", "rate": "0.91"}
        self.wire.tell("/orders", body)

    def invoice(self) -> None:
        """Enter an invoice without an order."""
        body = {"party_id": self.chance.choice(self.walk.parties), "lines": self.lines()}
        self.wire.tell("/invoices", body)

    def pay(self) -> None:
        """Pay an invoice, in part or in full, more than is due now and then."""
        body = self.chance.choice(({}, {"amount": "1"}, {"amount": "20"}))
        self.act("/invoices?status=validated", "payments", body)

    def report(self) -> None:
        """Read sums while others change them."""
        self.wire.ask(self.chance.choice(("/reports/sales?by=month", "/reports/receivables", "/reports/vat")))


def _on(path: str, action: str, body: Mapping[str, Any] | None = None) -> Callable[[Walker], None]:
    return lambda walker: walker.act(path, action, body)


ACTIONS: Final[Mapping[str, tuple[int, Callable[[Walker], None]]]] = {
    "move stock": (6, Walker.move),
    "enter order": (8, Walker.order),
    "validate order": (8, _on("/orders?status=draft", "validate")),
    "cancel order": (1, _on("/orders", "cancel")),
    "close order": (1, _on("/orders", "close")),
    "enter shipment": (6, _on("/orders?status_ne=draft", "shipments", {})),
    "validate shipment": (7, _on("/shipments?status=draft", "validate")),
    "close shipment": (3, _on("/shipments?status=validated", "close")),
    "invoice order": (6, _on("/orders?status_ne=draft", "invoices", {})),
    "enter invoice": (2, Walker.invoice),
    "validate invoice": (8, _on("/invoices?status=draft", "validate")),
    "pay invoice": (8, Walker.pay),
    "abandon invoice": (1, _on("/invoices?status=validated", "abandon", {"reason": "abandon"})),
    "report": (1, Walker.report),
}


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
                [sys.executable, "-m", "benchmarks.soak"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
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


def main() -> None:
    """Be one client."""
    walk = Walk.read(sys.stdin.readline())
    with Wire(walk.account, f"soak-{walk.seed}") as wire:
        walker = Walker(wire, walk, random.Random(walk.seed))  # noqa: S311 - a walk that can be repeated
        walker.run()
    sys.stdout.buffer.write(orjson.dumps({"done": walker.done, "refused": walker.refused, "failed": walker.failed}))


if __name__ == "__main__":
    main()
