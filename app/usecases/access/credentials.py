"""Credentials of AWS clients: made, shown, given a new secret, revoked; and whom they stand for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final

from app.domain.access import AwsCredential, KeyRefused, check_scopes, key_life
from app.domain.identity import Principal
from app.domain.shared.errors import NotFound
from app.domain.shared.ids import AwsCredentialId, UserId
from app.domain.shared.rights import Right
from app.usecases.access.principals import principal_of
from app.usecases.context import Context
from app.usecases.ports.access import AwsSecrets, Mint
from app.usecases.ports.listing import FieldKind, ListField, Listing, Sort
from app.usecases.ports.shared import Clock, Work
from app.usecases.shared import ListCase

AWS_CREDENTIALS: Final = Listing(
    name="aws-credentials",
    fields=(
        ListField(name="id", kind=FieldKind.ID, sortable=True),
        ListField(name="name", kind=FieldKind.TEXT),
        ListField(name="access_key", kind=FieldKind.TEXT),
        ListField(name="user_id", kind=FieldKind.ID),
        ListField(name="created_at", kind=FieldKind.INSTANT),
        ListField(name="expires_at", kind=FieldKind.INSTANT),
        ListField(name="revoked", kind=FieldKind.FLAG),
    ),
    default_sort=(Sort(field="id"),),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAwsCredential:
    """A credential to make, of at most the rights in ``scopes``, for so many ``days``; ``user`` is for the console."""

    name: str
    scopes: frozenset[Right]
    days: int
    user: UserId = UserId(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeAwsCredential:
    """A credential with its secret, which is shown this once."""

    credential: AwsCredential
    secret: str


@dataclass(frozen=True, slots=True)
class CreateAwsCredential:
    """Make a credential that stands for the caller in this company. Raises MissingRight for a scope not held, KeyLife.

    The command line, which is nobody, names whom it stands for.
    """

    right: ClassVar[Right] = Right.API_KEYS_WRITE
    writes: ClassVar[bool] = True
    fresh: ClassVar[bool] = True
    secret: ClassVar[bool] = True
    clock: Clock
    mint: Mint
    secrets: AwsSecrets

    def execute(self, work: Work, context: Context, request: NewAwsCredential) -> MadeAwsCredential:
        """Give the credential and its secret."""
        now = self.clock.now()
        credential = AwsCredential(
            user=context.actor or request.user,
            company=context.company,
            name=request.name,
            access_key=self.mint.access_key(),
            scopes=check_scopes(request.scopes, context.rights),
            created_at=now,
            expires_at=now + key_life(request.days),
        )
        work.aws_credentials.add(credential)
        work.outbox.add(credential.created())
        return _with_secret(credential, self.secrets)


@dataclass(frozen=True, slots=True)
class ReadAwsCredential:
    """Show a credential of AWS clients, without its secret. Raises NotFound."""

    right: ClassVar[Right] = Right.API_KEYS_READ
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: AwsCredentialId) -> AwsCredential:
        """Give the credential."""
        return work.aws_credentials.get(request)


@dataclass(frozen=True, slots=True)
class RotateAwsCredential:
    """Give a credential of AWS clients a new secret; the old one is refused within 5 seconds.

    Raises NotFound, AlreadyRevoked.
    """

    right: ClassVar[Right] = Right.API_KEYS_WRITE
    writes: ClassVar[bool] = True
    fresh: ClassVar[bool] = True
    secret: ClassVar[bool] = True
    secrets: AwsSecrets

    def execute(self, work: Work, context: Context, request: AwsCredentialId) -> MadeAwsCredential:
        """Give the credential and its new secret."""
        credential = work.aws_credentials.get(request)
        if context.actor not in {credential.user, UserId(0)}:
            # Whoever sees a secret can be its owner.
            raise NotFound(kind="AWS credential", id=request)
        rotated = credential.rotate()
        work.aws_credentials.save(credential)
        work.outbox.add(rotated)
        return _with_secret(credential, self.secrets)


@dataclass(frozen=True, slots=True)
class RevokeAwsCredential:
    """End a credential of AWS clients for ever, within 5 seconds. Raises NotFound, AlreadyRevoked."""

    right: ClassVar[Right] = Right.API_KEYS_WRITE
    writes: ClassVar[bool] = True
    fresh: ClassVar[bool] = True
    clock: Clock

    def execute(self, work: Work, context: Context, request: AwsCredentialId) -> AwsCredential:
        """Give the credential as it is now."""
        credential = work.aws_credentials.get(request)
        revoked = credential.revoke(self.clock.now())
        work.aws_credentials.save(credential)
        work.outbox.add(revoked)
        return credential


class ListAwsCredentials(ListCase):
    """List the company's credentials of AWS clients."""

    __slots__ = ()
    right = Right.API_KEYS_READ
    listing = AWS_CREDENTIALS


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsHolder:
    """Whom an access key stands for, by which secret that is shown, and until when."""

    principal: Principal
    secret: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class FindAwsHolder:
    """Tell whom an access key stands for today. Raises KeyRefused, NoMembership when its owner is gone."""

    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = False
    clock: Clock
    secrets: AwsSecrets

    def execute(self, work: Work, context: Context, request: str) -> AwsHolder:
        """Give the owner, with the rights that are both the owner's and in the credential's scopes."""
        credential = work.aws_credentials.by_access_key(request)
        if credential is None or not credential.is_live(self.clock.now()):
            raise KeyRefused
        principal = principal_of(work, credential.user, credential.company, aws_credential=credential.id)
        secret = self.secrets.secret(credential.access_key, credential.secret_version)
        return AwsHolder(principal=principal, secret=secret, expires_at=credential.expires_at)


def _with_secret(credential: AwsCredential, secrets: AwsSecrets) -> MadeAwsCredential:
    return MadeAwsCredential(
        credential=credential, secret=secrets.secret(credential.access_key, credential.secret_version)
    )
