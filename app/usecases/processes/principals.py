"""For whom a step acts: who started its execution, or the role that its machine is published with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from app.domain.access import PasswordChangeRequired
from app.domain.identity import NoMembership
from app.domain.processes import RevisionNumber, role_of
from app.domain.shared.ids import ApiKeyId, AwsCredentialId, UserId
from app.usecases.access.principals import principal_of
from app.usecases.context import Context
from app.usecases.ports.shared import Work

NOBODY: Final = UserId(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Starter:
    """Who started an execution, and by which key, whose scopes go on to bound what it may do."""

    user: UserId = NOBODY
    api_key: ApiKeyId | None = None
    aws_credential: AwsCredentialId | None = None


def acting_for(work: Work, context: Context, starter: Starter, revision: RevisionNumber) -> Context:
    """Give the context of a step, with the rights of this moment; ``context`` is that of nobody in the company.

    Raises NoMembership, PasswordChangeRequired, and NotFound for a role that is gone.
    """
    role = role_of(work.machines.published_role(revision), context.company)
    if role is not None:
        settings = work.companies.get(context.company).settings
        rights = work.roles.get(context.company, role).rights
        return replace(context, actor=starter.user, rights=rights, settings=settings)
    if starter.user == NOBODY:
        raise NoMembership
    found = principal_of(
        work, starter.user, context.company, api_key=starter.api_key, aws_credential=starter.aws_credential
    )
    if found.must_change_password:
        raise PasswordChangeRequired
    return replace(
        context,
        actor=found.user,
        rights=found.rights,
        locale=found.locale,
        settings=found.settings,
        api_key=found.api_key,
        aws_credential=found.aws_credential,
    )
