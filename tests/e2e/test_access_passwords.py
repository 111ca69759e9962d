"""Passwords and second factors over HTTP, on each database."""

from __future__ import annotations

from typing import Any, Final

import pytest

from app.api.callers import CACHE_SECONDS
from app.domain.shared.rights import Right
from tests.support.api import PASSWORD
from tests.support.door import Door, change, code_of, enrolled, events, id_of, join
from tests.support.office import ON_SQLITE

pytestmark = pytest.mark.fast
OTHER: Final = "quite another long password"


def test_a_changed_password_ends_every_session_but_the_new_one(door: Door) -> None:
    """ERP-13: the access tokens of the others end within 30 seconds."""
    email = door.person()
    lost, mine = door.tokens(email), door.tokens(email)
    me = door.as_(mine["access_token"])
    changed = me.post("/me/password", {"old": PASSWORD, "new": OTHER})
    assert changed.status == 200
    assert door.as_(changed["access_token"]).get("/me").status == 200
    for ended in (lost, mine):
        assert door.refresh(ended["refresh_token"]).refusal == (401, "access.session_refused")
    door.clock.advance(CACHE_SECONDS)
    assert me.get("/me").status == 401
    assert door.refresh(changed["refresh_token"]).status == 200
    assert door.sign_in(email).refusal == (401, "identity.bad_credentials")
    assert door.sign_in(email, OTHER).status == 200
    assert [told["reset"] for told in events(door, "access.password_changed")] == [False]


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        ({"old": "wrong password", "new": OTHER}, "access.wrong_password", "/old"),
        ({"old": PASSWORD, "new": PASSWORD}, "access.same_password", "/new"),
        ({"old": PASSWORD, "new": "short"}, "identity.weak_password", "/new"),
        ({"old": PASSWORD, "new": "passwordpassword"}, "access.guessable_password", "/new"),
        ({"old": PASSWORD, "new": "aaaaaaaaaaaaaaa"}, "access.guessable_password", "/new"),
    ],
)
@ON_SQLITE
def test_a_password_that_will_not_do_changes_nothing(door: Door, body: dict[str, str], code: str, pointer: str) -> None:
    """ERP-13: the policy, with a pointer to what is wrong."""
    email = door.person()
    reply = door.signed_in(email).post("/me/password", body)
    assert reply.refusal == (422, code)
    assert reply.pointers == [pointer]
    assert door.sign_in(email).status == 200


@ON_SQLITE
def test_a_password_made_of_ones_own_name_or_company_is_refused(door: Door) -> None:
    me = door.signed_in(door.person())
    for new in ("acmeacmeacme", "personperson", "example.com1"):
        assert me.post("/me/password", {"old": PASSWORD, "new": new}).refusal == (422, "access.guessable_password")


def test_who_must_change_the_password_does_that_first(door: Door) -> None:
    """ERP-13: a forced change: nothing else but to see who one is and to sign out."""
    email = door.person(Right.PRODUCTS_READ, must_change_password=True)
    tokens = door.tokens(email)
    assert tokens["must_change_password"] is True
    me = door.as_(tokens["access_token"])
    for path in ("/products", "/me/sessions", "/orders/1"):
        assert me.get(path).refusal == (403, "access.password_change_required")
    assert me.post("/me/second-factor").refusal == (403, "access.password_change_required")
    assert me.get("/me").status == 200
    changed = me.post("/me/password", {"old": PASSWORD, "new": OTHER})
    assert changed["must_change_password"] is False
    assert door.as_(changed["access_token"]).get("/products").status == 200
    assert door.send("POST", "/auth/sign-out", {"refresh_token": changed["refresh_token"]}).status == 204


def test_an_administrator_resets_a_members_password(door: Door) -> None:
    """ERP-13: a forced reset: shown once, must be changed, all sessions end."""
    email = door.person(Right.PRODUCTS_READ)
    before = door.tokens(email)
    user = door.as_(before["access_token"]).get("/me")["user"]
    reset = door.office.act(f"/users/{user}/reset-password")
    assert door.sign_in(email).status == 401
    assert door.refresh(before["refresh_token"]).status == 401
    tokens = door.tokens(email, reset["password"])
    assert tokens["must_change_password"] is True
    me = door.as_(tokens["access_token"])
    assert me.post("/me/password", {"old": reset["password"], "new": OTHER}).status == 200
    assert reset["password"] not in str(events(door, "access.password_changed"))


