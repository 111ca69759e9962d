"""Who a token or a key stands for today."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from app.domain.access import KeyRefused, Opaque
from app.domain.identity import NoMembership, Principal
from app.domain.shared.errors import NotFound
from app.domain.shared.ids import ApiKeyId, AwsCredentialId, CompanyId, SessionId, UserId
from app.domain.shared.rights import Right
from app.usecases.context import Context
from app.usecases.ports.access import Claims
from app.usecases.ports.shared import Clock, Work


@dataclass(frozen=True, slots=True)
class FindPrincipal:
    """Tell whom a token's claims stand for today. Raises NoMembership when user, membership or session is gone."""

    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: Claims) -> Principal:
        """Give the principal with the rights of the roles held now; those in the token are only what was so."""
        return principal_of(work, request.user, request.company, session=request.session)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyHolder:
    """Whom an API key stands for, until when, and when its use was last noted."""

    principal: Principal
    expires_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class FindKeyHolder:
    """Tell whom an API key stands for today. Raises KeyRefused, NoMembership when its owner is gone."""

    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = False
    clock: Clock

    def execute(self, work: Work, context: Context, request: Opaque) -> KeyHolder:
        """Give the key's owner, with the rights that are both the owner's and in the key's scopes."""
        key = work.api_keys.by_prefix(request.name)
        if key is None or not key.opens(request.secret, self.clock.now()):
            raise KeyRefused
        principal = principal_of(work, key.user, key.company, api_key=key.id)
        return KeyHolder(principal=principal, expires_at=key.expires_at, last_used_at=key.last_used_at)


def principal_of(
    work: Work,
    user: UserId,
    company: CompanyId,
    *,
    session: SessionId | None = None,
    api_key: ApiKeyId | None = None,
    aws_credential: AwsCredentialId | None = None,
) -> Principal:
    """Give what an active member may do today. Raises NoMembership."""
    standing = work.principals.standing(user, company, session=session, api_key=api_key, aws_credential=aws_credential)
    if standing is None:
        raise NoMembership
    try:
        settings = work.companies.get(company).settings
    except NotFound as error:
        raise NoMembership from error
    return Principal(
        user=user,
        company=company,
        rights=standing.rights,
        locale=standing.locale,
        settings=settings,
        session=session,
        api_key=api_key,
        aws_credential=aws_credential,
        must_change_password=standing.must_change_password,
    )
