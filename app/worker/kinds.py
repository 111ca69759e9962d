"""Kinds of jobs: what is done for one, how many at once, and how often it is tried."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from app.domain.jobs import Job
from app.usecases.context import Context
from app.usecases.jobs import EndAttempt, OnDead
from app.usecases.ports.shared import Clock
from app.usecases.run import Runner, UseCase

Request = TypeVar("Request")
Result = TypeVar("Result")
LONGEST_S = 30.0
"""The time of one attempt at a job that waits for the world outside (ERP-10)."""


@dataclass(slots=True)
class Attempt:
    """One attempt at a job, in a thread of its own: ``context`` acts for who asked for it, until its deadline."""

    job: Job
    context: Context
    runner: Runner
    clock: Clock
    finished: bool = False

    def call(self, case: UseCase[Request, Result], build: Callable[[], Request]) -> Result:
        """Execute ``case`` in a transaction of its own; it happens again with the next attempt."""
        return self.runner.call(self.context, case, build)

    def finish(self, case: UseCase[Request, Result], build: Callable[[], Request]) -> Result | None:
        """Execute ``case`` and end the job in one transaction: it happens once. Raises JobLost, and what it raises."""
        result = self.runner.call(self.context, EndAttempt(self.clock, self.job, case), build)
        self.finished = True
        return result

    def end(self) -> None:
        """End the job, when nothing else is to be stored. Raises JobLost."""
        # Not EndAttempt[None, None](): Python 3.11 cannot call a subscripted generic that is frozen and slotted.
        ended: EndAttempt[None, None] = EndAttempt(self.clock, self.job)
        self.runner.call(self.context, ended, lambda: None)
        self.finished = True


@dataclass(frozen=True, slots=True, kw_only=True)
class JobKind:
    """What is done for a job called ``name``.

    ``run`` ends the job by ``finish`` or by returning. What it raises decides how it goes on: Postponed waits, an error
    of the business that is no Unavailable is kept for a person at once, all else is tried ``attempts`` times in all.
    No more than ``at_once`` of the kind run in one process, counted together with all kinds of the same ``lane``.
    After ``seconds`` an attempt has failed, even if its thread is still at it. ``on_dead`` is done in the transaction
    in which a job of the kind is given up; CancelJob has its own word for those that are called off.
    """

    name: str
    run: Callable[[Attempt], None]
    at_once: int = 4
    attempts: int = 5
    seconds: float = LONGEST_S
    lane: str = ""
    on_dead: OnDead | None = None
