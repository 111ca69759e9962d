"""Programs of npm packages, started with the environment's own node."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

from house import node
from house.node import FOLDER
from house.servers import NODE
from tests.support.servers import not_run

__all__ = ["FOLDER", "project", "run_node", "run_package", "start_node"]
PATIENCE_S: Final = 120
_PROGRAMS: Final = {
    "openapi-typescript": "openapi-typescript/bin/cli.js",
    "redocly": "@redocly/cli/bin/cli.js",
    "spectral": "@stoplight/spectral-cli/dist/index.js",
    "tsc": "typescript/bin/tsc",
}


def run_node(*arguments: Any, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run node to its end in ``folder``; where it or its packages lack, the test is NOT RUN by name."""
    found = _found()
    return subprocess.run(
        [found, *arguments],
        cwd=folder,
        env={**os.environ, **node.environment(found)},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )


def start_node(*arguments: str, folder: Path) -> subprocess.Popen[str]:
    """Start node in ``folder`` and talk with it; where it or its packages lack, the test is NOT RUN by name."""
    found, pipe = _found(), subprocess.PIPE
    env = {**os.environ, **node.environment(found)}
    return subprocess.Popen([found, *arguments], cwd=folder, env=env, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def _found() -> Path:
    found = node.program()
    if found is None or not node.installed():
        not_run(NODE)
    return found


def run_package(name: str, *arguments: Any, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a program of one of the packages."""
    return run_node(node.FOLDER / "node_modules" / _PROGRAMS[name], *arguments, folder=folder)


def project(folder: Path) -> Path:
    """Make ``folder`` a TypeScript project: the committed program and settings, beside the installed packages."""
    folder.mkdir()
    for name in ("client.ts", "package.json", "tsconfig.json"):
        shutil.copy(node.FOLDER / name, folder)
    (folder / "node_modules").symlink_to(node.FOLDER / "node_modules")
    return folder
