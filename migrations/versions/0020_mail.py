"""Mails about documents, and who may send and see them."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from app.infrastructure.database.types import COUNTER, INSTANT, JSON_TEXT, KEY, LONG_TEXT, identity, text

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

# By role, as they were when this was written: what the program knows of them later must not change it.
NEW: Final[dict[str, tuple[str, ...]]] = {
    "administrator": ("mails.read", "mails.send"),
    "sales": ("mails.read", "mails.send"),
    "accountant": ("mails.read", "mails.send"),
    "reader": ("mails.read",),
}
LATER: Final = frozenset(right for rights in NEW.values() for right in rights)
STATES: Final = "'waiting', 'sent', 'refused', 'failed', 'canceled'"
companies = sa.table("companies", sa.column("id", KEY), sa.column("rights_version", COUNTER))
roles = sa.table(
    "roles",
    sa.column("id", KEY),
    sa.column("company_id", KEY),
    sa.column("rights", JSON_TEXT),
    sa.column("version", COUNTER),
    sa.column("ready", text(32)),
)
api_keys = sa.table("api_keys", sa.column("id", KEY), sa.column("scopes", JSON_TEXT))


def upgrade() -> None:
    """Make the table, and give ready roles their new rights; a company's own roles stay as they are."""
    _make_mails()
    for role in op.get_bind().execute(sa.select(roles).where(roles.c.ready.is_not(None))).all():
        _store(role, {*role.rights, *NEW.get(role.ready, ())})


def _make_mails() -> None:
    op.create_table(
        "mails",
        identity(),
        sa.Column("company_id", KEY, nullable=False),
        sa.Column("kind", text(32), nullable=False),
        sa.Column("object_kind", text(32), nullable=False),
        sa.Column("object_id", KEY, nullable=False),
        sa.Column("party_id", KEY, nullable=False),
        sa.Column("to_addresses", JSON_TEXT, nullable=False),
        sa.Column("cc_addresses", JSON_TEXT, nullable=False),
        sa.Column("subject", text(200), nullable=False),
        sa.Column("note", LONG_TEXT, nullable=False),
        sa.Column("locale", text(16), nullable=False),
        sa.Column("status", text(32), nullable=False),
        sa.Column("round", COUNTER, nullable=False),
        sa.Column("message_id", text(320), nullable=False),
        sa.Column("later", JSON_TEXT, nullable=False),
        sa.Column("refused", JSON_TEXT, nullable=False),
        sa.Column("attempts", COUNTER, nullable=False),
        sa.Column("error", text(60), nullable=False),
        sa.Column("actor_id", KEY, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("sent_at", INSTANT, nullable=True),
        sa.Column("version", COUNTER, nullable=False),
        sa.CheckConstraint(f"status IN ({STATES})", name=op.f("ck_mails_status")),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_mails_company_id")),
        sa.ForeignKeyConstraint(
            ["company_id", "party_id"],
            ["third_parties.company_id", "third_parties.id"],
            name=op.f("fk_mails_company_id_party_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mails")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_mails_company_id_id")),
        sqlite_autoincrement=True,
    )
    for columns in (("object_kind", "object_id", "id"), ("party_id", "id"), ("status", "id")):
        named = ("company_id", *columns)
        op.create_index(op.f(f"ix_mails_{'_'.join(named)}"), "mails", list(named))


def downgrade() -> None:
    """Take the table, and the rights that the version before does not know, away."""
    connection = op.get_bind()
    for role in connection.execute(sa.select(roles)).all():
        _store(role, set(role.rights) - LATER)
    for key in connection.execute(sa.select(api_keys)).all():
        known = sorted(set(key.scopes) - LATER)
        if len(known) != len(key.scopes):
            connection.execute(sa.update(api_keys).where(api_keys.c.id == key.id).values(scopes=known))
    op.drop_table("mails")


def _store(role: sa.Row[tuple[object, ...]], rights: set[str]) -> None:
    if rights == set(role.rights):
        return
    connection = op.get_bind()
    mine, whole = roles.c.id == role.id, companies.c.id == role.company_id
    connection.execute(sa.update(roles).where(mine).values(rights=sorted(rights), version=roles.c.version + 1))
    grown = companies.c.rights_version + 1
    connection.execute(sa.update(companies).where(whole).values(rights_version=grown))
