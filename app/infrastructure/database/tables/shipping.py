"""Shipments and their lines."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKeyConstraint, Index, Table, UniqueConstraint

from app.domain.shipping import ShipmentState
from app.infrastructure.database.tables.documents import document, line_key
from app.infrastructure.database.tables.shared import metadata
from app.infrastructure.database.types import KEY, QUANTITY, choice

shipments = Table(
    "shipments",
    metadata,
    *document(),
    Column("order_id", KEY, nullable=False),
    Column("warehouse_id", KEY, nullable=False),
    Column("status", choice(ShipmentState), nullable=False),
    ForeignKeyConstraint(["company_id", "party_id"], ["third_parties.company_id", "third_parties.id"]),
    ForeignKeyConstraint(["company_id", "order_id"], ["orders.company_id", "orders.id"]),
    ForeignKeyConstraint(["company_id", "warehouse_id"], ["warehouses.company_id", "warehouses.id"]),
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
    Column("product_id", KEY, nullable=False),
    Column("quantity", QUANTITY, nullable=False),
    ForeignKeyConstraint(["company_id", "shipment_id"], ["shipments.company_id", "shipments.id"], ondelete="CASCADE"),
    ForeignKeyConstraint(["company_id", "product_id"], ["products.company_id", "products.id"]),
    sqlite_with_rowid=False,
)
