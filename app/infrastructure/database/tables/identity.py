"""Companies, users, roles and memberships."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, ForeignKeyConstraint, Table, UniqueConstraint, false

from app.infrastructure.database.tables.shared import metadata
from app.infrastructure.database.types import COUNTER, FLAG, JSON_TEXT, KEY, identity, text

companies = Table(
    "companies",
    metadata,
    identity(),
    Column("name", text(200), nullable=False),
    Column("country", text(2), nullable=False),
    Column("settings", JSON_TEXT, nullable=False),
    Column("settings_version", COUNTER, nullable=False),
    Column("version", COUNTER, nullable=False),
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
    UniqueConstraint("company_id", "id"),
    UniqueConstraint("company_id", "name"),
)

memberships = Table(
    "memberships",
    metadata,
    Column("user_id", KEY, ForeignKey("users.id"), primary_key=True),
    Column("company_id", KEY, ForeignKey("companies.id"), primary_key=True),
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
