"""Serve the HTTP API."""

from __future__ import annotations

import os
from typing import Annotated

import typer
import uvicorn

from app.cli.shared import opened
from app.infrastructure.keys import complete_keys
from app.settings import Settings


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; default HOST")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; default PORT")] = None,
    workers: Annotated[int | None, typer.Option(help="Server processes; default WORKERS")] = None,
    chores: Annotated[
        bool | None, typer.Option("--chores/--no-chores", help="Do chores beside the requests; default CHORES")
    ] = None,
) -> None:
    """Serve the HTTP API until SIGTERM or SIGINT."""
    complete_keys(Settings().data_dir)
    # Server processes read the environment.
    if chores is not None:
        os.environ["CHORES"] = str(chores).lower()
    if workers is not None:
        os.environ["WORKERS"] = str(workers)  # each takes a port of its own for its metrics
    settings = Settings()
    with opened(settings) as container:
        container.check_schema()
    uvicorn.run(
        "app.bootstrap:application",
        factory=True,
        host=host or settings.host,
        port=settings.port if port is None else port,
        workers=settings.workers,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # uvicorn would believe anybody on this machine; TRUSTED_PROXIES decides
        timeout_graceful_shutdown=25,
    )
