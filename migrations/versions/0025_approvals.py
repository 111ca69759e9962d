"""Approvals of orders, and the right to give them."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from app.infrastructure.database.types import COUNTER, FLAG, INSTANT, JSON_TEXT, KEY, text

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

RIGHT: Final = "orders.approve"
companies = sa.table("companies", sa.column("id", KEY), sa.column("rights_version", COUNTER))
roles = sa.table(
    "roles",
    sa.column("id", KEY),
    sa.column("company_id", KEY),
    sa.column("rights", JSON_TEXT),
    sa.column("version", COUNTER),
    sa.column("ready", text(32)),
)
KEYS: Final = ("api_keys", "aws_credentials")


def upgrade() -> None:
    op.create_table(
        "order_approvals",
        sa.Column("company_id", KEY, autoincrement=False, nullable=False),
        sa.Column("order_id", KEY, autoincrement=False, nullable=False),
        sa.Column("order_version", COUNTER, nullable=False),
        sa.Column("round", COUNTER, nullable=False),
        sa.Column("state", text(32), nullable=False),
        sa.Column("execution", text(80), nullable=False),
        sa.Column("token", text(255), nullable=False),
        sa.Column("escalated", FLAG, nullable=False),
        sa.Column("asked_by", KEY, nullable=False),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("decided_by", KEY),
        sa.Column("decided_at", INSTANT),
        sa.Column("reason", text(200), nullable=False),
        sa.PrimaryKeyConstraint("company_id", "order_id", name=op.f("pk_order_approvals")),
        sa.ForeignKeyConstraint(
            ["company_id", "order_id"],
            ["orders.company_id", "orders.id"],
            name=op.f("fk_order_approvals_company_id_order_id"),
            ondelete="CASCADE",
        ),
        sa.CheckConstraint("state IN ('waiting', 'approved', 'refused')", name=op.f("ck_order_approvals_state")),
        sqlite_with_rowid=False,
    )
    for role in op.get_bind().execute(sa.select(roles).where(roles.c.ready == "administrator")).all():
        _store(role, {*role.rights, RIGHT})


def downgrade() -> None:
    """Take the right away, which the version before does not know, from roles, keys and credentials."""
    op.drop_table("order_approvals")
    connection = op.get_bind()
    for role in connection.execute(sa.select(roles)).all():
        _store(role, set(role.rights) - {RIGHT})
    for name in KEYS:
        keys = sa.table(name, sa.column("id", KEY), sa.column("scopes", JSON_TEXT))
        for key in connection.execute(sa.select(keys)).all():
            known = sorted(set(key.scopes) - {RIGHT})
            if len(known) != len(key.scopes):
                connection.execute(sa.update(keys).where(keys.c.id == key.id).values(scopes=known))


def _store(role: sa.Row[tuple[object, ...]], rights: set[str]) -> None:
    if rights == set(role.rights):
        return
    connection = op.get_bind()
    mine, whole = roles.c.id == role.id, companies.c.id == role.company_id
    connection.execute(sa.update(roles).where(mine).values(rights=sorted(rights), version=roles.c.version + 1))
    grown = companies.c.rights_version + 1
    connection.execute(sa.update(companies).where(whole).values(rights_version=grown))
