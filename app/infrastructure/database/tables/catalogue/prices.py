"""Price lists, and the prices on them or agreed with a customer."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, ForeignKeyConstraint, Table, UniqueConstraint

from app.infrastructure.database.tables.shared import metadata
from app.infrastructure.database.types import COUNTER, DAY, FLAG, KEY, PRICE, QUANTITY, RATE, identity, text

price_lists = Table(
    "price_lists",
    metadata,
    identity(),
    Column("company_id", KEY, ForeignKey("companies.id"), nullable=False),
    Column("name", text(100), nullable=False),
    Column("currency", text(3), nullable=False),
    Column("includes_vat", FLAG, nullable=False),
    Column("valid_from", DAY),
    Column("valid_until", DAY),
    Column("version", COUNTER, nullable=False),
    UniqueConstraint("company_id", "id"),
    UniqueConstraint("company_id", "name"),
)

# A row is of a list or of a customer, never of both; each key begins with what its readers know.
prices = Table(
    "prices",
    metadata,
    identity(),
    Column("company_id", KEY, ForeignKey("companies.id"), nullable=False),
    Column("price_list_id", KEY),
    Column("party_id", KEY),
    Column("product_id", KEY, nullable=False),
    Column("min_quantity", QUANTITY, nullable=False),
    Column("price", PRICE),
    Column("discount", RATE),
    Column("currency", text(3)),
    Column("includes_vat", FLAG, nullable=False),
    Column("valid_from", DAY),
    Column("valid_until", DAY),
    Column("version", COUNTER, nullable=False),
    UniqueConstraint("company_id", "price_list_id", "product_id", "min_quantity"),
    UniqueConstraint("company_id", "party_id", "product_id", "min_quantity"),
    ForeignKeyConstraint(["company_id", "price_list_id"], ["price_lists.company_id", "price_lists.id"]),
    ForeignKeyConstraint(["company_id", "party_id"], ["third_parties.company_id", "third_parties.id"]),
    ForeignKeyConstraint(["company_id", "product_id"], ["products.company_id", "products.id"]),
)
