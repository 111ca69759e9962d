"""What has to be done now and then by one process among all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """How a chore stands: when it is due, when it last began and ended well, and how often it failed since."""

    name: str
    due_at: datetime
    started_at: datetime | None = None
    done_at: datetime | None = None
    failures: int = 0
    claims: int = 0


class Chores(Protocol):
    """The turns of all chores of the installation."""

    def get(self, name: str) -> Turn | None:
        """Give the turn of a chore that was met before."""
        ...

    def all(self) -> Sequence[Turn]:
        """Give all turns, by name."""
        ...

    def add(self, turn: Turn) -> None:
        """Enter a chore; nothing happens when it is there."""
        ...

    def save(self, turn: Turn) -> bool:
        """Store a turn that nobody claimed since it was read, and count the claim; False when somebody did."""
        ...
