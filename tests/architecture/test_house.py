"""The project's own files agree with each other."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

import app
from app.settings import Settings
from house import aws, node
from house.base import ROOT
from house.venv import LOCKS

pytestmark = pytest.mark.fast

PYPROJECT: Final = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
PROJECT: Final[dict[str, Any]] = tomllib.loads(PYPROJECT)["project"]
EXAMPLE_HEAD: Final = "# Every setting is an environment variable; these are the defaults.\n"


def locked(lock: Path) -> dict[str, Version]:
    """Give the versions of a lock file by canonical name."""
    lines = re.findall(r"^([\w.-]+)==([^\s;\\]+)", lock.read_text(encoding="utf-8"), re.MULTILINE)
    return {canonicalize_name(name): Version(version) for name, version in lines}


def test_imports_keep_to_the_layers() -> None:
    """ERP-01: the arrows of the layers, checked by import-linter; its contracts stand in pyproject.toml."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("kind", ["runtime", "dev", "build"])
def test_the_lock_files_hold_what_the_project_asks_for(kind: str) -> None:
    asked = [*PROJECT["dependencies"], *(PROJECT["optional-dependencies"]["dev"] if kind == "dev" else [])]
    if kind == "build":
        asked = tomllib.loads(PYPROJECT)["build-system"]["requires"]
    found = locked(LOCKS[kind])
    for requirement in map(Requirement, asked):
        version = found.get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement.name} is not locked: scripts/lock"
        assert version in requirement.specifier, f"{requirement} but locked is {version}: scripts/lock"


def test_the_tests_run_on_the_versions_that_are_shipped() -> None:
    assert locked(LOCKS["runtime"]).items() <= locked(LOCKS["dev"]).items()
    assert locked(LOCKS["build"]).items() <= locked(LOCKS["dev"]).items(), "the wheel is built alike everywhere"


@pytest.mark.parametrize("lock", [*LOCKS.values(), aws.LOCK], ids=lambda lock: str(lock.name))
def test_a_lock_file_names_no_package_index_and_pins_content(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    assert not re.search(r"https?:|file:|--(extra-)?index-url|--find-links", text)
    pins = re.split(r"\n(?=\S)", text.strip())
    assert all("--hash=sha256:" in pin for pin in pins)


def test_the_lock_file_of_node_names_no_registry_and_pins_content() -> None:
    lock = json.loads(node.LOCK.read_text(encoding="utf-8"))
    asked = json.loads((node.FOLDER / "package.json").read_text(encoding="utf-8"))["devDependencies"]
    assert lock["packages"][""]["devDependencies"] == asked, "npm install in tests/node"
    packages = {name: about for name, about in lock["packages"].items() if name}
    assert packages
    assert not [name for name, about in packages.items() if "resolved" in about]
    assert not [name for name, about in packages.items() if "integrity" not in about and not about.get("inBundle")]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in asked.values()), "exact versions"


def test_the_version_is_one_and_the_changelog_knows_it() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    released = re.findall(r"^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d{2}-\d{2}$", changelog, re.MULTILINE)
    assert str(Version(app.__version__)) == app.__version__
    assert "## [Unreleased]" in changelog or released
    assert all(Version(version) <= Version(app.__version__) for version in released)
    assert "version" in PROJECT["dynamic"], "it is read from app/__init__.py"


def test_the_example_environment_lists_every_setting_with_its_default() -> None:
    """ERP-05: pool size, overflow, lifetime and timeouts are variables, and each is documented."""
    entries = [
        f"# {field.description}\n#{name.upper()}={shown(field)}\n" for name, field in Settings.model_fields.items()
    ]
    assert all(field.description for field in Settings.model_fields.values())
    expected = f"{EXAMPLE_HEAD}\n" + "\n".join(entries)
    assert (ROOT / ".env.example").read_text(encoding="utf-8") == expected, f"should be:\n{expected}"


def shown(field: FieldInfo) -> str:
    """Write a default as it would stand in the environment; secrets and what follows from other settings are empty."""
    default = field.get_default()
    if default is None or isinstance(default, SecretStr) or default is PydanticUndefined:
        return ""
    return ",".join(default) if isinstance(default, tuple) else str(default)


def test_every_command_is_executable_and_needs_only_the_standard_library() -> None:
    """They run before anything is installed."""
    commands = [path for path in (ROOT / "scripts").iterdir() if path.is_file() and not path.suffix]
    assert {path.name for path in commands} >= {"run", "test", "check", "bench"}
    for path in commands:
        assert path.stat().st_mode & 0o111 == 0o111, f"{path} is not executable"
        assert path.read_text(encoding="utf-8").startswith("#!/usr/bin/env python3\n")
    assert (ROOT / ".ci" / "run").read_text(encoding="utf-8").startswith("#!/bin/sh\n")  # started as `bash .ci/run`
    for path in [*commands, *(ROOT / "scripts" / "house").glob("*.py")]:
        assert roots_imported(path) <= sys.stdlib_module_names | {"house"}, path


def roots_imported(path: Path) -> set[str]:
    """Give the top-level packages a file imports."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    return {name.partition(".")[0] for name in names}


def test_the_readme_explains_every_setting_and_links_every_document() -> None:
    """ERP-05: whoever reads nothing else finds what can be set, under a name that exists."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`[^|]*`) \|", readme, re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == {
        name.upper() for name in Settings.model_fields
    }
    assert [path.name for path in (ROOT / "docs").glob("*.md") if f"(docs/{path.name})" not in readme] == []


def test_the_changelog_says_each_thing_once_in_lines_of_at_most_120_characters() -> None:
    lines = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if len(line) > 120] == []
    entries = [line for line in lines if line.startswith("- ")]
    assert len(entries) == len(set(entries))
    for part in "\n".join(lines).split("\n## ")[1:]:
        headings = re.findall(r"^### (\w+)$", part, re.MULTILINE)
        order = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"]
        assert headings == [name for name in order if name in headings]
