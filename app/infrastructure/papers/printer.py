"""The printer of papers (ERP-16). What draws is loaded with the first paper: who prints nothing is spared."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from importlib.metadata import version
from typing import Final

from app.domain.papers import Paper
from app.infrastructure.texts import Texts

LOOK: Final = 2
"""Raised by hand with whatever makes the same paper look different; a test knows the samples, and reminds of it."""
_DRAWN_BY: Final = ("babel", "pillow", "reportlab", "segno")


class PdfPrinter:
    """Prints papers as PDF with reportlab. May be used by several threads at once."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts

    @cached_property
    def version(self) -> str:
        """How papers look: our layout, our words, and the libraries that write and draw."""
        libraries = " ".join(f"{name} {version(name)}" for name in _DRAWN_BY)
        return f"{LOOK} {self._texts.digest('papers.')} {libraries}"

    def print(self, paper: Paper, check: Callable[[], None]) -> bytes:
        """Give the paper as a PDF file: the same bytes for the same paper. What ``check`` raises ends the work."""
        # A tenth of a second of CPU and 20 MB, which most commands and many processes never need.
        from app.infrastructure.papers.press import press  # noqa: PLC0415

        return press(self._texts, paper, check)
