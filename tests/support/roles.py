"""Roles and keys as an earlier version wrote them, for migrations that give ready roles rights or take them away."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from app.infrastructure.database.migrate import Migrations, plain_engine
from tests.migrations.test_identity_data import SETTINGS, put
from tests.support.databases import empty_database, settings_for

Role = tuple[int, str, str | None, list[str], list[str]]
"""Company, name, which ready role it is, its rights before and after."""
ROLE_VERSION = 3
RIGHTS_VERSION = 5


@dataclass(frozen=True)
class Seen:
    """Rights and version of roles by company and name, what tells users that rights differ, scopes of keys, tables."""

    roles: dict[tuple[int, str], tuple[list[str], int]]
    counters: list[int]
    keys: dict[str, list[str]]
    tables: set[str]


def instant(connection: Connection) -> object:
    """Give an instant as the database keeps it."""
    return 0 if connection.dialect.name == "sqlite" else "2026-11-01 00:00:00"


def enter(connection: Connection, roles: Iterable[Role], keys: Mapping[str, list[str]]) -> None:
    """Enter the companies of the roles with them, and somebody with the keys, by name with their scopes."""
    roles = list(roles)
    for company in sorted({role[0] for role in roles}):
        versions = {"settings_version": 1, "version": 1, "rights_version": RIGHTS_VERSION}
        put(connection, "companies", id=company, name="C", country="FR", settings=SETTINGS, **versions)
    account = {"password_hash": "x", "locale": "en", "active": True, "version": 1, "must_change_password": False}
    put(connection, "users", id=1, email="a@example.com", name="A", **account)
    for company, name, ready, rights, _ in roles:
        put(connection, "roles", company_id=company, name=name, ready=ready, rights=rights, version=ROLE_VERSION)
    at = instant(connection)
    for key, scopes in keys.items():
        named = {"name": key, "prefix": key, "scopes": scopes, "secret_hash": "x", "created_at": at, "expires_at": at}
        put(connection, "api_keys", company_id=1, user_id=1, revoked=False, version=1, **named)


def look(url: str) -> Seen:
    """Read all of it past the application."""
    with plain_engine(url).connect() as connection:
        roles = connection.execute(text("SELECT company_id, name, rights, version FROM roles")).all()
        counters = connection.scalars(text("SELECT rights_version FROM companies ORDER BY id")).all()
        keys = connection.execute(text("SELECT name, scopes FROM api_keys")).all()
        tables = set(inspect(connection).get_table_names())
    return Seen(
        roles={(company, name): (json.loads(rights), version) for company, name, rights, version in roles},
        counters=list(counters),
        keys={name: json.loads(scopes) for name, scopes in keys},
        tables=tables,
    )


def journey(
    kind: str,
    folder: Path,
    revisions: Sequence[str],
    fill: Callable[[Connection], None],
    there: Callable[[Connection], None] | None = None,
) -> dict[str, Seen]:
    """Migrate from the first revision to the second, back, and there again; give what was seen at each stop.

    ``fill`` enters what was there before, ``there`` what is done in the meantime.
    """
    before, here = revisions
    with empty_database(kind, folder) as url:
        migrations = Migrations(settings_for(url, folder))
        migrations.upgrade(before)
        with plain_engine(url).begin() as connection:
            fill(connection)
        seen = {}
        for stop, go, revision in (
            ("there", migrations.upgrade, here),
            ("back", migrations.downgrade, before),
            ("again", migrations.upgrade, here),
        ):
            go(revision)
            seen[stop] = look(url)
            if stop == "there" and there is not None:
                with plain_engine(url).begin() as connection:
                    there(connection)
    return seen
