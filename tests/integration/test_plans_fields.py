"""A filter on a custom field begins with the index of its values, however many objects there are."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import pytest
from sqlalchemy import text

from app.domain.fields import CustomField, FieldType
from app.domain.shared.objects import ObjectKind
from app.infrastructure.database.engine import Database
from app.infrastructure.database.migrate import plain_engine
from app.infrastructure.database.repositories.listing import Shape, Shapes
from app.infrastructure.database.work import SqlWorks
from app.usecases.context import Context
from app.usecases.ports.listing import Operator, Sort

pytestmark = pytest.mark.fast
MANY: Final = 4_000


@pytest.fixture
def grown(works: SqlWorks, context: Context, database: Database) -> int:
    """Give a field that each of many products has a value of, all different; enough is known of the tables."""
    field = CustomField(kind=ObjectKind.PRODUCTS, name="size", label="Size", type=FieldType.INTEGER)
    with works.writing(context) as work:
        work.fields.add(field)
        work.commit()
    scale = 1_000_000 if not database.dialect.row_locks else 1
    with plain_engine(database.settings.database_url).begin() as connection:
        numbers = [{"n": n, "company": context.company} for n in range(1, MANY + 1)]
        connection.execute(
            text(
                "INSERT INTO products (company_id, ref, name, kind, description, unit_price, cost_price, vat_rate,"
                " archived, version) VALUES (:company, :ref, 'x', 'goods', '', 0, 0, 0, :no, 1)"
            ),
            [{"ref": f"R{one['n']}", "company": one["company"], "no": False} for one in numbers],
        )
        connection.execute(
            text(
                "INSERT INTO custom_values (company_id, kind, object_id, field_id, number)"
                f" SELECT company_id, 'products', id, {int(field.id)}, id * {scale} FROM products"
                " WHERE company_id = :company"
            ),
            {"company": context.company},
        )
    database.analyze()
    return int(field.id)


def plan(database: Database, shape: Shape, given: dict[str, Any]) -> str:
    """Give how the database would find the page, in its own words."""
    compiled = Shapes().get(shape).on(database.dialect)
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


@pytest.mark.parametrize("operator", [Operator.EQ, Operator.GT])
def test_a_selective_filter_reads_the_index_of_its_values(
    database: Database, context: Context, grown: int, operator: Operator
) -> None:
    """Design 7: cost must not grow with table size."""
    shape = Shape("products", ("id", "ref"), (), (Sort(field="id"),), after=False, matching=(("number", operator),))
    given = {"company": context.company, "custom_field_0": grown, "custom_0": Decimal(10**9), "limit": 51}
    told = plan(database, shape, given)
    assert "ix_custom_values_company_id_field_id_number_object_id" in told, told
