"""What is in the database before anything is measured."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import orjson
from sqlalchemy import create_engine, insert, select, text

from app.domain.shared.search import Searched, words_of
from app.infrastructure.database.tables.catalogue import products
from app.infrastructure.database.tables.search import search_words
from benchmarks.operations import PAGE, Book
from benchmarks.wire import Account, Wire

PARTIES: Final = 100
LOT: Final = "1000000"


def fill(account: Account, catalogue: int) -> Book:
    """Enter customers, a catalogue of which every other product is goods, and plenty of each on the shelf."""
    with Wire(account, "fill") as wire:
        place = wire.tell("/warehouses", {"ref": "MAIN", "name": "Main warehouse"})["id"]
        parties = [
            wire.tell("/third-parties", {"name": f"Customer {n}", "customer": True})["id"] for n in range(PARTIES)
        ]
        goods = []
        for number in range(catalogue):
            product = _product(number)
            made = wire.tell("/products", product)["id"]
            if product["kind"] == "goods":
                move = {"kind": "receive", "product_id": made, "warehouse_id": place, "quantity": LOT}
                wire.tell("/stock-movements", {**move, "unit_cost": "3.10"})
                goods.append(made)
    return Book(parties=tuple(parties), goods=tuple(goods))


def grow(url: str, catalogue: int, wanted: int) -> None:
    """Enlarge the catalogue by SQL, and let the planner know, as the end of a bulk import does."""
    rows = [
        {
            **_product(number),
            "company_id": 1,
            "description": "",
            "archived": False,
            "version": 1,
            "unit_price": Decimal(_product(number)["unit_price"]),
            "cost_price": Decimal(0),
            "vat_rate": Decimal(20),
        }
        for number in range(catalogue, wanted)
    ]
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(insert(products), rows)
        added = select(products.c.id, products.c.ref, products.c.name).where(products.c.ref >= rows[0]["ref"])
        found = [
            {"company_id": 1, "kind": Searched.PRODUCT.value, "object_id": key, "word": word}
            for key, *texts in connection.execute(added)
            for word in words_of(Searched.PRODUCT, texts)
        ]
        connection.execute(insert(search_words), found)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in (products, search_words):
            word = "ANALYZE TABLE" if engine.dialect.name == "mysql" else "ANALYZE"
            connection.execute(text(f"{word} {table.name}"))
    engine.dispose()


def cursor_deep(account: Account, share: float) -> str:
    """Walk ``share`` of the filtered list and give the cursor there."""
    cursors: list[str] = []
    with Wire(account, "walk") as wire:
        path = PAGE.replace("limit=50", "limit=200")
        following = orjson.loads(wire.ask(path))["next"]
        while following:
            cursors.append(following)
            following = orjson.loads(wire.ask(f"{path}&after={following}"))["next"]
    return cursors[int(len(cursors) * share)]


def _product(number: int) -> dict[str, Any]:
    return {
        "ref": f"P-{number:07}",
        "name": f"Product {number}",
        "kind": "goods" if number % 2 == 0 else "service",
        "unit_price": str(10 + number % 90),
        "vat_rate": "20",
    }
