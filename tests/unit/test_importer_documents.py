"""Rows as documents, and where their faults are found."""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest

from app.domain.sales import OrderLine
from app.domain.shared.errors import Required, UnknownReference
from app.domain.shared.ids import ProductId
from app.domain.shared.lines import LineKind, Valuation, price_lines
from app.domain.shared.money import Rate, currency, price, rate
from app.domain.shared.totals import VatMode
from app.importer.documents import Document, Reader
from app.importer.fields import Kind
from app.importer.files import open_import
from app.importer.mapping import load_mapping
from app.importer.northwind import FILES, MAPPINGS, shipped_orders
from app.importer.refusals import BadFile
from app.usecases.importing import CountRecord, LineRecord, OrderRecord, PartyRecord, ProductRecord

pytestmark = pytest.mark.fast

JOINED = """
kind = "orders"
[fields]
external_ref = "order"
customer_code = "customer"
date = "day"
[lines]
file = "lines.csv"
key = "order"
[lines.fields]
product_ref = "product"
quantity = "count"
unit_price = "price"
[[extra]]
kind = { constant = "freight" }
description = { constant = "Freight" }
quantity = { constant = "1" }
unit_price = "freight"
vat_rate = { constant = "0" }
"""
SAME_FILE = JOINED.replace('file = "lines.csv"\nkey = "order"\n', "")


@dataclass(frozen=True)
class Desk:
    folder: Path

    def read(self, mapping: str, **files: str) -> list[Document]:
        (self.folder / "mapping.toml").write_text(mapping, encoding="utf-8")
        for name, text in files.items():
            (self.folder / f"{name}.csv").write_text(text, encoding="utf-8")
        reader, _ = open_import(load_mapping(self.folder / "mapping.toml"), self.folder / f"{next(iter(files))}.csv")
        return list(reader.documents())


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def found(document: Document) -> list[tuple[str, int, str, str]]:
    return [(p.file, p.row, p.column, p.error.code) for p in document.problems]


def test_an_order_has_the_lines_of_the_other_file_and_the_extra_ones_of_its_own_row(desk: Desk) -> None:
    first, second = desk.read(
        JOINED,
        orders="order,customer,day,freight\n1,ALFKI,1996-07-04,3.5\n2,ANATR,1996-07-05,0\n",
        lines="order,product,count,price\n2,B,1,2\n1,A,3,9.80\n1,B,1,1\n",
    )
    assert first.record == OrderRecord(
        external_ref="1",
        customer_code="ALFKI",
        date=date(1996, 7, 4),
        lines=(
            LineRecord(product_ref="A", quantity=quantity("3"), unit_price=price(Decimal("9.80"))),
            LineRecord(product_ref="B", quantity=quantity("1"), unit_price=price(Decimal(1))),
            LineRecord(
                kind=LineKind.FREIGHT,
                description="Freight",
                quantity=quantity("1"),
                unit_price=price(Decimal("3.5")),
                vat_rate=rate(Decimal(0)),
            ),
        ),
    )
    assert (first.own_lines, len(first.lines)) == (2, 3)
    assert (second.own_lines, len(second.lines)) == (1, 1)


def test_rows_with_the_same_reference_are_the_lines_of_one_order(desk: Desk) -> None:
    documents = desk.read(
        SAME_FILE,
        orders=(
            "order,customer,day,freight,product,count,price\n"
            "1,ALFKI,1996-07-04,0,A,3,9\n2,ANATR,1996-07-05,2,B,1,1\n1,ALFKI,1996-07-04,0,B,4,2\n"
        ),
    )
    assert [(d.row, d.own_lines, len(d.lines)) for d in documents] == [(2, 2, 2), (3, 1, 2)]
    assert [place.row for place in documents[0].lines] == [2, 4]


def test_everything_wrong_with_a_document_is_found_at_once(desk: Desk) -> None:
    """Row as in the file, column by its heading, of whichever file it stands in."""
    (document,) = desk.read(
        JOINED,
        orders="order,customer,day,freight\n1,,July,x\n",
        lines="order,product,count,price\n1,A,,9\n1,B,two,1\n",
    )
    assert document.record is None
    assert found(document) == [
        ("orders.csv", 2, "customer", "required"),
        ("orders.csv", 2, "day", "import.bad_value"),
        ("lines.csv", 2, "count", "required"),
        ("lines.csv", 3, "count", "import.bad_value"),
        ("orders.csv", 2, "freight", "import.bad_value"),
    ]


