"""API keys: how programs get in."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from app.domain.access.errors import AlreadyRevoked, KeyLife
from app.domain.access.events import ApiKeyChanged, ApiKeyCreated, ApiKeyRevoked
from app.domain.access.secrets import same
from app.domain.shared.errors import MissingRight, Required
from app.domain.shared.ids import ApiKeyId, CompanyId, UserId
from app.domain.shared.rights import Right

LONGEST_KEY_LIFE: Final = timedelta(days=730)


@dataclass(slots=True, kw_only=True)
class ApiKey:
    """A program's way in for one user in one company, with at most the rights in ``scopes``.

    Every key expires: one that was forgotten must end by itself.
    """

    id: ApiKeyId = ApiKeyId(0)
    user: UserId
    company: CompanyId
    name: str
    prefix: str
    secret_hash: str = field(repr=False)
    scopes: frozenset[Right]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None
    version: int = 0

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise Required(at=("name",))
        if not self.scopes:
            raise Required(at=("scopes",))

    def created(self) -> ApiKeyCreated:
        """Give the event of its making, once it has an id."""
        return ApiKeyCreated(
            id=self.id,
            user=self.user,
            prefix=self.prefix,
            scopes=tuple(sorted(self.scopes)),
            expires_at=self.expires_at,
        )

    def opens(self, secret: str, now: datetime) -> bool:
        """Tell whether ``secret`` is the key's and the key is neither revoked nor expired."""
        return same(self.secret_hash, secret) and self.revoked_at is None and now < self.expires_at

    def rename(self, name: str) -> ApiKeyChanged | None:
        """Call it otherwise; None when it is called so already. Raises Required."""
        if not name.strip():
            raise Required(at=("name",))
        if name == self.name:
            return None
        self.name = name
        return ApiKeyChanged(id=self.id, fields=("name",))

    def revoke(self, now: datetime) -> ApiKeyRevoked:
        """End it. Raises AlreadyRevoked."""
        if self.revoked_at is not None:
            raise AlreadyRevoked(at=(), id=self.id)
        self.revoked_at = now
        return ApiKeyRevoked(id=self.id)


def key_life(days: int) -> timedelta:
    """Give the life of a key. Raises KeyLife."""
    if not timedelta(days=1) <= timedelta(days=days) <= LONGEST_KEY_LIFE:
        raise KeyLife(at=("days",), longest=LONGEST_KEY_LIFE.days)
    return timedelta(days=days)


def check_scopes(scopes: frozenset[Right], held: Collection[Right]) -> frozenset[Right]:
    """Pass only rights that the maker holds. Raises MissingRight naming the first that is not."""
    for right in sorted(scopes):
        if right not in held:
            raise MissingRight(at=("scopes",), right=right.value)
    return scopes
