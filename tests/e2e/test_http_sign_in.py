"""Signing in over HTTP, and who is signed in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from starlette.testclient import TestClient

from app.domain.identity import Company, CompanySettings, Membership
from app.domain.shared.ids import CompanyId
from tests.support.api import ANN, CLERK, COMPANY, PASSWORD, FakeContainer, client, container

pytestmark = pytest.mark.fast

GOOD = {"email": "ann@example.com", "password": PASSWORD}


@pytest.fixture
def house() -> FakeContainer:
    return container()


@pytest.fixture
def http(house: FakeContainer) -> Iterator[TestClient]:
    with client(house, signed_in=False) as made:
        yield made


def bearer(answer: Any) -> dict[str, str]:
    return {"authorization": f"Bearer {answer.json()['access_token']}"}


def test_the_right_password_gives_a_token_that_works(http: TestClient) -> None:
    """ERP-13: five minutes."""
    answer = http.post("/auth/token", json=GOOD)
    assert answer.status_code == 200
    assert answer.json().items() >= {"token_type": "Bearer", "expires_in": 300}.items()
    me = http.get("/api/v1/me", headers=bearer(answer))
    assert me.json() == {
        "user": ANN,
        "company": COMPANY,
        "locale": "en",
        "zone": "Europe/Paris",
        "currency": "EUR",
        "rights": ["orders.read", "orders.write"],
    }


def test_a_token_is_not_kept_by_caches_and_needs_no_idempotency(house: FakeContainer, http: TestClient) -> None:
    first = http.post("/auth/token", json=GOOD, headers={"idempotency-key": "k"})
    second = http.post("/auth/token", json=GOOD, headers={"idempotency-key": "k"})
    assert first.headers["cache-control"] == "no-store"
    assert first.json()["access_token"] != second.json()["access_token"]
    assert not house.works.kept


def test_the_address_is_found_whatever_its_case(http: TestClient) -> None:
    assert http.post("/auth/token", json={**GOOD, "email": " ANN@Example.COM "}).status_code == 200


def test_a_wrong_password_and_an_unknown_account_get_the_same_answer(http: TestClient) -> None:
    """Nobody learns which accounts exist."""
    answers = [
        http.post("/auth/token", json={**GOOD, **change}, headers={"x-request-id": "r"})
        for change in ({"password": "wrong"}, {"email": "bob@example.com"})
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert answers[0].content == answers[1].content
    assert answers[0].json()["code"] == "identity.bad_credentials"


def test_an_account_that_is_switched_off_cannot_sign_in(house: FakeContainer, http: TestClient) -> None:
    house.works.users.people[ANN].active = False
    assert http.post("/auth/token", json=GOOD).status_code == 401


def test_an_account_of_two_companies_names_the_one_it_wants(house: FakeContainer, http: TestClient) -> None:
    other = CompanyId(8)
    house.works.companies.known[other] = Company(id=other, name="B", country="BR", settings=CompanySettings())
    house.works.users.members.append(Membership(user=ANN, company=other, roles=frozenset({CLERK})))
    answer = http.post("/auth/token", json=GOOD)
    assert (answer.status_code, answer.json()["code"]) == (422, "identity.company_choice")
    assert answer.json()["errors"][0]["pointer"] == "/company"
    assert answer.json()["facts"] == {"companies": [7, 8]}
    chosen = http.post("/auth/token", json={**GOOD, "company": 8})
    assert http.get("/api/v1/me", headers=bearer(chosen)).json()["company"] == 8


def test_a_company_one_does_not_belong_to_is_refused(http: TestClient) -> None:
    answer = http.post("/auth/token", json={**GOOD, "company": 99})
    assert (answer.status_code, answer.json()["code"]) == (401, "identity.no_membership")


@pytest.mark.parametrize("change", [{"password": "x" * 1025}, {"email": "x" * 255}, {"company": "7"}, {"scope": "all"}])
def test_a_request_of_the_wrong_shape_is_422(http: TestClient, change: dict[str, Any]) -> None:
    assert http.post("/auth/token", json={**GOOD, **change}).status_code == 422


def test_neither_password_nor_token_is_logged(http: TestClient) -> None:
    """ERP-14: logs have no secrets."""
    with structlog.testing.capture_logs() as lines:
        token = http.post("/auth/token", json=GOOD).json()["access_token"]
        http.get("/api/v1/me", headers={"authorization": f"Bearer {token}"})
    assert len(lines) == 2
    assert PASSWORD not in str(lines)
    assert token not in str(lines)


def test_who_is_signed_in_is_nobody_without_a_token(http: TestClient) -> None:
    assert http.get("/api/v1/me").status_code == 401