def test_a_refusal_of_the_business_is_traced_to_row_and_column(desk: Desk) -> None:
    (document,) = desk.read(
        JOINED,
        orders="order,customer,day,freight\n1,ALFKI,1996-07-04,3.5\n",
        lines="order,product,count,price\n1,A,3,9\n1,B,1,1\n",
    )
    places = [
        document.problem(error)
        for error in (
            UnknownReference(at=("lines", 1, "product_ref"), kind="product", value="B"),
            UnknownReference(at=("lines", 0, "product_id"), kind="product", value="A"),
            Required(at=("lines", 2, "unit_price")),
            Required(at=("lines", 2, "description")),
            Required(at=("lines", 1)),
            Required(at=("party_id",)),
            Required(at=("lines",)),
            Required(),
        )
    ]
    assert [(p.file, p.row, p.column) for p in places] == [
        ("lines.csv", 3, "product"),
        ("lines.csv", 2, "product"),
        ("orders.csv", 2, "freight"),
        ("orders.csv", 2, ""),
        ("lines.csv", 3, ""),
        ("orders.csv", 2, "customer"),
        ("orders.csv", 2, ""),
        ("orders.csv", 2, ""),
    ]
    assert places[0].error.facts == {"kind": "product", "value": "B"}


def test_the_same_key_twice_is_refused_the_second_time(desk: Desk) -> None:
    first, second = desk.read(
        JOINED,
        orders="order,customer,day,freight\n1,ALFKI,1996-07-04,1\n1,ALFKI,1996-07-04,1\n",
        lines="order,product,count,price\n1,A,3,9\n",
    )
    assert not first.problems
    assert found(second) == [("orders.csv", 3, "order", "import.twice_in_file")]


def test_lines_of_no_order_are_reported(desk: Desk) -> None:
    *_, last = desk.read(
        JOINED,
        orders="order,customer,day,freight\n1,ALFKI,1996-07-04,1\n",
        lines="order,product,count,price\n1,A,3,9\n7,A,3,9\n7,B,3,9\n",
    )
    assert found(last) == [("lines.csv", 3, "order", "import.orphan_lines")]


def test_a_torn_row_of_lines_stops_the_import_because_its_order_is_unknown(desk: Desk) -> None:
    with pytest.raises(BadFile) as refused:
        desk.read(
            JOINED,
            orders="order,customer,day,freight\n1,ALFKI,1996-07-04,1\n",
            lines="order,product,count,price\n1,A,3,9\n1,A,3,9,9\n",
        )
    assert refused.value.facts["row"] == 3


def test_a_torn_row_refuses_its_document_alone(desk: Desk) -> None:
    documents = desk.read(
        'kind = "products"\n[fields]\nref = "id"\nname = "name"\nunit_price = "price"\nvat_rate = "vat"',
        products="id,name,price,vat\n1,Chai,18,20\n2,Chang, cold,19,20\n3,Syrup,10,20\n",
    )
    assert [found(document) for document in documents] == [[], [("products.csv", 3, "", "import.bad_row")], []]
    assert documents[0].record == ProductRecord(
        ref="1",
        values={
            "ref": "1",
            "name": "Chai",
            "unit_price": price(Decimal(18)),
            "vat_rate": rate(Decimal(20)),
        },
    )


def test_whoever_has_a_customer_code_is_a_customer(desk: Desk) -> None:
    first, second = desk.read(
        'kind = "third-parties"\n[fields]\ncustomer_code = "c"\nsupplier_code = "s"\nname = "n"',
        parties="c,s,n\nA,,Ann\nB,S1,Bob\n",
    )
    assert first.record == PartyRecord(
        customer_code="A",
        values={"customer": True, "customer_code": "A", "supplier_code": None, "name": "Ann"},
    )
    assert isinstance(second.record, PartyRecord)
    assert second.record.values["supplier"] is True


def test_a_count_names_product_and_warehouse(desk: Desk) -> None:
    (document,) = desk.read(
        'kind = "stock"\n[fields]\nproduct_ref = "p"\nwarehouse_ref = "w"\nquantity = "q"\nreason = "r"',
        counts="p,w,q,r\nA,,12.5,\n",
    )
    assert document.record == CountRecord(product_ref="A", quantity=quantity("12.5"))


