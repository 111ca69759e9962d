"""Categories of products and customers, each in a tree."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, ForeignKeyConstraint, Index, Table, UniqueConstraint

from app.domain.catalogue import CategoryKind
from app.infrastructure.database.tables.documents import line_key
from app.infrastructure.database.tables.shared import metadata
from app.infrastructure.database.types import COUNTER, KEY, choice, identity, text

categories = Table(
    "categories",
    metadata,
    identity(),
    Column("company_id", KEY, ForeignKey("companies.id"), nullable=False),
    Column("kind", choice(CategoryKind), nullable=False),
    Column("name", text(100), nullable=False),
    Column("parent_id", KEY),
    Column("version", COUNTER, nullable=False),
    UniqueConstraint("company_id", "id"),
    UniqueConstraint("company_id", "kind", "parent_id", "name"),
    ForeignKeyConstraint(["company_id", "parent_id"], ["categories.company_id", "categories.id"]),
    Index(None, "company_id", "parent_id"),
)

party_categories = Table(
    "party_categories",
    metadata,
    *line_key("party_id"),
    Column("category_id", KEY, nullable=False),
    ForeignKeyConstraint(["company_id", "party_id"], ["third_parties.company_id", "third_parties.id"]),
    ForeignKeyConstraint(["company_id", "category_id"], ["categories.company_id", "categories.id"]),
    Index(None, "company_id", "category_id", "party_id"),
    sqlite_with_rowid=False,
)
