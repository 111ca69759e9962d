"""The AWS CLI, which some tests start: in an environment of its own, for it wants other versions than the tools do."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Final

from house.base import ROOT, quietly, say
from house.venv import VENV

FOLDER: Final = VENV / "aws"
LOCK: Final = ROOT / "requirements-aws.lock"
REMEDY: Final = "run scripts/test where the package index is reachable; later runs need no network"
_STAMP: Final = FOLDER / "installed"


def program() -> list[str | Path]:
    """Give the words that start it."""
    return [FOLDER / "bin" / "python", "-m", "awscli"]


def installed() -> bool:
    """Tell whether it is here as the lock file has it."""
    return _STAMP.is_file() and _STAMP.read_text(encoding="utf-8") == _wanted()


def install() -> None:
    """Install what the lock file lists, and nothing else. Raises Refusal."""
    say(f"Installing {LOCK.relative_to(ROOT)} ...")
    quietly([sys.executable, "-m", "venv", "--clear", FOLDER], doing=f"creating {FOLDER.name}")
    pip: list[str | Path] = [FOLDER / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-input"]
    quietly([*pip, "--disable-pip-version-check", "--require-hashes", "-r", LOCK], doing=f"installing {LOCK.name}")
    _STAMP.write_text(_wanted(), encoding="utf-8")


def _wanted() -> str:
    return hashlib.sha256(LOCK.read_bytes()).hexdigest() + "\n"
