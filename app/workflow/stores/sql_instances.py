"""Instances kept in SQLite, PostgreSQL or MariaDB, in two tables of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from sqlalchemy.exc import IntegrityError

from ..instances.store import Found, InstanceExistsError, StaleError, Written
from ..runtime.store import Key

_metadata: Final = sa.MetaData()
# Compared byte by byte on every database; MariaDB's other collations take "a" for "A" and "a " for "a".
_NAME: Final = sa.String(200, collation="C").with_variant(sa.String(200), "sqlite")
_KEY: Final = _NAME.with_variant(
    mysql.VARCHAR(200, charset="utf8mb4", collation="utf8mb4_nopad_bin"), "mysql", "mariadb"
)
_TEXT: Final = sa.Text().with_variant(mysql.LONGTEXT(charset="utf8mb4"), "mysql", "mariadb")

instances: Final = sa.Table(
    "workflow_instances",
    _metadata,
    sa.Column("namespace", _KEY, primary_key=True),
    sa.Column("id", _KEY, primary_key=True),
    sa.Column("machine", _KEY, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("snapshot_version", sa.BigInteger, nullable=False),
    sa.Column("snapshot", _TEXT, nullable=False),
    sa.Index("workflow_instances_by_machine", "namespace", "machine", "id"),
)
entries: Final = sa.Table(
    "workflow_instance_log",
    _metadata,
    sa.Column("namespace", _KEY, primary_key=True),
    sa.Column("id", _KEY, primary_key=True),
    sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("entry", _TEXT, nullable=False),
)
schema: Final = sa.Table("workflow_instances_schema", _metadata, sa.Column("version", sa.Integer, primary_key=True))


def _first(connection: sa.Connection) -> None:
    _metadata.create_all(connection, tables=[instances, entries])


STEPS: Final[tuple[Callable[[sa.Connection], None], ...]] = (_first,)
"""What brings the tables from each version to the next; only ever appended to."""


def migrate(engine: sa.Engine) -> int:
    """Bring the tables to the newest version, making them where there are none; give that version."""
    schema.create(engine, checkfirst=True)
    with engine.begin() as connection:
        newest = connection.scalar(sa.select(sa.func.max(schema.c.version))) or 0
        for version, step in enumerate(STEPS[newest:], newest + 1):
            step(connection)
            connection.execute(schema.insert().values(version=version))
    return len(STEPS)


class SqlInstances:
    """An ``InstanceStore`` by SQLAlchemy. A ``connection`` of it is one the caller commits."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def create(self, key: Key, machine: str, snapshot: str, connection: sa.Connection | None = None) -> None:
        """Keep a new instance. Raises InstanceExistsError; the caller's transaction is then to be rolled back."""
        row = {**key._asdict(), "machine": machine, "version": 0, "snapshot_version": 0, "snapshot": snapshot}
        try:
            with self._within(connection) as within:
                within.execute(instances.insert(), row)
        except IntegrityError as error:
            raise InstanceExistsError(key.id) from error

    def append(
        self, key: Key, entry: Written, snapshot: str | None = None, connection: sa.Connection | None = None
    ) -> None:
        """Add an entry, and the snapshot of its version. Raises StaleError."""
        change: dict[str, Any] = {"version": entry.version}
        if snapshot is not None:
            change |= {"snapshot_version": entry.version, "snapshot": snapshot}
        row = {**key._asdict(), "version": entry.version, "entry": entry.text}
        with self._within(connection) as within:
            # The row itself is the fence: whoever changes it first wins, the other finds another version.
            fenced = instances.update().where(_is(instances, key), instances.c.version == entry.version - 1)
            if within.execute(fenced.values(change)).rowcount != 1:
                raise StaleError(key.id)
            within.execute(entries.insert(), row)

    def read(self, key: Key, connection: sa.Connection | None = None) -> Found | None:
        """Give what an instance is rebuilt from."""
        wanted = (instances.c.machine, instances.c.snapshot_version, instances.c.snapshot)
        since = entries.c.version > instances.c.snapshot_version
        same = sa.and_(entries.c.namespace == instances.c.namespace, entries.c.id == instances.c.id, since)
        # One statement, so that snapshot and log are of one moment.
        query = (
            sa.select(*wanted, entries.c.version, entries.c.entry)
            .select_from(instances.outerjoin(entries, same))
            .where(_is(instances, key))
            .order_by(entries.c.version)
        )
        with self._within(connection) as within:
            rows = within.execute(query).all()
        if not rows:
            return None
        log = tuple(Written(row.version, row.entry) for row in rows if row.version is not None)
        return Found(rows[0].machine, Written(rows[0].snapshot_version, rows[0].snapshot), log)

    def log(self, key: Key, after: int, limit: int) -> list[Written]:
        """Give entries, the oldest first."""
        query = (
            sa.select(entries.c.version, entries.c.entry)
            .where(_is(entries, key), entries.c.version > after)
            .order_by(entries.c.version)
            .limit(limit)
        )
        with self._within(None) as within:
            return [Written(row.version, row.entry) for row in within.execute(query)]

    def find(self, namespace: str, machine: str, after: str, limit: int) -> list[str]:
        """Give ids in the order of their bytes."""
        query = (
            sa.select(instances.c.id)
            .where(instances.c.namespace == namespace, instances.c.machine == machine, instances.c.id > after)
            .order_by(instances.c.id)
            .limit(limit)
        )
        with self._within(None) as within:
            return list(within.scalars(query))

    def remove(self, key: Key, connection: sa.Connection | None = None) -> bool:
        """Forget an instance with its log."""
        with self._within(connection) as within:
            gone = within.execute(instances.delete().where(_is(instances, key))).rowcount == 1
            within.execute(entries.delete().where(_is(entries, key)))
        return gone

    @contextmanager
    def _within(self, connection: sa.Connection | None) -> Iterator[sa.Connection]:
        if connection is not None:
            yield connection
            return
        with self._engine.begin() as own:
            yield own


def _is(table: sa.Table, key: Key) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.namespace == key.namespace, table.c.id == key.id)
