"""Turns at chores from before there were schedules for them, on the way there and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pytest
from sqlalchemy import Connection, inspect, text

from app.infrastructure.database.migrate import Migrations, plain_engine
from tests.migrations.test_identity_data import put
from tests.support.databases import empty_database, settings_for
from tests.support.revisions import by_age
from tests.support.rights_before import moment

pytestmark = [by_age("0021"), pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb"], scope="module")]

BEFORE: Final = "0020"
HERE: Final = "0021"
KINDS: Final = ("chores.purge", "choresXpurge", "mail.send")


@dataclass(frozen=True)
class Seen:
    """Whether there are turns, and how many; the kinds of schedules and of jobs."""

    turns: int | None
    schedules: set[str]
    jobs: set[str]


def fill(connection: Connection) -> None:
    """Enter a turn that was taken and failed."""
    at = moment(connection)
    put(connection, "chores", name="purge", due_at=at, started_at=at, done_at=at, failures=2, claims=7)


def plan(connection: Connection) -> None:
    """Enter schedules and jobs, of chores and of others."""
    at = moment(connection)
    texts = {"unique_key": "", "status": "waiting", "error": "", "request_id": "r", "trace": "", "locale": "en"}
    numbers = {"company_id": 0, "priority": 1, "attempts": 0, "actor_id": 0, "version": 1}
    for kind in KINDS:
        put(connection, "schedules", name=kind, cron="0 3 * * *", zone="UTC", kind=kind, next_at=at)
        put(connection, "jobs", kind=kind, **texts, **numbers, payload={}, due_at=at, created_at=at)


def look(url: str) -> Seen:
    """Read all of it past the application."""
    with plain_engine(url).connect() as connection:
        there = "chores" in inspect(connection).get_table_names()
        return Seen(
            turns=connection.scalar(text("SELECT count(*) FROM chores")) if there else None,
            schedules=set(connection.scalars(text("SELECT kind FROM schedules"))),
            jobs=set(connection.scalars(text("SELECT kind FROM jobs"))),
        )


@pytest.fixture(scope="module")
def journey(kind: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Seen]:
    """Migrate turns there, plan, back, and there again; give what was seen at each stop."""
    folder = tmp_path_factory.mktemp(kind)
    with empty_database(kind, folder) as url:
        migrations = Migrations(settings_for(url, folder))
        migrations.upgrade(BEFORE)
        with plain_engine(url).begin() as connection:
            fill(connection)
        seen = {"before": look(url)}
        migrations.upgrade(HERE)
        with plain_engine(url).begin() as connection:
            plan(connection)
        seen["there"] = look(url)
        migrations.downgrade(BEFORE)
        seen["back"] = look(url)
        migrations.upgrade(HERE)
        seen["again"] = look(url)
    return seen


def test_nobody_takes_turns_any_more(journey: dict[str, Seen]) -> None:
    """ERP-09: what is due once a day is asked for by schedules."""
    assert [journey[stop].turns for stop in ("before", "there", "again")] == [1, None, None]


def test_on_the_way_back_every_chore_is_due_and_no_schedule_asks_for_it(journey: dict[str, Seen]) -> None:
    """The version before does no such jobs; schedules and jobs of other kinds stay."""
    assert journey["there"].schedules == journey["there"].jobs == set(KINDS)
    assert journey["back"] == Seen(turns=0, schedules=set(KINDS[1:]), jobs=set(KINDS[1:]))
