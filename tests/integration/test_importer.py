"""Importing files into real databases: whole, repeatable, resumable."""

from __future__ import annotations

import csv
import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest

from app.domain.sales import OrderState
from app.domain.shared.errors import MissingRight
from app.domain.shared.lines import LineKind
from app.domain.stock import Warehouse
from app.importer.files import Desk, ImportOptions, ImportReport, import_file
from app.importer.northwind import FILES, MAPPINGS, run_northwind
from app.importer.refusals import BadFile, BadMapping, NotAllImported, UnknownKind
from app.infrastructure.database.engine import Database
from app.usecases.billing import ListInvoices, ListPayments
from app.usecases.catalogue import ListProducts
from app.usecases.importing import Outcome
from app.usecases.parties import ListParties
from app.usecases.ports.listing import Query
from app.usecases.ports.reports import SalesBy
from app.usecases.reports import PeriodBackwards, SalesReport, SalesRequest
from app.usecases.sales import ListOrders, ReadOrder, ValidateOrder
from app.usecases.shipping import ListShipments
from app.usecases.stock import CreateWarehouse, ListLevels, ListMovements
from house.base import ROOT
from tests.support.books import Books, new_books
from tests.support.northwind import OrderRow, first_orders, read_orders, sales

NAMES: Final = tuple(name for _, name in FILES)


@pytest.fixture
def books(database: Database, request: pytest.FixtureRequest, tmp_path: Path) -> Books:
    """Give a company of the test's own."""
    return new_books(database, hashlib.sha256(f"{request.node.nodeid} {tmp_path}".encode()).hexdigest()[:32])


def ignore(stage: str, done: int, total: int) -> None:
    """Nobody watches."""


def northwind_file(desk: Desk, folder: Path, name: str, **options: Any) -> ImportReport:
    kind = {name: kind for kind, name in FILES}[name]
    source, mapping = folder / f"{name}.csv", MAPPINGS / f"{name}.toml"
    return import_file(desk, kind, source, mapping, ImportOptions(**options), ignore)


def what_happened(report: ImportReport) -> dict[str, int]:
    told = {outcome.value: count for outcome, count in report.outcomes.items() if count}
    return told | {name: n for name in ("replayed", "refused") if (n := getattr(report, name))}


def errors_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def versions(books: Books) -> list[tuple[int, int]]:
    return [(row["id"], books.do(ReadOrder(), row["id"]).version) for row in books.rows(ListOrders())]


@pytest.fixture
def small(northwind: Path, tmp_path: Path) -> Path:
    """Give the first 30 orders, all of them shipped."""
    return first_orders(northwind, tmp_path / "northwind", 30)


@pytest.mark.fast
def test_northwind_is_imported_to_the_cent(books: Books, northwind: Path) -> None:
    """ERP-06: 91 customers, 29 suppliers, 77 products, 830 orders with 2,155 lines."""
    reports = {name: northwind_file(books.desk, northwind, name) for name in NAMES}
    assert [report.outcomes[Outcome.CREATED] for report in reports.values()] == [91, 29, 77, 830]
    assert (reports["orders"].lines, reports["orders"].extra_lines) == (2155, 830)
    parties = books.rows(ListParties())
    assert [sum(row[role] for row in parties) for role in ("customer", "supplier")] == [91, 29]
    assert len(books.rows(ListProducts())) == 77

    orders = [books.do(ReadOrder(), row["id"]) for row in books.rows(ListOrders())]
    lines = [line for order in orders for line in order.lines]
    net = {kind: sum(line.net for line in lines if line.kind is kind) for kind in LineKind}
    assert len(orders) == 830
    assert net[LineKind.GOODS] == Decimal("1265793.29")
    assert net[LineKind.FREIGHT] == Decimal("64942.69")
    assert sum(order.totals.gross for order in orders) == Decimal("1330735.98")


@pytest.mark.fast
def test_importing_the_same_again_changes_nothing(books: Books, small: Path) -> None:
    """Neither by the memory of the first run, nor by comparing every document."""
    for name in NAMES:
        northwind_file(books.desk, small, name)
    before = versions(books)
    for name, count in zip(NAMES, (91, 29, 77, 30), strict=True):
        assert what_happened(northwind_file(books.desk, small, name)) == {"replayed": count}
        assert what_happened(northwind_file(books.desk, small, name, again=True)) == {"unchanged": count}
    assert versions(books) == before


