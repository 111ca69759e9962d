"""Run the benchmarks: environment, dependencies and servers first."""

from __future__ import annotations

from collections.abc import Sequence

from house import servers, venv
from house.base import become


def main(arguments: Sequence[str]) -> int:
    """Run ``python -m benchmarks`` with the arguments given; the exit code is its own."""
    python = venv.ready(dev=True)
    servers.provide(spare={servers.NODE, servers.AWS})
    become([python, "-m", "benchmarks", *arguments])
