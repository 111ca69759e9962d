"""Invoices, their lines and VAT per rate; payments and what they settle."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKeyConstraint, Index, Table, UniqueConstraint
from sqlalchemy.schema import SchemaItem

from app.domain.billing import AbandonReason, AllocationKind, InvoiceState, PaymentMethod
from app.infrastructure.database.tables.documents import document, line_key, priced_line, valued
from app.infrastructure.database.tables.shared import metadata
from app.infrastructure.database.types import AMOUNT, COUNTER, DAY, KEY, RATE, choice, text


def _chained() -> list[SchemaItem]:
    """Give the columns that hold a document's place in its series."""
    return [
        Column("number", COUNTER),
        Column("period", text(10)),
        Column("link", text(64)),
    ]


invoices = Table(
    "invoices",
    metadata,
    *document(),
    *valued(),
    Column("order_id", KEY),
    Column("due_date", DAY, nullable=False),
    Column("status", choice(InvoiceState), nullable=False),
    Column("abandon_reason", choice(AbandonReason)),
    Column("paid", AMOUNT, nullable=False),
    Column("company_paid", AMOUNT, nullable=False),
    *_chained(),
    ForeignKeyConstraint(["company_id", "party_id"], ["third_parties.company_id", "third_parties.id"]),
    ForeignKeyConstraint(["company_id", "order_id"], ["orders.company_id", "orders.id"]),
    UniqueConstraint("company_id", "id"),
    UniqueConstraint("company_id", "ref"),
    UniqueConstraint("company_id", "period", "number"),
    Index(None, "company_id", "date", "id"),
    Index(None, "company_id", "due_date", "id"),
    Index(None, "company_id", "party_id", "id"),
    Index(None, "company_id", "order_id"),
    Index(None, "company_id", "status", "id"),
    Index(None, "company_id", "total_gross", "id"),
)

invoice_lines = Table(
    "invoice_lines",
    metadata,
    *line_key("invoice_id"),
    *priced_line(),
    Column("order_position", COUNTER),
    ForeignKeyConstraint(["company_id", "invoice_id"], ["invoices.company_id", "invoices.id"], ondelete="CASCADE"),
    ForeignKeyConstraint(["company_id", "product_id"], ["products.company_id", "products.id"]),
    Index(None, "company_id", "product_id"),
    sqlite_with_rowid=False,
)

invoice_taxes = Table(
    "invoice_taxes",
    metadata,
    Column("company_id", KEY, primary_key=True, autoincrement=False),
    Column("invoice_id", KEY, primary_key=True, autoincrement=False),
    Column("rate", RATE, primary_key=True, autoincrement=False),
    *(Column(name, AMOUNT, nullable=False) for name in ("base", "vat", "company_base", "company_vat")),
    ForeignKeyConstraint(["company_id", "invoice_id"], ["invoices.company_id", "invoices.id"]),
    sqlite_with_rowid=False,
)

payments = Table(
    "payments",
    metadata,
    *document(),
    Column("method", choice(PaymentMethod), nullable=False),
    Column("currency", text(3), nullable=False),
    Column("rate", RATE, nullable=False),
    Column("company_currency", text(3), nullable=False),
    Column("amount", AMOUNT, nullable=False),
    Column("company_amount", AMOUNT, nullable=False),
    *_chained(),
    ForeignKeyConstraint(["company_id", "party_id"], ["third_parties.company_id", "third_parties.id"]),
    UniqueConstraint("company_id", "id"),
    UniqueConstraint("company_id", "ref"),
    UniqueConstraint("company_id", "period", "number"),
    Index(None, "company_id", "date", "id"),
    Index(None, "company_id", "party_id", "id"),
    Index(None, "company_id", "amount", "id"),
)

payment_allocations = Table(
    "payment_allocations",
    metadata,
    *line_key("payment_id"),
    Column("invoice_id", KEY, nullable=False),
    Column("kind", choice(AllocationKind), nullable=False),
    Column("amount", AMOUNT, nullable=False),
    Column("company_amount", AMOUNT, nullable=False),
    ForeignKeyConstraint(["company_id", "payment_id"], ["payments.company_id", "payments.id"]),
    ForeignKeyConstraint(["company_id", "invoice_id"], ["invoices.company_id", "invoices.id"]),
    Index(None, "company_id", "invoice_id"),
    sqlite_with_rowid=False,
)
