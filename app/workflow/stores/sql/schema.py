"""The tables, as the migrations that make them: each step goes forward on data, and no harm is done by a second time.

One number in ``workflow_schema`` tells how many steps were taken. Whoever migrates must not be two at once: ``migrate``
on an engine sees to it, a caller with a connection of his own does so himself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from sqlalchemy import Connection, Engine, inspect

PREFIX: Final = "workflow_"
"""What the names of all our tables begin with."""
LOCK: Final = 7_241_166_213
LOCK_NAME: Final = "workflow.migrations"
PATIENCE_S: Final = 120

Types = Mapping[str, str]
_INDEX: Final = re.compile(r"CREATE (UNIQUE )?INDEX (\w+) ON (\w+)")
_POSTGRESQL: Final[Types] = {
    "namespace": 'VARCHAR(64) COLLATE "C"',
    "id": 'VARCHAR(64) COLLATE "C"',
    "name": 'VARCHAR(128) COLLATE "C"',
    "sent": 'VARCHAR(255) COLLATE "C"',
    "body": "TEXT",
    "count": "BIGINT",
    "small": "INTEGER",
    "serial": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    "hot": " WITH (fillfactor = 80)",
    "end": "",
    "name_given": " WHERE name IS NOT NULL",
    "about": " WHERE reference IS NOT NULL",
    "due": " WHERE due IS NOT NULL",
    "owner": " WHERE owner IS NOT NULL",
    "ended": " WHERE ended IS NOT NULL",
    "fresh": " WHERE fresh = 1",
    "untaken": " WHERE taken IS NULL",
    "undelivered": " WHERE delivered = 0",
}
_SQLITE: Final[Types] = {
    **_POSTGRESQL,
    **dict.fromkeys(("namespace", "id", "name", "sent", "body"), "TEXT"),
    **dict.fromkeys(("count", "small"), "INTEGER"),
    # Without the word a number would be given again once the newest row is gone.
    "serial": "INTEGER PRIMARY KEY AUTOINCREMENT",
    "hot": "",
}


def _mysql(collation: str) -> Types:
    return {
        "namespace": f"VARCHAR(64) COLLATE {collation}",
        "id": f"VARCHAR(64) COLLATE {collation}",
        "name": f"VARCHAR(128) COLLATE {collation}",
        "sent": f"VARCHAR(255) COLLATE {collation}",
        "body": f"LONGTEXT COLLATE {collation}",
        "count": "BIGINT",
        "small": "INTEGER",
        "serial": "BIGINT AUTO_INCREMENT PRIMARY KEY",
        "hot": "",
        "end": " DEFAULT CHARACTER SET utf8mb4 ENGINE = InnoDB",
        **dict.fromkeys(("name_given", "about", "due", "owner", "ended", "fresh", "untaken", "undelivered"), ""),
    }


# A row of history is never asked for by what it holds, and its execution is locked when it is written: it needs no
# foreign key. Where a database knows partial indexes they keep what sleeps, or nobody holds, out of them.
_FIRST: Final = (
    """
CREATE TABLE IF NOT EXISTS workflow_executions (
    namespace {namespace} NOT NULL,
    id {id} NOT NULL,
    machine {name} NOT NULL,
    edition {small} NOT NULL,
    name {name},
    principal {sent} NOT NULL,
    seed {id} NOT NULL,
    created {count} NOT NULL,
    input {body} NOT NULL,
    version {count} NOT NULL,
    status {id} NOT NULL,
    owner {count},
    due {count},
    claims {small} NOT NULL,
    started {count},
    ended {count},
    events {count} NOT NULL,
    error {name} NOT NULL,
    checkpoint {body} NOT NULL,
    PRIMARY KEY (namespace, id)
){hot}{end}""",
    "CREATE UNIQUE INDEX uq_workflow_executions_name ON workflow_executions (namespace, machine, name){name_given}",
    "CREATE INDEX ix_workflow_executions_due ON workflow_executions (due){due}",
    "CREATE INDEX ix_workflow_executions_owner ON workflow_executions (owner){owner}",
    "CREATE INDEX ix_workflow_executions_ended ON workflow_executions (ended){ended}",
    "CREATE INDEX ix_workflow_executions_created ON workflow_executions (namespace, created, id)",
    "CREATE INDEX ix_workflow_executions_machine ON workflow_executions (namespace, machine, created, id)",
    """
