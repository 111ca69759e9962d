"""One client that does anything at random with the whole sale, always on the same few documents.

``python -m benchmarks.walker`` reads its task in JSON on standard input and tells on standard output how often each
action was done, refused (a 4xx is a rule kept) or failed (a 5xx never is).
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from benchmarks.wire import Account, Refused, Wire

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

    def propose(self) -> None:
        """Enter a proposal whose last line is an option."""
        lines = self.lines()
        lines[-1]["optional"] = len(lines) > 1
        body = {"party_id": self.chance.choice(self.walk.parties), "valid_until": "2099-12-31", "lines": lines}
        self.wire.tell("/proposals", body)

    def amend(self) -> None:
        """Change what a validated order asks for, whatever of it has left."""
        found = self.one("/orders?status=validated")
        if found is not None:
            order = orjson.loads(self.wire.ask(f"/orders/{found}"))
            self.wire.tell(f"/orders/{found}/amend", {"lines": self.lines(), "reason": "soak"}, order["version"])

    def credit(self) -> None:
        """Take back a whole invoice, or a little of it."""
        body = self.chance.choice(({}, {"amounts": [{"vat_rate": "20", "net": "0.77"}]}))
        self.act("/invoices?kind=standard&status_ne=draft", "credit-notes", body)

    def deduct(self) -> None:
        """Take a paid deposit off an invoice still open to changes."""
        deposit = self.one("/invoices?kind=deposit&status=paid")
        if deposit is not None:
            self.act("/invoices?kind=standard&status=draft", "deductions", {"deposit_id": deposit})

    def offset(self) -> None:
        """Settle an invoice with a credit note, without money."""
        note, invoice = (self.one(f"/invoices?kind={kind}&status=validated") for kind in ("credit_note", "standard"))
        if note is not None and invoice is not None:
            parts = [{"invoice_id": invoice, "amount": "1"}, {"invoice_id": note, "amount": "-1"}]
            self.wire.tell("/payments", {"method": "offset", "allocations": parts})

    def transfer(self) -> None:
        """Carry goods from one warehouse to the other."""
        here, there = self.chance.sample(list(self.walk.places), 2)
        line = {"product_id": self.chance.choice(self.walk.goods), "quantity": str(self.chance.randint(1, 9))}
        self.wire.tell("/stock-transfers", {"from_warehouse_id": here, "to_warehouse_id": there, "lines": [line]})

    def inventory(self) -> None:
        """Count one product in one warehouse, while others move it."""
        product = self.chance.choice(self.walk.goods)
        body = {"warehouse_id": self.chance.choice(self.walk.places), "product_ids": [product]}
        sheet = self.wire.tell("/inventories", body)["id"]
        self.wire.tell(f"/inventories/{sheet}/open")
        counted = {"product_id": product, "quantity": str(self.chance.randint(0, 40))}
        self.wire.tell(f"/inventories/{sheet}/counts", {"lines": [counted]})
        self.wire.tell(f"/inventories/{sheet}/post")

    def report(self) -> None:
        """Read sums while others change them."""
        self.wire.ask(self.chance.choice(REPORTS))


REPORTS: Final = ("/reports/sales?by=month", "/reports/receivables", "/reports/vat", "/reports/stock-value")


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
    "enter proposal": (2, Walker.propose),
    "validate proposal": (2, _on("/proposals?status=draft", "validate")),
    "sign proposal": (2, _on("/proposals?status=validated", "sign", {})),
    "refuse proposal": (1, _on("/proposals?status=validated", "refuse", {"reason": "soak"})),
    "order proposal": (2, _on("/proposals?status=signed", "orders", {})),
    "amend order": (3, Walker.amend),
    "cancel shipment": (1, _on("/shipments?status=validated", "cancel")),
    "enter return": (2, _on("/shipments?status_ne=draft", "returns", {"reason": "soak"})),
    "validate return": (2, _on("/returns?status=draft", "validate")),
    "cancel return": (1, _on("/returns?status=validated", "cancel")),
    "enter deposit": (2, _on("/orders?status=validated", "deposits", {"percent": "10"})),
    "deduct deposit": (2, Walker.deduct),
    "enter credit note": (3, Walker.credit),
    "offset": (2, Walker.offset),
    "transfer stock": (2, Walker.transfer),
    "count stock": (2, Walker.inventory),
    "report": (1, Walker.report),
}


def main() -> None:
    """Be one client."""
    walk = Walk.read(sys.stdin.readline())
    with Wire(walk.account, f"soak-{walk.seed}") as wire:
        walker = Walker(wire, walk, random.Random(walk.seed))  # noqa: S311 - a walk that can be repeated
        walker.run()
    sys.stdout.buffer.write(orjson.dumps({"done": walker.done, "refused": walker.refused, "failed": walker.failed}))


if __name__ == "__main__":
    main()
