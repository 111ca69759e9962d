"""Units, barcodes, categories, variants, kits and suppliers' prices over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.catalogue import attribute, category, unit
from tests.support.office import ON_SQLITE, Office, Reply

pytestmark = pytest.mark.fast


def hang(office: Office, path: str, body: dict[str, Any]) -> Reply:
    """Replace what hangs on an object."""
    return office.put(path, body, office.get(path)["version"])


def test_a_line_in_another_unit_is_counted_exactly_or_refused(office: Office) -> None:
    """ERP-07: on every database; the line keeps what was asked for, stock is in stock units."""
    gram = unit(office, factor="0.001", decimals=0)
    kilo = unit(office)
    case = str(office.make("/units", {"code": "CS", "name": "Case", "dimension": "count"})["code"])
    flour = office.product("100", unit=kilo)
    assert (
        hang(office, f"/products/{flour}/packagings", {"packagings": [{"unit": case, "quantity": "12.5"}]}).status
        == 200
    )
    lines = [{"product_id": flour, "quantity": much, "unit": named} for much, named in (("1500", gram), ("2", case))]
    order = office.order(lines)
    told = [(one["quantity"], one["unit"], one["entered_quantity"], one["net"]) for one in order["lines"]]
    assert told == [("1.5", gram, "1500", "15.00"), ("25", case, "2", "250.00")]
    shipment = office.make(f"/orders/{order['id']}/shipments", {})
    office.act(f"/shipments/{shipment['id']}/validate")
    assert office.level(flour) == "73.5"
    invoice = office.make(f"/orders/{order['id']}/invoices", {})
    assert [one["unit"] for one in invoice["lines"]] == [gram, case]
    litre = str(office.make("/units", {"code": "LTR", "name": "Litre", "dimension": "volume"})["code"])
    for much, named, code, field in (
        ("1.5", gram, "catalogue.inexact_quantity", "quantity"),
        ("1", litre, "catalogue.unit_does_not_fit", "unit"),
        ("1", "NONE", "catalogue.unknown_unit", "unit"),
    ):
        body = {"party_id": office.customer(), "lines": [{"product_id": flour, "quantity": much, "unit": named}]}
        reply = office.post("/orders", body)
        assert reply.refusal == (422, code)
        assert reply.pointers == [f"/lines/0/{field}"]
    assert office.delete(f"/units/{office.items('/units?code=CS')[0]['id']}", 1).refusal == (409, "catalogue.in_use")


def test_a_barcode_is_checked_belongs_to_one_product_and_finds_it_however_long(office: Office) -> None:
    """ERP-07: EAN-8, UPC-A, EAN-13, GTIN-14; on every database."""
    one, other = office.product(), office.product()
    codes = ["96385074", "036000291452", "4006381333931", "10012345678902"]
    assert hang(office, f"/products/{one}/barcodes", {"barcodes": codes})["barcodes"] == codes
    for written in (*codes, "0036000291452", "00036000291452"):
        assert [row["id"] for row in office.items(f"/products?barcode={written}")] == [one]
    assert office.items("/products?barcode=4006381333932") == []
    reply = hang(office, f"/products/{other}/barcodes", {"barcodes": ["4006381333931"]})
    assert (reply.refusal, reply.pointers) == ((409, "taken"), ["/barcodes/0"])
    for wrong in ("4006381333932", "12345678901"):
        reply = hang(office, f"/products/{other}/barcodes", {"barcodes": ["96385074", wrong]})
        assert (reply.refusal, reply.pointers) == ((422, "catalogue.bad_barcode"), ["/barcodes/1/code"])
    reply = hang(office, f"/products/{other}/barcodes", {"barcodes": ["036000291452", "0036000291452"]})
    assert reply.refusal == (422, "catalogue.double_barcode")
    assert hang(office, f"/products/{one}/barcodes", {"barcodes": codes[:1]}).status == 200
    assert hang(office, f"/products/{other}/barcodes", {"barcodes": codes[1:]}).status == 200
    assert office.put(f"/products/{other}/barcodes", {"barcodes": []}, 1).refusal == (412, "stale")


def test_what_stands_in_a_subcategory_is_found_in_the_category(office: Office) -> None:
    """ERP-07: one statement on every database; a tree stays one."""
    top = category(office)
    middle = category(office, parent_id=top)
    leaf = category(office, parent_id=middle)
    aside = category(office)
    one, other = office.product(), office.product()
    hang(office, f"/products/{one}/categories", {"category_ids": [leaf, aside]})
    hang(office, f"/products/{other}/categories", {"category_ids": [top]})
    found = {
        at: [row["id"] for row in office.items(f"/products?category_id={at}")] for at in (top, middle, leaf, aside)
    }
    assert found == {top: [one, other], middle: [one], leaf: [one], aside: [one]}
    assert office.get(f"/products?category_id={top}&total=true&limit=1")["total"] == 2
    for below in (top, leaf):
        reply = office.patch(f"/categories/{top}", {"parent_id": below}, 1)
        assert reply.refusal == (409, "catalogue.category_cycle")
    buyers = category(office, "customer")
    party = office.customer()
    assert hang(office, f"/third-parties/{party}/categories", {"category_ids": [buyers]}).status == 200
    assert [row["id"] for row in office.items(f"/third-parties?category_id={buyers}")] == [party]
    reply = hang(office, f"/products/{one}/categories", {"category_ids": [leaf, buyers]})
    assert (reply.refusal, reply.pointers) == ((422, "catalogue.category_of_other_kind"), ["/category_ids/1"])
    assert office.delete(f"/categories/{leaf}", 1).refusal == (409, "catalogue.in_use")
    assert office.get("/products?category_id_gte=1").status == 400


@ON_SQLITE
def test_variants_are_made_once_for_each_combination(office: Office) -> None:
    """ERP-07: as products of their own, each dearer by what its values cost."""
    shirt = office.product()
    colour, size = attribute(office, "red", "blue"), attribute(office, "M", "XL", XL="2.5")
    path = f"/products/{shirt}/variants"
    chosen = [{"attribute_id": colour, "values": ["red"]}, {"attribute_id": size}]
    made = office.act(path, {"attributes": chosen})["items"]
    assert [(one["product"]["unit_price"], one["traits"][1]["value"]) for one in made] == [("10", "M"), ("12.5", "XL")]
    both = [{"attribute_id": size}, {"attribute_id": colour}]
    assert len(office.act(path, {"attributes": both})["items"]) == 2
    assert office.act(path, {"attributes": both})["items"] == []
    assert len(office.get(path)["items"]) == len(office.items(f"/products?parent_id={shirt}")) == 4
    for attributes, code, pointer in (
        (chosen[:1], (409, "catalogue.other_attributes"), "/attributes"),
        ([chosen[0], chosen[0]], (422, "catalogue.double_attribute"), "/attributes/1/attribute_id"),
        (
            [{"attribute_id": colour, "values": ["red", "x"]}],
            (422, "catalogue.unknown_value"),
            "/attributes/0/values/1",
        ),
    ):
        reply = office.post(path, {"attributes": attributes})
        assert (reply.refusal, reply.pointers) == (code, [pointer])
    variant = made[0]["product"]["id"]
    assert office.post(f"/products/{variant}/variants", {"attributes": both}).refusal == (
        409,
        "catalogue.variant_of_variant",
    )
    kept = office.patch(f"/attributes/{colour}", {"values": [{"value": "blue"}]}, 1)
    assert kept.refusal == (409, "catalogue.value_in_use")


@ON_SQLITE
def test_a_kit_is_one_price_and_several_goods(office: Office) -> None:
    """ERP-07: the kit's line is charged, its components leave the shelf; kits in kits too."""
    leg, top = office.product("40"), office.product("10")
    table, party = office.product(), office.product()
    path = f"/products/{table}/components"
    parts = [{"component_id": leg, "quantity": "4"}, {"component_id": top, "quantity": "1"}]
    assert hang(office, path, {"components": parts}).status == 200
    assert office.get(f"/products/{table}")["kit"] is True
    in_kit = [{"component_id": table, "quantity": "2"}, {"component_id": leg, "quantity": "1"}]
    hang(office, f"/products/{party}/components", {"components": in_kit})
    order = office.order([{"product_id": party, "quantity": "2"}, {"product_id": leg, "quantity": "1"}])
    told = [
        (one["product_id"], one["kind"], one["quantity"], one["kit_position"], one["net"]) for one in order["lines"]
    ]
    assert told == [
        (party, "service", "2", None, "20.00"),
        (leg, "goods", "18", 1, "0.00"),
        (top, "goods", "4", 1, "0.00"),
        (leg, "goods", "1", None, "10.00"),
    ]
    shipment = office.make(f"/orders/{order['id']}/shipments", {})
    office.act(f"/shipments/{shipment['id']}/validate")
    assert (office.level(leg), office.level(top)) == ("21", "6")
    for inside in (table, party):
        reply = hang(office, path, {"components": [{"component_id": inside, "quantity": "1"}]})
        assert reply.refusal == (409, "catalogue.kit_cycle")
    lines = [{"product_id": party, "quantity": "1"}, {"product_id": leg, "quantity": "-1"}]
    reply = office.post("/orders", {"party_id": office.customer(), "lines": lines})
    assert reply.refusal == (422, "lines.quantity_not_positive")
    assert reply.pointers == ["/lines/1/quantity"]