@pytest.mark.fast
def test_a_killed_import_goes_on_where_it_stopped(books: Books, database: Database, small: Path) -> None:
    """SIGKILL, as a power cut would; what was committed is not done again, what was not is."""
    for name in NAMES[:3]:
        northwind_file(books.desk, small, name)
    killed_at(database, books, small, "orders", lambda step: step == "orders.csv:11:30")
    stored = len(books.rows(ListOrders()))
    assert 11 <= stored < 30
    assert what_happened(northwind_file(books.desk, small, "orders")) == {"created": 30 - stored, "replayed": stored}
    orders = books.rows(ListOrders())
    assert len({row["external_ref"] for row in orders}) == len(orders) == 30


def killed_at(database: Database, books: Books, folder: Path, what: str, reached: Callable[[str], bool]) -> None:
    """Run a real process until it says that it is where it shall die."""
    url = database.url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "tests.support.stoppable", url, str(books.company), str(folder), what]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "scripts")))}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for step in process.stdout:
            if reached(step.strip()):
                process.send_signal(signal.SIGKILL)
                break
    assert process.returncode == -signal.SIGKILL


@pytest.mark.fast
def test_a_dry_run_stores_nothing(books: Books, small: Path) -> None:
    report = northwind_file(books.desk, small, "customers", dry_run=True)
    assert what_happened(report) == {"created": 91}
    assert report.summary().endswith("(dry run)")
    assert books.rows(ListParties()) == []
    # Nor does it leave a memory that would keep the real run from storing.
    assert what_happened(northwind_file(books.desk, small, "customers")) == {"created": 91}


PARTIES: Final = """
kind = "third-parties"
[fields]
customer_code = "code"
name = "name"
city = "city"
payment_days = "days"
"""
PRODUCTS: Final = """
kind = "products"
[fields]
ref = "ref"
name = "name"
unit_price = "price"
vat_rate = { constant = "20" }
"""
ORDERS: Final = """
kind = "orders"
[fields]
external_ref = "order"
customer_code = "customer"
date = "day"
[lines.fields]
product_ref = "product"
quantity = "count"
unit_price = "price"
"""
STOCK: Final = 'kind = "stock"\n[fields]\nproduct_ref = "p"\nwarehouse_ref = "w"\nquantity = "q"'


class Shop:
    """Imports text with a mapping and keeps what was refused."""

    def __init__(self, books: Books, folder: Path) -> None:
        self.books = books
        self.folder = folder
        self.errors = folder / "errors.csv"

    def put(self, kind: str, mapping: str, text: str, **options: Any) -> dict[str, int]:
        (self.folder / "mapping.toml").write_text(mapping, encoding="utf-8")
        (self.folder / "file.csv").write_text(text, encoding="utf-8")
        options = {"errors": self.errors, **options}
        return what_happened(
            import_file(
                self.books.desk,
                kind,
                self.folder / "file.csv",
                self.folder / "mapping.toml",
                ImportOptions(**options),
                ignore,
            )
        )

    def stock_up(self) -> None:
        self.put("third-parties", PARTIES, "code,name,city,days\nA,Ann,Lima,30\nB,Bob,,\n")
        self.put("products", PRODUCTS, "ref,name,price\nP1,Chai,18\nP2,Chang,19\n")


@pytest.fixture
def shop(books: Books, tmp_path: Path) -> Shop:
    return Shop(books, tmp_path)


@pytest.mark.fast
def test_only_the_fields_of_the_file_are_changed(shop: Shop) -> None:
    shop.stock_up()
    mapping = 'kind = "third-parties"\n[fields]\ncustomer_code = "code"\nname = "name"\nstreet = "street"'
    told = shop.put("third-parties", mapping, "code,name,street\nA,Anna,Main St 1\nB,Bob,\nC,Cy,\n")
    assert told == {"changed": 1, "unchanged": 1, "created": 1}
    anna = next(row for row in shop.books.rows(ListParties()) if row["customer_code"] == "A")
    assert (anna["name"], anna["city"]) == ("Anna", "Lima")


