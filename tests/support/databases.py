"""Migrated databases for tests, one per kind and xdist worker; a test keeps to itself by a company of its own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url

from app.domain.identity import Company, CompanySettings
from app.domain.shared.ids import CompanyId, UserId
from app.domain.shared.rights import ALL_RIGHTS
from app.infrastructure.database.engine import Database
from app.infrastructure.database.locks import Trace, TraceKind
from app.infrastructure.database.migrate import Migrations, plain_engine
from app.infrastructure.database.work import SqlWorks
from app.settings import Settings
from app.usecases.context import CancellationToken, Context, Deadline
from tests.support.clock import FakeClock
from tests.support.servers import require, server_admin_url

KINDS: Final = ("sqlite", "postgresql", "mariadb", "mariadb-no-returning")
SERVERS: Final = ("postgresql", "mariadb", "mariadb-no-returning")
KEY: Final = "t3ePyXUNkzJ0L9qjJ0jQwZkq1Yxw3m0tq6m1x7m0abc"
_numbers = count(1)


def settings_for(url: str, folder: Path, **others: Any) -> Settings:
    """Give settings for the database at ``url``; what is kept in files goes to ``folder``."""
    given: dict[str, Any] = {"jwt_key": KEY, "chain_key": KEY, "secrets_key": KEY, "log_level": "ERROR"}
    given |= {"chores": False, "jobs": False, "workflows": False, "aws_key": KEY, **others}
    return Settings(database_url=url, data_dir=folder, **given)


def create_database(server: str, name: str) -> str:
    """Make an empty database on a server and give its URL, with the password in it."""
    admin = make_url(server_admin_url(server))
    with plain_engine(admin.render_as_string(hide_password=False)).connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(text(f"CREATE DATABASE {name}"))
    return admin.set(database=name).render_as_string(hide_password=False)


def drop_database(server: str, name: str) -> None:
    """Remove a database made by ``create_database``, whoever is still connected."""
    admin = make_url(server_admin_url(server))
    with plain_engine(admin.render_as_string(hide_password=False)).connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        force = " WITH (FORCE)" if server == "postgresql" else ""
        connection.execute(text(f"DROP DATABASE IF EXISTS {name}{force}"))


@cache
def looking(url: str) -> Engine:
    """Give an engine past the application, the same one each time: it remembers how its statements are written."""
    return plain_engine(url)


def unique_name(prefix: str = "tramita") -> str:
    """Give a database name that no other test or worker uses."""
    return f"{prefix}_{os.getpid()}_{next(_numbers)}"


@contextmanager
def empty_database(kind: str, folder: Path) -> Iterator[str]:
    """Give the URL of a database without tables, removed afterwards."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / unique_name()}.db"
        return
    server = kind.removesuffix("-no-returning")
    require(server)
    name = unique_name()
    url = create_database(server, name)
    try:
        yield url
    finally:
        drop_database(server, name)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a migrated SQLite file to copy."""
    folder = tmp_path_factory.mktemp("template")
    path = folder / "tramita.db"
    Migrations(settings_for(f"sqlite:///{path}", folder)).upgrade()
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """Give a migrated SQLite database of the test's own."""
    path = tmp_path / "tramita.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture(scope="session", params=KINDS)
def database_kind(request: pytest.FixtureRequest) -> str:
    """Give each kind of database in turn; parametrise it indirectly for fewer."""
    return str(request.param)


@pytest.fixture(scope="session")
def database_settings(
    database_kind: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Settings]:
    """Give the settings of a migrated database of this kind, shared by the tests of one worker."""
    folder = tmp_path_factory.mktemp(database_kind)
    with empty_database(database_kind, folder) as url:
        if database_kind == "sqlite":
            shutil.copyfile(request.getfixturevalue("sqlite_template"), make_url(url).database or "")
        settings = settings_for(
            url,
            folder,
            db_returning="off" if database_kind.endswith("-no-returning") else "auto",
            db_lock_timeout_s=20,
        )
        Migrations(settings).upgrade()
        yield settings


@pytest.fixture(scope="session")
def database_url(database_settings: Settings) -> str:
    """Give the URL of the shared migrated database."""
    return database_settings.database_url


@pytest.fixture(scope="session")
def database(database_settings: Settings) -> Iterator[Database]:
    """Give the shared migrated database, open."""
    opened = Database.of(database_settings)
    yield opened
    opened.close()


@pytest.fixture
def clock() -> FakeClock:
    """Give a clock that the test moves."""
    return FakeClock()


@pytest.fixture
def works(database: Database, clock: FakeClock) -> SqlWorks:
    """Give transactions on the shared database, by the test's clock."""
    return SqlWorks(database, clock)


@pytest.fixture
def context(works: SqlWorks) -> Context:
    """Give the context of a company made for this test, with every right."""
    return company_context(works)


def company_context(works: SqlWorks, settings: CompanySettings | None = None) -> Context:
    """Make a company and give a context of it with every right."""
    company = Company(name="Test company", country="FR", settings=settings or CompanySettings())
    with works.writing(context_of(CompanyId(0))) as work:
        work.companies.add(company)
        work.commit()
    return context_of(company.id, company.settings)


def context_of(
    company: CompanyId,
    settings: CompanySettings | None = None,
    *,
    deadline: Deadline | None = None,
    token: CancellationToken | None = None,
) -> Context:
    """Give a context with every right."""
    return Context(
        actor=UserId(1),
        company=company,
        rights=ALL_RIGHTS,
        request_id="test",
        locale="en",
        settings=settings or CompanySettings(),
        deadline=deadline,
        token=token or CancellationToken(),
    )


@contextmanager
def tracing(database: Database) -> Iterator[list[Trace]]:
    """Give the list that fills with what sessions opened in the block do."""
    before, traces = database.trace, list[Trace]()
    database.trace = traces.append
    try:
        yield traces
    finally:
        database.trace = before


def statements(traces: list[Trace]) -> list[str]:
    """Give the names of the statements among ``traces``."""
    return [trace.name for trace in traces if trace.kind is TraceKind.STATEMENT]
