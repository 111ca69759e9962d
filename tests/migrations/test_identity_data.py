"""Companies, roles and memberships that were there before come through the migrations whole, up and down."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import Connection, text

from app.bootstrap import Container, bootstrap
from app.domain.identity import READY_ROLES, ReadyRole
from app.domain.shared.ids import CompanyId, RoleId, UserId
from app.domain.shared.rights import ALL_RIGHTS, Right
from app.infrastructure.database.migrate import Migrations, plain_engine
from tests.support.databases import empty_database, settings_for
from tests.support.lines import logging_as_it_was
from tests.support.revisions import by_age

pytestmark = [by_age("0003"), pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb"])]

BEFORE: Final = "0002"
SETTINGS: Final = {
    "zone": "Europe/Paris",
    "currency": "EUR",
    "vat_mode": "per_rate",
    "masks": {"order": ["O{yy}-{0000}", "year"]},
    "late_date": "refuse",
    "payment_days": 14,
    "default_warehouse": None,
}
# As first light stored them: the administrator's list ends with the rights of its day.
OLD_RIGHTS: Final = ["orders.read", "orders.write", "reports.read"]


def put(connection: Connection, table: str, **values: Any) -> None:
    """Insert a row as it was written before."""
    names = ", ".join(values)
    marks = ", ".join(f":{name}" for name in values)
    given = {name: json.dumps(value) if isinstance(value, dict | list) else value for name, value in values.items()}
    connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({marks})"), given)


def fill(connection: Connection) -> None:
    """Enter two companies: one as set up, one with roles of its own under names of ready ones."""
    for company in (1, 2):
        put(
            connection,
            "companies",
            id=company,
            name=f"C{company}",
            country="FR",
            settings=SETTINGS,
            settings_version=3,
            version=1,
        )
    account = {"password_hash": "x", "locale": "en", "active": True, "version": 1, "must_change_password": False}
    for user in (1, 2):
        put(connection, "users", id=user, email=f"u{user}@example.com", name=f"U{user}", **account)
    put(connection, "roles", company_id=1, name="administrator", rights=OLD_RIGHTS, version=4)
    put(connection, "roles", company_id=2, name="administrator", rights=OLD_RIGHTS, version=1)
    put(connection, "roles", company_id=2, name="sales", rights=["orders.read"], version=6)
    for user, company, role in ((1, 1, 1), (2, 2, 3), (1, 2, 2)):
        put(connection, "memberships", user_id=user, company_id=company)
        put(connection, "membership_roles", user_id=user, company_id=company, role_id=role)


@pytest.fixture
def migrations(kind: str, tmp_path: Path) -> Iterator[tuple[Migrations, str]]:
    """Give the migrations of a database that holds companies at the revision before."""
    with empty_database(kind, tmp_path) as url:
        made = Migrations(settings_for(url, tmp_path))
        made.upgrade(BEFORE)
        with plain_engine(url).begin() as connection:
            fill(connection)
        yield made, url


def opened(url: str, folder: Path) -> Container:
    with logging_as_it_was():
        return bootstrap(settings_for(url, folder))


def test_companies_get_the_ready_roles_they_lack(migrations: tuple[Migrations, str], kind: str, tmp_path: Path) -> None:
    """ERP-13: what a company made itself stays its own; whoever administered holds every right there is now."""
    steps, url = migrations
    steps.upgrade()
    container = opened(url, tmp_path)
    try:
        for company in (CompanyId(1), CompanyId(2)):
            with container.works.reading(container.context_of(company)) as work:
                found = {ready: work.roles.by_name(company, ready.value) for ready in ReadyRole}
                own = {ReadyRole.SALES} if company == 2 else set()
                for ready, role in found.items():
                    assert role is not None
                    assert role.ready is (None if ready in own else ready)
                    assert role.rights == ({Right.ORDERS_READ} if ready in own else READY_ROLES[ready])
                assert work.roles.version(company) > {1: 4, 2: 7}[company]
                assert work.users.administrators(company) == 1
                assert work.roles.rights(company, [role.id for role in (found[ReadyRole.ADMINISTRATOR],) if role]) == (
                    ALL_RIGHTS
                )
    finally:
        container.close()


def test_memberships_and_settings_are_as_they_were(
    migrations: tuple[Migrations, str], kind: str, tmp_path: Path
) -> None:
    """ERP-04: everybody belongs where they did, and the settings have their first kept version."""
    steps, url = migrations
    steps.upgrade()
    container = opened(url, tmp_path)
    try:
        with container.works.reading(container.context_of(CompanyId(2))) as work:
            assert [one.company for one in work.users.memberships(UserId(1))] == [1, 2]
            member = work.users.member(CompanyId(2), UserId(2))
            assert (member.active, member.name, member.roles) == (True, "U2", frozenset({RoleId(3)}))
            (kept,) = work.companies.settings_versions(CompanyId(2), before=None, limit=9)
            assert kept.settings == work.companies.get(CompanyId(2)).settings
            assert (kept.settings.version, kept.settings.payment_days, kept.actor) == (3, 14, 0)
    finally:
        container.close()


def test_the_way_back_leaves_the_administrator_their_rights_and_forth_again_finds_all(
    migrations: tuple[Migrations, str], kind: str, tmp_path: Path
) -> None:
    steps, url = migrations
    steps.upgrade("0003")
    steps.downgrade(BEFORE)
    with plain_engine(url).connect() as connection:
        rows = connection.execute(text("SELECT company_id, name, rights FROM roles ORDER BY id")).all()
    written = {(company, name): set(json.loads(rights)) for company, name, rights in rows}
    assert written[1, "administrator"] >= {"orders.read", "invoices.read", "custom_fields.read"}
    assert set(OLD_RIGHTS) < written[1, "administrator"]
    assert written[2, "sales"] == {"orders.read"}
    steps.upgrade("0003")
    with plain_engine(url).connect() as connection:
        ready = connection.execute(text("SELECT company_id, ready FROM roles WHERE ready IS NOT NULL")).all()
    assert {(1, one.value) for one in ReadyRole} <= {tuple(row) for row in ready}
    assert (2, "sales") not in {tuple(row) for row in ready}
