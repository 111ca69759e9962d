"""Who calls by an access key: the signature is checked, and whom the key stands for is known for 5 seconds."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from starlette.requests import Request

from app.api.aws.arns import Place
from app.api.aws.signature import Authorization, Signed, read_authorization
from app.api.callers import CACHE_SIZE, KEY_CACHE_SECONDS, Callers
from app.api.container import Container
from app.api.threads import in_thread
from app.domain.processes import account_of
from app.usecases.access import AwsHolder, FindAwsHolder
from app.usecases.context import Context


@dataclass(frozen=True, slots=True)
class _Known:
    holder: AwsHolder
    until: float


class AwsCallers:
    """Turns signed requests into contexts. Lives on the event loop, so its cache needs no lock."""

    def __init__(self, container: Container, callers: Callers) -> None:
        self._container = container
        self._callers = callers
        self._case = FindAwsHolder(container.clock, container.aws_secrets)
        self._known: OrderedDict[str, _Known] = OrderedDict()

    async def identified(self, request: Request, body: bytes) -> tuple[Context, Place]:
        """Give the context of who signed the request, and where it was sent to.

        Raises AwsError, KeyRefused, NoMembership, PasswordChangeRequired, Overloaded.
        """
        signed = _signed(request, body)
        authorization = read_authorization(signed)
        authorization.check_time(self._container.clock.now())
        holder = await self._holder(authorization, request)
        authorization.check(signed, holder.secret)
        context = self._callers.standing_for(request, holder.principal)
        return context, Place(account_of(context.company), authorization.region)

    async def _holder(self, authorization: Authorization, request: Request) -> AwsHolder:
        key = authorization.access_key
        known, now = self._known.get(key), self._container.clock.monotonic()
        if known is not None and now < known.until:
            return known.holder
        nobody = self._callers.anonymous(request)
        runner, patience = self._container.runner, self._container.settings.db_pool_timeout_s
        holder = await in_thread(lambda: runner.call(nobody, self._case, lambda: key), patience)
        life = (holder.expires_at - self._container.clock.now()).total_seconds()
        self._known[key] = _Known(holder, now + min(KEY_CACHE_SECONDS, life))
        self._known.move_to_end(key)
        if len(self._known) > CACHE_SIZE:
            self._known.popitem(last=False)
        return holder


def _signed(request: Request, body: bytes) -> Signed:
    scope = request.scope
    raw = scope.get("raw_path") or scope["path"].encode()
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
    return Signed(
        request.method, raw.partition(b"?")[0].decode("latin-1"), scope["query_string"].decode("latin-1"), headers, body
    )
