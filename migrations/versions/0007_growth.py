"""Seals, erasure and purging."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.infrastructure.database.types import INSTANT

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Note when a third party was emptied of personal data."""
    op.add_column("third_parties", sa.Column("anonymised_at", INSTANT))


def downgrade() -> None:
    """Forget which third parties were emptied; they stay empty."""
    op.drop_column("third_parties", "anonymised_at")
