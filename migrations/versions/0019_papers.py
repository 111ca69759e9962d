"""Printed documents, logos, and the language of third parties."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.infrastructure.database.types import COUNTER, INSTANT, KEY, text

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add them; nothing is printed yet, and no language known."""
    op.add_column("third_parties", sa.Column("locale", text(16)))
    op.create_table(
        "papers",
        sa.Column("company_id", KEY, autoincrement=False, nullable=False),
        sa.Column("kind", text(32), nullable=False),
        sa.Column("document_id", KEY, autoincrement=False, nullable=False),
        sa.Column("document_version", COUNTER, autoincrement=False, nullable=False),
        sa.Column("locale", text(16), nullable=False),
        sa.Column("edition", text(64), nullable=False),
        sa.Column("settings_version", COUNTER, nullable=False),
        sa.Column("digest", text(64), nullable=False),
        sa.Column("size", KEY, nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_papers_company_id")),
        sa.PrimaryKeyConstraint(
            "company_id", "kind", "document_id", "document_version", "locale", "edition", name=op.f("pk_papers")
        ),
    )
    op.create_index(op.f("ix_papers_company_id_digest"), "papers", ["company_id", "digest"])
    op.create_index(op.f("ix_papers_expires_at"), "papers", ["expires_at"])
    op.create_table(
        "logos",
        sa.Column("company_id", KEY, autoincrement=False, nullable=False),
        sa.Column("digest", text(64), nullable=False),
        sa.Column("size", KEY, nullable=False),
        sa.Column("added_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_logos_company_id")),
        sa.PrimaryKeyConstraint("company_id", "digest", name=op.f("pk_logos")),
    )


def downgrade() -> None:
    """Take them away; whoever asks for a paper later gets a new one."""
    op.drop_table("logos")
    op.drop_index(op.f("ix_papers_expires_at"), "papers")
    op.drop_index(op.f("ix_papers_company_id_digest"), "papers")
    op.drop_table("papers")
    op.drop_column("third_parties", "locale")
