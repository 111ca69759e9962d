"""Jobs, the workers that do them, and schedules; who may see to them."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from app.infrastructure.database.types import COUNTER, INSTANT, JSON_TEXT, KEY, identity, text

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

RIGHTS: Final = ("jobs.read", "jobs.write")
STATES: Final = "'waiting', 'claimed', 'running', 'done', 'dead', 'canceled'"
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
    _make_jobs()
    op.create_table(
        "job_workers",
        identity(),
        sa.Column("name", text(120), nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("seen_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_workers")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "schedules",
        sa.Column("name", text(60), nullable=False),
        sa.Column("cron", text(120), nullable=False),
        sa.Column("zone", text(60), nullable=False),
        sa.Column("kind", text(60), nullable=False),
        sa.Column("next_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_schedules")),
    )
    for role in op.get_bind().execute(sa.select(roles).where(roles.c.ready == "administrator")).all():
        _store(role, {*role.rights, *RIGHTS})


def _make_jobs() -> None:
    op.create_table(
        "jobs",
        identity(),
        sa.Column("company_id", KEY, nullable=False),
        sa.Column("kind", text(60), nullable=False),
        sa.Column("payload", JSON_TEXT, nullable=False),
        sa.Column("unique_key", text(120), nullable=False),
        sa.Column("pending_key", text(120)),
        sa.Column("priority", COUNTER, nullable=False),
        sa.Column("status", text(32), nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("attempts", COUNTER, nullable=False),
        sa.Column("worker_id", KEY),
        sa.Column("error", text(500), nullable=False),
        sa.Column("actor_id", KEY, nullable=False),
        sa.Column("request_id", text(64), nullable=False),
        sa.Column("trace", text(64), nullable=False),
        sa.Column("locale", text(16), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("started_at", INSTANT),
        sa.Column("ended_at", INSTANT),
        sa.Column("expires_at", INSTANT),
        sa.Column("version", COUNTER, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        sa.UniqueConstraint("company_id", "kind", "pending_key", name=op.f("uq_jobs_company_id_kind_pending_key")),
        sa.CheckConstraint(f"status IN ({STATES})", name=op.f("ck_jobs_status")),
        sqlite_autoincrement=True,
    )
    for columns in (
        ("status", "kind", "priority", "due_at", "id"),
        ("worker_id",),
        ("company_id", "id"),
        ("expires_at",),
    ):
        op.create_index(op.f(f"ix_jobs_{'_'.join(columns)}"), "jobs", list(columns))


def downgrade() -> None:
    """Take the rights away that the version before does not know, from roles and keys; unfinished jobs go."""
    for name in ("schedules", "job_workers", "jobs"):
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
