"""Changes and who made them."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.infrastructure.database.types import COUNTER, FLAG, INSTANT, JSON_TEXT, KEY, LONG_TEXT, UUID_KEY, text
from app.infrastructure.ids import new_uuid

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

KEPT = ("company_id", "name", "aggregate", "aggregate_id", "actor_id", "request_id", "payload", "occurred_at")


def upgrade() -> None:
    waiting = _taken()
    op.drop_index(op.f("ix_outbox_dispatched_at_id"), "outbox")
    op.drop_table("outbox")
    made = op.create_table(
        "outbox",
        sa.Column("id", KEY, sa.Identity(), nullable=False),
        sa.Column("company_id", KEY, nullable=False),
        sa.Column("name", text(100), nullable=False),
        sa.Column("aggregate", text(50), nullable=False),
        sa.Column("aggregate_id", KEY, nullable=False),
        sa.Column("version", COUNTER),
        sa.Column("deleted", FLAG, nullable=False),
        sa.Column("actor_id", KEY, nullable=False),
        sa.Column("api_key_id", KEY),
        sa.Column("address", text(64), nullable=False),
        sa.Column("request_id", text(64), nullable=False),
        sa.Column("payload", JSON_TEXT, nullable=False),
        sa.Column("changes", JSON_TEXT, nullable=False),
        sa.Column("occurred_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_outbox_company_id_id"), "outbox", ["company_id", "id"])
    op.bulk_insert(
        made,
        [dict(row, deleted=row["name"].endswith("_deleted"), address="", changes={}) for row in waiting],
    )
    op.create_table(
        "journal",
        sa.Column("company_id", KEY, autoincrement=False, nullable=False),
        sa.Column("sequence", KEY, autoincrement=False, nullable=False),
        sa.Column("event", text(100), nullable=False),
        sa.Column("kind", text(50), nullable=False),
        sa.Column("object_id", KEY, nullable=False),
        sa.Column("version", COUNTER),
        sa.Column("deleted", FLAG, nullable=False),
        sa.Column("actor_id", KEY, nullable=False),
        sa.Column("api_key_id", KEY),
        sa.Column("address", text(64), nullable=False),
        sa.Column("request_id", text(64), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("facts", LONG_TEXT),
        sa.Column("changes", LONG_TEXT),
        sa.Column("digest", text(64), nullable=False),
        sa.Column("link", text(64), nullable=False),
        sa.PrimaryKeyConstraint("company_id", "sequence", name=op.f("pk_journal")),
    )
    for name in ("kind_object_id", "actor_id", "request_id", "at"):
        columns = ["kind", "object_id"] if name == "kind_object_id" else [name]
        op.create_index(op.f(f"ix_journal_company_id_{name}_sequence"), "journal", ["company_id", *columns, "sequence"])
    op.create_table(
        "journal_heads",
        sa.Column("company_id", KEY, autoincrement=False, nullable=False),
        sa.Column("next", COUNTER, nullable=False),
        sa.Column("last_link", text(64), nullable=False),
        sa.Column("first", COUNTER, nullable=False),
        sa.Column("first_link", text(64), nullable=False),
        sa.PrimaryKeyConstraint("company_id", name=op.f("pk_journal_heads")),
    )
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


def downgrade() -> None:
    for table in ("chores", "journal_heads", "journal"):
        op.drop_table(table)
    waiting = _taken()
    op.drop_table("outbox")
    made = op.create_table(
        "outbox",
        sa.Column("id", UUID_KEY, autoincrement=False, nullable=False),
        sa.Column("company_id", KEY, nullable=False),
        sa.Column("name", text(100), nullable=False),
        sa.Column("aggregate", text(50), nullable=False),
        sa.Column("aggregate_id", KEY, nullable=False),
        sa.Column("actor_id", KEY, nullable=False),
        sa.Column("request_id", text(64), nullable=False),
        sa.Column("payload", JSON_TEXT, nullable=False),
        sa.Column("occurred_at", INSTANT, nullable=False),
        sa.Column("dispatched_at", INSTANT),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    op.create_index(op.f("ix_outbox_dispatched_at_id"), "outbox", ["dispatched_at", "id"])
    op.bulk_insert(made, [dict(row, id=new_uuid()) for row in waiting])


def _taken() -> Sequence[dict[str, object]]:
    """Give the events that wait, in their order: the table is made anew, with another key."""
    types: dict[str, sa.types.TypeEngine[object]] = {"payload": JSON_TEXT, "occurred_at": INSTANT}
    types["request_id"] = text(64)
    columns = [sa.column(name, types.get(name, KEY if name.endswith("_id") else text(100))) for name in KEPT]
    found = sa.select(*columns).select_from(sa.table("outbox", sa.column("id"))).order_by(sa.column("id"))
    return [dict(row) for row in op.get_bind().execute(found).mappings()]
