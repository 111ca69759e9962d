"""The time of day and fresh names: the only place of the engine that reads a clock or draws chance."""

from __future__ import annotations

import os
import time
from typing import Protocol


class Clock(Protocol):
    """Says what time it is."""

    def now(self) -> int:
        """Give milliseconds since the epoch, UTC."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> int:
        """Give milliseconds since the epoch, UTC."""
        return time.time_ns() // 1_000_000


def new_id() -> str:
    """Give a name never given before, in the order of time: a UUID of version 7 (RFC 9562)."""
    now = time.time_ns() // 1_000_000
    number = (now << 80) | int.from_bytes(os.urandom(10), "big")
    number = (number & ~(0xF << 76)) | (7 << 76)
    number = (number & ~(0x3 << 62)) | (2 << 62)
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def new_seed() -> str:
    """Give 128 bits that nobody can guess, as text: the tokens of activities are made of it."""
    return os.urandom(16).hex()
