"""Who calls: bearer token to context, through a small cache of verified tokens."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from anyio import to_thread
from starlette.requests import Request

from app.api.container import Container
from app.api.refusals import Overloaded
from app.api.visit import NOBODY_LOCALE, Visit, visit_of
from app.domain.identity import CompanySettings, Principal, TokenRefused
from app.domain.shared.ids import CompanyId, UserId
from app.usecases.context import Context, Deadline
from app.usecases.identity import FindPrincipal

CACHE_SECONDS: Final = 30.0
CACHE_SIZE: Final = 4096
_FIND_PRINCIPAL: Final = FindPrincipal()
_NOBODY: Final = Principal(
    user=UserId(0), company=CompanyId(0), rights=frozenset(), locale=NOBODY_LOCALE, settings=CompanySettings()
)


@dataclass(frozen=True, slots=True)
class _Known:
    principal: Principal
    until: float


class Callers:
    """Turns requests into contexts. Lives on the event loop, so its cache needs no lock.

    A verified token is believed for at most 30 s and never past its expiry: so long does a withdrawn right go on
    working, except where a use case reads the rights again.
    """

    def __init__(self, container: Container) -> None:
        self._container = container
        self._clock = container.clock
        self._timeout = container.settings.request_timeout_s
        self._patience = container.settings.db_pool_timeout_s
        self._known: OrderedDict[bytes, _Known] = OrderedDict()

    async def identified(self, request: Request) -> Context:
        """Give the context of the bearer of the request's token. Raises TokenRefused, Overloaded."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise TokenRefused
        return self._context(request, await self._principal(token.strip(), request))

    def anonymous(self, request: Request) -> Context:
        """Give the context of somebody who has not signed in: no company, no rights."""
        return self._context(request, _NOBODY)

    async def _principal(self, token: str, request: Request) -> Principal:
        digest = sha256(token.encode("utf-8", "surrogateescape")).digest()
        known = self._known.get(digest)
        now = self._clock.monotonic()
        if known is not None and now < known.until:
            return known.principal
        # Queueing for a thread counts towards the patience as it does for the endpoint itself.
        found = await to_thread.run_sync(self._verify, token, self.anonymous(request), now)
        self._known[digest] = found
        self._known.move_to_end(digest)
        if len(self._known) > CACHE_SIZE:
            self._known.popitem(last=False)
        return found.principal

    def _verify(self, token: str, nobody: Context, since: float) -> _Known:
        now = self._clock.monotonic()
        if now - since > self._patience:
            raise Overloaded
        claims = self._container.tokens.read(token)
        life = (claims.expires - self._clock.now()).total_seconds()
        principal = self._container.runner.call(nobody, _FIND_PRINCIPAL, lambda: claims)
        return _Known(principal, now + min(CACHE_SECONDS, life))

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
            deadline=Deadline(self._timeout - spent, self._clock.monotonic),
        )
        visit.context = context
        return context
