"""Reservations and back-orders of order lines, billed orders, revisions of amended orders."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.infrastructure.database.types import COUNTER, FLAG, INSTANT, JSON_TEXT, KEY, QUANTITY, text

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# The foreign key to products needs an index of its own on MariaDB: the wider one is made before the narrow one goes.
NARROW = "ix_order_lines_company_id_product_id"
WIDE = "ix_order_lines_company_id_product_id_warehouse_id_back_ordered"
# SQLite makes the table anew for a foreign key of two columns; nothing refers to order lines.
KEPT = {"sqlite_with_rowid": False}
PLACE = "fk_order_lines_company_id_warehouse_id"


def upgrade() -> None:
    """Add the columns; orders that are open already hold no reservations and wait for nothing."""
    op.add_column("stock_levels", sa.Column("reserved", QUANTITY, nullable=False, server_default="0"))
    op.add_column("stock_levels", sa.Column("available", QUANTITY, sa.Computed("quantity - reserved")))
    op.add_column("orders", sa.Column("billed", FLAG, nullable=False, server_default=sa.false()))
    op.add_column("order_lines", sa.Column("warehouse_id", KEY))
    op.add_column("order_lines", sa.Column("reserved", QUANTITY, nullable=False, server_default="0"))
    op.add_column("order_lines", sa.Column("back_ordered", QUANTITY, nullable=False, server_default="0"))
    op.create_index(op.f(WIDE), "order_lines", ["company_id", "product_id", "warehouse_id", "back_ordered"])
    op.drop_index(op.f(NARROW), "order_lines")
    with op.batch_alter_table("order_lines", table_kwargs=KEPT) as lines:
        lines.create_foreign_key(op.f(PLACE), "warehouses", ["company_id", "warehouse_id"], ["company_id", "id"])
    op.create_table(
        "order_revisions",
        sa.Column("company_id", KEY, autoincrement=False, nullable=False),
        sa.Column("order_id", KEY, autoincrement=False, nullable=False),
        sa.Column("number", COUNTER, autoincrement=False, nullable=False),
        sa.Column("reason", text(200), nullable=False),
        sa.Column("actor_id", KEY, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("content", JSON_TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "order_id"],
            ["orders.company_id", "orders.id"],
            name=op.f("fk_order_revisions_company_id_order_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("company_id", "order_id", "number", name=op.f("pk_order_revisions")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Take them away; stock and what was shipped and invoiced stay as they are."""
    op.drop_table("order_revisions")
    op.create_index(op.f(NARROW), "order_lines", ["company_id", "product_id"])
    op.drop_index(op.f(WIDE), "order_lines")
    with op.batch_alter_table("order_lines", table_kwargs=KEPT) as lines:
        lines.drop_constraint(op.f(PLACE), type_="foreignkey")
        for column in ("warehouse_id", "reserved", "back_ordered"):
            lines.drop_column(column)
    op.drop_column("orders", "billed")
    op.drop_column("stock_levels", "available")
    op.drop_column("stock_levels", "reserved")
