"""Who calls: bearer token or API key to context, through a small cache of verified ones."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import Final

import structlog
from anyio import to_thread
from starlette.requests import Request
from structlog.contextvars import bind_contextvars

from app.api.container import Container
from app.api.refusals import Overloaded
from app.api.threads import in_thread
from app.api.visit import NOBODY_LOCALE, Visit, visit_of
from app.domain.access import KeyRefused, Opaque, PasswordChangeRequired
from app.domain.identity import CompanySettings, Principal, TokenRefused
from app.domain.shared.ids import ApiKeyId, CompanyId, UserId
from app.usecases.access import FindKeyHolder, FindPrincipal, TouchApiKey
from app.usecases.access.keys import NOTED_EVERY
from app.usecases.context import Context, Deadline

CACHE_SECONDS: Final = 30.0
KEY_CACHE_SECONDS: Final = 5.0
CACHE_SIZE: Final = 4096
_FIND_PRINCIPAL: Final = FindPrincipal()
_NOBODY: Final = Principal(
    user=UserId(0), company=CompanyId(0), rights=frozenset(), locale=NOBODY_LOCALE, settings=CompanySettings()
)

_log = structlog.get_logger(source="app.access")


@dataclass(frozen=True, slots=True)
class _Known:
    principal: Principal
    until: float
    touch: ApiKeyId | None = None


class Callers:
    """Turns requests into contexts. Lives on the event loop, so its cache needs no lock.

    A verified token is believed for at most 30 s, an API key for 5 s, neither past its expiry: so long does a withdrawn
    right go on working, except where a use case reads the rights again.
    """

    def __init__(self, container: Container) -> None:
        self._container = container
        self._clock = container.clock
        self._timeout = container.settings.request_timeout_s
        self._patience = container.settings.db_pool_timeout_s
        self._known: OrderedDict[bytes, _Known] = OrderedDict()
        self._find_key_holder = FindKeyHolder(container.clock)
        self._touching: set[asyncio.Task[None]] = set()

    async def identified(self, request: Request, *, anyway: bool = False) -> Context:
        """Give the context of the bearer of the request's token or key.

        Raises TokenRefused, KeyRefused, NoMembership, Overloaded; PasswordChangeRequired unless ``anyway``.
        """
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise TokenRefused
        principal = await self._principal(token.strip(), request)
        context = self._context(request, principal)
        if principal.must_change_password and not anyway:
            raise PasswordChangeRequired
        return context

    def standing_for(self, request: Request, principal: Principal) -> Context:
        """Give the context of a principal found otherwise. Raises PasswordChangeRequired."""
        if principal.must_change_password:
            raise PasswordChangeRequired
        return self._context(request, principal)

    def anonymous(self, request: Request) -> Context:
        """Give the context of somebody who has not signed in: no company, no rights."""
        return self._context(request, _NOBODY)

    async def settled(self) -> None:
        """Wait until the use of every key that was seen is noted."""
        await asyncio.gather(*self._touching)

    async def _principal(self, token: str, request: Request) -> Principal:
        digest = sha256(token.encode("utf-8", "surrogateescape")).digest()
        known = self._known.get(digest)
        now = self._clock.monotonic()
        if known is not None and now < known.until:
            return known.principal
        # Queueing for a thread counts towards the patience as it does for the endpoint itself.
        found = await in_thread(partial(self._verify, token, self.anonymous(request), now), self._patience)
        self._known[digest] = found
        self._known.move_to_end(digest)
        if len(self._known) > CACHE_SIZE:
            self._known.popitem(last=False)
        if found.touch is not None:
            # Noted beside the request, which neither waits for it nor fails with it.
            task = asyncio.get_running_loop().create_task(self._touch(found.touch, self.anonymous(request)))
            self._touching.add(task)
            task.add_done_callback(self._touching.discard)
        return found.principal

    def _verify(self, token: str, nobody: Context, since: float) -> _Known:
        now = self._clock.monotonic()
        if now - since > self._patience:
            raise Overloaded
        if token.startswith("tk_"):
            return self._verify_key(token, nobody, now)
        claims = self._container.tokens.read(token)
        life = (claims.expires - self._clock.now()).total_seconds()
        principal = self._container.runner.call(nobody, _FIND_PRINCIPAL, lambda: claims)
        return _Known(principal, now + min(CACHE_SECONDS, life))

    def _verify_key(self, text: str, nobody: Context, now: float) -> _Known:
        key = Opaque.api_key(text)
        if key is None:
            raise KeyRefused
        holder = self._container.runner.call(nobody, self._find_key_holder, lambda: key)
        instant = self._clock.now()
        life = (holder.expires_at - instant).total_seconds()
        noted = holder.last_used_at is not None and instant - holder.last_used_at < NOTED_EVERY
        touch = None if noted else holder.principal.api_key
        return _Known(holder.principal, now + min(KEY_CACHE_SECONDS, life), touch)

    async def _touch(self, key: ApiKeyId, nobody: Context) -> None:
        case = TouchApiKey(self._clock)
        try:
            await to_thread.run_sync(lambda: self._container.runner.call(nobody, case, lambda: key))
        except Exception:  # noqa: BLE001 - when a key was used is good to know, and no more
            _log.warning("use of an API key not noted", api_key_id=key, exc_info=True)

    def _context(self, request: Request, principal: Principal) -> Context:
        visit: Visit = visit_of(request.scope)
        spent = self._clock.monotonic() - visit.arrived
        language = request.headers.get("accept-language")
        context = Context(
            actor=principal.user,
            company=principal.company,
            rights=principal.rights,
            request_id=visit.request_id,
            locale=self._container.texts.negotiate(language, principal.locale),
            settings=principal.settings,
            address=visit.address,
            api_key=principal.api_key,
            aws_credential=principal.aws_credential,
            session=principal.session,
            deadline=Deadline(self._timeout - spent, self._clock.monotonic),
        )
        visit.context = context
        bind_contextvars(actor=context.actor, company=context.company)
        return context
