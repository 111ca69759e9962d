"""A request sent again is done once, however often and however closely."""

from __future__ import annotations

import pytest

from tests.support.office import ON_SQLITE, Office, free_line, together

pytestmark = pytest.mark.fast


def test_an_order_sent_again_is_the_same_order(office: Office) -> None:
    """ERP-15: the stored answer, byte for byte, on each database."""
    body = {"party_id": office.customer(), "lines": [free_line("1")]}
    first = office.post("/orders", body, idempotency_key="k1")
    again = office.post("/orders", body, idempotency_key="k1")
    assert first.status == again.status == 201
    assert again.body == first.body
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["idempotent-replay"] == "true"
    assert "idempotent-replay" not in first.headers
    assert len(office.items("/orders")) == 1
    assert office.post("/orders", body, idempotency_key="k2")["id"] != first["id"]


def test_the_key_of_another_request_is_refused(office: Office) -> None:
    """ERP-15: another body, or another object of the same route, is 422."""
    party = office.customer()
    first, second = (office.order([free_line("1")], validated=False, party_id=party)["id"] for _ in range(2))
    body = {"party_id": party, "lines": [free_line("1")]}
    office.post("/orders", body, idempotency_key="k")
    reply = office.post("/orders", {**body, "note": "x"}, idempotency_key="k")
    assert reply.refusal == (422, "idempotency.key_reused")
    assert office.post(f"/orders/{first}/validate", idempotency_key="k").status == 200
    other = office.post(f"/orders/{second}/validate", idempotency_key="k")
    assert other.refusal == (422, "idempotency.key_reused")
    assert office.get(f"/orders/{second}")["status"] == "draft"


@ON_SQLITE
def test_a_refused_request_may_be_sent_again_when_it_is_right(office: Office) -> None:
    """ERP-15: only what was done is kept."""
    product = office.product()
    order = office.order([{"product_id": product, "quantity": "1"}])
    shipment = office.make(f"/orders/{order['id']}/shipments", {})
    path = f"/shipments/{shipment['id']}/validate"
    assert office.post(path, idempotency_key="k").refusal == (409, "stock.not_enough")
    office.act("/stock-movements", {"kind": "receive", "product_id": product, "quantity": "1"})
    assert office.post(path, idempotency_key="k").status == 200


def test_twins_at_once_are_done_once(office: Office) -> None:
    """ERP-15: four at a barrier, one order, four equal answers, on each database."""
    body = {"party_id": office.customer(), "lines": [free_line("1")]}
    replies = together(4, lambda _: office.post("/orders", body, idempotency_key="twin"))
    assert [reply.status for reply in replies] == [201] * 4
    assert all(reply.body == replies[0].body for reply in replies)
    assert len(office.items("/orders")) == 1


@pytest.mark.parametrize("what", ["invoice", "payment"])
def test_twins_of_a_step_that_can_be_done_once_both_succeed(office: Office, what: str) -> None:
    """ERP-15: the loser of the race is no error but the winner's answer, on each database."""
    invoice = office.invoice("10", validated=what == "payment")
    path = f"/invoices/{invoice['id']}"
    step, body = (f"{path}/validate", None) if what == "invoice" else (f"{path}/payments", {"method": "cash"})
    replies = together(4, lambda _: office.post(step, body, idempotency_key="twin"))
    assert {reply.status for reply in replies} == {200 if what == "invoice" else 201}
    assert all(reply.body == replies[0].body for reply in replies)
    assert sum("idempotent-replay" in reply.headers for reply in replies) == 3


@ON_SQLITE
def test_keys_of_different_people_do_not_meet(office: Office) -> None:
    """ERP-13: a key belongs to one company and one person."""
    body = {"name": "x", "customer": True}
    mine = office.post("/third-parties", body, idempotency_key="k")
    stranger = office.served.company()
    theirs = stranger.post("/third-parties", {**body, "name": "y"}, idempotency_key="k")
    assert theirs.status == 201
    assert theirs["id"] != mine["id"]
