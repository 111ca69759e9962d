"""Orders and their lines."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKeyConstraint, Index, Table, UniqueConstraint

from app.domain.sales import OrderState
from app.infrastructure.database.tables.documents import document, line_key, priced_line, valued
from app.infrastructure.database.tables.shared import metadata
from app.infrastructure.database.types import DAY, QUANTITY, choice, text

orders = Table(
    "orders",
    metadata,
    *document(),
    *valued(),
    Column("external_ref", text(60)),
    Column("delivery_date", DAY),
    Column("status", choice(OrderState), nullable=False),
    ForeignKeyConstraint(["company_id", "party_id"], ["third_parties.company_id", "third_parties.id"]),
    UniqueConstraint("company_id", "id"),
    UniqueConstraint("company_id", "ref"),
    UniqueConstraint("company_id", "external_ref"),
    Index(None, "company_id", "date", "id"),
    Index(None, "company_id", "party_id", "id"),
    Index(None, "company_id", "status", "id"),
    Index(None, "company_id", "total_gross", "id"),
)

order_lines = Table(
    "order_lines",
    metadata,
    *line_key("order_id"),
    *priced_line(),
    Column("shipped", QUANTITY, nullable=False),
    Column("invoiced", QUANTITY, nullable=False),
    ForeignKeyConstraint(["company_id", "order_id"], ["orders.company_id", "orders.id"], ondelete="CASCADE"),
    ForeignKeyConstraint(["company_id", "product_id"], ["products.company_id", "products.id"]),
    Index(None, "company_id", "product_id"),
    sqlite_with_rowid=False,
)
