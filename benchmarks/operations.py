"""The operations, as a client of the API does them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.wire import Wire

LINES: Final = 5
PAGE: Final = "/products?kind=goods&unit_price_gte=10&sort=ref&limit=50"
# Steps that share no factor with the sizes they walk over, so that clients meet everything in turn.
STRIDE: Final = 7919


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """What the operations are done with: ids of customers and of goods on the shelf, and a place deep in the list."""

    parties: Sequence[int]
    goods: Sequence[int]
    cursor: str = ""

    def party(self, turn: int) -> int:
        """Give the customer of one turn."""
        return self.parties[turn * STRIDE % len(self.parties)]

    def lines(self, turn: int) -> list[dict[str, Any]]:
        """Give the lines of a document of one turn, each of another product."""
        return [
            {"product_id": self.goods[(turn * STRIDE + at) % len(self.goods)], "quantity": str(at + 1)}
            for at in range(LINES)
        ]


def read(wire: Wire, book: Book, turn: int) -> None:
    """Read one third party."""
    wire.ask(f"/third-parties/{book.party(turn)}")


def page(wire: Wire, _book: Book, _turn: int) -> None:
    """Read the first page of a filtered list."""
    wire.ask(PAGE)


def deep_page(wire: Wire, book: Book, _turn: int) -> None:
    """Read a page far down the same list."""
    wire.ask(f"{PAGE}&after={book.cursor}")


def search(wire: Wire, _book: Book, turn: int) -> None:
    """Read the first page of what two words find, other ones each time."""
    wire.ask(f"/products?q=prod+{100 + turn * STRIDE % 900}&sort=ref&limit=50")


def export(wire: Wire, _book: Book, _turn: int) -> None:
    """Take the whole list as lines of JSON."""
    wire.ask("/products:export?format=ndjson")


def export_csv(wire: Wire, _book: Book, _turn: int) -> None:
    """Take the whole list as CSV."""
    wire.ask("/products:export?format=csv")


def export_xlsx(wire: Wire, _book: Book, _turn: int) -> None:
    """Take the whole list as a workbook."""
    wire.ask("/products:export?format=xlsx")


def create(wire: Wire, _book: Book, turn: int) -> None:
    """Enter a customer, who gets a code."""
    address = {"street": "12 rue des Lilas", "postal_code": "69003", "city": "Lyon", "country": "FR"}
    wire.tell("/third-parties", {"name": f"Customer {turn}", "customer": True, "address": address})


def order(wire: Wire, book: Book, turn: int) -> int:
    """Enter an order of five lines and validate it; give its id."""
    made: int = wire.tell("/orders", {"party_id": book.party(turn), "lines": book.lines(turn)})["id"]
    wire.tell(f"/orders/{made}/validate")
    return made


def invoice(wire: Wire, book: Book, turn: int) -> None:
    """Enter an invoice of five lines, validate it, pay it."""
    made = wire.tell("/invoices", {"party_id": book.party(turn), "lines": book.lines(turn)})["id"]
    _collect(wire, made)


def debit(wire: Wire, book: Book, _turn: int) -> None:
    """Take one piece of the same product as everybody else."""
    wire.tell("/stock-movements", {"kind": "debit", "product_id": book.goods[0], "quantity": "1"})


def order_to_cash(wire: Wire, book: Book, turn: int) -> None:
    """Sell five lines: order, validate, ship, validate, invoice, validate, pay."""
    ordered = order(wire, book, turn)
    shipped = wire.tell(f"/orders/{ordered}/shipments", {})["id"]
    wire.tell(f"/shipments/{shipped}/validate")
    _collect(wire, wire.tell(f"/orders/{ordered}/invoices", {})["id"])


def _collect(wire: Wire, made: int) -> None:
    wire.tell(f"/invoices/{made}/validate")
    wire.tell(f"/invoices/{made}/payments", {})


OPERATIONS: Final[Mapping[str, Callable[[Wire, Book, int], object]]] = {
    "read": read,
    "list": page,
    "list-large": page,
    "list-deep": deep_page,
    "search": search,
    "search-large": search,
    "export": export,
    "export-csv": export_csv,
    "export-xlsx": export_xlsx,
    "create": create,
    "order": order,
    "invoice": invoice,
    "debit": debit,
    "cash": order_to_cash,
}
