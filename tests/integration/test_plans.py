"""Plans of prepared statements follow a table that grows under a warm connection (design: speed)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from app.domain.catalogue import Product
from app.domain.shared.ids import ProductId
from app.domain.shared.money import Price, Rate
from app.domain.stock import Warehouse
from app.infrastructure.database.compiled import _REGISTRY, PreparedMany
from app.infrastructure.database.engine import Database
from app.infrastructure.database.locks import TraceKind
from app.infrastructure.database.migrate import plain_engine
from app.infrastructure.database.session import PLANS_LAST
from app.infrastructure.database.work import SqlWork, SqlWorks
from app.usecases.context import Context
from tests.support.clock import FakeClock
from tests.support.databases import company_context, settings_for, tracing

GROWN = 50_000
# A look-up by a B-tree of this size touches three or four blocks, the row one more; a walk along a wrong index
# thousands.
FEW_BLOCKS = 16
FAST = pytest.mark.fast
ONLY_POSTGRESQL = pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)


@FAST
@ONLY_POSTGRESQL
def test_statements_stay_cheap_on_a_table_that_grew_a_thousandfold(database: Database, clock: FakeClock) -> None:
    """A look-up and a stock lock prepared on an empty table use the right index once it is large, without ANALYZE."""
    settings = settings_for(database.settings.database_url, database.settings.data_dir, db_pool_size=1)
    warm = Database.of(settings)
    works = SqlWorks(warm, clock)
    context = company_context(works)
    product, warehouse = _stocked(works, context)
    cases: list[Callable[[SqlWork], object]] = [
        lambda work: work.products.get(product),
        lambda work: work.products.of([product]),
        lambda work: work.products.by_ref(["A"]),
        lambda work: work.stock.hold(warehouse, [product]),
    ]
    for _ in range(10):
        _once(works, context, cases)
    _grow(database, context, warehouse)
    with tracing(warm) as traces:
        for _ in range(PLANS_LAST):
            with works.writing(context):
                pass
        _once(works, context, cases)
    values = {"company": context.company, "product": product, "id": product, "warehouse": warehouse.id, "ref": "'A'"}
    used = {trace.sql for trace in traces if trace.kind is TraceKind.STATEMENT}
    blocks = {sql: _blocks(warm, sql, values) for sql in used}
    warm.close()
    assert len(used) == 5
    assert {sql: count for sql, count in blocks.items() if count > FEW_BLOCKS} == {}


def _stocked(works: SqlWorks, context: Context) -> tuple[ProductId, Warehouse]:
    product = Product(ref="A", name="A", unit_price=Price(Decimal(1)), vat_rate=Rate(Decimal(20)))
    warehouse = Warehouse(ref="W", name="W")
    with works.writing(context) as work:
        work.products.add(product)
        work.warehouses.add(warehouse)
        work.stock.hold(warehouse, [product.id])
        work.commit()
    return product.id, warehouse


def _once(works: SqlWorks, context: Context, cases: list[Callable[[SqlWork], object]]) -> None:
    for case in cases:
        with works.writing(context) as work:
            case(work)


def _grow(database: Database, context: Context, warehouse: Warehouse) -> None:
    """Add rows behind the warm connection's back."""
    values = {"company": context.company, "warehouse": warehouse.id, "rows": GROWN}
    with plain_engine(database.settings.database_url).begin() as connection:
        connection.execute(
            text(
                "INSERT INTO products (company_id, ref, name, kind, description, unit_price, cost_price, vat_rate,"
                " archived, version) SELECT :company, 'r' || g, 'n' || g % 100, 'goods', '', g, 0, 20, false, 1"
                " FROM generate_series(1, :rows) g"
            ),
            values,
        )
        connection.execute(
            text(
                "INSERT INTO stock_costs (company_id, product_id, quantity, value, average)"
                " SELECT company_id, id, 0, 0, 0 FROM products WHERE company_id = :company AND ref <> 'A'"
            ),
            values,
        )
        connection.execute(
            text(
                "INSERT INTO stock_levels (company_id, warehouse_id, product_id, quantity)"
                " SELECT company_id, :warehouse, id, 0 FROM products WHERE company_id = :company AND ref <> 'A'"
            ),
            values,
        )


def _blocks(warm: Database, sql: str, values: Mapping[str, Any]) -> int:
    """Give the blocks that the connection's own prepared statement touches, by the plan it has now."""
    sized = (part for many in _REGISTRY if isinstance(many, PreparedMany) for part in many._by_size.values())
    known = {part.on(warm.dialect).sql: part.on(warm.dialect) for part in (*_REGISTRY, *sized)}
    given = [values[re.sub(r"(_id)?(__\d+)?$", "", name)] for name in known[sql].order]
    connection = warm.connection()
    raw: Any = connection.dbapi_connection
    found = raw.execute("SELECT name FROM pg_prepared_statements WHERE statement = %s", (sql,)).fetchone()
    shown = ", ".join(str(value) for value in given)
    lines = raw.execute(f"EXPLAIN (ANALYZE, BUFFERS) EXECUTE {found[0]}({shown})").fetchall()
    connection.close()
    touched = "\n".join(line for (line,) in lines).split("Planning")[0]
    return max(sum(map(int, part)) for part in re.findall(r"shared hit=(\d+)(?: read=(\d+))?", _padded(touched)))


def _padded(plan: str) -> str:
    return re.sub(r"shared hit=(\d+)(?! read)", r"shared hit=\1 read=0", plan)
