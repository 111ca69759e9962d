"""Proposals, and which orders and invoices were made from one."""

from __future__ import annotations

import re
from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

from app.infrastructure.database.types import (
    AMOUNT,
    COUNTER,
    CUSTOM,
    DAY,
    FLAG,
    JSON_TEXT,
    KEY,
    LONG_TEXT,
    PRICE,
    QUANTITY,
    RATE,
    identity,
    text,
)

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

STATES = "'draft', 'validated', 'signed', 'refused', 'expired', 'billed', 'canceled', 'superseded'"
FOLLOWERS = ("orders", "invoices")
# What carries the name of a kind of object. Whether there is such a kind is for the program to say: a CHECK would have
# to be made anew, with its whole table, for every kind there will be.
NAMING = ("custom_fields", "custom_values", "attachments")
RIGHTS = {
    "sales": ("proposals.read", "proposals.write", "proposals.validate", "proposals.sign"),
    "accountant": ("proposals.read",),
    "reader": ("proposals.read",),
}
KINDS = "'third-parties', 'products', 'warehouses', 'orders', 'shipments', 'invoices', 'payments'"

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
    """Make room for proposals, and name them where something is made from one."""
    _give_rights()
    _create_proposals()
    _create_lines()
    for table in FOLLOWERS:
        op.add_column(table, sa.Column("proposal_id", KEY))
        name = f"fk_{table}_company_id_proposal_id"
        if _sqlite():
            words = f"CONSTRAINT {name} FOREIGN KEY(company_id, proposal_id) REFERENCES proposals (company_id, id)"
            _reword(table, lambda sql, words=words: _with_constraint(sql, words))
        else:
            columns = ["company_id", "proposal_id"]
            op.create_foreign_key(op.f(name), table, "proposals", columns, ["company_id", "id"])
        op.create_index(op.f(f"ix_{table}_company_id_proposal_id"), table, ["company_id", "proposal_id"])
    for table in NAMING:
        name = f"ck_{table}_kind"
        if _sqlite():
            _reword(table, lambda sql, name=name: _without_constraint(sql, name))
        else:
            op.drop_constraint(op.f(name), table, type_="check")


def downgrade() -> None:
    """Forget proposals with all that names them."""
    _take_rights()
    for table in NAMING:
        op.execute(sa.text(f"DELETE FROM {table} WHERE kind = 'proposals'"))  # noqa: S608 - our own names
        name, words = f"ck_{table}_kind", f"kind IN ({KINDS})"
        if _sqlite():
            whole = f"CONSTRAINT {name} CHECK ({words})"
            _reword(table, lambda sql, whole=whole: _with_constraint(sql, whole))
        else:
            op.create_check_constraint(op.f(name), table, sa.text(words))
    for table in FOLLOWERS:
        name = f"fk_{table}_company_id_proposal_id"
        if _sqlite():
            _reword(table, lambda sql, name=name: _without_constraint(sql, name))
        else:
            op.drop_constraint(op.f(name), table, type_="foreignkey")
        op.drop_index(op.f(f"ix_{table}_company_id_proposal_id"), table_name=table)
        op.drop_column(table, "proposal_id")
    op.execute(sa.text("DELETE FROM search_words WHERE kind = 'proposal'"))
    op.execute(sa.text("DELETE FROM series WHERE kind = 'proposal'"))
    op.drop_table("proposal_lines")
    op.drop_table("proposals")


def _create_proposals() -> None:
    op.create_table(
        "proposals",
        identity(),
        sa.Column("company_id", KEY, nullable=False),
        sa.Column("ref", text(60)),
        sa.Column("party_id", KEY, nullable=False),
        sa.Column("date", DAY, nullable=False),
        sa.Column("version", COUNTER, nullable=False),
        sa.Column("custom", CUSTOM),
        sa.Column("currency", text(3), nullable=False),
        sa.Column("rate", RATE, nullable=False),
        sa.Column("company_currency", text(3), nullable=False),
        sa.Column("vat_mode", text(32), nullable=False),
        sa.Column("note", LONG_TEXT, nullable=False),
        sa.Column("total_net", AMOUNT, nullable=False),
        sa.Column("total_vat", AMOUNT, nullable=False),
        sa.Column("total_gross", AMOUNT, nullable=False),
        sa.Column("company_net", AMOUNT, nullable=False),
        sa.Column("company_vat", AMOUNT, nullable=False),
        sa.Column("company_gross", AMOUNT, nullable=False),
        sa.Column("external_ref", text(60)),
        sa.Column("valid_until", DAY, nullable=False),
        sa.Column("status", text(32), nullable=False),
        sa.Column("revision", COUNTER, nullable=False),
        sa.Column("revises_id", KEY),
        sa.Column("refusal", LONG_TEXT, nullable=False),
        sa.Column("signed_on", DAY),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposals")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_proposals_company_id_id")),
        sa.UniqueConstraint("company_id", "ref", name=op.f("uq_proposals_company_id_ref")),
        sa.UniqueConstraint("company_id", "revises_id", name=op.f("uq_proposals_company_id_revises_id")),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_proposals_company_id")),
        sa.ForeignKeyConstraint(
            ["company_id", "party_id"],
            ["third_parties.company_id", "third_parties.id"],
            name=op.f("fk_proposals_company_id_party_id"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "revises_id"],
            ["proposals.company_id", "proposals.id"],
            name=op.f("fk_proposals_company_id_revises_id"),
        ),
        sa.CheckConstraint(f"status IN ({STATES})", name=op.f("ck_proposals_status")),
        sa.CheckConstraint("vat_mode IN ('per_rate', 'per_line')", name=op.f("ck_proposals_vat_mode")),
        sqlite_autoincrement=True,
    )
    for columns in (("date",), ("party_id",), ("status",), ("status", "valid_until"), ("total_gross",)):
        name = "_".join(columns)
        op.create_index(op.f(f"ix_proposals_company_id_{name}_id"), "proposals", ["company_id", *columns, "id"])


