"""Executions that ended long ago, removed with their histories."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from app.usecases.context import Context
from app.usecases.ports.shared import Clock
from app.usecases.ports.workflows import Executions

BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class ForgetExecutions:
    """Removes what ended more than so many days ago, in all companies, a batch at a time; stopped, it has lost nothing.

    The name of an execution that is gone may be given again.
    """

    executions: Executions
    clock: Clock
    days: int

    def __call__(self, context: Context) -> int:
        """Give how many were removed. Raises DeadlineExceeded, Cancelled between two batches."""
        before = int((self.clock.now() - timedelta(days=self.days)).timestamp() * 1000)
        done = 0
        while removed := self.executions.purge(before, BATCH):
            done += removed
            context.check()
        return done
