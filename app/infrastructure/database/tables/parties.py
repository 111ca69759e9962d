"""Third parties."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Column, ForeignKey, ForeignKeyConstraint, Index, Table, UniqueConstraint
from sqlalchemy.schema import SchemaItem

from app.domain.parties import AddressKind
from app.infrastructure.database.tables.shared import metadata
from app.infrastructure.database.types import (
    AMOUNT,
    COUNTER,
    CUSTOM,
    DAY,
    FLAG,
    INSTANT,
    JSON_TEXT,
    KEY,
    RATE,
    choice,
    identity,
    text,
)

# Added to tables that had rows: SQLite cannot add a foreign key without copying the table. Third parties and payment
# terms are never deleted, so what these columns name stays.

third_parties = Table(
    "third_parties",
    metadata,
    identity(),
    Column("company_id", KEY, ForeignKey("companies.id"), nullable=False),
    Column("name", text(200), nullable=False),
    Column("customer", FLAG, nullable=False),
    Column("supplier", FLAG, nullable=False),
    Column("customer_code", text(40)),
    Column("supplier_code", text(40)),
    Column("email", text(254)),
    Column("phone", text(40)),
    Column("tax_id", text(40)),
    Column("street", text(300), nullable=False),
    Column("postal_code", text(20), nullable=False),
    Column("city", text(100), nullable=False),
    Column("region", text(100), nullable=False),
    Column("country", text(2), nullable=False),
    Column("payment_days", COUNTER),
    Column("price_list_id", KEY),
    Column("archived", FLAG, nullable=False),
    Column("anonymised_at", INSTANT),
    Column("version", COUNTER, nullable=False),
    Column("custom", CUSTOM),
    Column("payment_terms_id", KEY),
    Column("credit_limit", AMOUNT),
    Column("representatives", JSON_TEXT),
    Column("representative_id", KEY),
    Column("merged_into_id", KEY),
    Column("locale", text(16)),
    UniqueConstraint("company_id", "id"),
    ForeignKeyConstraint(["company_id", "price_list_id"], ["price_lists.company_id", "price_lists.id"]),
    UniqueConstraint("company_id", "customer_code"),
    UniqueConstraint("company_id", "supplier_code"),
    Index(None, "company_id", "name", "id"),
    Index(None, "company_id", "merged_into_id"),
)

payment_terms = Table(
    "payment_terms",
    metadata,
    identity(),
    Column("company_id", KEY, ForeignKey("companies.id"), nullable=False),
    Column("name", text(200), nullable=False),
    Column("archived", FLAG, nullable=False),
    Column("version", COUNTER, nullable=False),
    UniqueConstraint("company_id", "id"),
    UniqueConstraint("company_id", "name"),
)

payment_terms_instalments = Table(
    "payment_terms_instalments",
    metadata,
    Column("company_id", KEY, primary_key=True, autoincrement=False),
    Column("payment_terms_id", KEY, primary_key=True, autoincrement=False),
    Column("position", COUNTER, primary_key=True, autoincrement=False),
    Column("percent", RATE, nullable=False),
    Column("days", COUNTER, nullable=False),
    Column("end_of_month", FLAG, nullable=False),
    Column("day_of_month", COUNTER),
    ForeignKeyConstraint(["company_id", "payment_terms_id"], ["payment_terms.company_id", "payment_terms.id"]),
    sqlite_with_rowid=False,
)


def _belonging() -> list[SchemaItem]:
    """Give the columns of what belongs to a third party."""
    return [
        identity(),
        Column("company_id", KEY, ForeignKey("companies.id"), nullable=False),
        Column("party_id", KEY, nullable=False),
        Column("version", COUNTER, nullable=False),
        ForeignKeyConstraint(["company_id", "party_id"], ["third_parties.company_id", "third_parties.id"]),
        Index(None, "company_id", "party_id", "id"),
    ]


# Personal data through and through: the journal hears of it by the events of the third party alone.
_SILENT: Final[dict[str, Any]] = {"told": False}

contacts = Table(
    "contacts",
    metadata,
    *_belonging(),
    Column("name", text(200), nullable=False),
    Column("job", text(100), nullable=False),
    Column("email", text(254)),
    Column("phone", text(40)),
    Column("active", FLAG, nullable=False),
    Column("roles", JSON_TEXT, nullable=False),
    UniqueConstraint("company_id", "id"),
    Index(None, "company_id", "name", "id"),
    info=_SILENT,
)

party_addresses = Table(
    "party_addresses",
    metadata,
    *_belonging(),
    Column("label", text(100), nullable=False),
    Column("kind", choice(AddressKind), nullable=False),
    Column("preferred", FLAG, nullable=False),
    Column("street", text(300), nullable=False),
    Column("postal_code", text(20), nullable=False),
    Column("city", text(100), nullable=False),
    Column("region", text(100), nullable=False),
    Column("country", text(2), nullable=False),
    UniqueConstraint("company_id", "id"),
    info=_SILENT,
)

party_accounts = Table(
    "party_accounts",
    metadata,
    *_belonging(),
    Column("holder", text(200), nullable=False),
    Column("iban", text(34), nullable=False),
    Column("bic", text(11)),
    Column("preferred", FLAG, nullable=False),
    Column("mandate_ref", text(35)),
    Column("mandate_date", DAY),
    UniqueConstraint("company_id", "id"),
    UniqueConstraint("company_id", "party_id", "iban"),
    info=_SILENT,
)

# Nothing but what to lock: whoever lets a customer with a limit owe more holds its row.
customer_credits = Table(
    "customer_credits",
    metadata,
    Column("company_id", KEY, primary_key=True, autoincrement=False),
    Column("party_id", KEY, primary_key=True, autoincrement=False),
    ForeignKeyConstraint(["company_id", "party_id"], ["third_parties.company_id", "third_parties.id"]),
    sqlite_with_rowid=False,
)
