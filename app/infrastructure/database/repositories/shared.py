"""What every capability uses: events on their way out, series of numbers, and answers kept by idempotency key."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Insert, bindparam, delete, insert, select, update

from app.domain.journal import aggregate, noun
from app.domain.shared.events import Event
from app.domain.shared.numbering import GENESIS, Series
from app.infrastructure.database.compiled import Row, prepare, prepare_many
from app.infrastructure.database.failures import ConstraintViolated
from app.infrastructure.database.history import Touched
from app.infrastructure.database.locks import Lock
from app.infrastructure.database.session import Session
from app.infrastructure.database.statements import count_up, insert_missing, insert_rows
from app.infrastructure.database.tables.shared import answers, outbox, series
from app.usecases.context import Context
from app.usecases.ports.shared import Answer, AnswerExists, IdempotencyKey, RolledBack, StoredAnswer

KEPT: Final = timedelta(hours=24)
_EVENT: Final = ("name", "aggregate", "aggregate_id", "version", "deleted", "payload", "changes")
_COMMON: Final = ("company_id", "actor_id", "api_key_id", "address", "request_id", "occurred_at")
_INSERT_EVENTS = prepare_many(insert_rows(outbox, _EVENT, common=_COMMON))


class SqlOutbox:
    """Events of one transaction, in order; ``flush`` writes them with one statement."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._events: list[Event] = []

    def add(self, event: Event) -> None:
        """Send ``event`` once the transaction commits."""
        self._events.append(event)

    def take(self, touched: Mapping[tuple[str, int], Touched]) -> list[dict[str, Any]]:
        """Give the rows of the events so far, and forget them.

        The first event of an object carries what the transaction changed of it. An object that was written without an
        event of its own gets one here: nothing changes unseen.
        """
        events, self._events = self._events, []
        rows: list[dict[str, Any]] = []
        told: set[tuple[str, int]] = set()
        for event in events:
            place = (noun(event.aggregate), event.aggregate_id())
            change = touched.get(place)
            rows.append(
                {
                    "name": event.name,
                    "aggregate": event.aggregate,
                    "aggregate_id": place[1],
                    "version": None if change is None else change.version,
                    "deleted": change is not None and change.deleted,
                    "payload": event.facts(),
                    "changes": {} if change is None or event.silent or place in told else change.changes(),
                }
            )
            told.add(place)
        rows += [_untold(change) for place, change in touched.items() if change.told and place not in told]
        return rows

    def common(self, now: datetime, touched: Mapping[tuple[str, int], Touched]) -> dict[str, Any]:
        """Give what all rows share; who acts for no company (the command line) acts in that of what is written."""
        context = self._context
        return {
            "company_id": context.company or _company_of(touched.values()),
            "actor_id": context.actor,
            "api_key_id": context.api_key,
            "address": context.address[:64],
            "request_id": context.request_id,
            "occurred_at": now,
        }


def _untold(change: Touched) -> dict[str, Any]:
    verb = "created" if change.created else "deleted" if change.deleted else "changed"
    return {
        "name": f"record.{verb}",
        "aggregate": aggregate(change.kind),
        "aggregate_id": change.id,
        "version": change.version,
        "deleted": change.deleted,
        "payload": {},
        "changes": change.changes(),
    }


def _company_of(touched: Iterable[Touched]) -> int:
    for change in touched:
        company = change.id if change.kind == "companies" else change.after.get("company_id")
        if company is not None:
            return int(company)
    return 0


_ANSWER_KEY: Final = ("company_id", "actor_id", "route", "key")
_ANSWER: Final = (*_ANSWER_KEY, "body_hash", "body", "version", "location", "created_at", "expires_at")
_FOUND: Final = tuple(answers.c[name] == bindparam(name) for name in _ANSWER_KEY)
_FIND = prepare(
    select(*(answers.c[name] for name in ("body_hash", "body", "version", "location", "expires_at"))).where(*_FOUND)
)
_DROP = prepare(delete(answers).where(*_FOUND))
_KEEP = prepare(insert(answers).values({name: bindparam(name) for name in _ANSWER}))


def _keep_with_events(count: int) -> Insert:
    """Give the one statement that writes the answer and ``count`` events, for databases that can."""
    events = insert_rows(outbox, _EVENT, common=_COMMON)(count)
    answer = insert(answers).values({name: bindparam(name) for name in _ANSWER})
    return answer.add_cte(events.cte("events"))


_KEEP_WITH_EVENTS = prepare_many(_keep_with_events, "insert answers, outbox", needs="writable_cte")


