"""Roles and keys of a version before, on the way to one that knows more rights and back, past the application."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect, text

from app.infrastructure.database.migrate import Migrations, plain_engine
from tests.migrations.test_identity_data import SETTINGS, put
from tests.support.databases import empty_database, settings_for

Roles = Sequence[tuple[int, str, str | None, Sequence[str], Sequence[str]]]
"""Company, name, ready role, rights before and after."""
VERSION: Final = 3
COUNTER: Final = 5


@dataclass(frozen=True)
class Seen:
    """Rights and version of roles by company and name, what tells users that rights differ, scopes of keys, tables."""

    roles: dict[tuple[int, str], tuple[list[str], int]]
    counters: list[int]
    keys: dict[str, list[str]]
    tables: frozenset[str]


def moment(connection: Connection) -> object:
    """Give an instant as the database stores one."""
    return 0 if connection.dialect.name == "sqlite" else "2026-11-01 00:00:00"


def fill(connection: Connection, roles: Roles, keys: Mapping[str, Sequence[str]]) -> None:
    """Enter the companies of the roles, the roles with their rights before, a user, and the user's keys."""
    for company in sorted({one[0] for one in roles}):
        versions = {"settings_version": 1, "version": 1, "rights_version": COUNTER}
        put(connection, "companies", id=company, name="C", country="FR", settings=SETTINGS, **versions)
    account = {"password_hash": "x", "locale": "en", "active": True, "version": 1, "must_change_password": False}
    put(connection, "users", id=1, email="a@example.com", name="A", **account)
    for company, name, ready, rights, _ in roles:
        put(connection, "roles", company_id=company, name=name, ready=ready, rights=list(rights), version=VERSION)
    at = moment(connection)
    for key, scopes in keys.items():
        named = {"name": key, "prefix": key, "scopes": list(scopes), "secret_hash": "x"}
        times = {"created_at": at, "expires_at": at}
        put(connection, "api_keys", company_id=1, user_id=1, revoked=False, version=1, **named, **times)


def look(url: str) -> Seen:
    """Read all of it."""
    with plain_engine(url).connect() as connection:
        roles = connection.execute(text("SELECT company_id, name, rights, version FROM roles")).all()
        counters = connection.scalars(text("SELECT rights_version FROM companies ORDER BY id")).all()
        keys = connection.execute(text("SELECT name, scopes FROM api_keys")).all()
        tables = frozenset(inspect(connection).get_table_names())
    return Seen(
        roles={(company, name): (json.loads(rights), version) for company, name, rights, version in roles},
        counters=list(counters),
        keys={name: json.loads(scopes) for name, scopes in keys},
        tables=tables,
    )


def there_back_again(
    kind: str,
    folder: Path,
    revisions: tuple[str, str],
    fill: Callable[[Connection], None],
    meanwhile: Callable[[Connection], None] = lambda _connection: None,
) -> dict[str, Seen]:
    """Migrate what ``fill`` enters from one revision to the other, back, and there again; give what was seen where.

    ``meanwhile`` enters more once it is there.
    """
    before, here = revisions
    with empty_database(kind, folder) as url:
        migrations = Migrations(settings_for(url, folder))
        migrations.upgrade(before)
        with plain_engine(url).begin() as connection:
            fill(connection)
        migrations.upgrade(here)
        seen = {"there": look(url)}
        with plain_engine(url).begin() as connection:
            meanwhile(connection)
        migrations.downgrade(before)
        seen["back"] = look(url)
        migrations.upgrade(here)
        seen["again"] = look(url)
    return seen


def expected(roles: Roles) -> dict[tuple[int, str], tuple[list[str], int]]:
    """Give roles with their rights after; only what changes has moved its version."""
    return {
        (company, name): (list(rights), VERSION if list(rights) == list(was) else VERSION + 1)
        for company, name, _, was, rights in roles
    }
