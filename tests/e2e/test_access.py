"""Staying signed in, and how long a withdrawal takes, over HTTP on each database."""

from __future__ import annotations

from typing import Any, Final

import pytest
import structlog

from app.api.callers import CACHE_SECONDS
from app.domain.identity import User
from app.domain.shared.rights import Right
from app.settings import Settings
from tests.support.api import PASSWORD
from tests.support.door import Door, change, code_of, enrolled, events, id_of, join, standing_at
from tests.support.office import ON_SQLITE

pytestmark = pytest.mark.fast
OTHER: Final = "quite another long password"


def test_a_refresh_token_works_once_and_gives_the_next_pair(door: Door) -> None:
    """ERP-13: rotating refresh tokens."""
    email = door.person(Right.ORDERS_READ)
    first = door.tokens(email)
    door.clock.advance(3600)
    second = door.refresh(first["refresh_token"])
    assert second.status == 200
    assert second["refresh_token"] != first["refresh_token"]
    assert second.headers["cache-control"] == "no-store"
    assert door.as_(second["access_token"]).get("/me")["rights"] == ["orders.read"]
    third = door.refresh(second["refresh_token"])
    assert third.status == 200


def test_a_refresh_token_used_again_ends_the_whole_session(door: Door) -> None:
    """ERP-13: RFC 9700, 4.14.2: neither the thief nor the owner goes on, and both are told."""
    stolen = door.tokens(door.person())["refresh_token"]
    fresh = door.refresh(stolen)
    with structlog.testing.capture_logs() as lines:
        assert door.refresh(stolen).refusal == (401, "access.token_reused")
    assert [line["event"] for line in lines if line["log_level"] == "warning"] == ["a refresh token was used again"]
    assert stolen not in str(lines)
    assert door.refresh(fresh["refresh_token"]).refusal == (401, "access.session_refused")
    door.clock.advance(CACHE_SECONDS)
    assert door.as_(fresh["access_token"]).get("/me").refusal == (401, "identity.no_membership")
    (told,) = events(door, "access.session_revoked")
    assert told["reason"] == "reused"


def test_a_session_ends_when_it_is_idle_and_in_any_case_in_the_end(door: Door) -> None:
    """ERP-13: 7 days without a refresh, 30 days at the most."""
    day = 86400
    email = door.person()
    idle = door.tokens(email)
    assert idle["refresh_expires_in"] == 7 * day
    door.clock.advance(7 * day - 1)
    kept = door.refresh(idle["refresh_token"])
    assert kept.status == 200
    door.clock.advance(7 * day)
    assert door.refresh(kept["refresh_token"]).refusal == (401, "access.session_refused")
    busy = door.tokens(email)
    for _ in range(5):
        door.clock.advance(6 * day - 1)
        busy = door.refresh(busy["refresh_token"]).body
    assert busy["refresh_expires_in"] == 5
    door.clock.advance(5)
    assert door.refresh(busy["refresh_token"]).status == 401


@pytest.mark.parametrize(
    "token", ["", "x", "tr_" + "0" * 32 + "_" + "A" * 43, "tr_é", "tk_" + "0" * 16 + "_" + "A" * 43]
)
@ON_SQLITE
def test_what_is_no_refresh_token_is_refused(door: Door, token: str) -> None:
    assert door.refresh(token).refusal == (401, "access.session_refused")


@ON_SQLITE
def test_a_refresh_token_with_a_secret_of_ones_own_ends_the_session_too(door: Door) -> None:
    """Who knows the name has seen a token."""
    token = door.tokens(door.person())["refresh_token"]
    forged = token[:36] + "A" * 43
    assert door.refresh(forged).refusal == (401, "access.token_reused")
    assert door.refresh(token).status == 401


