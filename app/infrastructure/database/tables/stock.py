"""Warehouses, stock levels, average costs, and the ledger of movements."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, ForeignKeyConstraint, Index, Table, UniqueConstraint

from app.domain.stock import MovementKind
from app.infrastructure.database.tables.shared import metadata
from app.infrastructure.database.types import (
    AMOUNT,
    COUNTER,
    CUSTOM,
    DAY,
    FLAG,
    INSTANT,
    KEY,
    PRICE,
    QUANTITY,
    choice,
    identity,
    text,
)

warehouses = Table(
    "warehouses",
    metadata,
    identity(),
    Column("company_id", KEY, ForeignKey("companies.id"), nullable=False),
    Column("ref", text(60), nullable=False),
    Column("name", text(200), nullable=False),
    Column("allow_negative", FLAG, nullable=False),
    Column("archived", FLAG, nullable=False),
    Column("version", COUNTER, nullable=False),
    Column("custom", CUSTOM),
    UniqueConstraint("company_id", "id"),
    UniqueConstraint("company_id", "ref"),
    Index(None, "company_id", "name", "id"),
)

# The primary key is the order in which rows are locked, and the clustered key on MariaDB and SQLite: a lock on it
# touches no second index. There is none, or PostgreSQL would now and then lock over that; the levels of one product are
# found by a scan of the company's keys.
stock_levels = Table(
    "stock_levels",
    metadata,
    Column("company_id", KEY, primary_key=True, autoincrement=False),
    Column("warehouse_id", KEY, primary_key=True, autoincrement=False),
    Column("product_id", KEY, primary_key=True, autoincrement=False),
    Column("quantity", QUANTITY, nullable=False),
    ForeignKeyConstraint(["company_id", "warehouse_id"], ["warehouses.company_id", "warehouses.id"]),
    ForeignKeyConstraint(["company_id", "product_id"], ["products.company_id", "products.id"]),
    sqlite_with_rowid=False,
)

stock_costs = Table(
    "stock_costs",
    metadata,
    Column("company_id", KEY, primary_key=True, autoincrement=False),
    Column("product_id", KEY, primary_key=True, autoincrement=False),
    Column("quantity", QUANTITY, nullable=False),
    Column("value", AMOUNT, nullable=False),
    Column("average", PRICE, nullable=False),
    ForeignKeyConstraint(["company_id", "product_id"], ["products.company_id", "products.id"]),
    sqlite_with_rowid=False,
)

stock_movements = Table(
    "stock_movements",
    metadata,
    identity(),
    Column("company_id", KEY, nullable=False),
    Column("warehouse_id", KEY, nullable=False),
    Column("product_id", KEY, nullable=False),
    Column("kind", choice(MovementKind), nullable=False),
    Column("quantity", QUANTITY, nullable=False),
    Column("level", QUANTITY, nullable=False),
    Column("unit_cost", PRICE, nullable=False),
    Column("value", AMOUNT, nullable=False),
    Column("reason", text(200), nullable=False),
    Column("shipment_id", KEY),
    Column("date", DAY, nullable=False),
    Column("at", INSTANT, nullable=False),
    # One key for warehouse and product together: the level row exists, and is locked, before anything moves.
    ForeignKeyConstraint(
        ["company_id", "warehouse_id", "product_id"],
        ["stock_levels.company_id", "stock_levels.warehouse_id", "stock_levels.product_id"],
    ),
    ForeignKeyConstraint(["company_id", "shipment_id"], ["shipments.company_id", "shipments.id"]),
    Index(None, "company_id", "id"),
    Index(None, "company_id", "product_id", "id"),
    Index(None, "company_id", "date", "id"),
)
