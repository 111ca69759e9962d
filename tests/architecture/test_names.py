"""One capability has one file name in every layer."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from house.base import ROOT

pytestmark = pytest.mark.fast

APP: Final = ROOT / "app"
CAPABILITIES: Final = {
    "access",
    "attachments",
    "banking",
    "billing",
    "catalogue",
    "fields",
    "identity",
    "jobs",
    "journal",
    "mail",
    "papers",
    "parties",
    "sales",
    "shipping",
    "stock",
}

# Where capabilities stand, and what else may stand there because it belongs to all of them.
LAYERS: Final[dict[str, set[str]]] = {
    "domain": {"chains", "privacy", "processes", "shared"},
    "usecases": {
        "batch",
        "chains",
        "context",
        "custom",
        "importing",
        "ports",
        "privacy",
        "processes",
        "reachable",
        "reports",
        "retention",
        "run",
        "shared",
    },
    "usecases/ports": {
        "chains",
        "listing",
        "privacy",
        "processes",
        "reports",
        "resources",
        "retention",
        "shared",
        "workflows",
    },
    "infrastructure/database/tables": {"documents", "processes", "search", "shared"},
    "infrastructure/database/repositories": {
        "chains",
        "documents",
        "listing",
        "privacy",
        "processes",
        "reports",
        "retention",
        "search",
        "shared",
    },
    "api/schemas": {"batch", "chains", "documents", "processes", "reports", "resources", "shared"},
    "api/routers": {"chains", "health", "privacy", "processes", "reports", "resources", "shared"},
}


def names_in(folder: Path) -> set[str]:
    """Give the names of the modules and packages in a folder."""
    files = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    return files | {path.parent.name for path in folder.glob("*/__init__.py")}


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_holds_capabilities_by_their_names_and_what_they_share(layer: str) -> None:
    """ERP-01: whoever knows a capability's name finds it in every layer."""
    strangers = names_in(APP / layer) - CAPABILITIES - LAYERS[layer]
    assert not strangers, f"app/{layer} has files that are no capability: {sorted(strangers)}"


@pytest.mark.parametrize("layer", LAYERS)
def test_every_capability_stands_in_every_layer(layer: str) -> None:
    """ERP-01: a capability without its file in a layer hides in another's."""
    assert not CAPABILITIES - names_in(APP / layer)


def test_a_test_file_named_after_a_module_names_one_that_exists() -> None:
    """A test whose subject was renamed is found by nobody."""
    subjects = {path.stem for path in APP.rglob("*.py")} | {path.name for path in APP.rglob("*/")}
    unit = {path.stem.removeprefix("test_") for path in (ROOT / "tests" / "unit").rglob("test_*.py")}
    known = {name for name in unit if any(name.startswith(subject) for subject in subjects)}
    assert unit - known <= {"no_network", "transitions"}
