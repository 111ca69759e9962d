"""Units of measure."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Table, UniqueConstraint

from app.domain.catalogue import Dimension
from app.infrastructure.database.tables.shared import metadata
from app.infrastructure.database.types import COUNTER, KEY, RATE, choice, identity, text

units = Table(
    "units",
    metadata,
    identity(),
    Column("company_id", KEY, ForeignKey("companies.id"), nullable=False),
    Column("code", text(8), nullable=False),
    Column("name", text(100), nullable=False),
    Column("dimension", choice(Dimension), nullable=False),
    Column("factor", RATE, nullable=False),
    Column("decimals", COUNTER, nullable=False),
    Column("version", COUNTER, nullable=False),
    UniqueConstraint("company_id", "code"),
)
