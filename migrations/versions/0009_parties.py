"""Payment terms, contacts, addresses and bank accounts of third parties, credit limits, merged third parties."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.infrastructure.database.types import AMOUNT, COUNTER, DAY, FLAG, JSON_TEXT, KEY, RATE, text

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

BELONGINGS = ("contacts", "party_addresses", "party_accounts")
ADDED = (
    ("third_parties", ("payment_terms_id", "credit_limit", "representatives", "representative_id", "merged_into_id")),
    ("orders", ("representative_id", "uncharged")),
    ("invoices", ("payment_terms_id", "representative_id", "sealed_party_id")),
    ("payments", ("sealed_party_id",)),
)

# What is binding and has no invoice at all is open as a whole; of the rest, what its invoices leave. An order that is
# invoiced to the last line leaves nothing, whatever rounding says.
UNCHARGED = """
UPDATE orders SET uncharged = CASE
  WHEN NOT EXISTS (
    SELECT 1 FROM order_lines l
     WHERE l.company_id = orders.company_id AND l.order_id = orders.id AND l.quantity > l.invoiced
  ) THEN 0
  ELSE company_gross - COALESCE((
    SELECT SUM(i.company_gross) FROM invoices i
     WHERE i.company_id = orders.company_id AND i.order_id = orders.id AND i.status <> 'draft'
  ), 0)
END
WHERE status NOT IN ('draft', 'canceled')
"""


def upgrade() -> None:
    """Add what third parties gain; what was ordered and not invoiced is worked out from the documents there are."""
    for name in ("payment_terms_id", "representative_id", "merged_into_id"):
        op.add_column("third_parties", sa.Column(name, KEY))
    op.add_column("third_parties", sa.Column("credit_limit", AMOUNT))
    op.add_column("third_parties", sa.Column("representatives", JSON_TEXT))
    merged = op.f("ix_third_parties_company_id_merged_into_id")
    op.create_index(merged, "third_parties", ["company_id", "merged_into_id"])
    op.add_column("orders", sa.Column("representative_id", KEY))
    op.add_column("orders", sa.Column("uncharged", AMOUNT, nullable=False, server_default=sa.text("0")))
    for name in ("payment_terms_id", "representative_id", "sealed_party_id"):
        op.add_column("invoices", sa.Column(name, KEY))
    op.add_column("payments", sa.Column("sealed_party_id", KEY))
    op.execute(UNCHARGED)
    op.execute("UPDATE orders SET uncharged = 0 WHERE uncharged < 0")
    _make_terms()
    _make_belongings()
    op.create_table(
        "customer_credits",
        sa.Column("company_id", KEY, autoincrement=False, nullable=False),
        sa.Column("party_id", KEY, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("company_id", "party_id", name=op.f("pk_customer_credits")),
        _party("customer_credits"),
        sqlite_with_rowid=False,
    )


def _make_terms() -> None:
    op.create_table(
        "payment_terms",
        sa.Column("id", KEY, sa.Identity(), nullable=False),
        sa.Column("company_id", KEY, nullable=False),
        sa.Column("name", text(200), nullable=False),
        sa.Column("archived", FLAG, nullable=False),
        sa.Column("version", COUNTER, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_terms")),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_payment_terms_company_id")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_payment_terms_company_id_id")),
        sa.UniqueConstraint("company_id", "name", name=op.f("uq_payment_terms_company_id_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "payment_terms_instalments",
        sa.Column("company_id", KEY, autoincrement=False, nullable=False),
        sa.Column("payment_terms_id", KEY, autoincrement=False, nullable=False),
        sa.Column("position", COUNTER, autoincrement=False, nullable=False),
        sa.Column("percent", RATE, nullable=False),
        sa.Column("days", COUNTER, nullable=False),
        sa.Column("end_of_month", FLAG, nullable=False),
        sa.Column("day_of_month", COUNTER),
        sa.PrimaryKeyConstraint(
            "company_id", "payment_terms_id", "position", name=op.f("pk_payment_terms_instalments")
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "payment_terms_id"],
            ["payment_terms.company_id", "payment_terms.id"],
            name=op.f("fk_payment_terms_instalments_company_id_payment_terms_id"),
        ),
        sqlite_with_rowid=False,
    )


def _make_belongings() -> None:
    op.create_table(
        "contacts",
        *_belonging("contacts"),
        sa.Column("name", text(200), nullable=False),
        sa.Column("job", text(100), nullable=False),
        sa.Column("email", text(254)),
        sa.Column("phone", text(40)),
        sa.Column("active", FLAG, nullable=False),
        sa.Column("roles", JSON_TEXT, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_contacts_company_id_name_id"), "contacts", ["company_id", "name", "id"])
    op.create_table(
        "party_addresses",
        *_belonging("party_addresses"),
        sa.Column("label", text(100), nullable=False),
        sa.Column("kind", text(32), nullable=False),
        sa.Column("preferred", FLAG, nullable=False),
        sa.Column("street", text(300), nullable=False),
        sa.Column("postal_code", text(20), nullable=False),
        sa.Column("city", text(100), nullable=False),
        sa.Column("region", text(100), nullable=False),
        sa.Column("country", text(2), nullable=False),
        sa.CheckConstraint("kind IN ('billing', 'shipping', 'other')", name=op.f("ck_party_addresses_kind")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "party_accounts",
        *_belonging("party_accounts"),
        sa.Column("holder", text(200), nullable=False),
        sa.Column("iban", text(34), nullable=False),
        sa.Column("bic", text(11)),
        sa.Column("preferred", FLAG, nullable=False),
        sa.Column("mandate_ref", text(35)),
        sa.Column("mandate_date", DAY),
        sa.UniqueConstraint("company_id", "party_id", "iban", name=op.f("uq_party_accounts_company_id_party_id_iban")),
        sqlite_autoincrement=True,
    )
    for table in BELONGINGS:
        op.create_index(op.f(f"ix_{table}_company_id_party_id_id"), table, ["company_id", "party_id", "id"])


def _belonging(table: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", KEY, sa.Identity(), nullable=False),
        sa.Column("company_id", KEY, nullable=False),
        sa.Column("party_id", KEY, nullable=False),
        sa.Column("version", COUNTER, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f(f"fk_{table}_company_id")),
        _party(table),
        sa.UniqueConstraint("company_id", "id", name=op.f(f"uq_{table}_company_id_id")),
    ]


def _party(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["company_id", "party_id"],
        ["third_parties.company_id", "third_parties.id"],
        name=op.f(f"fk_{table}_company_id_party_id"),
    )


def downgrade() -> None:
    """Drop all of it; sealed documents of a merged third party name again the one their link names."""
    op.drop_table("customer_credits")
    for table in (*BELONGINGS, "payment_terms_instalments", "payment_terms"):
        op.drop_table(table)
    op.execute("DELETE FROM search_words WHERE kind = 'contact'")
    # The document is what was sealed: it names again whom its link names.
    for table in ("invoices", "payments"):
        op.execute(f"UPDATE {table} SET party_id = sealed_party_id WHERE sealed_party_id IS NOT NULL")  # noqa: S608
    op.drop_index(op.f("ix_third_parties_company_id_merged_into_id"), "third_parties")
    for table, columns in ADDED:
        for column in columns:
            op.drop_column(table, column)
