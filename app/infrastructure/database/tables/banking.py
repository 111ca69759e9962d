"""Bank accounts of companies, slips of cheques, and orders to banks."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, ForeignKeyConstraint, Index, Table, UniqueConstraint

from app.domain.banking import SepaKind, SepaSequence, SepaState
from app.infrastructure.database.tables.documents import line_key
from app.infrastructure.database.tables.shared import metadata
from app.infrastructure.database.types import AMOUNT, COUNTER, DAY, FLAG, INSTANT, KEY, choice, identity, text

bank_accounts = Table(
    "bank_accounts",
    metadata,
    identity(),
    Column("company_id", KEY, ForeignKey("companies.id"), nullable=False),
    Column("label", text(100), nullable=False),
    Column("holder", text(70), nullable=False),
    Column("iban", text(34), nullable=False),
    Column("bic", text(11), nullable=False),
    Column("currency", text(3), nullable=False),
    Column("creditor_id", text(35), nullable=False),
    Column("archived", FLAG, nullable=False),
    Column("version", COUNTER, nullable=False),
    UniqueConstraint("company_id", "id"),
    UniqueConstraint("company_id", "iban"),
    Index(None, "company_id", "label", "id"),
)

cheque_deposits = Table(
    "cheque_deposits",
    metadata,
    identity(),
    Column("company_id", KEY, ForeignKey("companies.id"), nullable=False),
    Column("ref", text(60), nullable=False),
    Column("date", DAY, nullable=False),
    Column("account_id", KEY, nullable=False),
    Column("currency", text(3), nullable=False),
    Column("amount", AMOUNT, nullable=False),
    Column("version", COUNTER, nullable=False),
    ForeignKeyConstraint(["company_id", "account_id"], ["bank_accounts.company_id", "bank_accounts.id"]),
    UniqueConstraint("company_id", "id"),
    UniqueConstraint("company_id", "ref"),
    Index(None, "company_id", "date", "id"),
    Index(None, "company_id", "account_id", "id"),
)

cheque_deposit_lines = Table(
    "cheque_deposit_lines",
    metadata,
    *line_key("cheque_deposit_id"),
    Column("payment_id", KEY, nullable=False),
    Column("amount", AMOUNT, nullable=False),
    ForeignKeyConstraint(["company_id", "cheque_deposit_id"], ["cheque_deposits.company_id", "cheque_deposits.id"]),
    ForeignKeyConstraint(["company_id", "payment_id"], ["payments.company_id", "payments.id"]),
    UniqueConstraint("company_id", "payment_id"),
    sqlite_with_rowid=False,
)

sepa_orders = Table(
    "sepa_orders",
    metadata,
    identity(),
    Column("company_id", KEY, ForeignKey("companies.id"), nullable=False),
    Column("kind", choice(SepaKind), nullable=False),
    Column("status", choice(SepaState), nullable=False),
    Column("date", DAY, nullable=False),
    Column("account_id", KEY, nullable=False),
    Column("holder", text(70), nullable=False),
    Column("iban", text(34), nullable=False),
    Column("bic", text(11), nullable=False),
    Column("creditor_id", text(35), nullable=False),
    Column("amount", AMOUNT, nullable=False),
    Column("message_id", text(35)),
    Column("generated_at", INSTANT),
    Column("version", COUNTER, nullable=False),
    ForeignKeyConstraint(["company_id", "account_id"], ["bank_accounts.company_id", "bank_accounts.id"]),
    UniqueConstraint("company_id", "id"),
    Index(None, "company_id", "account_id", "id"),
    Index(None, "company_id", "date", "id"),
    Index(None, "company_id", "status", "id"),
)

# An invoice is in one open order only: open_invoice_id is emptied when the order is settled or canceled.
sepa_order_lines = Table(
    "sepa_order_lines",
    metadata,
    *line_key("sepa_order_id"),
    Column("invoice_id", KEY, nullable=False),
    Column("open_invoice_id", KEY),
    Column("invoice_ref", text(60), nullable=False),
    Column("amount", AMOUNT, nullable=False),
    Column("holder", text(70), nullable=False),
    Column("iban", text(34), nullable=False),
    Column("bic", text(11), nullable=False),
    Column("mandate", text(35), nullable=False),
    Column("mandate_date", DAY),
    Column("sequence", choice(SepaSequence)),
    Column("payment_id", KEY),
    ForeignKeyConstraint(["company_id", "sepa_order_id"], ["sepa_orders.company_id", "sepa_orders.id"]),
    ForeignKeyConstraint(["company_id", "invoice_id"], ["invoices.company_id", "invoices.id"]),
    ForeignKeyConstraint(["company_id", "payment_id"], ["payments.company_id", "payments.id"]),
    UniqueConstraint("company_id", "open_invoice_id"),
    Index(None, "company_id", "invoice_id"),
    Index(None, "company_id", "payment_id"),
    sqlite_with_rowid=False,
)