def test_signing_out_ends_the_session_with_its_access_tokens(door: Door) -> None:
    """ERP-13: within 30 seconds, and nobody else's."""
    email = door.person()
    mine, other = door.tokens(email), door.tokens(email)
    assert door.as_(mine["access_token"]).get("/me").status == 200
    for _ in range(2):
        assert door.send("POST", "/auth/sign-out", {"refresh_token": mine["refresh_token"]}).status == 204
    assert door.send("POST", "/auth/sign-out", {"refresh_token": "x"}).status == 204
    assert door.refresh(mine["refresh_token"]).status == 401
    door.clock.advance(CACHE_SECONDS)
    assert door.as_(mine["access_token"]).get("/me").status == 401
    assert door.as_(other["access_token"]).get("/me").status == 200
    assert [told["reason"] for told in events(door, "access.session_revoked")][-1:] == ["signed_out"]


def test_one_sees_and_ends_ones_own_sessions(door: Door) -> None:
    """ERP-13: and nobody else's."""
    email, stranger = door.person(), door.signed_in(door.person())
    lost = door.tokens(email)
    me = door.signed_in(email)
    newest, oldest = me.items("/me/sessions")
    assert (newest["current"], oldest["current"]) == (True, False)
    assert oldest.keys() == {
        "id",
        "company_id",
        "address",
        "created_at",
        "used_at",
        "expires_at",
        "current",
        "version",
    }
    assert stranger.delete(f"/me/sessions/{oldest['id']}", 1).refusal == (404, "not_found")
    assert me.delete(f"/me/sessions/{oldest['id']}", 2).refusal == (412, "stale")
    assert me.delete(f"/me/sessions/{oldest['id']}", 1).status == 204
    assert me.delete(f"/me/sessions/{oldest['id']}", 1).refusal == (404, "not_found")
    assert [one["id"] for one in me.items("/me/sessions")] == [newest["id"]]
    assert door.refresh(lost["refresh_token"]).status == 401


def test_a_refresh_may_go_on_in_another_company_one_belongs_to(door: Door) -> None:
    """ERP-13: the next refresh stays there; a stranger's company is refused and costs nothing."""
    there = Door(door.served, door.clock)
    email = door.person(Right.ORDERS_READ)
    membership = id_of(door, email)
    join(there, membership)
    first = door.tokens(email, company=door.company)
    stranger = Door(door.served, door.clock)
    refused = door.refresh(first["refresh_token"], company=stranger.company)
    assert refused.refusal == (401, "identity.no_membership")
    switched = door.refresh(first["refresh_token"], company=there.company)
    assert door.as_(switched["access_token"]).get("/me")["company"] == there.company
    again = door.refresh(switched["refresh_token"])
    assert door.as_(again["access_token"]).get("/me")["company"] == there.company


def test_a_role_taken_away_is_gone_within_30_seconds_and_at_once_where_it_matters(door: Door) -> None:
    """ERP-13: rights come from the roles held now, not from the token."""
    email = door.person(Right.PRODUCTS_READ, Right.API_KEYS_WRITE)
    clerk = door.signed_in(email)
    assert clerk.get("/products").status == 200
    user = id_of(door, email)
    change(door, lambda work: work.users.join(user, door.company, []))
    assert clerk.get("/products").status == 200
    made = clerk.post("/api-keys", {"name": "x", "scopes": ["products.read"]})
    assert made.refusal == (403, "rights.missing")
    door.clock.advance(CACHE_SECONDS)
    assert clerk.get("/products").refusal == (403, "rights.missing")


def test_an_account_switched_off_is_out_within_30_seconds_and_at_once_where_it_matters(door: Door) -> None:
    """ERP-13: under the 5 minutes promised; its refresh token is worthless at once."""
    email = door.person(Right.PRODUCTS_READ, Right.API_KEYS_WRITE)
    tokens = door.tokens(email)
    clerk = door.as_(tokens["access_token"])
    assert clerk.get("/products").status == 200

    def switch_off(work: Any) -> None:
        user: User = work.users.by_email(email)
        user.active = False
        work.users.save(user)

    change(door, switch_off)
    made = clerk.post("/api-keys", {"name": "x", "scopes": ["products.read"]})
    assert made.refusal == (401, "identity.no_membership")
    assert door.refresh(tokens["refresh_token"]).refusal == (401, "identity.no_membership")
    door.clock.advance(CACHE_SECONDS)
    assert clerk.get("/products").status == 401


