"""Companies, users, roles and memberships."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Table,
    UniqueConstraint,
    false,
    func,
    select,
    true,
)
from sqlalchemy import text as sql

from app.infrastructure.database.tables.shared import metadata
from app.infrastructure.database.types import COUNTER, FLAG, INSTANT, JSON_TEXT, KEY, identity, text

companies = Table(
    "companies",
    metadata,
    identity(),
    Column("name", text(200), nullable=False),
    Column("country", text(2), nullable=False),
    Column("settings", JSON_TEXT, nullable=False),
    Column("settings_version", COUNTER, nullable=False),
    Column("version", COUNTER, nullable=False),
    # Grows with every role entered, changed or deleted.
    Column("rights_version", COUNTER, nullable=False, server_default=sql("1")),
)

# The settings of companies by version, the present one among them.
settings_versions = Table(
    "settings_versions",
    metadata,
    Column("company_id", KEY, ForeignKey("companies.id"), primary_key=True, autoincrement=False),
    Column("version", COUNTER, primary_key=True, autoincrement=False),
    Column("settings", JSON_TEXT, nullable=False),
    Column("actor_id", KEY, nullable=False),
    Column("at", INSTANT, nullable=False),
    sqlite_with_rowid=False,
)

users = Table(
    "users",
    metadata,
    identity(),
    Column("email", text(254), nullable=False, unique=True),
    Column("name", text(200), nullable=False),
    Column("password_hash", text(255), nullable=False),
    Column("locale", text(16), nullable=False),
    Column("active", FLAG, nullable=False),
    Column("must_change_password", FLAG, nullable=False, server_default=false()),
    Column("version", COUNTER, nullable=False),
)

roles = Table(
    "roles",
    metadata,
    identity(),
    Column("company_id", KEY, ForeignKey("companies.id"), nullable=False),
    Column("name", text(100), nullable=False),
    Column("rights", JSON_TEXT, nullable=False),
    Column("version", COUNTER, nullable=False),
    Column("ready", text(32)),
    UniqueConstraint("company_id", "id"),
    UniqueConstraint("company_id", "name"),
    Index(None, "company_id", "ready", unique=True),
)

memberships = Table(
    "memberships",
    metadata,
    Column("user_id", KEY, ForeignKey("users.id"), primary_key=True),
    Column("company_id", KEY, ForeignKey("companies.id"), primary_key=True),
    Column("active", FLAG, nullable=False, server_default=true()),
    Column("version", COUNTER, nullable=False, server_default=sql("1")),
    # What the company calls somebody whose account is not its own to name.
    Column("known_as", text(200)),
    Index(None, "company_id", "user_id"),
)

membership_roles = Table(
    "membership_roles",
    metadata,
    Column("user_id", KEY, primary_key=True),
    Column("company_id", KEY, primary_key=True),
    Column("role_id", KEY, primary_key=True),
    ForeignKeyConstraint(["user_id", "company_id"], ["memberships.user_id", "memberships.company_id"]),
    ForeignKeyConstraint(["company_id", "role_id"], ["roles.company_id", "roles.id"]),
)

# The users of a company as it knows them: what lists read.
members = (
    select(
        memberships.c.company_id,
        users.c.id,
        users.c.email,
        func.coalesce(memberships.c.known_as, users.c.name).label("name"),
        memberships.c.active,
    )
    .join_from(memberships, users, users.c.id == memberships.c.user_id)
    .subquery("members")
)
