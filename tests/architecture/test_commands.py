"""The project's commands do what they say, tried on small projects of their own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Final

import pytest

from house import aws, node, servers, system, test
from house.base import ROOT, Refusal

DIGEST: Final = "0" * 64
READY: Final = "import sys; from house import venv; print(venv.ready(dev=sys.argv[1] == 'dev'))"


def command(*words: str, project: Path = ROOT, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run one of the commands from the root of the file system, as far from the project as can be."""
    return subprocess.run(
        words,
        cwd="/",
        env={**os.environ, "PYTHONPATH": str(project / "scripts"), **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def ready(project: Path, kind: str) -> subprocess.CompletedProcess[str]:
    """Ask for the environment of ``project``; any attempt at a package index fails."""
    return command(sys.executable, "-c", READY, kind, project=project, PIP_INDEX_URL="https://invalid.invalid/")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Give a project without dependencies, so that its environment needs no network at all."""
    made = tmp_path / "project"
    shutil.copytree(ROOT / "scripts" / "house", made / "scripts" / "house")
    for name in ("requirements.lock", "requirements-dev.lock"):
        (made / name).touch()
    return made


@pytest.mark.full
def test_the_environment_is_made_once_and_renewed_when_a_lock_file_changes(project: Path) -> None:
    first = ready(project, "runtime")
    assert first.returncode == 0, first.stderr
    assert first.stdout.splitlines()[-1] == str(project / ".venv" / "bin" / "python")
    assert "Installing requirements.lock" in first.stdout
    assert "Installing" not in ready(project, "runtime").stdout
    assert "Installing requirements-dev.lock" in ready(project, "dev").stdout
    assert "Installing" not in ready(project, "runtime").stdout + ready(project, "dev").stdout
    (project / "requirements.lock").write_text("# changed\n", encoding="utf-8")
    assert "Installing requirements.lock" in ready(project, "runtime").stdout


@pytest.mark.full
def test_an_environment_that_was_moved_or_broken_is_made_anew(project: Path) -> None:
    assert ready(project, "runtime").returncode == 0
    moved = project.rename(project.with_name("moved"))
    assert "Creating" in ready(moved, "runtime").stdout
    (moved / ".venv" / "bin" / "python").unlink()
    assert "Creating" in ready(moved, "runtime").stdout


@pytest.mark.full
def test_a_dependency_that_cannot_be_fetched_is_a_refusal_and_is_tried_again(project: Path) -> None:
    (project / "requirements.lock").write_text(f"absent==1 --hash=sha256:{DIGEST}\n", encoding="utf-8")
    for _ in range(2):
        failed = command(
            *(sys.executable, "-c", READY, "runtime"), project=project, PIP_NO_INDEX="1", PIP_FIND_LINKS=""
        )
        assert failed.returncode == 1
        assert "No matching distribution found for absent==1" in failed.stderr


@pytest.mark.full
def test_the_wheel_holds_the_migrations_and_the_texts(tmp_path: Path) -> None:
    """ERP-04: what belongs to the code ships inside the package, and is found there from anywhere."""
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index"]
    built = command(*build, "--wheel-dir", str(tmp_path), str(ROOT))
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = tmp_path.glob("tramita-*.whl")
    site, elsewhere = tmp_path / "site", tmp_path / "elsewhere"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    assert {path.name.partition("-")[0] for path in site.iterdir()} == {"app", "tramita"}
    for name, place in bundled().items():
        files = [path for path in (ROOT / name).rglob("*") if path.is_file() and "__pycache__" not in path.parts]
        assert files
        assert all((site / place / path.relative_to(ROOT / name)).read_bytes() == path.read_bytes() for path in files)
        # Folders of the same name where the program is started are none of ours.
        (elsewhere / name).mkdir(parents=True)
        ask = (
            f"import sys; sys.path[:0] = [{str(site)!r}]; from app.resources import resource; print(resource({name!r}))"
        )
        found = subprocess.run(
            [sys.executable, "-I", "-c", ask], cwd=elsewhere, capture_output=True, text=True, check=True
        )
        assert found.stdout.strip() == str(site / place)


@pytest.mark.fast
def test_every_folder_the_code_asks_for_is_in_the_wheel() -> None:
    """ERP-04: a folder that is only in the source tree would be missed where it is installed."""
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "app").rglob("*.py")]
    asked = {name for text in sources for name in re.findall(r"""\bresource\(["'](\w+)["']\)""", text)}
    assert {"locales", "migrations"} <= asked <= bundled().keys()
    assert {name: (ROOT / name).is_dir() for name in bundled()} == dict.fromkeys(bundled(), True)


def bundled() -> dict[str, str]:
    """Give the folders that the wheel takes into the package, and where it puts them."""
    targets = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]["targets"]
    folders: dict[str, str] = targets["wheel"]["force-include"]
    return folders


@pytest.mark.fast
@pytest.mark.parametrize("name", ["run", "test", "check", "lock", "prove-bare-debian", "verify-image"])
def test_a_command_explains_itself_before_it_does_anything(name: str) -> None:
    shown = command(str(ROOT / "scripts" / name), "--help")
    assert shown.returncode == 0
    assert shown.stdout.startswith(f"usage: scripts/{name}")


@pytest.mark.fast
def test_a_check_that_does_not_exist_is_refused_by_name() -> None:
    refused = command(str(ROOT / "scripts" / "check"), "spelling")
    assert refused.returncode == 2
    assert "no such step: spelling (there are lint, format, types," in refused.stderr


@pytest.mark.fast
def test_what_may_not_be_installed_is_named_with_the_one_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No package manager on PATH stands for no right to use it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Refusal, match=r"missing: a b\. .*\n    apt-get update && apt-get install .* a b$"):
        system.install(["b", "a"])


@pytest.mark.fast
def test_a_server_given_by_url_or_a_data_set_given_by_folder_is_not_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for server in servers.SERVERS.values():
        monkeypatch.setenv(server.variable, "given://")
    monkeypatch.setenv("NORTHWIND_DIR", str(tmp_path))
    for tool in (node, aws):
        monkeypatch.setattr(tool, "installed", lambda: True)
    assert set(servers.missing()) == {servers.NORTHWIND}
    (tmp_path / "orders.csv").touch()
    assert not servers.missing()


@pytest.mark.fast
def test_missing_things_stop_the_tests_unless_that_is_accepted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for server in servers.SERVERS.values():
        monkeypatch.setenv(server.variable, "given://")
    monkeypatch.setenv("NORTHWIND_DIR", str(tmp_path))
    monkeypatch.setenv("ALLOW_MISSING_SERVERS", "")
    for tool in (node, aws):
        monkeypatch.setattr(tool, "installed", lambda: True)
    with pytest.raises(Refusal, match="northwind missing; ALLOW_MISSING_SERVERS=1"):
        servers.provide()
    monkeypatch.setenv("ALLOW_MISSING_SERVERS", "1")
    servers.provide()
    assert capsys.readouterr().out.count("NOT RUN: northwind (set NORTHWIND_DIR") == 2


def lacking_node(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Make everything be there but node's packages, whose installation fails; give the list of attempts."""
    for server in servers.SERVERS.values():
        monkeypatch.setenv(server.variable, "given://")
    (tmp_path / "orders.csv").touch()
    monkeypatch.setenv("NORTHWIND_DIR", str(tmp_path))
    tried: list[str] = []

    def install() -> None:
        tried.append("npm ci")
        raise Refusal("no registry")

    monkeypatch.setattr(node, "installed", lambda: False)
    monkeypatch.setattr(node, "install", install)
    monkeypatch.setattr(aws, "installed", lambda: True)
    return tried


@pytest.mark.fast
def test_node_packages_that_cannot_be_had_are_not_run_by_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tried = lacking_node(monkeypatch, tmp_path)
    monkeypatch.setenv("ALLOW_MISSING_SERVERS", "")
    with pytest.raises(Refusal, match="node missing; ALLOW_MISSING_SERVERS=1"):
        servers.provide()
    assert "no registry\nNOT RUN: node (run scripts/test where the npm registry" in capsys.readouterr().out
    monkeypatch.setenv("ALLOW_MISSING_SERVERS", "1")
    servers.provide()
    assert tried == ["npm ci"] * 2


@pytest.mark.fast
def test_who_needs_no_node_is_not_stopped_for_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The benchmarks start none of its programs."""
    tried = lacking_node(monkeypatch, tmp_path)
    monkeypatch.setenv("ALLOW_MISSING_SERVERS", "")
    servers.provide(spare={servers.NODE})
    assert not tried
    assert not capsys.readouterr().out


@pytest.mark.fast
def test_the_aws_cli_is_renewed_when_its_lock_file_changes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Installed once and then left alone, so also offline; nothing that the lock file does not list."""
    lock, folder = tmp_path / "requirements-aws.lock", tmp_path / "aws"
    lock.write_text("awscli==1\n", encoding="utf-8")
    folder.mkdir()
    calls: list[list[str]] = []
    for name, value in (("LOCK", lock), ("FOLDER", folder), ("_STAMP", folder / "installed"), ("ROOT", tmp_path)):
        monkeypatch.setattr(aws, name, value)
    monkeypatch.setattr(aws, "quietly", lambda command, **_: calls.append([str(word) for word in command]))
    assert not aws.installed()
    aws.install()
    assert aws.installed()
    assert calls[0][1:] == ["-m", "venv", "--clear", str(folder)]
    assert {"--require-hashes", str(lock)} <= set(calls[1])
    assert aws.program() == [folder / "bin" / "python", "-m", "awscli"]
    lock.write_text("awscli==2\n", encoding="utf-8")
    assert not aws.installed()


@pytest.mark.fast
def test_node_packages_are_renewed_when_the_lock_file_changes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Installed once and then left alone, so also offline; a moved folder is another one."""
    lock, stamp = tmp_path / "package-lock.json", tmp_path / "node_modules" / "installed"
    lock.write_text("{}", encoding="utf-8")
    stamp.parent.mkdir()
    calls: list[list[str]] = []
    monkeypatch.setattr(node, "LOCK", lock)
    monkeypatch.setattr(node, "_STAMP", stamp)
    monkeypatch.setattr(node, "ROOT", tmp_path)
    monkeypatch.setattr(node, "quietly", lambda command, **_: calls.append([str(word) for word in command]))
    assert not node.installed()
    node.install()
    assert node.installed()
    assert {"ci", "--ignore-scripts"} <= set(calls[0])
    lock.write_text('{"changed": true}', encoding="utf-8")
    assert not node.installed()
    node.install()
    monkeypatch.setattr(node, "FOLDER", tmp_path / "moved")
    assert not node.installed()


@pytest.mark.fast
def test_node_trusts_what_python_is_told_to_trust(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "PIP_CERT"):
        monkeypatch.delenv(name, raising=False)
    assert "NODE_EXTRA_CA_CERTS" not in node.environment(Path("/x/bin/node"))
    monkeypatch.setenv("SSL_CERT_FILE", "/ca.pem")
    assert node.environment(Path("/x/bin/node"))["NODE_EXTRA_CA_CERTS"] == "/ca.pem"
    assert node.environment(Path("/x/bin/node"))["PATH"].startswith("/x/bin:")
    monkeypatch.setenv("NODE_EXTRA_CA_CERTS", "/own.pem")
    assert "NODE_EXTRA_CA_CERTS" not in node.environment(Path("/x/bin/node")), "the caller's own stays"


@pytest.mark.fast
def test_files_of_the_tests_live_in_memory_where_there_is_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fast tests wait for no disk; who names a folder, or has no room, gets what was there before."""
    monkeypatch.delenv("TMPDIR", raising=False)
    monkeypatch.setattr(test, "MEMORY", tmp_path)
    monkeypatch.setattr(test, "ROOM_BYTES", 1)
    assert test._in_memory() == {"TMPDIR": str(tmp_path)}
    monkeypatch.setattr(test, "ROOM_BYTES", 2**80)
    assert test._in_memory() == {}
    monkeypatch.setattr(test, "ROOM_BYTES", 1)
    monkeypatch.setattr(test, "MEMORY", tmp_path / "none")
    assert test._in_memory() == {}
    monkeypatch.setattr(test, "MEMORY", tmp_path)
    monkeypatch.setenv("TMPDIR", "/tmp/mine")  # noqa: S108 - only named
    assert test._in_memory() == {}
