"""Users, roles and settings."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import sqlalchemy as sa
from alembic import op

from app.infrastructure.database.types import COUNTER, FLAG, INSTANT, JSON_TEXT, KEY, text

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# Roles and rights as they were when this was written: what the program knows of them later must not change it.
ADMINISTRATOR: Final = "administrator"
EVERY_RIGHT: Final = (
    "api_keys.read",
    "api_keys.write",
    "audit.read",
    "chains.verify",
    "changes.read",
    "custom_fields.read",
    "custom_fields.write",
    "invoices.abandon",
    "invoices.read",
    "invoices.validate",
    "invoices.write",
    "orders.cancel",
    "orders.read",
    "orders.validate",
    "orders.write",
    "payments.read",
    "payments.write",
    "products.read",
    "products.write",
    "reports.read",
    "roles.read",
    "roles.write",
    "settings.read",
    "settings.write",
    "shipments.read",
    "shipments.validate",
    "shipments.write",
    "stock.move",
    "stock.read",
    "third_parties.erase",
    "third_parties.read",
    "third_parties.write",
    "users.read",
    "users.write",
    "warehouses.read",
    "warehouses.write",
)
READY: Final[dict[str, tuple[str, ...]]] = {
    ADMINISTRATOR: EVERY_RIGHT,
    "sales": (
        "custom_fields.read",
        "invoices.read",
        "invoices.write",
        "orders.cancel",
        "orders.read",
        "orders.validate",
        "orders.write",
        "payments.read",
        "products.read",
        "reports.read",
        "shipments.read",
        "shipments.write",
        "stock.read",
        "third_parties.read",
        "third_parties.write",
        "warehouses.read",
    ),
    "warehouse": (
        "custom_fields.read",
        "orders.read",
        "products.read",
        "shipments.read",
        "shipments.validate",
        "shipments.write",
        "stock.move",
        "stock.read",
        "third_parties.read",
        "warehouses.read",
        "warehouses.write",
    ),
    "accountant": (
        "audit.read",
        "chains.verify",
        "custom_fields.read",
        "invoices.abandon",
        "invoices.read",
        "invoices.validate",
        "invoices.write",
        "orders.read",
        "payments.read",
        "payments.write",
        "products.read",
        "reports.read",
        "settings.read",
        "shipments.read",
        "stock.read",
        "third_parties.read",
        "third_parties.write",
        "warehouses.read",
    ),
    "reader": (
        "custom_fields.read",
        "invoices.read",
        "orders.read",
        "payments.read",
        "products.read",
        "reports.read",
        "shipments.read",
        "stock.read",
        "third_parties.read",
        "warehouses.read",
    ),
}

companies = sa.table(
    "companies",
    sa.column("id", KEY),
    sa.column("settings", JSON_TEXT),
    sa.column("settings_version", COUNTER),
    sa.column("rights_version", COUNTER),
)
roles = sa.table(
    "roles",
    sa.column("id", KEY),
    sa.column("company_id", KEY),
    sa.column("name", text(100)),
    sa.column("rights", JSON_TEXT),
    sa.column("version", COUNTER),
    sa.column("ready", text(32)),
)
settings_versions = sa.table(
    "settings_versions",
    sa.column("company_id", KEY),
    sa.column("version", COUNTER),
    sa.column("settings", JSON_TEXT),
    sa.column("actor_id", KEY),
    sa.column("at", INSTANT),
)


def upgrade() -> None:
    op.add_column("companies", sa.Column("rights_version", COUNTER, nullable=False, server_default=sa.text("1")))
    op.add_column("memberships", sa.Column("active", FLAG, nullable=False, server_default=sa.true()))
    op.add_column("memberships", sa.Column("version", COUNTER, nullable=False, server_default=sa.text("1")))
    op.add_column("memberships", sa.Column("known_as", text(200)))
    op.create_index(op.f("ix_memberships_company_id_user_id"), "memberships", ["company_id", "user_id"])
    op.add_column("roles", sa.Column("ready", text(32)))
    op.create_index(op.f("ix_roles_company_id_ready"), "roles", ["company_id", "ready"], unique=True)
    op.create_table(
        "settings_versions",
        sa.Column("company_id", KEY, autoincrement=False, nullable=False),
        sa.Column("version", COUNTER, autoincrement=False, nullable=False),
        sa.Column("settings", JSON_TEXT, nullable=False),
        sa.Column("actor_id", KEY, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("company_id", "version", name=op.f("pk_settings_versions")),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_settings_versions_company_id")),
        sqlite_with_rowid=False,
    )
    connection = op.get_bind()
    now = datetime.now(UTC)  # noqa: TID251 - the schema has no clock of its own
    known = connection.execute(sa.select(companies.c.id, companies.c.settings, companies.c.settings_version)).all()
    for company, settings, version in known:
        kept = {"company_id": company, "version": version, "settings": settings, "actor_id": 0, "at": now}
        connection.execute(sa.insert(settings_versions).values(kept))
        grown = _give_ready_roles(connection, company)
        mine = companies.c.id == company
        connection.execute(sa.update(companies).where(mine).values(rights_version=grown))


def _give_ready_roles(connection: sa.Connection, company: int) -> int:
    """Mark the ready roles the company has, enter those it lacks; give a rights version above the one it had."""
    mine = roles.c.company_id == company
    found = {row.name: row for row in connection.execute(sa.select(roles).where(mine))}
    for name, rights in READY.items():
        role = found.get(name)
        given = [] if name == ADMINISTRATOR else list(rights)
        if role is None:
            new = {"company_id": company, "name": name, "rights": given, "version": 1, "ready": name}
            connection.execute(sa.insert(roles).values(new))
        elif name == ADMINISTRATOR or sorted(role.rights) == sorted(rights):
            # A role of the company's own under this name stays its own.
            connection.execute(sa.update(roles).where(roles.c.id == role.id).values(ready=name, rights=given))
    return sum(row.version for row in found.values()) + 1


def downgrade() -> None:
    # The roles stay, for people may have them; the administrator's gets its rights back in writing.
    connection = op.get_bind()
    administrator = sa.update(roles).where(roles.c.ready == ADMINISTRATOR)
    connection.execute(administrator.values(rights=list(EVERY_RIGHT), version=roles.c.version + 1))
    op.drop_table("settings_versions")
    op.drop_index(op.f("ix_roles_company_id_ready"), table_name="roles")
    op.drop_column("roles", "ready")
    by_company = op.f("fk_memberships_company_id")
    # InnoDB gave up its own index for the foreign key when this one came.
    innodb = connection.dialect.name in {"mysql", "mariadb"}
    if innodb:
        op.drop_constraint(by_company, "memberships", type_="foreignkey")
    op.drop_index(op.f("ix_memberships_company_id_user_id"), table_name="memberships")
    if innodb:
        op.create_foreign_key(by_company, "memberships", "companies", ["company_id"], ["id"])
    for column in ("known_as", "version", "active"):
        op.drop_column("memberships", column)
    op.drop_column("companies", "rights_version")
