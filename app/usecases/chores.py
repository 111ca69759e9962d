"""Turns: of all processes one does what is due, and another takes over when that one dies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import ClassVar, Final

from app.domain.shared.rights import Right
from app.usecases.context import Context
from app.usecases.ports.chores import Turn
from app.usecases.ports.shared import Clock, Work

FIRST_RETRY: Final = timedelta(seconds=5)
LONGEST_RETRY: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Asks for the turn at a chore; ``lease`` is how long a process may be silent before another takes over.

    ``at_once`` takes a turn that is not due yet, for somebody who asked for it.
    """

    name: str
    lease: timedelta
    at_once: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a turn ended; ``every`` is the time from its start to the next one."""

    turn: Turn
    every: timedelta
    well: bool


@dataclass(frozen=True, slots=True)
class ClaimTurn:
    """Take the turn at a chore that is due; None when it is not, or somebody else has it."""

    clock: Clock
    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Claim) -> Turn | None:
        """Give the turn. Until the lease is over nobody else gets it."""
        now = self.clock.now()
        turn = work.chores.get(request.name)
        if turn is None:
            work.chores.add(Turn(name=request.name, due_at=now))
            turn = work.chores.get(request.name)
        if turn is None or (turn.due_at > now and not request.at_once):
            return None
        claimed = replace(turn, started_at=now, due_at=now + request.lease)
        return replace(claimed, claims=claimed.claims + 1) if work.chores.save(claimed) else None


@dataclass(frozen=True, slots=True)
class EndTurn:
    """Say how a turn ended; one that was taken over in the meantime is not ours to end."""

    clock: Clock
    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Outcome) -> bool:
        """Tell whether the turn was still ours."""
        now, turn = self.clock.now(), request.turn
        if request.well:
            due = max(now, (turn.started_at or now) + request.every)
            return work.chores.save(replace(turn, due_at=due, done_at=now, failures=0))
        retry = min(FIRST_RETRY * 2 ** min(turn.failures, 20), LONGEST_RETRY, request.every)
        return work.chores.save(replace(turn, due_at=now + retry, failures=turn.failures + 1))


@dataclass(frozen=True, slots=True)
class ListTurns:
    """Give the turns of all chores that ever were due."""

    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: None) -> Sequence[Turn]:
        """Give the turns by name."""
        return work.chores.all()
