"""The stock lock finds its rows by the clustered key, on a table where the planner has a choice (ERP-07)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import psycopg
import pytest
from sqlalchemy import text

from app.domain.stock import Warehouse
from app.infrastructure.database.compiled import PreparedMany, arguments_of_rows
from app.infrastructure.database.engine import Database
from app.infrastructure.database.migrate import plain_engine
from app.infrastructure.database.repositories.stock.movements import _LOCK_COSTS, _LOCK_LEVELS
from app.infrastructure.database.work import SqlWorks
from app.usecases.context import Context
from tests.support.clock import FakeClock
from tests.support.databases import company_context

pytestmark = [
    pytest.mark.fast,
    pytest.mark.parametrize("database_kind", ["sqlite", "postgresql", "mariadb"], indirect=True),
]
SIDE: Final = 70
NUMBERS: Final = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {SIDE}) SELECT"
PRODUCTS: Final = f"""
    INSERT INTO products
        (company_id, ref, name, kind, description, unit_price, cost_price, vat_rate, archived, version)
    {NUMBERS} :company, a.i * 1000 + b.i, 'n', 'goods', '', 1, 1, 0, :no, 1 FROM n a CROSS JOIN n b
"""
WAREHOUSES: Final = f"""
    INSERT INTO warehouses (company_id, ref, name, allow_negative, archived, version)
    {NUMBERS} :company, i, 'n', :no, :no, 1 FROM n WHERE i <= 5
"""
COSTS: Final = """
    INSERT INTO stock_costs (company_id, product_id, quantity, value, average)
    SELECT company_id, id, 0, 0, 0 FROM products WHERE company_id = :company
"""
LEVELS: Final = """
    INSERT INTO stock_levels (company_id, warehouse_id, product_id, quantity)
    SELECT p.company_id, w.id, p.id, 0 FROM products p JOIN warehouses w ON w.company_id = p.company_id
    WHERE p.company_id = :company
"""
SHRUNK: Final = ("stock_levels", "stock_costs", "warehouses", "products")


@pytest.fixture(scope="module")
def grown(database: Database) -> Iterator[Context]:
    """Give a company with 4,900 products in five warehouses."""
    context = company_context(SqlWorks(database, FakeClock()))
    with plain_engine(database.settings.database_url).begin() as connection:
        for statement in (PRODUCTS, WAREHOUSES, COSTS, LEVELS):
            connection.execute(text(statement), {"company": context.company, "no": False})
        if database.dialect.name != "sqlite":
            tables = "stock_levels, stock_costs"
            connection.execute(text(f"ANALYZE {'TABLE ' if database.dialect.name == 'mariadb' else ''}{tables}"))
    yield context
    with plain_engine(database.settings.database_url).begin() as connection:
        for table in SHRUNK:
            connection.execute(text(f"DELETE FROM {table} WHERE company_id = :company"), {"company": context.company})


def _on_postgresql(raw: Any, sql: str, arguments: Sequence[Any]) -> str:
    lines = psycopg.RawCursor(raw).execute(f"EXPLAIN {sql}".encode(), arguments).fetchall()
    return "\n".join(line for (line,) in lines)


def _on_mariadb(raw: Any, sql: str, arguments: Sequence[Any]) -> str:
    with raw.cursor() as cursor:
        cursor.execute(f"EXPLAIN {sql}", arguments)
        names = [column[0] for column in cursor.description]
        return "\n".join(
            f"key={row['key']} length={row['key_len']} extra={row['Extra']}"
            for row in (dict(zip(names, found, strict=True)) for found in cursor.fetchall())
        )


def _on_sqlite(raw: Any, sql: str, arguments: Sequence[Any]) -> str:
    return "\n".join(row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {sql}", arguments).fetchall())


EXPLAIN: Final[Mapping[str, Callable[[Any, str, Sequence[Any]], str]]] = {
    "postgresql": _on_postgresql,
    "mariadb": _on_mariadb,
    "sqlite": _on_sqlite,
}
CLUSTERED: Final = {
    "postgresql": "using pk_{table} ",
    "mariadb": "key=PRIMARY length={length} ",
    "sqlite": "SEARCH {table} USING PRIMARY KEY ({columns})",
}
LEVEL_KEY: Final = ("company_id", "warehouse_id", "product_id")
COST_KEY: Final = ("company_id", "product_id")


@pytest.mark.parametrize("products", [1, 8])
@pytest.mark.parametrize(
    ("lock", "table", "key"),
    [(_LOCK_LEVELS, "stock_levels", LEVEL_KEY), (_LOCK_COSTS, "stock_costs", COST_KEY)],
    ids=["level", "cost"],
)
def test_the_stock_lock_runs_over_the_whole_clustered_key(
    database: Database, grown: Context, lock: PreparedMany, table: str, key: tuple[str, ...], products: int
) -> None:
    """ERP-07: a lock taken over a second index would be taken in that one's order, and deadlock."""
    ids, warehouse = _keys(database, grown, products)
    compiled = lock.sized(products).on(database.dialect)
    common = {"company_id": grown.company} | ({"warehouse_id": warehouse} if "warehouse_id" in key else {})
    arguments = arguments_of_rows(compiled, [{"product_id": product} for product in ids], common, products)
    with plain_engine(database.settings.database_url).connect() as connection:
        plan = EXPLAIN[database.dialect.name](connection.connection.driver_connection, compiled.sql, arguments)
    columns = " AND ".join(f"{column}=?" for column in key)
    expected = CLUSTERED[database.dialect.name].format(table=table, columns=columns, length=8 * len(key))
    assert expected in f"{plan} "
    assert "ix_" not in plan
    assert "FOR UPDATE" in compiled.sql or not database.dialect.row_locks
    assert f"ORDER BY {table}.product_id" in compiled.sql


def _keys(database: Database, context: Context, count: int) -> tuple[list[int], int]:
    """Give ``count`` products from the middle of the company's, in order, and one of its warehouses."""
    with plain_engine(database.settings.database_url).connect() as connection:
        given = {"company": context.company}
        found = connection.scalars(text("SELECT id FROM products WHERE company_id = :company ORDER BY id"), given)
        place = connection.scalar(text("SELECT max(id) FROM warehouses WHERE company_id = :company"), given)
        return list(found)[100 : 100 + 7 * count : 7], int(place or 0)


def test_products_are_held_in_order_however_they_are_named(works: SqlWorks, grown: Context, database: Database) -> None:
    """ERP-07: the repository sorts; whoever holds them finds each by its product."""
    ids, warehouse = _keys(database, grown, 5)
    with works.writing(grown) as work:
        held = work.stock.hold(Warehouse(id=warehouse, ref="w", name="n"), [ids[3], ids[0], ids[4], ids[0]])  # type: ignore[arg-type,list-item]
    assert list(held) == [ids[0], ids[3], ids[4]]
