"""Prepare everything and serve: environment, dependencies, database, demo company."""

from __future__ import annotations

import argparse
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from house import venv
from house.base import ROOT, Refusal, become, say

APP = ("-m", "app")


def main(arguments: Sequence[str]) -> int:
    """Serve until stopped. Options override the environment variables HOST, PORT, DATA_DIR and WORKERS."""
    parser = argparse.ArgumentParser(prog="scripts/run", description=__doc__)
    parser.add_argument("--host", default=os.environ.get("HOST", "127.0.0.1"), help="address to listen on")
    parser.add_argument("--port", default=os.environ.get("PORT", "8000"), help="port to listen on")
    parser.add_argument(
        "--data", metavar="DIR", help="home of the database and the keys (default: data/ in the project)"
    )
    parser.add_argument("--workers", default=os.environ.get("WORKERS", "1"), help="server processes")
    options = parser.parse_args(arguments)
    data = Path(options.data or os.environ.get("DATA_DIR") or ROOT / "data").expanduser().absolute()
    env = {"HOST": options.host, "PORT": options.port, "WORKERS": options.workers, "DATA_DIR": str(data)}

    python = venv.ready(dev=False)
    data.mkdir(parents=True, exist_ok=True)
    for step in (("migrate",), ("demo", "--if-empty")):
        _step(python, step, env)
    say(f"Serving on http://{options.host}:{options.port} from {data} (Ctrl-C stops)")
    become([python, *APP, "serve"], env=env)


def _step(python: Path, step: Sequence[str], env: dict[str, str]) -> None:
    """Run one command of the application with its output shown; the demo's password appears there, once."""
    done = subprocess.run([python, *APP, *step], cwd=ROOT, env={**os.environ, **env}, check=False)
    if done.returncode:
        raise Refusal(f"python -m app {' '.join(step)} failed (exit {done.returncode})")
