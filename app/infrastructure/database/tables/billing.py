"""Invoices, their lines and VAT per rate; payments and what they settle."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, ForeignKeyConstraint, Index, Table, UniqueConstraint
from sqlalchemy.schema import SchemaItem

from app.domain.billing import (
    AbandonReason,
    AllocationKind,
    CloseReason,
    Every,
    InvoiceKind,
    InvoiceState,
    PaymentMethod,
    TemplateState,
)
from app.domain.shared.lines import LineKind
from app.infrastructure.database.tables.documents import document, line_key, priced_line, valued
from app.infrastructure.database.tables.shared import metadata
from app.infrastructure.database.types import (
    AMOUNT,
    COUNTER,
    CUSTOM,
    DAY,
    FLAG,
    KEY,
    LONG_TEXT,
    PRICE,
    QUANTITY,
    RATE,
    choice,
    identity,
    text,
)


def _chained() -> list[SchemaItem]:
    """Give the columns that hold a document's place in its series."""
    return [
        Column("number", COUNTER),
        Column("period", text(10)),
        Column("link", text(64)),
        # Whom the link names, when that third party was merged into the one named now.
        Column("sealed_party_id", KEY),
    ]


invoices = Table(
    "invoices",
    metadata,
    *document(),
    *valued(),
    Column("kind", choice(InvoiceKind), nullable=False),
    Column("source_id", KEY),
    Column("template_id", KEY),
    Column("occurrence", DAY),
    Column("order_id", KEY),
    Column("proposal_id", KEY),
    Column("due_date", DAY, nullable=False),
    Column("status", choice(InvoiceState), nullable=False),
    Column("abandon_reason", choice(AbandonReason)),
    Column("close_reason", choice(CloseReason)),
    Column("paid", AMOUNT, nullable=False),
    Column("company_paid", AMOUNT, nullable=False),
    Column("payment_terms_id", KEY),
    Column("representative_id", KEY),
    *_chained(),
    ForeignKeyConstraint(["company_id", "party_id"], ["third_parties.company_id", "third_parties.id"]),
    ForeignKeyConstraint(["company_id", "order_id"], ["orders.company_id", "orders.id"]),
    ForeignKeyConstraint(["company_id", "proposal_id"], ["proposals.company_id", "proposals.id"]),
    ForeignKeyConstraint(["company_id", "source_id"], ["invoices.company_id", "invoices.id"]),
    ForeignKeyConstraint(["company_id", "template_id"], ["invoice_templates.company_id", "invoice_templates.id"]),
    UniqueConstraint("company_id", "id"),
    UniqueConstraint("company_id", "ref"),
    UniqueConstraint("company_id", "kind", "period", "number"),
    UniqueConstraint("company_id", "template_id", "occurrence"),
    Index(None, "company_id", "source_id"),
    Index(None, "company_id", "date", "id"),
    Index(None, "company_id", "due_date", "id"),
    Index(None, "company_id", "party_id", "id"),
    Index(None, "company_id", "order_id"),
    Index(None, "company_id", "proposal_id"),
    Index(None, "company_id", "status", "id"),
    Index(None, "company_id", "total_gross", "id"),
)

