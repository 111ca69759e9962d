"""What happened to sessions, keys and accounts; no event holds a secret."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from app.domain.shared.events import Event
from app.domain.shared.ids import ApiKeyId, AwsCredentialId, SessionId, UserId


class SessionEnd(StrEnum):
    """Why a session was revoked."""

    SIGNED_OUT = "signed_out"
    REVOKED = "revoked"
    REUSED = "reused"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - a reason, not a password
    PASSWORD_RESET = "password_reset"  # noqa: S105 - likewise
    DEACTIVATED = "deactivated"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRevoked(Event):
    """A session ended before its time; its refresh tokens are worthless."""

    name: ClassVar[str] = "access.session_revoked"
    aggregate: ClassVar[str] = "session"
    id: SessionId
    user: UserId
    reason: SessionEnd


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionsRevoked(Event):
    """All sessions of a user ended at once."""

    name: ClassVar[str] = "access.sessions_revoked"
    aggregate: ClassVar[str] = "user"
    id: UserId
    reason: SessionEnd


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptsExceeded(Event):
    """So many attempts came in a row that the next has to wait, unless this last one succeeds.

    ``id`` is the account's user, 0 for an unknown account.
    """

    name: ClassVar[str] = "access.attempts_exceeded"
    aggregate: ClassVar[str] = "user"
    id: UserId
    address: str
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyCreated(Event):
    """An API key was made."""

    name: ClassVar[str] = "access.api_key_created"
    aggregate: ClassVar[str] = "api_key"
    id: ApiKeyId
    user: UserId
    prefix: str
    scopes: tuple[str, ...]
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyChanged(Event):
    """An API key was renamed."""

    name: ClassVar[str] = "access.api_key_changed"
    aggregate: ClassVar[str] = "api_key"
    id: ApiKeyId
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyRevoked(Event):
    """An API key was revoked."""

    name: ClassVar[str] = "access.api_key_revoked"
    aggregate: ClassVar[str] = "api_key"
    id: ApiKeyId


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordChanged(Event):
    """A user's password is another one; ``reset`` tells that somebody else saw to it."""

    name: ClassVar[str] = "access.password_changed"
    aggregate: ClassVar[str] = "user"
    id: UserId
    reset: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactorSwitched(Event):
    """A user's second factor was switched on or off."""

    name: ClassVar[str] = "access.second_factor_switched"
    aggregate: ClassVar[str] = "user"
    id: UserId
    on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryCodeUsed(Event):
    """A user got in with one of the recovery codes."""

    name: ClassVar[str] = "access.recovery_code_used"
    aggregate: ClassVar[str] = "user"
    id: UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsCredentialCreated(Event):
    """A credential for AWS clients was made."""

    name: ClassVar[str] = "access.aws_credential_created"
    aggregate: ClassVar[str] = "aws_credential"
    id: AwsCredentialId
    user: UserId
    access_key: str
    scopes: tuple[str, ...]
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsCredentialRotated(Event):
    """A credential for AWS clients has a new secret."""

    name: ClassVar[str] = "access.aws_credential_rotated"
    aggregate: ClassVar[str] = "aws_credential"
    id: AwsCredentialId


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsCredentialRevoked(Event):
    """A credential for AWS clients was ended before its time."""

    name: ClassVar[str] = "access.aws_credential_revoked"
    aggregate: ClassVar[str] = "aws_credential"
    id: AwsCredentialId