@ON_SQLITE
def test_only_suppliers_have_suppliers_prices(office: Office) -> None:
    """ERP-07."""
    product, supplier = office.product(), office.customer(supplier=True)
    path = f"/products/{product}/supplier-prices"
    price = {"supplier_id": supplier, "ref": "X-1", "price": "4.25", "currency": "USD", "lead_days": 14}
    more = {**price, "min_quantity": "100", "price": "4"}
    shown = hang(office, path, {"supplier_prices": [price, more]})
    assert [one["price"] for one in shown["supplier_prices"]] == ["4.25", "4"]
    assert office.get(path)["supplier_prices"] == shown["supplier_prices"]
    for wrong, code, field in (
        ({"supplier_id": office.customer()}, (422, "catalogue.not_a_supplier"), "supplier_id"),
        ({"price": "-1"}, (422, "catalogue.negative_price"), "price"),
        ({"currency": "XYZ"}, (422, "money.unknown_currency"), "currency"),
        ({}, (422, "catalogue.double_supplier_price"), "min_quantity"),
    ):
        reply = hang(office, path, {"supplier_prices": [price, {**price, **wrong}]})
        assert (reply.refusal, reply.pointers) == (code, [f"/supplier_prices/1/{field}"])
    assert office.get(path)["supplier_prices"] == shown["supplier_prices"]
