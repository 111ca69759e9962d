"""API keys in SQL."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, insert, or_, select, update

from app.domain.access import ApiKey
from app.domain.shared.errors import NotFound, Stale
from app.domain.shared.ids import ApiKeyId
from app.infrastructure.database.compiled import prepare
from app.infrastructure.database.repositories.identity.roles import rights_of
from app.infrastructure.database.session import Session as Statements
from app.infrastructure.database.tables.access import (
    api_keys,
)
from app.usecases.context import Context

_KEY: Final = (
    "id",
    "user_id",
    "company_id",
    "name",
    "prefix",
    "secret_hash",
    "scopes",
    "created_at",
    "expires_at",
    "last_used_at",
    "revoked_at",
    "version",
)
_KEY_COLUMNS: Final = tuple(api_keys.c[name] for name in _KEY)
_NEW_KEY = prepare(
    insert(api_keys).values(
        {name: bindparam(name) for name in _KEY if name not in {"id", "last_used_at", "revoked_at"}}
        | {"revoked": bindparam("revoked")}
    )
)
# ``revoked`` follows from ``revoked_at``; it is read along, so that what a change tells has a before.
_GET_KEY = prepare(
    select(*_KEY_COLUMNS, api_keys.c.revoked).where(
        api_keys.c.company_id == bindparam("company"), api_keys.c.id == bindparam("api_key")
    )
)
_KEY_BY_PREFIX = prepare(select(*_KEY_COLUMNS).where(api_keys.c.prefix == bindparam("prefix")))
_SAVE_KEY = prepare(
    update(api_keys)
    .where(
        api_keys.c.company_id == bindparam("company"),
        api_keys.c.id == bindparam("api_key"),
        api_keys.c.version == bindparam("seen"),
    )
    .values(
        name=bindparam("new_name", type_=api_keys.c.name.type),
        revoked=bindparam("revoked"),
        revoked_at=bindparam("revoked_at"),
        version=bindparam("now"),
    )
)
_TOUCH = prepare(
    update(api_keys)
    .where(
        api_keys.c.id == bindparam("api_key"),
        or_(api_keys.c.last_used_at.is_(None), api_keys.c.last_used_at <= bindparam("before")),
    )
    .values(last_used_at=bindparam("now"))
)


class SqlApiKeys:
    """API keys of the context's company, in rows of ``api_keys``; by prefix of whatever company."""

    def __init__(self, session: Statements, context: Context) -> None:
        self._session = session
        self._company = context.company

    def add(self, key: ApiKey) -> None:
        """Store a new key and set its id."""
        values = {name: getattr(key, name) for name in ("name", "prefix", "secret_hash", "created_at", "expires_at")}
        key.id = ApiKeyId(
            self._session.insert(
                _NEW_KEY,
                company_id=self._company,
                user_id=key.user,
                scopes=sorted(key.scopes),
                revoked=False,
                version=1,
                **values,
            )
        )
        key.version = 1

    def get(self, key: ApiKeyId) -> ApiKey:
        """Give a key. Raises NotFound."""
        row = self._session.one(_GET_KEY, company=self._company, api_key=key)
        if row is None:
            raise NotFound(kind="API key", id=key)
        return _api_key(row[:-1])

    def by_prefix(self, prefix: str) -> ApiKey | None:
        """Give the key with this look-up half, of whatever company."""
        row = self._session.one(_KEY_BY_PREFIX, prefix=prefix)
        return None if row is None else _api_key(row)

    def save(self, key: ApiKey) -> None:
        """Store changes and move the version. Raises Stale."""
        seen, now = key.version, key.version + 1
        stored = self._session.run(
            _SAVE_KEY,
            company=self._company,
            api_key=key.id,
            seen=seen,
            now=now,
            new_name=key.name,
            revoked=key.revoked_at is not None,
            revoked_at=key.revoked_at,
        )
        if not stored:
            raise Stale(seen=seen)
        key.version = now

    def touch(self, key: ApiKeyId, now: datetime, before: datetime) -> None:
        """Note that the key was used at ``now``, unless that was noted after ``before``; no new version."""
        self._session.run(_TOUCH, api_key=key, now=now, before=before)


def _api_key(row: tuple[Any, ...]) -> ApiKey:
    fields = dict(zip(_KEY, row, strict=True))
    scopes = rights_of(fields.pop("scopes"))
    return ApiKey(user=fields.pop("user_id"), company=fields.pop("company_id"), scopes=scopes, **fields)
