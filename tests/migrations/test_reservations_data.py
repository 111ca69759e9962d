"""Orders and stock that were there before reservations come through the migration whole, up and down."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import Connection, text

from app.infrastructure.database.migrate import Migrations, plain_engine
from tests.migrations.test_identity_data import SETTINGS, put
from tests.support.databases import empty_database, settings_for
from tests.support.revisions import by_age

pytestmark = [by_age("0013"), pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb"])]
BEFORE: Final = "0007"
HERE: Final = "0013"
MONEY: Final = ("total_net", "total_vat", "total_gross", "company_net", "company_vat", "company_gross")


def fill(connection: Connection) -> None:
    """Enter a product with stock that moved, and an open order of it, half shipped."""
    put(connection, "companies", id=1, name="C", country="FR", settings=SETTINGS, settings_version=1, version=1)
    place = {"street": "", "postal_code": "", "city": "", "region": "", "country": "FR"}
    party = {"customer": True, "supplier": False, "customer_code": "C1", "archived": False, "version": 1}
    put(connection, "third_parties", id=1, company_id=1, name="P", **party, **place)
    goods = {"kind": "goods", "description": "", "unit_price": 1, "cost_price": 1, "vat_rate": 0, "archived": False}
    put(connection, "products", id=1, company_id=1, ref="P", name="P", version=1, **goods)
    put(
        connection, "warehouses", id=1, company_id=1, ref="W", name="W", allow_negative=False, archived=False, version=1
    )
    put(connection, "stock_levels", company_id=1, warehouse_id=1, product_id=1, quantity=5)
    moved = {"kind": "receive", "quantity": 5, "level": 5, "unit_cost": 1, "value": 5, "reason": ""}
    day: Any = "2026-11-21"
    at: Any = 1_700_000_000_000_000 if connection.dialect.name == "sqlite" else "2026-11-21 00:00:00"
    put(connection, "stock_movements", company_id=1, warehouse_id=1, product_id=1, date=day, at=at, **moved)
    valued = {"currency": "EUR", "rate": 1, "company_currency": "EUR", "vat_mode": "per_rate", "note": ""}
    order = {"ref": "CO1", "party_id": 1, "date": day, "status": "in_shipment", "version": 3}
    put(connection, "orders", id=1, company_id=1, **order, **valued, **dict.fromkeys(MONEY, 0))
    for position in (1, 2):
        line = {"product_id": 1, "kind": "goods", "description": "x", "quantity": 4, "unit_price": 1, "vat_rate": 0}
        done = {"discount": 0, "net": 4, "company_net": 4, "shipped": 2, "invoiced": 1}
        put(connection, "order_lines", company_id=1, order_id=1, position=position, **line, **done)


def rows(connection: Connection, table: str, columns: str) -> list[tuple[Any, ...]]:
    """Give the rows of a table, numbers as they are stored."""
    return [tuple(row) for row in connection.execute(text(f"SELECT {columns} FROM {table} ORDER BY {columns}"))]


def test_open_orders_hold_no_reservation_and_nothing_is_lost(kind: str, tmp_path: Path) -> None:
    """ERP-03: up, down and up again on data; SQLite keeps its table as compact as it was."""
    lines = "position, quantity, shipped, invoiced, net"
    with empty_database(kind, tmp_path) as url:
        migrations = Migrations(settings_for(url, tmp_path))
        migrations.upgrade(BEFORE)
        engine = plain_engine(url)
        with engine.begin() as connection:
            fill(connection)
            before = rows(connection, "order_lines", lines), rows(connection, "stock_levels", "quantity")
        for _ in range(2):
            migrations.upgrade(HERE)
            with engine.connect() as connection:
                assert (rows(connection, "order_lines", lines), rows(connection, "stock_levels", "quantity")) == before
                told = "warehouse_id, reserved, back_ordered"
                assert rows(connection, "order_lines", told) == [(None, 0, 0)] * 2
                ((reserved, available),) = rows(connection, "stock_levels", "reserved, available")
                assert (reserved, available) == (0, before[1][0][0])
                assert [bool(row[0]) for row in rows(connection, "orders", "billed")] == [False]
                if kind == "sqlite":
                    made = connection.execute(text("SELECT sql FROM sqlite_master WHERE name = 'order_lines'"))
                    assert "WITHOUT ROWID" in made.scalar_one()
            migrations.downgrade(BEFORE)
            with engine.connect() as connection:
                assert (rows(connection, "order_lines", lines), rows(connection, "stock_levels", "quantity")) == before
        engine.dispose()
