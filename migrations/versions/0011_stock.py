"""Stock in depth: transfers, locations, lots, minimum stock, inventories."""

from __future__ import annotations

from contextlib import AbstractContextManager

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations

from app.infrastructure.database.types import AMOUNT, COUNTER, DAY, FLAG, INSTANT, KEY, QUANTITY, identity, text

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

KINDS = "'receive', 'debit', 'count', 'shipment'"
TRACKED = ("products", "stock_costs")
NEW = (
    "stock_transfers",
    "stock_transfer_lines",
    "locations",
    "stock_places",
    "stock_rules",
    "lots",
    "lot_levels",
    "inventories",
    "inventory_lines",
    "inventory_counts",
    "movement_lots",
)
MINE = ("company_id", "id")


def upgrade() -> None:
    for table in TRACKED:
        _add_tracking(table)
    op.add_column("stock_levels", sa.Column("minimum", QUANTITY))
    op.create_table(
        "stock_transfers",
        identity(),
        sa.Column("company_id", KEY, nullable=False),
        sa.Column("ref", text(60), nullable=False),
        sa.Column("from_warehouse_id", KEY, nullable=False),
        sa.Column("to_warehouse_id", KEY, nullable=False),
        sa.Column("date", DAY, nullable=False),
        sa.Column("reason", text(200), nullable=False),
        sa.Column("value", AMOUNT, nullable=False),
        sa.Column("version", COUNTER, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_transfers")),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_stock_transfers_company_id")),
        sa.ForeignKeyConstraint(
            ["company_id", "from_warehouse_id"],
            ["warehouses.company_id", "warehouses.id"],
            name=op.f("fk_stock_transfers_company_id_from_warehouse_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "to_warehouse_id"],
            ["warehouses.company_id", "warehouses.id"],
            name=op.f("fk_stock_transfers_company_id_to_warehouse_id"),
        ),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_stock_transfers_company_id_id")),
        sa.UniqueConstraint("company_id", "ref", name=op.f("uq_stock_transfers_company_id_ref")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_stock_transfers_company_id_date_id"), "stock_transfers", ["company_id", "date", "id"])
    op.create_table(
        "stock_transfer_lines",
        sa.Column("company_id", KEY, autoincrement=False, nullable=False),
        sa.Column("stock_transfer_id", KEY, autoincrement=False, nullable=False),
        sa.Column("position", COUNTER, autoincrement=False, nullable=False),
        sa.Column("product_id", KEY, nullable=False),
        sa.Column("quantity", QUANTITY, nullable=False),
        sa.Column("value", AMOUNT, nullable=False),
        sa.PrimaryKeyConstraint("company_id", "stock_transfer_id", "position", name=op.f("pk_stock_transfer_lines")),
        sa.ForeignKeyConstraint(
            ["company_id", "product_id"],
            ["products.company_id", "products.id"],
            name=op.f("fk_stock_transfer_lines_company_id_product_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "stock_transfer_id"],
            ["stock_transfers.company_id", "stock_transfers.id"],
            name=op.f("fk_stock_transfer_lines_company_id_stock_transfer_id"),
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "locations",
        identity(),
        sa.Column("company_id", KEY, nullable=False),
        sa.Column("warehouse_id", KEY, nullable=False),
        sa.Column("parent_id", KEY),
        sa.Column("code", text(60), nullable=False),
        sa.Column("name", text(200), nullable=False),
        sa.Column("archived", FLAG, nullable=False),
        sa.Column("version", COUNTER, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_locations")),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_locations_company_id")),
        sa.ForeignKeyConstraint(
            ["company_id", "parent_id"],
            ["locations.company_id", "locations.id"],
            name=op.f("fk_locations_company_id_parent_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "warehouse_id"],
            ["warehouses.company_id", "warehouses.id"],
            name=op.f("fk_locations_company_id_warehouse_id"),
        ),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_locations_company_id_id")),
        sa.UniqueConstraint(
            "company_id", "warehouse_id", "code", name=op.f("uq_locations_company_id_warehouse_id_code")
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "stock_places",
        sa.Column("company_id", KEY, autoincrement=False, nullable=False),
        sa.Column("warehouse_id", KEY, autoincrement=False, nullable=False),
        sa.Column("product_id", KEY, autoincrement=False, nullable=False),
        sa.Column("location_id", KEY, nullable=False),
        sa.PrimaryKeyConstraint("company_id", "warehouse_id", "product_id", name=op.f("pk_stock_places")),
        sa.ForeignKeyConstraint(
            ["company_id", "location_id"],
            ["locations.company_id", "locations.id"],
            name=op.f("fk_stock_places_company_id_location_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "product_id"],
            ["products.company_id", "products.id"],
            name=op.f("fk_stock_places_company_id_product_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "warehouse_id"],
            ["warehouses.company_id", "warehouses.id"],
            name=op.f("fk_stock_places_company_id_warehouse_id"),
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_stock_places_company_id_location_id_product_id"),
        "stock_places",
        ["company_id", "location_id", "product_id"],
    )
    op.create_table(
        "stock_rules",
        identity(),
        sa.Column("company_id", KEY, nullable=False),
        sa.Column("warehouse_id", KEY, nullable=False),
        sa.Column("product_id", KEY, nullable=False),
        sa.Column("minimum", QUANTITY, nullable=False),
        sa.Column("desired", QUANTITY, nullable=False),
        sa.Column("version", COUNTER, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_rules")),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_stock_rules_company_id")),
        sa.ForeignKeyConstraint(
            ["company_id", "warehouse_id", "product_id"],
            ["stock_levels.company_id", "stock_levels.warehouse_id", "stock_levels.product_id"],
            name=op.f("fk_stock_rules_company_id_warehouse_id_product_id"),
        ),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_stock_rules_company_id_id")),
        sa.UniqueConstraint(
            "company_id", "warehouse_id", "product_id", name=op.f("uq_stock_rules_company_id_warehouse_id_product_id")
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "lots",
        identity(),
        sa.Column("company_id", KEY, nullable=False),
        sa.Column("product_id", KEY, nullable=False),
        sa.Column("code", text(60), nullable=False),
        sa.Column("expires_on", DAY),
        sa.Column("made_on", DAY),
        sa.Column("blocked", FLAG, nullable=False),
        sa.Column("version", COUNTER, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lots")),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_lots_company_id")),
        sa.ForeignKeyConstraint(
            ["company_id", "product_id"],
            ["products.company_id", "products.id"],
            name=op.f("fk_lots_company_id_product_id"),
        ),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_lots_company_id_id")),
        sa.UniqueConstraint("company_id", "product_id", "code", name=op.f("uq_lots_company_id_product_id_code")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_lots_company_id_expires_on_id"), "lots", ["company_id", "expires_on", "id"])
    op.create_table(
        "lot_levels",
        sa.Column("company_id", KEY, autoincrement=False, nullable=False),
        sa.Column("warehouse_id", KEY, autoincrement=False, nullable=False),
        sa.Column("product_id", KEY, autoincrement=False, nullable=False),
        sa.Column("lot_id", KEY, autoincrement=False, nullable=False),
        sa.Column("quantity", QUANTITY, nullable=False),
        sa.PrimaryKeyConstraint("company_id", "warehouse_id", "product_id", "lot_id", name=op.f("pk_lot_levels")),
        sa.ForeignKeyConstraint(
            ["company_id", "lot_id"], ["lots.company_id", "lots.id"], name=op.f("fk_lot_levels_company_id_lot_id")
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "warehouse_id", "product_id"],
            ["stock_levels.company_id", "stock_levels.warehouse_id", "stock_levels.product_id"],
            name=op.f("fk_lot_levels_company_id_warehouse_id_product_id"),
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_lot_levels_company_id_lot_id"), "lot_levels", ["company_id", "lot_id"])
    op.create_table(
        "inventories",
        identity(),
        sa.Column("company_id", KEY, nullable=False),
        sa.Column("ref", text(60)),
        sa.Column("warehouse_id", KEY, nullable=False),
        sa.Column("location_id", KEY),
        sa.Column("date", DAY, nullable=False),
        sa.Column("note", text(200), nullable=False),
        sa.Column("blind", FLAG, nullable=False),
        sa.Column("zero_uncounted", FLAG, nullable=False),
        sa.Column("status", text(32), nullable=False),
        sa.Column("value", AMOUNT),
        sa.Column("version", COUNTER, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inventories")),
        sa.CheckConstraint("status IN ('draft', 'open', 'posted', 'canceled')", name=op.f("ck_inventories_status")),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_inventories_company_id")),
        sa.ForeignKeyConstraint(
            ["company_id", "location_id"],
            ["locations.company_id", "locations.id"],
            name=op.f("fk_inventories_company_id_location_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "warehouse_id"],
            ["warehouses.company_id", "warehouses.id"],
            name=op.f("fk_inventories_company_id_warehouse_id"),
        ),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_inventories_company_id_id")),
        sa.UniqueConstraint("company_id", "ref", name=op.f("uq_inventories_company_id_ref")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_inventories_company_id_date_id"), "inventories", ["company_id", "date", "id"])
    op.create_table(
        "inventory_lines",
        sa.Column("company_id", KEY, autoincrement=False, nullable=False),
        sa.Column("inventory_id", KEY, autoincrement=False, nullable=False),
        sa.Column("position", COUNTER, autoincrement=False, nullable=False),
        sa.Column("product_id", KEY, nullable=False),
        sa.Column("lot_id", KEY),
        sa.Column("location_id", KEY),
        sa.Column("expected", QUANTITY),
        sa.Column("booked", QUANTITY),
        sa.Column("counted", QUANTITY),
        sa.Column("counted_by", KEY),
        sa.Column("counted_at", INSTANT),
        sa.Column("variance", QUANTITY),
        sa.Column("value", AMOUNT),
        sa.PrimaryKeyConstraint("company_id", "inventory_id", "position", name=op.f("pk_inventory_lines")),
        sa.ForeignKeyConstraint(
            ["company_id", "inventory_id"],
            ["inventories.company_id", "inventories.id"],
            name=op.f("fk_inventory_lines_company_id_inventory_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "location_id"],
            ["locations.company_id", "locations.id"],
            name=op.f("fk_inventory_lines_company_id_location_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "lot_id"], ["lots.company_id", "lots.id"], name=op.f("fk_inventory_lines_company_id_lot_id")
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "product_id"],
            ["products.company_id", "products.id"],
            name=op.f("fk_inventory_lines_company_id_product_id"),
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "inventory_counts",
        identity(),
        sa.Column("company_id", KEY, nullable=False),
        sa.Column("inventory_id", KEY, nullable=False),
        sa.Column("position", COUNTER, nullable=False),
        sa.Column("quantity", QUANTITY, nullable=False),
        sa.Column("counted_by", KEY, nullable=False),
        sa.Column("counted_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inventory_counts")),
        sa.ForeignKeyConstraint(
            ["company_id", "inventory_id", "position"],
            ["inventory_lines.company_id", "inventory_lines.inventory_id", "inventory_lines.position"],
            name=op.f("fk_inventory_counts_company_id_inventory_id_position"),
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_inventory_counts_company_id_inventory_id_id"), "inventory_counts", ["company_id", "inventory_id", "id"]
    )
    _upgrade_movements()
    op.create_table(
        "movement_lots",
        sa.Column("company_id", KEY, autoincrement=False, nullable=False),
        sa.Column("movement_id", KEY, autoincrement=False, nullable=False),
        sa.Column("lot_id", KEY, autoincrement=False, nullable=False),
        sa.Column("quantity", QUANTITY, nullable=False),
        sa.PrimaryKeyConstraint("company_id", "movement_id", "lot_id", name=op.f("pk_movement_lots")),
        sa.ForeignKeyConstraint(
            ["company_id", "lot_id"], ["lots.company_id", "lots.id"], name=op.f("fk_movement_lots_company_id_lot_id")
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "movement_id"],
            ["stock_movements.company_id", "stock_movements.id"],
            name=op.f("fk_movement_lots_company_id_movement_id"),
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_movement_lots_company_id_lot_id_movement_id"), "movement_lots", ["company_id", "lot_id", "movement_id"]
    )


def downgrade() -> None:
    """Forget lots, places, sessions and rules; what transfers moved stays moved, as a debit and a receipt."""
    op.drop_table("movement_lots")
    _downgrade_movements()
    for table in reversed(NEW[:-1]):
        op.drop_table(table)
    op.drop_column("stock_levels", "minimum")
    for table in TRACKED:
        _drop_tracking(table)


def _upgrade_movements() -> None:
    op.drop_index(op.f("ix_stock_movements_company_id_id"), "stock_movements")
    with _movements() as batch:
        batch.drop_constraint(op.f("ck_stock_movements_kind"), type_="check")
        batch.create_check_constraint(op.f("ck_stock_movements_kind"), f"kind IN ({KINDS}, 'transfer')")
        batch.create_unique_constraint(op.f("uq_stock_movements_company_id_id"), list(MINE))
        for name, table in (("transfer_id", "stock_transfers"), ("inventory_id", "inventories")):
            batch.add_column(sa.Column(name, KEY))
            key = op.f(f"fk_stock_movements_company_id_{name}")
            batch.create_foreign_key(key, table, ["company_id", name], list(MINE))
    sums = ["company_id", "product_id", "warehouse_id", "date", "quantity", "value"]
    op.create_index(op.f("ix_stock_movements_sums"), "stock_movements", sums)


def _downgrade_movements() -> None:
    moved = "UPDATE stock_movements SET kind = CASE WHEN quantity < 0 THEN 'debit' ELSE 'receive' END"
    op.execute(f"{moved} WHERE kind = 'transfer'")
    op.drop_index(op.f("ix_stock_movements_sums"), "stock_movements")
    with _movements() as batch:
        for name in ("transfer_id", "inventory_id"):
            batch.drop_constraint(op.f(f"fk_stock_movements_company_id_{name}"), type_="foreignkey")
    with _movements() as batch:
        batch.drop_constraint(op.f("ck_stock_movements_kind"), type_="check")
        batch.create_check_constraint(op.f("ck_stock_movements_kind"), f"kind IN ({KINDS})")
        batch.drop_constraint(op.f("uq_stock_movements_company_id_id"), type_="unique")
        for name in ("transfer_id", "inventory_id"):
            batch.drop_column(name)
    op.create_index(op.f("ix_stock_movements_company_id_id"), "stock_movements", ["company_id", "id"])


def _movements() -> AbstractContextManager[BatchOperations]:
    """Give the ledger to be altered; SQLite makes it anew, its ids counting on."""
    return op.batch_alter_table("stock_movements", table_kwargs={"sqlite_autoincrement": True})


def _add_tracking(table: str) -> None:
    check = f"CONSTRAINT ck_{table}_tracking CHECK (tracking IN ('none', 'lot', 'serial'))"
    if op.get_bind().dialect.name == "sqlite":
        # Only so can SQLite add a column with its check to a table that others refer to.
        op.execute(f"ALTER TABLE {table} ADD COLUMN tracking VARCHAR(32) DEFAULT 'none' NOT NULL {check}")
        return
    op.add_column(table, sa.Column("tracking", text(32), nullable=False, server_default=sa.text("'none'")))
    op.execute(f"ALTER TABLE {table} ADD {check}")


def _drop_tracking(table: str) -> None:
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint(op.f(f"ck_{table}_tracking"), table, type_="check")
    op.drop_column(table, "tracking")
