"""Measure what a prepared statement costs beyond the driver's own cursor, and what SQLAlchemy's execution would cost.

``python -m benchmarks.statements [sqlite|postgresql|mariadb ...]``: microseconds of this process's CPU per statement,
one row by its key and fifty rows of 12 columns, the cheapest of several rounds. The servers are the tests' own.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.sql import Select

from app.domain.catalogue import Product
from app.domain.shared.ids import CompanyId
from app.domain.shared.money import Price, Rate
from app.infrastructure.clock import OffsetClock
from app.infrastructure.database.compiled import Prepared
from app.infrastructure.database.engine import Database
from app.infrastructure.database.migrate import Migrations, plain_engine
from app.infrastructure.database.session import Session
from app.infrastructure.database.tables.catalogue import products
from app.infrastructure.database.work import SqlWorks
from tests.support.databases import company_context, context_of, empty_database, settings_for
from tests.support.servers import Keeper

ROUNDS: Final = 5
REPEATS: Final = 1000
ONE: Final = select(products).where(products.c.company_id == bindparam("company"), products.c.id == bindparam("key"))
FIFTY: Final = select(products).where(products.c.company_id == bindparam("company")).order_by(products.c.id).limit(50)


def main() -> None:
    """Print a line for each database named on the command line (default: all three)."""
    print(
        f"{'database':12}{'rows':>6}{'cursor':>10}{'ours':>10}{'beyond':>10}{'SQLAlchemy':>12}   CPU-us per statement"
    )
    with Keeper(), tempfile.TemporaryDirectory() as folder:
        for kind in sys.argv[1:] or ["sqlite", "postgresql", "mariadb"]:
            with empty_database(kind, Path(folder)) as url:
                _measure(kind, url, Path(folder))


def _measure(kind: str, url: str, folder: Path) -> None:
    settings = settings_for(url, folder)
    Migrations(settings).upgrade()
    database = Database.of(settings)
    company, key = _fill(database)
    session = Session(database, database.connection(), context_of(company), writing=False)
    session.begin()
    with plain_engine(url).connect() as connection:
        for rows, statement, given in ((1, ONE, {"company": company, "key": key}), (50, FIFTY, {"company": company})):
            prepared = Prepared(statement, "measured")
            bare = _cheapest(_bare(database, session, prepared, given))
            ours = _cheapest(lambda p=prepared, g=given: session.all(p, **g))  # type: ignore[misc]
            core = _cheapest(_core(connection, statement, given))
            print(f"{kind:12}{rows:6}{bare:10.1f}{ours:10.1f}{ours - bare:10.1f}{core:12.1f}")
    session.end()
    database.close()


def _fill(database: Database) -> tuple[CompanyId, int]:
    works = SqlWorks(database, OffsetClock())
    context = company_context(works)
    with works.writing(context) as work:
        made = [
            Product(ref=f"r{number}", name="A name", unit_price=Price(Decimal(9)), vat_rate=Rate(Decimal(20)))
            for number in range(50)
        ]
        for product in made:
            work.products.add(product)
        work.commit()
    return context.company, int(made[-1].id)


def _bare(database: Database, session: Session, prepared: Prepared, given: dict[str, Any]) -> Callable[[], object]:
    """Give the driver's cursor alone: text and arguments ready, rows as it makes them."""
    compiled = prepared.on(database.dialect)
    arguments, cursor = compiled.arguments(given), session._cursor  # noqa: SLF001 - what is measured

    def run() -> object:
        database.driver.execute(cursor, compiled.sql, arguments, prepare=True, limit=None)
        return cursor.fetchall()

    return run


def _core(connection: Connection, statement: Select[Any], given: dict[str, Any]) -> Callable[[], object]:
    return lambda: connection.execute(statement, given).all()


def _cheapest(run: Callable[[], object]) -> float:
    """Give the microseconds of CPU of one run, in the cheapest of several rounds."""
    best = float("inf")
    for _ in range(ROUNDS):
        before = time.process_time()
        for _ in range(REPEATS):
            run()
        best = min(best, (time.process_time() - before) / REPEATS * 1e6)
    return best


if __name__ == "__main__":
    main()
