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
    instant, chance = f"{time.time_ns() // 1_000_000:012x}", os.urandom(10).hex()
    variant = "89ab"[int(chance[3], 16) & 3]
    return f"{instant[:8]}-{instant[8:]}-7{chance[:3]}-{variant}{chance[4:7]}-{chance[7:19]}"


def new_seed() -> str:
    """Give 128 bits that nobody can guess, as text: the tokens of activities are made of it."""
    return os.urandom(16).hex()
