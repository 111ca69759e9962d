"""Hash chains over HTTP: where each series stands, and what walking them finds."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from app.domain.shared.rights import ALL_RIGHTS, Right
from app.infrastructure.database.migrate import plain_engine
from tests.support.office import ON_SQLITE, Office

pytestmark = pytest.mark.fast


def test_the_heads_move_with_each_document(office: Office) -> None:
    """Design 3: the number the next one gets, and the link the next one is linked to."""
    office.invoice("10")
    before = {one["kind"]: one for one in office.items("/chains")}
    invoice = office.invoice("10")
    after = {one["kind"]: one for one in office.items("/chains")}
    assert before.keys() == after.keys() == {"customer", "invoice"}
    assert (before["invoice"]["next"], after["invoice"]["next"]) == (2, 3)
    assert after["invoice"]["last_date"] == invoice["date"]
    assert after["invoice"]["last_hash"] != before["invoice"]["last_hash"]
    assert after["customer"]["last_hash"] == "0" * 64


def test_verification_names_chain_number_and_flaw(office: Office) -> None:
    """Design 3: of the own company alone; it can be asked for one series."""
    one, _ = office.invoice("10"), office.invoice("10")
    other = office.served.company()
    other.invoice("10")
    period = one["date"][:7]
    sound = {"kind": "invoice", "period": period, "documents": 2, "flaws": []}
    assert office.get("/chains/verification").body == {"sound": True, "chains": [sound]}
    engine = plain_engine(office.served.container.settings.database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE invoices SET ref = 'FORGED' WHERE id = :id"), {"id": one["id"]})
    engine.dispose()
    found = {"sound": False, "chains": [{**sound, "flaws": [{"kind": "changed", "number": 1, "to": 1}]}]}
    assert office.get(f"/chains/verification?kind=invoice&period={period}").body == found
    assert office.get("/chains/verification?kind=payment").body == {"sound": True, "chains": []}
    refused = office.get("/chains/verification?period=1999-01")
    assert refused.refusal == (400, "unknown_reference"), "a period that was mistyped must not look sound"
    assert refused["errors"][0]["parameter"] == "period"
    assert other.get("/chains/verification")["sound"] is True


@pytest.mark.parametrize("query", ["kind=order", "kind=x", "period=last", "period=2026-1", "number=1"])
@ON_SQLITE
def test_a_chain_that_cannot_be_is_refused(office: Office, query: str) -> None:
    """400 with the parameter; orders are numbered, and not linked."""
    reply = office.get(f"/chains/verification?{query}")
    assert reply.status == 400
    assert reply.body["errors"][0]["parameter"] == query.partition("=")[0]
    assert (reply.body["code"] == "chains.no_chain") is (query == "kind=order")


@ON_SQLITE
def test_proof_is_for_those_who_hold_the_right(office: Office) -> None:
    """ERP-13."""
    clerk = office.served.clerk(office.company, ALL_RIGHTS - {Right.CHAINS_VERIFY})
    for path in ("/chains", "/chains/verification"):
        assert clerk.get(path).refusal == (403, "rights.missing")
