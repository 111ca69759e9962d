"""What a customer pays over HTTP: lists, agreed prices, quantity breaks, gross entry, VAT by date."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.catalogue import price_list, vat_rate
from tests.support.office import ON_SQLITE, Office

pytestmark = pytest.mark.fast


def charged(office: Office, party: int, product: int, quantity: str = "1", **fields: Any) -> str:
    """Give the unit price that an order's line gets."""
    lines = [{"product_id": product, "quantity": quantity}]
    return str(office.order(lines, validated=False, party_id=party, **fields)["lines"][0]["unit_price"])


@ON_SQLITE
def test_the_customers_price_wins_over_the_list_and_the_list_over_the_product(office: Office) -> None:
    """ERP-07: and within one of them the largest break not above the quantity."""
    product, wholesale = office.product(), price_list(office)
    party = office.customer(price_list_id=wholesale)
    assert charged(office, party, product) == "10"
    row = office.make(f"/price-lists/{wholesale}/prices", {"product_id": product, "price": "9"})
    office.make(f"/price-lists/{wholesale}/prices", {"product_id": product, "min_quantity": "10", "price": "8"})
    assert [charged(office, party, product, much) for much in ("1", "9.99", "10", "1000")] == ["9", "9", "8", "8"]
    assert charged(office, office.customer(), product) == "10"
    own = {"product_id": product, "min_quantity": "5", "discount": "25"}
    agreed = office.make(f"/third-parties/{party}/prices", own)
    assert [charged(office, party, product, much) for much in ("4", "5", "10")] == ["9", "7.5", "7.5"]
    told = office.get(f"/products/{product}/price?party_id={party}&quantity=6")
    assert (told["source"], told["price_id"], told["unit_price"]) == ("party", agreed["id"], "7.5")
    assert (told["net"], told["vat"], told["gross"]) == ("45.00", "9.00", "54.00")
    assert office.get(f"/products/{product}/price?party_id={party}")["price_id"] == row["id"]
    assert office.get(f"/products/{product}/price")["source"] == "product"
    assert office.delete(f"/prices/{agreed['id']}", 1).status == 204
    assert charged(office, party, product, "5") == "9"


def test_lists_hold_on_their_days_and_say_so_on_every_database(office: Office) -> None:
    """ERP-07: a list that is over, or a price that begins later, does not count."""
    product = office.product()
    over = price_list(office, valid_until="2026-06-30")
    office.make(f"/price-lists/{over}/prices", {"product_id": product, "price": "7"})
    party = office.customer(price_list_id=over)
    later = {"product_id": product, "price": "6", "valid_from": "2026-07-01", "min_quantity": "2"}
    office.make(f"/third-parties/{party}/prices", later)
    on = {day: charged(office, party, product, "2", date=day) for day in ("2026-06-30", "2026-07-01")}
    assert on == {"2026-06-30": "7", "2026-07-01": "6"}
    assert charged(office, party, product, "1", date="2026-07-01") == "10"
    found = [office.get(f"/products/{product}/price?party_id={party}&quantity=2&on={day}")["source"] for day in on]
    assert found == ["price_list", "party"]


@ON_SQLITE
def test_a_price_in_the_documents_currency_counts_as_it_is_and_one_in_a_third_not_at_all(office: Office) -> None:
    """A price in the company's currency is converted at the document's rate."""
    product = office.product()
    dollars = price_list(office, currency="USD")
    office.make(f"/price-lists/{dollars}/prices", {"product_id": product, "price": "11"})
    party = office.customer(price_list_id=dollars)
    assert charged(office, party, product, currency="USD", rate="0.8") == "11"
    assert charged(office, party, product) == "10"
    office.make(f"/third-parties/{party}/prices", {"product_id": product, "price": "9"})
    assert charged(office, party, product) == "9"
    assert charged(office, party, product, currency="USD", rate="0.9") == "10"
    assert charged(office, party, product, currency="GBP", rate="1.2") == "7.5"


@ON_SQLITE
def test_new_lines_of_a_draft_are_priced_like_those_of_a_new_document(office: Office) -> None:
    product, wholesale = office.product(), price_list(office)
    office.make(f"/price-lists/{wholesale}/prices", {"product_id": product, "min_quantity": "5", "discount": "50"})
    party = office.customer(price_list_id=wholesale)
    few, many = ([{"product_id": product, "quantity": much}] for much in ("1", "5"))
    for path in ("/orders", "/invoices"):
        draft = office.make(path, {"party_id": party, "lines": few})
        changed = office.patch(f"{path}/{draft['id']}", {"lines": many}, draft["version"])
        assert [one["lines"][0]["unit_price"] for one in (draft, changed)] == ["10", "5"]
        named = [{**many[0], "unit_price": "9.5"}]
        changed = office.patch(f"{path}/{draft['id']}", {"lines": named}, changed["version"])
        assert changed["lines"][0]["unit_price"] == "9.5"


