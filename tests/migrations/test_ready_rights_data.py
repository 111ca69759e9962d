"""Roles, keys and counters of rights that were there before ready roles could merge, on the way there and back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

import pytest
from sqlalchemy import Connection, text

from app.infrastructure.database.migrate import Migrations, plain_engine
from tests.migrations.test_identity_data import SETTINGS, put
from tests.support.databases import empty_database, settings_for

pytestmark = [pytest.mark.fast, pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb"], scope="module")]

BEFORE: Final = "0016"
HERE: Final = "0017"
MERGE: Final = "third_parties.merge"
ROLES: Final[tuple[tuple[int, str, str | None, list[str], list[str]], ...]] = (
    # company, name, ready, rights before, rights after
    (1, "administrator", "administrator", [], [MERGE]),
    (1, "Books", "accountant", ["invoices.write", "audit.read"], ["audit.read", "invoices.write", MERGE]),
    (1, "sales", "sales", ["orders.write", "orders.read"], ["orders.write", "orders.read"]),
    (1, "accountant", None, ["invoices.read"], ["invoices.read"]),
    (1, "clean up", None, [MERGE, "orders.read"], [MERGE, "orders.read"]),
    (2, "accountant", "accountant", [MERGE, "invoices.read"], [MERGE, "invoices.read"]),
    (2, "reader", "reader", [], []),
)
KEYS: Final = {"plain": ["orders.read"], "both": ["orders.read", MERGE, "audit.read"], "only": [MERGE]}


def fill(connection: Connection) -> None:
    """Enter two companies: one whose accountants lack the right, one whose accountants were given it by hand."""
    for company in (1, 2):
        versions = {"settings_version": 1, "version": 1, "rights_version": 5}
        put(connection, "companies", id=company, name="C", country="FR", settings=SETTINGS, **versions)
    account = {"password_hash": "x", "locale": "en", "active": True, "version": 1, "must_change_password": False}
    put(connection, "users", id=1, email="a@example.com", name="A", **account)
    for company, name, ready, rights, _ in ROLES:
        put(connection, "roles", company_id=company, name=name, ready=ready, rights=rights, version=3)
    at = 0 if connection.dialect.name == "sqlite" else "2026-11-01 00:00:00"
    for key, scopes in KEYS.items():
        named = {"name": key, "prefix": key, "scopes": scopes, "secret_hash": "x", "created_at": at, "expires_at": at}
        put(connection, "api_keys", company_id=1, user_id=1, revoked=False, version=1, **named)


@dataclass(frozen=True)
class Seen:
    """Rights and version of roles by company and name, what tells users that rights differ, and scopes of keys."""

    roles: dict[tuple[int, str], tuple[list[str], int]]
    counters: list[int]
    keys: dict[str, list[str]]


def look(url: str) -> Seen:
    """Read all of it past the application."""
    with plain_engine(url).connect() as connection:
        roles = connection.execute(text("SELECT company_id, name, rights, version FROM roles")).all()
        counters = connection.scalars(text("SELECT rights_version FROM companies ORDER BY id")).all()
        keys = connection.execute(text("SELECT name, scopes FROM api_keys")).all()
    return Seen(
        roles={(company, name): (json.loads(rights), version) for company, name, rights, version in roles},
        counters=list(counters),
        keys={name: json.loads(scopes) for name, scopes in keys},
    )


@pytest.fixture(scope="module")
def journey(kind: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Seen]:
    """Migrate data there, back, and there again; give what was seen at each stop."""
    folder = tmp_path_factory.mktemp(kind)
    with empty_database(kind, folder) as url:
        migrations = Migrations(settings_for(url, folder))
        migrations.upgrade(BEFORE)
        with plain_engine(url).begin() as connection:
            fill(connection)
        seen = {}
        for stop, go, revision in (
            ("there", migrations.upgrade, HERE),
            ("back", migrations.downgrade, BEFORE),
            ("again", migrations.upgrade, HERE),
        ):
            go(revision)
            seen[stop] = look(url)
    return seen


def test_ready_roles_gain_their_rights_and_a_company_s_own_do_not(journey: dict[str, Seen]) -> None:
    """ERP-13: only what changes moves its version, whatever the names; keys hold what they held."""
    after = {(company, name): (rights, 3 if rights == was else 4) for company, name, _, was, rights in ROLES}
    assert journey["there"].roles == after
    assert journey["there"].keys == KEYS


def test_signed_in_users_hear_of_it_where_something_changed(journey: dict[str, Seen]) -> None:
    """Once for each role; a company whose roles stay as they are is not asked to look again."""
    assert [journey[stop].counters for stop in ("there", "back", "again")] == [[7, 5], [10, 6], [12, 7]]


def test_the_way_back_takes_from_roles_what_the_version_before_does_not_know(journey: dict[str, Seen]) -> None:
    """A company's own too; the other rights stay, whatever their order."""
    for company, name, _, rights, _ in ROLES:
        assert sorted(journey["back"].roles[company, name][0]) == sorted(set(rights) - {MERGE})


def test_the_way_back_takes_from_keys_as_well(journey: dict[str, Seen]) -> None:
    """A key of nothing but that right opens nothing: no scopes are none, not all."""
    assert journey["back"].keys == {"plain": ["orders.read"], "both": ["audit.read", "orders.read"], "only": []}


def test_what_nobody_has_to_change_is_not_written(journey: dict[str, Seen]) -> None:
    for stop in ("there", "back", "again"):
        assert journey[stop].roles[1, "sales"] == (["orders.write", "orders.read"], 3)
        assert journey[stop].roles[2, "reader"] == ([], 3)


def test_forth_again_gives_ready_roles_the_same_rights(journey: dict[str, Seen]) -> None:
    """What a company's own roles lost on the way back is theirs to give again."""
    again = {key: rights for key, (rights, _) in journey["again"].roles.items()}
    assert again[1, "Books"] == ["audit.read", "invoices.write", MERGE]
    assert again[2, "accountant"] == ["invoices.read", MERGE]
    assert again[1, "clean up"] == ["orders.read"]
