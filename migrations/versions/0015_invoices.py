"""Credit notes, deposits, replacements and pro formas; templates of invoices that come again."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

from app.infrastructure.database.types import (
    AMOUNT,
    COUNTER,
    CUSTOM,
    DAY,
    FLAG,
    KEY,
    LONG_TEXT,
    PRICE,
    QUANTITY,
    RATE,
    identity,
    text,
)

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

KINDS = "kind IN ('standard', 'credit_note', 'deposit', 'replacement', 'pro_forma')"
REASONS = "close_reason IN ('discount_vat', 'badcustomer', 'bankcharge', 'withholdingtax')"
OLD_NUMBERS = "uq_invoices_company_id_period_number"
NUMBERS = "uq_invoices_company_id_kind_period_number"
ONCE = "uq_invoices_company_id_template_id_occurrence"
SOURCE = "fk_invoices_company_id_source_id"
TEMPLATE = "fk_invoices_company_id_template_id"
DEPOSIT = "fk_invoice_lines_company_id_deposit_id"
SOURCES = "ix_invoices_company_id_source_id"
DEPOSITS = "ix_invoice_lines_company_id_deposit_id"
HEADER = {"sqlite_autoincrement": True}
LINES = {"sqlite_with_rowid": False}
NEW_SERIES = ("credit_note", "deposit", "replacement", "pro_forma")
NEW_SETTINGS = ("late_fee_percent", "late_fee_fixed")


def upgrade() -> None:
    """Call every invoice so far a standard one, numbered within its kind."""
    _templates()
    with op.batch_alter_table("invoices", table_kwargs=HEADER) as invoices:
        invoices.add_column(sa.Column("kind", text(32), nullable=False, server_default="standard"))
        invoices.add_column(sa.Column("source_id", KEY))
        invoices.add_column(sa.Column("template_id", KEY))
        invoices.add_column(sa.Column("occurrence", DAY))
        invoices.add_column(sa.Column("close_reason", text(32)))
        invoices.create_check_constraint(op.f("ck_invoices_kind"), KINDS)
        invoices.create_check_constraint(op.f("ck_invoices_close_reason"), REASONS)
        invoices.create_unique_constraint(op.f(NUMBERS), ["company_id", "kind", "period", "number"])
        invoices.create_unique_constraint(op.f(ONCE), ["company_id", "template_id", "occurrence"])
        invoices.drop_constraint(op.f(OLD_NUMBERS), type_="unique")
        invoices.create_index(op.f(SOURCES), ["company_id", "source_id"])
        pair = ["company_id", "id"]
        invoices.create_foreign_key(op.f(SOURCE), "invoices", ["company_id", "source_id"], pair)
        invoices.create_foreign_key(op.f(TEMPLATE), "invoice_templates", ["company_id", "template_id"], pair)
    with op.batch_alter_table("invoices", table_kwargs=HEADER) as invoices:
        invoices.alter_column("kind", existing_type=text(32), existing_nullable=False, server_default=None)
    with op.batch_alter_table("invoice_lines", table_kwargs=LINES) as lines:
        lines.add_column(sa.Column("vat", AMOUNT))
        lines.add_column(sa.Column("company_vat", AMOUNT))
        lines.add_column(sa.Column("source_position", COUNTER))
        lines.add_column(sa.Column("deposit_id", KEY))
        lines.create_index(op.f(DEPOSITS), ["company_id", "deposit_id"])
        lines.create_foreign_key(op.f(DEPOSIT), "invoices", ["company_id", "deposit_id"], ["company_id", "id"])


def _templates() -> None:
    op.create_table(
        "invoice_templates",
        identity(),
        sa.Column("company_id", KEY, nullable=False),
        sa.Column("label", text(200), nullable=False),
        sa.Column("party_id", KEY, nullable=False),
        sa.Column("currency", text(3)),
        sa.Column("rate", RATE),
        sa.Column("note", LONG_TEXT, nullable=False),
        sa.Column("every", text(32), nullable=False),
        sa.Column("step", COUNTER, nullable=False),
        sa.Column("first", DAY, nullable=False),
        sa.Column("until", DAY),
        sa.Column("count", COUNTER),
        sa.Column("auto_validate", FLAG, nullable=False),
        sa.Column("custom", CUSTOM),
        sa.Column("status", text(32), nullable=False),
        sa.Column("made", COUNTER, nullable=False),
        sa.Column("next_date", DAY),
        sa.Column("version", COUNTER, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice_templates")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_invoice_templates_company_id_id")),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_invoice_templates_company_id")),
        sa.ForeignKeyConstraint(
            ["company_id", "party_id"],
            ["third_parties.company_id", "third_parties.id"],
            name=op.f("fk_invoice_templates_company_id_party_id"),
        ),
        sa.CheckConstraint("every IN ('day', 'week', 'month', 'year')", name=op.f("ck_invoice_templates_every")),
        sa.CheckConstraint("status IN ('active', 'paused', 'ended')", name=op.f("ck_invoice_templates_status")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_invoice_templates_company_id_party_id"), "invoice_templates", ["company_id", "party_id"])
    op.create_index(
        op.f("ix_invoice_templates_company_id_status_next_date"),
        "invoice_templates",
        ["company_id", "status", "next_date"],
    )
    op.create_table(
        "invoice_template_lines",
        sa.Column("company_id", KEY, autoincrement=False, nullable=False),
        sa.Column("template_id", KEY, autoincrement=False, nullable=False),
        sa.Column("position", COUNTER, autoincrement=False, nullable=False),
        sa.Column("product_id", KEY),
        sa.Column("kind", text(32)),
        sa.Column("description", LONG_TEXT),
        sa.Column("quantity", QUANTITY, nullable=False),
        sa.Column("unit", text(8)),
        sa.Column("unit_price", PRICE),
        sa.Column("gross_unit_price", PRICE),
        sa.Column("discount", RATE, nullable=False),
        sa.Column("vat_rate", RATE),
        sa.PrimaryKeyConstraint("company_id", "template_id", "position", name=op.f("pk_invoice_template_lines")),
        sa.ForeignKeyConstraint(
            ["company_id", "template_id"],
            ["invoice_templates.company_id", "invoice_templates.id"],
            name=op.f("fk_invoice_template_lines_company_id_template_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "product_id"],
            ["products.company_id", "products.id"],
            name=op.f("fk_invoice_template_lines_company_id_product_id"),
        ),
        sa.CheckConstraint("kind IN ('goods', 'service', 'freight')", name=op.f("ck_invoice_template_lines_kind")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_invoice_template_lines_company_id_product_id"), "invoice_template_lines", ["company_id", "product_id"]
    )


def downgrade() -> None:
    """Take the kinds away: what is not a standard invoice keeps its reference, but no place in a series."""
    op.execute(sa.text("UPDATE invoices SET number = NULL, period = NULL WHERE kind <> 'standard'"))
    # MariaDB needs an index for each foreign key, so these go first.
    with op.batch_alter_table("invoice_lines", table_kwargs=LINES) as lines:
        lines.drop_constraint(op.f(DEPOSIT), type_="foreignkey")
        lines.drop_index(op.f(DEPOSITS))
        for column in ("vat", "company_vat", "source_position", "deposit_id"):
            lines.drop_column(column)
    with op.batch_alter_table("invoices", table_kwargs=HEADER) as invoices:
        invoices.drop_constraint(op.f(SOURCE), type_="foreignkey")
        invoices.drop_constraint(op.f(TEMPLATE), type_="foreignkey")
        invoices.drop_index(op.f(SOURCES))
        invoices.create_unique_constraint(op.f(OLD_NUMBERS), ["company_id", "period", "number"])
        invoices.drop_constraint(op.f(NUMBERS), type_="unique")
        invoices.drop_constraint(op.f(ONCE), type_="unique")
        invoices.drop_constraint(op.f("ck_invoices_kind"), type_="check")
        invoices.drop_constraint(op.f("ck_invoices_close_reason"), type_="check")
        for column in ("kind", "source_id", "template_id", "occurrence", "close_reason"):
            invoices.drop_column(column)
    op.drop_table("invoice_template_lines")
    op.drop_table("invoice_templates")
    _forget_settings()


def _forget_settings() -> None:
    """Take out of the settings what the version before does not know."""
    connection = op.get_bind()
    for name, key in (("companies", ("id",)), ("settings_versions", ("company_id", "version"))):
        table = sa.table(name, sa.column("settings", sa.Text()), *(sa.column(column) for column in key))
        for settings, *found in connection.execute(sa.select(table.c.settings, *(table.c[one] for one in key))).all():
            told: dict[str, Any] = json.loads(settings)
            for series in NEW_SERIES:
                told.get("masks", {}).pop(series, None)
            for one in NEW_SETTINGS:
                told.pop(one, None)
            row = sa.and_(*(table.c[column] == value for column, value in zip(key, found, strict=True)))
            connection.execute(sa.update(table).where(row).values(settings=json.dumps(told)))
