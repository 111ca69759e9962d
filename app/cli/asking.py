"""Ask: what version this is, what its API is like, whether a server lives."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from app import __version__, alive
from app.bootstrap import described
from app.cli.shared import fail, out
from app.settings import Settings


def version() -> None:
    """Print the version."""
    out.print(__version__)


def openapi(
    output: Annotated[Path | None, typer.Option(help="File to write; default standard output")] = None,
) -> None:
    """Print the OpenAPI 3.1 description of the HTTP API."""
    text = json.dumps(described(Settings()).openapi(), indent=2, ensure_ascii=False) + "\n"
    if output is None:
        sys.stdout.write(text)
    else:
        output.write_text(text, encoding="utf-8")


def healthcheck(
    url: Annotated[str | None, typer.Option(help="Base URL of the server; default from HOST and PORT")] = None,
) -> None:
    """Ask a running server whether it is alive; exit 0 when it is."""
    settings = Settings()
    try:
        out.print(alive.ask(url or alive.beside(settings.host, settings.port)))
    except alive.NotAlive as reason:
        fail(str(reason))
