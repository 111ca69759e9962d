"""What a process has to import before it does anything."""

from __future__ import annotations

import subprocess
import sys

import pytest

from house.base import ROOT

pytestmark = pytest.mark.fast


def test_a_command_does_not_make_the_routes_it_never_serves() -> None:
    """ERP-02: the composition root sees the API, but only who serves it pays for it."""
    program = "import sys, app.bootstrap, app.cli; sys.exit('app.api.create' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0
