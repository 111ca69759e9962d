"""Products."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Table, UniqueConstraint

from app.domain.catalogue import ProductKind
from app.infrastructure.database.tables.shared import metadata
from app.infrastructure.database.types import (
    COUNTER,
    CUSTOM,
    FLAG,
    KEY,
    LONG_TEXT,
    PRICE,
    RATE,
    choice,
    identity,
    text,
)

products = Table(
    "products",
    metadata,
    identity(),
    Column("company_id", KEY, ForeignKey("companies.id"), nullable=False),
    Column("ref", text(60), nullable=False),
    Column("name", text(200), nullable=False),
    Column("kind", choice(ProductKind), nullable=False),
    Column("description", LONG_TEXT, nullable=False),
    Column("unit_price", PRICE, nullable=False),
    Column("cost_price", PRICE, nullable=False),
    Column("vat_rate", RATE, nullable=False),
    Column("archived", FLAG, nullable=False),
    Column("version", COUNTER, nullable=False),
    Column("custom", CUSTOM),
    UniqueConstraint("company_id", "id"),
    UniqueConstraint("company_id", "ref"),
    Index(None, "company_id", "name", "id"),
    Index(None, "company_id", "unit_price", "id"),
)
