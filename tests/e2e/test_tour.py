"""The README's tour, run as it is pasted, against a server started as the README starts it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.support.served import ROOT, served_demo

pytestmark = pytest.mark.fast


def tour() -> str:
    """Give the shell block of the README's tour."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.split("## A five-minute tour", 1)[1]
    return section.split("```sh\n", 1)[1].split("```", 1)[0]


def test_the_tour_of_the_readme_takes_an_order_to_a_paid_invoice(tmp_path: Path) -> None:
    """ERP-14, ERP-15, ERP-17: pasted with nothing but URL and password replaced, every command succeeds."""
    with served_demo(tmp_path) as server:
        commands = tour().replace("http://127.0.0.1:8000", server.url)
        commands = commands.replace("the-password-that-was-printed", server.password)
        done = subprocess.run(
            ["bash", "-c", f"set -euo pipefail\n{commands}"], capture_output=True, text=True, check=False, timeout=60
        )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert any(re.fullmatch(r"CO\d{4}-0001", line) for line in lines)
    assert any(re.fullmatch(r"SH\d{4}-0001", line) for line in lines)
    assert "paid" in lines
    assert "1027.80" in lines  # 2 x 389.00 - 5 % + 1.5 x 65.00 + 19.90, and 20 % VAT
    assert '"quantity":"38"' in done.stdout
    assert "Passo impossível" in lines[-1]