def _create_lines() -> None:
    op.create_table(
        "proposal_lines",
        sa.Column("company_id", KEY, autoincrement=False, nullable=False),
        sa.Column("proposal_id", KEY, autoincrement=False, nullable=False),
        sa.Column("position", COUNTER, autoincrement=False, nullable=False),
        sa.Column("product_id", KEY),
        sa.Column("kind", text(32), nullable=False),
        sa.Column("description", LONG_TEXT, nullable=False),
        sa.Column("quantity", QUANTITY, nullable=False),
        sa.Column("unit", text(8)),
        sa.Column("entered_quantity", QUANTITY),
        sa.Column("kit_position", COUNTER),
        sa.Column("unit_price", PRICE, nullable=False),
        sa.Column("discount", RATE, nullable=False),
        sa.Column("vat_rate", RATE, nullable=False),
        sa.Column("unit_cost", PRICE, nullable=False),
        sa.Column("net", AMOUNT, nullable=False),
        sa.Column("company_net", AMOUNT, nullable=False),
        sa.Column("company_cost", AMOUNT, nullable=False),
        sa.Column("optional", FLAG, nullable=False),
        sa.Column("chosen", FLAG, nullable=False),
        sa.PrimaryKeyConstraint("company_id", "proposal_id", "position", name=op.f("pk_proposal_lines")),
        sa.ForeignKeyConstraint(
            ["company_id", "proposal_id"],
            ["proposals.company_id", "proposals.id"],
            name=op.f("fk_proposal_lines_company_id_proposal_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["company_id", "product_id"],
            ["products.company_id", "products.id"],
            name=op.f("fk_proposal_lines_company_id_product_id"),
        ),
        sa.CheckConstraint("kind IN ('goods', 'service', 'freight')", name=op.f("ck_proposal_lines_kind")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_proposal_lines_company_id_product_id"), "proposal_lines", ["company_id", "product_id"])


def _sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _reword(table: str, change: Callable[[str], str]) -> None:
    """Change the words a table of SQLite was made with: what only adds or drops a constraint leaves its rows alone.

    ALTER TABLE cannot, and making the table anew would copy every row. Source: section 7 of SQLite's lang_altertable.
    """
    connection = op.get_bind()
    before = connection.scalar(sa.text("SELECT sql FROM sqlite_master WHERE name = :name"), {"name": table})
    version = connection.scalar(sa.text("PRAGMA schema_version"))
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    changed = sa.text("UPDATE sqlite_master SET sql = :sql WHERE type = 'table' AND name = :name")
    connection.execute(changed, {"sql": change(before), "name": table})
    connection.exec_driver_sql(f"PRAGMA schema_version = {int(version) + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema = RESET")


def _with_constraint(sql: str, words: str) -> str:
    head, bracket, tail = sql.rpartition(")")
    return f"{head.rstrip()}, \n\t{words}\n{bracket}{tail}"


def _without_constraint(sql: str, name: str) -> str:
    """Drop a named constraint, whose words hold brackets at most two deep."""
    inner = r"\((?:[^()]|\([^()]*\))*\)"
    found = re.sub(rf",\s*CONSTRAINT {name} (?:CHECK {inner}|FOREIGN KEY{inner} REFERENCES \w+ {inner})", "", sql)
    if found == sql:
        raise LookupError(f"no constraint {name} in {sql}")
    return found


def _give_rights() -> None:
    """Let ready roles do what they do in a new company; a company's own roles stay as they are."""
    connection = op.get_bind()
    for role in connection.execute(sa.select(roles).where(roles.c.ready.in_(RIGHTS))).all():
        if more := set(RIGHTS[role.ready]) - set(role.rights):
            _store_rights(role, sorted({*role.rights, *more}))


def _take_rights() -> None:
    """Take the rights away that the version before does not know, from roles and keys."""
    connection = op.get_bind()
    ours = {right for rights in RIGHTS.values() for right in rights}
    for role in connection.execute(sa.select(roles)).all():
        known = [right for right in role.rights if right not in ours]
        if known != role.rights:
            _store_rights(role, known)
    for key in connection.execute(sa.select(api_keys)).all():
        known = [right for right in key.scopes if right not in ours]
        if known != key.scopes:
            connection.execute(sa.update(api_keys).where(api_keys.c.id == key.id).values(scopes=known))


def _store_rights(role: sa.Row[tuple[object, ...]], rights: list[str]) -> None:
    connection = op.get_bind()
    mine, whole = roles.c.id == role.id, companies.c.id == role.company_id
    connection.execute(sa.update(roles).where(mine).values(rights=rights, version=roles.c.version + 1))
    grown = companies.c.rights_version + 1
    connection.execute(sa.update(companies).where(whole).values(rights_version=grown))
