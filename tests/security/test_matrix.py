"""Every endpoint x every role x own, foreign and missing object x every state of the credentials.

Generated from the routes: a new endpoint is in it without being written down anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pytest

from app.api.route import Endpoint
from app.api.switchboard import endpoints
from app.domain.identity import ready_roles
from app.domain.shared.rights import ALL_RIGHTS, Right
from app.infrastructure.keys import decode_key
from tests.support.api import described
from tests.support.belongings import MISSING, belongings, filled, plain
from tests.support.databases import KEY
from tests.support.forgery import Forger, altered
from tests.support.office import ON_SQLITE, Office, Served

pytestmark = pytest.mark.fast

ENDPOINTS: Final = [one for one in endpoints(described()) if one.entry is not None and not one.entry.public]
OWNERS_ALONE: Final = frozenset({"rotate_aws_credential"})
"""What shows a secret to whom it belongs, whatever rights others have."""
OBJECTS: Final = ("own", "foreign", "missing")
EACH: Final = pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.name)

Ids = Mapping[str, Any]


@pytest.fixture(scope="module")
def theirs(served: Served) -> Ids:
    """Give the ids of another company's objects."""
    office = served.company()
    office.warehouse()
    return belongings(office)


@pytest.fixture(scope="module")
def ours(served: Served) -> tuple[Office, Ids]:
    """Give a company and the ids of its objects."""
    office = served.company()
    office.warehouse()
    return office, belongings(office)


@pytest.fixture(scope="module")
def staff(served: Served, ours: tuple[Office, Ids]) -> dict[str, tuple[Office, frozenset[Right]]]:
    """Give somebody for each ready role, with the rights the role has, and somebody without any."""
    return {name: (served.clerk(ours[0].company, rights), rights) for name, rights in ROLES.items()}


ROLES: Final[Mapping[str, frozenset[Right]]] = {
    **{role.name: role.rights for role in ready_roles()},
    "nobody": frozenset(),
}


@pytest.fixture(scope="module")
def withdrawn(served: Served, ours: tuple[Office, Ids]) -> dict[str, str]:
    """Give credentials that were good and are so no longer, none of them used since, by what was done to them."""
    office, _ = ours

    def clerk() -> tuple[Office, str, dict[str, Any]]:
        made = served.clerk(office.company, ALL_RIGHTS)
        user = made.get("/me")["user"]
        served.container.clock.now()
        again = served.signed_in(office.company, office.get(f"/users/{user}")["email"])
        return made, again.headers["authorization"], office.get(f"/users/{user}").body

    made, revoked_session, _ = clerk()
    for session in made.items("/me/sessions"):
        assert made.delete(f"/me/sessions/{session['id']}", session["version"]).status == 204
    _, of_inactive, user = clerk()
    assert office.patch(f"/users/{user['id']}", {"active": False}, user["version"]).status == 200
    _, of_removed, user = clerk()
    assert office.delete(f"/users/{user['id']}", user["version"]).status == 204
    key = office.make("/api-keys", {"name": "gone", "scopes": ["orders.read"]})
    office.act(f"/api-keys/{key['id']}/revoke")
    other = office.make("/api-keys", {"name": "altered", "scopes": ["orders.read"]})["secret"]
    return {
        "a session that was revoked": revoked_session,
        "a member who is not active": of_inactive,
        "a member who was removed": of_removed,
        "a key that was revoked": f"Bearer {key['secret']}",
        "a key with another secret": f"Bearer {altered(other)}",
        "a key that never was": f"Bearer {altered(other)[::-1]}",
    }


def paths(endpoint: Endpoint, own: Ids, foreign: Ids) -> dict[str, str]:
    """Give the path to each object; an endpoint without one has but the own."""
    own_path = filled(endpoint.path, own.__getitem__)
    if own_path == endpoint.path:
        return {"own": own_path}
    return {
        "own": own_path,
        "foreign": filled(endpoint.path, foreign.__getitem__),
        "missing": filled(endpoint.path, lambda name: own[name] if name == "kind" else MISSING),
    }


def ask(served: Served, endpoint: Endpoint, path: str, authorization: str | None) -> tuple[int, str]:
    """Send a request with a version but without a body; give status and what is told, the request's own id apart."""
    headers = {"x-request-id": "matrix", "if-match": '"0"'}
    if authorization is not None:
        headers["authorization"] = authorization
    answer = served.http.request(endpoint.verb, path, headers=headers)
    if not answer.content or "json" not in answer.headers["content-type"]:
        return answer.status_code, ""
    return answer.status_code, plain(answer.text, path)


@EACH
@ON_SQLITE
def test_no_bad_credential_opens_anything(
    served: Served, ours: tuple[Office, Ids], theirs: Ids, endpoint: Endpoint
) -> None:
    """ERP-13: 401 in the same words, whatever is wrong with the credential and whatever object is meant."""
    office, own = ours
    token = office.headers["authorization"].removeprefix("Bearer ")
    forger = Forger(token, decode_key("JWT_KEY", KEY), served.container.clock.now())
    for path in paths(endpoint, own, theirs).values():
        told = {state: ask(served, endpoint, path, authorization) for state, authorization in forger.all().items()}
        assert {status for status, _ in told.values()} == {401}, told
        assert len(set(told.values())) == 1, told


@EACH
@ON_SQLITE
def test_nothing_opens_to_what_was_withdrawn(
    served: Served, ours: tuple[Office, Ids], withdrawn: dict[str, str], endpoint: Endpoint
) -> None:
    """ERP-13: revoked keys and sessions, members deactivated or removed: 401 at every endpoint."""
    path = paths(endpoint, ours[1], ours[1])["own"]
    told = {state: ask(served, endpoint, path, authorization) for state, authorization in withdrawn.items()}
    assert {status for status, _ in told.values()} == {401}, told


@EACH
@ON_SQLITE
def test_a_role_opens_what_its_rights_open_and_nothing_of_others(
    served: Served,
    ours: tuple[Office, Ids],
    theirs: Ids,
    staff: dict[str, tuple[Office, frozenset[Right]]],
    endpoint: Endpoint,
) -> None:
    """ERP-13: without the right 403 for any object; with it another company's object is told as one that never was."""
    _, own = ours
    assert endpoint.entry is not None
    right = endpoint.entry.right
    for name, (clerk, rights) in staff.items():
        told = {
            which: ask(served, endpoint, path, clerk.headers["authorization"])
            for which, path in paths(endpoint, own, theirs).items()
        }
        statuses = {which: status for which, (status, _) in told.items()}
        if right is not None and right not in rights:
            assert set(statuses.values()) == {403}, (name, told)
            assert len({text for _, text in told.values()}) == 1, (name, told)
            continue
        own_alone = "{" in endpoint.path and right is None and endpoint.entry.personal
        if own_alone or endpoint.name in OWNERS_ALONE:
            assert set(statuses.values()) == {404}, "nobody's but the caller's own, who is another"
            continue
        assert statuses["own"] not in {401, 403, 404}, (name, told)
        assert statuses["own"] < 500, (name, told)
        if "foreign" in told:
            assert statuses["foreign"] == statuses["missing"] >= 400, (name, told)
            assert told["foreign"] == told["missing"], (name, told)
