"""Every route that changes, generated from the routes: touches what was sent and nothing else, or says why not."""

from __future__ import annotations

from typing import Any, Final

import pytest

from app.api.route import Endpoint
from app.api.switchboard import endpoints
from tests.support.api import described
from tests.support.office import ON_SQLITE, Office
from tests.support.posts import CHANGES

pytestmark = pytest.mark.fast

APP: Final = described()
DOCUMENT: Final = APP.openapi()
PATCHES: Final = {one.name: one for one in endpoints(APP) if one.verb == "PATCH"}
ON_ALL: Final = pytest.mark.parametrize("name", PATCHES)
MERGE: Final = "application/merge-patch+json"


def schema_of(endpoint: Endpoint, *path: str) -> dict[str, Any]:
    """Give the properties of a schema of an operation: its body, or the answer of a status."""
    found: Any = DOCUMENT["paths"][endpoint.path]["patch"]
    for part in (*path, "content", "application/json", "schema", "$ref"):
        found = found[part]
    properties: dict[str, Any] = DOCUMENT["components"]["schemas"][found.rpartition("/")[2]]["properties"]
    return properties


def seen(office: Office, path: str) -> dict[str, Any]:
    """Give an object as it reads."""
    reply = office.get(path)
    assert reply.status == 200
    found: dict[str, Any] = reply.body
    return found


def test_every_route_that_changes_is_tried() -> None:
    """Demand 16: a new one needs an object and its fields in ``tests/support/posts.py``."""
    assert PATCHES.keys() == CHANGES.keys()


@ON_ALL
@ON_SQLITE
def test_each_field_changes_alone_and_reads_back(office: Office, name: str) -> None:
    """Demand 16: never a 200 for nothing; what was not sent stays, totals that follow from it aside."""
    fields = schema_of(PATCHES[name], "requestBody").keys()
    values = CHANGES[name](office).values
    assert fields <= values.keys(), fields - values.keys()
    for field in fields:
        given = CHANGES[name](office)
        if field in given.first:
            office.patch(given.path, given.first[field], seen(office, given.path)["version"])
        before = seen(office, given.path)
        reply = office.patch(given.path, {field: given.values[field]}, before["version"])
        assert reply.status == 200, (field, reply.body)
        after = seen(office, given.path)
        assert after == reply.body
        assert after["version"] == before["version"] + 1
        if field == "lines" and field not in given.shown:
            sent = [line["unit_price"] for line in given.values["lines"]]
            assert [line["unit_price"] for line in after["lines"]] == sent
        else:
            assert after[field] == given.shown.get(field, given.values[field]), field
        computed = {"version", *DEPENDENT.get(field, ())}
        assert {key for key in after if after[key] != before[key]} <= {field, *computed}, field


AMOUNTS: Final = {"total_net", "total_vat", "total_gross", "vat", "due", "lines", "company_due"}
COMPANY: Final = {"company_net", "company_vat", "company_gross"}
MOVED: Final = {"definition": {"revision", "updated_at"}}
"""What is another each time a field changes."""
DEPENDENT: Final = {
    **MOVED,
    "lines": AMOUNTS | COMPANY,
    "rate": COMPANY | {"lines"},
    "currency": AMOUNTS | COMPANY | {"rate"},
    "unit_price": {"gross_unit_price", "price_includes_vat"},
    "gross_unit_price": {"unit_price", "price_includes_vat"},
    "vat_rate": {"vat_category"},
    "vat_category": {"vat_rate"},
    "price": {"discount"},
    "discount": {"price"},
    "warehouse_id": {"lines"},
    "customer": {"customer_code"},
    "supplier": {"supplier_code"},
    "iban": {"bic"},
}
"""What follows from a field and may change with it."""


