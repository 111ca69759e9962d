"""Words that lists are searched by, and those of all that is there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sqlalchemy as sa
from alembic import op

from app.domain.shared.search import FIELDS, Searched, words_of
from app.infrastructure.database.types import KEY, text

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLES = {
    Searched.PARTY: "third_parties",
    Searched.PRODUCT: "products",
    Searched.WAREHOUSE: "warehouses",
    Searched.ORDER: "orders",
    Searched.SHIPMENT: "shipments",
    Searched.INVOICE: "invoices",
    Searched.PAYMENT: "payments",
}
CHUNK = 500


def upgrade() -> None:
    # Where DDL commits by itself, a migration that was killed in between begins again here: it finds the table, and
    # whatever words were written are written anew.
    op.create_table(
        "search_words",
        sa.Column("company_id", KEY, autoincrement=False, nullable=False),
        sa.Column("kind", text(16), autoincrement=False, nullable=False),
        sa.Column("word", text(40), autoincrement=False, nullable=False),
        sa.Column("object_id", KEY, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("company_id", "kind", "word", "object_id", name=op.f("pk_search_words")),
        sqlite_with_rowid=False,
        if_not_exists=True,
    )
    op.execute(sa.text("DELETE FROM search_words"))
    for kind, name in TABLES.items():
        for rows in _chunks(kind, name):
            _write(kind, rows)
    if not sa.inspect(op.get_bind()).get_indexes("search_words"):
        op.create_index(
            op.f("ix_search_words_object_id_company_id_kind_word"),
            "search_words",
            ["object_id", "company_id", "kind", "word"],
        )


def _chunks(kind: Searched, name: str) -> Iterator[Sequence[sa.Row[tuple[int, ...]]]]:
    """Give id, company and searched texts of all rows of a table, by its key."""
    columns = ", ".join(FIELDS[kind])
    # Both names are ours, from the tables above.
    page = sa.text(f"SELECT id, company_id, {columns} FROM {name} WHERE id > :last ORDER BY id LIMIT {CHUNK}")  # noqa: S608
    connection, last = op.get_bind(), 0
    while rows := connection.execute(page, {"last": last}).all():
        yield rows
        last = rows[-1][0]


def _write(kind: Searched, rows: Sequence[sa.Row[tuple[int, ...]]]) -> None:
    words = sa.table(
        "search_words",
        sa.column("company_id", KEY),
        sa.column("kind", text(16)),
        sa.column("word", text(40)),
        sa.column("object_id", KEY),
    )
    found = [
        {"company_id": company, "kind": kind.value, "word": word, "object_id": key}
        for key, company, *texts in rows
        for word in sorted(words_of(kind, texts))
    ]
    if found:
        op.get_bind().execute(sa.insert(words), found)


def downgrade() -> None:
    op.drop_table("search_words")