def test_after_five_failures_an_account_waits_longer_each_time(door: Door) -> None:
    """ERP-13: 429 with Retry-After; the right password is no way around."""
    email = door.person()
    for _ in range(5):
        assert door.sign_in(email, "wrong password").status == 401
    refused = door.sign_in(email)
    assert refused.refusal == (429, "access.too_many_attempts")
    assert refused.headers["retry-after"] == "30"
    door.clock.advance(29)
    assert door.sign_in(email).headers["retry-after"] == "1"
    door.clock.advance(1)
    assert door.sign_in(email, "wrong password").status == 401
    assert door.sign_in(email).headers["retry-after"] == "60"
    door.clock.advance(60)
    assert door.sign_in(email).status == 200
    assert door.sign_in(email, "wrong password").status == 401, "a success begins anew"
    assert [told["attempts"] for told in events(door, "access.attempts_exceeded")][-3:] == [5, 6, 7]


@ON_SQLITE
def test_an_unknown_account_is_limited_alike(door: Door) -> None:
    """ERP-13: nobody learns which accounts exist."""
    known, unknown = door.person(), f"nobody-{door.company}@example.com"
    told = []
    for email in (known, unknown):
        replies = [door.sign_in(email, "wrong password") for _ in range(7)]
        told.append([(one.status, one["code"], one.headers.get("retry-after")) for one in replies])
    assert told[0] == told[1]
    assert told[0][-1][0] == 429


@ON_SQLITE
def test_codes_and_the_own_password_are_guarded_by_the_same_limit(door: Door) -> None:
    """ERP-13: who knows the password cannot guess the code, who holds a token cannot guess the password."""
    email, me, given = enrolled(door)
    for _ in range(5):
        assert door.sign_in(email, code="000000").status == 401
    assert door.sign_in(email, code=code_of(door, given)).status == 429
    body = {"old": PASSWORD, "new": OTHER}
    assert me.post("/me/password", body).refusal == (429, "access.too_many_attempts")
    assert me.post("/me/second-factor/disable", {"password": PASSWORD}).status == 429


def test_an_address_that_guesses_at_many_accounts_waits_too(database_settings: Settings) -> None:
    """ERP-13: by address, for all accounts and for refresh tokens; two servers on one database count together."""
    settings: dict[str, Any] = {"trusted_proxies": ("127.0.0.0/8",), "sign_in_address_attempts": 4}
    with (
        standing_at(database_settings, peer="127.0.0.1", **settings) as one,
        standing_at(database_settings, one.clock, peer="127.0.0.1", **settings) as other,
    ):
        email = one.person()
        thief, honest = (f"10.{one.company % 250}.{one.company // 250}.{last}" for last in (1, 2))
        wrong = "tr_" + "0" * 32 + "_" + "A" * 43
        tries = [
            one.send("POST", "/auth/token", {"email": f"a{email}", "password": "x" * 12}, x_forwarded_for=thief),
            other.send("POST", "/auth/token", {"email": f"b{email}", "password": "x" * 12}, x_forwarded_for=thief),
            one.send("POST", "/auth/refresh", {"refresh_token": wrong}, x_forwarded_for=thief),
            other.send("POST", "/auth/refresh", {"refresh_token": "rubbish"}, x_forwarded_for=f"{honest}, {thief}"),
        ]
        assert [one.status for one in tries] == [401] * 4
        good = {"email": email, "password": PASSWORD}
        for door in (one, other):
            refused = door.send("POST", "/auth/token", good, x_forwarded_for=thief)
            assert refused.refusal == (429, "access.too_many_attempts")
            assert door.send("POST", "/auth/refresh", {"refresh_token": wrong}, x_forwarded_for=thief).status == 429
            assert door.send("POST", "/auth/token", good, x_forwarded_for=honest).status == 200
        for _ in range(9):
            assert one.send("POST", "/auth/token", good, x_forwarded_for=honest).status == 200, "successes are free"
