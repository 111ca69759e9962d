"""Orders and their lines."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKeyConstraint, Index, Table, UniqueConstraint, false
from sqlalchemy import text as sql

from app.domain.sales import ApprovalState, OrderState
from app.infrastructure.database.tables.documents import document, line_key, priced_line, valued
from app.infrastructure.database.tables.shared import metadata
from app.infrastructure.database.types import (
    AMOUNT,
    COUNTER,
    DAY,
    FLAG,
    INSTANT,
    JSON_TEXT,
    KEY,
    QUANTITY,
    choice,
    text,
)

orders = Table(
    "orders",
    metadata,
    *document(),
    *valued(),
    Column("external_ref", text(60)),
    Column("proposal_id", KEY),
    Column("delivery_date", DAY),
    Column("status", choice(OrderState), nullable=False),
    Column("representative_id", KEY),
    # What is not invoiced yet of a binding order, gross in the company's currency.
    Column("uncharged", AMOUNT, nullable=False, server_default=sql("0")),
    Column("billed", FLAG, nullable=False, server_default=false()),
    ForeignKeyConstraint(["company_id", "party_id"], ["third_parties.company_id", "third_parties.id"]),
    ForeignKeyConstraint(["company_id", "proposal_id"], ["proposals.company_id", "proposals.id"]),
    UniqueConstraint("company_id", "id"),
    UniqueConstraint("company_id", "ref"),
    UniqueConstraint("company_id", "external_ref"),
    Index(None, "company_id", "date", "id"),
    Index(None, "company_id", "party_id", "id"),
    Index(None, "company_id", "proposal_id"),
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
    Column("returned", QUANTITY, nullable=False),
    Column("warehouse_id", KEY),
    Column("reserved", QUANTITY, nullable=False, server_default="0"),
    Column("back_ordered", QUANTITY, nullable=False, server_default="0"),
    ForeignKeyConstraint(["company_id", "order_id"], ["orders.company_id", "orders.id"], ondelete="CASCADE"),
    ForeignKeyConstraint(["company_id", "product_id"], ["products.company_id", "products.id"]),
    ForeignKeyConstraint(["company_id", "warehouse_id"], ["warehouses.company_id", "warehouses.id"]),
    # Who waits for a product is found by it, and what was delivered long ago is not passed on the way.
    Index(None, "company_id", "product_id", "warehouse_id", "back_ordered"),
    sqlite_with_rowid=False,
)

order_revisions = Table(
    "order_revisions",
    metadata,
    Column("company_id", KEY, primary_key=True, autoincrement=False),
    Column("order_id", KEY, primary_key=True, autoincrement=False),
    Column("number", COUNTER, primary_key=True, autoincrement=False),
    Column("reason", text(200), nullable=False),
    Column("actor_id", KEY, nullable=False),
    Column("at", INSTANT, nullable=False),
    Column("content", JSON_TEXT, nullable=False),
    ForeignKeyConstraint(["company_id", "order_id"], ["orders.company_id", "orders.id"], ondelete="CASCADE"),
    sqlite_with_rowid=False,
)

# Whether an order may be validated as it was at that version; ``execution`` is the name of what asks.
order_approvals = Table(
    "order_approvals",
    metadata,
    Column("company_id", KEY, primary_key=True, autoincrement=False),
    Column("order_id", KEY, primary_key=True, autoincrement=False),
    Column("order_version", COUNTER, nullable=False),
    Column("round", COUNTER, nullable=False),
    Column("state", choice(ApprovalState), nullable=False),
    Column("execution", text(80), nullable=False),
    Column("token", text(255), nullable=False),
    Column("escalated", FLAG, nullable=False),
    Column("asked_by", KEY, nullable=False),
    Column("asked_at", INSTANT, nullable=False),
    Column("decided_by", KEY),
    Column("decided_at", INSTANT),
    Column("reason", text(200), nullable=False),
    ForeignKeyConstraint(["company_id", "order_id"], ["orders.company_id", "orders.id"], ondelete="CASCADE"),
    sqlite_with_rowid=False,
)
