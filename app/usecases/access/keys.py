"""API keys: made, shown, renamed, revoked, and their use noted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar, Final

from app.domain.access import ApiKey, Opaque, check_scopes, fingerprint, key_life
from app.domain.shared.ids import ApiKeyId
from app.domain.shared.rights import Right
from app.usecases.context import Context
from app.usecases.ports.access import Mint
from app.usecases.ports.listing import FieldKind, ListField, Listing, Sort
from app.usecases.ports.shared import Clock, Work
from app.usecases.shared import Change, ListCase

NOTED_EVERY: Final = timedelta(minutes=1)
API_KEYS = Listing(
    name="api-keys",
    fields=(
        ListField(name="id", kind=FieldKind.ID, sortable=True),
        ListField(name="name", kind=FieldKind.TEXT),
        ListField(name="prefix", kind=FieldKind.TEXT),
        ListField(name="user_id", kind=FieldKind.ID),
        ListField(name="created_at", kind=FieldKind.INSTANT),
        ListField(name="expires_at", kind=FieldKind.INSTANT),
        ListField(name="last_used_at", kind=FieldKind.INSTANT, nullable=True),
        ListField(name="revoked", kind=FieldKind.FLAG),
    ),
    default_sort=(Sort(field="id"),),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewApiKey:
    """A key to make, of at most the rights in ``scopes``, for so many ``days``."""

    name: str
    scopes: frozenset[Right]
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeApiKey:
    """A key just made, with the secret that is shown this once."""

    key: ApiKey
    token: Opaque

    @property
    def secret(self) -> str:
        """The whole key as it is sent."""
        return f"tk_{self.token.name}_{self.token.secret}"


@dataclass(frozen=True, slots=True)
class CreateApiKey:
    """Make a key that stands for the caller in this company. Raises MissingRight for a scope not held, KeyLife."""

    right: ClassVar[Right] = Right.API_KEYS_WRITE
    writes: ClassVar[bool] = True
    fresh: ClassVar[bool] = True
    clock: Clock
    mint: Mint

    def execute(self, work: Work, context: Context, request: NewApiKey) -> MadeApiKey:
        """Give the key and its secret."""
        now = self.clock.now()
        token = self.mint.api_key()
        key = ApiKey(
            user=context.actor,
            company=context.company,
            name=request.name,
            prefix=token.name,
            secret_hash=fingerprint(token.secret),
            scopes=check_scopes(request.scopes, context.rights),
            created_at=now,
            expires_at=now + key_life(request.days),
        )
        work.api_keys.add(key)
        work.outbox.add(key.created())
        return MadeApiKey(key=key, token=token)


@dataclass(frozen=True, slots=True)
class ReadApiKey:
    """Show a key, without its secret. Raises NotFound."""

    right: ClassVar[Right] = Right.API_KEYS_READ
    writes: ClassVar[bool] = False

    def execute(self, work: Work, context: Context, request: ApiKeyId) -> ApiKey:
        """Give the key."""
        return work.api_keys.get(request)


@dataclass(frozen=True, slots=True)
class ChangeApiKey:
    """Rename a key; scopes and expiry are for ever. Raises NotFound, Stale."""

    right: ClassVar[Right] = Right.API_KEYS_WRITE
    writes: ClassVar[bool] = True
    fresh: ClassVar[bool] = True

    def execute(self, work: Work, context: Context, request: Change) -> ApiKey:
        """Give the key as it is now."""
        key = work.api_keys.get(ApiKeyId(request.id))
        request.matches(key.version)
        changed = key.rename(str(request.changes["name"])) if "name" in request.changes else None
        if changed is not None:
            work.api_keys.save(key)
            work.outbox.add(changed)
        return key


@dataclass(frozen=True, slots=True)
class RevokeApiKey:
    """End a key for ever; it is refused at once here, within 5 seconds elsewhere. Raises NotFound, AlreadyRevoked."""

    right: ClassVar[Right] = Right.API_KEYS_WRITE
    writes: ClassVar[bool] = True
    fresh: ClassVar[bool] = True
    clock: Clock

    def execute(self, work: Work, context: Context, request: ApiKeyId) -> ApiKey:
        """Give the key as it is now."""
        key = work.api_keys.get(request)
        revoked = key.revoke(self.clock.now())
        work.api_keys.save(key)
        work.outbox.add(revoked)
        return key


@dataclass(frozen=True, slots=True)
class TouchApiKey:
    """Note that a key was used, at most once a minute."""

    right: ClassVar[Right | None] = None
    writes: ClassVar[bool] = True
    clock: Clock

    def execute(self, work: Work, context: Context, request: ApiKeyId) -> None:
        """Note it."""
        now = self.clock.now()
        work.api_keys.touch(request, now, now - NOTED_EVERY)


class ListApiKeys(ListCase):
    """List the company's API keys."""

    __slots__ = ()
    right = Right.API_KEYS_READ
    listing = API_KEYS
