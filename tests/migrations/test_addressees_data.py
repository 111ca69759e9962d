"""To whom documents go that were final before it was noted, on the way there, back, and there again."""

from __future__ import annotations

from typing import Final

import pytest
from sqlalchemy import Connection, inspect, text

from app.infrastructure.database.migrate import Migrations, plain_engine
from tests.migrations.test_identity_data import SETTINGS, put
from tests.support.databases import empty_database, settings_for
from tests.support.revisions import by_age

pytestmark = [by_age("0023"), pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb"], scope="module")]

BEFORE: Final = "0022"
HERE: Final = "0023"
HOME: Final = {"street": "Quay 1", "postal_code": "29200", "city": "Brest", "region": "", "country": "FR"}
BOX: Final = {"street": "Box 7", "postal_code": "", "city": "Bonn", "region": "NRW", "country": "DE"}
VALUED: Final = {
    "date": "2026-11-01",
    "version": 1,
    "currency": "EUR",
    "rate": 1,
    "company_currency": "EUR",
    "vat_mode": "per_rate",
    "note": "",
    **dict.fromkeys(("total_net", "total_vat", "total_gross", "company_net", "company_vat", "company_gross"), 0),
}
WAREHOUSE: Final = {"allow_negative": False, "archived": False}
Row = tuple[int, str, int, str, str | None, str, str, str, str, str]


def fill(connection: Connection) -> None:
    """Enter final documents of all kinds and drafts, of three customers in two companies."""
    sqlite = connection.dialect.name == "sqlite"
    for company in (1, 2):
        versions = {"settings_version": 1, "version": 1, "rights_version": 1}
        put(connection, "companies", id=company, name="C", country="FR", settings=SETTINGS, **versions)
        put(connection, "warehouses", id=company, company_id=company, ref="W", name="W", version=1, **WAREHOUSE)
    at = 0 if sqlite else "2026-11-01 00:00:00"
    for key, company, name, gone in ((1, 1, "Buyer", None), (2, 1, "Anonymised 2", at), (3, 2, "Other", None)):
        kept = {"customer": True, "supplier": False, "archived": False, "version": 1, "anonymised_at": gone}
        put(connection, "third_parties", id=key, company_id=company, name=name, tax_id=f"T{key}", **HOME, **kept)
    for key, kind, preferred in (
        (1, "shipping", True),
        (2, "billing", False),
        (3, "billing", True),
        (4, "billing", True),
    ):
        street = {**BOX, "street": f"Box {key + 4}"}
        shown = {"label": "x", "kind": kind, "preferred": preferred, "version": 1}
        put(connection, "party_addresses", id=key, company_id=1, party_id=1, **street, **shown)
    offered = {"valid_until": "2026-12-01", "revision": 1, "refusal": ""}
    for key, status in ((1, "draft"), (2, "signed")):
        put(connection, "proposals", id=key, company_id=1, party_id=1, status=status, **VALUED, **offered)
    for key, company, party, status in (
        (1, 1, 1, "draft"),
        (2, 1, 1, "canceled"),
        (3, 1, 2, "delivered"),
        (4, 2, 3, "validated"),
    ):
        put(connection, "orders", id=key, company_id=company, party_id=party, status=status, **VALUED)
    sent = {"date": "2026-11-01", "version": 1, "warehouse_id": 1, "method": "", "parcels": 0, "order_id": 2}
    for key, status in ((1, "draft"), (2, "closed")):
        put(connection, "shipments", id=key, company_id=1, party_id=1, status=status, **sent)
    owed = {"kind": "standard", "due_date": "2026-12-01", "paid": 0, "company_paid": 0}
    for key, company, party, status in (
        (1, 1, 1, "draft"),
        (2, 1, 1, "paid"),
        (3, 1, 2, "paid"),
        (4, 2, 3, "abandoned"),
    ):
        put(connection, "invoices", id=key, company_id=company, party_id=party, status=status, **VALUED, **owed)


def look(url: str) -> list[Row]:
    """Read whom documents go to past the application; nothing where nobody has noted it."""
    with plain_engine(url).connect() as connection:
        if "addressees" not in inspect(connection).get_table_names():
            return []
        columns = "company_id, kind, document_id, name, tax_id, street, postal_code, city, region, country"
        rows = connection.execute(text(f"SELECT {columns} FROM addressees ORDER BY company_id, kind"))
        return [tuple(row) for row in rows]


def test_final_documents_go_to_whom_their_customer_is(kind: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """ERP-16: drafts to nobody yet, nor what went to somebody who was anonymised; invoices to where bills go."""
    home, box = ("Quay 1", "29200", "Brest", "", "FR"), ("Box 7", "", "Bonn", "NRW", "DE")
    expected = [
        (1, "invoices", 2, "Buyer", "T1", *box),
        (1, "orders", 2, "Buyer", "T1", *home),
        (1, "proposals", 2, "Buyer", "T1", *home),
        (1, "shipments", 2, "Buyer", "T1", *home),
        (2, "invoices", 4, "Other", "T3", *home),
        (2, "orders", 4, "Other", "T3", *home),
    ]
    folder = tmp_path_factory.mktemp(kind)
    with empty_database(kind, folder) as url:
        migrations = Migrations(settings_for(url, folder))
        migrations.upgrade(BEFORE)
        with plain_engine(url).begin() as connection:
            fill(connection)
        migrations.upgrade(HERE)
        assert look(url) == expected
        migrations.downgrade(BEFORE)
        assert look(url) == []
        migrations.upgrade(HERE)
        assert look(url) == expected
        migrations.upgrade()
        assert migrations.check() == []
