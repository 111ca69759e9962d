"""Aliases remember where they led, so that one call goes back there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.infrastructure.database.types import JSON_TEXT

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("machine_aliases", sa.Column("former", JSON_TEXT))


def downgrade() -> None:
    """Where they led is forgotten."""
    op.drop_column("machine_aliases", "former")