CREATE TABLE IF NOT EXISTS workflow_history (
    namespace {namespace} NOT NULL,
    id {id} NOT NULL,
    version {count} NOT NULL,
    first_event {count} NOT NULL,
    last_event {count} NOT NULL,
    body {body} NOT NULL,
    PRIMARY KEY (namespace, id, version)
){end}""",
    """
CREATE TABLE IF NOT EXISTS workflow_workers (
    id {serial},
    name {name} NOT NULL,
    entered {count} NOT NULL,
    lease {count} NOT NULL
){end}""",
    """
CREATE TABLE IF NOT EXISTS workflow_inbox (
    place {serial},
    namespace {namespace} NOT NULL,
    id {sent} NOT NULL,
    execution {id} NOT NULL,
    body {body} NOT NULL,
    UNIQUE (namespace, id)
){end}""",
    """
CREATE TABLE IF NOT EXISTS workflow_messages (
    place {serial},
    namespace {namespace} NOT NULL,
    id {sent} NOT NULL,
    name {name} NOT NULL,
    correlation {sent} NOT NULL,
    expires {count} NOT NULL,
    fresh {small} NOT NULL,
    delivered {small} NOT NULL,
    body {body} NOT NULL,
    UNIQUE (namespace, id)
){end}""",
    "CREATE INDEX ix_workflow_messages_fresh ON workflow_messages (fresh){fresh}",
    "CREATE INDEX ix_workflow_messages_expires ON workflow_messages (expires)",
    "CREATE INDEX ix_workflow_messages_pair ON workflow_messages (namespace, name, correlation, place){undelivered}",
    """
CREATE TABLE IF NOT EXISTS workflow_awaiting (
    place {serial},
    namespace {namespace} NOT NULL,
    execution {id} NOT NULL,
    name {name} NOT NULL,
    correlation {sent} NOT NULL,
    taken {sent},
    fresh {small} NOT NULL,
    UNIQUE (namespace, execution, name, correlation)
){end}""",
    "CREATE INDEX ix_workflow_awaiting_fresh ON workflow_awaiting (fresh){fresh}",
    "CREATE INDEX ix_workflow_awaiting_pair ON workflow_awaiting (namespace, name, correlation, place){untaken}",
)
_BY_REFERENCE: Final = (
    "CREATE INDEX ix_workflow_executions_reference ON workflow_executions (namespace, reference, created, id){about}"
)
_HAS_LZ4: Final = "SELECT 1 FROM pg_settings WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals)"
_LZ4: Final = (
    "ALTER TABLE workflow_executions ALTER COLUMN input SET COMPRESSION lz4",
    "ALTER TABLE workflow_executions ALTER COLUMN checkpoint SET COMPRESSION lz4",
    "ALTER TABLE workflow_history ALTER COLUMN body SET COMPRESSION lz4",
)


def _first(connection: Connection) -> None:
    types = _types(connection)
    for statement in _FIRST:
        # MySQL commits each statement by itself: after a crash some are there, and it knows no IF NOT EXISTS for them.
        if not _has_index(connection, statement):
            connection.exec_driver_sql(statement.format_map(types))
    if connection.dialect.name == "postgresql" and connection.exec_driver_sql(_HAS_LZ4).first():
        # A fifth of pglz's time on payloads of 4 to 100 kB.
        for statement in _LZ4:
            connection.exec_driver_sql(statement)


def _has_index(connection: Connection, statement: str) -> bool:
    """Tell whether a statement would make an index that is there."""
    named = _INDEX.match(statement)
    return named is not None and named[2] in {index["name"] for index in inspect(connection).get_indexes(named[3])}


_LOCKS: Final = {
    "postgresql": (f"SELECT pg_advisory_lock({LOCK})", f"SELECT pg_advisory_unlock({LOCK})"),
    "mysql": (f"SELECT GET_LOCK('{LOCK_NAME}', {PATIENCE_S})", f"SELECT RELEASE_LOCK('{LOCK_NAME}')"),
    "sqlite": ("BEGIN IMMEDIATE", ""),
}


def _second(connection: Connection) -> None:
    """Know whom the end of an execution is told."""
    # A step that was interrupted on MySQL has left the column behind.
    if "parent" not in {column["name"] for column in inspect(connection).get_columns("workflow_executions")}:
        kind = _types(connection)["sent"]
        connection.exec_driver_sql(f"ALTER TABLE workflow_executions ADD COLUMN parent {kind} DEFAULT '' NOT NULL")


def _third(connection: Connection) -> None:
    """Know what an execution is about, so that it is found by that, and where it is."""
    types = _types(connection)
    there = {column["name"] for column in inspect(connection).get_columns("workflow_executions")}
    for name, kind in (("reference", "sent"), ("state", "name")):
        if name not in there:
            connection.exec_driver_sql(f"ALTER TABLE workflow_executions ADD COLUMN {name} {types[kind]}")
    if not _has_index(connection, _BY_REFERENCE):
        connection.exec_driver_sql(_BY_REFERENCE.format_map(types))


_OFFERS: Final = (
    """
