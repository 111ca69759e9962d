"""The README's second tour, run as it is pasted, with AWS's command line as it is found."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.served import ROOT, served_demo
from tests.support.servers import not_run

pytestmark = pytest.mark.full


def tour() -> str:
    """Give the shell block of the README's second tour."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.split("## A second tour", 1)[1]
    return section.split("```sh\n", 1)[1].split("```", 1)[0]


def test_the_second_tour_of_the_readme_has_an_order_approved_by_aws_s_command_line(tmp_path: Path) -> None:
    """ASL-06, ASL-05: a machine is created, started and its history read; an approval is answered."""
    if shutil.which("aws") is None:
        not_run("aws")
    with served_demo(tmp_path) as server:
        commands = tour().replace("http://127.0.0.1:8000", server.url)
        commands = commands.replace("the-password-that-was-printed", server.password)
        commands = f'tramita() {{ "{sys.executable}" -m app "$@"; }}\n{commands}'
        done = subprocess.run(
            ["bash", "-c", f"set -euo pipefail\n{commands}"],
            cwd=ROOT,
            env={**os.environ, "DATA_DIR": str(tmp_path), "PORT": server.url.rpartition(":")[2]},
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert "workflow order-approval version 1" in lines
    assert any(
        re.fullmatch(r"ExecutionStarted\s+PassStateEntered\s+PassStateExited\s+ExecutionSucceeded", x) for x in lines
    )
    assert any("'state': 'waiting'" in line for line in lines)
    assert lines[-1] == "validated"
