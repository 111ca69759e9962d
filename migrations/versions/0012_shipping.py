"""Shipments from several warehouses, carriers and parcels, returns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op

from app.infrastructure.database.types import (
    AMOUNT,
    COUNTER,
    DAY,
    FLAG,
    JSON_TEXT,
    KEY,
    PRICE,
    QUANTITY,
    identity,
    text,
)

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

KINDS = ("shipment_cancel", "return", "return_cancel")
STATES = "'draft', 'validated', 'closed', 'canceled'"
ROWIDS = {"sqlite_autoincrement": True}
NO_ROWIDS = {"sqlite_with_rowid": False}

shipment_lines = sa.table(
    "shipment_lines",
    sa.column("company_id", KEY),
    sa.column("shipment_id", KEY),
    sa.column("position", COUNTER),
    sa.column("order_position", COUNTER),
    sa.column("warehouse_id", KEY),
    sa.column("quantity", QUANTITY),
)
shipments = sa.table(
    "shipments",
    sa.column("id", KEY),
    sa.column("company_id", KEY),
    sa.column("warehouse_id", KEY),
    sa.column("status", text(32)),
)
movements = sa.table("stock_movements", sa.column("kind", text(32)))
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
    _give_rights()
    _make_carriers()
    op.add_column("order_lines", sa.Column("returned", QUANTITY, nullable=False, server_default=sa.text("0")))
    with _altering("shipments", ROWIDS, {"status": ("draft", "validated", "closed", "canceled")}) as batch:
        batch.add_column(sa.Column("delivery_address", JSON_TEXT))
        batch.add_column(sa.Column("delivered_on", DAY))
        batch.add_column(sa.Column("carrier_id", KEY))
        batch.add_column(sa.Column("method", text(60), nullable=False, server_default=sa.text("''")))
        batch.add_column(sa.Column("parcels", COUNTER, nullable=False, server_default=sa.text("0")))
        _refer(batch, "shipments", "carrier_id", "carriers")
    _name_warehouses()
    _make_parcels()
    _make_returns()
    with _altering("stock_movements", ROWIDS, {"kind": (*_members("stock_movements", "kind"), *KINDS)}) as batch:
        batch.add_column(sa.Column("return_id", KEY))
        _refer(batch, "stock_movements", "return_id", "returns")
    for name in ("shipment_id", "return_id"):
        op.create_index(
            op.f(f"ix_stock_movements_company_id_{name}_id"),
            "stock_movements",
            ["company_id", name, "id"],
            postgresql_where=sa.text(f"{name} IS NOT NULL"),
            sqlite_where=sa.text(f"{name} IS NOT NULL"),
        )


def _give_rights() -> None:
    """Let ready roles do with returns what they may do with shipments; a company's own roles stay as they are."""
    connection = op.get_bind()
    ready = connection.execute(sa.select(roles).where(roles.c.ready.is_not(None))).all()
    for role in ready:
        alike = {right.replace("shipments.", "returns.") for right in role.rights if right.startswith("shipments.")}
        if alike - set(role.rights):
            _store_rights(role, sorted({*role.rights, *alike}))


def _take_rights() -> None:
    """Take the rights away that the version before does not know, from roles and keys."""
    connection = op.get_bind()
    for role in connection.execute(sa.select(roles)).all():
        known = [right for right in role.rights if not right.startswith("returns.")]
        if known != role.rights:
            _store_rights(role, known)
    for key in connection.execute(sa.select(api_keys)).all():
        known = [right for right in key.scopes if not right.startswith("returns.")]
        if known != key.scopes:
            connection.execute(sa.update(api_keys).where(api_keys.c.id == key.id).values(scopes=known))


def _store_rights(role: sa.Row[tuple[object, ...]], rights: list[str]) -> None:
    connection = op.get_bind()
    mine, whole = roles.c.id == role.id, companies.c.id == role.company_id
    connection.execute(sa.update(roles).where(mine).values(rights=rights, version=roles.c.version + 1))
    grown = companies.c.rights_version + 1
    connection.execute(sa.update(companies).where(whole).values(rights_version=grown))


def _make_carriers() -> None:
    op.create_table(
        "carriers",
        identity(),
        sa.Column("company_id", KEY, nullable=False),
        sa.Column("name", text(100), nullable=False),
        sa.Column("tracking_url", text(500), nullable=False),
        sa.Column("archived", FLAG, nullable=False),
        sa.Column("version", COUNTER, nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_carriers_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_carriers")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_carriers_company_id_id")),
        sa.UniqueConstraint("company_id", "name", name=op.f("uq_carriers_company_id_name")),
        sqlite_autoincrement=True,
    )


