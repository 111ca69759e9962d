"""Roles and rights over HTTP: who may give what."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import get_args

import pytest

from app.api.schemas.shared import Language
from app.domain.identity import READY_ROLES, ReadyRole
from app.domain.shared.rights import Right
from app.infrastructure.texts import Texts
from app.resources import resource
from tests.support.office import ON_SQLITE, Office, Reply, Served
from tests.support.people import add, admin_role, at_once, context_of, events, me_of, role, second_company

pytestmark = pytest.mark.fast

# --- nobody gives what they do not have -------------------------------------------------------------------------------


@pytest.fixture
def manager(office: Office) -> Office:
    """Give somebody who rules over users and roles, and may read orders."""
    held = {Right.USERS_READ, Right.USERS_WRITE, Right.ROLES_READ, Right.ROLES_WRITE, Right.ORDERS_READ}
    return office.served.clerk(office.company, frozenset(held))


def beyond(reply: Reply, pointer: str, rights: Sequence[str]) -> None:
    """Pass only a refusal that names the rights."""
    assert reply.refusal == (403, "identity.rights_beyond_own")
    assert reply.pointers == [pointer]
    assert reply["facts"] == {"rights": list(rights)}


@ON_SQLITE
def test_nobody_enters_or_widens_a_role_beyond_their_own_rights(office: Office, manager: Office) -> None:
    """ERP-13: 403 with the rights named."""
    wide = ["orders.read", "orders.write", "payments.write"]
    beyond(manager.post("/roles", {"name": "w", "rights": wide}), "/rights", ["orders.write", "payments.write"])
    narrow = manager.make("/roles", {"name": "n", "rights": ["orders.read"]})
    path = f"/roles/{narrow['id']}"
    beyond(manager.patch(path, {"rights": wide}, 1), "/rights", ["orders.write", "payments.write"])
    mine = role(office, "payments.write", "orders.read", name="wide")
    kept = manager.patch(f"/roles/{mine}", {"name": "kept", "rights": ["payments.write"]}, 1)
    assert kept["rights"] == ["payments.write"]


@ON_SQLITE
def test_nobody_gives_a_role_with_more_than_their_own_rights(office: Office, manager: Office) -> None:
    """ERP-13: neither at once, nor by switching somebody on again."""
    administrator = admin_role(office)
    body = {"email": f"puppet{office.company}@example.com", "name": "P", "role_ids": [administrator]}
    held = ("users.", "roles.", "orders.read")
    lacking = [right.value for right in sorted(Right) if not right.value.startswith(held)]
    beyond(manager.post("/users", body), "/role_ids", lacking)
    puppet = manager.make("/users", {**body, "role_ids": []})
    path = f"/users/{puppet['id']}"
    beyond(manager.patch(path, {"role_ids": [administrator]}, puppet["version"]), "/role_ids", lacking)
    off = manager.patch(path, {"active": False}, puppet["version"])
    given = manager.patch(path, {"role_ids": [administrator]}, off["version"])
    assert given.status == 200
    beyond(manager.patch(path, {"active": True}, given["version"]), "/role_ids", lacking)
    own = me_of(manager)
    both = [*own["role_ids"], administrator]
    beyond(manager.patch(f"/users/{own['id']}", {"role_ids": both}, own["version"]), "/role_ids", lacking)


@ON_SQLITE
def test_who_keeps_a_wider_role_may_be_changed_by_somebody_with_less(office: Office, manager: Office) -> None:
    """Only what is given is measured."""
    wide, narrow = role(office, "payments.write", name="wide"), role(office, "orders.read", name="narrow")
    made = add(office, "both", wide)
    path = f"/users/{made['id']}"
    changed = manager.patch(path, {"role_ids": [wide, narrow], "name": "Both"}, made["version"])
    assert changed["role_ids"] == sorted([wide, narrow])


# --- roles ------------------------------------------------------------------------------------------------------------


def test_every_company_begins_with_the_ready_roles(office: Office) -> None:
    """ERP-13: with what they hold, on each database."""
    for ready, rights in READY_ROLES.items():
        (row,) = office.items(f"/roles?ready={ready}")
        shown = office.get(f"/roles/{row['id']}").body
        assert (shown["name"], shown["ready"], shown["version"]) == (ready, ready, 1)
        assert shown["rights"] == sorted(rights)


def test_the_administrators_role_is_fixed_and_the_other_ready_ones_are_not(office: Office) -> None:
    path = f"/roles/{admin_role(office)}"
    for change in ({"name": "boss"}, {"rights": ["orders.read"]}):
        assert office.patch(path, change, 1).refusal == (409, "identity.role_fixed")
    assert office.delete(path, 1).refusal == (409, "identity.role_fixed")
    (sales,) = office.items("/roles?ready=sales")
    changed = office.patch(f"/roles/{sales['id']}", {"name": "shop", "rights": ["orders.read"]}, 1)
    assert (changed["name"], changed["ready"], changed["rights"]) == ("shop", "sales", ["orders.read"])
    (told,) = events(office, "role_changed")
    assert told["new"] == {"name": "shop", "rights": ["orders.read"]}
    assert told["old"]["rights"] == sorted(READY_ROLES[ReadyRole.SALES])


@ON_SQLITE
def test_a_role_is_deleted_once_nobody_holds_it(office: Office) -> None:
    clerk = role(office, "orders.read", name="clerk")
    made = add(office, "holder", clerk)
    refused = office.delete(f"/roles/{clerk}", 1)
    assert refused.refusal == (409, "identity.role_in_use")
    assert refused["facts"] == {"role_name": "clerk", "users": 1}
    office.patch(f"/users/{made['id']}", {"role_ids": []}, made["version"])
    assert office.delete(f"/roles/{clerk}", 1).status == 204
    assert office.get(f"/roles/{clerk}").refusal == (404, "not_found")
    assert events(office, "role_deleted") == [{"id": clerk, "role": "clerk", "rights": ["orders.read"]}]


def test_a_role_given_while_it_is_deleted_is_held_or_gone(served: Served) -> None:
    """CT-02: never a user with a role that is no more, on each database."""
    for _ in range(3):
        office = served.company()
        clerk = role(office, "orders.read", name="clerk")
        user = add(office, "holder")
        path = f"/users/{user['id']}"
        give = partial(office.patch, path, {"role_ids": [clerk]}, user["version"])
        given, deleted = at_once(give, partial(office.delete, f"/roles/{clerk}", 1))
        assert (given.status, deleted.status) in {(200, 409), (422, 204)}
        assert office.get(path)["role_ids"] == ([clerk] if given.status == 200 else [])


@ON_SQLITE
def test_names_of_roles_are_unique_within_a_company(office: Office) -> None:
    other = second_company(office)
    body = {"name": "same", "rights": []}
    assert [one.post("/roles", body).status for one in (office, other)] == [201, 201]
    again = office.post("/roles", body)
    assert again.refusal == (409, "taken")
    assert again.pointers == ["/name"]
    reader = office.items("/roles?ready=reader")[0]["id"]
    assert office.patch(f"/roles/{reader}", body, 1).pointers == ["/name"]


def rights_version(office: Office) -> int:
    with office.served.container.works.reading(context_of(office)) as work:
        return work.roles.version(office.company)


def test_the_rights_version_grows_with_every_change_of_a_role_and_never_shrinks(office: Office) -> None:
    """ERP-13: also when a role is deleted, whose own version goes with it; on each database."""
    seen = [rights_version(office)]
    made = office.make("/roles", {"name": "brief", "rights": []})
    seen.append(rights_version(office))
    path = f"/roles/{made['id']}"
    for rights in (["orders.read"], []):
        made = office.patch(path, {"rights": rights}, made["version"]).body
        seen.append(rights_version(office))
    office.delete(path, made["version"])
    seen.append(rights_version(office))
    assert seen == sorted(set(seen))


# --- rights -----------------------------------------------------------------------------------------------------------


@ON_SQLITE
def test_all_rights_are_described_in_the_callers_language(office: Office) -> None:
    """ERP-17."""
    shown = {one["right"]: one["description"] for one in office.get("/rights", accept_language="de")["items"]}
    assert shown.keys() == set(Right)
    assert shown["orders.read"] == "Aufträge ansehen"


@pytest.mark.parametrize("language", get_args(Language))
def test_every_right_is_described_in_every_language(language: str) -> None:
    """ERP-17: a right that comes later needs its words."""
    texts = Texts()
    assert language in texts.locales
    described = {right: texts.text(language, f"words.right.{right.value}", {}) for right in Right}
    assert not [right for right, text in described.items() if text.startswith("words.")]
    assert len(set(described.values())) == len(Right)


def test_the_languages_a_user_may_have_are_those_there_are() -> None:
    assert set(get_args(Language)) == {folder.name for folder in resource("locales").iterdir()}
