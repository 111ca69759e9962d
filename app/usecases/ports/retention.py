"""What purging needs from outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

Ages = Mapping[str, timedelta]
"""By the name of what is kept: how long after its date a row goes."""


class Retention(Protocol):
    """What is kept for a time only, in all companies."""

    def kept(self) -> Sequence[str]:
        """Give the names of what is kept for a time."""
        ...

    def purge(self, name: str, due: datetime, batch: int) -> int:
        """Remove up to ``batch`` rows of ``name`` dated not after ``due``, oldest first; give how many went."""
        ...
