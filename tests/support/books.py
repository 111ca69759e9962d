"""A company's books on a real database, with all that an import works with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from app.domain.identity import CompanySettings, User
from app.domain.shared.ids import CompanyId
from app.domain.shared.money import currency
from app.domain.shared.rights import ALL_RIGHTS
from app.importer.files import Desk
from app.infrastructure.clock import OffsetClock, pause
from app.infrastructure.database.engine import Database
from app.infrastructure.database.work import SqlWorks
from app.infrastructure.seal import HmacSeal
from app.usecases.context import Context, system_context
from app.usecases.identity import NewCompany, ReadCompany, SetUpCompany
from app.usecases.ports.listing import Query, Sort
from app.usecases.run import Runner, UseCase
from app.usecases.shared import ListCase

Request = TypeVar("Request")
Result = TypeVar("Result")

CHAIN_KEY = "t3ePyXUNkzJ0L9qjJ0jQwZkq1Yxw3m0tq6m1x7m0abc"


@dataclass(frozen=True)
class Books:
    """One company of its own; ``desk`` imports into it."""

    desk: Desk
    company: CompanyId

    def do(self, case: UseCase[Request, Result], request: Request) -> Result:
        """Run a use case with every right."""
        return self.desk.runner.call(self.desk.context(), case, lambda: request)

    def rows(self, case: ListCase) -> list[dict[str, Any]]:
        """Give all rows of a list by id, as field name to value."""
        names = [field.name for field in case.listing.fields]
        rows: list[dict[str, Any]] = []
        after: tuple[object, ...] | None = None
        while True:
            page = self.do(case, Query(sort=(Sort(field="id"),), after=after, limit=200))
            rows += [dict(zip(names, row, strict=True)) for row in page.rows]
            if not page.more:
                return rows
            after = (rows[-1]["id"],)


def new_books(database: Database, name: str) -> Books:
    """Enter a company that keeps its books in dollars; ``name`` tells its administrator's address apart."""
    desk_of = _desks(database)
    new = NewCompany(
        name="Northwind Traders",
        country="US",
        settings=CompanySettings(currency=currency("USD")),
        admin=User(email=f"{name}@example.com", name=name, password_hash=""),
    )
    company = desk_of(CompanyId(0)).runner.call(system_context("test"), SetUpCompany(), lambda: new)
    return books_of(database, company.id)


def books_of(database: Database, company: CompanyId) -> Books:
    """Open the books of a company that is there."""
    return Books(_desks(database)(company), company)


def _desks(database: Database) -> Callable[[CompanyId], Desk]:
    clock = OffsetClock(database.now)
    runner = Runner(SqlWorks(database, clock), pause)

    def context(company: CompanyId) -> Context:
        acting = replace(system_context("test"), company=company, rights=ALL_RIGHTS)
        return replace(acting, settings=runner.call(acting, ReadCompany(), lambda: None).settings)

    return lambda company: Desk(runner=runner, clock=clock, seal=HmacSeal(CHAIN_KEY), context=lambda: context(company))
