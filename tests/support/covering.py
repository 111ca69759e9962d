"""How much of the engine its own tests run, measured beside the run that the tests are in anyway.

``ENGINE_COVERAGE`` names the per cent of lines and branches below which the run fails; without it nothing is measured.
A tracer costs what it sees, so it is on only while the engine is imported and while a test of it runs. Property
tests and the simulation are left out: they run the same lines thousands of times. So the figure is rather too low.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from importlib import import_module
from io import StringIO
from pathlib import Path
from pkgutil import walk_packages
from typing import Any, Final

import pytest
from coverage import Coverage, CoverageData

from house.base import ROOT

VARIABLE: Final = "ENGINE_COVERAGE"
ENGINE: Final = ROOT / "app" / "workflow"
_SENT: Final = "engine_coverage"


def is_measured(test: Path) -> bool:
    """Tell whether a file holds tests of the engine, other than those that run the same again and again."""
    return test.name.startswith("test_workflow_") and test.parent.name != "property"


class Covering:
    """A plugin: measures in each process that runs tests, adds up and judges in the one that was started.

    Made before the engine is imported, or what runs at its import would be missing.
    """

    def __init__(self, floor: float, folder: Path = ENGINE) -> None:
        self.floor = floor
        self.percent = 0.0
        self.missing = ""
        self._measure = Coverage(data_file=None, config_file=False, branch=True, source=[str(folder)])
        self._measure.start()
        # At once, so that nobody looks on while everything else is imported.
        for module in walk_packages([str(folder)], "app.workflow."):
            import_module(module.name)
        self._measure.stop()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Look at a test of the engine."""
        if not is_measured(item.path):
            return (yield)
        self._measure.start()
        try:
            return (yield)
        finally:
            self._measure.stop()

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Add what a process has measured that runs tests for this one."""
        sent = getattr(node, "workeroutput", {}).get(_SENT)
        if sent is not None:
            measured = CoverageData(no_disk=True)
            measured.loads(sent)
            self._measure.get_data().update(measured)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Hand over what was measured, or judge it."""
        data = self._measure.get_data()
        output = getattr(session.config, "workeroutput", None)
        if output is not None:
            output[_SENT] = data.dumps()
            return
        table = StringIO()
        self.percent = self._measure.report(file=table, show_missing=True, skip_covered=True)
        self.missing = table.getvalue()
        if self.percent < self.floor and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the figure, and what is missing when it is too low."""
        enough = self.percent >= self.floor
        if not enough:
            terminalreporter.write(self.missing)
        terminalreporter.write_line(
            f"coverage of app/workflow by its own tests: {self.percent:.1f} %, lines and branches"
            f" ({self.floor:g} % needed)",
            green=enough,
            red=not enough,
        )


def begun() -> Covering | None:
    """Begin to measure if that is asked for. Raises RuntimeError when it is too late."""
    asked = os.environ.get(VARIABLE)
    if not asked:
        return None
    if "PYTEST_XDIST_WORKER" in os.environ:
        # What a test starts is not asked.
        del os.environ[VARIABLE]
    if "app.workflow" in sys.modules:
        raise RuntimeError("the engine was imported before anybody could look")
    return Covering(float(asked))


COVERING: Final = begun()
