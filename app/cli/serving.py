"""Serve the HTTP API, and do jobs."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer
from uvicorn.config import STARTUP_FAILURE

from app.cli import server
from app.cli.shared import opened
from app.infrastructure.keys import complete_keys
from app.settings import Settings


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; default HOST")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; default PORT")] = None,
    workers: Annotated[int | None, typer.Option(help="Server processes; default WORKERS")] = None,
    chores: Annotated[
        bool | None, typer.Option("--chores/--no-chores", help="Number events, and do the daily chores; default CHORES")
    ] = None,
) -> None:
    """Serve the HTTP API until SIGTERM or SIGINT."""
    complete_keys(Settings().data_dir)
    # Server processes read the environment.
    if chores is not None:
        os.environ["CHORES"] = str(chores).lower()
    chosen = Settings().workers if workers is None else workers
    os.environ["WORKERS"] = str(chosen)  # each takes a port of its own for its metrics
    several = chosen > 1
    jobs = Settings().jobs
    if several:
        os.environ["JOBS"] = "false"  # one process beside the servers does them
    settings = Settings()
    with opened(settings) as container:
        container.check_schema()
    config = server.config_of(settings, host or settings.host, settings.port if port is None else port, chosen)
    if not server.run(config, jobs=jobs, aws_port=settings.aws_port):
        sys.exit(STARTUP_FAILURE)


def worker() -> None:
    """Do jobs, and nothing else, until SIGTERM or SIGINT; as many such processes as you like."""
    complete_keys(Settings().data_dir)
    os.environ["JOBS"] = "true"
    with opened(Settings()) as container:
        container.check_schema()
        server.work(container)
