"""Chores are jobs of schedules: the turns that processes took at them go."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.infrastructure.database.types import COUNTER, INSTANT, text

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Drop the turns; the first process that does jobs enters the schedules."""
    op.drop_table("chores")


def downgrade() -> None:
    """Make the turns, none taken, so that every chore is due at once; its schedule and jobs go.

    The version before would go on asking for jobs that it does not do.
    """
    op.create_table(
        "chores",
        sa.Column("name", text(60), nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("started_at", INSTANT),
        sa.Column("done_at", INSTANT),
        sa.Column("failures", COUNTER, nullable=False),
        sa.Column("claims", COUNTER, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_chores")),
    )
    schedules = sa.table("schedules", sa.column("kind"))
    jobs = sa.table("jobs", sa.column("kind"))
    op.execute(sa.delete(schedules).where(schedules.c.kind.like("chores.%")))
    op.execute(sa.delete(jobs).where(jobs.c.kind.like("chores.%")))