@pytest.mark.fast
def test_a_bad_row_names_row_and_column_and_stores_nothing_of_its_document(shop: Shop) -> None:
    """Rows 3 and 6 are faulty: what the file says wrongly, and what the business refuses."""
    shop.stock_up()
    told = shop.put(
        "orders",
        ORDERS,
        "order,customer,day,product,count,price\n"
        "1,A,2026-01-05,P1,2,9\n"
        "2,A,2026-01-05,P1,two,9\n"
        "3,B,2026-01-06,P2,1,8\n"
        "2,A,2026-01-05,P2,1,9\n"
        "3,B,2026-01-06,P9,1,8\n"
        "4,Z,2026-01-06,P1,1,8\n"
        "5,A,2026-01-06,P1,-1,8\n",
    )
    assert told == {"created": 1, "refused": 4}
    assert [row["external_ref"] for row in shop.books.rows(ListOrders())] == ["1"]
    assert [(e["row"], e["column"], e["code"], e["file"]) for e in errors_of(shop.errors)] == [
        ("3", "count", "import.bad_value", "file.csv"),
        ("6", "product", "unknown_reference", "file.csv"),
        ("7", "customer", "unknown_reference", "file.csv"),
        ("8", "count", "lines.quantity_not_positive", "file.csv"),
    ]
    assert "P9" in errors_of(shop.errors)[1]["message"]


@pytest.mark.fast
def test_the_errors_file_is_gone_once_nothing_is_refused(shop: Shop) -> None:
    assert shop.put("products", PRODUCTS, "ref,name,price\nP1,,18\n") == {"refused": 1}
    assert shop.errors.exists()
    assert shop.put("products", PRODUCTS, "ref,name,price\nP1,Chai,18\n") == {"created": 1}
    assert not shop.errors.exists()


@pytest.mark.fast
def test_a_draft_is_replaced_when_it_differs_and_left_alone_once_validated(shop: Shop) -> None:
    shop.stock_up()
    head = "order,customer,day,product,count,price\n"
    assert shop.put("orders", ORDERS, f"{head}1,A,2026-01-05,P1,2,9\n") == {"created": 1}
    changed = f"{head}1,B,2026-01-06,P1,2,9\n1,B,2026-01-06,P2,3,8\n"
    assert shop.put("orders", ORDERS, changed) == {"changed": 1}
    (row,) = shop.books.rows(ListOrders())
    order = shop.books.do(ReadOrder(), row["id"])
    assert [line.quantity for line in order.lines] == [2, 3]
    assert order.totals.net == Decimal(42)

    shop.books.do(ValidateOrder(shop.books.desk.numbering), order.id)
    assert shop.put("orders", ORDERS, f"{head}1,A,2026-01-07,P1,9,9\n") == {"kept": 1}
    after = shop.books.do(ReadOrder(), order.id)
    assert (after.state, after.totals) == (OrderState.VALIDATED, order.totals)


@pytest.mark.fast
def test_a_count_sets_the_level_and_a_right_one_moves_nothing(shop: Shop) -> None:
    shop.stock_up()
    shop.books.do(CreateWarehouse(), Warehouse(ref="MAIN", name="Main"))
    shop.books.do(CreateWarehouse(), Warehouse(ref="SHOP", name="Shop"))
    text = "p,w,q\nP1,,5\nP1,SHOP,2.5\nP2,,0\nP2,NONE,1\nP9,,1\n"
    assert shop.put("stock", STOCK, text) == {"changed": 2, "unchanged": 1, "refused": 2}
    assert [(e["row"], e["column"]) for e in errors_of(shop.errors)] == [("5", "w"), ("6", "p")]
    assert shop.put("stock", STOCK, "p,w,q\nP1,MAIN,5\nP1,SHOP,1\n") == {"changed": 1, "unchanged": 1}
    assert sorted(row["quantity"] for row in rows_of_levels(shop.books)) == [0, 1, 5]


def rows_of_levels(books: Books) -> list[dict[str, Any]]:
    names = [field.name for field in ListLevels.listing.fields]
    page = books.do(ListLevels(), Query(sort=ListLevels.listing.default_sort, limit=200))
    return [dict(zip(names, row, strict=True)) for row in page.rows]


