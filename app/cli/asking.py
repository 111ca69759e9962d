"""Ask: what version this is, what its API is like, whether a server lives."""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Annotated, Final

import typer

from app import __version__
from app.bootstrap import described
from app.cli.shared import fail, out
from app.settings import Settings

HEALTH_TIMEOUT_S: Final = 5


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
    base = url or f"http://{settings.host}:{settings.port}"
    if not base.startswith(("http://", "https://")):
        fail("the URL must start with http:// or https://")
    try:
        with urllib.request.urlopen(f"{base}/health", timeout=HEALTH_TIMEOUT_S) as answer:  # noqa: S310 - scheme checked above
            out.print(answer.read().decode())
    except (urllib.error.URLError, OSError) as error:
        fail(f"{base}/health does not answer: {error}")