@ON_SQLITE
def test_a_reset_takes_nobody_over(door: Door) -> None:
    """ERP-13: not a mightier member, not another company's account, not one's own, not a stranger's."""
    helper = door.signed_in(door.person(Right.USERS_WRITE, Right.PRODUCTS_READ))
    admin = door.office.get("/me")["user"]
    assert helper.post(f"/users/{admin}/reset-password").refusal == (403, "rights.missing")
    me = helper.get("/me")["user"]
    assert helper.post(f"/users/{me}/reset-password").refusal == (409, "access.own_password")
    shared = id_of(door, door.person())
    join(Door(door.served, door.clock), shared)
    assert helper.post(f"/users/{shared}/reset-password").refusal == (409, "access.shared_account")
    stranger = Door(door.served, door.clock).office.get("/me")["user"]
    assert helper.post(f"/users/{stranger}/reset-password").refusal == (404, "not_found")
    assert helper.post("/users/999999999/reset-password").refusal == (404, "not_found")


def test_with_a_second_factor_one_signs_in_with_a_code_that_works_once(door: Door) -> None:
    """ERP-13: TOTP (RFC 6238), replay refused."""
    email, _, given = enrolled(door)
    assert door.sign_in(email).refusal == (401, "access.second_factor_required")
    assert door.sign_in(email, code="000000").refusal == (401, "access.bad_code")
    assert (
        door.sign_in(email, "wrong password here", code=code_of(door, given)).refusal[1] == "identity.bad_credentials"
    )
    assert door.sign_in(email, code=code_of(door, given)).status == 200
    assert door.sign_in(email, code=code_of(door, given)).refusal == (401, "access.bad_code")
    assert door.sign_in(email, code=code_of(door, given, -1)).refusal == (401, "access.bad_code")
    assert door.sign_in(email, code=code_of(door, given, 2)).refusal == (401, "access.bad_code")
    assert door.sign_in(email, code=code_of(door, given, 1)).status == 200


def test_a_recovery_code_signs_in_once(door: Door) -> None:
    """ERP-13: ten of them, stored as hashes."""
    email, _, given = enrolled(door)
    codes = given["recovery_codes"]
    assert len(set(codes)) == 10
    assert door.sign_in(email, code=codes[3].upper().replace("-", " ")).status == 200
    assert door.sign_in(email, code=codes[3]).refusal == (401, "access.bad_code")
    assert door.sign_in(email, code=codes[4]).status == 200
    assert len(events(door, "access.recovery_code_used")) == 2


def test_a_second_factor_is_switched_on_by_a_code_and_off_by_the_password(door: Door) -> None:
    email = door.person()
    me = door.signed_in(email)
    assert me.post("/me/second-factor/confirm", {"code": "123456"}).refusal == (409, "access.second_factor_off")
    old = me.act("/me/second-factor")
    given = me.act("/me/second-factor")
    assert given["uri"].startswith("otpauth://totp/Tramita:")
    assert me.post("/me/second-factor/confirm", {"code": code_of(door, old)}).refusal == (422, "access.wrong_code")
    assert door.sign_in(email).status == 200, "it does not count before it is confirmed"
    assert me.post("/me/second-factor/confirm", {"code": code_of(door, given)}).status == 204
    assert me.post("/me/second-factor").refusal == (409, "access.second_factor_on")
    assert me.post("/me/second-factor/confirm", {"code": "1"}).refusal == (409, "access.second_factor_on")
    wrong = me.post("/me/second-factor/disable", {"password": "not the password"})
    assert wrong.refusal == (422, "access.wrong_password")
    assert me.post("/me/second-factor/disable", {"password": PASSWORD}).status == 204
    assert me.post("/me/second-factor/disable", {"password": PASSWORD}).refusal == (409, "access.second_factor_off")
    assert door.sign_in(email).status == 200
    assert [told["on"] for told in events(door, "access.second_factor_switched")] == [True, False]


@ON_SQLITE
def test_the_database_never_holds_a_second_factor_in_clear(door: Door) -> None:
    """ERP-13: and a row copied to another account opens nothing."""
    email, _, given = enrolled(door)
    other, _, theirs = enrolled(door)
    user, thief = (id_of(door, who) for who in (email, other))
    kept: list[Any] = []
    change(door, lambda work: kept.extend(work.second_factors.get(one) for one in (user, thief)))
    assert given["secret"] not in str([(one.secret, repr(one)) for one in kept])
    stolen = kept[0]
    stolen.user = thief
    change(door, lambda work: work.second_factors.put(stolen, []))
    assert door.sign_in(other, code=code_of(door, given)).refusal == (503, "setup.bad_key")
    assert theirs["secret"] != given["secret"]
