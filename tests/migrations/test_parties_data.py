"""What was there before third parties had limits and could be merged is counted, and finds its way back."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Table, insert, select, text, update

from app.infrastructure.database.migrate import Migrations, configuration, plain_engine
from app.infrastructure.database.tables.billing import invoices
from app.infrastructure.database.tables.identity import companies
from app.infrastructure.database.tables.parties import third_parties
from app.infrastructure.database.tables.sales import order_lines, orders
from tests.support.databases import empty_database, settings_for
from tests.support.revisions import by_age

pytestmark = by_age("0009")
EACH = pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb"])
DAY = date(2026, 11, 21)


def revision() -> tuple[str, str]:
    """Give the revision these tests are about and the one before it."""
    scripts = ScriptDirectory.from_config(configuration()).walk_revisions()
    found = next(one for one in scripts if one.path.endswith("_parties.py"))
    return found.revision, str(found.down_revision)


def put(connection: Connection, table: Table, **values: Any) -> int:
    """Insert a row of columns that were there before, and give its id."""
    connection.execute(insert(table).values(**values))
    return int(connection.scalar(text(f"SELECT max(id) FROM {table.name}")) or 0)


def money(gross: int) -> dict[str, Any]:
    told = {"currency": "EUR", "rate": Decimal(1), "company_currency": "EUR", "vat_mode": "per_rate", "note": ""}
    names = ("total_net", "total_vat", "total_gross", "company_net", "company_vat", "company_gross")
    return told | {name: Decimal(0 if "vat" in name else gross) for name in names}


def order_of(
    connection: Connection, owner: dict[str, int], status: str, invoiced: int, invoice: dict[str, Any] | None = None
) -> int:
    """Insert an order of two for 100 each, so many of them invoiced, and the invoice if there is one."""
    document = {**owner, "date": DAY, "version": 1, **money(200)}
    key = put(connection, orders, **document, status=status)
    line = {"kind": "service", "description": "x", "unit_price": Decimal(100), "discount": Decimal(0)}
    line |= {"vat_rate": Decimal(0), "net": Decimal(200), "company_net": Decimal(200), "quantity": Decimal(2)}
    counted = {"shipped": Decimal(0), "invoiced": Decimal(invoiced)}
    company = owner["company_id"]
    connection.execute(insert(order_lines).values(company_id=company, order_id=key, position=1, **line, **counted))
    if invoice:
        paid = {"paid": Decimal(0), "company_paid": Decimal(0), "due_date": DAY, "order_id": key}
        put(connection, invoices, **{**document, **money(invoiced * 100)}, **paid, **invoice)
    return key


@EACH
def test_what_is_not_invoiced_yet_is_counted_and_merged_documents_go_back(kind: str, tmp_path: Path) -> None:
    """ERP-03: forward on data, back with data, forward again."""
    ours, before = revision()
    with empty_database(kind, tmp_path) as url:
        migrations = Migrations(settings_for(url, tmp_path))
        migrations.upgrade(before)
        engine = plain_engine(url)
        with engine.begin() as connection:
            settings = {"settings": {}, "settings_version": 1, "version": 1}
            company = put(connection, companies, name="A", country="FR", **settings)
            rest = dict.fromkeys(("street", "postal_code", "city", "region", "country"), "")
            flags = {"customer": True, "supplier": False, "archived": False, "version": 1}
            party, into = (
                put(connection, third_parties, company_id=company, name="P", **rest, **flags) for _ in range(2)
            )
            owner = {"company_id": company, "party_id": party}
            draft = order_of(connection, owner, "draft", 0)
            fresh = order_of(connection, owner, "validated", 0)
            half = order_of(connection, owner, "in_shipment", 1, {"status": "validated", "link": "a" * 64})
            done = order_of(connection, owner, "delivered", 2, {"status": "paid", "link": "b" * 64})
        migrations.upgrade(ours)
        with engine.begin() as connection:
            found = dict(connection.execute(select(orders.c.id, orders.c.uncharged)).tuples().all())
            assert found == {draft: 0, fresh: 200, half: 100, done: 0}
            moved = update(invoices).values(sealed_party_id=party, party_id=into)
            connection.execute(moved)
        migrations.downgrade(before)
        with engine.connect() as connection:
            assert set(connection.scalars(text("SELECT party_id FROM invoices"))) == {party}
        migrations.upgrade(ours)
        engine.dispose()
