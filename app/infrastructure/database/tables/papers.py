"""Printed documents and logos; their bytes are kept outside the database."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Table

from app.domain.papers import PaperKind
from app.domain.shared.objects import ObjectKind
from app.infrastructure.database.tables.shared import metadata
from app.infrastructure.database.types import COUNTER, INSTANT, KEY, choice, text

papers = Table(
    "papers",
    metadata,
    Column("company_id", KEY, ForeignKey("companies.id"), primary_key=True, autoincrement=False),
    Column("kind", choice(PaperKind, checked=False), primary_key=True),
    Column("document_id", KEY, primary_key=True, autoincrement=False),
    Column("document_version", COUNTER, primary_key=True, autoincrement=False),
    Column("locale", text(16), primary_key=True),
    # Of what may still change: the SHA-256 of what it says. Empty once it is final.
    Column("edition", text(64), primary_key=True),
    Column("settings_version", COUNTER, nullable=False),
    Column("digest", text(64), nullable=False),
    Column("size", KEY, nullable=False),
    Column("made_at", INSTANT, nullable=False),
    Column("expires_at", INSTANT),
    Index(None, "company_id", "digest"),
    Index(None, "expires_at"),
    info={"told": False},  # made of what is told already, and anew whenever somebody asks
)

# To whom final documents are addressed, as it was known when they became final.
addressees = Table(
    "addressees",
    metadata,
    Column("company_id", KEY, ForeignKey("companies.id"), primary_key=True, autoincrement=False),
    Column("kind", choice(ObjectKind, checked=False), primary_key=True),
    Column("document_id", KEY, primary_key=True, autoincrement=False),
    Column("name", text(200), nullable=False),
    Column("tax_id", text(40)),
    Column("street", text(300), nullable=False),
    Column("postal_code", text(20), nullable=False),
    Column("city", text(100), nullable=False),
    Column("region", text(100), nullable=False),
    Column("country", text(2), nullable=False),
    info={"told": False},  # personal data, and the document is told when it becomes final
)

# Every logo a company ever had: settings of any version may name it, and papers be printed by them.
logos = Table(
    "logos",
    metadata,
    Column("company_id", KEY, ForeignKey("companies.id"), primary_key=True, autoincrement=False),
    Column("digest", text(64), primary_key=True),
    Column("size", KEY, nullable=False),
    Column("added_at", INSTANT, nullable=False),
    info={"told": False},  # the settings that name it are
)
