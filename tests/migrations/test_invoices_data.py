"""Invoices that were there before there were kinds come through the migration as standard ones, and back again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from app.infrastructure.database.migrate import Migrations, plain_engine
from tests.migrations.test_costs_data import TOTALS, scaled
from tests.migrations.test_identity_data import SETTINGS, put
from tests.migrations.test_proposals_data import Rows
from tests.support.databases import empty_database, settings_for
from tests.support.revisions import by_age

EACH: Final = ("sqlite", "postgresql", "mariadb")
BACK: Final = [pytest.param(kind, marks=by_age("0015") if kind == "sqlite" else pytest.mark.full) for kind in EACH]
BEFORE: Final = "0014"
HERE: Final = "0015"
SERIES: Final = ("credit_note", "deposit", "replacement", "pro_forma")
TEMPLATE: Final = (
    "INSERT INTO invoice_templates (company_id, label, party_id, note, every, step, first, auto_validate, status,"
    " made, version) VALUES (:company, 'Rent', 1, '', :every, 1, '2026-01-31', false, :status, 0, 1)"
)


def enter_invoice(connection: Connection, database: str, key: int, **fields: Any) -> None:
    """Enter a validated invoice of one line of 100.05 at 5.5 per cent, with its tax."""
    header: dict[str, Any] = {name: scaled(database, "0", 4) for name in (*TOTALS, "paid", "company_paid")}
    header |= {"id": key, "company_id": 1, "ref": f"FA{key}", "party_id": 1, "status": "validated", "version": 1}
    header |= {"date": "2026-01-31", "due_date": "2026-02-28", "note": "", "currency": "EUR", "vat_mode": "per_rate"}
    header |= {"rate": scaled(database, "1", 8), "company_currency": "EUR", "number": key, "period": "2026-01"}
    put(connection, "invoices", **header | fields)
    line = {
        "kind": "service",
        "description": "x",
        "quantity": scaled(database, "1", 6),
        "net": scaled(database, "100.05", 4),
    }
    line |= {"unit_price": scaled(database, "100.05", 8), "discount": 0, "vat_rate": scaled(database, "5.5", 8)}
    line |= {"company_net": scaled(database, "100.05", 4), "unit_cost": 0, "company_cost": 0}
    put(connection, "invoice_lines", company_id=1, invoice_id=key, position=1, **line)


@pytest.fixture
def migrations(kind: str, tmp_path: Path) -> Iterator[tuple[Migrations, str]]:
    """Give the migrations of a database with two numbered invoices and a draft, at the revision here."""
    with empty_database(kind, tmp_path) as url:
        made = Migrations(settings_for(url, tmp_path))
        made.upgrade(BEFORE)
        with plain_engine(url).begin() as connection:
            put(connection, "companies", id=1, name="C", country="FR", settings=SETTINGS, settings_version=1, version=1)
            place = {"street": "", "postal_code": "", "city": "", "region": "", "country": "FR"}
            roles = {"customer": True, "supplier": False, "customer_code": "C1", "archived": False}
            put(connection, "third_parties", id=1, company_id=1, name="Ann", version=1, **roles, **place)
            for number in (1, 2):
                enter_invoice(connection, kind, number)
            enter_invoice(connection, kind, 3, ref="(PROV3)", status="draft", number=None, period=None)
        made.upgrade(HERE)
        yield made, url


def refused(rows: Rows, sql: str, **values: Any) -> bool:
    """Tell whether the database itself refuses a statement."""
    try:
        rows.run(sql, **values)
    except DBAPIError:
        return True
    return False


def check_moved(rows: Rows, kind: str) -> None:
    """Check that what was there has its number, its lines and their amounts; what it may have now is empty."""
    empty = "source_id IS NULL AND template_id IS NULL AND occurrence IS NULL AND close_reason IS NULL"
    assert rows.run(f"SELECT count(*) FROM invoices WHERE kind = 'standard' AND {empty}") == 3
    assert rows.run("SELECT count(*) FROM invoices WHERE number = id AND period = '2026-01'") == 2
    bare = "vat IS NULL AND company_vat IS NULL AND source_position IS NULL AND deposit_id IS NULL"
    net = scaled(kind, "100.05", 4)
    assert rows.run(f"SELECT count(*) FROM invoice_lines WHERE {bare} AND net = :net AND quantity > 0", net=net) == 3


def check_days(rows: Rows) -> None:
    """Check that a day of a template has one invoice, and that a template with invoices stays."""
    rows.run(TEMPLATE, company=1, every="month", status="active")
    made = "UPDATE invoices SET template_id = (SELECT MAX(id) FROM invoice_templates), occurrence = :on WHERE id = :id"
    rows.run(made, on="2026-01-31", id=1)
    assert refused(rows, made, on="2026-01-31", id=2)
    rows.run(made, on="2026-02-28", id=2)
    assert refused(rows, "DELETE FROM invoice_templates")


@by_age("0015")
@pytest.mark.parametrize("kind", EACH)
def test_invoices_before_are_standard_ones_and_the_database_knows_the_kinds(
    migrations: tuple[Migrations, str], kind: str
) -> None:
    """ERP-03, ERP-04: the same rules on each database, whatever writes to it; ``kind`` has no default any more."""
    rows = Rows(migrations[1])
    check_moved(rows, kind)
    for wrong in (
        "UPDATE invoices SET kind = 'other'",
        "UPDATE invoices SET kind = NULL",
        "UPDATE invoices SET close_reason = 'other'",
        "UPDATE invoices SET source_id = 99",
        "UPDATE invoices SET template_id = 99",
        "UPDATE invoice_lines SET deposit_id = 99",
        "UPDATE invoices SET number = 2 WHERE id = 1",
    ):
        assert refused(rows, wrong), wrong
    for company, every, status in ((1, "hour", "active"), (1, "month", "other"), (2, "month", "active")):
        assert refused(rows, TEMPLATE, company=company, every=every, status=status)
    check_days(rows)
    rows.run("UPDATE invoices SET kind = 'credit_note', source_id = 1, number = 1 WHERE id = 2")
    rows.run("UPDATE invoice_lines SET deposit_id = 1 WHERE invoice_id = 2")
    assert refused(rows, "DELETE FROM invoices WHERE id = 1")


def enter_new(url: str, kind: str) -> None:
    """Enter a credit note numbered as an invoice is, an invoice closed with a rest, and settings of today."""
    told: dict[str, Any] = {**SETTINGS, "late_fee_percent": "8", "late_fee_fixed": "40"}
    told["masks"] = {"order": ["O{yy}-{0000}", "year"], **{one: ["X{0000}", "never"] for one in SERIES}}
    with plain_engine(url).begin() as connection:
        enter_invoice(connection, kind, 4, kind="credit_note", source_id=1, ref="AV1", number=1)
        at = 0 if kind == "sqlite" else "2026-11-01 00:00:00"
        put(connection, "settings_versions", company_id=1, version=1, settings=told, actor_id=1, at=at)
    rows = Rows(url)
    rows.run("UPDATE companies SET settings = :told", told=json.dumps(told))
    rows.run("UPDATE invoices SET close_reason = 'bankcharge', status = 'paid' WHERE id = 2")
    rows.run("UPDATE invoice_lines SET source_position = 1, vat = -1, deposit_id = 2 WHERE invoice_id = 4")


@pytest.mark.parametrize("kind", BACK)
def test_on_the_way_back_other_kinds_keep_their_reference_and_lose_their_place(
    migrations: tuple[Migrations, str], kind: str
) -> None:
    """ERP-04: numbers of invoices are unique again, and settings forget what nobody knows then, and nothing else."""
    made, url = migrations
    rows = Rows(url)
    enter_new(url, kind)
    made.downgrade(BEFORE)
    assert rows.run("SELECT count(*) FROM invoices WHERE number = id AND period = '2026-01' AND id < 3") == 2
    assert rows.run("SELECT count(*) FROM invoices WHERE ref = 'AV1' AND number IS NULL AND period IS NULL") == 1
    assert rows.run("SELECT status FROM invoices WHERE id = 2") == "paid"
    assert rows.run("SELECT count(*) FROM invoice_lines") == 4
    assert refused(rows, "UPDATE invoices SET number = 1, period = '2026-01' WHERE id = 4")
    for table in ("companies", "settings_versions"):
        assert json.loads(rows.run(f"SELECT settings FROM {table}")) == SETTINGS
    made.upgrade()
    assert made.check() == []
    assert rows.run("SELECT count(*) FROM invoices WHERE kind = 'standard'") == 4
