"""What ready roles may do since."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from app.infrastructure.database.types import COUNTER, JSON_TEXT, KEY, text

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

# By role, as they were when this was written: what the program knows of them later must not change it.
NEW: Final[dict[str, tuple[str, ...]]] = {
    "administrator": ("third_parties.merge",),
    "accountant": ("third_parties.merge",),
}
LATER: Final = frozenset(right for rights in NEW.values() for right in rights)
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
    """Give ready roles their new rights; a company's own roles stay as they are."""
    for role in op.get_bind().execute(sa.select(roles).where(roles.c.ready.is_not(None))).all():
        _store(role, {*role.rights, *NEW.get(role.ready, ())})


def downgrade() -> None:
    """Take the rights away that the version before does not know, from roles and keys."""
    connection = op.get_bind()
    for role in connection.execute(sa.select(roles)).all():
        _store(role, set(role.rights) - LATER)
    for key in connection.execute(sa.select(api_keys)).all():
        known = sorted(set(key.scopes) - LATER)
        if len(known) != len(key.scopes):
            connection.execute(sa.update(api_keys).where(api_keys.c.id == key.id).values(scopes=known))


def _store(role: sa.Row[tuple[object, ...]], rights: set[str]) -> None:
    if rights == set(role.rights):
        return
    connection = op.get_bind()
    mine, whole = roles.c.id == role.id, companies.c.id == role.company_id
    connection.execute(sa.update(roles).where(mine).values(rights=sorted(rights), version=roles.c.version + 1))
    grown = companies.c.rights_version + 1
    connection.execute(sa.update(companies).where(whole).values(rights_version=grown))
