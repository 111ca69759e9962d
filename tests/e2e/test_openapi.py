"""The OpenAPI document is a product: it is valid, complete and true."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from pydantic import BaseModel

from app.api.create import ROUTERS, create_app
from app.api.switchboard import endpoints
from tests.support.api import container, described, notes

pytestmark = pytest.mark.fast

PUBLIC: Final = {"health", "ready", "sign_in", "refresh", "sign_out", "jwks"}
SECRET: Final = {
    "create_api_key",
    "create_aws_credential",
    "rotate_aws_credential",
    "create_user",
    "reset_password",
    "change_password",
    "enrol_second_factor",
    "confirm_second_factor",
    "disable_second_factor",
}
"""Their answers hold a secret, which is not kept for an Idempotency-Key, or they go with such an answer."""
ASKING: Final = {"judge_workflow"}
"""They store nothing: asked twice, they answer twice."""


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """Give the document of the product and of one endpoint of each kind."""
    return create_app(container(public_url="https://erp.example"), [*ROUTERS, notes()]).openapi()


@pytest.fixture(scope="module")
def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["operationId"]: one for path in document["paths"].values() for one in path.values()}


@pytest.fixture(scope="module")
def verbs(document: dict[str, Any]) -> dict[str, str]:
    return {one["operationId"]: verb for path in document["paths"].values() for verb, one in path.items()}


def test_the_document_is_valid(document: dict[str, Any]) -> None:
    """Design 4: OpenAPI 3.1, lints clean."""
    assert document["openapi"].startswith("3.1.")
    assert not list(OpenAPIV31SpecValidator(document).iter_errors())


def test_the_server_is_the_one_set(document: dict[str, Any]) -> None:
    assert document["servers"] == [{"url": "https://erp.example"}]
    assert described().openapi()["servers"] == [{"url": "/"}]


def test_operations_are_named_after_their_functions_and_say_what_they_do(operations: dict[str, Any]) -> None:
    app = create_app(container(), [*ROUTERS, notes()])
    assert operations.keys() == {endpoint.name for endpoint in endpoints(app)}
    for operation in operations.values():
        assert operation["description"]
        assert len(operation["tags"]) == 1


def test_tags_are_described(document: dict[str, Any], operations: dict[str, Any]) -> None:
    used = {tag for operation in operations.values() for tag in operation["tags"]} - {"notes"}
    assert {tag["name"] for tag in document["tags"]} == used
    assert all(tag["description"] for tag in document["tags"])


def test_what_is_not_public_asks_for_the_token_and_names_its_right(operations: dict[str, Any]) -> None:
    for name, operation in operations.items():
        assert operation["security"] == ([] if name in PUBLIC else [{"bearer": []}])
    assert operations["write_note"]["x-right"] == "orders.write"
    assert "`orders.write`" in operations["write_note"]["description"]
    assert "x-right" not in operations["me"]


def test_problems_are_one_shared_schema(document: dict[str, Any], operations: dict[str, Any]) -> None:
    """Design 4: application/problem+json."""
    for operation in operations.values():
        for status, answer in operation["responses"].items():
            if status >= "400" and (operation["operationId"], status) != ("ready", "503"):
                content = answer["content"]["application/problem+json"]
                assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
    assert "HTTPValidationError" not in document["components"]["schemas"]


def statuses(operation: dict[str, Any]) -> set[int]:
    return {int(status) for status in operation["responses"]}


def test_each_operation_tells_the_statuses_it_can_have(operations: dict[str, Any]) -> None:
    assert statuses(operations["health"]) == {200, 400}
    assert statuses(operations["ready"]) == {200, 400, 503}
    assert statuses(operations["me"]) == {200, 400, 401, 503}
    assert statuses(operations["read_note"]) == {200, 304, 400, 401, 403, 404, 503}
    assert statuses(operations["list_notes"]) == {200, 400, 401, 403, 503}
    assert statuses(operations["write_note"]) == {201, 400, 401, 403, 408, 409, 413, 415, 422, 503}
    assert statuses(operations["copy_note"]) == {201, 400, 401, 403, 404, 409, 422, 503}
    assert statuses(operations["change_note"]) == {200, 400, 401, 403, 404, 408, 409, 412, 413, 415, 422, 428, 503}
    assert statuses(operations["delete_note"]) == {204, 400, 401, 403, 404, 409, 412, 422, 428, 503}


def parameters(document: dict[str, Any], operation: dict[str, Any]) -> dict[str, dict[str, Any]]:
    shared = document["components"]["parameters"]
    given = [
        shared[one["$ref"].rpartition("/")[2]] if "$ref" in one else one for one in operation.get("parameters", [])
    ]
    return {one["name"]: one for one in given}


def test_every_change_requires_if_match(
    document: dict[str, Any], operations: dict[str, Any], verbs: dict[str, str]
) -> None:
    """Design 4: required on PATCH, PUT and DELETE, and on what changes a document like a PATCH."""
    for name, operation in operations.items():
        found = parameters(document, operation).get("If-Match")
        assert (found is not None) == (verbs[name] in {"patch", "put", "delete"} or name == "amend_order")
        assert found is None or found["required"]


def test_an_idempotency_key_may_go_with_every_post_but_those_that_answer_secrets(
    document: dict[str, Any], operations: dict[str, Any], verbs: dict[str, str]
) -> None:
    keyed = {name for name, one in operations.items() if "Idempotency-Key" in parameters(document, one)}
    assert keyed == {name for name, verb in verbs.items() if verb == "post"} - PUBLIC - SECRET - ASKING


def test_a_reading_that_its_object_may_refuse_says_so(operations: dict[str, Any], verbs: dict[str, str]) -> None:
    refused = {name for name, one in operations.items() if "409" in one["responses"] and verbs[name] == "get"}
    assert refused == {"read_late_fee", "find_price"}


def test_a_list_documents_its_filters_and_its_page(document: dict[str, Any], operations: dict[str, Any]) -> None:
    operation = operations["list_notes"]
    assert {"state", "worth_gte", "sort", "limit", "after", "total"} <= parameters(document, operation).keys()
    assert "hidden" not in parameters(document, operation)
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    assert schema == {"$ref": "#/components/schemas/NotesPage"}
    assert document["components"]["schemas"]["NotesPage"]["properties"]["items"]["items"] == {
        "$ref": "#/components/schemas/NotesRow"
    }


def fields(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, schema in document["components"]["schemas"].items():
        if not name.endswith("Row"):  # a list's row says what its filters say
            yield from ((f"{name}.{field}", about) for field, about in schema.get("properties", {}).items())


def test_every_field_of_a_schema_is_described(document: dict[str, Any]) -> None:
    """Style 7: each field with a description and a unit."""
    assert not [name for name, about in fields(document) if not about.get("description")]


def test_no_schema_is_named_after_its_module(document: dict[str, Any]) -> None:
    """Two classes of one name would be: generators of clients make nothing of that."""
    assert [name for name in document["components"]["schemas"] if "__" in name] == []


def test_no_schema_is_split_into_input_and_output(document: dict[str, Any]) -> None:
    """Client generators trip over split schemas."""
    assert not [name for name in document["components"]["schemas"] if name.endswith(("-Input", "-Output"))]


def bodies() -> Iterator[tuple[str, type[BaseModel]]]:
    """Give the operations that take a JSON body, each with the model that reads it."""
    for endpoint in endpoints(described()):
        if endpoint.body_field is not None:
            model = endpoint.body_field.field_info.annotation
            if isinstance(model, type) and issubclass(model, BaseModel):
                yield endpoint.name, model


@pytest.mark.parametrize(("name", "model"), [pytest.param(*one, id=one[0]) for one in bodies()])
def test_the_example_of_a_body_is_one_that_is_accepted(
    operations: dict[str, Any], name: str, model: type[BaseModel]
) -> None:
    """Design 4: whoever sends the example as it stands is not refused for its shape."""
    example = operations[name]["requestBody"]["content"]["application/json"]["example"]
    read = model.model_validate(example)
    assert read.model_fields_set or not model.model_fields, "an example shows something"


def named_by_pydantic(tree: Any) -> Iterator[Any]:
    if isinstance(tree, dict):
        yield from ((name, value) for name, value in tree.items() if name in {"ge", "le", "gt", "lt"})
        for part in tree.values():
            yield from named_by_pydantic(part)
    elif isinstance(tree, list):
        for part in tree:
            yield from named_by_pydantic(part)


def test_limits_have_the_names_of_json_schema(document: dict[str, Any]) -> None:
    """A limit by another name is one that no client sees."""
    party_id = document["components"]["schemas"]["OrderIn"]["properties"]["party_id"]
    assert (party_id["minimum"], party_id["maximum"]) == (1, 2**63 - 1)
    assert not list(named_by_pydantic(document["components"]))
