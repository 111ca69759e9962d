"""The command line within the test's own process: a second quicker than a process of its own."""

from __future__ import annotations

import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from app import cli
from tests.support.lines import logging_as_it_was


@dataclass(frozen=True)
class Said:
    """How a command ended and what it printed."""

    returncode: int
    stdout: str
    stderr: str


def command(*arguments: str, data: Path, **env: str) -> Said:
    """Run the command line to its end, with ``data`` for its files."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    with pytest.MonkeyPatch.context() as patch, logging_as_it_was(), redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["tramita", *arguments])
        for name, value in {"DATA_DIR": str(data), "LOG_LEVEL": "WARNING", **env}.items():
            patch.setenv(name, value)
        try:
            cli.main()
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else int(left.code is not None)
    return Said(code, out.getvalue(), err.getvalue())
