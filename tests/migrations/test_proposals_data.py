"""What was there before proposals stays when they come, and when they go again."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.infrastructure.database.migrate import Migrations, configuration, plain_engine
from tests.support.databases import empty_database, settings_for
from tests.support.revisions import by_age

pytestmark = by_age("0014")
HERE: Final = "0014"
ORDER: Final = (
    "INSERT INTO orders (company_id, ref, party_id, date, version, currency, rate, company_currency, vat_mode, note,"
    " total_net, total_vat, total_gross, company_net, company_vat, company_gross, status)"
    " VALUES (:company, 'CO1', :party, '2026-11-01', 1, 'EUR', 1, 'EUR', 'per_rate', '', 0, 0, 0, 0, 0, 0, 'draft')"
)
PROPOSAL: Final = (
    "INSERT INTO proposals (company_id, ref, party_id, date, version, currency, rate, company_currency, vat_mode, note,"
    " total_net, total_vat, total_gross, company_net, company_vat, company_gross, status, valid_until, revision,"
    " refusal) VALUES (:company, 'PR1', :party, '2026-11-01', 1, 'EUR', 1, 'EUR', 'per_rate', '', 0, 0, 0, 0, 0, 0,"
    " 'signed', '2026-12-01', 1, '')"
)
ATTACHMENT: Final = (
    "INSERT INTO attachments (company_id, kind, object_id, name, media_type, size, digest, added_by, added_at)"
    " VALUES (:company, :kind, 1, 'a', 'text/plain', 1, 'x', 0, :at)"
)


class Rows:
    """The rows of one database, past the application."""

    def __init__(self, url: str) -> None:
        self._engine = plain_engine(url)
        self._sqlite = url.startswith("sqlite")

    def run(self, sql: str, **values: Any) -> Any:
        """Run one statement with foreign keys on, and give the first value of what it gives."""
        with self._engine.connect() as connection:
            if self._sqlite:
                connection.connection.driver_connection.execute("PRAGMA foreign_keys = ON")  # type: ignore[union-attr]
            result = connection.execute(text(sql), values)
            value = result.scalar() if result.returns_rows else None
            connection.commit()
        return value


def enter(rows: Rows) -> dict[str, int]:
    """Enter a company with a customer and an order."""
    rows.run(
        "INSERT INTO companies (name, country, settings, settings_version, version) VALUES ('A', 'FR', '{}', 1, 1)"
    )
    company = rows.run("SELECT id FROM companies")
    rows.run(
        "INSERT INTO third_parties (company_id, name, customer, supplier, street, postal_code, city, region, country,"
        " archived, version) VALUES (:company, 'C', true, false, '', '', '', '', 'FR', false, 1)",
        company=company,
    )
    party = rows.run("SELECT id FROM third_parties")
    rows.run(ORDER, company=company, party=party)
    return {"company": company, "party": party}


@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb"])
def test_orders_stay_and_their_tie_holds(kind: str, tmp_path: Path) -> None:
    """ERP-03: up with data, down with data, up again; an order cannot name a proposal that is not there."""
    before = ScriptDirectory.from_config(configuration()).get_revision(HERE).down_revision
    assert isinstance(before, str)
    with empty_database(kind, tmp_path) as url:
        migrations = Migrations(settings_for(url, tmp_path))
        migrations.upgrade(before)
        rows = Rows(url)
        given = enter(rows)
        at = 0 if kind == "sqlite" else "2026-11-01 00:00:00"
        with pytest.raises(DBAPIError):
            rows.run(ATTACHMENT, company=given["company"], kind="proposals", at=at)
        migrations.upgrade(HERE)
        with pytest.raises(DBAPIError):
            rows.run("UPDATE orders SET proposal_id = 99")
        rows.run(PROPOSAL, **given)
        rows.run("UPDATE orders SET proposal_id = (SELECT MIN(id) FROM proposals)")
        rows.run(ATTACHMENT, company=given["company"], kind="proposals", at=at)
        rows.run(ATTACHMENT, company=given["company"], kind="orders", at=at)
        with pytest.raises(DBAPIError):
            rows.run("DELETE FROM proposals")
        migrations.downgrade(before)
        assert rows.run("SELECT count(*) FROM orders WHERE ref = 'CO1'") == 1
        assert rows.run("SELECT count(*) FROM attachments") == 1
        with pytest.raises(DBAPIError):
            rows.run(ATTACHMENT, company=given["company"], kind="proposals", at=at)
        migrations.upgrade()
        assert migrations.check() == []
        assert rows.run("SELECT count(*) FROM orders WHERE proposal_id IS NULL") == 1
