"""The short way into endpoints: all of ours take it, and what is not right is refused as FastAPI refuses it."""

from __future__ import annotations

import pytest

from app.api.direct import Direct
from app.api.export import ExportProvided
from app.api.route import API
from app.api.switchboard import endpoints
from tests.support.api import client, container, described

pytestmark = pytest.mark.fast


def test_every_endpoint_of_the_business_takes_the_short_way() -> None:
    usual = {
        one.name
        for one in endpoints(described())
        if one.path.startswith(API) and not isinstance(one.app, Direct) and not isinstance(one.entry, ExportProvided)
    }
    coroutines = {"me", "my_companies", "list_rights", "create_user", "change_password", "disable_second_factor"}
    names = ("sales", "vat", "receivables", "unpaid", "statement", "stock_value", "stock_to_order")
    reports = {f"report_{name}" for name in names}
    lists = {"list_settings_versions", "list_order_revisions"}
    executions = {"list_stuck_executions", "measure_executions", "read_execution_history"}
    parameters = {"find_price", "read_changes", "read_late_fee", "verify_chains", *lists, *reports, *executions}
    papers = {f"print_{name}" for name in ("proposal", "order", "shipment", "invoice", "inventory", "statement")}
    assert usual <= coroutines | parameters | papers | {"set_logo"}  # drawn, and streamed in, outside of a transaction


def test_a_refused_path_after_the_body_was_read_for_its_key_is_answered() -> None:
    """The key's hash has read the body, which comes but once: FastAPI must not wait for it again."""
    with client(container()) as http:
        refused = http.post("/api/v1/notes/none/copy", headers={"idempotency-key": "k"})
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["parameter"] == "note_id"


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", 422), (b"null", 422), (b"{", 400), (b"\xff", 400), (b"[]", 422), (b'{"surprise": 1}', 422)],
)
def test_a_body_that_is_not_right_is_refused_once_and_the_connection_goes_on(body: bytes, status: int) -> None:
    json = {"content-type": "application/json", "idempotency-key": "k"}
    with client(container()) as http:
        refused = http.post("/api/v1/notes", content=body, headers=json)
        assert refused.status_code == status
        assert refused.headers["content-type"] == "application/problem+json"
        assert http.get("/api/v1/notes").status_code == 200