CREATE TABLE IF NOT EXISTS workflow_offers (
    place {serial},
    namespace {namespace} NOT NULL,
    resource {sent} NOT NULL,
    execution {id} NOT NULL,
    branch {count} NOT NULL,
    entry {count} NOT NULL,
    attempt {count} NOT NULL,
    UNIQUE (namespace, execution, branch, entry, attempt)
){end}""",
    "CREATE INDEX ix_workflow_offers_resource ON workflow_offers (namespace, resource, place)",
)


def _fourth(connection: Connection) -> None:
    """Know which tasks wait for workers outside."""
    types = _types(connection)
    for statement in _OFFERS:
        if not _has_index(connection, statement):
            connection.exec_driver_sql(statement.format_map(types))


_ENDS: Final = (
    """
CREATE TABLE IF NOT EXISTS workflow_ends (
    place {serial},
    namespace {namespace} NOT NULL,
    execution {id} NOT NULL,
    status {id} NOT NULL,
    at {count} NOT NULL,
    error {name} NOT NULL
){end}""",
    "CREATE INDEX ix_workflow_ends_namespace ON workflow_ends (namespace, place)",
)


def _fifth(connection: Connection) -> None:
    """Know which ends nobody has been told of."""
    types = _types(connection)
    for statement in _ENDS:
        if not _has_index(connection, statement):
            connection.exec_driver_sql(statement.format_map(types))


STEPS: Final[tuple[Callable[[Connection], None], ...]] = (_first, _second, _third, _fourth, _fifth)
"""What brings a database from each version to the next."""


def migrate(engine: Engine) -> None:
    """Bring the tables of a database to this version; nothing happens when they are, and others wait meanwhile."""
    take, give = _LOCKS.get(engine.dialect.name, _LOCKS["mysql"])
    with engine.connect() as connection:
        # SQLite's lock is the transaction itself, which an engine of the caller's may begin in its own way.
        connection.begin()
        if not getattr(connection.connection.dbapi_connection, "in_transaction", False):
            connection.exec_driver_sql(take)
        try:
            migrate_on(connection)
            connection.commit()
        finally:
            connection.rollback()
            if give:
                connection.exec_driver_sql(give)
                connection.commit()


def migrate_on(connection: Connection, to: int = len(STEPS)) -> None:
    """Do the same within the transaction of a caller who sees to it that nobody else does, and who commits."""
    found = version(connection)
    if found is None:
        connection.exec_driver_sql(
            "CREATE TABLE IF NOT EXISTS workflow_schema (id INTEGER PRIMARY KEY, version INTEGER NOT NULL)"
            + _types(connection)["end"]
        )
        connection.exec_driver_sql(
            "INSERT INTO workflow_schema (id, version) SELECT 1, 0 FROM (SELECT 1 AS one) AS one"
            " WHERE NOT EXISTS (SELECT 1 FROM workflow_schema)"
        )
    for number in range((found or 0) + 1, to + 1):
        STEPS[number - 1](connection)
        connection.exec_driver_sql(f"UPDATE workflow_schema SET version = {number}")


def version(connection: Connection) -> int | None:
    """Give how many steps a database has taken, None when it knows nothing of us."""
    if not inspect(connection).has_table("workflow_schema"):
        return None
    found: int | None = connection.exec_driver_sql("SELECT version FROM workflow_schema").scalar()
    return found


def _types(connection: Connection) -> Types:
    dialect: Any = connection.dialect
    if dialect.name == "postgresql":
        return _POSTGRESQL
    if dialect.name == "sqlite":
        return _SQLITE
    # Neither folds case nor pads with blanks.
    return _mysql("utf8mb4_nopad_bin" if dialect.is_mariadb else "utf8mb4_0900_bin")
