"""Lists and statistics of executions read an index of the engine's, however many executions there are (ASL-06)."""

from __future__ import annotations

from typing import Any, Final

import pytest
from sqlalchemy import text

from app.infrastructure.database.compiled import Compiled
from app.infrastructure.database.engine import Database
from app.infrastructure.database.migrate import plain_engine
from app.infrastructure.database.repositories.listing import Shape, Shapes
from app.infrastructure.database.repositories.processes import measuring
from app.infrastructure.database.work import SqlWorks
from app.usecases.context import Context
from app.usecases.ports.listing import Operator, Sort
from app.usecases.ports.processes import TallyQuery

pytestmark = [pytest.mark.fast, pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)]
MANY: Final = 20_000
NEWEST: Final = (Sort(field="started_at", descending=True), Sort(field="id", descending=True))


@pytest.fixture
def grown(database: Database, context: Context) -> None:
    """Give many executions of ten workflows, one in a hundred of which still waits, one in fifty about something."""
    rows = (
        "WITH RECURSIVE n(g) AS (SELECT 1 UNION ALL SELECT g + 1 FROM n WHERE g < :many)"
        " SELECT CAST(:company AS VARCHAR(64)), 'e' || g, 'm' || (g % 10), 1, CASE WHEN g % 2 = 0 THEN 'n' || g END,"
        " '{}', 's', g,"
        " '{}', 1, CASE WHEN g % 100 = 0 THEN 'waiting' ELSE 'succeeded' END, NULL, NULL, 0, g,"
        " CASE WHEN g % 100 <> 0 THEN g + g % 1000 END, 1, '', '', '',"
        " CASE WHEN g % 50 = 0 THEN 'orders/' || g END, CASE WHEN g % 100 = 0 THEN 'Approve' END FROM n"
    )
    columns = (
        "namespace, id, machine, edition, name, principal, seed, created, input, version, status, owner, due, claims,"
        " started, ended, events, error, checkpoint, parent, reference, state"
    )
    with plain_engine(database.settings.database_url).begin() as connection:
        insert = text(f"INSERT INTO workflow_executions ({columns}) {rows}")
        connection.execute(insert, {"many": MANY, "company": str(context.company)})
    database.analyze()


def plan(database: Database, compiled: Compiled, given: dict[str, Any]) -> str:
    """Give how the database would find the rows, in its own words."""
    explain = "EXPLAIN QUERY PLAN" if not database.dialect.row_locks else "EXPLAIN"
    connection = database.driver.connect()
    database.driver.begin(connection, writing=False, limit=None, replan=False)
    cursor = database.driver.cursor(connection)
    arguments = compiled.arguments(given)
    database.driver.execute(cursor, f"{explain} {compiled.sql}", arguments, prepare=False, limit=None)
    rows = cursor.fetchall()
    database.driver.rollback(connection)
    connection.close()
    return "\n".join(" ".join(map(str, row)) for row in rows)


@pytest.mark.usefixtures("grown")
@pytest.mark.parametrize(
    ("filters", "index", "in_order"),
    [
        ({}, "ix_workflow_executions_created", "in order"),
        ({"workflow": "m3"}, "ix_workflow_executions_machine", "in order"),
        ({"workflow": "m0", "state": "Approve"}, "ix_workflow_executions_machine", ""),
        ({"workflow": "m0", "status": "waiting"}, "ix_workflow_executions_machine", ""),
        ({"reference": "orders/100"}, "ix_workflow_executions_reference", "in order"),
        ({"workflow": "m4", "name": "n4"}, "uq_workflow_executions_name", ""),
    ],
    ids=lambda one: "-".join(one) if isinstance(one, dict) else "",
)
def test_a_page_is_read_along_an_index_and_not_sorted(
    database: Database, context: Context, filters: dict[str, str], index: str, in_order: str
) -> None:
    """ASL-06: by workflow, state, status, name and reference; the first page and those behind it."""
    shown = ("id", "workflow", "status", "state", "started_at")
    asked = tuple((name, Operator.EQ) for name in filters)
    compiled = Shapes().get(Shape("executions", shown, asked, NEWEST, after=False)).on(database.dialect)
    values = {f"filter_{place}": value for place, value in enumerate(filters.values())}
    told = plan(database, compiled, {"company": context.company, "limit": 51, **values})
    assert index in told, told
    assert "Seq Scan" not in told, told
    # What an index cannot be asked for is picked out of the workflow's own executions, or of one name.
    assert not (in_order and ("Sort" in told or "TEMP B-TREE" in told)), told


@pytest.mark.usefixtures("grown")
def test_statistics_are_made_of_rows_found_by_an_index(database: Database, context: Context, works: SqlWorks) -> None:
    """ASL-06: count, mean, 50th, 95th and 99th percentile, of the newest."""
    compiled = measuring(("workflow",)).on(database.dialect)
    told = plan(database, compiled, {"company": context.company, "workflow": "m5", "most": MANY})
    assert "Seq Scan" not in told, told
    with works.reading(context) as work:
        (done,) = work.tallies.durations(TallyQuery(workflow="m5"), MANY)
        whole = {tally.stage.value: tally for tally in work.tallies.durations(TallyQuery(), MANY)}
        part = work.tallies.durations(TallyQuery(), 50)
    took = sorted(g % 1000 for g in range(5, MANY + 1, 10))
    assert (done.count, done.mean) == (len(took), sum(took) / len(took))
    assert (done.p50, done.p95, done.p99) == tuple(took[len(took) * share // 100 - 1] for share in (50, 95, 99))
    assert {name: tally.count for name, tally in whole.items()} == {"succeeded": MANY * 99 // 100, "waiting": 200}
    assert (whole["waiting"].mean, whole["waiting"].p95) == (None, None)
    assert sum(tally.count for tally in part) == 50
