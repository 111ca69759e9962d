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

from app.api.create import create_app
from app.api.route import API
from app.api.switchboard import endpoints
from tests.support.api import container
from tests.support.office import ON_SQLITE, Office, Served

pytestmark = pytest.mark.full

OPERATIONS: Final = [one.name for one in endpoints(create_app(container())) if one.path.startswith(API)]
EXAMPLES: Final = 60
CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
REFUSALS: Final = ["400", "403", "404", "405", "409", "412", "413", "415", "422", "428"]


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


@ON_SQLITE
@pytest.mark.parametrize("name", OPERATIONS)
def test_no_request_is_answered_by_surprise(office: Office, schema: Any, name: str) -> None:
    """Design 4: the document is exercised by a fuzzer, on objects that exist, with values right and wrong."""
    order = office.order([{"product_id": office.product("5"), "quantity": "1"}], validated=False)
    invoice = office.invoice(validated=False)
    ids = {"order_id": order["id"], "invoice_id": invoice["id"], "party_id": order["party_id"]}
    operation = schema.find_operation_by_id(name)
    modes = schemathesis.GenerationMode
    strategies = [operation.as_strategy(generation_mode=mode) for mode in (modes.POSITIVE, modes.NEGATIVE)]

    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=st.one_of(strategies), here=st.booleans())
    def send(case: Any, here: bool) -> None:  # noqa: FBT001 - hypothesis names it
        for field, value in ids.items() if here else ():
            if isinstance(case.path_parameters.get(field), int):
                case.path_parameters[field] = value
        case.headers["authorization"] = office.headers["authorization"]
        case.call_and_validate(checks=CHECKS)

    send()
