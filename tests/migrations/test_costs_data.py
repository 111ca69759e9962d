"""Taxes and lines that were there before costs come through the migration with the amounts their documents had."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import Connection, select

from app.infrastructure.database.migrate import Migrations, plain_engine
from app.infrastructure.database.tables.billing import invoice_lines, invoice_taxes
from tests.migrations.test_identity_data import SETTINGS, put
from tests.support.databases import empty_database, settings_for
from tests.support.revisions import by_age

pytestmark = [by_age("0008"), pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb"])]

BEFORE: Final = "0007"
HERE: Final = "0008"
TOTALS: Final = ("total_net", "total_vat", "total_gross", "company_net", "company_vat", "company_gross")


def scaled(kind: str, value: str, decimals: int) -> object:
    """Give a number as the database keeps it: SQLite has whole numbers."""
    exact = Decimal(value)
    return int(exact.scaleb(decimals)) if kind == "sqlite" else exact


def fill(connection: Connection, kind: str) -> None:
    """Enter an invoice in euros and one in dollars, of two lines at 5.5 % and one at 20 %."""
    put(connection, "companies", id=1, name="C", country="FR", settings=SETTINGS, settings_version=1, version=1)
    place = {"street": "", "postal_code": "", "city": "", "region": "", "country": "FR"}
    roles = {"customer": True, "supplier": False, "customer_code": "C1", "archived": False}
    put(connection, "third_parties", id=1, company_id=1, name="Ann", version=1, **roles, **place)
    for number, (currency, rate) in enumerate((("EUR", "1"), ("USD", "0.9")), 1):
        header: dict[str, Any] = {name: scaled(kind, "0", 4) for name in (*TOTALS, "paid", "company_paid")}
        header |= {"ref": f"FA{number}", "party_id": 1, "date": "2026-01-31", "due_date": "2026-02-28", "note": ""}
        header |= {"currency": currency, "rate": scaled(kind, rate, 8), "company_currency": "EUR"}
        put(
            connection,
            "invoices",
            id=number,
            company_id=1,
            status="validated",
            vat_mode="per_rate",
            version=1,
            **header,
        )
        nets = (("10.05", "5.5"), ("0.05", "5.5"), ("100", "20"))
        for position, (net, percent) in enumerate(nets, 1):
            line = {"kind": "service", "description": "x", "quantity": scaled(kind, "1", 6)}
            line |= {"unit_price": scaled(kind, net, 8), "discount": 0, "vat_rate": scaled(kind, percent, 8)}
            company_net = Decimal(net) * Decimal(rate)
            line |= {"net": scaled(kind, net, 4), "company_net": scaled(kind, f"{company_net:.2f}", 4)}
            put(connection, "invoice_lines", company_id=1, invoice_id=number, position=position, **line)
        for percent, base, vat in (("5.5", "10.10", "0.56"), ("20", "100", "20")):
            tax = {"rate": scaled(kind, percent, 8), "base": scaled(kind, base, 4), "vat": scaled(kind, vat, 4)}
            put(connection, "invoice_taxes", company_id=1, invoice_id=number, **tax)


def test_taxes_get_the_company_amounts_their_documents_had(kind: str, tmp_path: Path) -> None:
    """ERP-04, ERP-06: base summed from the lines, tax converted once at the document's rate; costs are not known."""
    with empty_database(kind, tmp_path) as url:
        migrations = Migrations(settings_for(url, tmp_path))
        migrations.upgrade(BEFORE)
        with plain_engine(url).begin() as connection:
            fill(connection, kind)
        for _ in range(2):  # down and up again, with the same data
            migrations.upgrade(HERE)
            with plain_engine(url).connect() as connection:
                wanted = [invoice_taxes.c[name] for name in ("invoice_id", "rate", "company_base", "company_vat")]
                taxes = connection.execute(select(*wanted).order_by(*wanted[:2])).all()
                costs = connection.execute(select(invoice_lines.c.unit_cost, invoice_lines.c.company_cost)).all()
            assert [(one[0], *(f"{value:.2f}" for value in one[1:])) for one in taxes] == [
                (1, "5.50", "10.10", "0.56"),
                (1, "20.00", "100.00", "20.00"),
                (2, "5.50", "9.08", "0.50"),
                (2, "20.00", "90.00", "18.00"),
            ]
            assert set(map(tuple, costs)) == {(Decimal(0), Decimal(0))}
            migrations.downgrade(BEFORE)
        migrations.upgrade()
        assert migrations.check() == []
