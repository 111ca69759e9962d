"""Whatever is sent, the answer is one that the OpenAPI document describes, and never a fault of ours."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, Final

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from app.api.listing import ListProvided
from app.api.route import API, Endpoint
from app.api.switchboard import endpoints
from app.api.uploads import MULTIPART
from tests.support.api import described
from tests.support.belongings import belongings
from tests.support.office import Office, Served, free_line


def _takes(endpoint: Endpoint) -> bool:
    """Tell whether there is anything about a request to get wrong but its headers."""
    asked = endpoint.dependant.path_params or endpoint.dependant.query_params
    return bool(asked or endpoint.body_field or isinstance(endpoint.entry, ListProvided) or _takes_a_file(endpoint))


def _takes_a_file(endpoint: Endpoint) -> bool:
    body = (endpoint.openapi_extra or {}).get("requestBody", {})
    return MULTIPART in body.get("content", {})


ROUTES: Final = [one for one in endpoints(described()) if one.path.startswith(API)]
OPERATIONS: Final = [one.name for one in ROUTES]
KINDS: Final = ("sqlite", "postgresql", "mariadb")
FEW: Final = 7
MANY: Final = 25
FILES: Final = {one.name for one in ROUTES if _takes_a_file(one)}
NOTHING_TO_SEND: Final = {one.name for one in ROUTES if not _takes(one)}
CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
# 207 is a batch whose items are refused each on its own.
REFUSALS: Final = ["207", "400", "403", "404", "405", "409", "412", "413", "415", "422", "428"]
ON_EACH: Final = pytest.mark.parametrize("database_kind", KINDS, indirect=True)


@pytest.fixture(scope="module")
def schema(served: Served) -> Any:
    """Give the fuzzer's view of the document; without the token, which every request is given."""
    document = deepcopy(served.truth.document)
    del document["components"]["securitySchemes"]
    for path in document["paths"].values():
        for operation in path.values():
            operation.pop("security", None)
    made = schemathesis.openapi.from_dict(document)
    made.app = served.http.app
    made.config.checks.negative_data_rejection.expected_statuses = REFUSALS
    return made


@pytest.fixture(scope="module")
def known(served: Served) -> tuple[Office, dict[str, Any]]:
    """Give a company with one of each object, by the name that paths and bodies have for its id."""
    office = served.company()
    office.warehouse()
    ids = belongings(office)
    del ids["session_id"]  # the fuzzer's own: it would sign itself out
    office.order([free_line("1")], validated=False, party_id=ids["party_id"])
    return office, ids


def there(value: Any, ids: dict[str, Any]) -> Any:
    """Give ``value`` with every id that is one naming an object there is, so that the request gets further."""
    if isinstance(value, dict):
        return {
            key: ids[key] if key in ids and type(one) is int and one > 0 else there(one, ids)
            for key, one in value.items()
        }
    return [there(one, ids) for one in value] if isinstance(value, list) else value


def fuzz(known: tuple[Office, dict[str, Any]], schema: Any, name: str, examples: int) -> int:
    """Send ``examples`` requests to one operation, half of them wrong, and give how many were sent."""
    office, ids = known
    operation = schema.find_operation_by_id(name)
    modes = schemathesis.GenerationMode
    strategies = [operation.as_strategy(generation_mode=mode) for mode in (modes.POSITIVE, modes.NEGATIVE)]
    # What the fuzzer takes for a bad form is often a good one: to multipart every content is a text.
    checks = [check for check in CHECKS if name not in FILES or check is not negative_data_rejection]
    sent = 0

    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=st.one_of(strategies), here=st.booleans())
    def send(case: Any, here: bool) -> None:  # noqa: FBT001 - hypothesis names it
        nonlocal sent
        sent += 1
        if here:
            case.path_parameters = there(case.path_parameters, ids)
            case.body = there(case.body, ids)
        case.headers["authorization"] = office.headers["authorization"]
        case.call_and_validate(checks=checks)

    send()
    return sent


@pytest.mark.fast
@pytest.mark.on_one_database
@ON_EACH
@pytest.mark.parametrize("name", OPERATIONS)
def test_no_request_is_answered_by_surprise(known: Any, schema: Any, name: str) -> None:
    """Design 4: the document is exercised by a fuzzer, on objects that exist, with values right and wrong."""
    assert fuzz(known, schema, name, FEW) >= FEW or name in NOTHING_TO_SEND


@pytest.mark.full
@ON_EACH
@pytest.mark.parametrize("name", OPERATIONS)
def test_nor_are_many(known: Any, schema: Any, name: str) -> None:
    """Design 4: the same on every database, 20,000 requests and more."""
    assert fuzz(known, schema, name, MANY) >= MANY or name in NOTHING_TO_SEND


@pytest.mark.fast
def test_the_fuzzer_sends_as_many_as_it_says() -> None:
    """At least 2,000 requests with every change, 20,000 in the full run; seeds are fixed."""
    operations = set(OPERATIONS) - NOTHING_TO_SEND
    assert len(operations) * FEW >= 2_000
    assert len(operations) * len(KINDS) * MANY >= 20_000
    assert settings.default is not None
    assert settings.default.derandomize