class SqlAnswers:
    """Answers kept under idempotency keys; a new one is written by ``flush``, the transaction's last write."""

    def __init__(self, session: Session, context: Context, now: Callable[[], datetime]) -> None:
        self._session = session
        self._context = context
        self._now = now
        self._expired = False
        self._pending: tuple[IdempotencyKey, Answer] | None = None

    def find(self, key: IdempotencyKey) -> StoredAnswer | None:
        """Give what was answered under ``key``, if anything, in the last 24 hours."""
        row = self._session.one(_FIND, **self._key(key))
        if row is None:
            return None
        body_hash, body, version, location, expires_at = row
        self._expired = expires_at <= self._now()
        if self._expired:
            return None
        return StoredAnswer(body_hash=body_hash, answer=Answer(body=bytes(body), version=version, location=location))

    def add(self, key: IdempotencyKey, answer: Answer) -> None:
        """Keep ``answer`` once the transaction commits, which raises AnswerExists when a twin was first."""
        self._pending = (key, answer)

    def flush(self, events: SqlOutbox) -> bool:
        """Write the events, then the answer: the transaction's last writes; tell whether there were events.

        Raises AnswerExists.
        """
        now = self._now()
        history = self._session.history
        touched = {} if history is None else history.touched()
        rows = events.take(touched)
        common = events.common(now, touched)
        if self._pending is None:
            self._session.many(_INSERT_EVENTS, rows, **common)
            return bool(rows)
        if self._expired:
            self._session.run(_DROP, **self._key(self._pending[0]))
        kept = self._row(*self._pending, now)
        together = self._session.dialect.writable_cte and 0 < len(rows) <= _KEEP_WITH_EVENTS.max_rows
        try:
            if together:
                self._session.many(_KEEP_WITH_EVENTS, rows, **(common | kept))
            else:
                self._session.many(_INSERT_EVENTS, rows, **common)
                self._session.run(_KEEP, **kept)
        except ConstraintViolated as violated:
            if violated.constraint != answers.primary_key.name:
                raise
            raise AnswerExists from violated
        return bool(rows)

    def _key(self, key: IdempotencyKey) -> dict[str, Any]:
        return {
            "company_id": self._context.company,
            "actor_id": self._context.actor,
            "route": key.route,
            "key": key.key,
        }

    def _row(self, key: IdempotencyKey, answer: Answer, now: datetime) -> dict[str, Any]:
        return self._key(key) | {
            "body_hash": key.body_hash,
            "body": answer.body,
            "version": answer.version,
            "location": answer.location,
            "created_at": now,
            "expires_at": now + KEPT,
        }


_ROW: Final = (
    series.c.company_id == bindparam("company_id"),
    series.c.kind == bindparam("kind"),
    series.c.period == bindparam("period"),
)
_LOCK = prepare(
    select(series.c.next, series.c.last_date, series.c.last_hash).where(*_ROW).with_for_update(key_share=True),
    "lock series",
)
_NEW: Final = {
    name: bindparam(name, type_=series.c[name].type) for name in ("company_id", "kind", "period", "next", "last_hash")
}
_MAKE = prepare(lambda dialect: insert_missing(dialect, series, _NEW), "make series")
_COUNT = prepare(lambda dialect: count_up(dialect, series, _NEW, "next"), "count series")
_SAVED: Final = ("next", "last_date", "last_hash")
_SAVE = prepare(
    update(series).where(*_ROW).values({name: bindparam(f"new_{name}", type_=series.c[name].type) for name in _SAVED})
)


class SqlSeriesBook:
    """Series of numbers of the context's company, in rows of ``series``."""

    def __init__(self, session: Session, context: Context) -> None:
        self._session = session
        self._company = context.company

    def lock(self, kind: str, period: str) -> Series:
        """Give the series, its row locked until the end of the transaction; a new one starts at 1."""
        row = self._locked(kind, period)
        if row is None:
            # Two transactions may meet a new period at once: the second's insert waits for the first, then does
            # nothing.
            self._session.run(_MAKE, **self._key(kind, period), next=1, last_hash=GENESIS)
            row = self._locked(kind, period)
        if row is None:
            raise RolledBack
        number, last_date, last_hash = row
        return Series(kind=kind, period=period, next=number, last_date=last_date, last_hash=last_hash)

    def save(self, series: Series) -> None:
        """Store counter, last date and last link of a locked series."""
        self._session.run(
            _SAVE,
            **self._key(series.kind, series.period),
            new_next=series.next,
            new_last_date=series.last_date,
            new_last_hash=series.last_hash,
        )

    def fast(self, kind: str, period: str) -> int:
        """Give the next number of a series that may have gaps, counted in a short transaction of its own.

        On SQLite, where there is one writer at a time anyway, it is counted in this one.
        """
        return self._session.count_aside(_COUNT, **self._key(kind, period), next=2, last_hash=GENESIS) - 1

    def _locked(self, kind: str, period: str) -> Row | None:
        return self._session.one(_LOCK, lock=Lock.series(kind, period), **self._key(kind, period))

    def _key(self, kind: str, period: str) -> dict[str, Any]:
        return {"company_id": self._company, "kind": str(kind), "period": period}
