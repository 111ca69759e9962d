"""Custom fields and attachments."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.infrastructure.database.types import (
    COUNTER,
    CUSTOM,
    DAY,
    FLAG,
    INSTANT,
    JSON_TEXT,
    KEY,
    QUANTITY,
    identity,
    text,
)

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

CARRIERS = ("third_parties", "products", "warehouses", "orders", "shipments", "invoices", "payments")
KINDS = "'third-parties', 'products', 'warehouses', 'orders', 'shipments', 'invoices', 'payments'"
TYPES = "'text', 'integer', 'decimal', 'flag', 'date', 'choice'"


def upgrade() -> None:
    for table in CARRIERS:
        op.add_column(table, sa.Column("custom", CUSTOM))
    op.create_table(
        "custom_fields",
        identity(),
        sa.Column("company_id", KEY, nullable=False),
        sa.Column("kind", text(32), nullable=False),
        sa.Column("name", text(40), nullable=False),
        sa.Column("label", text(200), nullable=False),
        sa.Column("type", text(32), nullable=False),
        sa.Column("max_length", COUNTER),
        sa.Column("choices", JSON_TEXT, nullable=False),
        sa.Column("required", FLAG, nullable=False),
        sa.Column("default_value", JSON_TEXT),
        sa.Column("position", COUNTER, nullable=False),
        sa.Column("archived", FLAG, nullable=False),
        sa.Column("version", COUNTER, nullable=False),
        sa.CheckConstraint(f"kind IN ({KINDS})", name=op.f("ck_custom_fields_kind")),
        sa.CheckConstraint(f"type IN ({TYPES})", name=op.f("ck_custom_fields_type")),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_custom_fields_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_custom_fields")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_custom_fields_company_id_id")),
        sa.UniqueConstraint("company_id", "kind", "name", name=op.f("uq_custom_fields_company_id_kind_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "custom_values",
        sa.Column("company_id", KEY, autoincrement=False, nullable=False),
        sa.Column("kind", text(32), autoincrement=False, nullable=False),
        sa.Column("object_id", KEY, autoincrement=False, nullable=False),
        sa.Column("field_id", KEY, autoincrement=False, nullable=False),
        sa.Column("text", text(500)),
        sa.Column("number", QUANTITY),
        sa.Column("day", DAY),
        sa.CheckConstraint(f"kind IN ({KINDS})", name=op.f("ck_custom_values_kind")),
        sa.ForeignKeyConstraint(
            ["company_id", "field_id"],
            ["custom_fields.company_id", "custom_fields.id"],
            name=op.f("fk_custom_values_company_id_field_id"),
        ),
        sa.PrimaryKeyConstraint("company_id", "kind", "object_id", "field_id", name=op.f("pk_custom_values")),
        sqlite_with_rowid=False,
    )
    for column in ("text", "number", "day"):
        op.create_index(
            op.f(f"ix_custom_values_company_id_field_id_{column}_object_id"),
            "custom_values",
            ["company_id", "field_id", column, "object_id"],
        )
    op.create_table(
        "attachments",
        identity(),
        sa.Column("company_id", KEY, nullable=False),
        sa.Column("kind", text(32), nullable=False),
        sa.Column("object_id", KEY, nullable=False),
        sa.Column("name", text(200), nullable=False),
        sa.Column("media_type", text(100), nullable=False),
        sa.Column("size", KEY, nullable=False),
        sa.Column("digest", text(64), nullable=False),
        sa.Column("added_by", KEY, nullable=False),
        sa.Column("added_at", INSTANT, nullable=False),
        sa.CheckConstraint(f"kind IN ({KINDS})", name=op.f("ck_attachments_kind")),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_attachments_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachments")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_attachments_company_id_kind_object_id_id"),
        "attachments",
        ["company_id", "kind", "object_id", "id"],
    )
    op.create_index(op.f("ix_attachments_company_id_digest"), "attachments", ["company_id", "digest"])


def downgrade() -> None:
    op.drop_table("attachments")
    op.drop_table("custom_values")
    op.drop_table("custom_fields")
    for table in CARRIERS:
        op.drop_column(table, "custom")
