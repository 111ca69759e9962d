"""The benchmarks run to their end and find the books in order."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.fast
ROOT = Path(__file__).resolve().parents[2]


def test_a_quick_run_of_the_benchmarks_measures_every_operation_and_finds_the_books_sound() -> None:
    """A benchmark that is only run now and then would rot in between."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick", "--database", "sqlite"],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [line for line in done.stdout.splitlines() if line.startswith("| ")]
    assert len(rows) == 2 + 14
    assert not any("FAILED" in row for row in rows)
    assert "the books are sound" in done.stdout
