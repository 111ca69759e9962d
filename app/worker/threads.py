"""Threads that nobody waits for in the end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextvars import copy_context
from typing import TypeVar

Result = TypeVar("Result")


def in_thread(call: Callable[[], Result], name: str) -> asyncio.Future[Result]:
    """Start ``call`` in a thread of its own and give what it will give.

    The standard library's executors are waited for when the process ends, and so would whatever hangs in one; a thread
    costs 0.05 ms more.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Result] = loop.create_future()
    context = copy_context()

    def settle(settled: Callable[[], None]) -> None:
        if not future.done():
            settled()

    def body() -> None:
        try:
            result = context.run(call)
        except BaseException as error:  # noqa: BLE001 - handed to whoever waits
            _tell(loop, settle, lambda error=error: future.set_exception(error))  # type: ignore[misc]
        else:
            _tell(loop, settle, lambda: future.set_result(result))

    threading.Thread(target=body, name=name, daemon=True).start()
    return future


def _tell(
    loop: asyncio.AbstractEventLoop, settle: Callable[[Callable[[], None]], None], settled: Callable[[], None]
) -> None:
    try:
        loop.call_soon_threadsafe(settle, settled)
    except RuntimeError:  # the loop has ended, and nobody waits
        return
