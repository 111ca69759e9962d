"""The virtual environment: made once, renewed when a lock file changes, else left alone (so also offline)."""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from house import system
from house.base import ROOT, Refusal, quietly, say

VENV: Final = ROOT / ".venv"
PYTHON: Final = VENV / "bin" / "python"
LOCKS: Final = {
    "runtime": ROOT / "requirements.lock",
    "dev": ROOT / "requirements-dev.lock",
    "build": ROOT / "requirements-build.lock",
}
_STAMP: Final = VENV / "installed.json"
_LAUNCHER: Final = "#!{python}\nimport sys\n\nfrom app.__main__ import main\n\nsys.exit(main())\n"


def ready(*, dev: bool) -> Path:
    """Give the interpreter of an environment that has what the lock file lists.

    ``dev`` adds what checks and tests need. Raises Refusal when it has to be made and cannot be.
    """
    with _alone():
        wanted = _wanted("dev" if dev else "runtime")
        stamp = _stamp()
        if stamp is None:
            _make()
            stamp = {}
        if any(stamp.get(name) != value for name, value in wanted.items()):
            _fill("dev" if dev else "runtime")
            _STAMP.write_text(json.dumps({**_place(), **stamp, **wanted}), encoding="utf-8")
    return PYTHON


@contextmanager
def _alone() -> Iterator[None]:
    """Hold off a second command that would write the environment; the kernel lets go if this one dies."""
    handle = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _wanted(kind: str) -> dict[str, str]:
    """Give the digests that must be on the stamp; the dev lock holds the runtime too, so it settles both."""
    kinds = ("runtime", "dev") if kind == "dev" else ("runtime",)
    return {name: hashlib.sha256(LOCKS[name].read_bytes()).hexdigest() for name in kinds}


def _place() -> dict[str, str]:
    """Give what an environment cannot survive a change of: it holds absolute paths."""
    return {"root": str(ROOT)}


def _stamp() -> dict[str, str] | None:
    """Give what is installed, or None when there is no usable environment: moved, broken or too old."""
    try:
        probe = subprocess.run(
            [PYTHON, "-c", "import sys, pip; sys.exit(sys.version_info < (3, 11))"],
            capture_output=True,
            check=False,
        )
    except OSError:
        return None
    if probe.returncode:
        return None
    if not _STAMP.is_file():
        return {}
    found: dict[str, str] = json.loads(_STAMP.read_text(encoding="utf-8"))
    return found if found.items() >= _place().items() else None


def _make() -> None:
    """Create the environment from this interpreter, installing the distribution's venv package if need be."""
    if importlib.util.find_spec("ensurepip") is None:
        system.install(["python3-venv", "ca-certificates"])
    say(f"Creating {VENV} ...")
    quietly([sys.executable, "-m", "venv", "--clear", VENV], doing="creating the virtual environment")


def _fill(kind: str) -> None:
    """Install the lock file, make the project importable and give it its console script."""
    say(f"Installing {LOCKS[kind].name} ...")
    pip: list[str | Path] = [
        PYTHON,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-input",
    ]
    try:
        quietly([*pip, "--require-hashes", "-r", LOCKS[kind]], doing=f"installing {LOCKS[kind].name}")
    except Refusal as refusal:
        raise Refusal(f"{refusal}\nThe first run needs the package index; later runs need no network.") from None
    library = quietly(
        [PYTHON, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        doing="asking for site-packages",
    )
    # A path file and not an editable install: that would fetch a build backend no lock file pins.
    Path(library.strip(), "tramita.pth").write_text(f"{ROOT}\n", encoding="utf-8")
    launcher = VENV / "bin" / "tramita"
    launcher.write_text(_LAUNCHER.format(python=PYTHON), encoding="utf-8")
    launcher.chmod(0o755)
