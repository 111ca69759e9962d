"""Sessions, keys, login limits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.infrastructure.database.types import COUNTER, FLAG, INSTANT, JSON_TEXT, KEY, identity, text

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("must_change_password", FLAG, nullable=False, server_default=sa.false()))
    op.create_table(
        "sessions",
        identity(),
        sa.Column("name", text(32), nullable=False),
        sa.Column("user_id", KEY, nullable=False),
        sa.Column("company_id", KEY, nullable=False),
        sa.Column("token_hash", text(64), nullable=False),
        sa.Column("address", text(64), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("used_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT, nullable=False),
        sa.Column("revoked_at", INSTANT),
        sa.Column("version", COUNTER, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("name", name=op.f("uq_sessions_name")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_sessions_user_id")),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_sessions_company_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_sessions_user_id_id"), "sessions", ["user_id", "id"])
    op.create_index(op.f("ix_sessions_expires_at"), "sessions", ["expires_at"])
    op.create_table(
        "api_keys",
        identity(),
        sa.Column("company_id", KEY, nullable=False),
        sa.Column("user_id", KEY, nullable=False),
        sa.Column("name", text(100), nullable=False),
        sa.Column("prefix", text(16), nullable=False),
        sa.Column("secret_hash", text(64), nullable=False),
        sa.Column("scopes", JSON_TEXT, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("last_used_at", INSTANT),
        sa.Column("revoked", FLAG, nullable=False, server_default=sa.false()),
        sa.Column("revoked_at", INSTANT),
        sa.Column("version", COUNTER, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("prefix", name=op.f("uq_api_keys_prefix")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_api_keys_company_id_id")),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_api_keys_company_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_api_keys_user_id")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "sign_in_attempts",
        sa.Column("subject", text(80), autoincrement=False, nullable=False),
        sa.Column("count", COUNTER, nullable=False),
        sa.Column("last_at", INSTANT),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_sign_in_attempts")),
    )
    op.create_index(op.f("ix_sign_in_attempts_expires_at"), "sign_in_attempts", ["expires_at"])
    op.create_table(
        "second_factors",
        sa.Column("user_id", KEY, autoincrement=False, nullable=False),
        sa.Column("secret", text(255), nullable=False),
        sa.Column("confirmed", FLAG, nullable=False),
        sa.Column("last_step", KEY, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_second_factors")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_second_factors_user_id")),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("user_id", KEY, autoincrement=False, nullable=False),
        sa.Column("code_hash", text(64), autoincrement=False, nullable=False),
        sa.Column("used_at", INSTANT),
        sa.PrimaryKeyConstraint("user_id", "code_hash", name=op.f("pk_recovery_codes")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_recovery_codes_user_id")),
    )


def downgrade() -> None:
    for table in ("recovery_codes", "second_factors", "sign_in_attempts", "api_keys", "sessions"):
        op.drop_table(table)
    op.drop_column("users", "must_change_password")
