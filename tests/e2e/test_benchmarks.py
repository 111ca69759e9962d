"""The benchmarks run to their end and find the books in order."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.full
def test_a_quick_run_of_the_benchmarks_measures_every_operation_and_finds_the_books_sound() -> None:
    """A benchmark that is only run now and then would rot in between: every full run makes it."""
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


@pytest.mark.full
def test_a_short_soak_finds_every_action_done_or_says_which_was_not_and_the_books_sound() -> None:
    """CT-02: clients at random on each database; no 5xx, and levels, chains and balances agree afterwards."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--soak", "4", "--clients", "3", "--database", "sqlite"],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    rows = [line.split(" | ") for line in done.stdout.splitlines() if line.startswith("| sqlite")]
    assert len(rows) == 1, done.stdout + done.stderr
    assert int(rows[0][1]) > 0
    assert rows[0][3:] == ["0", "sound |"]
    assert "WRONG" not in done.stdout
    assert "the books are sound" in done.stdout
    assert done.returncode == ("NOT DONE" in done.stdout)
