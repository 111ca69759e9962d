"""Which use cases are offered to definitions, and that what is told of them is so."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator

from app.api.create import ROUTERS
from app.api.provide import Provided
from app.api.refusals import NoSuchPath
from app.api.resources import INNER, OPERATIONS, ApiResources
from app.api.route import Endpoint
from app.domain.processes import role_of
from app.domain.shared.ids import CompanyId
from app.usecases.context import system_context

pytestmark = pytest.mark.fast

NEVER: Final = ("access", "attachments", "fields", "identity", "jobs", "papers", "processes")
"""Modules of use cases that make users, roles, keys and settings, take files, or see to the machinery."""
READS: Final = {"GET"}


@cache
def offered() -> ApiResources:
    """Give the resources, of use cases that are never run."""
    return ApiResources({}, lines_limit=2)


def _changing() -> dict[str, type[Any]]:
    found: dict[str, type[Any]] = {}
    for router in ROUTERS:
        for route in router.routes:
            entry = getattr(route, "entry", None)
            if isinstance(route, Endpoint) and isinstance(entry, Provided) and route.verb not in READS:
                found[route.name] = entry.case
    return found


def test_every_use_case_that_changes_the_business_is_offered_and_no_other() -> None:
    """ASL-05: a new route is offered as well, or belongs to what definitions never touch."""
    wanted = {
        name
        for name, case in _changing().items()
        if case.__module__.split(".")[2] not in NEVER and not name.startswith("batch_")
    }
    assert set(OPERATIONS.values()) == wanted
    assert len(OPERATIONS) == len(wanted)


def test_what_is_told_of_a_resource_is_a_schema_of_one_object() -> None:
    """ASL-05: path, version and body do not get in each other's way."""
    told = offered().all()
    assert [one.name for one in told] == sorted(f"tramita:{name}" for name in (*OPERATIONS, *INNER))
    for one in told:
        Draft202012Validator.check_schema(one.input)
        Draft202012Validator.check_schema(one.output)
        assert one.about, one.name
        assert len(one.input["required"]) == len(set(one.input["required"])), one.name
        assert set(one.input["required"]) <= one.input["properties"].keys(), one.name


def test_a_document_of_too_many_lines_is_refused_as_over_http() -> None:
    """LINES_LIMIT holds for steps too."""
    context = system_context("x")
    body = {"party_id": 1, "lines": [{"description": "x", "quantity": "1", "unit_price": "1"}] * 3}
    with pytest.raises(Exception, match="too_many_lines"):
        offered().prepare("tramita:orders.create", body, context)


def test_a_resource_that_is_gone_is_told_so() -> None:
    """A definition outlives the version of the program that it was checked by."""
    with pytest.raises(NoSuchPath):
        offered().prepare("tramita:orders.nothing", {}, system_context("x"))
    assert offered().right("tramita:orders.nothing") is None


@pytest.mark.parametrize(
    ("arn", "role"),
    [
        ("arn:aws:iam::000000000001:role/tramita/7", 7),
        ("arn:aws:iam::000000000002:role/tramita/7", 0),
        ("arn:aws:iam::000000000001:role/any", None),
        ("arn:aws:iam::000000000001:role/tramita/x", None),
        ("", None),
    ],
)
def test_a_role_arn_names_a_role_of_the_company(arn: str, role: int | None) -> None:
    """ASL-05: one of another company is one that nobody has."""
    assert role_of(arn, CompanyId(1)) == role
