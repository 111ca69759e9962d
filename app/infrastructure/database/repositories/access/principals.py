"""Who may do what now, in SQL."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Table, and_, bindparam, select, true

from app.domain.shared.ids import ApiKeyId, AwsCredentialId, CompanyId, SessionId, UserId
from app.domain.shared.rights import Right
from app.infrastructure.database.compiled import Prepared, prepare
from app.infrastructure.database.repositories.identity.roles import rights_of
from app.infrastructure.database.session import Session as Statements
from app.infrastructure.database.tables.access import (
    api_keys,
    aws_credentials,
    sessions,
)
from app.infrastructure.database.tables.identity import membership_roles, memberships, roles, users
from app.usecases.context import Context
from app.usecases.ports.access import Standing

_MEMBER: Final = and_(
    users.c.id == bindparam("user"),
    users.c.active == true(),
    memberships.c.company_id == bindparam("company"),
    memberships.c.active == true(),
)
_PERSON: Final = (users.c.locale, users.c.must_change_password)
_JOINED: Final = users.join(memberships, memberships.c.user_id == users.c.id)
_STANDING = prepare(select(*_PERSON).select_from(_JOINED).where(_MEMBER), "select standing")
_STANDING_IN_SESSION = prepare(
    select(*_PERSON)
    .select_from(_JOINED.join(sessions, sessions.c.user_id == users.c.id))
    .where(_MEMBER, sessions.c.id == bindparam("session"), sessions.c.revoked_at.is_(None)),
    "select standing",
)


def _by(shown: Table) -> Prepared:
    """Give the standing of who showed a key of one of two kinds, with the rights it is scoped to."""
    return prepare(
        select(*_PERSON, shown.c.scopes)
        .select_from(_JOINED.join(shown, shown.c.user_id == users.c.id))
        .where(
            _MEMBER,
            shown.c.company_id == bindparam("company"),
            shown.c.id == bindparam("shown"),
            shown.c.revoked_at.is_(None),
        ),
        "select standing",
    )


_STANDING_BY_KEY = _by(api_keys)
_STANDING_BY_CREDENTIAL = _by(aws_credentials)
_RIGHTS_HELD = prepare(
    select(roles.c.rights, roles.c.ready)
    .join_from(
        membership_roles,
        roles,
        and_(membership_roles.c.company_id == roles.c.company_id, membership_roles.c.role_id == roles.c.id),
    )
    .where(membership_roles.c.user_id == bindparam("user"), membership_roles.c.company_id == bindparam("company")),
    "select rights held",
)


class SqlPrincipals:
    """Who may do what now, from rows of ``users``, ``memberships``, ``membership_roles`` and ``roles``."""

    def __init__(self, session: Statements, context: Context) -> None:  # noqa: ARG002 - repositories are made alike
        self._session = session

    def standing(
        self,
        user: UserId,
        company: CompanyId,
        *,
        session: SessionId | None = None,
        api_key: ApiKeyId | None = None,
        aws_credential: AwsCredentialId | None = None,
    ) -> Standing | None:
        """Give the standing of an active member; None for anybody else, or when session or key was revoked."""
        if api_key is not None:
            row = self._session.one(_STANDING_BY_KEY, user=user, company=company, shown=api_key)
        elif aws_credential is not None:
            row = self._session.one(_STANDING_BY_CREDENTIAL, user=user, company=company, shown=aws_credential)
        elif session is not None:
            row = self._session.one(_STANDING_IN_SESSION, user=user, company=company, session=session)
        else:
            row = self._session.one(_STANDING, user=user, company=company)
        if row is None:
            return None
        rights = self._held(user, company)
        if len(row) > len(_PERSON):
            rights &= rights_of(row[len(_PERSON)])
        return Standing(rights=rights, locale=row[0], must_change_password=row[1])

    def _held(self, user: UserId, company: CompanyId) -> frozenset[Right]:
        held = self._session.all(_RIGHTS_HELD, user=user, company=company)
        return frozenset[Right]().union(*(rights_of(names, ready) for names, ready in held))
