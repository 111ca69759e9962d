"""Imports as the tests start them: in this process, and in one that is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from app.importer.files import Desk, ImportOptions, ImportReport, import_file
from app.importer.northwind import FILES, MAPPINGS
from app.infrastructure.database.engine import Database
from app.usecases.ports.listing import Query
from app.usecases.stock import ListLevels
from house.base import ROOT
from tests.support.books import Books

NAMES: Final = tuple(name for _, name in FILES)


def ignore(stage: str, done: int, total: int) -> None:
    """Nobody watches."""


def northwind_file(desk: Desk, folder: Path, name: str, **options: Any) -> ImportReport:
    kind = {name: kind for kind, name in FILES}[name]
    source, mapping = folder / f"{name}.csv", MAPPINGS / f"{name}.toml"
    return import_file(desk, kind, source, mapping, ImportOptions(**options), ignore)


def killed_at(database: Database, books: Books, folder: Path, what: str, reached: Callable[[str], bool]) -> None:
    """Run a real process until it says that it is where it shall die."""
    url = database.url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "tests.support.stoppable", url, str(books.company), str(folder), what]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "scripts")))}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for step in process.stdout:
            if reached(step.strip()):
                process.send_signal(signal.SIGKILL)
                break
    assert process.returncode == -signal.SIGKILL


def rows_of_levels(books: Books) -> list[dict[str, Any]]:
    names = [field.name for field in ListLevels.listing.fields]
    page = books.do(ListLevels(), Query(sort=ListLevels.listing.default_sort, limit=200))
    return [dict(zip(names, row, strict=True)) for row in page.rows]
