"""The catalogue in depth: prices, VAT rates, units, barcodes, categories, variants, kits, suppliers' prices."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.infrastructure.database.types import COUNTER, DAY, FLAG, KEY, PRICE, QUANTITY, RATE, identity, text

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

LINES = ("order_lines", "invoice_lines")


def _key(table: str, here: str, there: str, column: str = "id", **options: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_company_id_{here}")
    target = [f"{there}.company_id", f"{there}.{column}"]
    return sa.ForeignKeyConstraint(["company_id", here], target, name=name, **options)


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name=op.f(f"uq_{table}_{'_'.join(columns)}"))


def _record(table: str, *items: sa.schema.SchemaItem) -> None:
    """Make a table of things with an id of their own."""
    op.create_table(
        table,
        identity(),
        sa.Column("company_id", KEY, nullable=False),
        *items,
        sa.Column("version", COUNTER, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f(f"fk_{table}_company_id")),
        sqlite_autoincrement=True,
    )


def _parts(table: str, owner: str, owners: str, *items: sa.schema.SchemaItem, **options: str) -> None:
    """Make a table of what hangs on another's rows, in order."""
    op.create_table(
        table,
        sa.Column("company_id", KEY, autoincrement=False, nullable=False),
        sa.Column(owner, KEY, autoincrement=False, nullable=False),
        sa.Column("position", COUNTER, autoincrement=False, nullable=False),
        *items,
        sa.PrimaryKeyConstraint("company_id", owner, "position", name=op.f(f"pk_{table}")),
        _key(table, owner, owners, **options),
        sqlite_with_rowid=False,
    )


def _index(table: str, *columns: str) -> None:
    op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, list(columns))


def upgrade() -> None:
    """Make the tables, then the columns of products, third parties and lines that name them."""
    _record(
        "units",
        sa.Column("code", text(8), nullable=False),
        sa.Column("name", text(100), nullable=False),
        sa.Column("dimension", text(32), nullable=False),
        sa.Column("factor", RATE, nullable=False),
        sa.Column("decimals", COUNTER, nullable=False),
        _unique("units", "company_id", "code"),
        sa.CheckConstraint(
            "dimension IN ('count', 'mass', 'length', 'area', 'volume', 'time', 'energy')",
            name=op.f("ck_units_dimension"),
        ),
    )
    _record(
        "vat_rates",
        sa.Column("country", text(2), nullable=False),
        sa.Column("category", text(20), nullable=False),
        sa.Column("rate", RATE, nullable=False),
        sa.Column("valid_from", DAY, nullable=False),
        sa.Column("valid_until", DAY),
        _unique("vat_rates", "company_id", "country", "category", "valid_from"),
    )
    _record(
        "price_lists",
        sa.Column("name", text(100), nullable=False),
        sa.Column("currency", text(3), nullable=False),
        sa.Column("includes_vat", FLAG, nullable=False),
        sa.Column("valid_from", DAY),
        sa.Column("valid_until", DAY),
        _unique("price_lists", "company_id", "id"),
        _unique("price_lists", "company_id", "name"),
    )
    _record(
        "categories",
        sa.Column("kind", text(32), nullable=False),
        sa.Column("name", text(100), nullable=False),
        sa.Column("parent_id", KEY),
        _unique("categories", "company_id", "id"),
        _unique("categories", "company_id", "kind", "parent_id", "name"),
        _key("categories", "parent_id", "categories"),
        sa.CheckConstraint("kind IN ('product', 'customer')", name=op.f("ck_categories_kind")),
    )
    _index("categories", "company_id", "parent_id")
    _record(
        "attributes",
        sa.Column("name", text(100), nullable=False),
        _unique("attributes", "company_id", "id"),
        _unique("attributes", "company_id", "name"),
    )
    _columns()
    _hanging()
    _record(
        "prices",
        sa.Column("price_list_id", KEY),
        sa.Column("party_id", KEY),
        sa.Column("product_id", KEY, nullable=False),
        sa.Column("min_quantity", QUANTITY, nullable=False),
        sa.Column("price", PRICE),
        sa.Column("discount", RATE),
        sa.Column("currency", text(3)),
        sa.Column("includes_vat", FLAG, nullable=False),
        sa.Column("valid_from", DAY),
        sa.Column("valid_until", DAY),
        _unique("prices", "company_id", "price_list_id", "product_id", "min_quantity"),
        _unique("prices", "company_id", "party_id", "product_id", "min_quantity"),
        _key("prices", "price_list_id", "price_lists"),
        _key("prices", "party_id", "third_parties"),
        _key("prices", "product_id", "products"),
    )


