"""Structured logs: one line per event on standard output, secrets masked (ERP-14)."""

from __future__ import annotations

import logging
import re
import sys
import threading
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import orjson
import structlog
from structlog.typing import EventDict, Processor

MASK: Final = "***"
_SECRET_WORDS: Final = frozenset(
    {"authorization", "cookie", "password", "passwd", "secret", "secrets", "token", "tokens", "key", "credentials"}
)
_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_DEEPEST: Final = 6


@lru_cache(maxsize=1024)
def is_secret(name: str) -> bool:
    """Tell whether a field called so holds a secret: one of its words says it (``jwt_key``, ``accessToken``)."""
    return any(word.lower() in _SECRET_WORDS for word in _WORD.findall(name))


def mask_secrets(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Replace the values of secret fields, also inside nested mappings."""
    return _masked(event, 0)


def _masked(values: Mapping[str, Any], depth: int) -> dict[str, Any]:
    masked = dict(values)
    for name, value in values.items():
        if is_secret(str(name)):
            masked[name] = MASK
        elif type(value) is dict:
            masked[name] = _masked(value, depth + 1) if depth < _DEEPEST else MASK
    return masked


def _dumps(event: EventDict, **_: object) -> str:
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


class _Output:
    """Writes lines to what is standard output at that moment, one whole line at a time.

    Our own events go here directly: by way of the standard library's logging each would cost twice the CPU.
    """

    _turn = threading.Lock()

    def msg(self, line: str) -> None:
        with self._turn:
            sys.stdout.write(line + "\n")
            sys.stdout.flush()

    debug = info = warning = error = critical = exception = msg


def set_up_logging(level: str, style: str = "json", more: Sequence[Processor] = ()) -> None:
    """Send all logs, the standard library's and uvicorn's too, through one set of processors to standard output.

    ``level`` is the least severe one shown, ``style`` is ``json`` or ``console``. Uvicorn's access log is off: the API
    writes its own line per request. ``more`` adds to each line (the ids of a trace).
    """
    before: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        *more,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    rendering: list[Processor] = (
        [structlog.processors.format_exc_info, mask_secrets, structlog.processors.JSONRenderer(_dumps)]
        if style == "json"
        # Not the default, which shows the local variables of every frame: tokens and passwords are among them.
        else [mask_secrets, structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
    )
    _route_standard_library(level, before, rendering)
    structlog.configure(
        processors=[*before, *rendering],
        logger_factory=lambda *_: _Output(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )


def _route_standard_library(level: str, before: list[Processor], rendering: list[Processor]) -> None:
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*before, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.setLevel(logging.NOTSET)
        logger.propagate = name != "uvicorn.access"
    for name in ("botocore", "urllib3"):
        # Their DEBUG shows what signs a request, and the bodies of answers.
        logging.getLogger(name).setLevel(logging.INFO if level == "DEBUG" else logging.NOTSET)