@pytest.mark.fast
def test_an_import_is_stopped_by_what_is_wrong_with_all_of_it(shop: Shop) -> None:
    text = "ref,name,price\nP1,Chai,18\n"
    with pytest.raises(UnknownKind):
        shop.put("invoices", PRODUCTS, text)
    with pytest.raises(BadMapping):
        shop.put("orders", PRODUCTS, text)
    with pytest.raises(BadMapping) as refused:
        shop.put("products", PRODUCTS, "ref,name\nP1,Chai\n")
    assert refused.value.facts["column"] == "price"
    with pytest.raises(BadFile):
        northwind_file(shop.books.desk, shop.folder, "orders")
    assert shop.books.rows(ListProducts()) == []


@pytest.mark.fast
def test_an_import_needs_the_rights_of_what_it_does(shop: Shop, small: Path) -> None:
    """Dry or not: both are the same use case through the same runner."""
    desk = shop.books.desk
    nobody = replace(desk, context=lambda: replace(desk.context(), rights=frozenset()))
    for dry_run in (False, True):
        with pytest.raises(MissingRight):
            northwind_file(nobody, small, "customers", dry_run=dry_run)
    assert shop.books.rows(ListParties()) == []


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
    for by in SalesBy:
        report = books.do(SalesReport(), SalesRequest(by=by))
        expected = sales(orders, by.value)
        assert {row.code: row.net for row in report.rows} == expected
        assert report.total == sum(expected.values())
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


@pytest.mark.fast
@pytest.mark.parametrize("stage", ["orders validated:7", "products received:9", "orders shipped and paid:12"])
def test_a_killed_northwind_run_goes_on_and_ships_nothing_twice(
    books: Books, database: Database, small: Path, stage: str
) -> None:
    killed_at(database, books, small, "northwind", lambda step: step.startswith(f"{stage}:"))
    run_northwind(books.desk, small, ignore)
    check_books(books, read_orders(small))
    moved = [row["kind"] for row in books.rows(ListMovements())]
    run_northwind(books.desk, small, ignore)
    assert [row["kind"] for row in books.rows(ListMovements())] == moved


@pytest.mark.fast
def test_sales_are_reported_for_a_period(books: Books, small: Path) -> None:
    told = run_northwind(books.desk, small, ignore)
    assert told[-4] == "30 invoices paid"
    orders = [order for order in read_orders(small) if order.shipped and "1996-08" <= order.shipped < "1996-09"]
    request = SalesRequest(by=SalesBy.CUSTOMER, date_from=date(1996, 8, 1), date_to=date(1996, 8, 31))
    assert {row.code: row.net for row in books.do(SalesReport(), request).rows} == sales(orders, "customer")
    with pytest.raises(PeriodBackwards):
        books.do(SalesReport(), replace(request, date_to=date(1996, 7, 31)))


@pytest.mark.fast
def test_a_company_reports_its_own_sales_alone(books: Books, database: Database, small: Path) -> None:
    run_northwind(books.desk, small, ignore)
    other = new_books(database, f"other-{books.company}")
    report = other.do(SalesReport(), SalesRequest(by=SalesBy.MONTH))
    assert not report.rows
    assert report.total == 0


@pytest.mark.fast
def test_northwind_is_not_begun_on_data_that_was_refused(books: Books, small: Path) -> None:
    customers = small / "customers.csv"
    customers.write_text(customers.read_text(encoding="utf-8").replace(",Germany,", ",Atlantis,"), encoding="utf-8")
    with pytest.raises(NotAllImported) as refused:
        run_northwind(books.desk, small, ignore)
    assert (refused.value.facts["row"], refused.value.facts["column"]) == (2, "country")
    assert books.rows(ListOrders()) == []


@pytest.mark.full
def test_the_whole_of_northwind_is_shipped_invoiced_and_paid(books: Books, northwind: Path) -> None:
    """ERP-06, ERP-08: 809 orders to the cent, in numbers without a gap."""
    told = run_northwind(books.desk, northwind, ignore)
    orders = read_orders(northwind)
    check_books(books, orders)
    assert told[-4:] == [
        "809 invoices paid",
        "sales by customer: 1,303,810.87 USD in 89 rows",
        "sales by product: 1,303,810.87 USD in 78 rows",
        "sales by month: 1,303,810.87 USD in 23 rows",
    ]
