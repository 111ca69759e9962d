"""Alembic's environment: runs on the connection that the program gives, in one transaction where DDL has such."""

from __future__ import annotations

from alembic import context

from app.infrastructure.database.migrate import COMPARE
from app.infrastructure.database.tables.shared import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    **COMPARE,
)
with context.begin_transaction():
    context.run_migrations()
