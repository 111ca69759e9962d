"""Statements of account are sent by mail, each of a period."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from app.infrastructure.database.types import DAY

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

DAYS: Final = ("date_from", "date_to")


def upgrade() -> None:
    """Make room for the period; mails that are there have none."""
    for name in DAYS:
        op.add_column("mails", sa.Column(name, DAY))


def downgrade() -> None:
    """Take the period away, and mails of statements, which the version before can neither show nor send."""
    mails = sa.table("mails", sa.column("object_kind"))
    op.execute(sa.delete(mails).where(mails.c.object_kind == "third-parties"))
    with op.batch_alter_table("mails") as batch:
        for name in DAYS:
            batch.drop_column(name)
