"""Attributes and their values, and which of them a variant has."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, ForeignKeyConstraint, Table, UniqueConstraint

from app.infrastructure.database.tables.catalogue.products import of_product
from app.infrastructure.database.tables.documents import line_key
from app.infrastructure.database.tables.shared import metadata
from app.infrastructure.database.types import COUNTER, KEY, PRICE, identity, text

attributes = Table(
    "attributes",
    metadata,
    identity(),
    Column("company_id", KEY, ForeignKey("companies.id"), nullable=False),
    Column("name", text(100), nullable=False),
    Column("version", COUNTER, nullable=False),
    UniqueConstraint("company_id", "id"),
    UniqueConstraint("company_id", "name"),
)

attribute_values = Table(
    "attribute_values",
    metadata,
    *line_key("attribute_id"),
    Column("value", text(40), nullable=False),
    Column("price_extra", PRICE, nullable=False),
    UniqueConstraint("company_id", "attribute_id", "value"),
    ForeignKeyConstraint(
        ["company_id", "attribute_id"], ["attributes.company_id", "attributes.id"], ondelete="CASCADE"
    ),
    sqlite_with_rowid=False,
)

product_values = Table(
    "product_values",
    metadata,
    *of_product(),
    Column("attribute_id", KEY, nullable=False),
    Column("value", text(40), nullable=False),
    ForeignKeyConstraint(["company_id", "attribute_id"], ["attributes.company_id", "attributes.id"]),
    sqlite_with_rowid=False,
)
