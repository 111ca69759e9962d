"""Sessions, API keys, counters of attempts, second factors."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Table, UniqueConstraint, false

from app.infrastructure.database.tables.shared import metadata
from app.infrastructure.database.types import COUNTER, FLAG, INSTANT, JSON_TEXT, KEY, identity, text

sessions = Table(
    "sessions",
    metadata,
    identity(),
    Column("name", text(32), nullable=False, unique=True),
    Column("user_id", KEY, ForeignKey("users.id"), nullable=False),
    Column("company_id", KEY, ForeignKey("companies.id"), nullable=False),
    Column("token_hash", text(64), nullable=False),
    Column("address", text(64), nullable=False),
    Column("created_at", INSTANT, nullable=False),
    Column("used_at", INSTANT, nullable=False),
    Column("expires_at", INSTANT, nullable=False),
    Column("ends_at", INSTANT, nullable=False),
    Column("revoked_at", INSTANT),
    Column("version", COUNTER, nullable=False),
    Index(None, "user_id", "id"),
    Index(None, "expires_at"),
    info={"told": False},  # each refresh moves one; what matters of them has events
)

api_keys = Table(
    "api_keys",
    metadata,
    identity(),
    Column("company_id", KEY, ForeignKey("companies.id"), nullable=False),
    Column("user_id", KEY, ForeignKey("users.id"), nullable=False),
    Column("name", text(100), nullable=False),
    Column("prefix", text(16), nullable=False, unique=True),
    Column("secret_hash", text(64), nullable=False),
    Column("scopes", JSON_TEXT, nullable=False),
    Column("created_at", INSTANT, nullable=False),
    Column("expires_at", INSTANT, nullable=False),
    Column("last_used_at", INSTANT),
    Column("revoked", FLAG, nullable=False, server_default=false()),
    Column("revoked_at", INSTANT),
    Column("version", COUNTER, nullable=False),
    UniqueConstraint("company_id", "id"),
)

# Of the secret nothing is kept: it follows from the name, the secret's version and a key of the installation.
aws_credentials = Table(
    "aws_credentials",
    metadata,
    identity(),
    Column("company_id", KEY, ForeignKey("companies.id"), nullable=False),
    Column("user_id", KEY, ForeignKey("users.id"), nullable=False),
    Column("name", text(100), nullable=False),
    Column("access_key", text(20), nullable=False, unique=True),
    Column("secret_version", COUNTER, nullable=False),
    Column("scopes", JSON_TEXT, nullable=False),
    Column("created_at", INSTANT, nullable=False),
    Column("expires_at", INSTANT, nullable=False),
    Column("revoked", FLAG, nullable=False, server_default=false()),
    Column("revoked_at", INSTANT),
    Column("version", COUNTER, nullable=False),
    UniqueConstraint("company_id", "id"),
)

# No foreign key: accounts that do not exist are counted like the others, and nobody's row is locked by counting.
sign_in_attempts = Table(
    "sign_in_attempts",
    metadata,
    Column("subject", text(80), primary_key=True),
    Column("count", COUNTER, nullable=False),
    Column("last_at", INSTANT),
    Column("expires_at", INSTANT, nullable=False),
    Index(None, "expires_at"),
)

second_factors = Table(
    "second_factors",
    metadata,
    Column("user_id", KEY, ForeignKey("users.id"), primary_key=True, autoincrement=False),
    Column("secret", text(255), nullable=False),
    Column("confirmed", FLAG, nullable=False),
    Column("last_step", KEY, nullable=False),
    Column("created_at", INSTANT, nullable=False),
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("user_id", KEY, ForeignKey("users.id"), primary_key=True, autoincrement=False),
    Column("code_hash", text(64), primary_key=True),
    Column("used_at", INSTANT),
)
