"""A chore is a job of the installation: it fails like one, is tried again, and is done in every company."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from threading import Event

import pytest

from app.domain.jobs import JobState
from app.infrastructure.database.work import SqlWorks
from app.usecases.context import Context, system_context
from tests.support.clock import FakeClock
from tests.support.jobs import fresh, pool_at_work, stand
from tests.support.office import Served, free_line

pytestmark = pytest.mark.fast
SYSTEM = system_context("test")


def test_a_chore_that_failed_is_tried_again_and_acts_in_every_company(served: Served) -> None:
    """ERP-09: once a day among all processes, as a job of the company 0, on every database."""
    container, clock = served.container, FakeClock()
    works = container.works
    assert isinstance(works, SqlWorks)
    offices = [served.company(), served.company()]
    lapsed = [office.proposal([free_line("1")])["id"] for office in offices]
    for office, one in zip(offices, lapsed, strict=True):
        office.lapse(one)
    real, failures = container.chores.named("expire-proposals"), [True]

    def run(context: Context) -> object:
        if failures:
            failures.clear()
            raise ValueError("secret")
        return real.run(context)

    chore = replace(real, name=fresh("expire-proposals"), run=run)
    with pool_at_work(container.database, clock, [chore.kind], schedules=[chore.planned]) as running:
        clock.advance(timedelta(days=1).total_seconds())
        look = Event()
        while not stand(works, SYSTEM, [chore.kind.name]):
            look.wait(0.02)
            clock.advance(1)  # whoever has just come back from so long a sleep looks around soon
        assert running.ends.wait_for(1) == ["waiting"]
        (waiting,) = stand(works, SYSTEM, [chore.kind.name])
        assert (waiting.company, waiting.attempts, waiting.error) == (0, 1, "ValueError")
        clock.advance(5)
        running.pool.wake()
        assert running.ends.wait_for(2) == ["waiting", "done"]
    (done,) = stand(works, SYSTEM, [chore.kind.name])
    assert (done.state, done.attempts) == (JobState.DONE, 2)
    assert [office.get(f"/proposals/{one}")["status"] for office, one in zip(offices, lapsed, strict=True)] == [
        "expired",
        "expired",
    ]
