"""Duplicates merged: everything follows, what is sealed still verifies, and nobody comes back (ERP-07)."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
from sqlalchemy import text

from app.domain.shared.rights import ALL_RIGHTS, Right
from app.infrastructure.database.migrate import plain_engine
from app.infrastructure.database.tables.shared import metadata
from tests.e2e.test_parties import IBAN, OTHER_IBAN
from tests.support.office import ON_SQLITE, Office, Reply, free_line, together

pytestmark = pytest.mark.fast

SECRETS: Final = ("secret-ana", "secret street", IBAN, "Secret Holder", "MANDATE-7")


def merge(office: Office, party: int, into: int) -> Reply:
    return office.post(f"/third-parties/{party}/merge", {"into": into})


def furnish(office: Office, party: int) -> None:
    """Give a third party one of each belonging."""
    path = f"/third-parties/{party}"
    office.post(f"{path}/contacts", {"name": "secret-ana", "email": "secret-ana@example.com"}, idempotency_key="c")
    address = {"label": "Home", "kind": "billing", "preferred": True, "address": {"street": "secret street 1"}}
    office.post(f"{path}/addresses", address, idempotency_key="a")
    account = {"holder": "Secret Holder", "iban": IBAN, "mandate_ref": "MANDATE-7", "mandate_date": "2026-01-01"}
    office.post(f"{path}/bank-accounts", account, idempotency_key="b")
    office.upload(f"{path}/attachments", b"proof")


def test_whatever_named_the_one_names_the_other(office: Office) -> None:
    """ERP-07: documents, belongings and files; the chains of invoices and payments are sound."""
    party = office.customer(name="Twin", email="twin@example.com", credit_limit="5000")
    into = office.customer(name="Client")
    product = office.product("5")
    order = office.order([{"product_id": product, "quantity": "1"}], party_id=party)
    shipment = office.make(f"/orders/{order['id']}/shipments", {})
    draft = office.make(f"/orders/{order['id']}/invoices", {})
    paid = office.invoice("30", party_id=party)
    payment = office.make(f"/invoices/{paid['id']}/payments", {"amount": "10"})
    furnish(office, party)
    office.make(f"/third-parties/{into}/bank-accounts", {"holder": "Me", "iban": IBAN})
    stands = merge(office, party, into)
    assert stands.status == 200, stands.body
    assert (stands["id"], stands["email"], stands["credit_limit"]) == (into, "twin@example.com", "5000")
    documents = [
        ("orders", order["id"]),
        ("shipments", shipment["id"]),
        ("invoices", draft["id"]),
        ("invoices", paid["id"]),
        ("payments", payment["id"]),
    ]
    assert {office.get(f"/{kind}/{key}")["party_id"] for kind, key in documents} == {into}
    assert {len(office.items(f"/{kind}?party_id={into}")) for kind in ("orders", "shipments", "payments")} == {1}
    for what, count in (("contacts", 1), ("addresses", 1), ("bank-accounts", 1), ("attachments", 1)):
        assert len(office.get(f"/third-parties/{into}/{what}")["items"]) == count
        assert office.get(f"/third-parties/{party}/{what}")["items"] == []
    gone = office.get(f"/third-parties/{party}")
    assert (gone["archived"], gone["merged_into_id"]) == (True, into)
    assert sound(office)
    office.make(f"/invoices/{paid['id']}/payments", {})
    office.act(f"/invoices/{draft['id']}/validate")
    assert sound(office)
    office.served.container.dispatch()
    events = office.get(f"/third-parties/{party}/audit")["items"]
    assert events[0]["event"] == "parties.party_merged"


def sound(office: Office) -> bool:
    found = office.get("/chains/verification")
    assert found.status == 200, found.body
    return bool(found["sound"])


@ON_SQLITE
def test_a_document_moved_behind_our_back_is_told(office: Office) -> None:
    """The link still names whom it was made out to, and only a merge explains another one."""
    party, into, stranger = (office.customer() for _ in range(3))
    invoice = office.invoice("30", party_id=party)
    assert merge(office, party, into).status == 200
    assert sound(office)
    engine = plain_engine(office.served.container.settings.database_url)
    with engine.begin() as connection:
        moved = text("UPDATE invoices SET party_id = :party WHERE id = :id")
        connection.execute(moved, {"party": stranger, "id": invoice["id"]})
    assert not sound(office)
    with engine.begin() as connection:
        connection.execute(moved, {"party": into, "id": invoice["id"]})
    engine.dispose()
    assert sound(office)


@ON_SQLITE
def test_merged_twice_it_is_found_at_the_end(office: Office) -> None:
    first, second, third = (office.customer() for _ in range(3))
    invoice = office.invoice("30", party_id=first)
    merge(office, first, second)
    other = office.invoice("40", party_id=second)
    assert merge(office, second, third).status == 200
    assert {office.get(f"/invoices/{one['id']}")["party_id"] for one in (invoice, other)} == {third}
    assert office.get(f"/third-parties/{first}")["merged_into_id"] == third
    assert sound(office)


@ON_SQLITE
def test_roles_codes_representatives_and_custom_values_are_united(office: Office) -> None:
    office.make("/custom-fields", {"kind": "third-parties", "name": "size", "label": "Size", "type": "integer"})
    office.make("/custom-fields", {"kind": "third-parties", "name": "tier", "label": "Tier", "type": "text"})
    me = office.get("/me")["user"]
    values = {"size": 3, "tier": "gold"}
    gone = {"name": "S", "supplier": True, "custom": values, "representative_ids": [me]}
    party = office.make("/third-parties", gone)["id"]
    into = office.customer(custom={"tier": "silver"})
    stands = merge(office, party, into)
    assert (stands["customer"], stands["supplier"]) == (True, True)
    assert stands["supplier_code"] is not None
    assert stands["representative_ids"] == [me]
    assert stands["custom"] == {"size": 3, "tier": "silver"}
    assert [one["id"] for one in office.items("/third-parties?custom.size=3")] == [into]


@ON_SQLITE
def test_what_cannot_be_merged_is_refused_and_stays(office: Office) -> None:
    party, into, archived, erased = (office.customer() for _ in range(4))
    office.patch(f"/third-parties/{archived}", {"archived": True}, 1)
    office.act(f"/third-parties/{erased}/anonymise")
    invoice = office.invoice("30", party_id=party)
    refusals = [
        (party, party, (422, "parties.merged_with_itself")),
        (party, 999_999_999, (422, "unknown_reference")),
        (999_999_999, into, (404, "not_found")),
        (party, archived, (409, "parties.archived")),
        (party, erased, (409, "privacy.anonymised")),
        (erased, into, (409, "privacy.anonymised")),
    ]
    for one, other, refusal in refusals:
        assert merge(office, one, other).refusal == refusal
    assert office.get(f"/invoices/{invoice['id']}")["party_id"] == party
    assert merge(office, party, into).status == 200
    assert merge(office, party, into).refusal == (409, "parties.gone")
    assert merge(office, into, party).refusal == (409, "parties.gone")
    changed = office.patch(
        f"/third-parties/{party}", {"archived": False}, office.get(f"/third-parties/{party}")["version"]
    )
    assert changed.refusal == (409, "parties.gone")
    assert office.post(f"/third-parties/{party}/contacts", {"name": "x"}).refusal == (409, "parties.gone")
    new = office.post("/orders", {"party_id": party, "lines": [free_line("1")]})
    assert new.refusal == (409, "parties.archived")
    clerk = office.served.clerk(office.company, ALL_RIGHTS - {Right.THIRD_PARTIES_MERGE})
    assert merge(clerk, into, archived).refusal == (403, "rights.missing")


def test_an_invoice_entered_at_the_same_moment_follows_or_is_refused(office: Office) -> None:
    """CT-02: nothing is left with somebody who is gone."""
    for _ in range(6):
        party, into = office.customer(), office.customer()
        office.invoice("1", party_id=party, validated=False)

        def race(index: int, party: int = party, into: int = into) -> Reply:
            if index == 0:
                return merge(office, party, into)
            return office.post("/invoices", {"party_id": party, "lines": [free_line("1")]})

        merged, *entered = together(4, race)
        assert merged.status == 200, merged.body
        assert {reply.status for reply in entered} <= {201, 409}
        assert office.items(f"/invoices?party_id={party}") == []
        assert len(office.items(f"/invoices?party_id={into}")) == 1 + sum(one.status == 201 for one in entered)


def everything(office: Office) -> str:
    """Give all the database holds of the company, as one text."""
    engine = plain_engine(office.served.container.settings.database_url)
    owned = [table.name for table in metadata.sorted_tables if "company_id" in table.c]
    rows: list[Any] = []
    with engine.connect() as connection:
        for name in owned:
            found = text(f"SELECT * FROM {name} WHERE company_id = :company")
            rows += connection.execute(found, {"company": office.company})
    engine.dispose()
    return "\n".join(_shown(part) for row in rows for part in row)


def _shown(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


@ON_SQLITE
def test_nothing_personal_is_left_of_what_belonged_to_somebody_erased(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rows, words, kept answers, journal: also of whoever was merged into it. Nor was any of it ever logged."""
    party, into = office.customer(email="secret-ana@example.org"), office.customer()
    furnish(office, party)
    contact = office.get(f"/third-parties/{party}/contacts")["items"][0]
    office.patch(f"/contacts/{contact['id']}", {"job": "secret-ana's job"}, 1)
    office.served.container.dispatch()
    merge(office, party, into)
    office.make(f"/third-parties/{into}/bank-accounts", {"holder": "Secret Holder", "iban": OTHER_IBAN})
    assert all(secret in everything(office) for secret in SECRETS)
    assert office.act(f"/third-parties/{into}/anonymise")["archived"]
    office.served.container.dispatch()
    left = everything(office)
    assert [secret for secret in (*SECRETS, OTHER_IBAN) if secret in left] == []
    again = office.post(
        f"/third-parties/{party}/contacts",
        {"name": "secret-ana", "email": "secret-ana@example.com"},
        idempotency_key="c",
    )
    assert again.status == 201
    assert "secret" not in json.dumps(again.body)
    out = capsys.readouterr().out
    assert "request" in out
    assert [secret for secret in SECRETS if secret in out] == []