@ON_ALL
@ON_SQLITE
def test_a_field_that_may_be_empty_is_emptied_by_null_and_any_other_refuses_it(office: Office, name: str) -> None:
    """RFC 7396: null removes; what cannot be removed is named."""
    for field in schema_of(PATCHES[name], "requestBody"):
        given = CHANGES[name](office)
        version = seen(office, given.path)["version"]
        if field in given.nullable:
            version = office.patch(given.path, {field: given.values[field]}, version)["version"]
            assert office.patch(given.path, {field: None}, version).status == 200, field
            assert seen(office, given.path)[field] == given.empty.get(field), field
            continue
        before = seen(office, given.path)
        reply = office.patch(given.path, {field: None}, version)
        assert reply.status in {200, 422}, field
        if reply.status == 422:
            assert reply.pointers[0].startswith(f"/{field}"), reply.body
            assert seen(office, given.path) == before


@ON_ALL
@ON_SQLITE
def test_unknown_and_read_only_fields_are_refused_by_name(office: Office, name: str) -> None:
    """Demand 16: each field that is shown and cannot be changed, and one that does not exist; nothing is stored."""
    endpoint = PATCHES[name]
    given = CHANGES[name](office)
    before = seen(office, given.path)
    read_only = schema_of(endpoint, "responses", "200").keys() - schema_of(endpoint, "requestBody").keys()
    assert "version" in read_only
    good = next(iter(given.values.items()))
    for field in sorted(read_only | {"zz", "", "a/b~c"}):
        reply = office.patch(given.path, {good[0]: good[1], field: before.get(field)}, before["version"])
        assert reply.status == 422
        pointer = "/" + field.replace("~", "~0").replace("/", "~1")
        assert [(one["pointer"], one["code"]) for one in reply["errors"]] == [(pointer, "validation.unknown_field")]
    assert seen(office, given.path) == before


@ON_ALL
@ON_SQLITE
def test_a_change_that_is_no_object_or_no_json_changes_nothing(office: Office, name: str) -> None:
    """RFC 7396: a patch that is not an object would replace the whole: refused here."""
    given = CHANGES[name](office)
    before = seen(office, given.path)
    bodies: tuple[Any, ...] = ([], [{}], "x", 7, True, "null")
    for body in bodies:
        reply = office.patch(given.path, body, before["version"])
        assert reply.status == 422, body
        assert reply.pointers == [""]
    for media in ("text/plain", "application/json-patch+json", "application/xml", ""):
        reply = office.send("PATCH", given.path, {}, if_match='"1"', content_type=media)
        assert (reply.status, reply["code"]) == (415, "request.unsupported_media_type")
    assert seen(office, given.path) == before
    reply = office.send("PATCH", given.path, given.easy, if_match=f'"{before["version"]}"', content_type=MERGE)
    assert reply.status == 200
    moved = {name: reply[name] for field in given.easy for name in MOVED.get(field, ())}
    assert all(value != before[name] for name, value in moved.items())
    assert reply.body == {**before, **given.easy, **moved, "version": before["version"] + 1}


@ON_ALL
@ON_SQLITE
def test_the_version_seen_is_asked_for_and_must_be_the_present_one(office: Office, name: str) -> None:
    """Design 4: 428 without, 412 when stale, weak or anything else; an empty change keeps the object as it is."""
    given = CHANGES[name](office)
    before = seen(office, given.path)
    version = before["version"]
    value = given.easy
    assert office.send("PATCH", given.path, value).refusal == (428, "request.precondition_required")
    for tag in (f'W/"{version}"', "*", str(version), f'"{version}", "9"', '""'):
        assert office.send("PATCH", given.path, value, if_match=tag).refusal == (412, "request.bad_precondition")
    for other in (version + 1, 0):
        assert office.patch(given.path, value, other).refusal == (412, "stale")
    assert seen(office, given.path) == before
    nothing = office.patch(given.path, {}, version)
    assert nothing.status == 200
    kept = {key: shown for key, shown in nothing.body.items() if key != "version"}
    assert kept == {key: shown for key, shown in before.items() if key != "version"}
