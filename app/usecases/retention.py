"""Removing what is past its time, in small transactions that nobody has to wait for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar, Final

from app.domain.shared.rights import Right
from app.usecases.context import Context
from app.usecases.ports.retention import Ages
from app.usecases.ports.shared import Clock, Work
from app.usecases.run import Runner

BATCH: Final = 500
"""Rows of one transaction: a few milliseconds, which is how long SQLite's other writers wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """Rows to remove: of what, dated not after when, at most how many."""

    name: str
    by: datetime
    batch: int


@dataclass(frozen=True, slots=True)
class ListKept:
    """Give the names of what is kept for a time only."""

    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: None) -> Sequence[str]:
        """Give the names."""
        return work.retention.kept()


@dataclass(frozen=True, slots=True)
class PurgeBatch:
    """Remove one batch of what is past its time, in all companies; for the daily round, not for clients."""

    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Due) -> int:
        """Give how many rows went."""
        return work.retention.purge(request.name, request.by, request.batch)


@dataclass(frozen=True, slots=True)
class Purge:
    """Removes all that is past its time, each batch in a transaction of its own.

    Cut short at any moment it has lost nothing and goes on from there when called again; two at once share the work.
    ``ages`` says how long rows stay beyond their date, by name; what is not named goes on its date. ``rest`` is told
    after each batch how many rows went, and may wait.
    """

    runner: Runner
    clock: Clock
    ages: Ages = field(default_factory=dict)
    rest: Callable[[int], None] = lambda _gone: None
    batch: int = BATCH

    def __call__(self, context: Context) -> Mapping[str, int]:
        """Give how many rows went, by name. Raises DeadlineExceeded, Cancelled between two batches."""
        names = self.runner.call(context, ListKept(), lambda: None)
        return {name: self._all(context, name) for name in names}

    def _all(self, context: Context, name: str) -> int:
        # One moment for all batches: rows that come due meanwhile are for the next time, so this one ends.
        by = self.clock.now() - self.ages.get(name, timedelta())
        due = Due(name=name, by=by, batch=self.batch)
        total = 0
        while True:
            context.check()
            gone = self.runner.call(context, PurgeBatch(), lambda: due)
            total += gone
            self.rest(gone)
            if gone < self.batch:
                return total
