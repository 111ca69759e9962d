"""Rights of roles and keys from before there were jobs, on the way there and back; jobs go on the way back."""

from __future__ import annotations

from typing import Final

import pytest
from sqlalchemy import Connection

from tests.migrations.test_identity_data import put
from tests.support.revisions import by_age
from tests.support.rights_before import Seen, expected, fill, moment, there_back_again

pytestmark = [by_age("0018"), pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb"], scope="module")]

BEFORE: Final = "0017"
HERE: Final = "0018"
JOBS: Final = ["jobs.read", "jobs.write"]
TABLES: Final = {"jobs", "job_workers", "schedules"}
ROLES: Final[tuple[tuple[int, str, str | None, list[str], list[str]], ...]] = (
    # company, name, ready, rights before, rights after
    (1, "administrator", "administrator", ["audit.read"], ["audit.read", *JOBS]),
    (1, "sales", "sales", ["orders.write", "orders.read"], ["orders.write", "orders.read"]),
    (1, "operator", None, ["audit.read", *JOBS], ["audit.read", *JOBS]),
    (1, "admin", None, ["audit.read"], ["audit.read"]),
    (2, "The boss", "administrator", [], JOBS),
    (2, "reader", "reader", [], []),
    (3, "administrator", "administrator", JOBS, JOBS),
)
KEYS: Final = {"plain": ["orders.read"], "both": ["orders.read", "jobs.read", "audit.read"], "only": JOBS}


def ask(connection: Connection) -> None:
    """Enter a job that waits."""
    at = moment(connection)
    texts = {"kind": "a", "unique_key": "", "status": "waiting", "error": "", "request_id": "r", "trace": ""}
    numbers = {"company_id": 1, "priority": 1, "attempts": 0, "actor_id": 1, "version": 1}
    put(connection, "jobs", **texts, **numbers, payload={}, locale="en", due_at=at, created_at=at)


@pytest.fixture(scope="module")
def journey(kind: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Seen]:
    """Migrate three companies: two whose administrators lack the rights, one whose was given them by hand."""
    folder = tmp_path_factory.mktemp(kind)
    return there_back_again(kind, folder, (BEFORE, HERE), lambda connection: fill(connection, ROLES, KEYS), ask)


def test_administrators_may_see_to_jobs_and_nobody_else_may(journey: dict[str, Seen]) -> None:
    """ERP-13: the ready role, whatever it is called; only what changes moves its version; keys hold what they held."""
    assert journey["there"].roles == expected(ROLES)
    assert journey["there"].keys == KEYS


def test_signed_in_users_hear_of_it_where_something_changed(journey: dict[str, Seen]) -> None:
    """Once for each role; the company whose administrators had the rights is not asked to look again."""
    assert [journey[stop].counters for stop in ("there", "back", "again")] == [[6, 6, 5], [8, 7, 6], [9, 8, 7]]


def test_the_way_back_takes_from_roles_and_keys_what_the_version_before_does_not_know(
    journey: dict[str, Seen],
) -> None:
    """A company's own roles too; a key of nothing but these rights opens nothing."""
    for company, name, _, _, rights in ROLES:
        assert sorted(journey["back"].roles[company, name][0]) == sorted(set(rights) - set(JOBS))
    assert journey["back"].keys == {"plain": ["orders.read"], "both": ["audit.read", "orders.read"], "only": []}


def test_what_nobody_has_to_change_is_not_written(journey: dict[str, Seen]) -> None:
    for stop in ("there", "back", "again"):
        assert journey[stop].roles[1, "sales"] == (["orders.write", "orders.read"], 3)
        assert journey[stop].roles[2, "reader"] == ([], 3)


def test_unfinished_jobs_do_not_keep_anybody_from_going_back(journey: dict[str, Seen]) -> None:
    """The version before has nobody who would do them."""
    assert [journey[stop].tables & TABLES for stop in ("there", "back", "again")] == [TABLES, set(), TABLES]


def test_forth_again_gives_administrators_the_same_rights(journey: dict[str, Seen]) -> None:
    again = {key: rights for key, (rights, _) in journey["again"].roles.items()}
    assert again[1, "administrator"] == ["audit.read", *JOBS]
    assert again[2, "The boss"] == JOBS
    assert again[1, "operator"] == ["audit.read"]
