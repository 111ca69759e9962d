"""Warehouses and their locations, stock levels, lots, average costs, and the ledger of movements."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Computed,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Table,
    UniqueConstraint,
    and_,
    case,
    false,
    or_,
    select,
)
from sqlalchemy import text as sql

from app.domain.shared.tracking import Tracking
from app.domain.stock import InventoryState, MovementKind
from app.infrastructure.database.tables.documents import line_key
from app.infrastructure.database.tables.shared import metadata
from app.infrastructure.database.tables.shipping import shipments
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
    # That of the rule, kept here so that a movement finds it with the row it locks anyway.
    Column("minimum", QUANTITY),
    Column("reserved", QUANTITY, nullable=False, server_default="0"),
    # Computed where it is read, but for PostgreSQL, which stores it.
    Column("available", QUANTITY, Computed("quantity - reserved")),
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
    # That of the product, kept where every movement locks: what is tracked cannot change under it.
    Column("tracking", choice(Tracking), nullable=False, server_default=sql("'none'")),
    ForeignKeyConstraint(["company_id", "product_id"], ["products.company_id", "products.id"]),
    sqlite_with_rowid=False,
)

stock_transfers = Table(
    "stock_transfers",
    metadata,
    identity(),
    Column("company_id", KEY, ForeignKey("companies.id"), nullable=False),
    Column("ref", text(60), nullable=False),
    Column("from_warehouse_id", KEY, nullable=False),
    Column("to_warehouse_id", KEY, nullable=False),
    Column("date", DAY, nullable=False),
    Column("reason", text(200), nullable=False),
    Column("value", AMOUNT, nullable=False),
    Column("version", COUNTER, nullable=False),
    ForeignKeyConstraint(["company_id", "from_warehouse_id"], ["warehouses.company_id", "warehouses.id"]),
    ForeignKeyConstraint(["company_id", "to_warehouse_id"], ["warehouses.company_id", "warehouses.id"]),
    UniqueConstraint("company_id", "id"),
    UniqueConstraint("company_id", "ref"),
    Index(None, "company_id", "date", "id"),
)

stock_transfer_lines = Table(
    "stock_transfer_lines",
    metadata,
    *line_key("stock_transfer_id"),
    Column("product_id", KEY, nullable=False),
    Column("quantity", QUANTITY, nullable=False),
    Column("value", AMOUNT, nullable=False),
    ForeignKeyConstraint(["company_id", "stock_transfer_id"], ["stock_transfers.company_id", "stock_transfers.id"]),
    ForeignKeyConstraint(["company_id", "product_id"], ["products.company_id", "products.id"]),
    sqlite_with_rowid=False,
)

locations = Table(
    "locations",
    metadata,
    identity(),
    Column("company_id", KEY, ForeignKey("companies.id"), nullable=False),
    Column("warehouse_id", KEY, nullable=False),
    Column("parent_id", KEY),
    Column("code", text(60), nullable=False),
    Column("name", text(200), nullable=False),
    Column("archived", FLAG, nullable=False),
    Column("version", COUNTER, nullable=False),
    ForeignKeyConstraint(["company_id", "warehouse_id"], ["warehouses.company_id", "warehouses.id"]),
    ForeignKeyConstraint(["company_id", "parent_id"], ["locations.company_id", "locations.id"]),
    UniqueConstraint("company_id", "id"),
    UniqueConstraint("company_id", "warehouse_id", "code"),
)

stock_places = Table(
    "stock_places",
    metadata,
    Column("company_id", KEY, primary_key=True, autoincrement=False),
    Column("warehouse_id", KEY, primary_key=True, autoincrement=False),
    Column("product_id", KEY, primary_key=True, autoincrement=False),
    Column("location_id", KEY, nullable=False),
    ForeignKeyConstraint(["company_id", "warehouse_id"], ["warehouses.company_id", "warehouses.id"]),
    ForeignKeyConstraint(["company_id", "product_id"], ["products.company_id", "products.id"]),
    ForeignKeyConstraint(["company_id", "location_id"], ["locations.company_id", "locations.id"]),
    Index(None, "company_id", "location_id", "product_id"),
    sqlite_with_rowid=False,
)

stock_rules = Table(
    "stock_rules",
    metadata,
    identity(),
    Column("company_id", KEY, ForeignKey("companies.id"), nullable=False),
    Column("warehouse_id", KEY, nullable=False),
    Column("product_id", KEY, nullable=False),
    Column("minimum", QUANTITY, nullable=False),
    Column("desired", QUANTITY, nullable=False),
    Column("version", COUNTER, nullable=False),
    ForeignKeyConstraint(
        ["company_id", "warehouse_id", "product_id"],
        ["stock_levels.company_id", "stock_levels.warehouse_id", "stock_levels.product_id"],
    ),
    UniqueConstraint("company_id", "id"),
    UniqueConstraint("company_id", "warehouse_id", "product_id"),
)

lots = Table(
    "lots",
    metadata,
    identity(),
    Column("company_id", KEY, ForeignKey("companies.id"), nullable=False),
    Column("product_id", KEY, nullable=False),
    Column("code", text(60), nullable=False),
    Column("expires_on", DAY),
    Column("made_on", DAY),
    Column("blocked", FLAG, nullable=False),
    Column("version", COUNTER, nullable=False),
    ForeignKeyConstraint(["company_id", "product_id"], ["products.company_id", "products.id"]),
    UniqueConstraint("company_id", "id"),
    UniqueConstraint("company_id", "product_id", "code"),
    Index(None, "company_id", "expires_on", "id"),
)

# How much of a lot is in a warehouse: only what is there has a row, so what once was costs nothing. Whoever holds the
# level of the product there holds these too.
lot_levels = Table(
    "lot_levels",
    metadata,
    Column("company_id", KEY, primary_key=True, autoincrement=False),
    Column("warehouse_id", KEY, primary_key=True, autoincrement=False),
    Column("product_id", KEY, primary_key=True, autoincrement=False),
    Column("lot_id", KEY, primary_key=True, autoincrement=False),
    Column("quantity", QUANTITY, nullable=False),
    ForeignKeyConstraint(
        ["company_id", "warehouse_id", "product_id"],
        ["stock_levels.company_id", "stock_levels.warehouse_id", "stock_levels.product_id"],
    ),
    ForeignKeyConstraint(["company_id", "lot_id"], ["lots.company_id", "lots.id"]),
    Index(None, "company_id", "lot_id"),
    sqlite_with_rowid=False,
)

inventories = Table(
    "inventories",
    metadata,
    identity(),
    Column("company_id", KEY, ForeignKey("companies.id"), nullable=False),
    Column("ref", text(60)),
    Column("warehouse_id", KEY, nullable=False),
    Column("location_id", KEY),
    Column("date", DAY, nullable=False),
    Column("note", text(200), nullable=False),
    Column("blind", FLAG, nullable=False),
    Column("zero_uncounted", FLAG, nullable=False),
    Column("status", choice(InventoryState), nullable=False),
    Column("value", AMOUNT),
    Column("version", COUNTER, nullable=False),
    ForeignKeyConstraint(["company_id", "warehouse_id"], ["warehouses.company_id", "warehouses.id"]),
    ForeignKeyConstraint(["company_id", "location_id"], ["locations.company_id", "locations.id"]),
    UniqueConstraint("company_id", "id"),
    UniqueConstraint("company_id", "ref"),
    Index(None, "company_id", "date", "id"),
)

# Too many of them, and each too small, to be told as parts of their inventory whenever one is counted.
inventory_lines = Table(
    "inventory_lines",
    metadata,
    *line_key("inventory_id"),
    Column("product_id", KEY, nullable=False),
    Column("lot_id", KEY),
    Column("location_id", KEY),
    Column("expected", QUANTITY),
    Column("booked", QUANTITY),
    Column("counted", QUANTITY),
    Column("counted_by", KEY),
    Column("counted_at", INSTANT),
    Column("variance", QUANTITY),
    Column("value", AMOUNT),
    ForeignKeyConstraint(["company_id", "inventory_id"], ["inventories.company_id", "inventories.id"]),
    ForeignKeyConstraint(["company_id", "product_id"], ["products.company_id", "products.id"]),
    ForeignKeyConstraint(["company_id", "lot_id"], ["lots.company_id", "lots.id"]),
    ForeignKeyConstraint(["company_id", "location_id"], ["locations.company_id", "locations.id"]),
    info={"told": False},
    sqlite_with_rowid=False,
)

inventory_counts = Table(
    "inventory_counts",
    metadata,
    identity(),
    Column("company_id", KEY, nullable=False),
    Column("inventory_id", KEY, nullable=False),
    Column("position", COUNTER, nullable=False),
    Column("quantity", QUANTITY, nullable=False),
    Column("counted_by", KEY, nullable=False),
    Column("counted_at", INSTANT, nullable=False),
    ForeignKeyConstraint(
        ["company_id", "inventory_id", "position"],
        ["inventory_lines.company_id", "inventory_lines.inventory_id", "inventory_lines.position"],
    ),
    Index(None, "company_id", "inventory_id", "id"),
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
    Column("return_id", KEY),
    Column("date", DAY, nullable=False),
    Column("at", INSTANT, nullable=False),
    Column("transfer_id", KEY),
    Column("inventory_id", KEY),
    # One key for warehouse and product together: the level row exists, and is locked, before anything moves.
    ForeignKeyConstraint(
        ["company_id", "warehouse_id", "product_id"],
        ["stock_levels.company_id", "stock_levels.warehouse_id", "stock_levels.product_id"],
    ),
    ForeignKeyConstraint(["company_id", "shipment_id"], ["shipments.company_id", "shipments.id"]),
    ForeignKeyConstraint(["company_id", "return_id"], ["returns.company_id", "returns.id"]),
    ForeignKeyConstraint(["company_id", "transfer_id"], ["stock_transfers.company_id", "stock_transfers.id"]),
    ForeignKeyConstraint(["company_id", "inventory_id"], ["inventories.company_id", "inventories.id"]),
    UniqueConstraint("company_id", "id"),
    Index(None, "company_id", "product_id", "id"),
    Index(None, "company_id", "date", "id"),
    # Few movements have a document, and those that have none need no place in these.
    *(
        Index(
            None,
            "company_id",
            name,
            "id",
            postgresql_where=sql(f"{name} IS NOT NULL"),
            sqlite_where=sql(f"{name} IS NOT NULL"),
        )
        for name in ("shipment_id", "return_id")
    ),
    # Holds all that the value of stock on a day is summed from, in the order it is summed in.
    Index("ix_stock_movements_sums", "company_id", "product_id", "warehouse_id", "date", "quantity", "value"),
)

movement_lots = Table(
    "movement_lots",
    metadata,
    Column("company_id", KEY, primary_key=True, autoincrement=False),
    Column("movement_id", KEY, primary_key=True, autoincrement=False),
    Column("lot_id", KEY, primary_key=True, autoincrement=False),
    Column("quantity", QUANTITY, nullable=False),
    ForeignKeyConstraint(["company_id", "movement_id"], ["stock_movements.company_id", "stock_movements.id"]),
    ForeignKeyConstraint(["company_id", "lot_id"], ["lots.company_id", "lots.id"]),
    Index(None, "company_id", "lot_id", "movement_id"),
    sqlite_with_rowid=False,
)

# What lists read beside whole tables.
lots_here = (
    select(
        lot_levels.c.company_id,
        lot_levels.c.warehouse_id,
        lot_levels.c.product_id,
        lot_levels.c.lot_id,
        lots.c.code,
        lots.c.expires_on,
        lots.c.blocked,
        lot_levels.c.quantity,
    )
    .join_from(lot_levels, lots, and_(lots.c.company_id == lot_levels.c.company_id, lots.c.id == lot_levels.c.lot_id))
    .subquery("lots_here")
)
lot_trace = (
    select(
        movement_lots.c.company_id,
        movement_lots.c.movement_id,
        movement_lots.c.lot_id,
        lots.c.code,
        movement_lots.c.quantity,
        *(
            stock_movements.c[name]
            for name in (
                "kind",
                "product_id",
                "warehouse_id",
                "date",
                "at",
                "reason",
                "shipment_id",
                "transfer_id",
                "inventory_id",
            )
        ),
        shipments.c.order_id,
        shipments.c.party_id,
    )
    .join_from(
        movement_lots,
        stock_movements,
        and_(
            stock_movements.c.company_id == movement_lots.c.company_id,
            stock_movements.c.id == movement_lots.c.movement_id,
        ),
    )
    .join(lots, and_(lots.c.company_id == movement_lots.c.company_id, lots.c.id == movement_lots.c.lot_id))
    .outerjoin(
        shipments,
        and_(shipments.c.company_id == stock_movements.c.company_id, shipments.c.id == stock_movements.c.shipment_id),
    )
    .subquery("lot_trace")
)
# Whoever counts blind is not told what ought to be there, nor may guess it by filters, before the inventory is over.
_OPEN_TO_ALL = or_(inventories.c.blind == false(), inventories.c.status == InventoryState.POSTED)
count_sheets = (
    select(
        *(
            case((_OPEN_TO_ALL, column), else_=None).label(column.name)
            if column.name in {"expected", "booked"}
            else column
            for column in inventory_lines.c
        )
    )
    .join_from(
        inventory_lines,
        inventories,
        and_(
            inventories.c.company_id == inventory_lines.c.company_id,
            inventories.c.id == inventory_lines.c.inventory_id,
        ),
    )
    .subquery("count_sheets")
)
