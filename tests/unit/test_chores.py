"""Chores have schedules and kinds of jobs, and act in every company within the attempt that does them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.bootstrap import Container, bootstrap
from app.domain.identity import Company, CompanySettings
from app.domain.shared.errors import Cancelled, NotFound
from app.domain.shared.ids import CompanyId
from app.domain.shared.rights import ALL_RIGHTS
from app.infrastructure.calendar import CronCalendar
from app.usecases.context import Context, Deadline, system_context
from app.worker.kinds import LONGEST_S
from app.worker.tasks.chores import each_company
from tests.support.clock import FakeClock
from tests.support.databases import settings_for

pytestmark = pytest.mark.fast
NIGHT = datetime(2026, 11, 22, tzinfo=UTC)


def made(tmp_path: Path, **settings: Any) -> Container:
    """Give a container on a database that nobody has migrated."""
    return bootstrap(settings_for(f"sqlite:///{tmp_path / 'empty.db'}", tmp_path, **settings), clock=FakeClock())


def listing(*numbers: int) -> Any:
    """Give a runner that knows of these companies, asked in the name of the installation."""

    class Listing:
        def call(self, context: Context, _case: object, _build: object) -> list[Company]:
            assert context.company == CompanyId(0)
            settings = CompanySettings()
            return [Company(id=CompanyId(one), name="C", country="FR", settings=settings, version=1) for one in numbers]

    return Listing()


def test_each_chore_is_asked_for_once_a_day_at_a_time_of_its_own(tmp_path: Path) -> None:
    """ERP-09: and by schedules whose kinds of jobs the same process knows."""
    container = made(tmp_path, chores=True)
    times = [CronCalendar().following(one.cron, one.zone, NIGHT) for one in container.pool.tools.schedules]
    assert len(set(times)) == len(times) == len(container.chores.all()) == 7
    assert max(times) < NIGHT.replace(hour=3)
    kinds = {one.kind for one in container.pool.tools.schedules}
    assert kinds == container.pool.tools.kinds.keys() - {"mail.send"}
    container.close()


def test_a_process_without_chores_neither_asks_for_them_nor_does_them(tmp_path: Path) -> None:
    container = made(tmp_path, chores=False)
    assert not container.pool.tools.schedules
    assert set(container.pool.tools.kinds) == {"mail.send"}
    assert container.chores.named("purge").name == "purge"  # by hand they are done there too
    container.close()


def test_chores_leave_mail_its_threads(tmp_path: Path) -> None:
    """One at a time in a process, and in an hour rather than in half a minute."""
    container = made(tmp_path, chores=True)
    kinds = [chore.kind for chore in container.chores.all()]
    assert {(kind.lane, kind.at_once) for kind in kinds} == {("chores", 1)}
    assert min(kind.seconds for kind in kinds) > LONGEST_S
    with pytest.raises(NotFound):
        container.chores.named("dispatch")
    container.close()


def test_in_every_company_the_attempt_s_own_end_holds() -> None:
    """A chore that is given up, or whose process stops, does nothing more in the next company."""
    attempt = replace(system_context("job"), deadline=Deadline(1, FakeClock().monotonic))
    given = each_company(listing(3, 5), attempt)
    assert [(one.company, one.rights) for one in given] == [(3, ALL_RIGHTS), (5, ALL_RIGHTS)]
    assert {(one.deadline, one.token, one.request_id) for one in given} == {(attempt.deadline, attempt.token, "job")}


def test_a_company_in_which_a_chore_fails_keeps_no_other_from_its_own(tmp_path: Path) -> None:
    """ERP-09: the job fails all the same, so that it is tried again and seen."""
    container, done = made(tmp_path), list[int]()

    def expire(contexts: Sequence[Context]) -> int:
        (context,) = contexts
        if context.company == 3:
            raise ValueError("in company 3")
        done.append(context.company)
        return 1

    expiring: Any = expire
    chores = replace(container.chores, runner=listing(3, 5), proposals=expiring)
    with pytest.raises(ValueError, match="in company 3"):
        chores.named("expire-proposals").run(system_context("job"))
    assert done == [5]
    stopped = system_context("job")
    stopped.token.cancel()
    with pytest.raises(Cancelled):
        chores.named("expire-proposals").run(stopped)
    assert done == [5]
    container.close()
