"""Proposals over HTTP: offered, decided, revised, copied, and what becomes of them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from tests.support.jobs import do_chore
from tests.support.office import ON_SQLITE, Office, Served, free_line, together

pytestmark = pytest.mark.fast
OPTION = {**free_line("30"), "optional": True}


def path_of(made: dict[str, Any]) -> str:
    return f"/proposals/{made['id']}"


def made_of(office: Office, path: str) -> dict[str, Any]:
    """Post without a body, and give what was made."""
    reply = office.post(path)
    assert reply.status == 201, reply.body
    found: dict[str, Any] = reply.body
    return found


def events(office: Office, proposal: int) -> list[str]:
    """Give what was told of a proposal, oldest first."""
    office.served.container.dispatch()
    told = office.items(f"/proposals/{proposal}/audit?sort=sequence&limit=100")
    return [one["event"].removeprefix("sales.proposal_") for one in told]


def test_a_signed_proposal_becomes_an_order_and_an_invoice(office: Office) -> None:
    """ERP-07: lines, amounts and the tie between the two, on every database."""
    product = office.product("5")
    lines = [{"product_id": product, "quantity": "2"}, OPTION, free_line("7")]
    draft = office.make("/proposals", {"party_id": office.customer(), "lines": lines, "currency": "USD", "rate": "0.9"})
    assert (draft["ref"], draft["total_net"], draft["lines"][1]["net"]) == (f"(PROV{draft['id']})", "29.22", "30.00")
    path = path_of(draft)
    assert office.act(f"{path}/validate")["ref"].startswith("PR")
    signed = office.act(f"{path}/sign", {"options": [2]})
    assert (signed["status"], signed["total_net"], signed["company_net"]) == ("signed", "59.22", "53.30")
    order = office.make(f"{path}/orders", {"note": "as offered"})
    invoice = office.make(f"{path}/invoices", {})
    for made in (order, invoice):
        assert made["proposal_id"] == draft["id"]
        assert (made["total_gross"], made["company_gross"]) == (signed["total_gross"], signed["company_gross"])
        assert [line["description"] for line in made["lines"]] == [line["description"] for line in signed["lines"]]
    shown = office.get(path)
    assert (shown["order_ids"], shown["invoice_ids"]) == ([order["id"]], [invoice["id"]])
    assert shown["version"] > signed["version"], "who holds the old version must not be told that nothing changed"
    assert [one["id"] for one in office.items(f"/orders?proposal_id={draft['id']}")] == [order["id"]]
    assert office.act(f"{path}/bill")["status"] == "billed"


@ON_SQLITE
def test_each_is_made_once_unless_it_goes_away(office: Office) -> None:
    """ERP-07."""
    path = path_of(office.proposal([free_line("1")], signed=True))
    order = office.make(f"{path}/orders", {})
    again = office.post(f"{path}/orders", {})
    assert again.refusal == (409, "sales.proposal_followed")
    assert again["facts"] == {"kind": "order", "id": order["id"]}
    assert office.post(f"{path}/reopen", {}).refusal == (409, "state.invalid_transition")
    assert office.delete(f"/orders/{order['id']}", order["version"]).status == 204
    assert office.get(path)["order_ids"] == []
    second = office.make(f"{path}/orders", {})["id"]
    office.act(f"/orders/{second}/cancel")
    third = office.make(f"{path}/orders", {})["id"]
    assert office.get(path)["order_ids"] == [second, third]
    invoice = office.make(f"{path}/invoices", {})
    assert office.post(f"{path}/invoices", {}).refusal == (409, "sales.proposal_followed")
    assert office.delete(f"/invoices/{invoice['id']}", 1).status == 204
    office.make(f"{path}/invoices", {})
    told = events(office, int(path.rpartition("/")[2]))
    made, gone = "followed_by", "released"
    assert told[3:] == [made, gone, made, made, made, gone, made]


def test_two_orders_asked_for_at_once_are_one(office: Office) -> None:
    """ERP-07: on every database."""
    path = path_of(office.proposal([free_line("1")], signed=True))
    replies = together(4, lambda _: office.post(f"{path}/orders", {}))
    assert sorted(reply.status for reply in replies) == [201, 409, 409, 409]
    assert len(office.get(path)["order_ids"]) == 1


@ON_SQLITE
def test_only_what_is_signed_becomes_something(office: Office) -> None:
    path = path_of(office.proposal([free_line("1")]))
    for what in ("orders", "invoices"):
        refused = office.post(f"{path}/{what}", {})
        assert refused.refusal == (409, "sales.proposal_not_signed")
    assert office.items("/orders") == office.items("/invoices") == []


@ON_SQLITE
def test_a_validated_proposal_is_revised_and_not_changed(office: Office) -> None:
    """ERP-07: the number stays, the former version gives way when the later one is offered."""
    first = office.proposal([free_line("10"), OPTION], external_ref="inquiry 5", note="first")
    assert office.patch(path_of(first), {"note": "x"}, first["version"]).refusal == (409, "sales.proposal_not_draft")
    second = made_of(office, f"{path_of(first)}/revise")
    assert (second["revision"], second["revises_id"], second["status"]) == (2, first["id"], "draft")
    assert (second["external_ref"], second["lines"][1]["optional"]) == ("inquiry 5", True)
    assert office.post(f"{path_of(first)}/revise").refusal == (409, "sales.being_revised")
    assert office.get(path_of(first))["status"] == "validated"
    office.patch(path_of(second), {"lines": [free_line("9")]}, second["version"])
    assert office.act(f"{path_of(second)}/validate")["ref"] == f"{first['ref']}-2"
    assert office.get(path_of(first))["status"] == "superseded"
    assert office.post(f"{path_of(first)}/sign", {}).refusal == (409, "state.invalid_transition")
    office.act(f"{path_of(second)}/refuse", {"reason": "still too dear"})
    third = made_of(office, f"{path_of(second)}/revise")
    assert office.act(f"{path_of(third)}/validate")["ref"] == f"{first['ref']}-3"
    assert events(office, first["id"]) == ["created", "validated", "superseded"]


@ON_SQLITE
def test_a_version_that_was_signed_is_not_replaced(office: Office) -> None:
    first = office.proposal([free_line("10")])
    second = made_of(office, f"{path_of(first)}/revise")
    office.act(f"{path_of(first)}/sign", {})
    refused = office.post(f"{path_of(second)}/validate")
    assert refused.refusal == (409, "state.invalid_transition")
    assert office.get(path_of(second))["status"] == "draft"
    assert office.delete(path_of(second), second["version"]).status == 204
    assert office.post(f"{path_of(first)}/revise").refusal == (409, "state.invalid_transition")


@ON_SQLITE
def test_a_refusal_keeps_its_reason_until_the_offer_stands_again(office: Office) -> None:
    path = path_of(office.proposal([free_line("10")]))
    assert office.post(f"{path}/refuse", {"reason": " "}).status == 422
    assert office.act(f"{path}/refuse", {"reason": "too dear"})["refusal"] == "too dear"
    assert office.post(f"{path}/sign", {}).refusal == (409, "state.invalid_transition")
    reopened = office.act(f"{path}/reopen", {"valid_until": "2099-01-01"})
    assert (reopened["status"], reopened["refusal"], reopened["valid_until"]) == ("validated", "", "2099-01-01")


@ON_SQLITE
def test_an_option_must_be_one(office: Office) -> None:
    path = path_of(office.proposal([free_line("10"), OPTION]))
    for options, pointer, code in (
        ([2, 1], "/options/1", "sales.not_an_option"),
        ([3], "/options/0", "unknown_reference"),
    ):
        refused = office.post(f"{path}/sign", {"options": options})
        assert (refused.refusal, refused.pointers) == ((422, code), [pointer])
    assert office.get(path)["status"] == "validated"


@ON_SQLITE
def test_a_copy_keeps_prices_or_takes_those_of_today(office: Office) -> None:
    """ERP-07."""
    product = office.product()
    line = {"product_id": product, "quantity": "2", "description": "as agreed", "discount": "5"}
    signed = office.proposal([line, {**OPTION}], currency="USD", rate="2", external_ref="mine")
    office.act(f"{path_of(signed)}/sign", {"options": [2]})
    office.patch(f"/products/{product}", {"unit_price": "14", "vat_rate": "10"}, 1)
    kept = office.make(f"{path_of(signed)}/copy", {})
    fresh = office.make(f"{path_of(signed)}/copy", {"fresh_prices": True})
    assert [kept["lines"][0][name] for name in ("unit_price", "vat_rate", "description")] == ["5", "20", "as agreed"]
    assert [fresh["lines"][0][name] for name in ("unit_price", "vat_rate", "description")] == ["7", "10", "as agreed"]
    assert kept["lines"][1] == {**signed["lines"][1], "chosen": False}
    for copy in (kept, fresh):
        assert (copy["status"], copy["revision"], copy["revises_id"], copy["external_ref"]) == ("draft", 1, None, None)


@ON_SQLITE
def test_an_offer_stands_as_long_as_the_company_says(served: Served) -> None:
    office = served.company()
    office.warehouse()
    made = office.proposal([free_line("1")], validated=False, date="2026-11-01")
    assert made["valid_until"] == "2026-12-01"
    settings = office.get("/company/settings")
    assert settings["proposal_days"] == 30
    office.patch("/company/settings", {"proposal_days": 7}, settings["version"])
    own = office.proposal([free_line("1")], validated=False, valid_until=str(date(2030, 1, 1)))
    assert own["valid_until"] == "2030-01-01"
    wrong = {
        "party_id": office.customer(),
        "date": "2026-11-02",
        "valid_until": "2026-11-01",
        "lines": [free_line("1")],
    }
    refused = office.post("/proposals", wrong)
    assert (refused.refusal, refused.pointers) == ((422, "sales.validity_before_date"), ["/valid_until"])


def test_the_daily_round_closes_what_lapsed_in_every_company(served: Served) -> None:
    """ERP-07: those whose last day is past and no others, once, and told; on every database."""
    offices = [served.company(), served.company()]
    lapsed, kept = [], []
    for office in offices:
        made = [office.proposal([free_line("1"), OPTION])["id"] for _ in range(3)]
        draft = office.proposal([free_line("1")], validated=False)["id"]
        signed = office.proposal([free_line("1")], signed=True)["id"]
        for one in (*made, draft, signed):
            office.lapse(one)
        lapsed.append(made)
        kept.append({draft: "draft", signed: "signed", office.proposal([free_line("1")])["id"]: "validated"})
    do_chore(served.container, "expire-proposals")
    for office, gone, stays in zip(offices, lapsed, kept, strict=True):
        assert {one["id"] for one in office.items("/proposals?status=expired")} == set(gone)
        assert {key: office.get(f"/proposals/{key}")["status"] for key in stays} == stays
        assert [events(office, one)[-1] for one in gone] == ["expired"] * 3
        shown = office.get(f"/proposals/{gone[0]}")
        assert len(shown["lines"]) == 2
        assert office.post(f"/proposals/{gone[0]}/reopen", {}).refusal == (409, "sales.proposal_lapsed")
        until = str(date.today() + timedelta(days=400))  # noqa: TID251, DTZ011 - any day to come
        assert office.act(f"/proposals/{gone[0]}/reopen", {"valid_until": until})["status"] == "validated"


@ON_SQLITE
def test_by_hand_an_offer_expires_only_when_it_has_lapsed(office: Office) -> None:
    made = office.proposal([free_line("1")])
    assert office.post(f"{path_of(made)}/expire").refusal == (409, "sales.proposal_still_valid")
    office.lapse(made["id"])
    assert office.post(f"{path_of(made)}/sign", {}).refusal == (409, "sales.proposal_lapsed")
    assert office.act(f"{path_of(made)}/expire")["status"] == "expired"


@ON_SQLITE
def test_proposals_are_found_by_number_and_customer(office: Office) -> None:
    """ERP-07: words, filters, export; a customer with an open offer is not erased."""
    party = office.customer(name="Dupont Frères")
    made = office.proposal([free_line("1")], party_id=party, external_ref="INQ-77")
    office.proposal([free_line("2")])
    for query in ("q=dupont", "q=inq 77", f"q={made['ref']}", "status=validated&total_gross_lte=1", "q=fr dup"):
        assert [one["id"] for one in office.items(f"/proposals?{query}")] == [made["id"]], query
    assert made["ref"] in str(office.get("/proposals:export?format=csv&q=dupont").body)
    assert office.post(f"/third-parties/{party}/anonymise").status == 409
    office.act(f"{path_of(made)}/cancel")
    assert office.act(f"/third-parties/{party}/anonymise")["name"] != "Dupont Frères"
