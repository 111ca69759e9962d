"""Products, and what hangs on one: barcodes, packagings, components, categories, suppliers' prices."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, ForeignKeyConstraint, Index, Table, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.schema import SchemaItem

from app.domain.catalogue import ProductKind
from app.domain.shared.tracking import Tracking
from app.infrastructure.database.tables.documents import line_key
from app.infrastructure.database.tables.shared import metadata
from app.infrastructure.database.types import (
    COUNTER,
    CUSTOM,
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
    Column("gross_unit_price", PRICE),
    Column("cost_price", PRICE, nullable=False),
    Column("vat_rate", RATE),
    Column("vat_category", text(20)),
    Column("unit", text(8)),
    Column("kit", FLAG, nullable=False),
    Column("parent_id", KEY),
    Column("combination", text(300)),
    Column("archived", FLAG, nullable=False),
    Column("version", COUNTER, nullable=False),
    Column("custom", CUSTOM),
    Column("tracking", choice(Tracking), nullable=False, server_default=sql("'none'")),
    UniqueConstraint("company_id", "id"),
    UniqueConstraint("company_id", "ref"),
    UniqueConstraint("company_id", "parent_id", "combination"),
    ForeignKeyConstraint(["company_id", "parent_id"], ["products.company_id", "products.id"]),
    ForeignKeyConstraint(["company_id", "unit"], ["units.company_id", "units.code"]),
    Index(None, "company_id", "name", "id"),
    Index(None, "company_id", "unit_price", "id"),
)


def of_product() -> list[SchemaItem]:
    """Give the key of what hangs on a product, and the reference to it."""
    return [
        *line_key("product_id"),
        ForeignKeyConstraint(["company_id", "product_id"], ["products.company_id", "products.id"]),
    ]


product_barcodes = Table(
    "product_barcodes",
    metadata,
    *of_product(),
    Column("code", text(14), nullable=False),
    Column("gtin", text(14), nullable=False),
    UniqueConstraint("company_id", "gtin"),
    sqlite_with_rowid=False,
)

product_packagings = Table(
    "product_packagings",
    metadata,
    *of_product(),
    Column("unit", text(8), nullable=False),
    Column("quantity", QUANTITY, nullable=False),
    ForeignKeyConstraint(["company_id", "unit"], ["units.company_id", "units.code"]),
    sqlite_with_rowid=False,
)

product_components = Table(
    "product_components",
    metadata,
    *of_product(),
    Column("component_id", KEY, nullable=False),
    Column("quantity", QUANTITY, nullable=False),
    ForeignKeyConstraint(["company_id", "component_id"], ["products.company_id", "products.id"]),
    sqlite_with_rowid=False,
)

product_suppliers = Table(
    "product_suppliers",
    metadata,
    *of_product(),
    Column("supplier_id", KEY, nullable=False),
    Column("ref", text(60), nullable=False),
    Column("price", PRICE, nullable=False),
    Column("currency", text(3), nullable=False),
    Column("min_quantity", QUANTITY, nullable=False),
    Column("lead_days", COUNTER, nullable=False),
    ForeignKeyConstraint(["company_id", "supplier_id"], ["third_parties.company_id", "third_parties.id"]),
    Index(None, "company_id", "supplier_id"),
    sqlite_with_rowid=False,
)

product_categories = Table(
    "product_categories",
    metadata,
    *of_product(),
    Column("category_id", KEY, nullable=False),
    ForeignKeyConstraint(["company_id", "category_id"], ["categories.company_id", "categories.id"]),
    Index(None, "company_id", "category_id", "product_id"),
    sqlite_with_rowid=False,
)
