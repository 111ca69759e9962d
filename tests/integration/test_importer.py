"""Importing files into real databases: whole, repeatable, resumable."""

from __future__ import annotations

import csv
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest

from app.domain.sales import OrderState
from app.domain.shared.errors import MissingRight
from app.domain.shared.lines import LineKind
from app.domain.stock import Warehouse
from app.importer.files import ImportOptions, ImportReport, import_file
from app.importer.refusals import BadFile, BadMapping, UnknownKind
from app.infrastructure.database.engine import Database
from app.usecases.catalogue import ListProducts
from app.usecases.importing import Outcome
from app.usecases.parties import ListParties
from app.usecases.sales import ListOrders, ReadOrder, ValidateOrder
from app.usecases.stock import CreateWarehouse
from tests.support.books import Books
from tests.support.importing import NAMES, ignore, killed_at, northwind_file, rows_of_levels


def what_happened(report: ImportReport) -> dict[str, int]:
    told = {outcome.value: count for outcome, count in report.outcomes.items() if count}
    return told | {name: n for name in ("replayed", "refused") if (n := getattr(report, name))}


def errors_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def versions(books: Books) -> list[tuple[int, int]]:
    return [(row["id"], books.do(ReadOrder(), row["id"]).version) for row in books.rows(ListOrders())]


@pytest.mark.fast
@pytest.mark.slow_on_servers
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
