"""Ask the server next to this process whether it lives: what an engine runs every few seconds inside the container.

Nothing but the standard library, and little of it: the whole command line would take a hundred times as long to import
as the question takes to be answered.
"""

from __future__ import annotations

import http.client
import os
import sys
from contextlib import closing
from typing import Final
from urllib.parse import urlsplit

TIMEOUT_S: Final = 5.0
COMMAND: Final = "healthcheck"
# Where a server listens that listens everywhere.
_LOOPBACK: Final = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - only told apart


class NotAlive(Exception):
    """Nobody answered, or not with 200; the text says which."""


def beside(host: str, port: int | str) -> str:
    """Give the base URL under which a server that listens on ``host`` is reached from the same machine."""
    host = host.strip("[]")
    return f"http://{_LOOPBACK.get(host) or (f'[{host}]' if ':' in host else host)}:{port}"


def ask(base: str) -> str:
    """Give what ``base``/health answers. Raises NotAlive."""
    url = urlsplit(base)
    if url.scheme not in {"http", "https"} or not url.hostname:
        raise NotAlive("the URL must start with http:// or https://")
    kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    try:
        with closing(kind(url.hostname, url.port, timeout=TIMEOUT_S)) as connection:
            connection.request("GET", f"{url.path.rstrip('/')}/health")
            answer = connection.getresponse()
            said = answer.read().decode(errors="replace")
    except (OSError, ValueError, http.client.HTTPException) as error:  # ValueError: a port that is no number
        raise NotAlive(f"{base}/health does not answer: {error}") from None
    if answer.status != http.HTTPStatus.OK:
        raise NotAlive(f"{base}/health answers {answer.status}")
    return said


def asked(words: list[str]) -> bool:
    """Tell whether ``words`` of a command line are nothing but this question, with or without a URL."""
    return words == [COMMAND] or (len(words) == 3 and words[:2] == [COMMAND, "--url"])


def main(words: list[str]) -> int:
    """Ask and give the exit code: 0 when the server lives, 1 otherwise with the reason on standard error."""
    # The defaults are those of app.settings, which would import pydantic; a test compares them.
    base = words[2] if words[1:] else beside(os.environ.get("HOST") or "127.0.0.1", os.environ.get("PORT") or 8000)
    try:
        print(ask(base))  # noqa: T201 - the answer is the command's output
    except NotAlive as reason:
        print(f"error: {reason}", file=sys.stderr)  # noqa: T201 - likewise
        return 1
    return 0
