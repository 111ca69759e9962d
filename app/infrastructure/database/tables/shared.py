"""The metadata all tables live in, and the tables every capability uses: outbox, series, kept answers."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Index, MetaData, Table

from app.infrastructure.database.types import BYTES, COUNTER, DAY, INSTANT, JSON_TEXT, KEY, UUID_KEY, text

metadata: Final = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

# None of these three has foreign keys: they are written last in every transaction, or from a connection of their own
# (series), where a check of the company's row would wait for a lock that the first connection may hold.
outbox: Final = Table(
    "outbox",
    metadata,
    Column("id", UUID_KEY, primary_key=True),
    Column("company_id", KEY, nullable=False),
    Column("name", text(100), nullable=False),
    Column("aggregate", text(50), nullable=False),
    Column("aggregate_id", KEY, nullable=False),
    Column("actor_id", KEY, nullable=False),
    Column("request_id", text(64), nullable=False),
    Column("payload", JSON_TEXT, nullable=False),
    Column("occurred_at", INSTANT, nullable=False),
    Column("dispatched_at", INSTANT),
    Index(None, "dispatched_at", "id"),
)

series: Final = Table(
    "series",
    metadata,
    Column("company_id", KEY, primary_key=True, autoincrement=False),
    Column("kind", text(32), primary_key=True),
    Column("period", text(16), primary_key=True),
    Column("next", COUNTER, nullable=False),
    Column("last_date", DAY),
    Column("last_hash", text(64), nullable=False),
    sqlite_with_rowid=False,
)

answers: Final = Table(
    "answers",
    metadata,
    Column("company_id", KEY, primary_key=True, autoincrement=False),
    Column("actor_id", KEY, primary_key=True, autoincrement=False),
    Column("route", text(200), primary_key=True),
    Column("key", text(255), primary_key=True),
    Column("body_hash", text(64), nullable=False),
    Column("body", BYTES, nullable=False),
    Column("version", COUNTER),
    Column("location", text(300)),
    Column("created_at", INSTANT, nullable=False),
    Column("expires_at", INSTANT, nullable=False),
    Index(None, "expires_at"),
)
