"""Rights of roles and keys from before there were state machines, on the way there and back; machines go then."""

from __future__ import annotations

from typing import Final

import pytest
from sqlalchemy import Connection

from tests.migrations.test_identity_data import put
from tests.support.revisions import by_age
from tests.support.rights_before import Seen, expected, fill, moment, there_back_again

pytestmark = [by_age("0024"), pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb"], scope="module")]

BEFORE: Final = "0023"
HERE: Final = "0024"
RIGHTS: Final = ["executions.read", "executions.write", "workflows.read", "workflows.write"]
TABLES: Final = {
    "activities",
    "aws_credentials",
    "machine_aliases",
    "machine_revisions",
    "machine_versions",
    "state_machines",
}
ROLES: Final[tuple[tuple[int, str, str | None, list[str], list[str]], ...]] = (
    # company, name, ready, rights before, rights after
    (1, "administrator", "administrator", ["audit.read"], ["audit.read", *RIGHTS]),
    (1, "sales", "sales", ["orders.read"], ["orders.read"]),
    (2, "The boss", "administrator", [], RIGHTS),
    (3, "administrator", "administrator", RIGHTS, RIGHTS),
)
KEYS: Final = {"plain": ["orders.read"], "both": ["orders.read", "workflows.read"], "only": RIGHTS}


def define(connection: Connection) -> None:
    """Enter a machine with a version and an alias, an activity, and credentials."""
    at = moment(connection)
    kept = {"logging": {}, "tracing": {}, "encryption": {}, "created_at": at}
    texts = {"machine": "one", "token": "", "definition": "{}", "role": "r", "region": "x", "kind": "STANDARD"}
    put(connection, "machine_revisions", id=1, company_id=1, **texts, **kept)
    times = {"created_at": at, "updated_at": at}
    of = {"company_id": 1, "machine_revision_id": 1}
    put(
        connection,
        "state_machines",
        id=1,
        **of,
        name="one",
        kind="STANDARD",
        tags={},
        last_version=1,
        version=1,
        **times,
    )
    put(connection, "machine_versions", **of, state_machine_id=1, number=1, description="", created_at=at)
    alias = {"name": "live", "description": "", "routes": [[1, 100]]}
    put(connection, "machine_aliases", company_id=1, state_machine_id=1, **alias, **times)
    put(connection, "activities", id=1, company_id=1, name="work", encryption={}, tags={}, created_at=at)
    keys = {"name": "k", "access_key": "TRAM", "secret_version": 1, "scopes": RIGHTS, "revoked": False, "version": 1}
    put(connection, "aws_credentials", id=1, company_id=1, user_id=1, **keys, created_at=at, expires_at=at)


@pytest.fixture(scope="module")
def journey(kind: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Seen]:
    """Migrate three companies: two whose administrators lack the rights, one whose was given them by hand."""
    folder = tmp_path_factory.mktemp(kind)
    return there_back_again(kind, folder, (BEFORE, HERE), lambda connection: fill(connection, ROLES, KEYS), define)


def test_administrators_may_work_with_machines_and_nobody_else_may(journey: dict[str, Seen]) -> None:
    """ERP-13: the ready role, whatever it is called; only what changes moves its version; keys hold what they held."""
    assert journey["there"].roles == expected(ROLES)
    assert journey["there"].keys == KEYS


def test_the_way_back_takes_the_rights_and_the_tables(journey: dict[str, Seen]) -> None:
    """A company's own roles too; a key of nothing but these rights opens nothing."""
    for company, name, _, _, rights in ROLES:
        assert sorted(journey["back"].roles[company, name][0]) == sorted(set(rights) - set(RIGHTS))
    assert journey["back"].keys == {"plain": ["orders.read"], "both": ["orders.read"], "only": []}
    assert journey["there"].tables >= TABLES
    assert not TABLES & journey["back"].tables


def test_the_way_there_again_is_the_first_one(journey: dict[str, Seen]) -> None:
    """Nothing stands in its way, and administrators have the rights anew."""
    assert journey["again"].tables >= TABLES
    assert sorted(journey["again"].roles[2, "The boss"][0]) == RIGHTS
