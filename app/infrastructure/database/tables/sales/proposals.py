"""Proposals and their lines."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKeyConstraint, Index, Table, UniqueConstraint

from app.domain.sales import ProposalState
from app.infrastructure.database.tables.documents import document, line_key, priced_line, valued
from app.infrastructure.database.tables.shared import metadata
from app.infrastructure.database.types import COUNTER, DAY, FLAG, KEY, LONG_TEXT, choice, text

proposals = Table(
    "proposals",
    metadata,
    *document(),
    *valued(),
    Column("external_ref", text(60)),
    Column("valid_until", DAY, nullable=False),
    Column("status", choice(ProposalState), nullable=False),
    Column("revision", COUNTER, nullable=False),
    Column("revises_id", KEY),
    Column("refusal", LONG_TEXT, nullable=False),
    Column("signed_on", DAY),
    ForeignKeyConstraint(["company_id", "party_id"], ["third_parties.company_id", "third_parties.id"]),
    ForeignKeyConstraint(["company_id", "revises_id"], ["proposals.company_id", "proposals.id"]),
    UniqueConstraint("company_id", "id"),
    UniqueConstraint("company_id", "ref"),
    # Two later versions of one proposal would be one too many, whoever enters them.
    UniqueConstraint("company_id", "revises_id"),
    Index(None, "company_id", "date", "id"),
    Index(None, "company_id", "party_id", "id"),
    Index(None, "company_id", "status", "id"),
    # What is to expire is found here; by the day alone every proposal there ever was would be passed.
    Index(None, "company_id", "status", "valid_until", "id"),
    Index(None, "company_id", "total_gross", "id"),
)

proposal_lines = Table(
    "proposal_lines",
    metadata,
    *line_key("proposal_id"),
    *priced_line(),
    Column("optional", FLAG, nullable=False),
    Column("chosen", FLAG, nullable=False),
    ForeignKeyConstraint(["company_id", "proposal_id"], ["proposals.company_id", "proposals.id"], ondelete="CASCADE"),
    ForeignKeyConstraint(["company_id", "product_id"], ["products.company_id", "products.id"]),
    Index(None, "company_id", "product_id"),
    sqlite_with_rowid=False,
)