def _columns() -> None:
    with op.batch_alter_table("products", table_kwargs={"sqlite_autoincrement": True}) as batch:
        batch.alter_column("vat_rate", existing_type=RATE, nullable=True)
        batch.add_column(sa.Column("gross_unit_price", PRICE))
        batch.add_column(sa.Column("vat_category", text(20)))
        batch.add_column(sa.Column("unit", text(8)))
        batch.add_column(sa.Column("kit", FLAG, nullable=False, server_default=sa.false()))
        batch.add_column(sa.Column("parent_id", KEY))
        batch.add_column(sa.Column("combination", text(300)))
        batch.create_unique_constraint(
            op.f("uq_products_company_id_parent_id_combination"), ["company_id", "parent_id", "combination"]
        )
        batch.create_foreign_key(
            op.f("fk_products_company_id_parent_id"), "products", ["company_id", "parent_id"], ["company_id", "id"]
        )
        batch.create_foreign_key(
            op.f("fk_products_company_id_unit"), "units", ["company_id", "unit"], ["company_id", "code"]
        )
    with op.batch_alter_table("third_parties", table_kwargs={"sqlite_autoincrement": True}) as batch:
        batch.add_column(sa.Column("price_list_id", KEY))
        batch.create_foreign_key(
            op.f("fk_third_parties_company_id_price_list_id"),
            "price_lists",
            ["company_id", "price_list_id"],
            ["company_id", "id"],
        )
    for table in LINES:
        op.add_column(table, sa.Column("unit", text(8)))
        op.add_column(table, sa.Column("entered_quantity", QUANTITY))
        op.add_column(table, sa.Column("kit_position", COUNTER))


def _hanging() -> None:
    _parts(
        "attribute_values",
        "attribute_id",
        "attributes",
        sa.Column("value", text(40), nullable=False),
        sa.Column("price_extra", PRICE, nullable=False),
        _unique("attribute_values", "company_id", "attribute_id", "value"),
        ondelete="CASCADE",
    )
    _parts(
        "product_values",
        "product_id",
        "products",
        sa.Column("attribute_id", KEY, nullable=False),
        sa.Column("value", text(40), nullable=False),
        _key("product_values", "attribute_id", "attributes"),
    )
    _parts(
        "product_barcodes",
        "product_id",
        "products",
        sa.Column("code", text(14), nullable=False),
        sa.Column("gtin", text(14), nullable=False),
        _unique("product_barcodes", "company_id", "gtin"),
    )
    _parts(
        "product_packagings",
        "product_id",
        "products",
        sa.Column("unit", text(8), nullable=False),
        sa.Column("quantity", QUANTITY, nullable=False),
        _key("product_packagings", "unit", "units", "code"),
    )
    _parts(
        "product_components",
        "product_id",
        "products",
        sa.Column("component_id", KEY, nullable=False),
        sa.Column("quantity", QUANTITY, nullable=False),
        _key("product_components", "component_id", "products"),
    )
    _parts(
        "product_suppliers",
        "product_id",
        "products",
        sa.Column("supplier_id", KEY, nullable=False),
        sa.Column("ref", text(60), nullable=False),
        sa.Column("price", PRICE, nullable=False),
        sa.Column("currency", text(3), nullable=False),
        sa.Column("min_quantity", QUANTITY, nullable=False),
        sa.Column("lead_days", COUNTER, nullable=False),
        _key("product_suppliers", "supplier_id", "third_parties"),
    )
    _index("product_suppliers", "company_id", "supplier_id")
    for owner, owners, table in (
        ("product_id", "products", "product_categories"),
        ("party_id", "third_parties", "party_categories"),
    ):
        category = sa.Column("category_id", KEY, nullable=False)
        _parts(table, owner, owners, category, _key(table, "category_id", "categories"))
        _index(table, "company_id", "category_id", owner)


def downgrade() -> None:
    """Drop it all; a product without a rate of its own is left with 0 %."""
    op.drop_table("prices")
    for table in (
        "party_categories",
        "product_categories",
        "product_suppliers",
        "product_components",
        "product_packagings",
        "product_barcodes",
        "product_values",
        "attribute_values",
    ):
        op.drop_table(table)
    for table in LINES:
        for column in ("kit_position", "entered_quantity", "unit"):
            op.drop_column(table, column)
    with op.batch_alter_table("third_parties", table_kwargs={"sqlite_autoincrement": True}) as batch:
        batch.drop_constraint(op.f("fk_third_parties_company_id_price_list_id"), type_="foreignkey")
        batch.drop_column("price_list_id")
    op.execute("UPDATE products SET vat_rate = 0 WHERE vat_rate IS NULL")
    with op.batch_alter_table("products", table_kwargs={"sqlite_autoincrement": True}) as batch:
        batch.drop_constraint(op.f("fk_products_company_id_unit"), type_="foreignkey")
        batch.drop_constraint(op.f("fk_products_company_id_parent_id"), type_="foreignkey")
        batch.drop_constraint(op.f("uq_products_company_id_parent_id_combination"), type_="unique")
        for column in ("combination", "parent_id", "kit", "unit", "vat_category", "gross_unit_price"):
            batch.drop_column(column)
        batch.alter_column("vat_rate", existing_type=RATE, nullable=False)
    for table in ("attributes", "categories", "price_lists", "vat_rates", "units"):
        op.drop_table(table)
