"""Custom fields in files: mapped by name, read by their type, checked row by row."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from app.domain.fields import CustomField, FieldType
from app.domain.shared.objects import ObjectKind
from app.importer.files import ImportOptions, ImportReport, import_file
from app.importer.refusals import BadMapping
from app.usecases.catalogue import ListProducts
from app.usecases.fields import DefineField
from app.usecases.importing import Outcome
from app.usecases.parties import ListParties
from app.usecases.sales import ListOrders
from tests.support.books import Books
from tests.support.importing import ignore

pytestmark = pytest.mark.fast

PRODUCTS: Final = """
kind = "products"
[notation]
decimal = ","
dates = ["%d/%m/%Y"]
[fields]
ref = "ref"
name = "ref"
unit_price = { constant = "1" }
vat_rate = { constant = "0" }
custom.days = "days"
custom.weight = "weight"
custom.fragile = "fragile"
custom.tested = { column = "tested" }
custom.colour = { column = "colour", map = { R = "red", B = "blue" } }
"""
HEADING: Final = "ref;days;weight;fragile;tested;colour"
Import = Callable[..., ImportReport]


@pytest.fixture
def load(books: Books, tmp_path: Path) -> Import:
    def run(kind: str, mapping: str, *rows: str) -> ImportReport:
        (tmp_path / "m.toml").write_text(mapping.replace("[notation]", '[file]\ndelimiter = ";"\n[notation]'), "utf-8")
        (tmp_path / "f.csv").write_text("\n".join(rows), "utf-8")
        options = ImportOptions(errors=tmp_path / "errors.csv", again=True)
        return import_file(books.desk, kind, tmp_path / "f.csv", tmp_path / "m.toml", options, ignore)

    return run


def define(books: Books, kind: ObjectKind, name: str, type_: FieldType, **given: Any) -> None:
    books.do(DefineField(), CustomField(kind=kind, name=name, label=name, type=type_, **given))


@pytest.fixture
def defined(books: Books) -> Books:
    for name, type_ in (
        ("days", FieldType.INTEGER),
        ("weight", FieldType.DECIMAL),
        ("fragile", FieldType.FLAG),
        ("tested", FieldType.DATE),
    ):
        define(books, ObjectKind.PRODUCTS, name, type_)
    define(books, ObjectKind.PRODUCTS, "colour", FieldType.CHOICE, choices=("red", "blue"))
    return books


def test_values_are_read_by_their_type_in_the_notation_of_the_file(defined: Books, load: Import) -> None:
    report = load("products", PRODUCTS, HEADING, "A;30;1,50;yes;21/11/2026;R", "B;;;no;;")
    assert report.outcomes[Outcome.CREATED] == 2
    full = {"days": 30, "weight": "1.5", "fragile": True, "tested": "2026-11-21", "colour": "red"}
    assert [row["custom"] for row in defined.rows(ListProducts())] == [full, {"fragile": False}]


def test_again_they_are_unchanged_changed_or_removed(defined: Books, load: Import) -> None:
    load("products", PRODUCTS, HEADING, "A;30;1,50;yes;;R", "B;1;;;;", "C;1;;;;")
    report = load("products", PRODUCTS, HEADING, "A;30;1,50;yes;;R", "B;2;;;;", "C;;;;;")
    assert (report.outcomes[Outcome.UNCHANGED], report.outcomes[Outcome.CHANGED]) == (1, 2)
    assert [row["custom"].get("days") for row in defined.rows(ListProducts())] == [30, 2, None]


def test_a_wrong_value_refuses_its_row_at_its_column(defined: Books, load: Import, tmp_path: Path) -> None:
    rows = ("A;many;;;;", "B;9999999999999;;;;", "C;;;;;G", "D;1;1,1234567;;;", "E;1;;;;")
    report = load("products", PRODUCTS, HEADING, *rows)
    assert (report.refused, report.outcomes[Outcome.CREATED]) == (4, 1)
    with (tmp_path / "errors.csv").open(encoding="utf-8", newline="") as file:
        told = [(row["row"], row["column"], row["code"]) for row in csv.DictReader(file)]
    assert [place for *place, _ in told] == [["2", "days"], ["3", "days"], ["4", "colour"], ["5", "weight"]]
    assert [code for *_, code in told][1::2] == ["fields.bad_value", "fields.bad_value"]


def test_a_field_the_company_does_not_have_stops_the_import(defined: Books, load: Import) -> None:
    with pytest.raises(BadMapping) as refused:
        load("products", PRODUCTS + 'custom.dayz = "days"\n', HEADING, "A;;;;;")
    assert "custom.days" in str(refused.value.facts["reason"])
    assert defined.rows(ListProducts()) == []


def test_a_field_that_must_be_filled_refuses_rows_that_do_not(books: Books, load: Import) -> None:
    define(books, ObjectKind.THIRD_PARTIES, "must", FieldType.TEXT, required=True)
    mapping = 'kind = "third-parties"\n[notation]\n[fields]\nname = "n"\ncustomer_code = "n"\ncustom.must = "m"\n'
    report = load("third-parties", mapping, "n;m", "A;x", "B;")
    assert (report.outcomes[Outcome.CREATED], report.refused) == (1, 1)
    assert [row["custom"] for row in books.rows(ListParties())] == [{"must": "x"}]


def test_orders_have_them_too(books: Books, load: Import) -> None:
    define(books, ObjectKind.ORDERS, "channel", FieldType.TEXT)
    parties = 'kind = "third-parties"\n[notation]\n[fields]\nname = "n"\ncustomer_code = "n"\n'
    load("third-parties", parties, "n", "A")
    mapping = """
kind = "orders"
[notation]
[fields]
external_ref = "o"
customer_code = { constant = "A" }
date = { constant = "2026-11-21" }
custom.channel = "c"
[lines]
[lines.fields]
description = { constant = "Work" }
quantity = { constant = "1" }
unit_price = { constant = "1" }
vat_rate = { constant = "0" }
"""
    assert load("orders", mapping, "o;c", "1;web", "2;").outcomes[Outcome.CREATED] == 2
    report = load("orders", mapping, "o;c", "1;shop", "2;")
    assert (report.outcomes[Outcome.CHANGED], report.outcomes[Outcome.UNCHANGED]) == (1, 1)
    assert [row["custom"] for row in books.rows(ListOrders())] == [{"channel": "shop"}, {}]
