"""Every endpoint declares who may use it."""

from __future__ import annotations

from typing import Final

import pytest
from starlette.testclient import TestClient

from app.api.create import create_app
from app.api.provide import Entry
from app.api.switchboard import endpoints
from app.domain.shared.rights import Right
from tests.support.api import container, described

pytestmark = pytest.mark.fast

PUBLIC: Final = {
    "health": "a probe has no account, and it touches nothing",
    "ready": "a probe has no account; it tells which checks passed, nothing of their reasons",
    "sign_in": "who signs in is not signed in yet",
    "refresh": "the access token has expired by then; the refresh token says who it is",
    "sign_out": "a refresh token is shown to be worthless from then on",
    "jwks": "public keys",
}
SIGNED_IN: Final = {
    "me": "it tells callers only about themselves",
    "list_own_sessions": "their own",
    "end_own_session": "their own",
    "change_password": "their own, with the old one",
    "enrol_second_factor": "their own",
    "confirm_second_factor": "their own",
    "disable_second_factor": "their own, with the password",
    "my_companies": "it tells callers only about themselves",
    "list_rights": "what rights there are is the same for everybody",
}
UNLISTED: Final = {"/openapi.json": "clients read how to sign in before they do"}

ENDPOINTS: Final = endpoints(described())


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.name)
def test_an_endpoint_declares_its_right_or_is_public_for_a_reason(endpoint: object) -> None:
    """ERP-13: RBAC is checked per endpoint."""
    entry = getattr(endpoint, "entry", None)
    name = getattr(endpoint, "name", "")
    if name in PUBLIC:
        assert entry is None or entry.public
    elif name in SIGNED_IN:
        assert isinstance(entry, Entry)
        assert not entry.public
    else:
        assert isinstance(entry, Entry)
        assert not entry.public
        assert isinstance(entry.right, Right)


def test_nothing_is_served_past_the_switchboard() -> None:
    """A route added another way would not be asked for its right."""
    app = described()
    others = {getattr(route, "path", "") for route in app.routes if hasattr(route, "path")}
    assert others == set(UNLISTED)


def test_the_lists_of_reasons_name_endpoints_that_exist() -> None:
    assert (PUBLIC | SIGNED_IN).keys() <= {endpoint.name for endpoint in ENDPOINTS}


@pytest.mark.parametrize(
    "endpoint", [one for one in ENDPOINTS if one.name not in PUBLIC], ids=lambda endpoint: endpoint.name
)
def test_without_a_token_an_endpoint_says_401_whatever_is_sent(endpoint: object) -> None:
    """ERP-13: nobody learns anything before signing in."""
    path = str(getattr(endpoint, "path", "")).replace("{", "").replace("}", "")
    house = container()
    with TestClient(create_app(house)) as http:
        answer = http.request(str(getattr(endpoint, "verb", "")), f"{path}?zz=1", content=b"{")
    assert answer.status_code == 401
    assert house.works.opened == 0
