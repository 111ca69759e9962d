"""Files attached to objects; their bytes are kept outside the database."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Table

from app.domain.shared.objects import ObjectKind
from app.infrastructure.database.tables.shared import metadata
from app.infrastructure.database.types import INSTANT, KEY, choice, identity, text

attachments = Table(
    "attachments",
    metadata,
    identity(),
    Column("company_id", KEY, ForeignKey("companies.id"), nullable=False),
    Column("kind", choice(ObjectKind, checked=False), nullable=False),
    Column("object_id", KEY, nullable=False),
    Column("name", text(200), nullable=False),
    Column("media_type", text(100), nullable=False),
    Column("size", KEY, nullable=False),
    Column("digest", text(64), nullable=False),
    Column("added_by", KEY, nullable=False),
    Column("added_at", INSTANT, nullable=False),
    Index(None, "company_id", "kind", "object_id", "id"),
    Index(None, "company_id", "digest"),
)
