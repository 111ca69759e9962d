"""Rates of VAT by country, category and date."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Table, UniqueConstraint

from app.infrastructure.database.tables.shared import metadata
from app.infrastructure.database.types import COUNTER, DAY, KEY, RATE, identity, text

vat_rates = Table(
    "vat_rates",
    metadata,
    identity(),
    Column("company_id", KEY, ForeignKey("companies.id"), nullable=False),
    Column("country", text(2), nullable=False),
    Column("category", text(20), nullable=False),
    Column("rate", RATE, nullable=False),
    Column("valid_from", DAY, nullable=False),
    Column("valid_until", DAY),
    Column("version", COUNTER, nullable=False),
    UniqueConstraint("company_id", "country", "category", "valid_from"),
)
