"""What the engine's tests cover of it is measured where all of them run, and too little fails the run."""

from __future__ import annotations

import subprocess
import sys

import pytest

from house import test
from house.base import ROOT
from tests.support.covering import VARIABLE, is_measured

pytestmark = pytest.mark.fast
TESTS = "tests/unit/test_workflow_lateness.py"


@pytest.mark.parametrize(("folder", "measured"), [("unit", True), ("contract", True), ("property", False)])
def test_tests_of_the_engine_are_looked_at_but_for_the_long_ones(folder: str, *, measured: bool) -> None:
    assert is_measured(ROOT / "tests" / folder / "test_workflow_engine.py") == measured
    assert not is_measured(ROOT / "tests" / folder / "test_engine.py")


def test_a_run_of_everything_is_measured_and_a_chosen_part_is_not() -> None:
    assert test._measured(whole=True) == {VARIABLE: "90"}
    assert test._measured(whole=False) == {}


def test_a_run_that_covers_too_little_fails_and_says_what_is_missing() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", TESTS],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", VARIABLE: "99"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout + done.stderr
    assert " passed" in done.stdout
    assert "coverage of app/workflow by its own tests: " in done.stdout
    assert "%, lines and branches (99 % needed)" in done.stdout
    assert "app/workflow/drawing.py" in done.stdout
