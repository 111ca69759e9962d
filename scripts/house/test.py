"""Run the tests: environment, dependencies and servers first."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from house import servers, venv
from house.base import become

MEMORY: Final = Path("/dev/shm")  # noqa: S108 - tempfile makes unguessable names there
ROOM_BYTES: Final = 4 * 1024**3
WORKERS: Final = str((os.cpu_count() or 1) + 1)
"""One more than there are cores: a test in three waits for a server or a process that starts."""
ENGINE_COVERAGE: Final = "90"
"""Per cent of the engine's lines and branches that its own tests have to run."""


def main(arguments: Sequence[str]) -> int:
    """Run the fast tests, or all; whatever else is given goes to pytest. The exit code is pytest's."""
    parser = argparse.ArgumentParser(
        prog="scripts/test",
        description=__doc__,
        epilog="All other arguments are pytest's: paths, -k, -x, -n 0 ... Without any, what the engine's tests cover of"
        " it is measured too, and must be enough.",
    )
    parser.add_argument("--full", action="store_true", help="also the tests marked full, with more random examples")
    options, rest = parser.parse_known_args(arguments)

    python = venv.ready(dev=True)
    servers.provide()
    chosen = ["--hypothesis-profile=full"] if options.full else ["-m", "fast"]
    command: list[str | Path] = [python, "-m", "pytest", "-n", WORKERS, "--dist", "worksteal", "--durations=20"]
    become([*command, *chosen, *map(_from_here, rest)], env={**_in_memory(), **_measured(whole=not rest)})


def _measured(*, whole: bool) -> Mapping[str, str]:
    """Have the engine's coverage judged where all of its tests run; see tests/support/covering.py."""
    return {"ENGINE_COVERAGE": ENGINE_COVERAGE} if whole else {}


def _in_memory() -> Mapping[str, str]:
    """Let files of the tests live in memory where there is room and nobody chose a place.

    Databases sync as ever and wait for no disk; a process that is killed loses as much as it would there.
    """
    if "TMPDIR" in os.environ or not os.access(MEMORY, os.W_OK | os.X_OK):
        return {}
    found = os.statvfs(MEMORY)
    suits = not found.f_flag & os.ST_NOEXEC and found.f_bavail * found.f_frsize >= ROOM_BYTES
    return {"TMPDIR": str(MEMORY)} if suits else {}


def _from_here(argument: str) -> str:
    """Make a path given relative to the caller's folder absolute: pytest runs in the project's."""
    path, mark, test = argument.partition("::")
    return f"{Path(path).absolute()}{mark}{test}" if not path.startswith("-") and Path(path).exists() else argument
