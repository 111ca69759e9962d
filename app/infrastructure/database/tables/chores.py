"""What has to be done now and then by one process among all."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Table

from app.infrastructure.database.tables.shared import metadata
from app.infrastructure.database.types import COUNTER, INSTANT, text

chores: Final = Table(
    "chores",
    metadata,
    Column("name", text(60), primary_key=True),
    Column("due_at", INSTANT, nullable=False),
    Column("started_at", INSTANT),
    Column("done_at", INSTANT),
    Column("failures", COUNTER, nullable=False),
    Column("claims", COUNTER, nullable=False),
)