def _name_warehouses() -> None:
    """Give each line its place in the order and its warehouse, which were its own position and the shipment's."""
    op.add_column("shipment_lines", sa.Column("order_position", COUNTER, nullable=False, server_default=sa.text("0")))
    op.add_column("shipment_lines", sa.Column("returned", QUANTITY, nullable=False, server_default=sa.text("0")))
    op.add_column("shipment_lines", sa.Column("warehouse_id", KEY))
    place = sa.select(shipments.c.warehouse_id).where(
        shipments.c.company_id == shipment_lines.c.company_id, shipments.c.id == shipment_lines.c.shipment_id
    )
    op.execute(
        sa.update(shipment_lines).values(order_position=shipment_lines.c.position, warehouse_id=place.scalar_subquery())
    )
    with _altering("shipment_lines", NO_ROWIDS) as batch:
        batch.alter_column("warehouse_id", existing_type=KEY, nullable=False)
        _refer(batch, "shipment_lines", "warehouse_id", "warehouses")


def _make_parcels() -> None:
    op.create_table(
        "shipment_parcels",
        *_line_key("shipment_id"),
        *(sa.Column(name, QUANTITY) for name in ("weight", "length", "width", "height")),
        sa.Column("tracking_number", text(100)),
        sa.Column("tracking_url", text(900)),
        sa.Column("contents", JSON_TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "shipment_id"],
            ["shipments.company_id", "shipments.id"],
            name=op.f("fk_shipment_parcels_company_id_shipment_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("company_id", "shipment_id", "position", name=op.f("pk_shipment_parcels")),
        sqlite_with_rowid=False,
    )


def _make_returns() -> None:
    referred = {
        "party_id": "third_parties",
        "shipment_id": "shipments",
        "order_id": "orders",
        "credit_note_id": "invoices",
    }
    op.create_table(
        "returns",
        identity(),
        sa.Column("company_id", KEY, nullable=False),
        sa.Column("ref", text(60)),
        sa.Column("party_id", KEY, nullable=False),
        sa.Column("shipment_id", KEY),
        sa.Column("order_id", KEY),
        sa.Column("credit_note_id", KEY),
        sa.Column("date", DAY, nullable=False),
        sa.Column("reason", text(200), nullable=False),
        sa.Column("status", text(32), nullable=False),
        sa.Column("version", COUNTER, nullable=False),
        sa.CheckConstraint(f"status IN ({STATES})", name=op.f("ck_returns_status")),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("fk_returns_company_id")),
        *(_foreign("returns", column, table) for column, table in referred.items()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_returns")),
        sa.UniqueConstraint("company_id", "id", name=op.f("uq_returns_company_id_id")),
        sa.UniqueConstraint("company_id", "ref", name=op.f("uq_returns_company_id_ref")),
        sqlite_autoincrement=True,
    )
    for name in ("date", *referred):
        op.create_index(op.f(f"ix_returns_company_id_{name}_id"), "returns", ["company_id", name, "id"])
    op.create_table(
        "return_lines",
        *_line_key("return_id"),
        sa.Column("shipment_position", COUNTER),
        sa.Column("product_id", KEY, nullable=False),
        sa.Column("warehouse_id", KEY),
        sa.Column("quantity", QUANTITY, nullable=False),
        sa.Column("unit_cost", PRICE),
        sa.Column("value", AMOUNT, nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id", "return_id"],
            ["returns.company_id", "returns.id"],
            name=op.f("fk_return_lines_company_id_return_id"),
            ondelete="CASCADE",
        ),
        _foreign("return_lines", "product_id", "products"),
        _foreign("return_lines", "warehouse_id", "warehouses"),
        sa.PrimaryKeyConstraint("company_id", "return_id", "position", name=op.f("pk_return_lines")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Take returns away; what they and canceled shipments did to stock stays in the ledger as receipts and debits."""
    _take_rights()
    innodb = op.get_bind().dialect.name in {"mysql", "mariadb"}
    back = op.f("fk_stock_movements_company_id_return_id")
    shipped = op.f("fk_stock_movements_company_id_shipment_id")
    if innodb:  # it keeps no foreign key without an index, and gave up its own when ours came
        op.drop_constraint(back, "stock_movements", type_="foreignkey")
        op.drop_constraint(shipped, "stock_movements", type_="foreignkey")
    for name in ("return_id", "shipment_id"):
        op.drop_index(op.f(f"ix_stock_movements_company_id_{name}_id"), "stock_movements")
    if innodb:
        op.create_foreign_key(
            shipped, "stock_movements", "shipments", ["company_id", "shipment_id"], ["company_id", "id"]
        )
    op.execute(sa.update(movements).where(movements.c.kind.in_(KINDS[:2])).values(kind="receive"))
    op.execute(sa.update(movements).where(movements.c.kind == KINDS[2]).values(kind="debit"))
    kept = [kind for kind in _members("stock_movements", "kind") if kind not in KINDS]
    with _altering("stock_movements", ROWIDS, {"kind": kept}) as batch:
        if not innodb:
            batch.drop_constraint(back, type_="foreignkey")
        batch.drop_column("return_id")
    for table in ("return_lines", "returns", "shipment_parcels"):
        op.drop_table(table)
    _forget_warehouses()
    op.execute(sa.update(shipments).where(shipments.c.status == "canceled").values(status="closed"))
    with _altering("shipments", ROWIDS, {"status": ("draft", "validated", "closed")}) as batch:
        batch.drop_constraint(op.f("fk_shipments_company_id_carrier_id"), type_="foreignkey")
        for column in ("parcels", "method", "carrier_id", "delivered_on", "delivery_address"):
            batch.drop_column(column)
    op.drop_column("order_lines", "returned")
    op.drop_table("carriers")


def _forget_warehouses() -> None:
    """Make one line of those that take from one line of the order, under its position."""
    connection = op.get_bind()
    lines = shipment_lines.c
    key = (lines.company_id, lines.shipment_id, lines.order_position)
    several = (
        sa.select(*key, sa.func.min(lines.position), sa.func.sum(lines.quantity))
        .group_by(*key)
        .having(sa.func.count() > 1)
    )
    for company, shipment, order_position, first, whole in connection.execute(several).all():
        mine = sa.and_(
            lines.company_id == company, lines.shipment_id == shipment, lines.order_position == order_position
        )
        connection.execute(sa.delete(shipment_lines).where(mine, lines.position != first))
        connection.execute(sa.update(shipment_lines).where(mine).values(quantity=whole))
    # By way of numbers nobody has: two lines may change places.
    connection.execute(sa.update(shipment_lines).values(position=-lines.order_position))
    connection.execute(sa.update(shipment_lines).values(position=-lines.position))
    with _altering("shipment_lines", NO_ROWIDS) as batch:
        batch.drop_constraint(op.f("fk_shipment_lines_company_id_warehouse_id"), type_="foreignkey")
        for column in ("warehouse_id", "returned", "order_position"):
            batch.drop_column(column)


def _line_key(owner: str) -> list[sa.Column[int]]:
    return [
        sa.Column("company_id", KEY, autoincrement=False, nullable=False),
        sa.Column(owner, KEY, autoincrement=False, nullable=False),
        sa.Column("position", COUNTER, autoincrement=False, nullable=False),
    ]


def _foreign(table: str, column: str, referred: str) -> sa.ForeignKeyConstraint:
    columns = [f"{referred}.company_id", f"{referred}.id"]
    return sa.ForeignKeyConstraint(["company_id", column], columns, name=op.f(f"fk_{table}_company_id_{column}"))


def _refer(batch: op.BatchOperations, table: str, column: str, referred: str) -> None:
    name = op.f(f"fk_{table}_company_id_{column}")
    batch.create_foreign_key(name, referred, ["company_id", column], ["company_id", "id"])


def _members(table: str, column: str) -> Sequence[str]:
    """Give what a column's CHECK allows now, in the database's own words: others may have widened it before."""
    checks = sa.inspect(op.get_bind()).get_check_constraints(table)
    words = next(check["sqltext"] for check in checks if check["name"] == f"ck_{table}_{column}")
    return re.findall(r"'(\w+)'", words)


@contextmanager
def _altering(
    table: str, kind: dict[str, bool], choices: dict[str, Iterable[str]] | None = None
) -> Iterator[op.BatchOperations]:
    """Change a table, which SQLite makes anew: without losing its ``kind`` of key or its counter.

    ``choices`` are columns and what their CHECK allows from now on.
    """
    connection = op.get_bind()
    sqlite = connection.dialect.name == "sqlite"
    counter = None
    if sqlite:
        counted = sa.text("SELECT seq FROM sqlite_sequence WHERE name = :name")
        counter = connection.scalar(counted, {"name": table})
    with op.batch_alter_table(table, recreate="always" if sqlite else "never", table_kwargs=kind) as batch:
        for column in choices or ():
            batch.drop_constraint(op.f(f"ck_{table}_{column}"), type_="check")
        yield batch
        for column, members in (choices or {}).items():
            words = f"{column} IN ({', '.join(map(repr, members))})"
            batch.create_check_constraint(op.f(f"ck_{table}_{column}"), words)
    if counter is not None:
        restored = sa.text("UPDATE sqlite_sequence SET seq = :seq WHERE name = :name")
        connection.execute(restored, {"seq": counter, "name": table})
