"""A credit note names the return that it gives the money back for: once, for what came back, and not before."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.e2e.test_invoice_kinds import issued, sound
from tests.e2e.test_returns_stock import came, ordered, sent
from tests.support.office import ON_SQLITE, Office, Reply

pytestmark = pytest.mark.fast
ONE: Final = [{"position": 1, "quantity": "1"}]


def sold(office: Office, much: str = "3", **fields: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Give a shipment of goods at 10, and the invoice of the order."""
    order = ordered(office, office.product("9", unit_price="10"), much, **fields)
    return sent(office, order), issued(office, f"/orders/{order}/invoices")


def credit(office: Office, invoice: dict[str, Any], back: dict[str, Any], **fields: Any) -> Reply:
    return office.post(f"/invoices/{invoice['id']}/credit-notes", {"return_id": back["id"], **fields})


def noted(office: Office, back: dict[str, Any]) -> int | None:
    """Give the credit note that a return names."""
    return office.get(f"/returns/{back['id']}")["credit_note_id"]  # type: ignore[no-any-return]


def refused(office: Office, invoice: dict[str, Any], back: dict[str, Any], **fields: Any) -> tuple[int, str, list[str]]:
    """Give what is said of a credit note that cannot be, of which nothing is kept."""
    shown = office.get(f"/returns/{back['id']}") if back["id"] < 10**9 else None
    reply = credit(office, invoice, back, **fields)
    assert office.items(f"/invoices?kind=credit_note&source_id={invoice['id']}") == []
    assert shown is None or office.get(f"/returns/{back['id']}").body == shown.body
    return (*reply.refusal, reply.pointers)


def test_a_credit_note_takes_back_what_came_back_and_the_return_names_it(office: Office) -> None:
    """ERP-07: not called off once credited; free again with the draft that is deleted; on each database."""
    goods = [{"product_id": office.product("9", unit_price=each), "quantity": "3"} for each in ("10", "7")]
    order = office.order(goods)["id"]
    shipment, invoice = sent(office, order), issued(office, f"/orders/{order}/invoices")
    parts = [{"position": 1, "quantity": "1"}, {"position": 2, "quantity": "2"}]
    back = came(office, shipment, lines=parts)
    note = credit(office, invoice, back)
    assert [(line["source_position"], line["quantity"]) for line in note["lines"]] == [(1, "-1"), (2, "-2")]
    assert note["total_net"] == "-24.00"
    shown = office.get(f"/returns/{back['id']}")
    assert (shown["credit_note_id"], shown["version"]) == (note["id"], back["version"] + 1)
    assert [one["id"] for one in office.items(f"/returns?credit_note_id={note['id']}")] == [back["id"]]
    cancel = f"/returns/{back['id']}/cancel"
    assert office.post(cancel).refusal == (409, "state.invalid_transition")
    assert office.delete(f"/invoices/{note['id']}", note["version"]).status == 204
    shown = office.get(f"/returns/{back['id']}")
    assert (shown["credit_note_id"], shown["version"]) == (None, back["version"] + 2)
    again = credit(office, invoice, back)["id"]
    assert noted(office, back) == again
    assert office.delete(f"/invoices/{again}", 1).status == 204
    assert office.act(cancel)["status"] == "canceled"
    sound(office)


def test_what_a_return_is_credited_with_is_in_the_journal(office: Office) -> None:
    shipment, invoice = sold(office)
    back = came(office, shipment, lines=ONE)
    note = issued(office, f"/invoices/{invoice['id']}/credit-notes", {"return_id": back["id"]})
    assert noted(office, back) == note["id"]
    office.served.container.dispatch()
    entries = office.items(f"/returns/{back['id']}/audit")
    (told,) = (one for one in entries if one["event"] == "shipping.return_credited")
    assert (told["facts"]["note"], told["version"]) == (note["id"], back["version"] + 1)


