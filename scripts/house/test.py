"""Run the tests: environment, dependencies and servers first."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from house import servers, venv
from house.base import become


def main(arguments: Sequence[str]) -> int:
    """Run the fast tests, or all; whatever else is given goes to pytest. The exit code is pytest's."""
    parser = argparse.ArgumentParser(
        prog="scripts/test",
        description=__doc__,
        epilog="All other arguments are pytest's: paths, -k, -x, -n 0 ...",
    )
    parser.add_argument("--full", action="store_true", help="also the tests marked full, with more random examples")
    options, rest = parser.parse_known_args(arguments)

    python = venv.ready(dev=True)
    servers.provide()
    chosen = ["--hypothesis-profile=full"] if options.full else ["-m", "fast"]
    become([python, "-m", "pytest", "-n", "2", "--durations=20", *chosen, *map(_from_here, rest)])


def _from_here(argument: str) -> str:
    """Make a path given relative to the caller's folder absolute: pytest runs in the project's."""
    path, mark, test = argument.partition("::")
    return f"{Path(path).absolute()}{mark}{test}" if not path.startswith("-") and Path(path).exists() else argument
