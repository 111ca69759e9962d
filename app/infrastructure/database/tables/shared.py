"""The metadata all tables live in, and the tables every capability uses: outbox, series, kept answers."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Identity, Index, MetaData, Table

from app.infrastructure.database.types import BYTES, COUNTER, DAY, FLAG, INSTANT, JSON_TEXT, KEY, text

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
    # Counted by the database: whoever waited for an aggregate's lock writes its events under higher ids than the one
    # it waited for, whatever the clocks of their machines say. Nobody asks for the id back.
    Column("id", KEY, Identity(), primary_key=True),
    Column("company_id", KEY, nullable=False),
    Column("name", text(100), nullable=False),
    Column("aggregate", text(50), nullable=False),
    Column("aggregate_id", KEY, nullable=False),
    Column("version", COUNTER),
    Column("deleted", FLAG, nullable=False),
    Column("actor_id", KEY, nullable=False),
    Column("api_key_id", KEY),
    Column("address", text(64), nullable=False),
    Column("request_id", text(64), nullable=False),
    Column("payload", JSON_TEXT, nullable=False),
    Column("changes", JSON_TEXT, nullable=False),
    Column("occurred_at", INSTANT, nullable=False),
    Index(None, "company_id", "id"),
    info={"told": False},  # events are about objects, they are none
    sqlite_autoincrement=True,
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
