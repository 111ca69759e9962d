"""Mapping files: what they say, and what is refused when they are loaded."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from app.domain.catalogue import ProductKind
from app.domain.shared.errors import DomainError
from app.domain.shared.money import TooManyDecimals
from app.importer.fields import FIELDS, LINE_FIELDS, Field, Kind, Notation
from app.importer.mapping import FileMapping, load_mapping
from app.importer.northwind import FILES, MAPPINGS
from app.importer.refusals import BadMapping, BadValue, UnknownWord
from app.importer.sources import source

pytestmark = pytest.mark.fast

PRODUCTS = """
kind = "products"
[fields]
ref = "id"
name = "name"
unit_price = "price"
vat_rate = { constant = "20" }
"""
ORDERS = """
kind = "orders"
[fields]
external_ref = "order"
customer_code = "customer"
date = "day"
[lines]
file = "lines.csv"
key = "order"
[lines.fields]
quantity = "count"
"""
Load = Callable[[str], FileMapping]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def from_text(text: str) -> FileMapping:
        path = tmp_path / "mapping.toml"
        path.write_text(text, encoding="utf-8")
        return load_mapping(path)

    return from_text


def test_a_sound_mapping_is_loaded(load: Load) -> None:
    products, orders = load(PRODUCTS), load(ORDERS)
    assert (products.kind, list(products.fields)) == (Kind.PRODUCTS, ["ref", "name", "unit_price", "vat_rate"])
    assert orders.lines is not None
    assert (orders.lines.file, orders.lines.key, orders.lines.document_key) == ("lines.csv", "order", "order")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("kind = 'invoices'", "third-parties"),
        (PRODUCTS + "colour = 'c'", "colour"),
        (PRODUCTS.replace('name = "name"\n', ""), "name"),
        (PRODUCTS + "[fille]\nencoding = 'x'", "fille"),
        (PRODUCTS + "[file]\nencodng = 'x'", "encodng"),
        (PRODUCTS + "[file]\ndelimiter = ';;'", "one character"),
        (PRODUCTS + "[notation]\nnulls = ['x']", "nulls"),
        (PRODUCTS + "[lines.fields]\nquantity = 'n'", "lines"),
        (PRODUCTS + "[[extra]]\nquantity = 'n'", "extra"),
        (PRODUCTS + "description = { column = 'a', constant = 'b' }", "exactly one"),
        (PRODUCTS + "description = { colum = 'a' }", "colum"),
        (PRODUCTS + "description = { column = 'a', transform = 'reverse' }", "reverse"),
        (PRODUCTS + "description = { column = 'a', map = 'b' }", "map"),
        (PRODUCTS + "description = { join = [] }", "join"),
        (PRODUCTS + "description = { constant = 1 }", "constant"),
        (PRODUCTS + "description = 1", "column's name or a table"),
        (PRODUCTS + "= broken", "mapping.toml"),
        ('kind = "third-parties"\n[fields]\nname = "n"', "customer_code or supplier_code"),
        (ORDERS.replace('key = "order"\n', ""), "whose they are"),
        (ORDERS + "colour = 'c'", "colour"),
        (ORDERS.replace('quantity = "count"', 'unit_price = "p"'), "quantity"),
        (ORDERS.split("[lines]", maxsplit=1)[0], "lines"),
        ("fields = 1\nkind = 'products'", "fields"),
    ],
)
def test_a_faulty_mapping_is_refused_and_the_fault_named(load: Load, text: str, named: str) -> None:
    with pytest.raises(BadMapping) as refused:
        load(text)
    assert named in str(refused.value)
    assert refused.value.facts["mapping"] == "mapping.toml"


def test_a_mapping_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadMapping):
        load_mapping(tmp_path / "none.toml")


def test_a_column_that_the_file_does_not_have_is_named_with_its_field(tmp_path: Path) -> None:
    path = tmp_path / "mapping.toml"
    path.write_text(ORDERS, encoding="utf-8")
    mapping = load_mapping(path)
    mapping.check_columns(["order", "customer", "day"], ["order", "count"], "orders.csv")
    for columns, lines, field, column in (
        (["order", "customer"], ["order", "count"], "fields.date", "day"),
        (["order", "customer", "day"], ["order"], "lines.fields.quantity", "count"),
        (["order", "customer", "day"], ["count"], "lines.key", "order"),
    ):
        with pytest.raises(BadMapping) as refused:
            mapping.check_columns(columns, lines, "orders.csv")
        assert (refused.value.facts["field"], refused.value.facts["column"]) == (field, column)


@pytest.mark.parametrize(("kind", "name"), FILES)
def test_the_mappings_of_northwind_are_sound(kind: Kind, name: str) -> None:
    assert load_mapping(MAPPINGS / f"{name}.toml").kind is kind


TEXT = Field(lambda text, _: text, empty="nothing")
CELLS = {"a": "1", "b": "", "c": "NULL", "d": "x y"}
NOTATION = Notation(null=frozenset({"NULL"}))


@pytest.mark.parametrize(
    ("told", "value"),
    [
        ("a", "1"),
        ("b", "nothing"),
        ({"column": "c"}, "nothing"),
        ({"constant": "0"}, "0"),
        ({"template": "SU{a}-{d}"}, "SU1-x y"),
        ({"template": "SU{c}"}, "nothing"),
        ({"join": ["a", "b", "c", "d"], "with": ", "}, "1, x y"),
        ({"join": ["b", "c"]}, "nothing"),
        ({"column": "a", "map": {"1": "one"}}, "one"),
        ({"column": "d", "transform": "upper"}, "X Y"),
        ({"constant": "X", "transform": "lower"}, "x"),
    ],
)
def test_a_field_is_filled_as_the_mapping_says(told: object, value: str) -> None:
    assert source("fields.f", told).value(TEXT, CELLS, NOTATION) == value


def test_a_word_without_translation_is_refused() -> None:
    with pytest.raises(UnknownWord):
        source("fields.f", {"column": "d", "map": {"1": "one"}}).value(TEXT, CELLS, NOTATION)


@pytest.mark.parametrize(("fraction", "percent"), [("0", "0"), ("0.05", "5"), ("0.15", "15"), ("1", "100")])
def test_a_fraction_becomes_a_percentage_exactly(fraction: str, percent: str) -> None:
    one = source("fields.discount", {"column": "discount", "transform": "percent"})
    assert one.value(LINE_FIELDS["discount"], {"discount": fraction}, NOTATION) == Decimal(percent)


def test_a_percentage_keeps_the_files_notation() -> None:
    one = source("fields.discount", {"column": "discount", "transform": "percent"})
    notation = Notation(decimal=",")
    assert one.value(LINE_FIELDS["discount"], {"discount": "0,125"}, notation) == Decimal("12.5")


def read(kind: Kind, name: str, text: str, notation: Notation = NOTATION) -> object:
    return FIELDS[kind][name].read(text, notation)


def test_numbers_are_read_as_the_file_writes_them() -> None:
    brazilian = Notation(decimal=",", thousands=".")
    assert read(Kind.PRODUCTS, "unit_price", "1.234,56", brazilian) == Decimal("1234.56")
    assert read(Kind.PRODUCTS, "unit_price", "-0.5") == Decimal("-0.5")


@pytest.mark.parametrize("text", ["1,5", "abc", "NaN", "Infinity", "1_0", ""])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(BadValue):
        read(Kind.PRODUCTS, "unit_price", text)


def test_a_point_is_no_decimal_comma() -> None:
    with pytest.raises(BadValue):
        read(Kind.PRODUCTS, "unit_price", "1.5", Notation(decimal=","))


def test_a_number_that_has_no_place_is_refused() -> None:
    with pytest.raises(TooManyDecimals):
        read(Kind.PRODUCTS, "unit_price", "0.123456789")


@pytest.mark.parametrize("text", ["1996-07-04", "1996-07-04 00:00:00.000", "1996-07-04T00:00:00", "04/07/1996"])
def test_dates_are_read_in_the_formats_of_the_file_and_in_iso(text: str) -> None:
    assert read(Kind.ORDERS, "date", text, Notation(dates=("%d/%m/%Y",))) == date(1996, 7, 4)


@pytest.mark.parametrize(
    ("kind", "name", "text"),
    [
        (Kind.ORDERS, "date", "July"),
        (Kind.THIRD_PARTIES, "customer", "perhaps"),
        (Kind.THIRD_PARTIES, "payment_days", "3.5"),
        (Kind.PRODUCTS, "kind", "bad"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_with_what_was_expected(kind: Kind, name: str, text: str) -> None:
    with pytest.raises(BadValue) as refused:
        read(kind, name, text)
    assert refused.value.facts["value"] == text
    assert refused.value.facts["expected"]


@pytest.mark.parametrize(
    ("kind", "name", "text", "value"),
    [
        (Kind.THIRD_PARTIES, "customer", "Yes", True),
        (Kind.THIRD_PARTIES, "supplier", "0", False),
        (Kind.THIRD_PARTIES, "payment_days", "30", 30),
        (Kind.PRODUCTS, "kind", "Service", ProductKind.SERVICE),
    ],
)
def test_a_value_of_the_right_kind_is_read(kind: Kind, name: str, text: str, value: object) -> None:
    assert read(kind, name, text) == value


def test_every_refusal_of_an_import_has_a_title_and_a_code_of_its_own() -> None:
    found = [kind for kind in _all(DomainError) if kind.__module__ == "app.importer.refusals"]
    assert len({kind.code for kind in found}) == len(found) > 0
    assert all(kind.__doc__ and kind.code.startswith("import.") for kind in found)


def _all(kind: type[DomainError]) -> list[type[DomainError]]:
    return [kind, *(deep for sub in kind.__subclasses__() for deep in _all(sub))]
