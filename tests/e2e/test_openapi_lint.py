"""The OpenAPI document is clean for the two linters that users run on it, and keeps to our own manners."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from app.api.create import ROUTERS, create_app
from house.node import FOLDER
from tests.support.api import container, notes
from tests.support.node import run_package

Document = dict[str, Any]
ORDERS: Final = "/api/v1/orders"


@pytest.fixture(scope="module")
def document() -> Document:
    """Give the document of the product and of one endpoint of each kind."""
    whole: Document = create_app(container(), [*ROUTERS, notes()]).openapi()
    whole["tags"].append({"name": "notes", "description": "One endpoint of each kind, for tests"})
    return whole


def spectral(document: Document, folder: Path) -> set[str]:
    """Give the rules that spectral finds broken."""
    (folder / "openapi.json").write_text(json.dumps(document), encoding="utf-8")
    linted = run_package(
        *("spectral", "lint", "openapi.json", "--ruleset", FOLDER / ".spectral.yaml"),
        *("--format", "json", "--fail-severity", "hint", "--quiet"),
        folder=folder,
    )
    assert not linted.stderr, linted.stderr
    return {one["code"] for one in json.loads(linted.stdout or "[]")}


def redocly(document: Document, folder: Path) -> set[str]:
    """Give the rules that redocly finds broken."""
    (folder / "openapi.json").write_text(json.dumps(document), encoding="utf-8")
    linted = run_package(
        *("redocly", "lint", "openapi.json", "--config", FOLDER / "redocly.yaml", "--format", "json"), folder=folder
    )
    found = json.loads(linted.stdout[linted.stdout.index("{") :])
    assert found["totals"]["ignored"] == 0
    return {one["ruleId"] for one in found["problems"]}


@pytest.mark.full
def test_spectral_finds_nothing(document: Document, tmp_path: Path) -> None:
    """Design 4: OpenAPI is a product; spectral's rules for OpenAPI and our own, no error, warning or hint."""
    assert not spectral(document, tmp_path)


@pytest.mark.fast
def test_redocly_finds_nothing(document: Document, tmp_path: Path) -> None:
    """Design 4: redocly's recommended rules, no error and no warning."""
    assert not redocly(document, tmp_path)


def operation(document: Document, path: str = ORDERS) -> dict[str, Any]:
    created: dict[str, Any] = document["paths"][path]["post"]
    return created


BREAKS: Final[dict[str, Callable[[Document], object]]] = {
    "operation-summary": lambda d: operation(d).update(summary=""),
    "operation-named-in-snake-case": lambda d: operation(d).update(operationId="createOrder"),
    "operation-one-tag": lambda d: operation(d)["tags"].append("invoices"),
    "operation-says-who-may": lambda d: d["paths"]["/health"]["get"].pop("security"),
    "right-is-dotted": lambda d: operation(d).update({"x-right": "Write"}),
    "path-in-kebab-case": lambda d: d["paths"].update({"/api/v1/sellOrders": d["paths"].pop("/api/v1/reports/sales")}),
    "parameter-named-as-its-kind": lambda d: d["components"]["parameters"]["IfNoneMatch"].update(description=""),
    "field-in-snake-case": lambda d: d["components"]["schemas"]["OrderIn"]["properties"].update(
        {"dueDate": {"type": "string"}}
    ),
    "body-has-an-example": lambda d: operation(d)["requestBody"]["content"]["application/json"].pop("example"),
    "secured-operation-can-be-refused": lambda d: operation(d)["responses"].pop("401"),
    "secured-refusals-are-problems": lambda d: operation(d)["responses"]["409"].pop("content"),
    "change-needs-the-version-seen": lambda d: d["paths"][f"{ORDERS}/{{order_id}}"]["patch"]["responses"].pop("428"),
    "oas3-valid-media-example": lambda d: operation(d, "/api/v1/products")["requestBody"]["content"][
        "application/json"
    ].update(example={"ref": 7}),
    "oas3-unused-component": lambda d: d["components"]["schemas"].update(Nobody={"type": "string"}),
}


@pytest.mark.full
def test_each_rule_of_ours_can_fail(document: Document, tmp_path: Path) -> None:
    """A rule that finds nothing whatever is written is no rule."""
    broken = copy.deepcopy(document)
    for rule in BREAKS.values():
        rule(broken)
    assert BREAKS.keys() <= spectral(broken, tmp_path)


@pytest.mark.full
def test_redocly_would_find_what_it_is_asked_for(document: Document, tmp_path: Path) -> None:
    """A limit by pydantic's own name, and two paths that nobody can tell apart."""
    broken = copy.deepcopy(document)
    broken["components"]["schemas"]["OrderIn"]["properties"]["party_id"]["ge"] = 1
    broken["paths"][f"{ORDERS}/{{number}}"] = copy.deepcopy(broken["paths"][f"{ORDERS}/{{order_id}}"])
    assert redocly(broken, tmp_path) >= {"struct", "no-identical-paths"}
