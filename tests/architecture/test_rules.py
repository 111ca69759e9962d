"""The rules for tests hold: tried on a small suite of its own, run by a pytest of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from house.base import ROOT
from house.servers import SERVERS

pytestmark = pytest.mark.full

TRIED: Final = ["-c", str(ROOT / "pyproject.toml"), "-p", "tests.conftest", "-p", "no:cacheprovider"]
SERVED: Final = ("sqlite", "postgresql", "mariadb")
HEAD: Final = "import pytest\n\n"


def run_suite(folder: Path, source: str, *options: str, **variables: str) -> tuple[int, str]:
    """Run one file of tests under the project's conftest; the exit code and the output."""
    file = folder / "test_tried.py"
    file.write_text(HEAD + source, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", *TRIED, "--rootdir", str(folder), *options, str(file)]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "scripts")]), **variables}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("workers", ["0", "1"])
def test_a_test_without_a_mark_stops_the_run(tmp_path: Path, workers: str) -> None:
    code, output = run_suite(tmp_path, "def test_unmarked(): pass\n", "-n", workers)
    assert code != 0
    assert "needs exactly one of the marks fast and full" in output
    assert "test_unmarked" in output


def test_a_test_with_both_marks_stops_the_run(tmp_path: Path) -> None:
    code, output = run_suite(tmp_path, "@pytest.mark.fast\n@pytest.mark.full\ndef test_twice(): pass\n")
    assert code == pytest.ExitCode.USAGE_ERROR
    assert "test_twice" in output


def test_a_mark_nobody_declared_stops_the_run(tmp_path: Path) -> None:
    code, output = run_suite(tmp_path, "@pytest.mark.fsat\ndef test_typo(): pass\n")
    assert code != 0
    assert "'fsat' not found in `markers`" in output


def test_a_warning_fails_the_test(tmp_path: Path) -> None:
    source = "@pytest.mark.fast\ndef test_warns():\n    import warnings\n    warnings.warn('careful')\n"
    code, output = run_suite(tmp_path, source)
    assert code == pytest.ExitCode.TESTS_FAILED
    assert "UserWarning: careful" in output


SKIPPED: Final = "@pytest.mark.fast\ndef test_skipped():\n    pytest.skip('later')\n"


def test_a_skipped_test_fails_the_run_unless_missing_servers_are_accepted(tmp_path: Path) -> None:
    code, _ = run_suite(tmp_path, SKIPPED, ALLOW_MISSING_SERVERS="")
    assert code == pytest.ExitCode.TESTS_FAILED
    code, _ = run_suite(tmp_path, SKIPPED, ALLOW_MISSING_SERVERS="1")
    assert code == pytest.ExitCode.OK


NEEDY: Final = "@pytest.mark.fast\ndef test_needs_it(server_urls):\n    assert server_urls['redis']\n"


def without_redis(folder: Path) -> dict[str, str]:
    """Give an environment in which a program that is installed cannot be found."""
    empty = folder / "bin"
    empty.mkdir()
    given = {server.variable: "" for server in SERVERS.values()}
    return {"PATH": str(empty), **given}


def test_a_missing_server_fails_by_name(tmp_path: Path) -> None:
    code, output = run_suite(tmp_path, NEEDY, **without_redis(tmp_path), ALLOW_MISSING_SERVERS="")
    assert code == pytest.ExitCode.TESTS_FAILED
    assert "NOT RUN: redis; ALLOW_MISSING_SERVERS=1 accepts that" in output


def test_a_missing_server_that_was_accepted_is_named_before_the_last_line(tmp_path: Path) -> None:
    code, output = run_suite(tmp_path, NEEDY, **without_redis(tmp_path), ALLOW_MISSING_SERVERS="1")
    assert code == pytest.ExitCode.OK
    *before, last = output.rstrip().splitlines()
    assert any(line.startswith("NOT RUN: redis (as root: apt-get update && ") for line in before)
    assert "1 skipped" in last


def test_a_missing_data_set_is_named(tmp_path: Path) -> None:
    source = "@pytest.mark.fast\ndef test_needs_it(northwind): pass\n"
    code, output = run_suite(tmp_path, source, NORTHWIND_DIR=str(tmp_path), ALLOW_MISSING_SERVERS="")
    assert code == pytest.ExitCode.TESTS_FAILED
    assert "NOT RUN: northwind" in output


def test_workers_share_one_server(tmp_path: Path) -> None:
    source = (
        "@pytest.mark.fast\n@pytest.mark.parametrize('turn', [0, 1, 2, 3])\n"
        "def test_says_where(turn, server_urls, worker_id):\n"
        "    import pathlib\n"
        "    pathlib.Path(worker_id + str(turn)).write_text(server_urls['redis'])\n"
    )
    code, output = run_suite(tmp_path, source, "-n", "2", "--dist", "each")
    assert code == pytest.ExitCode.OK, output
    said = {path.name[:3]: path.read_text(encoding="utf-8") for path in tmp_path.glob("gw*")}
    assert set(said) == {"gw0", "gw1"}
    assert len(set(said.values())) == 1


def test_the_quick_run_tells_each_story_on_sqlite_a_third_on_each_server_and_contracts_on_all() -> None:
    """What the quick run leaves to the full one is what is told elsewhere: nothing falls between the two."""

    def collected(path: str, *options: str) -> set[str]:
        command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *options, path]
        told = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False).stdout
        return {line for line in told.splitlines() if "::" in line}

    stories, quick = collected("tests/e2e/test_twins.py"), collected("tests/e2e/test_twins.py", "-m", "fast")
    everywhere = {one for one in stories if "sqlite" in one and one.replace("sqlite", "mariadb") in stories}
    assert everywhere
    on = {kind: {one for one in everywhere if one.replace("sqlite", kind) in quick} for kind in SERVED}
    assert on["sqlite"] == everywhere
    assert not on["postgresql"] & on["mariadb"]
    assert min(len(on[kind]) for kind in SERVED) * 4 >= len(everywhere)
    contract = "tests/contract/test_search.py"
    left_out = collected(contract) - collected(contract, "-m", "fast")
    assert left_out
    assert all("mariadb-no-returning" in one for one in left_out)
