"""The engine's reference says what its code says, and leaves out nothing that its user meets."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pkgutil import walk_packages
from typing import Final

import pytest

import app.workflow
from house.base import ROOT
from tests.support.workflow import reference

pytestmark = pytest.mark.fast
GUIDES: Final = ROOT / "docs" / "engine"
TEXT: Final = (GUIDES / "reference.md").read_text(encoding="utf-8")
INSIDE: Final = {
    "app.workflow.asl.paths.ConflictError",  # these three become errors of a step, by AWS's names
    "app.workflow.asl.jsonata.errors.JsonataError",
    "app.workflow.asl.intrinsics.IntrinsicError",
    "app.workflow.asl.maps.pieces.DatasetError",  # so does this one
    "app.workflow.runtime.core.BusyError",  # the loop's: whoever asks waits
    "app.workflow.runtime.core.UnfitError",  # a transaction of several is taken apart
}
"""Errors that never reach a user."""


def _blocks() -> Iterator[ast.Module]:
    """Give the Python of the guides, and of the README."""
    for page in (*GUIDES.glob("*.md"), ROOT / "README.md"):
        for block in re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            yield ast.parse(block)


def _shown(module: str, name: str) -> bool:
    """Tell whether a name stands in the part of the reference that is about its module, or its module's package."""
    parts = re.split(r"^### `([\w.]+)`$", TEXT, flags=re.MULTILINE)
    sections = zip(parts[1::2], parts[2::2], strict=True)
    entry = re.compile(rf"^- \*\*`{name}\b", re.MULTILINE)
    return any(entry.search(text) for title, text in sections if module == title or module.startswith(f"{title}."))


def _known(module: str, name: str) -> bool:
    """Tell whether the reference shows what a module has under a name, there or where that was made."""
    wanted = getattr(import_module(module), name)
    listed = [f"app.workflow.{place}" for places in reference.SECTIONS.values() for place in places]
    return any(getattr(import_module(place), name, None) is wanted and _shown(place, name) for place in listed)


def test_the_reference_is_what_the_code_says() -> None:
    assert reference.written() == TEXT, "python -m tests.support.workflow.reference > docs/engine/reference.md"


def test_what_the_guides_import_stands_in_the_reference() -> None:
    imported = {
        (node.module, name.name)
        for block in _blocks()
        for node in ast.walk(block)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("app.workflow.")
        for name in node.names
        if not (name.name.islower() and _is_module(f"{node.module}.{name.name}"))
    }
    assert len(imported) > 20
    assert sorted(found for found in imported if not _known(*found)) == []


def _is_module(path: str) -> bool:
    return any(found.name == path for found in walk_packages(app.workflow.__path__, "app.workflow."))


def test_every_error_a_user_may_catch_stands_in_the_reference() -> None:
    errors = set()
    for found in walk_packages(app.workflow.__path__, "app.workflow."):
        for name, value in vars(import_module(found.name)).items():
            if isinstance(value, type) and issubclass(value, Exception) and value.__module__ == found.name:
                errors.add((found.name, name))
    missing = {f"{module}.{name}" for module, name in errors if not name.startswith("_") and not _shown(module, name)}
    assert missing == INSIDE


def test_no_public_name_of_a_module_that_is_told_of_as_a_whole_is_missing() -> None:
    for modules in reference.SECTIONS.values():
        for name, names in modules.items():
            if names is reference.ALL:
                module = import_module(f"app.workflow.{name}")
                assert [it for it in reference.public(module) if not _shown(module.__name__, it)] == []


def test_every_public_name_has_a_line_about_it() -> None:
    """A constant or an alias may speak for itself; a class, a function and a method may not."""
    speechless = re.findall(r"^ *- \**`\w+\(.*`\**$", TEXT, re.MULTILINE)
    assert speechless == []


def test_the_guides_and_the_readme_lead_to_the_reference() -> None:
    assert "(docs/engine/reference.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
    for page in ("getting-started", "machines", "runtime", "extending", "executions"):
        assert "(reference.md)" in (GUIDES / f"{page}.md").read_text(encoding="utf-8"), page
