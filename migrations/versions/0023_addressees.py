"""To whom final documents are addressed."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from app.infrastructure.database.types import FLAG, INSTANT, KEY, text

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

# By table, as the kinds were called when this was written.
KINDS: Final = ("proposals", "orders", "shipments", "invoices")
ADDRESS: Final = {
    "street": text(300),
    "postal_code": text(20),
    "city": text(100),
    "region": text(100),
    "country": text(2),
}
addressees = sa.table(
    "addressees",
    *(sa.column(name) for name in ("company_id", "kind", "document_id", "name", "tax_id", *ADDRESS)),
)
parties = sa.table(
    "third_parties",
    sa.column("id", KEY),
    sa.column("company_id", KEY),
    sa.column("name", text(200)),
    sa.column("tax_id", text(40)),
    sa.column("anonymised_at", INSTANT),
    *(sa.column(name, kind) for name, kind in ADDRESS.items()),
)
others = sa.table(
    "party_addresses",
    sa.column("id", KEY),
    sa.column("company_id", KEY),
    sa.column("party_id", KEY),
    sa.column("kind", text(32)),
    sa.column("preferred", FLAG),
    *(sa.column(name, kind) for name, kind in ADDRESS.items()),
)


def upgrade() -> None:
    """Add them; documents that are final already go to whom their customer is now, the best that is known."""
    op.create_table(
        "addressees",
        sa.Column("company_id", KEY, autoincrement=False, nullable=False),
        sa.Column("kind", text(32), nullable=False),
        sa.Column("document_id", KEY, autoincrement=False, nullable=False),
        sa.Column("name", text(200), nullable=False),
        sa.Column("tax_id", text(40)),
        *(sa.Column(name, kind, nullable=False) for name, kind in ADDRESS.items()),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_addressees_company_id")),
        sa.PrimaryKeyConstraint("company_id", "kind", "document_id", name=op.f("pk_addressees")),
    )
    for kind in KINDS:
        _fill(kind)


def _fill(kind: str) -> None:
    documents = sa.table(
        kind,
        sa.column("id", KEY),
        sa.column("company_id", KEY),
        sa.column("party_id", KEY),
        sa.column("status", text(32)),
    )
    whose = sa.and_(parties.c.company_id == documents.c.company_id, parties.c.id == documents.c.party_id)
    found = documents.join(parties, whose)
    address: list[sa.ColumnElement[str]] = [parties.c[name] for name in ADDRESS]
    if kind == "invoices":
        one = others.alias("one")
        preferred = (
            sa.select(sa.func.min(one.c.id))
            .where(one.c.company_id == parties.c.company_id, one.c.party_id == parties.c.id)
            .where(one.c.kind == "billing", one.c.preferred == sa.true())
            .correlate(parties)
            .scalar_subquery()
        )
        found = found.outerjoin(others, sa.and_(others.c.company_id == parties.c.company_id, others.c.id == preferred))
        address = [sa.func.coalesce(others.c[name], parties.c[name]) for name in ADDRESS]
    rows = (
        sa.select(documents.c.company_id, sa.literal_column(f"'{kind}'"), documents.c.id, parties.c.name)
        .add_columns(parties.c.tax_id, *address)
        .select_from(found)
        .where(documents.c.status != "draft", parties.c.anonymised_at.is_(None))
    )
    op.execute(addressees.insert().from_select([column.name for column in addressees.c], rows))


def downgrade() -> None:
    """Take them away; papers then go to whoever the customer is on the day."""
    op.drop_table("addressees")