invoice_lines = Table(
    "invoice_lines",
    metadata,
    *line_key("invoice_id"),
    *priced_line(),
    Column("order_position", COUNTER),
    Column("vat", AMOUNT),
    Column("company_vat", AMOUNT),
    Column("source_position", COUNTER),
    Column("deposit_id", KEY),
    ForeignKeyConstraint(["company_id", "invoice_id"], ["invoices.company_id", "invoices.id"], ondelete="CASCADE"),
    ForeignKeyConstraint(["company_id", "product_id"], ["products.company_id", "products.id"]),
    ForeignKeyConstraint(["company_id", "deposit_id"], ["invoices.company_id", "invoices.id"]),
    Index(None, "company_id", "product_id"),
    Index(None, "company_id", "deposit_id"),
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

invoice_templates = Table(
    "invoice_templates",
    metadata,
    identity(),
    Column("company_id", KEY, ForeignKey("companies.id"), nullable=False),
    Column("label", text(200), nullable=False),
    Column("party_id", KEY, nullable=False),
    Column("currency", text(3)),
    Column("rate", RATE),
    Column("note", LONG_TEXT, nullable=False),
    Column("every", choice(Every), nullable=False),
    Column("step", COUNTER, nullable=False),
    Column("first", DAY, nullable=False),
    Column("until", DAY),
    Column("count", COUNTER),
    Column("auto_validate", FLAG, nullable=False),
    Column("custom", CUSTOM),
    Column("status", choice(TemplateState), nullable=False),
    Column("made", COUNTER, nullable=False),
    Column("next_date", DAY),
    Column("version", COUNTER, nullable=False),
    ForeignKeyConstraint(["company_id", "party_id"], ["third_parties.company_id", "third_parties.id"]),
    UniqueConstraint("company_id", "id"),
    Index(None, "company_id", "party_id"),
    Index(None, "company_id", "status", "next_date"),
)

invoice_template_lines = Table(
    "invoice_template_lines",
    metadata,
    *line_key("template_id"),
    Column("product_id", KEY),
    Column("kind", choice(LineKind)),
    Column("description", LONG_TEXT),
    Column("quantity", QUANTITY, nullable=False),
    Column("unit", text(8)),
    Column("unit_price", PRICE),
    Column("gross_unit_price", PRICE),
    Column("discount", RATE, nullable=False),
    Column("vat_rate", RATE),
    ForeignKeyConstraint(
        ["company_id", "template_id"], ["invoice_templates.company_id", "invoice_templates.id"], ondelete="CASCADE"
    ),
    ForeignKeyConstraint(["company_id", "product_id"], ["products.company_id", "products.id"]),
    Index(None, "company_id", "product_id"),
    sqlite_with_rowid=False,
)
CREDIT = ("credit", "company_credit", "credit_left", "company_credit_left")

payments = Table(
    "payments",
    metadata,
    *document(),
    Column("method", choice(PaymentMethod), nullable=False),
    Column("reference", text(100), nullable=False),
    Column("account_id", KEY),
    *(Column(name, AMOUNT, nullable=False) for name in CREDIT),
    Column("reverses_id", KEY),
    Column("reversed_by_id", KEY),
    Column("reason", text(200), nullable=False),
    Column("currency", text(3), nullable=False),
    Column("rate", RATE, nullable=False),
    Column("company_currency", text(3), nullable=False),
    Column("amount", AMOUNT, nullable=False),
    Column("company_amount", AMOUNT, nullable=False),
    *_chained(),
    ForeignKeyConstraint(["company_id", "party_id"], ["third_parties.company_id", "third_parties.id"]),
    ForeignKeyConstraint(["company_id", "account_id"], ["bank_accounts.company_id", "bank_accounts.id"]),
    ForeignKeyConstraint(["company_id", "reverses_id"], ["payments.company_id", "payments.id"]),
    ForeignKeyConstraint(["company_id", "reversed_by_id"], ["payments.company_id", "payments.id"]),
    UniqueConstraint("company_id", "id"),
    UniqueConstraint("company_id", "ref"),
    UniqueConstraint("company_id", "period", "number"),
    UniqueConstraint("company_id", "reverses_id"),
    Index(None, "company_id", "date", "id"),
    Index(None, "company_id", "party_id", "id"),
    Index(None, "company_id", "amount", "id"),
    Index(None, "company_id", "account_id", "id"),
    Index(None, "company_id", "reversed_by_id"),
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

payment_uses = Table(
    "payment_uses",
    metadata,
    *line_key("payment_id"),
    Column("credit_of", KEY, nullable=False),
    Column("kind", choice(AllocationKind), nullable=False),
    Column("amount", AMOUNT, nullable=False),
    Column("company_amount", AMOUNT, nullable=False),
    ForeignKeyConstraint(["company_id", "payment_id"], ["payments.company_id", "payments.id"]),
    ForeignKeyConstraint(["company_id", "credit_of"], ["payments.company_id", "payments.id"]),
    Index(None, "company_id", "credit_of"),
    sqlite_with_rowid=False,
)
