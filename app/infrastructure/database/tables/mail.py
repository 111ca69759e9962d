"""Mails about documents, and what became of them."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, ForeignKeyConstraint, Index, Table, UniqueConstraint

from app.domain.mail import LetterKind, MailState
from app.domain.shared.objects import ObjectKind
from app.infrastructure.database.tables.shared import metadata
from app.infrastructure.database.types import COUNTER, DAY, INSTANT, JSON_TEXT, KEY, LONG_TEXT, choice, identity, text

# Not told in the journal: whom a mail goes to is somebody's, and to be forgotten with them. Its events tell the rest.
mails = Table(
    "mails",
    metadata,
    identity(),
    Column("company_id", KEY, ForeignKey("companies.id"), nullable=False),
    Column("kind", choice(LetterKind, checked=False), nullable=False),
    Column("object_kind", choice(ObjectKind, checked=False), nullable=False),
    Column("object_id", KEY, nullable=False),
    Column("party_id", KEY, nullable=False),
    Column("to_addresses", JSON_TEXT, nullable=False),
    Column("cc_addresses", JSON_TEXT, nullable=False),
    Column("subject", text(200), nullable=False),
    Column("note", LONG_TEXT, nullable=False),
    Column("locale", text(16), nullable=False),
    Column("status", choice(MailState), nullable=False),
    Column("round", COUNTER, nullable=False),
    Column("message_id", text(320), nullable=False),
    Column("later", JSON_TEXT, nullable=False),
    Column("refused", JSON_TEXT, nullable=False),
    Column("attempts", COUNTER, nullable=False),
    Column("error", text(60), nullable=False),
    Column("actor_id", KEY, nullable=False),
    Column("created_at", INSTANT, nullable=False),
    Column("sent_at", INSTANT),
    Column("version", COUNTER, nullable=False),
    Column("date_from", DAY),
    Column("date_to", DAY),
    ForeignKeyConstraint(["company_id", "party_id"], ["third_parties.company_id", "third_parties.id"]),
    UniqueConstraint("company_id", "id"),
    Index(None, "company_id", "object_kind", "object_id", "id"),
    Index(None, "company_id", "party_id", "id"),
    Index(None, "company_id", "status", "id"),
    info={"told": False},
)
