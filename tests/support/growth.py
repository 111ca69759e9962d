"""Databases grown old: so many kept answers and events on their way out, written by the database itself."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, text

from app.infrastructure.database.engine import Database
from app.infrastructure.database.migrate import plain_engine
from app.infrastructure.database.types import INSTANT

# Numbers 1 to :rows as a table g with one column n; bytes; a key that tells rows apart.
_NUMBERS: Final = {
    "postgresql": "generate_series(1, :rows) AS g(n)",
    "mariadb": "(SELECT seq AS n FROM seq_1_to_10000000 WHERE seq <= :rows) g",
    "sqlite": "(WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < :rows) SELECT n FROM c) g",
}
_NO: Final = {"postgresql": "false", "mariadb": "0", "sqlite": "0"}
_COUNT: Final = {"postgresql": "count", "mariadb": "`count`", "sqlite": "count"}
_SUBJECT: Final = {
    "postgresql": "CAST(:mark AS text) || '-' || n",
    "mariadb": "CONCAT(:mark, '-', n)",
    "sqlite": ":mark || '-' || n",
}
_BODY: Final = {"postgresql": "'{}'::bytea", "mariadb": "'{}'", "sqlite": "x'7B7D'"}
_KEY: Final = {"postgresql": "'old-' || n", "mariadb": "CONCAT('old-', n)", "sqlite": "'old-' || n"}


def old_answers(database: Database, company: int, rows: int, expired: datetime) -> None:
    """Add answers of ``company`` that expired at ``expired``, with the keys ``old-1`` and so on."""
    kind = database.dialect.name
    key = "`key`" if kind == "mariadb" else "key"
    _run(
        database,
        f"INSERT INTO answers (company_id, actor_id, route, {key}, body_hash, body, created_at, expires_at)"
        f" SELECT :company, 1, 'POST /api/v1/old', {_KEY[kind]}, 'x', {_BODY[kind]}, :at, :at FROM {_NUMBERS[kind]}",
        {"company": company, "rows": rows, "at": expired},
    )


def old_events(database: Database, company: int, rows: int, occurred: datetime) -> None:
    """Add events of ``company`` that wait for their number."""
    kind = database.dialect.name
    _run(
        database,
        "INSERT INTO outbox (company_id, name, aggregate, aggregate_id, deleted, actor_id, address, request_id,"
        " payload, changes, occurred_at)"
        f" SELECT :company, 'old', 'old', n, {_NO[kind]}, 1, '', 'old', '{{}}', '{{}}', :at FROM {_NUMBERS[kind]}",
        {"company": company, "rows": rows, "at": occurred},
    )


def old_attempts(database: Database, mark: str, rows: int, expired: datetime) -> None:
    """Add counts of attempts that expired at ``expired``, of subjects that begin with ``mark``."""
    kind = database.dialect.name
    _run(
        database,
        f"INSERT INTO sign_in_attempts (subject, {_COUNT[kind]}, expires_at)"
        f" SELECT {_SUBJECT[kind]}, 1, :at FROM {_NUMBERS[kind]}",
        {"mark": mark, "rows": rows, "at": expired},
    )


def old_jobs(database: Database, company: int, rows: int, expires: datetime | None) -> None:
    """Add jobs of ``company`` that are kept until ``expires``: done ones, or dead ones when they are kept for good."""
    kind, state = database.dialect.name, "dead" if expires is None else "done"
    _run(
        database,
        "INSERT INTO jobs (company_id, kind, payload, unique_key, priority, status, due_at, attempts, error, actor_id,"
        " request_id, trace, locale, created_at, expires_at, version)"
        f" SELECT :company, 'old', '{{}}', '', 1, '{state}', :now, 1, '', 0, 'old', '', 'en', :now, :at, 1"
        f" FROM {_NUMBERS[kind]}",
        {"company": company, "rows": rows, "at": expires, "now": database.now()},
    )


def attempts_of(database: Database, mark: str) -> int:
    """Give how many counts there are of subjects that begin with ``mark``."""
    engine = plain_engine(database.settings.database_url)
    with engine.connect() as connection:
        found = connection.execute(
            text("SELECT COUNT(*) FROM sign_in_attempts WHERE subject LIKE :like"), {"like": f"{mark}-%"}
        ).scalar_one()
    engine.dispose()
    return int(found)


def count_of(database: Database, table: str, company: int) -> int:
    """Give how many rows of a company a table has."""
    engine = plain_engine(database.settings.database_url)
    with engine.connect() as connection:
        found = connection.execute(
            text(f"SELECT COUNT(*) FROM {table} WHERE company_id = :company"), {"company": company}
        ).scalar_one()
    engine.dispose()
    return int(found)


def _run(database: Database, statement: str, values: dict[str, Any]) -> None:
    engine = plain_engine(database.settings.database_url)
    instants = [bindparam(name, type_=INSTANT) for name in values if name in {"at", "now"}]
    with engine.begin() as connection:
        connection.execute(text(statement).bindparams(*instants), values)
    engine.dispose()
