"""Sessions in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Integer, bindparam, insert, select, update

from app.domain.access import Session
from app.domain.shared.errors import NotFound
from app.domain.shared.ids import CompanyId, SessionId, UserId
from app.infrastructure.database.compiled import prepare
from app.infrastructure.database.session import Session as Statements
from app.infrastructure.database.tables.access import (
    sessions,
)
from app.usecases.context import Context

MOST_SESSIONS: Final = 200
_SESSION: Final = (
    "id",
    "name",
    "user_id",
    "company_id",
    "token_hash",
    "address",
    "created_at",
    "used_at",
    "expires_at",
    "ends_at",
    "revoked_at",
    "version",
)
_SESSION_COLUMNS: Final = tuple(sessions.c[name] for name in _SESSION)
_NEW_SESSION = prepare(
    insert(sessions).values({name: bindparam(name) for name in _SESSION if name not in {"id", "revoked_at"}})
)
_SESSION_BY_NAME = prepare(select(*_SESSION_COLUMNS).where(sessions.c.name == bindparam("name")))
_GET_SESSION = prepare(
    select(*_SESSION_COLUMNS).where(sessions.c.user_id == bindparam("user"), sessions.c.id == bindparam("session"))
)
_LIVE_SESSIONS = prepare(
    select(*_SESSION_COLUMNS)
    .where(
        sessions.c.user_id == bindparam("user"),
        sessions.c.revoked_at.is_(None),
        sessions.c.expires_at > bindparam("now"),
    )
    .order_by(sessions.c.id.desc())
    .limit(bindparam("limit", type_=Integer()))
)
_ROTATE = prepare(
    update(sessions)
    .where(
        sessions.c.id == bindparam("session"),
        sessions.c.token_hash == bindparam("seen"),
        sessions.c.revoked_at.is_(None),
        sessions.c.expires_at > bindparam("now"),
    )
    .values(
        token_hash=bindparam("token"),
        company_id=bindparam("company"),
        used_at=bindparam("now"),
        expires_at=bindparam("until"),
    )
)
_END = prepare(
    update(sessions)
    .where(sessions.c.id == bindparam("session"), sessions.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("now"), version=sessions.c.version + 1)
)
_END_ALL = prepare(
    update(sessions)
    .where(sessions.c.user_id == bindparam("user"), sessions.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("now"), version=sessions.c.version + 1)
)
_END_IN = prepare(
    update(sessions)
    .where(
        sessions.c.user_id == bindparam("user"),
        sessions.c.company_id == bindparam("company"),
        sessions.c.revoked_at.is_(None),
    )
    .values(revoked_at=bindparam("now"), version=sessions.c.version + 1)
)


class SqlSessions:
    """Sessions of all users, in rows of ``sessions``."""

    def __init__(self, session: Statements, context: Context) -> None:  # noqa: ARG002 - repositories are made alike
        self._session = session

    def add(self, session: Session) -> None:
        """Store a new session and set its id."""
        values = {name: getattr(session, name) for name in _SESSION if name not in {"id", "user_id", "company_id"}}
        del values["revoked_at"]
        values |= {"user_id": session.user, "company_id": session.company, "version": 1}
        session.id = SessionId(self._session.insert(_NEW_SESSION, **values))
        session.version = 1

    def by_name(self, name: str) -> Session | None:
        """Give the session whose tokens have this look-up half."""
        row = self._session.one(_SESSION_BY_NAME, name=name)
        return None if row is None else _session(row)

    def get(self, user: UserId, session: SessionId) -> Session:
        """Give a session of the user. Raises NotFound."""
        row = self._session.one(_GET_SESSION, user=user, session=session)
        if row is None:
            raise NotFound(kind="session", id=session)
        return _session(row)

    def live(self, user: UserId, now: datetime) -> Sequence[Session]:
        """Give the user's sessions that go on at ``now``, newest first; at most 200."""
        return [_session(row) for row in self._session.all(_LIVE_SESSIONS, user=user, now=now, limit=MOST_SESSIONS)]

    def rotate(self, session: Session, seen: str, now: datetime) -> bool:
        """Store the session's new token if its newest is still the one with fingerprint ``seen``; tell whether."""
        stored = self._session.run(
            _ROTATE,
            session=session.id,
            seen=seen,
            now=now,
            token=session.token_hash,
            company=session.company,
            until=session.expires_at,
        )
        return bool(stored)

    def end(self, session: SessionId, now: datetime) -> bool:
        """Revoke a session; tell whether it was live until then."""
        return bool(self._session.run(_END, session=session, now=now))

    def end_all(self, user: UserId, now: datetime, company: CompanyId | None = None) -> int:
        """Revoke every session of the user, or those for one company; give how many were live until then."""
        if company is None:
            return self._session.run(_END_ALL, user=user, now=now)
        return self._session.run(_END_IN, user=user, now=now, company=company)


def _session(row: tuple[Any, ...]) -> Session:
    fields = dict(zip(_SESSION, row, strict=True))
    return Session(user=fields.pop("user_id"), company=fields.pop("company_id"), **fields)
