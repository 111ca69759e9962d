"""AWS-style credentials: how programs made for AWS Step Functions get in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.domain.access.errors import AlreadyRevoked
from app.domain.access.events import AwsCredentialCreated, AwsCredentialRevoked, AwsCredentialRotated
from app.domain.shared.errors import Required
from app.domain.shared.ids import AwsCredentialId, CompanyId, UserId
from app.domain.shared.rights import Right


@dataclass(slots=True, kw_only=True)
class AwsCredential:
    """A way in for one user in one company, with at most the rights in ``scopes``.

    Its secret follows from ``access_key``, ``secret_version`` and a key of the installation: nothing of it is kept.
    """

    id: AwsCredentialId = AwsCredentialId(0)
    user: UserId
    company: CompanyId
    name: str
    access_key: str
    secret_version: int = 1
    scopes: frozenset[Right]
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    version: int = 0

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise Required(at=("name",))
        if not self.scopes:
            raise Required(at=("scopes",))

    def created(self) -> AwsCredentialCreated:
        """Give the event of its making, once it has an id."""
        return AwsCredentialCreated(
            id=self.id,
            user=self.user,
            access_key=self.access_key,
            scopes=tuple(sorted(self.scopes)),
            expires_at=self.expires_at,
        )

    def is_live(self, now: datetime) -> bool:
        """Tell whether it is neither revoked nor expired."""
        return self.revoked_at is None and now < self.expires_at

    def rotate(self) -> AwsCredentialRotated:
        """Have a new secret; the one before opens nothing any more. Raises AlreadyRevoked."""
        if self.revoked_at is not None:
            raise AlreadyRevoked(at=(), id=self.id)
        self.secret_version += 1
        return AwsCredentialRotated(id=self.id)

    def revoke(self, now: datetime) -> AwsCredentialRevoked:
        """End it. Raises AlreadyRevoked."""
        if self.revoked_at is not None:
            raise AlreadyRevoked(at=(), id=self.id)
        self.revoked_at = now
        return AwsCredentialRevoked(id=self.id)
