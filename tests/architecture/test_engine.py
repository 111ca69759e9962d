"""The engine is a library: it lifts out of the product as a folder, and its documents say what its tables say."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.workflow.kernel.status import AWS, LIFE
from house.base import ROOT


def _rows(heading: str) -> list[tuple[str, ...]]:
    """Give the cells of the table of docs/engine/executions.md with these columns."""
    text = (ROOT / "docs" / "engine" / "executions.md").read_text(encoding="utf-8")
    table = text.partition(f"| {heading} |\n")[2].partition("\n\n")[0]
    return [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in table.splitlines()[1:]]


@pytest.mark.fast
def test_the_life_of_an_execution_stands_in_the_documents_with_what_aws_calls_it() -> None:
    """ORC-01: the table printed is the table that rules."""
    assert _rows("from | change | to") == [row[:3] for row in LIFE.table()]
    assert {row[0]: row[2] for row in _rows("status | meaning | on AWS")} == {k.value: v for k, v in AWS.items()}


@pytest.mark.full
def test_the_engine_lifts_out_as_a_folder(tmp_path: Path) -> None:
    """Design 1: copied elsewhere without anything of the business, it is imported there and passes its unit tests."""
    shutil.copytree(
        ROOT / "app" / "workflow", tmp_path / "app" / "workflow", ignore=shutil.ignore_patterns("__pycache__")
    )
    (tmp_path / "app" / "__init__.py").touch()
    shutil.copytree(ROOT / "tests" / "support" / "workflow", tmp_path / "tests" / "support" / "workflow")
    unit = tmp_path / "tests" / "unit"
    unit.mkdir()
    for test in (ROOT / "tests" / "unit").glob("test_workflow_*.py"):
        shutil.copy(test, unit)
    (unit / "test_where.py").write_text(
        "import pytest\nimport app.workflow\n\n@pytest.mark.fast\ndef test_it_is_the_copy():\n"
        f"    assert app.workflow.__file__.startswith({str(tmp_path)!r})\n    assert app.workflow.__version__\n",
        encoding="utf-8",
    )
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\nmarkers =\n    fast: here\n    full: here\nfilterwarnings = error\n", encoding="utf-8"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", str(unit)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) > 40
