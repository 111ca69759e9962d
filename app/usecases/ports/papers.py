"""What prints papers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from app.domain.papers import Paper


class Printer(Protocol):
    """Makes files of papers."""

    @property
    def version(self) -> str:
        """What changes whenever the same paper would look different: part of what kept files are found by."""
        ...

    def print(self, paper: Paper, check: Callable[[], None]) -> bytes:
        """Give the paper as a PDF file: the same bytes for the same paper.

        ``check`` is called between pieces of at most 50 rows, and before each page; what it raises ends the work.
        """
        ...