@ON_SQLITE
def test_lines_or_amounts_say_what_is_credited_and_the_return_is_only_named(office: Office) -> None:
    """A handling charge is kept; goods of no shipment are credited by what is said, of whatever invoice."""
    shipment, invoice = sold(office)
    one, other = (came(office, shipment, lines=ONE) for _ in range(2))
    office.act(f"/returns/{other['id']}/close")
    note = credit(office, invoice, one, lines=[{"position": 1, "quantity": "2"}])
    assert (note["total_net"], noted(office, one)) == ("-20.00", note["id"])
    rate = invoice["lines"][0]["vat_rate"]
    note = credit(office, invoice, other, amounts=[{"vat_rate": rate, "net": "5"}])
    assert (note["total_net"], noted(office, other)) == ("-5.00", note["id"])
    loose = free(office, invoice["party_id"])
    assert credit(office, invoice, loose).refusal == (422, "required")
    note = credit(office, invoice, loose, amounts=[{"vat_rate": rate, "net": "1"}])
    assert (note["total_net"], noted(office, loose)) == ("-1.00", note["id"])


def free(office: Office, party: int) -> dict[str, Any]:
    """Take goods of no shipment back."""
    lines = [{"product_id": office.product(), "quantity": "1"}]
    draft = office.make("/returns", {"party_id": party, "reason": "x", "lines": lines})
    return office.act(f"/returns/{draft['id']}/validate")


@ON_SQLITE
def test_a_return_that_is_not_the_invoices_is_refused_where_it_is_named(office: Office) -> None:
    """Unknown, another customer's, another order's of the same customer; of no shipment without lines."""
    shipment, invoice = sold(office)
    party = invoice["party_id"]
    assert refused(office, invoice, {"id": 10**9}) == (422, "unknown_reference", ["/return_id"])
    elsewhere = (409, "billing.return_elsewhere", ["/return_id"])
    assert refused(office, invoice, free(office, office.customer()), lines=ONE) == elsewhere
    assert refused(office, invoice, came(office, sold(office, party_id=party)[0])) == elsewhere
    of_no_order = office.invoice(party_id=party)
    assert refused(office, of_no_order, came(office, shipment)) == elsewhere
    assert refused(office, invoice, free(office, party)) == (422, "required", ["/lines"])


@ON_SQLITE
def test_a_return_whose_goods_are_not_back_is_refused(office: Office) -> None:
    shipment, invoice = sold(office)
    draft = office.make(f"/shipments/{shipment['id']}/returns", {"reason": "x"})
    canceled = came(office, shipment)
    office.act(f"/returns/{canceled['id']}/cancel")
    for one in (draft, canceled):
        assert refused(office, invoice, one) == (409, "billing.return_not_back", ["/return_id"])
        assert refused(office, invoice, one, lines=ONE) == (409, "billing.return_not_back", ["/return_id"])


@ON_SQLITE
def test_a_return_is_credited_once_however_the_second_note_is_made(office: Office) -> None:
    shipment, invoice = sold(office)
    back = came(office, shipment, lines=ONE)
    first = credit(office, invoice, back)["id"]
    for fields in ({}, {"lines": ONE}):
        reply = credit(office, invoice, back, **fields)
        assert (reply.refusal, reply.pointers) == ((409, "billing.return_credited"), ["/return_id"])
    assert [row["id"] for row in office.items("/invoices?kind=credit_note")] == [first]
    assert noted(office, back) == first


@ON_SQLITE
def test_no_more_is_credited_of_a_return_than_the_invoice_charges_for(office: Office) -> None:
    """Invoiced in part, invoiced elsewhere, or credited before: the return stays to be credited by what is said."""
    order = ordered(office, office.product("9", unit_price="10"), "3")
    shipment = sent(office, order)
    two = issued(office, f"/orders/{order}/invoices", {"lines": [{"position": 1, "quantity": "2"}]})
    deposit = issued(office, f"/orders/{order}/deposits", {"percent": "50"})
    back = came(office, shipment)
    over = (409, "billing.over_credited", ["/return_id"])
    assert refused(office, two, back) == over
    assert refused(office, deposit, back) == over
    path = f"/invoices/{two['id']}/credit-notes"
    part = office.make(path, {"lines": ONE})
    reply = credit(office, two, back)
    assert (*reply.refusal, reply.pointers) == over
    rest = office.make(path, {})
    reply = credit(office, two, back)
    assert (*reply.refusal, reply.pointers) == (409, "billing.nothing_to_credit", ["/return_id"])
    assert noted(office, back) is None
    for one in (part, rest):
        assert office.delete(f"/invoices/{one['id']}", 1).status == 204
