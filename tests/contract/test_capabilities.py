"""A dialect's named capabilities are what its database can do."""

from __future__ import annotations

from typing import Any

import pytest

from app.infrastructure.database.engine import Database
from app.infrastructure.database.failures import DriverErrors

pytestmark = pytest.mark.fast
# Without RETURNING we only pretend, to be served as MySQL is.
HONEST = pytest.mark.parametrize("database_kind", ["sqlite", "postgresql", "mariadb"], indirect=True)
SERIES = "(company_id, kind, period, next, last_hash) VALUES (0, 'x', 'x', 1, '')"
STATEMENTS = {
    "returning_insert": [f"INSERT INTO series {SERIES} RETURNING next"],
    "returning_update": ["UPDATE series SET next = 2 WHERE company_id = 0 RETURNING next"],
    "returning_delete": ["DELETE FROM series WHERE company_id = 0 RETURNING next"],
    "on_conflict": [f"INSERT INTO series {SERIES} ON CONFLICT DO NOTHING"],
    "row_locks": ["SELECT next FROM series WHERE company_id = 0 FOR UPDATE"],
    "skip_locked": ["SELECT next FROM series WHERE company_id = 0 FOR UPDATE SKIP LOCKED"],
    "key_share": ["SELECT next FROM series WHERE company_id = 0 FOR NO KEY UPDATE"],
    "writable_cte": [f"WITH n AS (INSERT INTO series {SERIES}) SELECT 1"],
    "row_comparison": ["SELECT next FROM series WHERE (company_id, kind) > (0, 'x')"],
    "delete_limit": ["DELETE FROM series WHERE company_id = 0 ORDER BY kind LIMIT 1"],
    "statement_limit": ["SET STATEMENT max_statement_time = 1 FOR SELECT 1"],
}

# Some builds can, and we do not count on it.
DENIED = {("mariadb", "row_comparison"), ("sqlite", "delete_limit")}


@HONEST
@pytest.mark.parametrize("capability", STATEMENTS)
def test_a_database_can_what_its_dialect_says_and_nothing_it_denies(database: Database, capability: str) -> None:
    """ERP-03."""
    connection = database.driver.connect()
    database.driver.begin(connection, writing=True, limit=None, replan=False)
    can = True
    try:
        for statement in STATEMENTS[capability]:
            _run(connection, statement)
    except DriverErrors:
        can = False
    finally:
        database.driver.rollback(connection)
        connection.close()
    denied_by_us = (database.dialect.name, capability) in DENIED
    assert getattr(database.dialect, capability) is (can and not denied_by_us)


def _run(connection: Any, statement: str) -> None:
    cursor = connection.cursor()
    cursor.execute(statement)
    cursor.close()