@ON_SQLITE
def test_a_row_is_a_price_or_a_discount_and_each_break_stands_once(office: Office) -> None:
    product, wholesale = office.product(), price_list(office)
    path = f"/price-lists/{wholesale}/prices"
    for wrong in ({}, {"price": "1", "discount": "1"}):
        reply = office.post(path, {"product_id": product, **wrong})
        assert reply.refusal == (422, "catalogue.price_or_discount")
        assert reply.pointers == ["/price"]
    office.make(path, {"product_id": product, "price": "1"})
    assert office.post(path, {"product_id": product, "discount": "2"}).refusal == (409, "taken")
    assert office.post(path, {"product_id": product, "min_quantity": "-1", "price": "2"}).pointers == ["/min_quantity"]
    assert office.post(path, {"product_id": product, "min_quantity": "2", "discount": "101"}).pointers == ["/discount"]
    assert office.delete(f"/price-lists/{wholesale}", 1).refusal == (409, "catalogue.in_use")


@ON_SQLITE
def test_a_gross_price_is_kept_and_the_net_one_follows(office: Office) -> None:
    """ERP-07: quantity 1 comes to the gross price to the cent."""
    product = office.make("/products", {"ref": "G", "name": "Gross", "gross_unit_price": "10", "vat_rate": "20"})
    assert (product["unit_price"], product["gross_unit_price"]) == ("8.33333333", "10")
    assert product["price_includes_vat"] is True
    order = office.order([{"product_id": product["id"], "quantity": "1"}], validated=False)
    assert (order["total_net"], order["total_vat"], order["total_gross"]) == ("8.33", "1.67", "10.00")
    path = f"/products/{product['id']}"
    changed = office.patch(path, {"vat_rate": "10"}, product["version"])
    assert (changed["unit_price"], changed["gross_unit_price"]) == ("9.09090909", "10")
    changed = office.patch(path, {"unit_price": "9"}, changed["version"])
    assert (changed["gross_unit_price"], changed["price_includes_vat"]) == (None, False)
    line = {"product_id": product["id"], "quantity": "1", "gross_unit_price": "11"}
    order = office.order([line], validated=False)
    assert (order["lines"][0]["unit_price"], order["total_gross"]) == ("10", "11.00")
    free = {"description": "Work", "quantity": "1", "gross_unit_price": "6", "vat_rate": "20"}
    assert office.order([free], validated=False)["lines"][0]["unit_price"] == "5"
    both = {**line, "unit_price": "10"}
    reply = office.post("/orders", {"party_id": office.customer(), "lines": [both]})
    assert (reply.status, reply.pointers) == (422, ["/lines/0/gross_unit_price"])
    listed = price_list(office, includes_vat=True)
    office.make(f"/price-lists/{listed}/prices", {"product_id": product["id"], "price": "5.5"})
    assert charged(office, office.customer(price_list_id=listed), product["id"]) == "5"


@ON_SQLITE
def test_a_category_of_vat_follows_the_law_from_its_day_on(office: Office) -> None:
    """ERP-07: the rate of the company's country on the document's date; no two on one day."""
    vat_rate(office, "standard", "19.6", valid_until="2013-12-31")
    vat_rate(office, "standard", "20", valid_from="2014-01-01")
    vat_rate(office, "standard", "25", country="SE")
    overlap = {"country": "FR", "category": "standard", "rate": "1", "valid_from": "2013-12-31"}
    assert office.post("/vat-rates", overlap).refusal == (409, "catalogue.vat_rates_overlap")
    body = {"ref": "V", "name": "V", "unit_price": "100", "vat_category": "standard"}
    product = office.make("/products", body)
    assert product["vat_rate"] is None
    lines = [{"product_id": product["id"], "quantity": "1"}]
    days = ("2013-12-31", "2014-01-01")
    drafts = [office.order(lines, validated=False, date=day) for day in days]
    assert [one["total_vat"] for one in drafts] == ["19.60", "20.00"]
    reply = office.post("/orders", {"party_id": office.customer(), "lines": lines, "date": "1999-12-31"})
    assert reply.refusal == (422, "catalogue.no_vat_rate")
    assert reply.pointers == ["/lines/0/vat_rate"]
    for wrong in ({"vat_rate": "20"}, {"vat_category": "none"}):
        refused = office.post("/products", {**body, "ref": "W", **wrong})
        assert refused.status == 422, wrong
    changed = office.patch(f"/products/{product['id']}", {"vat_rate": "7"}, product["version"])
    assert (changed["vat_rate"], changed["vat_category"]) == ("7", None)
