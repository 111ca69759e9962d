"""The company and its settings over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.clock import FakeClock
from tests.support.databases import settings_for, statements, tracing
from tests.support.office import ON_SQLITE, Office, Reply, Served, free_line, serving, together
from tests.support.people import events, fresh_office

pytestmark = pytest.mark.fast

DAY: Final = "2026-11-20"


# --- the company ------------------------------------------------------------------------------------------------------


@ON_SQLITE
def test_name_and_country_of_the_company_are_changed_as_they_were_seen(office: Office) -> None:
    before = office.get("/company").body
    assert before == {"id": office.company, "name": "Acme", "country": "FR", "version": 1}
    assert office.send("PATCH", "/company", {"name": "B"}).refusal == (428, "request.precondition_required")
    changed = office.patch("/company", {"name": "Bolt"}, 1)
    assert changed.body == {**before, "name": "Bolt", "version": 2}
    assert changed.headers["etag"] == '"2"'
    assert office.patch("/company", {"name": "C"}, 1).refusal == (412, "stale")
    assert office.get("/company", if_none_match='"2"').status == 304
    for body, pointer in (({"country": ""}, "/country"), ({"name": ""}, "/name"), ({"id": 3}, "/id"), ({"x": 1}, "/x")):
        refused = office.patch("/company", body, 2)
        assert (refused.status, refused.pointers) == (422, [pointer])
    assert office.get("/me/companies")["items"][0]["name"] == "Bolt"
    (told,) = events(office, "company_changed")
    assert told == {"id": office.company, "fields": ["name"], "old": {"name": "Acme"}, "new": {"name": "Bolt"}}


@ON_SQLITE
def test_nobody_makes_a_company_over_http(office: Office) -> None:
    """ERP-13: only who may run the command line does."""
    answer = office.served.http.post("/api/v1/companies", json={}, headers=office.headers)
    assert answer.status_code == 404
    assert office.served.http.post("/api/v1/company", json={}, headers=office.headers).status_code == 405


# --- settings ---------------------------------------------------------------------------------------------------------

CHANGED: Final[dict[str, Any]] = {
    "zone": "Asia/Tokyo",
    "currency": "JPY",
    "vat_mode": "per_line",
    "late_date": "today",
    "payment_days": 0,
    "proposal_days": 1,
    "default_warehouse_id": None,
}
REFUSED: Final[list[tuple[dict[str, Any], str]]] = [
    ({"zone": "Mars/Olympus"}, "/zone"),
    ({"zone": None}, "/zone"),
    ({"currency": "EURO"}, "/currency"),
    ({"currency": "XXX"}, "/currency"),
    ({"vat_mode": "none"}, "/vat_mode"),
    ({"late_date": None}, "/late_date"),
    ({"payment_days": -1}, "/payment_days"),
    ({"proposal_days": 3651}, "/proposal_days"),
    ({"payment_days": "30"}, "/payment_days"),
    ({"default_warehouse_id": 2**62}, "/default_warehouse_id"),
    ({"masks": {"invoice": {"pattern": "F"}}}, "/masks/invoice/pattern"),
    ({"masks": {"invoice": {"reset": "week"}}}, "/masks/invoice/reset"),
    ({"masks": {"invoice": {"pattern": "F{yy}-{0}"}}}, "/masks/invoice/pattern"),
    ({"masks": {"invoice": {"pattern": "x" * 28 + "{0}"}}}, "/masks/invoice/pattern"),
    ({"masks": {"invoice": {"colour": "red"}}}, "/masks/invoice/colour"),
    ({"version": 1}, "/version"),
    ({"at": "2026-01-01T00:00:00Z"}, "/at"),
    ({"colour": "red"}, "/colour"),
]


@ON_SQLITE
@pytest.mark.parametrize("field", CHANGED)
def test_a_setting_sent_is_the_only_one_that_changes(office: Office, field: str) -> None:
    """Demand 16."""
    before = office.get("/company/settings").body
    changed = office.patch("/company/settings", {field: CHANGED[field]}, before["version"])
    assert changed.status == 200
    assert changed.body == {**before, field: CHANGED[field], "version": before["version"] + 1}
    assert changed.headers["etag"] == f'"{before["version"] + 1}"'
    assert office.get("/company/settings").body == changed.body
    told = events(office, "settings_changed")[-1]
    name = field.removesuffix("_id")
    assert (told["fields"], told["version"]) == ([name], changed["version"])
    assert (told["old"], told["new"]) == ({name: before[field]}, {name: CHANGED[field]})


@ON_SQLITE
def test_settings_that_mean_nothing_are_named_and_change_nothing(office: Office) -> None:
    """Demand 16."""
    before = office.get("/company/settings").body
    for body, pointer in REFUSED:
        refused = office.patch("/company/settings", body, before["version"])
        assert (refused.status, refused.pointers) == (422, [pointer]), body
    strange = office.patch("/company/settings", {"masks": {"diary": {"pattern": "{0}"}}}, before["version"])
    assert strange.status == 422
    assert office.get("/company/settings").body == before


@ON_SQLITE
def test_settings_are_changed_as_they_were_seen(office: Office) -> None:
    """ERP-15: 428 without If-Match, 412 for a stale one; of two at once, one."""
    version = office.get("/company/settings")["version"]
    sent = {"payment_days": 1}
    assert office.send("PATCH", "/company/settings", sent).refusal == (428, "request.precondition_required")
    assert office.patch("/company/settings", sent, version + 1).refusal == (412, "stale")
    assert office.patch("/company/settings", {}, version)["version"] == version
    assert office.get("/company/settings", if_none_match=f'"{version}"').status == 304


def test_of_two_who_change_the_settings_at_once_one_is_stale(served: Served) -> None:
    """CT-02: on each database."""
    office = served.company()
    replies = together(4, lambda n: office.patch("/company/settings", {"payment_days": n}, 1))
    assert sorted(one.status for one in replies) == [200, 412, 412, 412]
    assert len(office.get("/company/settings/versions")["items"]) == 2


def test_what_the_settings_were_is_kept(office: Office) -> None:
    """ERP-13: who made them so, and since when; page by page, on each database."""
    for days in (1, 2, 3):
        version = office.get("/company/settings")["version"]
        office.patch("/company/settings", {"payment_days": days}, version)
    whole = office.get("/company/settings/versions").body
    assert whole["next"] is None
    assert [one["payment_days"] for one in whole["items"]] == [3, 2, 1, 30, 30]
    assert [one["version"] for one in whole["items"]] == [5, 4, 3, 2, 1]
    me = office.get("/me")["user"]
    assert [one["actor_id"] for one in whole["items"]] == [me, me, me, me, 0]
    assert [one["default_warehouse_id"] is None for one in whole["items"]] == [False] * 4 + [True]
    now = {name: value for name, value in whole["items"][0].items() if name not in {"at", "actor_id"}}
    assert now == office.get("/company/settings").body
    first = office.get("/company/settings/versions?limit=2").body
    second = office.get(f"/company/settings/versions?limit=3&after={first['next']}").body
    assert first["items"] + second["items"] == whole["items"]
    assert second["next"] is None
    assert office.get("/company/settings/versions?limit=0").status == 400
    assert office.get(f"/company/settings/versions?after={2**31}").status == 400  # more than a version can be


@ON_SQLITE
def test_an_archived_warehouse_is_no_default(office: Office) -> None:
    place = office.warehouse()
    office.patch(f"/warehouses/{place}", {"archived": True}, 1)
    version = office.get("/company/settings")["version"]
    refused = office.patch("/company/settings", {"default_warehouse_id": place}, version)
    assert refused.refusal == (409, "stock.warehouse_archived")
    assert refused.pointers == ["/default_warehouse_id"]


def _product_moved(office: Office) -> None:
    office.product("1")


def _order(office: Office) -> None:
    office.order([free_line("1")], validated=False)


def _invoice(office: Office) -> None:
    office.invoice(validated=False)


@pytest.mark.parametrize("begin", [_product_moved, _order, _invoice])
def test_the_currency_stays_once_something_is_counted_in_it(office: Office, begin: Any) -> None:
    """ERP-13: 409; before that it may change. On each database."""
    version = office.get("/company/settings")["version"]
    changed = office.patch("/company/settings", {"currency": "USD"}, version)
    assert changed["currency"] == "USD"
    begin(office)
    refused = office.patch("/company/settings", {"currency": "EUR", "payment_days": 3}, changed["version"])
    assert refused.refusal == (409, "identity.currency_in_use")
    assert refused.pointers == ["/currency"]
    assert office.patch("/company/settings", {"currency": "USD"}, changed["version"]).status == 200


def mask(office: Office, pattern: str, reset: str, kind: str = "invoice") -> Reply:
    """Change the mask of a series."""
    body = {"masks": {kind: {"pattern": pattern, "reset": reset}}}
    return office.patch("/company/settings", body, office.get("/company/settings")["version"])


def test_a_mask_that_would_write_a_reference_again_is_refused(office: Office) -> None:
    """ERP-13: whichever way; on each database."""
    assert mask(office, "F{yyyy}-{0000}", "year").status == 200, "nothing was numbered yet"
    fresh = fresh_office(office)
    first = fresh.invoice(date=DAY)
    assert first["ref"] == "F2026-0001"
    for pattern, reset in (("F{yyyy}-{0000}", "never"), ("F{yyyy}-{0000+0}", "never")):
        refused = mask(fresh, pattern, reset)
        assert refused.refusal == (409, "identity.refs_collide")
        assert refused.pointers == ["/masks/invoice/pattern"]
        assert refused["facts"]["ref"].startswith("F2026-000")
    wider = mask(fresh, "F{yyyy}-{00000}", "year")
    assert wider.status == 200
    again = fresh_office(fresh)
    assert again.invoice(date=DAY)["ref"] == "F2026-00002"
    assert mask(again, "F{yyyy}-{0000}", "year").status == 200, "it goes on counting where it was"
    assert mask(again, "G{yyyy}-{0000}", "never").status == 200
    assert mask(again, "F{yyyy}-{0000}", "year", kind="order").status == 200, "orders have references of their own"


@ON_SQLITE
def test_codes_that_people_chose_are_minded_too(office: Office) -> None:
    office.make("/third-parties", {"name": "x", "customer": True, "customer_code": "K-00007"})
    refused = mask(office, "K-{00000}", "never", kind="customer")
    assert refused.refusal == (409, "identity.refs_collide")
    assert refused["facts"] == {"ref": "K-00007"}
    assert mask(office, "K-{0000}", "never", kind="customer").status == 200
    assert mask(office, "K-{00000}", "never", kind="supplier").status == 200


@ON_SQLITE
def test_references_are_read_bit_by_bit_and_only_those_that_begin_alike(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cost of a new mask does not grow with the references that begin otherwise."""
    monkeypatch.setattr("app.infrastructure.database.repositories.identity.companies.REFS_AT_ONCE", 2)
    for n in range(5):
        office.customer(customer_code=f"A-{n}{n}{n}")
    database = office.served.container.database
    with tracing(database) as traces:
        assert mask(office, "A-{00}", "never", kind="customer").refusal == (409, "identity.refs_collide")
    assert statements(traces).count("refs third_parties") == 1
    with tracing(database) as traces:
        assert mask(office, "A-{0000}", "never", kind="customer").status == 200
    assert statements(traces).count("refs third_parties") == 3
    with tracing(database) as traces:
        assert mask(office, "B-{0000}", "never", kind="customer").status == 200
    assert statements(traces).count("refs third_parties") == 1


def test_settings_are_in_force_within_half_a_minute(sqlite_url: str, tmp_path: Path) -> None:
    """ERP-13: what a verified token is believed for is also how old its settings may be."""
    clock = FakeClock()
    with serving(settings_for(sqlite_url, tmp_path), clock=clock) as served:
        office = served.company()
        assert office.get("/me")["zone"] == "UTC"
        assert office.patch("/company/settings", {"zone": "Asia/Tokyo"}, 1).status == 200
        clock.advance(29)
        assert office.get("/me")["zone"] == "UTC"
        clock.advance(1)
        assert office.get("/me")["zone"] == "Asia/Tokyo"
