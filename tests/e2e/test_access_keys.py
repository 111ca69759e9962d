"""API keys over HTTP, on each database."""

from __future__ import annotations

from typing import Any, Final

import pytest
import structlog

from app.api.callers import KEY_CACHE_SECONDS
from app.domain.shared.rights import ALL_RIGHTS, Right
from tests.support.api import PASSWORD
from tests.support.door import Door, change, events, id_of
from tests.support.office import ON_SQLITE, Office

pytestmark = pytest.mark.fast
OTHER: Final = "quite another long password"


def key_of(office: Office, *scopes: Right, **fields: Any) -> dict[str, Any]:
    return office.make("/api-keys", {"name": "shop", "scopes": [*map(str, scopes)], **fields})


def test_an_api_key_does_what_its_scopes_and_its_owner_may(door: Door) -> None:
    """ERP-13: scopes bound it, and so does what the owner holds at that moment."""
    email = door.person(Right.PRODUCTS_READ, Right.ORDERS_READ, Right.API_KEYS_WRITE)
    owner = door.signed_in(email)
    made = key_of(owner, Right.PRODUCTS_READ)
    assert made["secret"].startswith(f"tk_{made['prefix']}_")
    program = door.as_(made["secret"])
    assert program.get("/products").status == 200
    assert program.get("/me")["rights"] == ["products.read"]
    assert program.get("/orders").refusal == (403, "rights.missing")
    user = id_of(door, email)
    change(door, lambda work: work.users.join(user, door.company, []))
    door.clock.advance(KEY_CACHE_SECONDS)
    assert program.get("/products").refusal == (403, "rights.missing")


def test_a_secret_is_shown_once_and_never_kept(door: Door) -> None:
    """ERP-13: neither in another answer nor under an Idempotency-Key."""
    body = {"name": "shop", "scopes": ["products.read"]}
    first = door.office.post("/api-keys", body, idempotency_key="k")
    second = door.office.post("/api-keys", body, idempotency_key="k")
    assert (first.status, second.status) == (201, 201)
    assert first["secret"] != second["secret"]
    shown = door.office.get(f"/api-keys/{first['id']}")
    assert {**shown.body, "secret": first["secret"]} == first.body
    assert first["secret"] not in str(door.office.items("/api-keys"))
    listed = door.office.items("/api-keys")[0]
    assert (listed["prefix"], listed["revoked"]) == (first["prefix"], False)


def test_a_revoked_key_is_refused_within_5_seconds(door: Door) -> None:
    """ERP-13: and revoking twice is told."""
    made = key_of(door.office, Right.PRODUCTS_READ)
    program = door.as_(made["secret"])
    assert program.get("/products").status == 200
    revoked = door.office.act(f"/api-keys/{made['id']}/revoke")
    assert revoked["revoked_at"] is not None
    assert door.office.post(f"/api-keys/{made['id']}/revoke").refusal == (409, "access.already_revoked")
    door.clock.advance(KEY_CACHE_SECONDS)
    assert program.get("/products").refusal == (401, "access.key_refused")
    assert [one["id"] for one in events(door, "access.api_key_revoked")] == [made["id"]]
    assert made["secret"] not in str(events(door, "access.api_key_created"))


@ON_SQLITE
def test_a_revoked_key_changes_no_key_at_once(door: Door) -> None:
    """ERP-13: what changes keys reads the rights again in its own transaction."""
    made = key_of(door.office, Right.API_KEYS_WRITE, Right.API_KEYS_READ)
    program = door.as_(made["secret"])
    assert program.patch(f"/api-keys/{made['id']}", {"name": "renamed"}, 1).status == 200
    door.office.act(f"/api-keys/{made['id']}/revoke")
    assert program.get(f"/api-keys/{made['id']}").status == 200
    assert program.patch(f"/api-keys/{made['id']}", {"name": "again"}, 3).refusal == (401, "identity.no_membership")


@ON_SQLITE
def test_a_key_expires_to_the_second(door: Door) -> None:
    """ERP-13: every key does, also a cached one."""
    made = key_of(door.office, Right.PRODUCTS_READ, days=1)
    program = door.as_(made["secret"])
    door.clock.advance(86400 - 2)
    assert program.get("/products").status == 200
    door.clock.advance(2)
    assert program.get("/products").refusal == (401, "access.key_refused")


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"scopes": []}, (422, "request.invalid_body")),
        ({"scopes": ["everything"]}, (422, "request.invalid_body")),
        ({"days": 731}, (422, "request.invalid_body")),
        ({"days": 0}, (422, "request.invalid_body")),
        ({"name": " "}, (422, "request.invalid_body")),
        ({"scopes": ["orders.write"]}, (403, "rights.missing")),
    ],
)
@ON_SQLITE
def test_a_key_that_may_not_be_is_refused(door: Door, change: dict[str, Any], refusal: tuple[int, str]) -> None:
    clerk = door.signed_in(door.person(Right.API_KEYS_WRITE, Right.PRODUCTS_READ))
    assert clerk.post("/api-keys", {"name": "x", "scopes": ["products.read"], **change}).refusal == refusal


@pytest.mark.parametrize("part", ["prefix", "secret", "cut", "long"])
@ON_SQLITE
def test_a_key_with_anything_else_in_it_is_refused(door: Door, part: str) -> None:
    made = key_of(door.office, Right.PRODUCTS_READ)
    secret = made["secret"]
    changed = {
        "prefix": secret.replace(made["prefix"], "0" * 16),
        "secret": secret[:-43] + "A" * 43,
        "cut": secret[:-1],
        "long": secret + "A",
    }[part]
    assert door.as_(changed).get("/products").refusal == (401, "access.key_refused")


@ON_SQLITE
def test_a_key_is_no_person(door: Door) -> None:
    """A key that leaked must not make another key, nor take the account over."""
    made = key_of(door.office, *sorted(ALL_RIGHTS))
    program = door.as_(made["secret"])
    user = door.office.get("/me")["user"]
    tries: dict[str, dict[str, Any] | None] = {
        "/api-keys": {"name": "x", "scopes": ["products.read"]},
        "/me/password": {"old": PASSWORD, "new": OTHER},
        "/me/second-factor": None,
        f"/users/{user}/reset-password": None,
    }
    for path, body in tries.items():
        assert program.post(path, body).refusal == (403, "access.person_required")
    assert program.get("/me/sessions").refusal == (403, "access.person_required")


def test_the_last_use_of_a_key_is_noted_once_a_minute_beside_the_request(door: Door) -> None:
    """ERP-13: last used; the object's version does not move."""
    made = key_of(door.office, Right.PRODUCTS_READ)
    path = f"/api-keys/{made['id']}"
    program = door.as_(made["secret"])
    seen = []
    for seconds in (0, 10, 60):
        door.clock.advance(seconds)
        assert program.get("/products").status == 200
        door.settle()
        seen.append(door.office.get(path)["last_used_at"])
    assert seen[0] == seen[1] < seen[2]
    assert door.office.get(path)["version"] == 1


@ON_SQLITE
def test_what_a_key_did_is_known_by_the_key(door: Door) -> None:
    made = key_of(door.office, Right.PRODUCTS_WRITE)
    with structlog.testing.capture_logs() as lines:
        door.as_(made["secret"]).post("/products", {"ref": "R", "name": "R", "unit_price": "1", "vat_rate": "0"})
    assert made["secret"] not in str(lines)
