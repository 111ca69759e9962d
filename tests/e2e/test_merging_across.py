"""What a merge means where several parts meet: prices, templates, limits, debits, lists, the feed (ERP-07)."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.e2e.test_merging import merge
from tests.support.catalogue import category
from tests.support.credits import OWN_ACCOUNT
from tests.support.office import ON_SQLITE, Office, free_line
from tests.support.posts import template

pytestmark = [pytest.mark.fast, ON_SQLITE]

IBAN: Final = "DE89370400440532013000"


def charged(office: Office, party: int, product: int) -> str:
    """Give the net price of one of a product on an order of the customer."""
    order = office.order([{"product_id": product, "quantity": "1"}], party_id=party, validated=False)
    return str(order["lines"][0]["unit_price"])


def test_what_was_agreed_with_a_duplicate_is_charged_to_who_stands(office: Office) -> None:
    """An agreement made with either is kept; of two on one product that of the one that stands."""
    party, into = office.customer(), office.customer()
    one, both = office.product(), office.product()
    office.make(f"/third-parties/{party}/prices", {"product_id": one, "price": "7"})
    office.make(f"/third-parties/{party}/prices", {"product_id": both, "price": "6"})
    office.make(f"/third-parties/{into}/prices", {"product_id": both, "price": "8"})
    assert merge(office, party, into).status == 200
    assert [charged(office, into, product) for product in (one, both)] == ["7", "8"]
    assert office.items(f"/third-parties/{party}/prices") == []


def test_what_a_duplicate_supplier_asks_is_asked_by_who_stands(office: Office) -> None:
    """The product is another version: who saw the supplier that is gone does not write it back."""
    party, into = (office.customer(supplier=True) for _ in range(2))
    path = f"/products/{office.product()}/supplier-prices"
    asked = {"supplier_id": party, "ref": "X-1", "price": "4.25", "currency": "EUR"}
    seen = office.put(path, {"supplier_prices": [asked]}, 1).headers["etag"].strip('"')
    merge(office, party, into)
    assert [one["supplier_id"] for one in office.get(path)["supplier_prices"]] == [into]
    assert office.put(path, {"supplier_prices": [asked]}, int(seen)).status == 412
    again = office.put(path, {"supplier_prices": [asked]}, int(seen) + 1)
    assert (again.refusal, again.pointers) == ((422, "unknown_reference"), ["/supplier_prices/0/supplier_id"])


def test_a_template_makes_its_next_invoice_out_to_who_stands(office: Office) -> None:
    party, into = office.customer(), office.customer(payment_days=3)
    key = template(office, party_id=party, first="2026-11-01")
    merge(office, party, into)
    made = office.make(f"/invoice-templates/{key}/run", {})
    assert made["party_id"] == into


def test_an_offer_made_to_a_duplicate_is_signed_by_who_stands(office: Office) -> None:
    party, into = office.customer(), office.customer()
    key = office.proposal([free_line("5")], party_id=party)["id"]
    merge(office, party, into)
    office.act(f"/proposals/{key}/sign", {})
    order = office.make(f"/proposals/{key}/orders", {})
    assert (order["party_id"], office.get(f"/proposals/{key}")["party_id"]) == (into, into)


def test_what_both_owe_counts_against_the_one_limit(office: Office) -> None:
    """The merge itself is never refused for it; the next sale is."""
    party, into = office.customer(credit_limit="1000"), office.customer(credit_limit="100")
    for who in (party, into):
        office.order([free_line("60")], party_id=who)
    assert merge(office, party, into)["credit_limit"] == "100"
    owed = office.get(f"/third-parties/{into}/outstanding")
    assert (owed["ordered"], owed["left"]) == ("120.00", "-20")
    assert office.get(f"/third-parties/{party}/outstanding")["total"] == "0.00"
    more = office.order([free_line("0.01")], party_id=into, validated=False)
    assert office.post(f"/orders/{more['id']}/validate").refusal == (409, "parties.credit_limit_exceeded")


def test_what_a_duplicate_signed_is_still_collected(office: Office) -> None:
    """The same account entered twice, the mandate and the preference at the one that goes: the debit takes both."""
    party, into = office.customer(), office.customer()
    account = {"holder": "Client", "iban": IBAN}
    mandate = {"mandate_ref": "M-7", "mandate_date": "2026-01-02", "preferred": True}
    office.make(f"/third-parties/{party}/bank-accounts", {**account, **mandate})
    office.make(f"/third-parties/{into}/bank-accounts", account)
    invoice = office.invoice("50", party_id=party)["id"]
    merge(office, party, into)
    own = office.make("/bank-accounts", OWN_ACCOUNT)["id"]
    line = {"invoice_id": invoice, "amount": "50", "sequence": "RCUR"}
    order = {"kind": "direct_debit", "date": "2026-11-30", "account_id": own, "lines": [line]}
    made = office.make("/sepa-orders", order)["lines"][0]
    assert (made["iban"], made["mandate"], made["mandate_date"]) == (IBAN, "M-7", "2026-01-02")


def test_who_stands_is_found_where_the_duplicate_was(office: Office) -> None:
    """By category, by the words of its contacts, and as the only one that is not archived."""
    kind, other = (category(office, "customer") for _ in range(2))
    party, into = office.customer(name="Twin Lumière"), office.customer(name="Atelier")
    office.put(f"/third-parties/{party}/categories", {"category_ids": [kind, other]}, 1)
    office.put(f"/third-parties/{into}/categories", {"category_ids": [other]}, 1)
    office.make(f"/third-parties/{party}/contacts", {"name": "Ana"})
    merge(office, party, into)
    assert [one["id"] for one in office.items(f"/third-parties?category_id={kind}")] == [into]
    assert [one["party_id"] for one in office.items("/contacts?q=ana+atelier")] == [into]
    assert office.items("/contacts?q=ana+twin") == []
    assert [one["id"] for one in office.items("/third-parties?archived=false")] == [into]
    assert [one["id"] for one in office.items(f"/third-parties?merged_into_id={into}")] == [party]


def test_nothing_more_is_hung_on_who_is_gone(office: Office) -> None:
    """It would be found nowhere: neither prices nor categories, contacts, addresses, accounts."""
    party, into, product, kind = office.customer(), office.customer(), office.product(), category(office, "customer")
    merge(office, party, into)
    path, version = f"/third-parties/{party}", office.get(f"/third-parties/{party}")["version"]
    bodies: dict[str, dict[str, Any]] = {
        "prices": {"product_id": product, "price": "7"},
        "contacts": {"name": "Ana"},
        "addresses": {"label": "x", "kind": "other"},
        "bank-accounts": {"holder": "x", "iban": IBAN},
    }
    for what, body in bodies.items():
        assert office.post(f"{path}/{what}", body).refusal == (409, "parties.gone")
    sorted_in = office.put(f"{path}/categories", {"category_ids": [kind]}, version)
    assert sorted_in.refusal == (409, "parties.gone")
