"""What a process has to import before it does anything."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from house.base import ROOT

pytestmark = pytest.mark.fast


def test_a_command_does_not_make_the_routes_it_never_serves() -> None:
    """ERP-02: the composition root sees the API, but only who serves it pays for it."""
    program = "import sys, app.bootstrap, app.cli; sys.exit('app.api.create' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0


def test_a_command_compiles_no_statement_it_does_not_run(tmp_path: Path) -> None:
    """ERP-02: hundreds of statements are registered at import; making them into SQL is for who serves them all."""
    program = (
        "import sys, app.bootstrap\n"
        "from app.infrastructure.database.compiled import _REGISTRY, Prepared\n"
        "from app.infrastructure.database.engine import Database\n"
        f"Database.of(app.bootstrap.Settings(data_dir={str(tmp_path)!r})).close()\n"
        "registered = [one for one in _REGISTRY if isinstance(one, Prepared)]\n"
        "sys.exit(len(registered) < 100 or any(one._compiled for one in registered))"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0
