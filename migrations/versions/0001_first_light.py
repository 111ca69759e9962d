"""Companies, people and rights; third parties, products, stock; orders, shipments, invoices, payments."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.infrastructure.database.types import (
    AMOUNT,
    BYTES,
    COUNTER,
    DAY,
    FLAG,
    INSTANT,
    JSON_TEXT,
    KEY,
    LONG_TEXT,
    PRICE,
    QUANTITY,
    RATE,
    UUID_KEY,
    identity,
    text,
)

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:  # noqa: PLR0915 - one statement for each table and index
    op.create_table(
        "answers",
        sa.Column("company_id", KEY, autoincrement=False, nullable=False),
        sa.Column("actor_id", KEY, autoincrement=False, nullable=False),
        sa.Column("route", text(200), autoincrement=False, nullable=False),
        sa.Column("key", text(255), autoincrement=False, nullable=False),
        sa.Column("body_hash", text(64), nullable=False),
        sa.Column("body", BYTES, nullable=False),
        sa.Column("version", COUNTER),
        sa.Column("location", text(300)),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("company_id", "actor_id", "route", "key", name=op.f("pk_answers")),
    )
    op.create_index(op.f("ix_answers_expires_at"), "answers", ["expires_at"])
    op.create_table(
        "companies",
        identity(),
        sa.Column("name", text(200), nullable=False),
        sa.Column("country", text(2), nullable=False),
        sa.Column("settings", JSON_TEXT, nullable=False),
        sa.Column("settings_version", COUNTER, nullable=False),
        sa.Column("version", COUNTER, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_companies")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "outbox",
        sa.Column("id", UUID_KEY, autoincrement=False, nullable=False),
        sa.Column("company_id", KEY, nullable=False),
        sa.Column("name", text(100), nullable=False),
        sa.Column("aggregate", text(50), nullable=False),
        sa.Column("aggregate_id", KEY, nullable=False),
        sa.Column("actor_id", KEY, nullable=False),
        sa.Column("request_id", text(64), nullable=False),
        sa.Column("payload", JSON_TEXT, nullable=False),
        sa.Column("occurred_at", INSTANT, nullable=False),
        sa.Column("dispatched_at", INSTANT),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    op.create_index(op.f("ix_outbox_dispatched_at_id"), "outbox", ["dispatched_at", "id"])
    op.create_table(
        "series",
        sa.Column("company_id", KEY, autoincrement=False, nullable=False),
        sa.Column("kind", text(32), autoincrement=False, nullable=False),
        sa.Column("period", text(16), autoincrement=False, nullable=False),
        sa.Column("next", COUNTER, nullable=False),
        sa.Column("last_date", DAY),
        sa.Column("last_hash", text(64), nullable=False),
        sa.PrimaryKeyConstraint("company_id", "kind", "period", name=op.f("pk_series")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "users",
        identity(),
        sa.Column("email", text(254), nullable=False),
        sa.Column("name", text(200), nullable=False),
        sa.Column("password_hash", text(255), nullable=False),
        sa.Column("locale", text(16), nullable=False),
        sa.Column("active", FLAG, nullable=False),
        sa.Column("version", COUNTER, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "memberships",
        sa.Column("user_id", KEY, autoincrement=False, nullable=False),
        sa.Column("company_id", KEY, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "company_id", name=op.f("pk_memberships")),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_memberships_company_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_memberships_user_id")),
    )
    op.create_table(
        "products",
        identity(),
        sa.Column("company_id", KEY, nullable=False),
        sa.Column("ref", text(60), nullable=False),
        sa.Column("name", text(200), nullable=False),
        sa.Column("kind", text(32), nullable=False),
        sa.Column("description", LONG_TEXT, nullable=False),
        sa.Column("unit_price", PRICE, nullable=False),
        sa.Column("cost_price", PRICE, nullable=False),
        sa.Column("vat_rate", RATE, nullable=False),
        sa.Column("archived", FLAG, nullable=False),
        sa.Column("version", COUNTER, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_products")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_products_company_id_id")),
        sa.UniqueConstraint("company_id", "ref", name=op.f("uq_products_company_id_ref")),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_products_company_id")),
        sa.CheckConstraint("kind IN ('goods', 'service')", name=op.f("ck_products_kind")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_products_company_id_name_id"), "products", ["company_id", "name", "id"])
    op.create_index(op.f("ix_products_company_id_unit_price_id"), "products", ["company_id", "unit_price", "id"])
    op.create_table(
        "roles",
        identity(),
        sa.Column("company_id", KEY, nullable=False),
        sa.Column("name", text(100), nullable=False),
        sa.Column("rights", JSON_TEXT, nullable=False),
        sa.Column("version", COUNTER, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roles")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_roles_company_id_id")),
        sa.UniqueConstraint("company_id", "name", name=op.f("uq_roles_company_id_name")),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_roles_company_id")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "third_parties",
        identity(),
        sa.Column("company_id", KEY, nullable=False),
        sa.Column("name", text(200), nullable=False),
        sa.Column("customer", FLAG, nullable=False),
        sa.Column("supplier", FLAG, nullable=False),
        sa.Column("customer_code", text(40)),
        sa.Column("supplier_code", text(40)),
        sa.Column("email", text(254)),
        sa.Column("phone", text(40)),
        sa.Column("tax_id", text(40)),
        sa.Column("street", text(300), nullable=False),
        sa.Column("postal_code", text(20), nullable=False),
        sa.Column("city", text(100), nullable=False),
        sa.Column("region", text(100), nullable=False),
        sa.Column("country", text(2), nullable=False),
        sa.Column("payment_days", COUNTER),
        sa.Column("archived", FLAG, nullable=False),
        sa.Column("version", COUNTER, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_third_parties")),
        sa.UniqueConstraint("company_id", "customer_code", name=op.f("uq_third_parties_company_id_customer_code")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_third_parties_company_id_id")),
        sa.UniqueConstraint("company_id", "supplier_code", name=op.f("uq_third_parties_company_id_supplier_code")),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_third_parties_company_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_third_parties_company_id_name_id"), "third_parties", ["company_id", "name", "id"])
    op.create_table(
        "warehouses",
        identity(),
        sa.Column("company_id", KEY, nullable=False),
        sa.Column("ref", text(60), nullable=False),
        sa.Column("name", text(200), nullable=False),
        sa.Column("allow_negative", FLAG, nullable=False),
        sa.Column("archived", FLAG, nullable=False),
        sa.Column("version", COUNTER, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_warehouses")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_warehouses_company_id_id")),
        sa.UniqueConstraint("company_id", "ref", name=op.f("uq_warehouses_company_id_ref")),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_warehouses_company_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_warehouses_company_id_name_id"), "warehouses", ["company_id", "name", "id"])
    op.create_table(
        "membership_roles",
        sa.Column("user_id", KEY, autoincrement=False, nullable=False),
        sa.Column("company_id", KEY, autoincrement=False, nullable=False),
        sa.Column("role_id", KEY, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "company_id", "role_id", name=op.f("pk_membership_roles")),
        sa.ForeignKeyConstraint(
            ["company_id", "role_id"],
            ["roles.company_id", "roles.id"],
            name=op.f("fk_membership_roles_company_id_role_id"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "company_id"],
            ["memberships.user_id", "memberships.company_id"],
            name=op.f("fk_membership_roles_user_id_company_id"),
        ),
    )
    op.create_table(
        "orders",
        identity(),
        sa.Column("company_id", KEY, nullable=False),
        sa.Column("ref", text(60)),
        sa.Column("party_id", KEY, nullable=False),
        sa.Column("date", DAY, nullable=False),
        sa.Column("version", COUNTER, nullable=False),
        sa.Column("currency", text(3), nullable=False),
        sa.Column("rate", RATE, nullable=False),
        sa.Column("company_currency", text(3), nullable=False),
        sa.Column("vat_mode", text(32), nullable=False),
        sa.Column("note", LONG_TEXT, nullable=False),
        sa.Column("total_net", AMOUNT, nullable=False),
        sa.Column("total_vat", AMOUNT, nullable=False),
        sa.Column("total_gross", AMOUNT, nullable=False),
        sa.Column("company_net", AMOUNT, nullable=False),
        sa.Column("company_vat", AMOUNT, nullable=False),
        sa.Column("company_gross", AMOUNT, nullable=False),
        sa.Column("external_ref", text(60)),
        sa.Column("delivery_date", DAY),
        sa.Column("status", text(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.UniqueConstraint("company_id", "external_ref", name=op.f("uq_orders_company_id_external_ref")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_orders_company_id_id")),
        sa.UniqueConstraint("company_id", "ref", name=op.f("uq_orders_company_id_ref")),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_orders_company_id")),
        sa.ForeignKeyConstraint(
            ["company_id", "party_id"],
            ["third_parties.company_id", "third_parties.id"],
            name=op.f("fk_orders_company_id_party_id"),
        ),
        sa.CheckConstraint(
            "status IN ('draft', 'validated', 'in_shipment', 'delivered', 'canceled')", name=op.f("ck_orders_status")
        ),
        sa.CheckConstraint("vat_mode IN ('per_rate', 'per_line')", name=op.f("ck_orders_vat_mode")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_orders_company_id_date_id"), "orders", ["company_id", "date", "id"])
    op.create_index(op.f("ix_orders_company_id_party_id_id"), "orders", ["company_id", "party_id", "id"])
    op.create_index(op.f("ix_orders_company_id_status_id"), "orders", ["company_id", "status", "id"])
    op.create_index(op.f("ix_orders_company_id_total_gross_id"), "orders", ["company_id", "total_gross", "id"])
    op.create_table(
        "payments",
        identity(),
        sa.Column("company_id", KEY, nullable=False),
        sa.Column("ref", text(60)),
        sa.Column("party_id", KEY, nullable=False),
        sa.Column("date", DAY, nullable=False),
        sa.Column("version", COUNTER, nullable=False),
        sa.Column("method", text(32), nullable=False),
        sa.Column("currency", text(3), nullable=False),
        sa.Column("rate", RATE, nullable=False),
        sa.Column("company_currency", text(3), nullable=False),
        sa.Column("amount", AMOUNT, nullable=False),
        sa.Column("company_amount", AMOUNT, nullable=False),
        sa.Column("number", COUNTER),
        sa.Column("period", text(10)),
        sa.Column("link", text(64)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payments")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_payments_company_id_id")),
        sa.UniqueConstraint("company_id", "period", "number", name=op.f("uq_payments_company_id_period_number")),
        sa.UniqueConstraint("company_id", "ref", name=op.f("uq_payments_company_id_ref")),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_payments_company_id")),
        sa.ForeignKeyConstraint(
            ["company_id", "party_id"],
            ["third_parties.company_id", "third_parties.id"],
            name=op.f("fk_payments_company_id_party_id"),
        ),
        sa.CheckConstraint(
            "method IN ('transfer', 'card', 'cash', 'cheque', 'direct_debit')", name=op.f("ck_payments_method")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_payments_company_id_amount_id"), "payments", ["company_id", "amount", "id"])
    op.create_index(op.f("ix_payments_company_id_date_id"), "payments", ["company_id", "date", "id"])
    op.create_index(op.f("ix_payments_company_id_party_id_id"), "payments", ["company_id", "party_id", "id"])
    op.create_table(
        "stock_costs",
        sa.Column("company_id", KEY, autoincrement=False, nullable=False),
        sa.Column("product_id", KEY, autoincrement=False, nullable=False),
        sa.Column("quantity", QUANTITY, nullable=False),
        sa.Column("value", AMOUNT, nullable=False),
        sa.Column("average", PRICE, nullable=False),
        sa.PrimaryKeyConstraint("company_id", "product_id", name=op.f("pk_stock_costs")),
        sa.ForeignKeyConstraint(
            ["company_id", "product_id"],
            ["products.company_id", "products.id"],
            name=op.f("fk_stock_costs_company_id_product_id"),
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "stock_levels",
        sa.Column("company_id", KEY, autoincrement=False, nullable=False),
        sa.Column("warehouse_id", KEY, autoincrement=False, nullable=False),
        sa.Column("product_id", KEY, autoincrement=False, nullable=False),
        sa.Column("quantity", QUANTITY, nullable=False),
        sa.PrimaryKeyConstraint("company_id", "warehouse_id", "product_id", name=op.f("pk_stock_levels")),
        sa.ForeignKeyConstraint(
            ["company_id", "product_id"],
            ["products.company_id", "products.id"],
            name=op.f("fk_stock_levels_company_id_product_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "warehouse_id"],
            ["warehouses.company_id", "warehouses.id"],
            name=op.f("fk_stock_levels_company_id_warehouse_id"),
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "invoices",
        identity(),
        sa.Column("company_id", KEY, nullable=False),
        sa.Column("ref", text(60)),
        sa.Column("party_id", KEY, nullable=False),
        sa.Column("date", DAY, nullable=False),
        sa.Column("version", COUNTER, nullable=False),
        sa.Column("currency", text(3), nullable=False),
        sa.Column("rate", RATE, nullable=False),
        sa.Column("company_currency", text(3), nullable=False),
        sa.Column("vat_mode", text(32), nullable=False),
        sa.Column("note", LONG_TEXT, nullable=False),
        sa.Column("total_net", AMOUNT, nullable=False),
        sa.Column("total_vat", AMOUNT, nullable=False),
        sa.Column("total_gross", AMOUNT, nullable=False),
        sa.Column("company_net", AMOUNT, nullable=False),
        sa.Column("company_vat", AMOUNT, nullable=False),
        sa.Column("company_gross", AMOUNT, nullable=False),
        sa.Column("order_id", KEY),
        sa.Column("due_date", DAY, nullable=False),
        sa.Column("status", text(32), nullable=False),
        sa.Column("abandon_reason", text(32)),
        sa.Column("paid", AMOUNT, nullable=False),
        sa.Column("company_paid", AMOUNT, nullable=False),
        sa.Column("number", COUNTER),
        sa.Column("period", text(10)),
        sa.Column("link", text(64)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoices")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_invoices_company_id_id")),
        sa.UniqueConstraint("company_id", "period", "number", name=op.f("uq_invoices_company_id_period_number")),
        sa.UniqueConstraint("company_id", "ref", name=op.f("uq_invoices_company_id_ref")),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_invoices_company_id")),
        sa.ForeignKeyConstraint(
            ["company_id", "order_id"], ["orders.company_id", "orders.id"], name=op.f("fk_invoices_company_id_order_id")
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "party_id"],
            ["third_parties.company_id", "third_parties.id"],
            name=op.f("fk_invoices_company_id_party_id"),
        ),
        sa.CheckConstraint(
            "abandon_reason IN ('badcustomer', 'abandon', 'replaced')", name=op.f("ck_invoices_abandon_reason")
        ),
        sa.CheckConstraint("status IN ('draft', 'validated', 'paid', 'abandoned')", name=op.f("ck_invoices_status")),
        sa.CheckConstraint("vat_mode IN ('per_rate', 'per_line')", name=op.f("ck_invoices_vat_mode")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_invoices_company_id_date_id"), "invoices", ["company_id", "date", "id"])
    op.create_index(op.f("ix_invoices_company_id_due_date_id"), "invoices", ["company_id", "due_date", "id"])
    op.create_index(op.f("ix_invoices_company_id_order_id"), "invoices", ["company_id", "order_id"])
    op.create_index(op.f("ix_invoices_company_id_party_id_id"), "invoices", ["company_id", "party_id", "id"])
    op.create_index(op.f("ix_invoices_company_id_status_id"), "invoices", ["company_id", "status", "id"])
    op.create_index(op.f("ix_invoices_company_id_total_gross_id"), "invoices", ["company_id", "total_gross", "id"])
    op.create_table(
        "order_lines",
        sa.Column("company_id", KEY, autoincrement=False, nullable=False),
        sa.Column("order_id", KEY, autoincrement=False, nullable=False),
        sa.Column("position", COUNTER, autoincrement=False, nullable=False),
        sa.Column("product_id", KEY),
        sa.Column("kind", text(32), nullable=False),
        sa.Column("description", LONG_TEXT, nullable=False),
        sa.Column("quantity", QUANTITY, nullable=False),
        sa.Column("unit_price", PRICE, nullable=False),
        sa.Column("discount", RATE, nullable=False),
        sa.Column("vat_rate", RATE, nullable=False),
        sa.Column("net", AMOUNT, nullable=False),
        sa.Column("company_net", AMOUNT, nullable=False),
        sa.Column("shipped", QUANTITY, nullable=False),
        sa.Column("invoiced", QUANTITY, nullable=False),
        sa.PrimaryKeyConstraint("company_id", "order_id", "position", name=op.f("pk_order_lines")),
        sa.ForeignKeyConstraint(
            ["company_id", "order_id"],
            ["orders.company_id", "orders.id"],
            name=op.f("fk_order_lines_company_id_order_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "product_id"],
            ["products.company_id", "products.id"],
            name=op.f("fk_order_lines_company_id_product_id"),
        ),
        sa.CheckConstraint("kind IN ('goods', 'service', 'freight')", name=op.f("ck_order_lines_kind")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_order_lines_company_id_product_id"), "order_lines", ["company_id", "product_id"])
    op.create_table(
        "shipments",
        identity(),
        sa.Column("company_id", KEY, nullable=False),
        sa.Column("ref", text(60)),
        sa.Column("party_id", KEY, nullable=False),
        sa.Column("date", DAY, nullable=False),
        sa.Column("version", COUNTER, nullable=False),
        sa.Column("order_id", KEY, nullable=False),
        sa.Column("warehouse_id", KEY, nullable=False),
        sa.Column("status", text(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipments")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_shipments_company_id_id")),
        sa.UniqueConstraint("company_id", "ref", name=op.f("uq_shipments_company_id_ref")),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_shipments_company_id")),
        sa.ForeignKeyConstraint(
            ["company_id", "order_id"],
            ["orders.company_id", "orders.id"],
            name=op.f("fk_shipments_company_id_order_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "party_id"],
            ["third_parties.company_id", "third_parties.id"],
            name=op.f("fk_shipments_company_id_party_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "warehouse_id"],
            ["warehouses.company_id", "warehouses.id"],
            name=op.f("fk_shipments_company_id_warehouse_id"),
        ),
        sa.CheckConstraint("status IN ('draft', 'validated', 'closed')", name=op.f("ck_shipments_status")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_shipments_company_id_date_id"), "shipments", ["company_id", "date", "id"])
    op.create_index(op.f("ix_shipments_company_id_order_id_id"), "shipments", ["company_id", "order_id", "id"])
    op.create_index(op.f("ix_shipments_company_id_party_id_id"), "shipments", ["company_id", "party_id", "id"])
    op.create_table(
        "invoice_lines",
        sa.Column("company_id", KEY, autoincrement=False, nullable=False),
        sa.Column("invoice_id", KEY, autoincrement=False, nullable=False),
        sa.Column("position", COUNTER, autoincrement=False, nullable=False),
        sa.Column("product_id", KEY),
        sa.Column("kind", text(32), nullable=False),
        sa.Column("description", LONG_TEXT, nullable=False),
        sa.Column("quantity", QUANTITY, nullable=False),
        sa.Column("unit_price", PRICE, nullable=False),
        sa.Column("discount", RATE, nullable=False),
        sa.Column("vat_rate", RATE, nullable=False),
        sa.Column("net", AMOUNT, nullable=False),
        sa.Column("company_net", AMOUNT, nullable=False),
        sa.Column("order_position", COUNTER),
        sa.PrimaryKeyConstraint("company_id", "invoice_id", "position", name=op.f("pk_invoice_lines")),
        sa.ForeignKeyConstraint(
            ["company_id", "invoice_id"],
            ["invoices.company_id", "invoices.id"],
            name=op.f("fk_invoice_lines_company_id_invoice_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "product_id"],
            ["products.company_id", "products.id"],
            name=op.f("fk_invoice_lines_company_id_product_id"),
        ),
        sa.CheckConstraint("kind IN ('goods', 'service', 'freight')", name=op.f("ck_invoice_lines_kind")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_invoice_lines_company_id_product_id"), "invoice_lines", ["company_id", "product_id"])
    op.create_table(
        "invoice_taxes",
        sa.Column("company_id", KEY, autoincrement=False, nullable=False),
        sa.Column("invoice_id", KEY, autoincrement=False, nullable=False),
        sa.Column("rate", RATE, autoincrement=False, nullable=False),
        sa.Column("base", AMOUNT, nullable=False),
        sa.Column("vat", AMOUNT, nullable=False),
        sa.PrimaryKeyConstraint("company_id", "invoice_id", "rate", name=op.f("pk_invoice_taxes")),
        sa.ForeignKeyConstraint(
            ["company_id", "invoice_id"],
            ["invoices.company_id", "invoices.id"],
            name=op.f("fk_invoice_taxes_company_id_invoice_id"),
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "payment_allocations",
        sa.Column("company_id", KEY, autoincrement=False, nullable=False),
        sa.Column("payment_id", KEY, autoincrement=False, nullable=False),
        sa.Column("position", COUNTER, autoincrement=False, nullable=False),
        sa.Column("invoice_id", KEY, nullable=False),
        sa.Column("kind", text(32), nullable=False),
        sa.Column("amount", AMOUNT, nullable=False),
        sa.Column("company_amount", AMOUNT, nullable=False),
        sa.PrimaryKeyConstraint("company_id", "payment_id", "position", name=op.f("pk_payment_allocations")),
        sa.ForeignKeyConstraint(
            ["company_id", "invoice_id"],
            ["invoices.company_id", "invoices.id"],
            name=op.f("fk_payment_allocations_company_id_invoice_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "payment_id"],
            ["payments.company_id", "payments.id"],
            name=op.f("fk_payment_allocations_company_id_payment_id"),
        ),
        sa.CheckConstraint("kind IN ('settlement', 'exchange_difference')", name=op.f("ck_payment_allocations_kind")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_payment_allocations_company_id_invoice_id"), "payment_allocations", ["company_id", "invoice_id"]
    )
    op.create_table(
        "shipment_lines",
        sa.Column("company_id", KEY, autoincrement=False, nullable=False),
        sa.Column("shipment_id", KEY, autoincrement=False, nullable=False),
        sa.Column("position", COUNTER, autoincrement=False, nullable=False),
        sa.Column("product_id", KEY, nullable=False),
        sa.Column("quantity", QUANTITY, nullable=False),
        sa.PrimaryKeyConstraint("company_id", "shipment_id", "position", name=op.f("pk_shipment_lines")),
        sa.ForeignKeyConstraint(
            ["company_id", "product_id"],
            ["products.company_id", "products.id"],
            name=op.f("fk_shipment_lines_company_id_product_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "shipment_id"],
            ["shipments.company_id", "shipments.id"],
            name=op.f("fk_shipment_lines_company_id_shipment_id"),
            ondelete="CASCADE",
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "stock_movements",
        identity(),
        sa.Column("company_id", KEY, nullable=False),
        sa.Column("warehouse_id", KEY, nullable=False),
        sa.Column("product_id", KEY, nullable=False),
        sa.Column("kind", text(32), nullable=False),
        sa.Column("quantity", QUANTITY, nullable=False),
        sa.Column("level", QUANTITY, nullable=False),
        sa.Column("unit_cost", PRICE, nullable=False),
        sa.Column("value", AMOUNT, nullable=False),
        sa.Column("reason", text(200), nullable=False),
        sa.Column("shipment_id", KEY),
        sa.Column("date", DAY, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_movements")),
        sa.ForeignKeyConstraint(
            ["company_id", "shipment_id"],
            ["shipments.company_id", "shipments.id"],
            name=op.f("fk_stock_movements_company_id_shipment_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "warehouse_id", "product_id"],
            ["stock_levels.company_id", "stock_levels.warehouse_id", "stock_levels.product_id"],
            name=op.f("fk_stock_movements_company_id_warehouse_id_product_id"),
        ),
        sa.CheckConstraint("kind IN ('receive', 'debit', 'count', 'shipment')", name=op.f("ck_stock_movements_kind")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_stock_movements_company_id_date_id"), "stock_movements", ["company_id", "date", "id"])
    op.create_index(op.f("ix_stock_movements_company_id_id"), "stock_movements", ["company_id", "id"])
    op.create_index(
        op.f("ix_stock_movements_company_id_product_id_id"), "stock_movements", ["company_id", "product_id", "id"]
    )


def downgrade() -> None:
    for table in (
        "stock_movements",
        "shipment_lines",
        "payment_allocations",
        "invoice_taxes",
        "invoice_lines",
        "shipments",
        "order_lines",
        "invoices",
        "stock_levels",
        "stock_costs",
        "payments",
        "orders",
        "membership_roles",
        "warehouses",
        "third_parties",
        "roles",
        "products",
        "memberships",
        "users",
        "series",
        "outbox",
        "companies",
        "answers",
    ):
        op.drop_table(table)