def quantity(text: str) -> Any:
    return Decimal(text)


def records(northwind: Path, name: str) -> list[Any]:
    reader, _ = open_import(load_mapping(MAPPINGS / f"{name}.toml"), northwind / f"{name}.csv")
    documents = list(reader.documents())
    assert not [problem for document in documents for problem in document.problems]
    return [document.record for document in documents]


def test_northwind_has_the_documents_that_were_counted(northwind: Path) -> None:
    counts = {name: len(records(northwind, name)) for _, name in FILES}
    assert counts == {"customers": 91, "suppliers": 29, "products": 77, "orders": 830}
    lines = [line for order in records(northwind, "orders") for line in order.lines]
    assert sum(line.product_ref is not None for line in lines) == 2155
    assert sum(line.quantity for line in lines if line.product_ref is not None) == 51_317


def test_northwind_names_and_addresses_are_whole(northwind: Path) -> None:
    suppliers = {record.supplier_code: record.values for record in records(northwind, "suppliers")}
    assert (suppliers["SU7"]["name"], suppliers["SU7"]["street"]) == ("Pavlova, Ltd.", "74 Rose St. Moonie Ponds")
    assert (suppliers["SU20"]["street"], suppliers["SU20"]["country"]) == ("471 Serangoon Loop, Suite #402", "SG")
    orders = {record.external_ref: record for record in records(northwind, "orders")}
    assert orders["10250"].note == "Hanari Carnes, Rua do Paço, 67, 05454-876, Rio de Janeiro, RJ, Brazil"
    assert orders["10248"].note == "Vins et alcools Chevalier, 59 rue de l'Abbaye, 51100, Reims, France"


def test_northwind_sums_to_the_cent_of_what_is_computed_from_the_files(northwind: Path) -> None:
    """Net per line rounded half up and freight, by our arithmetic and by one written out here."""
    goods = sum(net_of(row) for row in rows_of(northwind / "order-details.csv"))
    assert goods == Decimal("1265793.29")
    freight = sum(Decimal(row[7]) for row in rows_of(northwind / "orders.csv"))
    assert freight == Decimal("64942.69")

    sums: defaultdict[LineKind, Decimal] = defaultdict(Decimal)
    for order in records(northwind, "orders"):
        lines = [order_line(position, record) for position, record in enumerate(order.lines, 1)]
        amounts = price_lines(lines, DOLLARS)
        assert amounts.totals.net == sum(line.net for line in lines)
        for line in lines:
            sums[line.kind] += line.net
    assert sums == {LineKind.GOODS: goods, LineKind.FREIGHT: freight}


def test_northwind_shipped_809_orders_in_order_of_their_day(northwind: Path) -> None:
    shipped = shipped_orders(northwind)
    assert len(shipped) == 809
    days = [order.on for order in shipped]
    assert days == sorted(days)
    assert (days[0], days[-1]) == (date(1996, 7, 10), date(1998, 5, 6))


DOLLARS = Valuation(
    currency=currency("USD"), rate=Rate(Decimal(1)), company_currency=currency("USD"), vat_mode=VatMode.PER_RATE
)


def rows_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))[1:]


def net_of(row: list[str]) -> Decimal:
    exact = Decimal(row[2]) * Decimal(row[3]) * (1 - Decimal(row[4]))
    return exact.quantize(Decimal("0.01"), ROUND_HALF_UP)


def order_line(position: int, record: LineRecord) -> OrderLine:
    assert record.unit_price is not None
    assert record.vat_rate is not None
    return OrderLine(
        position=position,
        product_id=None if record.product_ref is None else ProductId(1),
        kind=record.kind or LineKind.GOODS,
        description=record.description or "goods",
        quantity=record.quantity,
        unit_price=record.unit_price,
        discount=record.discount,
        vat_rate=record.vat_rate,
    )


def test_a_reader_is_for_one_kind(northwind: Path) -> None:
    reader, digest = open_import(load_mapping(MAPPINGS / "products.toml"), northwind / "products.csv")
    assert isinstance(reader, Reader)
    assert reader.mapping.kind is Kind.PRODUCTS
    assert len(digest) == 64
