"""The request threads, as many as there are connections: a turn in one of them, or a refusal in good time."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final, TypeVar

from anyio import CapacityLimiter, WouldBlock, move_on_after, to_thread

from app.api.refusals import Overloaded

Value = TypeVar("Value")
# The turn is taken before the thread is asked for, so that waiting for it can end.
_NO_LIMIT: Final = CapacityLimiter(math.inf)


async def in_thread(call: Callable[[], Value], patience: float, limiter: CapacityLimiter | None = None) -> Value:
    """Give ``call()``, made in a request thread, or in one that ``limiter`` has set aside.

    Raises Overloaded when none is free within ``patience`` seconds.
    """
    async with turn(patience, limiter):
        return await to_thread.run_sync(call, limiter=_NO_LIMIT)


@asynccontextmanager
async def turn(patience: float, limiter: CapacityLimiter | None = None) -> AsyncIterator[None]:
    """Hold one of the turns of the request threads, or of ``limiter``.

    Raises Overloaded when none is free within ``patience`` seconds.
    """
    limiter = limiter or to_thread.current_default_thread_limiter()
    holder = object()
    try:
        limiter.acquire_on_behalf_of_nowait(holder)
    except WouldBlock:
        with move_on_after(patience) as waiting:
            await limiter.acquire_on_behalf_of(holder)
        if waiting.cancelled_caught:
            raise Overloaded from None
    try:
        yield
    finally:
        limiter.release_on_behalf_of(holder)
