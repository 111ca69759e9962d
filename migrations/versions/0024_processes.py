"""State machines, activities, and the credentials of those who call them as AWS is called; who may do what."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from app.infrastructure.database.types import (
    COUNTER,
    FLAG,
    INSTANT,
    JSON_TEXT,
    KEY,
    LONG_TEXT,
    identity,
    text,
)

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

RIGHTS: Final = ("executions.read", "executions.write", "workflows.read", "workflows.write")
KINDS: Final = "kind IN ('STANDARD', 'EXPRESS')"
TABLES: Final = (
    "aws_credentials",
    "activities",
    "machine_aliases",
    "machine_versions",
    "state_machines",
    "machine_revisions",
)
companies = sa.table("companies", sa.column("id", KEY), sa.column("rights_version", COUNTER))
roles = sa.table(
    "roles",
    sa.column("id", KEY),
    sa.column("company_id", KEY),
    sa.column("rights", JSON_TEXT),
    sa.column("version", COUNTER),
    sa.column("ready", text(32)),
)
api_keys = sa.table("api_keys", sa.column("id", KEY), sa.column("scopes", JSON_TEXT))


def upgrade() -> None:
    _make_machines()
    _make_versions()
    op.create_table(
        "activities",
        identity(),
        sa.Column("company_id", KEY, nullable=False),
        sa.Column("name", text(80), nullable=False),
        sa.Column("encryption", JSON_TEXT, nullable=False),
        sa.Column("tags", JSON_TEXT, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activities")),
        sa.UniqueConstraint("company_id", "name", name=op.f("uq_activities_company_id_name")),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_activities_company_id")),
        sqlite_autoincrement=True,
    )
    _make_credentials()
    for role in op.get_bind().execute(sa.select(roles).where(roles.c.ready == "administrator")).all():
        _store(role, {*role.rights, *RIGHTS})


def _make_machines() -> None:
    op.create_table(
        "machine_revisions",
        identity(),
        sa.Column("company_id", KEY, nullable=False),
        sa.Column("machine", text(80), nullable=False),
        sa.Column("token", text(64), nullable=False),
        sa.Column("definition", LONG_TEXT, nullable=False),
        sa.Column("role", text(256), nullable=False),
        sa.Column("region", text(32), nullable=False),
        sa.Column("kind", text(32), nullable=False),
        sa.Column("logging", JSON_TEXT, nullable=False),
        sa.Column("tracing", JSON_TEXT, nullable=False),
        sa.Column("encryption", JSON_TEXT, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_machine_revisions")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_machine_revisions_company_id_id")),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_machine_revisions_company_id")),
        sa.CheckConstraint(KINDS, name=op.f("ck_machine_revisions_kind")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "state_machines",
        identity(),
        sa.Column("company_id", KEY, nullable=False),
        sa.Column("name", text(80), nullable=False),
        sa.Column("kind", text(32), nullable=False),
        sa.Column("machine_revision_id", KEY, nullable=False),
        sa.Column("tags", JSON_TEXT, nullable=False),
        sa.Column("last_version", COUNTER, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("version", COUNTER, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_state_machines")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_state_machines_company_id_id")),
        sa.UniqueConstraint("company_id", "name", name=op.f("uq_state_machines_company_id_name")),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_state_machines_company_id")),
        _to_revision("state_machines"),
        sa.CheckConstraint(KINDS, name=op.f("ck_state_machines_kind")),
        sqlite_autoincrement=True,
    )


def _make_versions() -> None:
    op.create_table(
        "machine_versions",
        sa.Column("company_id", KEY, autoincrement=False, nullable=False),
        sa.Column("state_machine_id", KEY, autoincrement=False, nullable=False),
        sa.Column("number", COUNTER, autoincrement=False, nullable=False),
        sa.Column("machine_revision_id", KEY, nullable=False),
        sa.Column("description", text(256), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("company_id", "state_machine_id", "number", name=op.f("pk_machine_versions")),
        _to_machine("machine_versions"),
        _to_revision("machine_versions"),
    )
    op.create_table(
        "machine_aliases",
        sa.Column("company_id", KEY, autoincrement=False, nullable=False),
        sa.Column("state_machine_id", KEY, autoincrement=False, nullable=False),
        sa.Column("name", text(80), nullable=False),
        sa.Column("description", text(256), nullable=False),
        sa.Column("routes", JSON_TEXT, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("company_id", "state_machine_id", "name", name=op.f("pk_machine_aliases")),
        _to_machine("machine_aliases"),
    )


def _make_credentials() -> None:
    op.create_table(
        "aws_credentials",
        identity(),
        sa.Column("company_id", KEY, nullable=False),
        sa.Column("user_id", KEY, nullable=False),
        sa.Column("name", text(100), nullable=False),
        sa.Column("access_key", text(20), nullable=False),
        sa.Column("secret_version", COUNTER, nullable=False),
        sa.Column("scopes", JSON_TEXT, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("revoked", FLAG, server_default=sa.false(), nullable=False),
        sa.Column("revoked_at", INSTANT),
        sa.Column("version", COUNTER, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_aws_credentials")),
        sa.UniqueConstraint("access_key", name=op.f("uq_aws_credentials_access_key")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_aws_credentials_company_id_id")),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_aws_credentials_company_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_aws_credentials_user_id")),
        sqlite_autoincrement=True,
    )


def _to_revision(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["company_id", "machine_revision_id"],
        ["machine_revisions.company_id", "machine_revisions.id"],
        name=op.f(f"fk_{table}_company_id_machine_revision_id"),
    )


def _to_machine(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["company_id", "state_machine_id"],
        ["state_machines.company_id", "state_machines.id"],
        name=op.f(f"fk_{table}_company_id_state_machine_id"),
    )


def downgrade() -> None:
    """Take the rights away that the version before does not know, from roles and keys; machines go."""
    for name in TABLES:
        op.drop_table(name)
    connection = op.get_bind()
    for role in connection.execute(sa.select(roles)).all():
        _store(role, set(role.rights) - set(RIGHTS))
    for key in connection.execute(sa.select(api_keys)).all():
        known = sorted(set(key.scopes) - set(RIGHTS))
        if len(known) != len(key.scopes):
            connection.execute(sa.update(api_keys).where(api_keys.c.id == key.id).values(scopes=known))


def _store(role: sa.Row[tuple[object, ...]], rights: set[str]) -> None:
    if rights == set(role.rights):
        return
    connection = op.get_bind()
    mine, whole = roles.c.id == role.id, companies.c.id == role.company_id
    connection.execute(sa.update(roles).where(mine).values(rights=sorted(rights), version=roles.c.version + 1))
    grown = companies.c.rights_version + 1
    connection.execute(sa.update(companies).where(whole).values(rights_version=grown))
