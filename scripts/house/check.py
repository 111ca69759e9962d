"""Check what can be checked without serving: style, types, layers, migrations, sizes, marks."""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from house import venv
from house.base import ROOT, Refusal, quietly, say

TREES: Final = ("app", "tests", "scripts", "benchmarks")
MOST: Final = {"fn_p95": 40, "fn_max": 90, "cc_p95": 6, "cc_max": 15, "file_p95": 450}
# Tests grow towards 1.2 lines a line of code; the floor follows them up and never comes down.
LEAST: Final = {"test_ratio": 0.82, "doc_public_pct": 95}

Step = Callable[[], None]


def main(arguments: Sequence[str]) -> int:
    """Run the steps, as many at once as there are cores, then list those that failed; 1 when there is one."""
    parser = argparse.ArgumentParser(prog="scripts/check", description=__doc__)
    parser.add_argument("steps", nargs="*", help="only the steps of these names")
    steps = _steps(venv.PYTHON)
    wanted = parser.parse_args(arguments).steps or list(steps)
    if unknown := set(wanted) - set(steps):
        parser.error(f"no such step: {', '.join(sorted(unknown))} (there are {', '.join(steps)})")
    venv.ready(dev=True)
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        reports = dict(zip(wanted, pool.map(lambda name: _report(name, steps[name]), wanted), strict=True))
    failed = {name: report for name, report in reports.items() if report}
    for name, report in failed.items():
        say(f"\n--- {name}\n{report}")
    say(f"\nfailed: {', '.join(failed)}" if failed else "all checks passed")
    return 1 if failed else 0


def _report(name: str, step: Step) -> str:
    """Run one step, say how it went and give what there is to show: nothing when all is well."""
    started = time.monotonic()
    try:
        step()
    except Refusal as refusal:
        report = str(refusal)
    else:
        report = ""
    say(f"{'FAIL' if report else 'ok  '} {name:12} {time.monotonic() - started:5.1f} s")
    return report


def _steps(python: Path) -> dict[str, Step]:
    """Give the steps by name; one that finds something raises Refusal with it."""
    run = str(python)
    trees = [tree for tree in TREES if (ROOT / tree).is_dir()]
    return {
        "lint": lambda: _run(run, "-m", "ruff", "check", "--output-format=concise", "."),
        "format": lambda: _run(run, "-m", "ruff", "format", "--check", "--output-format=concise", "."),
        "types": lambda: _run(run, "-m", "mypy", *trees),
        "layers": lambda: _run(str(python.with_name("lint-imports"))),
        "migrations": lambda: _migrations(run),
        "figures": lambda: _figures(run),
        # Collecting refuses a test without exactly one of the marks, and a module that does not import.
        "marks": lambda: _run(run, "-m", "pytest", "--collect-only", "-qq", "-p", "no:cacheprovider"),
    }


def _run(*command: str, **env: str) -> None:
    quietly(command, doing=" ".join(Path(word).name for word in command), env=env)


def _migrations(run: str) -> None:
    """Build an empty SQLite database by the migrations and compare it with the declared tables."""
    with tempfile.TemporaryDirectory() as scratch:
        for command in (("migrate",), ("migrate", "--check")):
            _run(run, "-m", "app", *command, DATA_DIR=scratch, DATABASE_URL="")


def _figures(run: str) -> None:
    """Hold the sizes of the code, and what its tests and docstrings come to, against the gates."""
    command = (run, ROOT / "scripts" / "figures.py", "app", "tests", "--json")
    found: dict[str, float] = json.loads(quietly(command, doing="measuring"))
    beyond = [f"{name} is {found[name]}, more than {most}" for name, most in MOST.items() if found[name] > most]
    beyond += [f"{name} is {found[name]}, less than {least}" for name, least in LEAST.items() if found[name] < least]
    if found["unparsed"]:
        beyond.append(f"files that cannot be parsed: {found['unparsed']}")
    if beyond:
        raise Refusal("\n".join(beyond))
