"""Erasing a third party: when it is refused, what is left, and that nothing of it is left anywhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from threading import Barrier
from typing import Any, Final

import pytest
from sqlalchemy import MetaData, String, Table, cast, select
from sqlalchemy.types import JSON, TypeEngine, _Binary

from app.domain.shared.rights import ALL_RIGHTS, Right
from app.infrastructure.database.migrate import plain_engine
from app.usecases.chains import VerifyChains, Which
from tests.support.office import ON_SQLITE, Office, Reply, free_line, together

pytestmark = pytest.mark.fast

PERSON: Final[dict[str, Any]] = {
    "name": "Zebulon Quackenbush",
    "customer": True,
    "supplier": True,
    "customer_code": "ZQ-CUSTOMER",
    "supplier_code": "ZQ-SUPPLIER",
    "email": "zebulon@quackenbush.example",
    "phone": "+33 555 0199 77",
    "tax_id": "FR64552198772",
    "address": {
        "street": '7 bis "Rue" des Ornithorynques',
        "postal_code": "ZQ75999",
        "city": "Quackville-sur-Mer",
        "region": "Zebulonnais",
        "country": "FR",
    },
}
ANN: Final[dict[str, Any]] = json.loads(
    re.sub(r"(?i)z(q|ebulon)", "Ann", json.dumps(PERSON))
    .replace("uack", "uiet")
    .replace("FR64552198772", "FR66612345983")
)
"""Somebody else of the kind, for tests that leave her in the database, which others search."""
TRACES: Final = (
    "quackenbush",
    "zebulon",
    "zq-customer",
    "zq-supplier",
    "0199 77",
    "fr64552198772",
    "ornithorynques",
    "zq75999",
    "quackville",
)


def texts_of(office: Office) -> Iterator[tuple[str, str]]:
    """Give every text and every bytes in the database, lower case, with table and column: of all tables there are."""
    engine = plain_engine(office.served.container.settings.database_url)
    metadata = MetaData()
    metadata.reflect(engine)
    try:
        with engine.connect() as connection:
            for table in metadata.sorted_tables:
                for column in table.columns:
                    if holds_text(column.type):
                        for (value,) in connection.execute(select(column).where(column.is_not(None))):
                            yield f"{table.name}.{column.name}", as_text(value)
    finally:
        engine.dispose()


def holds_text(kind: TypeEngine[Any]) -> bool:
    return isinstance(kind, (String, _Binary, JSON))


def as_text(value: Any) -> str:
    raw = bytes(value) if isinstance(value, (bytes, memoryview)) else value
    shown = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw
    return (shown if isinstance(shown, str) else json.dumps(shown, ensure_ascii=False)).lower()


def traces(office: Office) -> set[tuple[str, str]]:
    """Give the places where the person is still found."""
    return {(place, word) for place, text in texts_of(office) for word in TRACES if word in text}


def earlier(who: Mapping[str, Any]) -> dict[str, Any]:
    """Give what was on record of somebody before it was changed."""
    return {**who, "name": who["name"].replace(" ", "ius "), "email": f"old.{who['email']}"}


def person(office: Office, who: Mapping[str, Any] = ANN) -> int:
    """Enter a person, known before under another name, by requests that are kept for repetition."""
    made = office.post("/third-parties", earlier(who), idempotency_key="enter")
    assert made.status == 201, made.body
    changes = {"name": who["name"], "email": who["email"]}
    assert office.patch(f"/third-parties/{made['id']}", changes, 1).status == 200
    return int(made["id"])


def sold(office: Office, party: int) -> dict[str, Any]:
    """Sell something to a party, to the end: ordered, shipped, invoiced, paid."""
    product = office.product("5")
    order = office.order([{"product_id": product, "quantity": "1"}], party_id=party)
    shipment = office.make(f"/orders/{order['id']}/shipments", {})
    office.act(f"/shipments/{shipment['id']}/validate")
    office.act(f"/orders/{order['id']}/close")
    invoice = office.make(f"/orders/{order['id']}/invoices", {})
    office.act(f"/invoices/{invoice['id']}/validate")
    office.make(f"/invoices/{invoice['id']}/payments", {"method": "cash"})
    return {"order": order["id"], "shipment": shipment["id"], "invoice": invoice["id"]}


def test_nothing_of_an_anonymised_person_is_left_in_any_table(office: Office) -> None:
    """Design 3: every text of every table is read, kept answers and events on their way out among them."""
    party = person(office, PERSON)
    documents = sold(office, party)
    before = traces(office)
    assert {"third_parties.name", "third_parties.email", "answers.body"} <= {place for place, _ in before}
    assert {word for _, word in before} == set(TRACES), "the search finds what is there"
    reply = office.post(f"/third-parties/{party}/anonymise", idempotency_key="erase")
    assert reply.status == 200, reply.body
    assert traces(office) == set()
    assert office.get(f"/invoices/{documents['invoice']}")["party_id"] == party


def test_what_is_left_says_only_that_there_was_somebody(office: Office) -> None:
    party = person(office)
    office.act(f"/third-parties/{party}/anonymise")
    shown = office.get(f"/third-parties/{party}").body
    assert shown == {
        "id": party,
        "custom": {},
        "name": f"Anonymised {party}",
        "customer": True,
        "supplier": True,
        "customer_code": f"ANON-{party}",
        "supplier_code": f"ANON-{party}",
        "email": None,
        "phone": None,
        "tax_id": None,
        "locale": None,
        "address": {"street": "", "postal_code": "", "city": "", "region": "", "country": "FR"},
        "payment_days": None,
        "price_list_id": None,
        "payment_terms_id": None,
        "credit_limit": None,
        "representative_ids": [],
        "merged_into_id": None,
        "archived": True,
        "version": 3,
    }


def test_the_chains_stay_sound_and_the_sums_the_same(office: Office) -> None:
    """Design 3: links never cover contact rows, so erasure does not break them."""
    party = person(office)
    sold(office, party)
    total = office.get("/reports/sales?by=product").body
    office.act(f"/third-parties/{party}/anonymise")
    container = office.served.container
    context = container.context_of(office.company)
    assert container.runner.call(context, VerifyChains(container.seal), Which).sound
    assert office.get("/reports/sales?by=product").body == total
    (row,) = office.get("/reports/sales?by=customer")["rows"]
    assert (row["code"], row["name"]) == (f"ANON-{party}", f"Anonymised {party}")


def test_a_request_repeated_after_erasure_is_not_done_again_and_tells_nothing(office: Office) -> None:
    """Demand (idempotency): the answer is kept, emptied; a second person is not entered."""
    party = person(office)
    other = office.make("/third-parties", {"name": ANN["name"], "customer": True})
    office.act(f"/third-parties/{party}/anonymise")
    again = office.post("/third-parties", earlier(ANN), idempotency_key="enter")
    assert again.status == 201
    assert again["id"] == party
    assert again["name"] == f"Anonymised {party}"
    assert not {"ann", "quiet"} & set(re.findall(r"ann|quiet", json.dumps(again.body).lower()))
    assert office.get(f"/third-parties/{other['id']}")["name"] == ANN["name"]
    assert len(office.items("/third-parties")) == 2


def test_anothers_kept_answers_stay_as_they_are(office: Office) -> None:
    """Also those that name something else with the same id."""
    party = person(office)
    twin = {"name": ANN["name"], "customer": True, "email": "twin@example.org"}
    made = office.post("/third-parties", twin, idempotency_key="twin")
    office.act(f"/third-parties/{party}/anonymise")
    assert office.post("/third-parties", twin, idempotency_key="twin").body == made.body


@pytest.mark.parametrize("how", ["draft order", "order", "shipment", "draft invoice", "invoice", "part paid"])
@ON_SQLITE
def test_open_documents_forbid_it_and_are_named(office: Office, how: str) -> None:
    """409, and nothing is changed; done with, they no longer do."""
    party = person(office)
    document, end = waiting(office, how, party)
    reply = office.post(f"/third-parties/{party}/anonymise")
    assert reply.refusal == (409, "privacy.open_documents")
    assert document in [(one["document"], one["id"]) for one in reply["facts"]["documents"]]
    assert all(one["ref"] in reply["detail"] for one in reply["facts"]["documents"])
    assert office.get(f"/third-parties/{party}")["name"] == ANN["name"]
    for path, body in end:
        assert office.post(path, body).status in {200, 201}
    assert office.post(f"/third-parties/{party}/anonymise").status == 200


def waiting(office: Office, how: str, party: int) -> tuple[tuple[str, int], list[tuple[str, Any]]]:
    """Leave a document undone; give it, and what ends it."""
    goods = [{"product_id": office.product("5"), "quantity": "1"}]
    if "order" in how or how == "shipment":
        order = office.order(goods, party_id=party, validated="draft" not in how)["id"]
        if how != "shipment":
            return ("order", order), [(f"/orders/{order}/cancel", None)]
        shipment = office.make(f"/orders/{order}/shipments", {})["id"]
        ends = [f"/shipments/{shipment}/validate", f"/orders/{order}/close"]
        return ("shipment", shipment), [(path, None) for path in ends]
    invoice = office.invoice("10", party_id=party, validated="draft" not in how)["id"]
    pay: list[tuple[str, Any]] = [(f"/invoices/{invoice}/payments", {"method": "cash"})]
    if how == "part paid":
        office.make(f"/invoices/{invoice}/payments", {"method": "cash", "amount": "1"})
    draft: list[tuple[str, Any]] = [(f"/invoices/{invoice}/validate", None)] if "draft" in how else []
    return ("invoice", invoice), draft + pay


@ON_SQLITE
def test_it_is_for_ever(office: Office) -> None:
    """Neither a second time, nor by giving it a name again, nor with a new document."""
    party = person(office)
    done = sold(office, party)
    left = office.order([free_line("5")], party_id=party)["id"]
    office.act(f"/orders/{left}/close")  # nothing to ship, so it is delivered, and could still be invoiced
    office.act(f"/third-parties/{party}/anonymise")
    assert office.post(f"/third-parties/{party}/anonymise").refusal == (409, "privacy.anonymised")
    for changes in ({"name": "Back"}, {"archived": False}, {"email": "back@example.com"}):
        assert office.patch(f"/third-parties/{party}", changes, 3).refusal == (409, "privacy.anonymised")
    refused = [
        office.post("/orders", {"party_id": party, "lines": [free_line("1")]}),
        office.post("/invoices", {"party_id": party, "lines": [free_line("1")]}),
    ]
    assert [reply.refusal for reply in refused] == [(409, "parties.archived")] * 2
    assert office.post(f"/orders/{left}/invoices", {}).refusal == (409, "privacy.anonymised")
    assert office.get(f"/orders/{done['order']}")["party_id"] == party


@ON_SQLITE
def test_whoever_may_write_may_not_erase(office: Office) -> None:
    """ERP-13: a right of its own."""
    party = person(office)
    clerk = office.served.clerk(office.company, ALL_RIGHTS - {Right.THIRD_PARTIES_ERASE})
    assert clerk.post(f"/third-parties/{party}/anonymise").refusal == (403, "rights.missing")


@ON_SQLITE
def test_the_event_says_who_by_id_alone(office: Office) -> None:
    party = person(office)
    office.act(f"/third-parties/{party}/anonymise")
    *before, last = events(office, party)
    assert last == ("parties.party_anonymised", {"id": party})
    assert all(payload == {} for _, payload in before)


def events(office: Office, party: int) -> Sequence[tuple[str, Any]]:
    engine = plain_engine(office.served.container.settings.database_url)
    outbox = Table("outbox", MetaData(), autoload_with=engine)
    mine = (outbox.c.company_id == office.company) & (outbox.c.aggregate == "third_party")
    with engine.connect() as connection:
        found = connection.execute(
            select(outbox.c.name, cast(outbox.c.payload, String)).where(mine, outbox.c.aggregate_id == party)
        ).all()
    engine.dispose()
    return [(name, json.loads(payload)) for name, payload in found]


def test_an_order_entered_at_the_same_moment_sees_it_or_is_seen(office: Office) -> None:
    """CT-02: never an open order of somebody who was erased; neither waits for the other in a circle."""
    outcomes = set()
    for turn in range(12):
        party = office.customer(email=f"quick{turn}@example.com")
        barrier = Barrier(3)

        def race(index: int, party: int = party, barrier: Barrier = barrier) -> Reply:
            barrier.wait(30)
            if index == 0:
                return office.post(f"/third-parties/{party}/anonymise")
            path = "/orders" if index == 1 else "/invoices"
            return office.post(path, {"party_id": party, "lines": [free_line("1")]})

        erased, *entered = together(3, race)
        assert erased.status in {200, 409}, erased.body
        assert {reply.status for reply in entered} <= {201, 409}
        if erased.status == 200:
            assert [reply.refusal for reply in entered] == [(409, "parties.archived")] * 2
        else:
            assert erased.refusal == (409, "privacy.open_documents")
        outcomes.add(erased.status)
    assert outcomes
