"""Counters of attempts in SQL."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Executable, bindparam, delete, select, update

from app.domain.access import Attempts
from app.infrastructure.database.compiled import prepare, prepare_many
from app.infrastructure.database.dialects import Dialect
from app.infrastructure.database.locks import Lock
from app.infrastructure.database.session import Session as Statements
from app.infrastructure.database.statements import insert_missing, keys
from app.infrastructure.database.tables.access import (
    sign_in_attempts,
)
from app.usecases.context import Context
from app.usecases.ports.shared import RolledBack

ATTEMPTS_KEPT: Final = timedelta(days=1)
_a: Final = sign_in_attempts.c
_COUNTER: Final = (_a.subject, _a.count, _a.last_at)
_LOCK_ATTEMPTS = prepare_many(
    lambda n: (
        select(*_COUNTER).where(keys(_a.subject, "subject", n)).order_by(_a.subject).with_for_update(key_share=True)
    ),
    "lock sign_in_attempts",
    pads=True,
)
_READ_ATTEMPTS = prepare_many(lambda n: select(*_COUNTER).where(keys(_a.subject, "subject", n)), pads=True)


def _missing_counter(dialect: Dialect) -> Executable:
    names = ("subject", "count", "expires_at")
    return insert_missing(dialect, sign_in_attempts, {name: bindparam(name, type_=_a[name].type) for name in names})


_MAKE_COUNTER = prepare(_missing_counter, "make sign_in_attempts")
_SAVE_COUNTER = prepare(
    update(sign_in_attempts)
    .where(_a.subject == bindparam("which", type_=_a.subject.type))
    .values(count=bindparam("tried", type_=_a.count.type), last_at=bindparam("at", type_=_a.last_at.type))
    .values(expires_at=bindparam("until", type_=_a.expires_at.type))
)
_FORGET = prepare(delete(sign_in_attempts).where(_a.subject == bindparam("subject")))
_FORGIVE = prepare(
    update(sign_in_attempts)
    .where(_a.subject == bindparam("which", type_=_a.subject.type), _a.count > 0)
    .values({_a.count: _a.count - 1})
)


class SqlAttemptBook:
    """Counters of attempts, in rows of ``sign_in_attempts`` that all replicas share."""

    def __init__(self, session: Statements, context: Context) -> None:  # noqa: ARG002 - repositories are made alike
        self._session = session

    def lock(self, subjects: Sequence[str], now: datetime) -> Sequence[Attempts]:
        """Give the counters of ``subjects`` in that order, locked until the end of the transaction; new ones at 0."""
        found = self._locked(subjects)
        if missing := [subject for subject in subjects if subject not in found]:
            self._make(missing, now)
            found = self._locked(subjects)
        if len(found) < len(set(subjects)):
            raise RolledBack  # somebody who got in forgot a counter just now
        return [found[subject] for subject in subjects]

    def _make(self, subjects: Sequence[str], now: datetime) -> None:
        for subject in subjects:
            self._session.run(_MAKE_COUNTER, subject=subject, count=0, expires_at=now + ATTEMPTS_KEPT)

    def read(self, subjects: Collection[str]) -> Sequence[Attempts]:
        """Give the counters there are, without locking them."""
        return [_attempts(row) for row in self._session.all_of(_READ_ATTEMPTS, _wanted(subjects))]

    def save(self, attempts: Attempts) -> None:
        """Store a locked counter."""
        assert attempts.last_at is not None  # noqa: S101 - what was counted was counted at some time
        self._session.run(
            _SAVE_COUNTER,
            which=attempts.subject,
            tried=attempts.count,
            at=attempts.last_at,
            until=attempts.last_at + ATTEMPTS_KEPT,
        )

    def forget(self, subject: str) -> None:
        """Begin anew: the attempts were those of somebody who got in."""
        self._session.run(_FORGET, subject=subject)

    def forgive(self, subject: str) -> None:
        """Take one attempt back."""
        self._session.run(_FORGIVE, which=subject)

    def _locked(self, subjects: Sequence[str]) -> dict[str, Attempts]:
        rows = self._session.all_of(_LOCK_ATTEMPTS, _wanted(subjects), lock=Lock.attempts(subjects))
        return {row[0]: _attempts(row) for row in rows}


def _wanted(subjects: Collection[str]) -> list[dict[str, Any]]:
    return [{"subject": subject} for subject in subjects]


def _attempts(row: tuple[Any, ...]) -> Attempts:
    return Attempts(subject=row[0], count=row[1], last_at=row[2])
