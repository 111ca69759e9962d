"""The Northwind run on real databases: shipped, invoiced and paid, once, to the cent."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from app.importer.northwind import run_northwind
from app.importer.refusals import NotAllImported
from app.infrastructure.database.engine import Database
from app.usecases.billing import ListInvoices, ListPayments
from app.usecases.context import Context
from app.usecases.ports.reports import SalesBy
from app.usecases.ports.shared import Work, Works
from app.usecases.reports import PeriodBackwards, SalesReport, SalesRequest
from app.usecases.run import Runner
from app.usecases.sales import ListOrders
from app.usecases.shipping import ListShipments
from app.usecases.stock import ListMovements
from tests.support.books import Books, new_books
from tests.support.importing import NAMES, ignore, killed_at, northwind_file, rows_of_levels
from tests.support.northwind import OrderRow, first_orders, read_orders, sales


def check_books(books: Books, orders: list[OrderRow]) -> None:
    """Everything shipped is shipped, invoiced and paid once, to the cent of what the files come to."""
    shipped = [order for order in orders if order.shipped is not None]
    states = {row["external_ref"]: row["status"] for row in books.rows(ListOrders())}
    assert states == {order.number: "validated" if order.shipped is None else "delivered" for order in orders}
    assert [row["status"] for row in books.rows(ListShipments())] == ["closed"] * len(shipped)
    invoices = books.rows(ListInvoices())
    assert [row["status"] for row in invoices] == ["paid"] * len(shipped)
    assert len({row["order_id"] for row in invoices}) == len(shipped)
    assert [row["date"].isoformat() for row in invoices] == sorted(order.shipped or "" for order in shipped)
    assert gapless(invoices, "FA")
    assert gapless(books.rows(ListPayments()), "PAY")
    assert {row["quantity"] for row in rows_of_levels(books)} == {0}
    for by in (SalesBy.CUSTOMER, SalesBy.PRODUCT, SalesBy.MONTH):
        report = books.do(SalesReport(), SalesRequest(by=by))
        expected = sales(orders, by.value)
        assert {row.code: row.net for row in report.rows} == expected
        assert report.totals["net"] == sum(expected.values())
        assert report.currency == "USD"


def gapless(rows: list[dict[str, Any]], prefix: str) -> bool:
    """Tell whether the numbers of each month, in order of entry, are 1, 2, 3 ..."""
    counts: dict[str, int] = {}
    for row in rows:
        month = f"{prefix}{row['date']:%y%m}"
        counts[month] = counts.get(month, 0) + 1
        if row["ref"] != f"{month}-{counts[month]:04d}":
            return False
    return True


def goes_on_after_a_kill(books: Books, database: Database, folder: Path, stage: str) -> None:
    killed_at(database, books, folder, "northwind", lambda step: step.startswith(f"{stage}:"))
    run_northwind(books.desk, folder, ignore)
    check_books(books, read_orders(folder))
    moved = len(books.rows(ListMovements()))
    run_northwind(books.desk, folder, ignore)
    assert len(books.rows(ListMovements())) == moved


@pytest.mark.fast
def test_a_killed_northwind_run_goes_on_and_ships_nothing_twice(books: Books, database: Database, small: Path) -> None:
    goes_on_after_a_kill(books, database, small, "orders shipped and paid:12")


@pytest.mark.full
@pytest.mark.parametrize("stage", ["orders.csv:9", "orders validated:7", "products received:9"])
def test_a_northwind_run_killed_before_it_ships_goes_on(
    books: Books, database: Database, small: Path, stage: str
) -> None:
    goes_on_after_a_kill(books, database, small, stage)


class PowerCut(BaseException):
    """Nothing runs after this."""


@dataclass
class Mortal:
    """Transactions until ``left`` of them were allowed to write."""

    works: Works
    left: int

    def reading(self, context: Context) -> AbstractContextManager[Work]:
        return self.works.reading(context)

    def writing(self, context: Context) -> AbstractContextManager[Work]:
        if not self.left:
            raise PowerCut
        self.left -= 1
        return self.works.writing(context)


@pytest.mark.fast
@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_run_that_is_cut_after_each_of_its_transactions_comes_to_the_same_books(
    books: Books, northwind: Path, tmp_path: Path
) -> None:
    """Every state between two commits is one a run can begin from; each run here gets one transaction further."""
    folder = first_orders(northwind, tmp_path / "three", 3)
    for name in NAMES:
        northwind_file(books.desk, folder, name)
    replays, runner, runs = 91 + 29 + 77 + 3, books.desk.runner, 0
    while True:
        mortal = replace(books.desk, runner=Runner(Mortal(runner.works, replays + 1), runner.pause))
        try:
            run_northwind(mortal, folder, ignore)
        except PowerCut:
            runs += 1
        else:
            break
    check_books(books, read_orders(folder))
    # One warehouse, three orders of seven products, for each six steps from shipment to payment; the last run ends.
    assert runs == 1 + 3 + 7 + 3 * 6 - 1


@pytest.mark.fast
@pytest.mark.slow_on_servers
def test_sales_are_reported_for_a_period(books: Books, small: Path) -> None:
    told = run_northwind(books.desk, small, ignore)
    assert told[-4] == "30 invoices paid"
    orders = [order for order in read_orders(small) if order.shipped and "1996-08" <= order.shipped < "1996-09"]
    request = SalesRequest(by=SalesBy.CUSTOMER, date_from=date(1996, 8, 1), date_to=date(1996, 8, 31))
    assert {row.code: row.net for row in books.do(SalesReport(), request).rows} == sales(orders, "customer")
    with pytest.raises(PeriodBackwards):
        books.do(SalesReport(), replace(request, date_to=date(1996, 7, 31)))


@pytest.mark.fast
@pytest.mark.slow_on_servers
def test_a_company_reports_its_own_sales_alone(books: Books, database: Database, small: Path) -> None:
    run_northwind(books.desk, small, ignore)
    other = new_books(database, f"other-{books.company}")
    report = other.do(SalesReport(), SalesRequest(by=SalesBy.MONTH))
    assert not report.rows
    assert report.totals["net"] == 0


@pytest.mark.fast
@pytest.mark.slow_on_servers
def test_northwind_is_not_begun_on_data_that_was_refused(books: Books, small: Path) -> None:
    customers = small / "customers.csv"
    customers.write_text(customers.read_text(encoding="utf-8").replace(",Germany,", ",Atlantis,"), encoding="utf-8")
    with pytest.raises(NotAllImported) as refused:
        run_northwind(books.desk, small, ignore)
    assert (refused.value.facts["row"], refused.value.facts["column"]) == (2, "country")
    assert books.rows(ListOrders()) == []


@pytest.mark.full
@pytest.mark.timeout(900)  # twenty thousand requests' worth of statements, on a busy machine
def test_the_whole_of_northwind_is_shipped_invoiced_and_paid(books: Books, northwind: Path) -> None:
    """ERP-06, ERP-08: 809 orders to the cent, in numbers without a gap."""
    told = run_northwind(books.desk, northwind, ignore)
    orders = read_orders(northwind)
    check_books(books, orders)
    assert told[-5:] == [
        "830 orders with 2,155 lines: net 1,265,793.29, freight 64,942.69",
        "809 invoices paid",
        "sales by customer: 1,303,810.87 USD in 89 rows",
        "sales by product: 1,303,810.87 USD in 78 rows",
        "sales by month: 1,303,810.87 USD in 23 rows",
    ]
