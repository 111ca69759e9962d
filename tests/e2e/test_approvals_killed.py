"""An order that waits for approval while its servers die, as real processes on SQLite."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.aws import EMAIL, Standing, standing
from tests.support.databases import empty_database
from tests.support.served import program

pytestmark = pytest.mark.full

ARN = "arn:aws:states:us-east-1:000000000001:execution:order-approval:order-1-1"


class Desk:
    """Somebody signed in at a server."""

    def __init__(self, url: str) -> None:
        self._url = f"{url}/api/v1"
        signed_in = httpx.post(f"{url}/auth/token", json={"email": EMAIL, "password": "long enough words"})
        self._auth = {"authorization": f"Bearer {signed_in.json()['access_token']}"}

    def ask(self, verb: str, path: str, body: Any = None, **headers: str) -> dict[str, Any]:
        """Send a request that must go well, and give the answer."""
        answer = httpx.request(verb, self._url + path, json=body, headers={**self._auth, **headers})
        assert answer.is_success, answer.text
        given: dict[str, Any] = answer.json()
        return given


def until(wanted: Callable[[], bool]) -> None:
    """Wait until something is so."""
    look = threading.Event()
    for _ in range(600):
        if wanted():
            return
        look.wait(0.05)
    raise AssertionError("it never came to that")


def test_neither_the_question_nor_the_answer_dies_with_a_server(tmp_path: Path) -> None:
    """ORC-02, ASL-05: order, execution and answer are on disk when they are told; the order is validated once."""
    with empty_database("sqlite", tmp_path) as database:
        house: Standing = standing(tmp_path, database)
        installed = program("workflows", "install", "order-approval", data=tmp_path, **house.env)
        assert installed.stdout == "workflow order-approval version 1\n", installed.stderr
        with house.killed() as url:
            desk = Desk(url)
            version = desk.ask("GET", "/company/settings")["version"]
            desk.ask("PATCH", "/company/settings", {"approval_above": "10"}, **{"if-match": f'"{version}"'})
            desk = Desk(url)
            customer = desk.ask("POST", "/third-parties", {"name": "C", "customer": True})["id"]
            line = {"description": "x", "quantity": "1", "unit_price": "100", "vat_rate": "20", "kind": "service"}
            order = desk.ask("POST", "/orders", {"party_id": customer, "lines": [line]})["id"]
            assert desk.ask("POST", f"/orders/{order}/validate")["approval"]["state"] == "waiting"
        with house.killed() as url:
            assert Desk(url).ask("POST", f"/orders/{order}/approve")["approval"]["state"] == "approved"
        with house.serving() as url:
            desk, aws = Desk(url), house.client(f"{url}/aws/")
            until(lambda: desk.ask("GET", f"/orders/{order}")["status"] == "validated")
            until(lambda: aws.describe_execution(executionArn=ARN)["status"] == "SUCCEEDED")
            assert desk.ask("GET", f"/orders/{order}")["ref"].endswith("-0001")
