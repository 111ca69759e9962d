"""The schema's migrations, run by the program itself; two replicas that migrate at once wait for each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import Any, Final

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, NullPool, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from app.domain.shared.errors import Busy, Unavailable
from app.infrastructure.database.tables.shared import metadata
from app.resources import resource
from app.settings import Settings
from app.workflow.stores.sql import schema

LOCK_KEY: Final = 7_241_166_212  # "tramita" as a number nobody else is likely to take
LOCK_NAME: Final = "tramita.migrations"
LOCK_TIMEOUT_S: Final = 120
_ALEMBIC: Final = Lock()  # its environment is a global of the process
HEAD: Final = "head"


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    """Tell whether a table is the business's; the workflow engine's are made by its own migrations."""
    return kind != "table" or not (name or "").startswith(schema.PREFIX)


# No column has a default in the database: defaults are the domain's.
COMPARE: Final[dict[str, Any]] = {
    "compare_type": True,
    "compare_server_default": False,
    "include_name": _is_ours,
}


class Migrations:
    """Brings the schema of one database to a revision, and tells where it is.

    Each call opens connections of its own, without the time limits of the application's. Raises Unavailable when the
    database does not answer, Busy when another migration does not end.
    """

    def __init__(self, settings: Settings) -> None:
        self._url = settings.database_url

    def upgrade(self, to: str = HEAD) -> None:
        """Apply what is missing up to revision ``to``; nothing when nothing is.

        Up to the newest one the workflow engine's tables go along, which no revision takes down again.
        """
        self._run(lambda config: command.upgrade(config, to), engine=to == HEAD)

    def downgrade(self, to: str) -> None:
        """Take revisions back down to ``to``; ``base`` leaves an empty schema."""
        self._run(lambda config: command.downgrade(config, to))

    def current(self) -> str | None:
        """Give the revision the database is at, None before the first."""
        with self._connected() as connection:
            return MigrationContext.configure(connection).get_current_revision()

    def check(self) -> list[str]:
        """Give what differs between database and models, one line each; nothing when all is well."""
        with self._connected() as connection:
            context = MigrationContext.configure(connection, opts=COMPARE)
            current = context.get_current_revision()
            differences = [] if current == head() else [f"database is at {current}, not at {head()}"]
            steps = schema.version(connection)
            if steps != len(schema.STEPS):
                differences.append(f"the engine's tables are at {steps}, not at {len(schema.STEPS)}")
            return differences + [_told(difference) for difference in compare_metadata(context, metadata)]

    def _run(self, step: Callable[[Config], None], *, engine: bool = False) -> None:
        with _ALEMBIC, self._connected() as connection, _alone(connection):
            config = configuration()
            config.attributes["connection"] = connection
            step(config)
            if engine:
                schema.migrate_on(connection)
            connection.commit()

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        engine = plain_engine(self._url)
        try:
            with engine.connect() as connection:
                yield connection
        except DBAPIError as error:
            if error.connection_invalidated or type(error.orig).__name__ == "OperationalError":
                raise Unavailable from error
            raise
        finally:
            engine.dispose()


def plain_engine(url: str) -> Engine:
    """Give an engine of SQLAlchemy's without a pool, for migrations and tools; on SQLite it writes from the start."""
    made = make_url(url)
    engine = create_engine(made, poolclass=NullPool)
    if made.get_backend_name() == "sqlite":
        event.listen(engine, "connect", _own_transactions)
        event.listen(engine, "begin", _begin_immediate)
    return engine


def configuration() -> Config:
    """Give Alembic's configuration, with the scripts that belong to this version."""
    config = Config()
    config.set_main_option("script_location", str(resource("migrations")).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


@cache
def head() -> str:
    """Give the one newest revision. Raises CommandError when there are several: somebody has to merge them."""
    newest = ScriptDirectory.from_config(configuration()).get_current_head()
    if newest is None:
        raise FileNotFoundError("no migrations")
    return newest


@contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    """Hold the lock of migrations; on SQLite the transaction itself is the lock. Raises Busy."""
    name = connection.dialect.name
    if name == "postgresql":
        connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT_S}s'"))
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": LOCK_KEY})
        # The lock belongs to the connection, not to the transaction, and ends with it.
        connection.commit()
        yield
    elif name in {"mysql", "mariadb"}:
        wait = {"name": LOCK_NAME, "seconds": LOCK_TIMEOUT_S}
        if connection.scalar(text("SELECT GET_LOCK(:name, :seconds)"), wait) != 1:
            raise Busy
        connection.commit()
        yield
    else:
        # The first statement begins the transaction, which is the lock; what is done is then looked up within it.
        connection.execute(text("SELECT 1"))
        yield


def _told(difference: Any) -> str:
    """Give one difference of Alembic's as a line."""
    if isinstance(difference, list):
        return "; ".join(_told(part) for part in difference)
    return " ".join(str(part) for part in difference)


def _own_transactions(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {LOCK_TIMEOUT_S * 1000}").close()


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
