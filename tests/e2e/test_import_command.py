"""The import from the command line, as a real process on a fresh installation."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from house.base import ROOT

Command = Callable[..., subprocess.CompletedProcess[str]]

MAPPING = """
kind = "products"
[fields]
ref = "id"
name = "name"
unit_price = "price"
vat_rate = { constant = "20" }
"""


@pytest.fixture
def tramita(tmp_path: Path) -> Command:
    """Give the command of an installation with one company, in a directory that is not the project's."""
    environment = {**os.environ, "DATA_DIR": str(tmp_path / "data"), "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"}

    def run(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "app", *arguments]
        return subprocess.run(
            command, cwd=tmp_path, env=environment | more, capture_output=True, text=True, check=False
        )

    made = run("init", "--company", "Chai House", "--email", "ann@example.com")
    assert made.returncode == 0, made.stderr
    (tmp_path / "mapping.toml").write_text(MAPPING, encoding="utf-8")
    return run


@pytest.mark.fast
def test_an_import_tells_what_it_did_and_fails_when_something_was_refused(tramita: Command, tmp_path: Path) -> None:
    """ERP-06: dry run first, then the refused row corrected."""
    source, errors = tmp_path / "products.csv", tmp_path / "products.csv.errors.csv"
    source.write_text("id,name,price\n1,Chai,18\n2,Chang,nineteen\n", encoding="utf-8")
    arguments = ("import", "products", "products.csv", "--mapping", "mapping.toml")

    rehearsed = tramita(*arguments, "--dry-run")
    assert rehearsed.returncode == 1
    assert rehearsed.stdout.strip().endswith("(dry run)")

    refused = tramita(*arguments)
    assert refused.returncode == 1
    assert "2 products: 1 created" in refused.stdout
    assert errors.name in refused.stderr
    with errors.open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["row"], row["column"], row["code"]) == ("3", "price", "import.bad_value")
    assert row["message"] == "“nineteen” is not what is expected here: a number."
    tramita(*arguments, LC_ALL="", LC_MESSAGES="", LANG="de_AT.UTF-8")
    assert "„nineteen“ ist nicht das, was hier erwartet wird: eine Zahl." in errors.read_text(encoding="utf-8")

    source.write_text("id,name,price\n1,Chai,18\n2,Chang,19\n", encoding="utf-8")
    corrected = tramita(*arguments)
    assert corrected.returncode == 0, corrected.stderr
    assert "1 created, 0 changed, 1 unchanged" in corrected.stdout
    assert not errors.exists()
    assert "2 done before" in tramita(*arguments).stdout


@pytest.mark.full
def test_a_mapping_that_does_not_fit_fails_before_anything_is_stored(tramita: Command, tmp_path: Path) -> None:
    (tmp_path / "products.csv").write_text("id,name\n1,Chai\n", encoding="utf-8")
    failed = tramita("import", "products", "products.csv", "--mapping", "mapping.toml")
    assert failed.returncode == 1
    assert "products.csv has no column price" in failed.stderr
    assert "Traceback" not in failed.stderr
    translated = tramita("import", "products", "products.csv", "--mapping", "mapping.toml", LC_ALL="pt_BR.UTF-8")
    assert (
        "O mapeamento não pode ser usado: products.csv has no column price. (import.bad_mapping)" in translated.stderr
    )
