"""Stock that was there before lots, transfers and inventories comes through the migration whole, up and down."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import Connection, event, text

from app.infrastructure.database.migrate import Migrations, plain_engine
from tests.migrations.test_identity_data import SETTINGS, put
from tests.support.databases import empty_database, settings_for
from tests.support.revisions import by_age

pytestmark = pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb"])
BEFORE: Final = "0010"
HERE: Final = "0011"
LEDGER: Final = "id, warehouse_id, product_id, kind, quantity, level, unit_cost, value, reason, shipment_id, date"
LEVELS: Final = "warehouse_id, product_id, quantity"
COSTS: Final = "product_id, quantity, value, average"
DAY: Final = "2026-11-21"


def at(connection: Connection) -> Any:
    """Give an instant as the database keeps it."""
    return 1_700_000_000_000_000 if connection.dialect.name == "sqlite" else "2026-11-21 00:00:00"


def move(connection: Connection, key: int, kind: str, quantity: int, level: int, **others: Any) -> None:
    """Enter a movement at a cost of 2."""
    moved = {"kind": kind, "quantity": quantity, "level": level, "unit_cost": 2, "value": 2 * quantity, "reason": "r"}
    row = {"company_id": 1, "warehouse_id": 1, "product_id": 1, "date": DAY, "at": at(connection), **moved, **others}
    put(connection, "stock_movements", id=key, **row)


def fill(connection: Connection) -> None:
    """Enter two warehouses and a product that was received, debited and counted there."""
    put(connection, "companies", id=1, name="C", country="FR", settings=SETTINGS, settings_version=1, version=1)
    goods = {"kind": "goods", "description": "", "unit_price": 1, "cost_price": 1, "vat_rate": 0, "archived": False}
    for key in (1, 2):
        put(connection, "products", id=key, company_id=1, ref=f"P{key}", name="P", version=1, **goods)
        named = {"ref": f"W{key}", "name": "W", "allow_negative": False, "archived": False, "version": 1}
        put(connection, "warehouses", id=key, company_id=1, **named)
        put(connection, "stock_levels", company_id=1, warehouse_id=key, product_id=1, quantity=7 - key)
    put(connection, "stock_costs", company_id=1, product_id=1, quantity=11, value=22, average=2)
    for row in ((3, "receive", 9, 9), (5, "debit", -2, 7), (8, "count", -1, 6)):
        move(connection, *row)
    move(connection, 9, "receive", 5, 5, warehouse_id=2)


def use(connection: Connection) -> None:
    """Do what only the new tables can keep: a transfer, a lot, an inventory, a rule and a place."""
    head = {"company_id": 1, "date": DAY, "version": 1}
    ways = {"ref": "TR1", "from_warehouse_id": 1, "to_warehouse_id": 2, "reason": "", "value": 2}
    put(connection, "stock_transfers", id=1, **ways, **head)
    line = {"stock_transfer_id": 1, "position": 1, "product_id": 1, "quantity": 1, "value": 2}
    put(connection, "stock_transfer_lines", company_id=1, **line)
    session = {"warehouse_id": 1, "note": "", "blind": True, "zero_uncounted": False, "status": "posted"}
    put(connection, "inventories", id=1, **session, **head)
    put(connection, "inventory_lines", company_id=1, inventory_id=1, position=1, product_id=1)
    counted = {"quantity": 5, "counted_by": 1, "counted_at": at(connection)}
    put(connection, "inventory_counts", id=1, company_id=1, inventory_id=1, position=1, **counted)
    put(connection, "lots", id=1, company_id=1, product_id=1, code="L", blocked=False, version=1)
    put(connection, "lot_levels", company_id=1, warehouse_id=1, product_id=1, lot_id=1, quantity=5)
    rule = {"warehouse_id": 1, "product_id": 1, "minimum": 1, "desired": 2, "version": 1}
    put(connection, "stock_rules", id=1, company_id=1, **rule)
    put(connection, "locations", id=1, company_id=1, warehouse_id=1, code="A", name="", archived=False, version=1)
    put(connection, "stock_places", company_id=1, warehouse_id=1, product_id=1, location_id=1)
    move(connection, 20, "transfer", -1, 5, transfer_id=1)
    move(connection, 21, "transfer", 1, 6, transfer_id=1, warehouse_id=2)
    move(connection, 22, "count", -1, 4, inventory_id=1)
    put(connection, "movement_lots", company_id=1, movement_id=20, lot_id=1, quantity=-1)


def rows(connection: Connection, table: str, columns: str) -> list[tuple[Any, ...]]:
    """Give the rows of a table, numbers as they are stored."""
    return [tuple(row) for row in connection.execute(text(f"SELECT {columns} FROM {table} ORDER BY {columns}"))]


def kept(connection: Connection) -> list[list[tuple[Any, ...]]]:
    """Give all that was there before, and is to stay."""
    tables = (("stock_movements", LEDGER), ("stock_levels", LEVELS), ("stock_costs", COSTS), ("products", "id, ref"))
    return [rows(connection, table, columns) for table, columns in tables]


@contextmanager
def migrated(kind: str, folder: Path) -> Iterator[tuple[Migrations, Callable[[], Any]]]:
    """Give a database of the revision before with stock in it, and how to begin a transaction there."""
    with empty_database(kind, folder) as url:
        migrations = Migrations(settings_for(url, folder))
        migrations.upgrade(BEFORE)
        engine = plain_engine(url)
        if kind == "sqlite":
            event.listen(engine, "connect", lambda raw, _record: raw.execute("PRAGMA foreign_keys = ON"))
        with engine.begin() as connection:
            fill(connection)
        yield migrations, engine.begin
        engine.dispose()


@by_age("0011")
def test_stock_is_untracked_without_a_minimum_and_of_no_document_and_nothing_is_lost(kind: str, tmp_path: Path) -> None:
    """ERP-07: up, down, up with the same rows, and on to the present one."""
    with migrated(kind, tmp_path) as (migrations, begin):
        with begin() as connection:
            before = kept(connection)
        migrations.upgrade(HERE)
        with begin() as connection:
            assert kept(connection) == before
            assert rows(connection, "products", "tracking") == [("none",)] * 2
            assert rows(connection, "stock_costs", "tracking") == [("none",)]
            assert rows(connection, "stock_levels", "minimum") == [(None,)] * 2
            assert set(rows(connection, "stock_movements", "transfer_id, inventory_id")) == {(None, None)}
        migrations.downgrade(BEFORE)
        with begin() as connection:
            assert kept(connection) == before
        migrations.upgrade()
        assert migrations.check() == []
        with begin() as connection:
            assert kept(connection) == before


@pytest.mark.full
def test_what_transfers_moved_stays_moved_when_transfers_go(kind: str, tmp_path: Path) -> None:
    """ERP-07: levels are still the sum of the ledger; the movements keep ids, quantities and values."""
    with migrated(kind, tmp_path) as (migrations, begin):
        migrations.upgrade(HERE)
        with begin() as connection:
            use(connection)
            before = rows(connection, "stock_movements", "id, quantity, level, value")
        migrations.downgrade(BEFORE)
        with begin() as connection:
            assert rows(connection, "stock_movements", "id, quantity, level, value") == before
            assert rows(connection, "stock_movements", "id, kind")[-3:] == [
                (20, "debit"),
                (21, "receive"),
                (22, "count"),
            ]
        migrations.upgrade()
        with begin() as connection:
            assert rows(connection, "stock_movements", "id, quantity, level, value") == before
            assert rows(connection, "lots", "id") == rows(connection, "inventories", "id") == []
