"""Carriers, shipments with lines and parcels, returns."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, ForeignKeyConstraint, Index, Table, UniqueConstraint

from app.domain.shipping import ReturnState, ShipmentState
from app.infrastructure.database.tables.documents import document, line_key
from app.infrastructure.database.tables.shared import metadata
from app.infrastructure.database.types import (
    AMOUNT,
    COUNTER,
    DAY,
    FLAG,
    JSON_TEXT,
    KEY,
    PRICE,
    QUANTITY,
    choice,
    identity,
    text,
)

carriers = Table(
    "carriers",
    metadata,
    identity(),
    Column("company_id", KEY, ForeignKey("companies.id"), nullable=False),
    Column("name", text(100), nullable=False),
    Column("tracking_url", text(500), nullable=False),
    Column("archived", FLAG, nullable=False),
    Column("version", COUNTER, nullable=False),
    UniqueConstraint("company_id", "id"),
    UniqueConstraint("company_id", "name"),
)

shipments = Table(
    "shipments",
    metadata,
    *document(),
    Column("order_id", KEY, nullable=False),
    Column("warehouse_id", KEY, nullable=False),
    Column("status", choice(ShipmentState), nullable=False),
    Column("delivery_address", JSON_TEXT),
    Column("delivered_on", DAY),
    Column("carrier_id", KEY),
    Column("method", text(60), nullable=False),
    # How many there are: most shipments have none, and are read without asking for them.
    Column("parcels", COUNTER, nullable=False),
    ForeignKeyConstraint(["company_id", "party_id"], ["third_parties.company_id", "third_parties.id"]),
    ForeignKeyConstraint(["company_id", "order_id"], ["orders.company_id", "orders.id"]),
    ForeignKeyConstraint(["company_id", "warehouse_id"], ["warehouses.company_id", "warehouses.id"]),
    ForeignKeyConstraint(["company_id", "carrier_id"], ["carriers.company_id", "carriers.id"]),
    UniqueConstraint("company_id", "id"),
    UniqueConstraint("company_id", "ref"),
    Index(None, "company_id", "date", "id"),
    Index(None, "company_id", "order_id", "id"),
    Index(None, "company_id", "party_id", "id"),
)

shipment_lines = Table(
    "shipment_lines",
    metadata,
    *line_key("shipment_id"),
    Column("order_position", COUNTER, nullable=False),
    Column("product_id", KEY, nullable=False),
    Column("warehouse_id", KEY, nullable=False),
    Column("quantity", QUANTITY, nullable=False),
    Column("returned", QUANTITY, nullable=False),
    ForeignKeyConstraint(["company_id", "shipment_id"], ["shipments.company_id", "shipments.id"], ondelete="CASCADE"),
    ForeignKeyConstraint(["company_id", "product_id"], ["products.company_id", "products.id"]),
    ForeignKeyConstraint(["company_id", "warehouse_id"], ["warehouses.company_id", "warehouses.id"]),
    sqlite_with_rowid=False,
)

shipment_parcels = Table(
    "shipment_parcels",
    metadata,
    *line_key("shipment_id"),
    *(Column(name, QUANTITY) for name in ("weight", "length", "width", "height")),
    Column("tracking_number", text(100)),
    Column("tracking_url", text(900)),
    Column("contents", JSON_TEXT, nullable=False),
    ForeignKeyConstraint(["company_id", "shipment_id"], ["shipments.company_id", "shipments.id"], ondelete="CASCADE"),
    sqlite_with_rowid=False,
)

returns = Table(
    "returns",
    metadata,
    identity(),
    Column("company_id", KEY, ForeignKey("companies.id"), nullable=False),
    Column("ref", text(60)),
    Column("party_id", KEY, nullable=False),
    Column("shipment_id", KEY),
    Column("order_id", KEY),
    Column("credit_note_id", KEY),
    Column("date", DAY, nullable=False),
    Column("reason", text(200), nullable=False),
    Column("status", choice(ReturnState), nullable=False),
    Column("version", COUNTER, nullable=False),
    ForeignKeyConstraint(["company_id", "party_id"], ["third_parties.company_id", "third_parties.id"]),
    ForeignKeyConstraint(["company_id", "shipment_id"], ["shipments.company_id", "shipments.id"]),
    ForeignKeyConstraint(["company_id", "order_id"], ["orders.company_id", "orders.id"]),
    ForeignKeyConstraint(["company_id", "credit_note_id"], ["invoices.company_id", "invoices.id"]),
    UniqueConstraint("company_id", "id"),
    UniqueConstraint("company_id", "ref"),
    Index(None, "company_id", "date", "id"),
    Index(None, "company_id", "party_id", "id"),
    Index(None, "company_id", "shipment_id", "id"),
    Index(None, "company_id", "order_id", "id"),
    Index(None, "company_id", "credit_note_id", "id"),
)

return_lines = Table(
    "return_lines",
    metadata,
    *line_key("return_id"),
    Column("shipment_position", COUNTER),
    Column("product_id", KEY, nullable=False),
    Column("warehouse_id", KEY),
    Column("quantity", QUANTITY, nullable=False),
    Column("unit_cost", PRICE),
    Column("value", AMOUNT, nullable=False),
    ForeignKeyConstraint(["company_id", "return_id"], ["returns.company_id", "returns.id"], ondelete="CASCADE"),
    ForeignKeyConstraint(["company_id", "product_id"], ["products.company_id", "products.id"]),
    ForeignKeyConstraint(["company_id", "warehouse_id"], ["warehouses.company_id", "warehouses.id"]),
    sqlite_with_rowid=False,
)
