"""Third parties."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Table, UniqueConstraint

from app.infrastructure.database.tables.shared import metadata
from app.infrastructure.database.types import COUNTER, CUSTOM, FLAG, INSTANT, KEY, identity, text

third_parties = Table(
    "third_parties",
    metadata,
    identity(),
    Column("company_id", KEY, ForeignKey("companies.id"), nullable=False),
    Column("name", text(200), nullable=False),
    Column("customer", FLAG, nullable=False),
    Column("supplier", FLAG, nullable=False),
    Column("customer_code", text(40)),
    Column("supplier_code", text(40)),
    Column("email", text(254)),
    Column("phone", text(40)),
    Column("tax_id", text(40)),
    Column("street", text(300), nullable=False),
    Column("postal_code", text(20), nullable=False),
    Column("city", text(100), nullable=False),
    Column("region", text(100), nullable=False),
    Column("country", text(2), nullable=False),
    Column("payment_days", COUNTER),
    Column("archived", FLAG, nullable=False),
    Column("anonymised_at", INSTANT),
    Column("version", COUNTER, nullable=False),
    Column("custom", CUSTOM),
    UniqueConstraint("company_id", "id"),
    UniqueConstraint("company_id", "customer_code"),
    UniqueConstraint("company_id", "supplier_code"),
    Index(None, "company_id", "name", "id"),
)
