"""Credentials of AWS clients in SQL."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import bindparam, insert, select, update

from app.domain.access import AwsCredential
from app.domain.shared.errors import NotFound, Stale
from app.domain.shared.ids import AwsCredentialId
from app.infrastructure.database.compiled import prepare
from app.infrastructure.database.repositories.identity.roles import rights_of
from app.infrastructure.database.session import Session as Statements
from app.infrastructure.database.tables.access import aws_credentials
from app.usecases.context import Context

_MADE: Final = ("name", "access_key", "secret_version", "created_at", "expires_at")
_READ: Final = ("id", "company_id", "user_id", "scopes", *_MADE, "revoked_at", "version")
_COLUMNS: Final = tuple(aws_credentials.c[name] for name in _READ)
_NEW = prepare(
    insert(aws_credentials).values(
        {name: bindparam(name) for name in ("company_id", "user_id", "scopes", *_MADE, "revoked", "version")}
    )
)
# ``revoked`` follows from ``revoked_at``; it is read along, so that what a change tells has a before.
_GET = prepare(
    select(*_COLUMNS, aws_credentials.c.revoked).where(
        aws_credentials.c.company_id == bindparam("company"), aws_credentials.c.id == bindparam("credential")
    )
)
_BY_ACCESS_KEY = prepare(select(*_COLUMNS).where(aws_credentials.c.access_key == bindparam("access_key")))
_SAVE = prepare(
    update(aws_credentials)
    .where(
        aws_credentials.c.company_id == bindparam("company"),
        aws_credentials.c.id == bindparam("credential"),
        aws_credentials.c.version == bindparam("seen"),
    )
    .values(
        secret_version=bindparam("secret_version"),
        revoked=bindparam("revoked"),
        revoked_at=bindparam("revoked_at"),
        version=bindparam("now"),
    )
)


class SqlAwsCredentials:
    """Credentials of the context's company, in rows of ``aws_credentials``; by access key of whatever company."""

    def __init__(self, session: Statements, context: Context) -> None:
        self._session = session
        self._company = context.company

    def add(self, credential: AwsCredential) -> None:
        """Store a new one and set its id."""
        credential.version = 1
        credential.id = AwsCredentialId(
            self._session.insert(
                _NEW,
                company_id=self._company,
                user_id=credential.user,
                scopes=sorted(credential.scopes),
                revoked=False,
                version=1,
                **{name: getattr(credential, name) for name in _MADE},
            )
        )

    def get(self, credential: AwsCredentialId) -> AwsCredential:
        """Give one. Raises NotFound."""
        row = self._session.one(_GET, company=self._company, credential=credential)
        if row is None:
            raise NotFound(kind="AWS credential", id=credential)
        return _credential(row[:-1])

    def by_access_key(self, access_key: str) -> AwsCredential | None:
        """Give the one of this access key, of whatever company."""
        row = self._session.one(_BY_ACCESS_KEY, access_key=access_key)
        return None if row is None else _credential(row)

    def save(self, credential: AwsCredential) -> None:
        """Store changes and move the version. Raises Stale."""
        seen, now = credential.version, credential.version + 1
        stored = self._session.run(
            _SAVE,
            company=self._company,
            credential=credential.id,
            seen=seen,
            now=now,
            secret_version=credential.secret_version,
            revoked=credential.revoked_at is not None,
            revoked_at=credential.revoked_at,
        )
        if not stored:
            raise Stale(seen=seen)
        credential.version = now


def _credential(row: tuple[Any, ...]) -> AwsCredential:
    fields = dict(zip(_READ, row, strict=True))
    scopes = rights_of(fields.pop("scopes"))
    return AwsCredential(user=fields.pop("user_id"), company=fields.pop("company_id"), scopes=scopes, **fields)
