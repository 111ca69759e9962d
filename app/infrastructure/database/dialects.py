"""What differs between the databases, as named capabilities; nobody else asks which database it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Final

from sqlalchemy import URL
from sqlalchemy import Dialect as SqlDialect
from sqlalchemy.engine import make_url


class Ids(StrEnum):
    """How the ids of rows inserted by one statement come back."""

    RETURNING = "returning"
    FIRST = "first"  # the driver tells the first one, the others follow it
    LAST = "last"  # the driver tells the last one, the others precede it


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One kind of database as the repositories and the session see it.

    ``paramstyle`` is that of the driver's cursor as we use it, ``now`` the present instant in SQL. ``returning_key``
    says that a single inserted row's id must be asked for (the others' drivers tell it for nothing).
    ``returning_insert``, ``returning_update`` and ``returning_delete`` say for which verbs RETURNING is there;
    ``on_conflict`` whether inserts know ON CONFLICT (the others know ON DUPLICATE KEY); ``row_locks`` whether SELECT
    ... FOR UPDATE locks anything; ``writable_cte`` whether several inserts go in one statement; ``statement_limit``
    whether a statement can carry its own time limit; ``delete_limit`` whether DELETE takes ORDER BY and LIMIT;
    ``physical_rows`` names the column that is a row's place in its table, where deleting by it is the fast way.
    """

    name: str
    url: str
    paramstyle: str
    now: str
    ids: Ids
    returning_key: bool = False
    returning_insert: bool
    returning_update: bool
    returning_delete: bool
    on_conflict: bool
    row_locks: bool = True
    skip_locked: bool = True
    key_share: bool = False
    row_comparison: bool = False
    writable_cte: bool = False
    statement_limit: bool = False
    side_transactions: bool = True
    synchronous_commit: bool = False
    analyze: str = ""
    delete_limit: bool = False
    physical_rows: str = ""

    def sql(self) -> SqlDialect:
        """Give SQLAlchemy's dialect that statements are compiled for."""
        return _sql(self)


POSTGRESQL: Final = Dialect(
    name="postgresql",
    url="postgresql+psycopg://",
    paramstyle="numeric_dollar",
    now="clock_timestamp()",
    ids=Ids.RETURNING,
    returning_key=True,
    returning_insert=True,
    returning_update=True,
    returning_delete=True,
    on_conflict=True,
    key_share=True,
    row_comparison=True,
    writable_cte=True,
    synchronous_commit=True,
    analyze="ANALYZE",
    physical_rows="ctid",
)
MARIADB: Final = Dialect(
    name="mariadb",
    url="mariadb+pymysql://",
    paramstyle="format",
    now="utc_timestamp(6)",
    ids=Ids.RETURNING,
    returning_insert=True,
    returning_update=False,
    returning_delete=True,
    on_conflict=False,
    statement_limit=True,
    delete_limit=True,
)
MARIADB_PLAIN: Final = Dialect(
    name="mariadb",
    url="mariadb+pymysql://",
    paramstyle="format",
    now="utc_timestamp(6)",
    ids=Ids.FIRST,
    returning_insert=False,
    returning_update=False,
    returning_delete=False,
    on_conflict=False,
    statement_limit=True,
    delete_limit=True,
)
MYSQL: Final = Dialect(
    name="mysql",
    url="mysql+pymysql://",
    paramstyle="format",
    now="utc_timestamp(6)",
    ids=Ids.FIRST,
    returning_insert=False,
    returning_update=False,
    returning_delete=False,
    on_conflict=False,
    delete_limit=True,
)
SQLITE: Final = Dialect(
    name="sqlite",
    url="sqlite://",
    paramstyle="qmark",
    now="CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)",
    ids=Ids.LAST,
    returning_insert=True,
    returning_update=True,
    returning_delete=True,
    on_conflict=True,
    row_locks=False,
    skip_locked=False,
    row_comparison=True,
    side_transactions=False,
)


def dialect_of(url: URL, *, mariadb: bool = False, returning: bool = True) -> Dialect:
    """Give the capabilities of the database behind ``url``.

    ``mariadb`` is what the server behind a mysql:// URL said it is. ``returning=False`` does without RETURNING where it
    can be done without, which is how MySQL 8 is served. Raises ValueError for a database we do not know.
    """
    backend = url.get_backend_name()
    if backend == "postgresql":
        return POSTGRESQL
    if backend == "sqlite" and url.database not in {None, "", ":memory:"}:
        return SQLITE
    if backend == "mariadb" or (backend == "mysql" and mariadb):
        return MARIADB if returning else MARIADB_PLAIN
    if backend == "mysql":
        return MYSQL
    raise ValueError(f"no support for {backend} here: use postgresql, mariadb, mysql, or sqlite with a file")


@cache
def _sql(dialect: Dialect) -> SqlDialect:
    return make_url(dialect.url).get_dialect()(paramstyle=dialect.paramstyle)  # type: ignore[call-arg]
