"""What happened, in the order it was numbered: the change feed and the audit."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Index, Table

from app.infrastructure.database.tables.shared import metadata
from app.infrastructure.database.types import COUNTER, FLAG, INSTANT, KEY, LONG_TEXT, text

# Facts and changes are the characters the outbox had: the digest is over them. Erased, both are NULL.
journal: Final = Table(
    "journal",
    metadata,
    Column("company_id", KEY, primary_key=True, autoincrement=False),
    Column("sequence", KEY, primary_key=True, autoincrement=False),
    Column("event", text(100), nullable=False),
    Column("kind", text(50), nullable=False),
    Column("object_id", KEY, nullable=False),
    Column("version", COUNTER),
    Column("deleted", FLAG, nullable=False),
    Column("actor_id", KEY, nullable=False),
    Column("api_key_id", KEY),
    Column("address", text(64), nullable=False),
    Column("request_id", text(64), nullable=False),
    Column("at", INSTANT, nullable=False),
    Column("facts", LONG_TEXT),
    Column("changes", LONG_TEXT),
    Column("digest", text(64), nullable=False),
    Column("link", text(64), nullable=False),
    Index(None, "company_id", "kind", "object_id", "sequence"),
    Index(None, "company_id", "actor_id", "sequence"),
    Index(None, "company_id", "request_id", "sequence"),
    Index(None, "company_id", "at", "sequence"),
)

# The row of a company is the lock under which its events are numbered, and the head of its chain. ``first`` is the
# first sequence still kept and ``first_link`` the link before it.
journal_heads: Final = Table(
    "journal_heads",
    metadata,
    Column("company_id", KEY, primary_key=True, autoincrement=False),
    Column("next", COUNTER, nullable=False),
    Column("last_link", text(64), nullable=False),
    Column("first", COUNTER, nullable=False),
    Column("first_link", text(64), nullable=False),
)
