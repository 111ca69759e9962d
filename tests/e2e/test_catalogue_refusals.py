"""The catalogue over HTTP where it says no, and where what it said before stands."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.catalogue import attribute, price_list, unit, vat_rate
from tests.support.office import ON_SQLITE, Office

pytestmark = pytest.mark.fast


def test_variants_that_cannot_be_kept_are_refused_and_none_is_made(office: Office) -> None:
    """ERP-07: on every database, whatever its columns hold; the first of two would have fitted."""
    shirt = office.product(name="N" * 196)
    dear = office.product(unit_price="9999999999.99999999")
    for product, attribute_id, refusal in (
        (shirt, attribute(office, "red", "blue"), (422, "catalogue.variant_too_long")),
        (dear, attribute(office, "red", "blue", blue="0.00000001"), (422, "money.overflow")),
        (office.product(), attribute(office, "red", "blue", blue="-11"), (422, "catalogue.negative_price")),
    ):
        path = f"/products/{product}/variants"
        assert office.post(path, {"attributes": [{"attribute_id": attribute_id}]}).refusal == refusal
        assert office.get(path)["items"] == []


@ON_SQLITE
@pytest.mark.parametrize(
    ("asked", "code", "parameters"),
    [
        ("quantity=0", "lines.quantity_not_positive", ["quantity"]),
        ("quantity=999999999999", "money.overflow", ["quantity"]),
        ("currency=XXY", "money.unknown_currency", ["currency"]),
        ("currency=USD", "currency.rate_required", ["rate"]),
        ("currency=USD&rate=0", "currency.bad_rate", ["rate"]),
        ("rate=2", "currency.bad_rate", ["rate"]),
        ("currency=USD&rate=0.00000001", "money.overflow", []),
        ("party_id=999999999", "unknown_reference", ["party_id"]),
    ],
)
def test_a_price_that_no_line_could_have_is_not_shown(
    office: Office, asked: str, code: str, parameters: list[str]
) -> None:
    """Design 4: and the parameter that is to blame is named."""
    product = office.product(unit_price="1000")
    reply = office.get(f"/products/{product}/price?{asked}")
    assert (reply.refusal, [one["parameter"] for one in reply.body.get("errors", ())]) == ((400, code), parameters)


@ON_SQLITE
def test_who_buys_nothing_and_what_is_not_sold_have_no_price(office: Office) -> None:
    product, supplier = office.product(), office.customer(customer=False, supplier=True)
    assert office.get(f"/products/{product}/price?party_id={supplier}").refusal == (400, "parties.not_a_customer")
    office.patch(f"/products/{product}", {"archived": True}, 1)
    assert office.get(f"/products/{product}/price").refusal == (409, "catalogue.archived")


@ON_SQLITE
def test_a_line_in_the_products_own_unit_keeps_to_its_decimals(office: Office) -> None:
    """ERP-07: named or in grams, a tenth of a gram is refused alike."""
    kilo, gram = unit(office, decimals=3), unit(office, factor="0.001", decimals=1)
    flour = office.product(unit=kilo)
    for much, named in (("1.2345", kilo), ("1234.5", gram)):
        body = {"party_id": office.customer(), "lines": [{"product_id": flour, "quantity": much, "unit": named}]}
        reply = office.post("/orders", body)
        assert (reply.refusal, reply.pointers) == ((422, "catalogue.inexact_quantity"), ["/lines/0/quantity"])
    line = {"product_id": flour, "quantity": "1.234", "unit": kilo}
    assert office.order([line], validated=False)["lines"][0]["quantity"] == "1.234"


@ON_SQLITE
def test_a_kit_that_changes_changes_no_order(office: Office) -> None:
    """ERP-07: what is shipped was decided when the line was entered."""
    leg, kit = office.product("9"), office.product()
    path = f"/products/{kit}/components"
    office.put(path, {"components": [{"component_id": leg, "quantity": "4"}]}, 1)
    order = office.order([{"product_id": kit, "quantity": "2"}], validated=False)
    assert office.put(path, {"components": []}, 2).status == 200
    kept = office.act(f"/orders/{order['id']}/validate")
    assert [(line["product_id"], line["quantity"]) for line in kept["lines"]] == [(kit, "2"), (leg, "8")]
    assert len(office.order([{"product_id": kit, "quantity": "2"}], validated=False)["lines"]) == 1


@ON_SQLITE
def test_a_gross_price_by_category_keeps_its_gross_through_a_change_of_law(office: Office) -> None:
    """ERP-07: the customer pays 10.00 before and after; what the shop has of it moves."""
    vat_rate(office, "standard", "19", valid_until="2026-06-30")
    vat_rate(office, "standard", "7", valid_from="2026-07-01")
    product = office.make("/products", {"ref": "G", "name": "G", "gross_unit_price": "10", "vat_category": "standard"})
    lines = [{"product_id": product["id"], "quantity": "1"}]
    drafts = [office.order(lines, validated=False, date=day) for day in ("2026-06-30", "2026-07-01")]
    told = [(one["total_net"], one["total_vat"], one["total_gross"]) for one in drafts]
    assert told == [("8.40", "1.60", "10.00"), ("9.35", "0.65", "10.00")]


@ON_SQLITE
def test_a_price_takes_the_place_of_a_discount_and_the_other_way_round(office: Office) -> None:
    """ERP-07: both at once, or neither, changes nothing."""
    row = {"product_id": office.product(), "discount": "10"}
    made = office.make(f"/price-lists/{price_list(office)}/prices", row)
    path = f"/prices/{made['id']}"

    def shown(reply: Any) -> tuple[str | None, str | None]:
        return reply["price"], reply["discount"]

    assert shown(office.patch(path, {"price": "8"}, 1)) == ("8", None)
    assert shown(office.patch(path, {"discount": "0"}, 2)) == (None, "0")
    for wrong in ({"price": "8", "discount": "5"}, {"discount": None}):
        reply = office.patch(path, wrong, 3)
        assert (reply.refusal, reply.pointers) == ((422, "catalogue.price_or_discount"), ["/price"])
    assert shown(office.get(path)) == (None, "0")
