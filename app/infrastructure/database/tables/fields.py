"""Custom fields, and their values as they are searched by."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, ForeignKeyConstraint, Index, Table, UniqueConstraint

from app.domain.fields import LONGEST_TEXT, FieldType
from app.domain.shared.objects import ObjectKind
from app.infrastructure.database.tables.shared import metadata
from app.infrastructure.database.types import COUNTER, DAY, FLAG, JSON_TEXT, KEY, QUANTITY, choice, identity, text

custom_fields = Table(
    "custom_fields",
    metadata,
    identity(),
    Column("company_id", KEY, ForeignKey("companies.id"), nullable=False),
    Column("kind", choice(ObjectKind, checked=False), nullable=False),
    Column("name", text(40), nullable=False),
    Column("label", text(200), nullable=False),
    Column("type", choice(FieldType), nullable=False),
    Column("max_length", COUNTER),
    Column("choices", JSON_TEXT, nullable=False),
    Column("required", FLAG, nullable=False),
    Column("default_value", JSON_TEXT),
    Column("position", COUNTER, nullable=False),
    Column("archived", FLAG, nullable=False),
    Column("version", COUNTER, nullable=False),
    UniqueConstraint("company_id", "id"),
    UniqueConstraint("company_id", "kind", "name"),
)

# The values themselves stand in the objects' rows; these are there to find the objects by. One covering index per
# type of value: a filter reads nothing else.
custom_values = Table(
    "custom_values",
    metadata,
    Column("company_id", KEY, primary_key=True, autoincrement=False),
    Column("kind", choice(ObjectKind, checked=False), primary_key=True),
    Column("object_id", KEY, primary_key=True, autoincrement=False),
    Column("field_id", KEY, primary_key=True, autoincrement=False),
    Column("text", text(LONGEST_TEXT)),
    Column("number", QUANTITY),
    Column("day", DAY),
    ForeignKeyConstraint(["company_id", "field_id"], ["custom_fields.company_id", "custom_fields.id"]),
    Index(None, "company_id", "field_id", "text", "object_id"),
    Index(None, "company_id", "field_id", "number", "object_id"),
    Index(None, "company_id", "field_id", "day", "object_id"),
    sqlite_with_rowid=False,
)
