"""Offers whose last day went by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar, Final

from app.domain.shared.rights import Right
from app.usecases.context import Context
from app.usecases.ports.shared import Clock, Work
from app.usecases.run import Runner

EXPIRED_AT_ONCE: Final = 200
"""Proposals that one transaction closes: some ten milliseconds, which is how long SQLite's other writers wait."""


@dataclass(frozen=True, slots=True)
class ExpireProposals:
    """Close one batch of offers whose last day is before the day given; for the daily round, not for clients."""

    most: int = EXPIRED_AT_ONCE
    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: date) -> int:
        """Give how many were closed."""
        lapsed = work.proposals.lock_lapsed(request, self.most)
        events = [proposal.expire(request) for proposal in lapsed]
        work.proposals.save_states(lapsed)
        for event in events:
            work.outbox.add(event)
        return len(lapsed)


@dataclass(frozen=True, slots=True)
class ExpireDue:
    """Closes every offer whose last day is past, company by company, each batch in a transaction of its own.

    Cut short at any moment it has lost nothing; two at once share the work.
    """

    runner: Runner
    clock: Clock
    case: ExpireProposals = field(default_factory=ExpireProposals)

    def __call__(self, contexts: Sequence[Context]) -> int:
        """Give how many were closed."""
        return sum(self._all(context) for context in contexts)

    def _all(self, context: Context) -> int:
        today = self.clock.today(context.zone)
        total = 0
        while closed := self.runner.call(context, self.case, lambda: today):
            total += closed
        return total
