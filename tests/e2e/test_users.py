"""Users of a company over HTTP: who is added, joins, leaves, and who stays."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import pytest
import structlog
from sqlalchemy import text

from app.domain.shared.ids import CompanyId
from app.domain.shared.rights import Right
from app.infrastructure.database.migrate import plain_engine
from tests.support.office import ON_SQLITE, Office, Reply, Served
from tests.support.people import add, admin_role, at_once, context_of, events, me_of, role, second_company, sign_in

pytestmark = pytest.mark.fast


def test_somebody_new_gets_an_account_and_a_password_shown_once(office: Office) -> None:
    """ERP-13: random, kept nowhere in clear, to be changed at the first sign-in."""
    clerk = role(office, "orders.read")
    made = add(office, "New", clerk)
    assert made["email"] == f"new{office.company}@example.com"
    assert made["account_made"]
    assert len(made["password"]) >= 16
    shown = office.get(f"/users/{made['id']}").body
    assert shown == {name: value for name, value in made.items() if name not in {"password", "account_made"}}
    assert (shown["role_ids"], shown["active"], shown["shared"], shown["locale"]) == ([clerk], True, False, "en")
    token = sign_in(office.served, made["email"], made["password"]).json()["access_token"]
    me = Office(office.served, office.company, {"authorization": f"Bearer {token}"})
    assert me.get("/me")["rights"] == ["orders.read"]
    with office.served.container.works.reading(context_of(office)) as work:
        assert work.users.member(office.company, made["id"]).user.must_change_password
    assert events(office, "user_added") == [{"id": made["id"], "roles": [clerk]}]


@ON_SQLITE
def test_a_password_that_is_given_is_the_one_and_is_not_shown(office: Office) -> None:
    made = add(office, "given", password="correct horse battery")
    assert made["password"] is None
    assert sign_in(office.served, made["email"], "correct horse battery").status_code == 200
    short = office.post("/users", {"email": "a@b", "name": "A", "password": "short"})
    assert short.refusal == (422, "identity.weak_password")
    assert short.pointers == ["/password"]


@ON_SQLITE
def test_an_answer_with_a_password_is_stored_under_no_key(office: Office) -> None:
    """ERP-13: the kept answers of idempotency keys hold no secret."""
    body = {"email": f"keyed{office.company}@example.com", "name": "K"}
    made = office.post("/users", body, idempotency_key="once")
    assert made.status == 201
    assert office.post("/users", body, idempotency_key="once").refusal == (409, "taken")
    engine = plain_engine(office.served.container.settings.database_url)
    with engine.connect() as connection:
        kept = connection.execute(text("SELECT body FROM answers")).all()
    assert not [one for one in kept if made["password"].encode() in bytes(one[0])]


@ON_SQLITE
def test_no_password_reaches_a_log_or_an_event(office: Office) -> None:
    """ERP-14."""
    with structlog.testing.capture_logs() as lines:
        made = add(office, "silent")
        given = add(office, "given", password="correct horse battery")
    told = str(lines) + str(events(office, "user_added"))
    assert made["id"] != given["id"]
    assert made["password"] not in told
    assert "correct horse" not in told


def test_whoever_has_an_account_joins_with_it_untouched(office: Office) -> None:
    """ERP-13: nothing of the account is shown to the other company, nothing changed by it."""
    other = second_company(office)
    known = add(office, "bob", name="Robert Roy", locale="fr", password="correct horse battery")
    reader = [row["id"] for row in other.items("/roles?ready=reader")]
    body = {
        "email": f" {known['email'].upper()}",
        "name": "R. Roy",
        "role_ids": reader,
        "password": "another password!",
    }
    joined = other.make("/users", body)
    assert joined["id"] == known["id"]
    assert (joined["account_made"], joined["password"]) == (False, None)
    assert (joined["name"], joined["locale"], joined["shared"]) == ("R. Roy", None, True)
    assert "Robert" not in str(joined)
    assert [row["name"] for row in other.items(f"/users?id={known['id']}")] == ["R. Roy"]
    here = office.get(f"/users/{known['id']}")
    assert (here["name"], here["shared"]) == ("Robert Roy", True)
    assert sign_in(office.served, known["email"], "another password!", other.company).status_code == 401
    assert sign_in(office.served, known["email"], "correct horse battery", other.company).status_code == 200
    assert events(other, "user_joined") == [{"id": known["id"], "roles": reader}]


def test_a_company_does_not_change_what_another_sees(office: Office) -> None:
    """ERP-13: names are each company's own once an account is shared, the language is the person's."""
    other = second_company(office)
    known = add(office, "ann", name="Ann")
    joined = other.make("/users", {"email": known["email"], "name": "A."})
    path = f"/users/{known['id']}"
    refused = other.patch(path, {"locale": "de"}, joined["version"])
    assert refused.refusal == (403, "identity.shared_account")
    assert refused.pointers == ["/locale"]
    renamed = office.patch(path, {"name": "Anna"}, office.get(path)["version"])
    assert renamed["name"] == "Anna"
    assert other.get(path)["name"] == "A."
    assert other.patch(path, {"active": False}, other.get(path)["version"]).status == 200
    assert office.get(path)["active"]


@ON_SQLITE
def test_somebody_who_belongs_to_the_company_is_not_added_twice(office: Office) -> None:
    made = add(office, "twice")
    for email in (made["email"], made["email"].upper()):
        reply = office.post("/users", {"email": email, "name": "x"})
        assert reply.refusal == (409, "taken")
        assert reply.pointers == ["/email"]


@ON_SQLITE
@pytest.mark.parametrize(
    ("change", "status", "pointer"),
    [
        ({"email": "nobody"}, 422, "/email"),
        ({"name": ""}, 422, "/name"),
        ({"locale": "tlh"}, 422, "/locale"),
        ({"role_ids": [2**62]}, 422, "/role_ids/0"),
        ({"role_ids": ["1"]}, 422, "/role_ids/0"),
        ({"password": "x" * 1025}, 422, "/password"),
        ({"active": True}, 422, "/active"),
        ({"must_change_password": False}, 422, "/must_change_password"),
    ],
)
def test_what_makes_no_user_is_named(office: Office, change: dict[str, Any], status: int, pointer: str) -> None:
    reply = office.post("/users", {"email": "x@example.com", "name": "X", **change})
    assert reply.status == status
    assert reply.pointers == [pointer]
    assert len(office.items("/users")) == 1


def test_two_companies_that_add_the_same_person_at_once_share_one_account(served: Served) -> None:
    """ERP-07: whoever is second joins, on each database."""
    for attempt in range(4):
        offices = [served.company(), served.company()]
        body = {"email": f"both{attempt}-{offices[0].company}@example.com", "name": "Both"}
        made = at_once(*(partial(office.post, "/users", body) for office in offices))
        assert [one.status for one in made] == [201, 201]
        assert made[0]["id"] == made[1]["id"]
        assert sorted(one["account_made"] for one in made) == [False, True]


def test_a_twin_that_adds_the_same_person_is_refused(served: Served) -> None:
    office = served.company()
    body = {"email": f"twin{office.company}@example.com", "name": "Twin"}
    made = at_once(*[partial(office.post, "/users", body)] * 4)
    assert sorted(one.status for one in made) == [201, 409, 409, 409]
    assert len(office.items(f"/users?email={body['email']}")) == 1


def test_somebody_switched_off_or_taken_out_cannot_sign_in_there(office: Office) -> None:
    """ERP-13: the account itself goes on elsewhere."""
    other = second_company(office)
    made = add(office, "leaver", password="correct horse battery")
    other.make("/users", {"email": made["email"], "name": "L"})
    path = f"/users/{made['id']}"

    def signs_in(company: CompanyId) -> int:
        return int(sign_in(office.served, made["email"], "correct horse battery", company).status_code)

    off = office.patch(path, {"active": False}, office.get(path)["version"])
    assert (signs_in(office.company), signs_in(other.company)) == (401, 200)
    on = office.patch(path, {"active": True}, off["version"])
    assert signs_in(office.company) == 200
    assert office.delete(path, on["version"]).status == 204
    assert (signs_in(office.company), signs_in(other.company)) == (401, 200)
    assert office.get(path).refusal == (404, "not_found")
    assert events(office, "user_removed") == [{"id": made["id"], "roles": []}]
    assert [one["new"] for one in events(office, "membership_changed")] == [{"active": False}, {"active": True}]


@ON_SQLITE
def test_a_version_of_somebody_who_left_and_came_back_is_never_seen_again(office: Office) -> None:
    """A stale If-Match must not hit by luck."""
    other = second_company(office)
    made = add(office, "back")
    other.make("/users", {"email": made["email"], "name": "B"})
    path = f"/users/{made['id']}"
    seen = {office.patch(path, {"active": active}, office.get(path)["version"])["version"] for active in (False, True)}
    seen.add(made["version"])
    assert office.delete(path, max(seen)).status == 204
    back = office.make("/users", {"email": made["email"], "name": "B"})
    assert back["version"] not in seen
    assert office.patch(path, {"active": False}, max(seen)).refusal == (412, "stale")


@ON_SQLITE
def test_the_companies_one_belongs_to_are_told(office: Office) -> None:
    """ERP-13: name and roles of each, only those one may act for."""
    other = second_company(office)
    clerk = role(office, "orders.read", name="clerk")
    made = add(office, "member", clerk, password="correct horse battery")
    joined = other.make("/users", {"email": made["email"], "name": "M"})
    me = Office(office.served, office.company, {})
    for password in ("correct horse battery", "another horse battery"):
        token = sign_in(office.served, made["email"], password, office.company).json()["access_token"]
        me.headers["authorization"] = f"Bearer {token}"
        if password.startswith("correct"):
            me.act("/me/password", {"old": password, "new": "another horse battery"})
    here = {"company": office.company, "name": "Acme", "roles": ["clerk"]}
    assert me.get("/me/companies")["items"] == [here, {"company": other.company, "name": "Acme", "roles": []}]
    path = f"/users/{joined['id']}"
    assert other.patch(path, {"active": False}, other.get(path)["version"]).status == 200
    assert me.get("/me/companies")["items"] == [here]


# --- the last administrator -------------------------------------------------------------------------------------------


@ON_SQLITE
def test_the_last_administrator_stays(office: Office) -> None:
    """ERP-13: neither removed, nor switched off, nor stripped; with another one, all of it."""
    me = me_of(office)
    path = f"/users/{me['id']}"
    add(office, "off", admin_role(office))
    off = office.items("/users?name=Bob")[0]["id"]
    office.patch(f"/users/{off}", {"active": False}, office.get(f"/users/{off}")["version"])
    changes: list[dict[str, Any]] = [{"active": False}, {"role_ids": []}, {"role_ids": [role(office)], "active": True}]
    for change in changes:
        refused = office.patch(path, change, me["version"])
        assert refused.refusal == (409, "identity.last_administrator")
    assert office.delete(path, me["version"]).refusal == (409, "identity.last_administrator")
    assert office.get(path).body == me
    assert office.patch(path, {"name": "Boss"}, me["version"]).status == 200
    office.patch(f"/users/{off}", {"active": True}, office.get(f"/users/{off}")["version"])
    assert office.patch(path, {"role_ids": []}, office.get(path)["version"]).status == 200


OUST: Final[dict[str, Callable[[Office, str, int], Reply]]] = {
    "remove": lambda office, path, version: office.delete(path, version),
    "switch off": lambda office, path, version: office.patch(path, {"active": False}, version),
    "strip": lambda office, path, version: office.patch(path, {"role_ids": []}, version),
}


@pytest.mark.parametrize("how", OUST)
def test_of_two_administrators_who_oust_each_other_at_once_one_stays(served: Served, how: str) -> None:
    """ERP-13, CT-02: on each database, whichever way."""
    for _ in range(3):
        office = served.company()
        both = [me_of(office)["id"], add(office, "two", admin_role(office))["id"]]
        manager = served.clerk(office.company, frozenset({Right.USERS_READ, Right.USERS_WRITE}))
        users = [manager.get(f"/users/{one}") for one in both]
        replies = at_once(*(partial(OUST[how], manager, f"/users/{user['id']}", user["version"]) for user in users))
        assert sorted(one.status for one in replies) in ([200, 409], [204, 409])
        (refused,) = (one for one in replies if one.status == 409)
        assert refused.refusal == (409, "identity.last_administrator")
