"""What is read of executions: rows, pages of history, lists, sums."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from ...kernel.status import Status
from ...runtime.store import SUSPECT, Key, Page, Query, Row, Statistic
from .server import Line

_LEAN: Final = (
    "namespace, id, machine, edition, name, principal, seed, version, status, owner, due, claims, created, started,"
    " ended, error, parent, reference, state"
)
ROW: Final = f"{_LEAN}, input, checkpoint"
_TOGETHER: Final = 500


def row_of(row: Sequence[Any], owner: int | None = None) -> Row:
    """Make a row of what was read; ``owner`` is given when it has changed since."""
    namespace, key, machine, edition, name, principal, seed, version, status, owned, due, claims, *rest = row
    created, started, ended, error, parent, reference, state, given, checkpoint = (
        rest if len(rest) == 9 else (*rest, "", "")
    )
    return Row(
        key=Key(namespace, key),
        machine=machine,
        edition=edition,
        name=name,
        principal=principal,
        seed=seed,
        version=version,
        status=Status(status),
        owner=owned if owner is None else owner,
        due=due,
        claims=claims,
        created=created,
        started=started,
        ended=ended,
        error=error,
        input=given,
        checkpoint=checkpoint,
        parent=parent,
        reference=reference,
        state=state,
    )


def with_one_suspect(rows: Iterable[Row]) -> list[Row]:
    """Give the rows without all suspects but the first."""
    kept: list[Row] = []
    suspects = 0
    for row in rows:
        suspects += row.claims >= SUSPECT
        if row.claims < SUSPECT or suspects == 1:
            kept.append(row)
    return kept


def conditions(keys: Iterable[Key]) -> Iterator[tuple[str, list[str]]]:
    """Give conditions that together hold for just these keys, each with its values."""
    by_namespace: dict[str, list[str]] = {}
    for namespace, key in keys:
        by_namespace.setdefault(namespace, []).append(key)
    for namespace, ids in by_namespace.items():
        for start in range(0, len(ids), _TOGETHER):
            part = ids[start : start + _TOGETHER]
            yield f"namespace = ? AND id IN ({', '.join('?' * len(part))})", [namespace, *part]


def load(line: Line, keys: Iterable[Key]) -> list[Row]:
    """Give the rows that are there."""
    found: list[Row] = []
    for condition, values in conditions(keys):
        rows = line.ask(f"SELECT {ROW} FROM workflow_executions WHERE {condition}", *values)
        found += [row_of(row) for row in rows]
    return found


def pages(line: Line, key: Key, versions: Sequence[int]) -> Mapping[int, str]:
    """Give rows of history by version."""
    found: dict[int, str] = {}
    for start in range(0, len(versions), _TOGETHER):
        part = versions[start : start + _TOGETHER]
        rows = line.ask(
            "SELECT version, body FROM workflow_history WHERE namespace = ? AND id = ?"
            f" AND version IN ({', '.join('?' * len(part))})",
            *key,
            *part,
        )
        found.update((row[0], row[1]) for row in rows)
    return found


def history(line: Line, key: Key, after: int, limit: int) -> list[Page]:
    """Give the rows of history with events beyond number ``after``."""
    rows = line.ask(
        "SELECT version, first_event, body FROM workflow_history WHERE namespace = ? AND id = ? AND last_event > ?"
        " ORDER BY version LIMIT ?",
        *key,
        after,
        limit,
    )
    return [Page(*row) for row in rows]


def find(line: Line, query: Query) -> list[Row]:
    """Give executions of one namespace, the newest first."""
    wanted: list[str] = ["namespace = ?"]
    values: list[Any] = [query.namespace]
    for condition, value in _compared(query):
        wanted.append(condition)
        values.append(value)
    if query.statuses:
        wanted.append(f"status IN ({', '.join('?' * len(query.statuses))})")
        values += [status.value for status in query.statuses]
    if query.after is not None:
        created, last = query.after
        # The first half is what MariaDB finds its place in the index by.
        wanted.append("created <= ? AND (created < ? OR id < ?)")
        values += [created, created, last]
    rows = line.ask(
        f"SELECT {_LEAN} FROM workflow_executions WHERE {' AND '.join(wanted)} ORDER BY created DESC, id DESC LIMIT ?",
        *values,
        query.limit,
    )
    return [row_of(row) for row in rows]


def _compared(query: Query) -> list[tuple[str, Any]]:
    conditions_of = (
        ("machine = ?", query.machine),
        ("name = ?", query.name),
        ("reference = ?", query.reference),
        ("created >= ?", query.started_from),
        ("created < ?", query.started_before),
    )
    return [(condition, value) for condition, value in conditions_of if value is not None]


# The nearest rank, in whole numbers: no database's idea of a percentile, or of rounding, makes two stores differ.
_STATISTICS: Final = """
SELECT status, COUNT(*), COUNT(took), SUM(took),
    MAX(CASE WHEN (place - 1) * 100 < ended * 95 AND place * 100 >= ended * 95 THEN took END)
FROM (
    SELECT status, took, COUNT(took) OVER (PARTITION BY status) AS ended,
        ROW_NUMBER() OVER (PARTITION BY status, lasts ORDER BY took) AS place
    FROM (
        SELECT status, ended - COALESCE(started, created) AS took, CASE WHEN ended IS NULL THEN 1 ELSE 0 END AS lasts
        FROM workflow_executions WHERE {condition}
    ) AS times
) AS ranked
GROUP BY status"""


def statistics(line: Line, namespace: str, machine: str | None) -> Mapping[Status, Statistic]:
    """Count executions by status."""
    condition, values = "namespace = ?", [namespace]
    if machine is not None:
        condition, values = "namespace = ? AND machine = ?", [namespace, machine]
    return {
        Status(status): Statistic(count, int(took) / ended, float(p95)) if ended else Statistic(count)
        for status, count, ended, took, p95 in line.ask(_STATISTICS.format(condition=condition), *values)
    }


def stuck(line: Line, now: int, older_than: int) -> list[Row]:
    """Give executions not ended that are overdue, or were claimed in vain."""
    # Who let go of one that was claimed in vain made it due at once: an index leads to all of them.
    rows = line.ask(
        f"SELECT {_LEAN} FROM workflow_executions WHERE ended IS NULL AND due <= ? AND (due < ? OR claims > 0)"
        " ORDER BY due, namespace, id",
        now,
        now - older_than,
    )
    return [row_of(row) for row in rows]
