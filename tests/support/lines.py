"""The log as it is written: every line on standard output, read back."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import structlog
from structlog.typing import Processor

from app.infrastructure.logging import set_up_logging


@contextmanager
def logging_as_it_was() -> Iterator[None]:
    """Undo what the block does to logging, which belongs to the whole process: other tests listen to it."""
    config, root = structlog.get_config(), logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.configure(**config)


@contextmanager
def lines_of(level: str = "INFO", more: Sequence[Processor] = ()) -> Iterator[list[dict[str, Any]]]:
    """Give the list that is filled, when the block ends, with the lines written in it."""
    kept: list[dict[str, Any]] = []
    before, written = sys.stdout, io.StringIO()
    sys.stdout = written
    try:
        with logging_as_it_was():
            set_up_logging(level, more=more)
            yield kept
    finally:
        sys.stdout = before
        told = [json.loads(line) for line in written.getvalue().splitlines()]
        kept += [line for line in told if not line.get("logger", "").startswith("httpx")]  # the client's own
