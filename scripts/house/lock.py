"""Write the lock files anew from pyproject.toml: to run with, to build with, with the tools, and of the AWS CLI."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from house import aws
from house.base import ROOT, quietly, say
from house.venv import LOCKS

# No index host, no annotations: the files say what is installed, not where this machine found it.
_COMPILE: Final = (
    *("pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes"),
    *("--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links"),
)


def main(arguments: Sequence[str]) -> int:
    """Resolve for Python 3.11 and newer on every platform; locked versions stay unless ``--upgrade``."""
    parser = argparse.ArgumentParser(prog="scripts/lock", description=__doc__)
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions")
    upgrade = ["--upgrade"] if parser.parse_args(arguments).upgrade else []
    with tempfile.TemporaryDirectory() as scratch:
        uv = _uv(Path(scratch))
        runtime, dev, build = LOCKS["runtime"], LOCKS["dev"], LOCKS["build"]
        tools: list[str | Path] = [uv, *_COMPILE, *upgrade, "--extra", "dev", "pyproject.toml", "-o", dev]
        quietly(tools, doing="resolving the tools")
        # Bound to what the tools could live with, so that tests run on the versions that are shipped.
        compiled: list[str | Path] = [uv, *_COMPILE, "--constraint", dev]
        quietly([*compiled, "pyproject.toml", "-o", runtime], doing="resolving the runtime")
        quietly([*compiled, _build_backend(Path(scratch)), "-o", build], doing="resolving the build")
        # Unbound: it lives in an environment of its own.
        command_line: list[str | Path] = [uv, *_COMPILE, *upgrade, _aws(Path(scratch)), "-o", aws.LOCK]
        quietly(command_line, doing="resolving the AWS CLI")
    for lock in (runtime, dev, build, aws.LOCK):
        count = sum("==" in line and not line.startswith("#") for line in lock.read_text(encoding="utf-8").splitlines())
        say(f"{lock.relative_to(ROOT)}: {count} packages")
    return 0


def _build_backend(scratch: Path) -> Path:
    """Write down what builds the wheel, in a form that can be resolved."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = scratch / "build.in"
    wanted.write_text("\n".join(project["build-system"]["requires"]) + "\n", encoding="utf-8")
    return wanted


def _aws(scratch: Path) -> Path:
    """Write down the AWS CLI, in a form that can be resolved."""
    wanted = scratch / "aws.in"
    wanted.write_text("awscli\n", encoding="utf-8")
    return wanted


def _uv(scratch: Path) -> Path:
    """Give the resolver: the one on PATH, or a fresh one that is thrown away afterwards."""
    if found := shutil.which("uv"):
        return Path(found)
    subprocess.run([sys.executable, "-m", "venv", scratch / "uv"], check=True)
    quietly([scratch / "uv/bin/python", "-m", "pip", "install", "--quiet", "uv"], doing="installing uv")
    return scratch / "uv/bin/uv"
