"""What is told to whoever watches the service: figures of jobs, mail and papers, and the spans of a trace."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol


class Watch(Protocol):
    """Counts and measures. Kinds and outcomes are names that stand in the code, never data: each makes a series."""

    def job_ended(self, kind: str, outcome: str, seconds: float) -> None:
        """Note one run of a job: how it ended and how long it took."""
        ...

    def mail_ended(self, outcome: str) -> None:
        """Note what became of one message."""
        ...

    def breaker_of(self, is_open: Callable[[], bool]) -> None:
        """Ask whether the breaker before the mail server is open, whenever the figures are read."""
        ...

    def paper_printed(self, kind: str, seconds: float, pages: int) -> None:
        """Note one PDF: how long it took and its pages."""
        ...


class Spans(Protocol):
    """Parts of a trace. Attributes are ids and names, never secrets nor contents."""

    def open(self, name: str, **attributes: str | int) -> AbstractContextManager[object]:
        """Give the block of one piece of work, part of whatever is open around it."""
        ...

    def carry(self) -> str:
        """Give the open span as a ``traceparent`` (W3C) to be stored with a job; empty when nothing is open."""
        ...

    def resume(self, carried: str, name: str, **attributes: str | int) -> AbstractContextManager[object]:
        """Give the block of work that goes on with the trace that was ``carried``; an empty one begins a trace."""
        ...
