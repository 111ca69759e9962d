"""Executions that ended long ago are removed with their histories, by a chore; what runs stays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain.shared.errors import Cancelled
from app.settings import Settings
from app.usecases.context import CancellationToken, system_context
from app.usecases.processes import ForgetExecutions
from tests.support.aws import Cloud, clouded, code_of, machine
from tests.support.clock import FakeClock
from tests.support.office import Served

pytestmark = pytest.mark.fast
SYSTEM = system_context("test")
DAYS = 90


@pytest.fixture(scope="module")
def served(database_settings: Settings) -> Iterator[Served]:
    """Serve the application with executions that advance."""
    with clouded(database_settings) as made:
        yield made


def test_executions_are_forgotten_so_many_days_after_their_end(served: Served) -> None:
    """ASL-12: with their histories, on every database; their names may be given again."""
    cloud = Cloud(served)
    brief = cloud.create(machine())
    long = cloud.create(machine({"Type": "Wait", "Seconds": 3600}), "long")
    over, running = cloud.start(brief, name="over"), cloud.start(long, name="running")
    cloud.ended(over)
    clock = FakeClock(served.container.clock.now() + timedelta(days=DAYS - 1))
    forget = ForgetExecutions(served.container.executions, clock, DAYS)
    forget(SYSTEM)
    assert cloud.aws.describe_execution(executionArn=over)["status"] == "SUCCEEDED"
    clock.advance(timedelta(days=2).total_seconds())
    assert forget(SYSTEM) >= 1
    assert code_of(cloud.aws.describe_execution, executionArn=over)[0] == "ExecutionDoesNotExist"
    assert code_of(cloud.aws.get_execution_history, executionArn=over)[0] == "ExecutionDoesNotExist"
    assert cloud.aws.list_executions(stateMachineArn=brief)["executions"] == []
    assert cloud.aws.describe_execution(executionArn=running)["status"] == "RUNNING"
    assert cloud.start(brief, name="over") == over
    assert cloud.ended(over)["status"] == "SUCCEEDED"


def test_forgetting_stops_between_two_batches(served: Served) -> None:
    """Whoever stops the process waits for one batch; the next night goes on."""
    cloud = Cloud(served)
    cloud.ended(cloud.start(cloud.create(machine())))
    token = CancellationToken()
    token.cancel()
    later = FakeClock(served.container.clock.now() + timedelta(days=2))
    forget = ForgetExecutions(served.container.executions, later, 1)
    with pytest.raises(Cancelled):
        forget(replace(SYSTEM, token=token))


def test_it_is_a_chore_of_the_night_with_the_days_of_the_setting(served: Served) -> None:
    chores = served.container.chores
    assert chores.executions.days == served.container.settings.executions_days == DAYS
    assert chores.named("forget-executions").run == chores.executions
