"""docs/security.md promises nothing without a test that exists."""

from __future__ import annotations

import ast
import re
from functools import cache
from typing import Final

import pytest

from house.base import ROOT

pytestmark = pytest.mark.fast

DOCUMENT: Final = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
HEAD: Final = "| promise | test |"
NAMED: Final = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def promises(text: str) -> list[tuple[str, str]]:
    """Give each row of the tables of promises: what is promised, and the cell that names its tests."""
    found = []
    for table in text.split(HEAD)[1:]:
        rows = table.split("\n\n", 1)[0].strip().splitlines()[1:]
        found += [(row.split("|")[1].strip(), row.split("|", 2)[2]) for row in rows]
    return found


@cache
def known_in(file: str) -> frozenset[str]:
    """Give the names of the tests a file defines, at its top or in a class; none for a file that is not there."""
    path = ROOT / file
    tree = ast.parse(path.read_text(encoding="utf-8")) if path.is_file() else ast.Module([], [])
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return frozenset(node.name for node in functions if node.name.startswith("test_"))


def unproved(text: str) -> list[str]:
    """Give the promises that name no test."""
    return [promise for promise, cell in promises(text) if not NAMED.search(cell)]


def missing(text: str) -> list[str]:
    """Give the tests that are named and do not exist, and names of tests that are not told in full."""
    loose = re.findall(r"(?<!::)(?<![\w/])test_\w+(?!\w|\.py)", text)
    return loose + [f"{file}::{name}" for file, name in NAMED.findall(text) if name not in known_in(file)]


def test_every_promise_names_its_test() -> None:
    """A promise without proof is a hope; there are promises in each part of the document."""
    parts = re.split(r"^## ", DOCUMENT, flags=re.MULTILINE)
    without = {part.splitlines()[0] for part in parts[1:] if HEAD not in part}
    assert without == {"Not promised", "What whoever runs it has to do"}
    assert len(promises(DOCUMENT)) >= 60
    assert unproved(DOCUMENT) == []


def test_every_test_that_is_named_exists() -> None:
    assert missing(DOCUMENT) == []


def test_what_is_named_outside_the_tables_exists_too() -> None:
    """Files of tests, settings, and documents beside this one."""
    files = set(re.findall(r"`(tests/[\w/]+\.py)`", DOCUMENT))
    assert "tests/architecture/test_security_document.py" in files
    assert [file for file in files if not (ROOT / file).is_file()] == []
    linked = re.findall(r"\]\((\w+\.md)", DOCUMENT)
    assert [name for name in linked if not (ROOT / "docs" / name).is_file()] == []
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert [name for name in re.findall(r"`([A-Z]+_[A-Z_]+)`", DOCUMENT) if f"#{name}=" not in example] == []


def test_a_promise_without_a_test_and_a_test_that_is_gone_are_seen() -> None:
    here = "tests/architecture/test_security_document.py"
    proved = f"{HEAD}\n|---|---|\n| It is so | `{here}::test_every_promise_names_its_test` |\n\nmore\n"
    assert (unproved(proved), missing(proved)) == ([], [])
    assert unproved(proved.replace(f"`{here}::test_every_promise_names_its_test`", "of course")) == ["It is so"]
    assert missing(proved.replace("every_promise", "no_promise")) == [f"{here}::test_no_promise_names_its_test"]
    assert missing(proved.replace("architecture", "nowhere")) != []
    assert missing(proved.replace(f"{here}::", "")) == ["test_every_promise_names_its_test"]
