"""Third parties in depth: terms, belongings, credit, merging, representatives (ERP-07)."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.support.office import ON_SQLITE, Office, free_line

pytestmark = [pytest.mark.fast, ON_SQLITE]

IBAN: Final = "DE89370400440532013000"
OTHER_IBAN: Final = "FR1420041010050500013M02606"
HALVES: Final = [{"percent": "50", "days": 0}, {"percent": "50", "days": 30, "end_of_month": True}]


def terms(office: Office, plan: list[dict[str, Any]] | None = None, name: str = "Halves") -> int:
    return int(office.make("/payment-terms", {"name": name, "instalments": plan or HALVES})["id"])


# --- payment terms ----------------------------------------------------------------------------


def test_an_invoice_is_due_by_the_terms_of_its_customer(office: Office) -> None:
    """ERP-07: in instalments that add up to its total, and frozen when it is made."""
    party = office.customer(payment_terms_id=terms(office))
    invoice = office.invoice("100.01", party_id=party, validated=False, date="2026-11-21")
    assert invoice["due_date"] == "2026-12-31"
    path = f"/invoices/{invoice['id']}/instalments"
    assert office.get(path)["items"] == [
        {"due_date": "2026-11-21", "amount": "50.01"},
        {"due_date": "2026-12-31", "amount": "50.00"},
    ]
    seen = office.get(f"/third-parties/{party}")["version"]
    office.patch(f"/third-parties/{party}", {"payment_terms_id": None}, seen)
    assert office.get(path)["payment_terms_id"] == invoice["payment_terms_id"]
    assert office.invoice(party_id=party, date="2026-11-21")["due_date"] == "2026-12-21"


def test_a_due_date_that_is_named_stands_alone(office: Office) -> None:
    party = office.customer(payment_terms_id=terms(office))
    named = office.invoice("10", party_id=party, validated=False, due_date="2030-01-01")
    moved = office.invoice("10", party_id=party, validated=False, date="2026-11-21")
    follows = office.patch(f"/invoices/{moved['id']}", {"date": "2026-12-05"}, moved["version"])
    assert follows["due_date"] == "2027-01-31"
    alone = office.patch(f"/invoices/{moved['id']}", {"due_date": "2027-05-01"}, follows["version"])
    for one, day in ((named, "2030-01-01"), (alone, "2027-05-01")):
        assert one["payment_terms_id"] is None
        shown = office.get(f"/invoices/{one['id']}/instalments")
        assert shown["items"] == [{"due_date": day, "amount": "10.00"}]


def test_terms_are_renamed_and_archived_and_never_rewritten(office: Office) -> None:
    made = terms(office)
    path = f"/payment-terms/{made}"
    assert office.patch(path, {"instalments": HALVES}, 1).refusal == (422, "request.invalid_body")
    assert office.patch(path, {"name": "Two halves", "archived": True}, 1)["name"] == "Two halves"
    refused = office.post("/third-parties", {"name": "x", "customer": True, "payment_terms_id": made})
    assert refused.refusal == (409, "parties.terms_archived")
    assert [one["name"] for one in office.items("/payment-terms?archived=true")] == ["Two halves"]
    twin = office.post("/payment-terms", {"name": "Two halves", "instalments": HALVES})
    assert twin.refusal == (409, "taken")


@pytest.mark.parametrize(
    ("plan", "pointer"),
    [
        ([{"percent": "99", "days": 0}], "/instalments"),
        ([{"percent": "150", "days": 0}, {"percent": "-50", "days": 3}], "/instalments/1/percent"),
    ],
)
def test_instalments_that_are_not_the_whole_are_refused(
    office: Office, plan: list[dict[str, Any]], pointer: str
) -> None:
    reply = office.post("/payment-terms", {"name": "x", "instalments": plan})
    assert reply.refusal == (422, "parties.bad_instalments")
    assert reply.pointers == [pointer]


# --- tax numbers and bank accounts ------------------------------------------------------------


def test_a_tax_number_is_checked_by_its_country_and_kept_compact(office: Office) -> None:
    """ERP-07: the refusal shows what a good one looks like; a stored one is left alone."""
    body = {"name": "x", "customer": True, "tax_id": "fr 40 303 265 045", "address": {"country": "FR"}}
    made = office.make("/third-parties", body)
    assert made["tax_id"] == "FR40303265045"
    refused = office.post("/third-parties", {**body, "tax_id": "FR41303265045"})
    assert refused.refusal == (422, "parties.bad_tax_id")
    assert refused.pointers == ["/tax_id"]
    assert "FR40303265045" in refused["detail"]
    path = f"/third-parties/{made['id']}"
    moved = office.patch(path, {"address": {"country": "BR"}}, 1)
    assert moved.refusal == (422, "parties.bad_tax_id")
    assert office.patch(path, {"name": "y"}, 1).status == 200
    assert office.patch(path, {"address": {"country": "AQ"}}, 2)["tax_id"] == "FR40303265045"


def test_bank_accounts_are_checked_and_one_is_preferred(office: Office) -> None:
    party = office.customer()
    path = f"/third-parties/{party}/bank-accounts"
    one = office.make(path, {"holder": "A", "iban": "DE89 3704 0044 0532 0130 00", "preferred": True})
    assert (one["iban"], one["bic"]) == (IBAN, "COBADEFFXXX")
    mandate = {"mandate_ref": "M-1", "mandate_date": "2026-11-01"}
    other = office.make(path, {"holder": "A", "iban": OTHER_IBAN, "preferred": True, **mandate})
    assert [account["preferred"] for account in office.get(path)["items"]] == [False, True]
    refusals = {
        "parties.bad_iban": {"iban": "DE88370400440532013000"},
        "parties.bad_bic": {"bic": "NOPE"},
        "parties.bad_mandate": {"mandate_ref": "M-2"},
    }
    for code, wrong in refusals.items():
        reply = office.post(path, {"holder": "A", "iban": "GB82WEST12345698765432", **wrong})
        assert reply.refusal == (422, code)
        assert "370400" not in str(reply.body)
    assert office.post(path, {"holder": "B", "iban": IBAN}).refusal == (409, "taken")
    version = office.get(f"{path}/{one['id']}")["version"]
    changed = office.patch(f"{path}/{one['id']}", {"iban": "GB82WEST12345698765432"}, version)
    assert changed["iban"] == "GB82WEST12345698765432"
    assert changed["bic"] != "COBADEFFXXX"
    assert office.delete(f"{path}/{other['id']}", other["version"]).status == 204
    assert office.get(f"{path}/{other['id']}").status == 404
    stranger = office.customer()
    assert office.get(f"/third-parties/{stranger}/bank-accounts/{one['id']}").refusal == (404, "not_found")


# --- contacts and addresses -------------------------------------------------------------------


def test_contacts_are_found_by_their_words_and_by_their_company(office: Office) -> None:
    party = office.customer(name="Atelier Lumière")
    roles = ["billing", "sales", "billing"]
    made = office.make(f"/third-parties/{party}/contacts", {"name": "Ana Souza", "job": "Buyer", "roles": roles})
    office.make(f"/third-parties/{office.customer()}/contacts", {"name": "Bob"})
    assert made["roles"] == ["sales", "billing"]
    for words in ("ana", "souz+buy", "lumiere"):
        assert [one["name"] for one in office.items(f"/contacts?q={words}")] == ["Ana Souza"]
    path = f"/contacts/{made['id']}"
    changed = office.patch(path, {"name": "Ana Lima", "active": False, "roles": []}, 1)
    assert (changed["name"], changed["active"], changed["roles"]) == ("Ana Lima", False, [])
    assert office.items("/contacts?q=souza") == []
    assert office.patch(path, {"name": "x"}, 1).status == 412
    assert [one["id"] for one in office.get(f"/third-parties/{party}/contacts")["items"]] == [made["id"]]
    assert office.delete(path, 2).status == 204
    assert office.items("/contacts?q=lima") == []


def test_one_address_of_each_kind_is_preferred(office: Office) -> None:
    path = f"/third-parties/{office.customer()}/addresses"
    made = [
        office.make(path, {"label": f"{n}", "kind": kind, "preferred": True, "address": {"city": "Lyon"}})
        for n, kind in enumerate(("billing", "shipping", "billing"))
    ]
    assert [one["preferred"] for one in office.get(path)["items"]] == [False, True, True]
    first = f"{path}/{made[0]['id']}"
    version = office.get(first)["version"]
    changed = office.patch(first, {"preferred": True, "address": {"street": "1 rue A"}}, version)
    assert changed["address"] == {"street": "1 rue A", "postal_code": "", "city": "Lyon", "region": "", "country": ""}
    assert [one["preferred"] for one in office.get(path)["items"]] == [True, True, False]
    assert office.delete(first, changed["version"]).status == 204


# --- credit -----------------------------------------------------------------------------------


def outstanding(office: Office, party: int) -> tuple[str, ...]:
    found = office.get(f"/third-parties/{party}/outstanding")
    return found["unpaid"], found["overdue"], found["ordered"], found["left"]


def test_what_a_customer_owes_follows_its_documents(office: Office) -> None:
    """ERP-07: ordered, then invoiced in part, then paid; overdue from the day after the due date."""
    party = office.customer(credit_limit="1000")
    assert outstanding(office, party) == ("0.00", "0.00", "0.00", "1000")
    order = office.order([free_line("100", quantity="3", vat_rate="20")], party_id=party)
    office.order([free_line("7")], party_id=party, validated=False)
    assert outstanding(office, party) == ("0.00", "0.00", "360.00", "640")
    part = office.make(f"/orders/{order['id']}/invoices", {"lines": [{"position": 1, "quantity": "1"}]})
    assert outstanding(office, party)[2] == "360.00"
    office.act(f"/invoices/{part['id']}/validate")
    assert outstanding(office, party) == ("120.00", "0.00", "240.00", "640")
    rest = office.make(f"/orders/{order['id']}/invoices", {})
    office.act(f"/invoices/{rest['id']}/validate")
    office.make(f"/invoices/{part['id']}/payments", {"amount": "20"})
    assert outstanding(office, party) == ("340.00", "0.00", "0.00", "660")


def test_a_late_invoice_is_overdue(office: Office) -> None:
    party = office.customer()
    office.invoice("50", party_id=party, date="2026-01-02", due_date="2026-01-03")
    assert outstanding(office, party)[:2] == ("50.00", "50.00")
    assert office.get(f"/third-parties/{party}/outstanding")["left"] is None


def test_nobody_owes_more_than_its_limit(office: Office) -> None:
    """ERP-07: exactly the limit passes, a cent more does not, and nothing is left behind."""
    party = office.customer(credit_limit="100")
    order = office.order([free_line("60")], party_id=party)
    draft = office.invoice("40.01", party_id=party, validated=False)
    refused = office.post(f"/invoices/{draft['id']}/validate")
    assert refused.refusal == (409, "parties.credit_limit_exceeded")
    assert "60.00" in refused["detail"]
    second = office.order([free_line("40.01")], party_id=party, validated=False)
    assert office.post(f"/orders/{second['id']}/validate").status == 409
    assert office.get(f"/orders/{second['id']}")["status"] == "draft"
    office.invoice("40", party_id=party)
    invoice = office.make(f"/orders/{order['id']}/invoices", {})
    assert office.act(f"/invoices/{invoice['id']}/validate")["status"] == "validated"
    office.make(f"/invoices/{invoice['id']}/payments", {})
    assert office.act(f"/invoices/{draft['id']}/validate")["status"] == "validated"


def test_a_limit_counts_in_the_currency_of_the_company(office: Office) -> None:
    party = office.customer(credit_limit="100")
    draft = office.order([free_line("60")], party_id=party, currency="USD", rate="2", validated=False)
    assert office.post(f"/orders/{draft['id']}/validate").status == 409
    canceled = office.order([free_line("50")], party_id=party, currency="USD", rate="2")
    assert outstanding(office, party)[2] == "100.00"
    office.act(f"/orders/{canceled['id']}/cancel")
    assert outstanding(office, party)[2] == "0.00"


# --- representatives --------------------------------------------------------------------------


def test_documents_name_who_looks_after_the_customer(office: Office) -> None:
    """ERP-07: the first representative when the document is made, unless somebody is named."""
    made = [
        office.make("/users", {"email": f"rep{n}-{office.company}@example.com", "name": f"R{n}", "role_ids": []})["id"]
        for n in range(2)
    ]
    party = office.customer(representative_ids=made)
    order = office.order([free_line("1")], party_id=party)
    named = office.invoice("1", party_id=party, representative_id=made[1])
    assert (order["representative_id"], named["representative_id"]) == tuple(made)
    seen = office.get(f"/third-parties/{party}")
    office.patch(f"/third-parties/{party}", {"representative_ids": made[::-1]}, seen["version"])
    assert office.get(f"/orders/{order['id']}")["representative_id"] == made[0]
    assert office.make(f"/orders/{order['id']}/invoices", {})["representative_id"] == made[0]
    listed = office.get(f"/third-parties/{party}/representatives")["items"]
    assert [one["user_id"] for one in listed] == made[::-1]
    assert len(office.items(f"/third-parties?representative_id={made[1]}")) == 1
    user = office.get(f"/users/{made[1]}")
    office.delete(f"/users/{made[1]}", user["version"])
    assert [one["name"] for one in office.get(f"/third-parties/{party}/representatives")["items"]] == ["R0"]
