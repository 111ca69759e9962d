"""Jobs done while a test waits for them."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from app.bootstrap import Container
from app.worker.pool import Pool


def work_off(container: Container, attempts: int = 1) -> list[tuple[str, str]]:
    """Do jobs until so many attempts have ended; give the kind of each and how it ended."""

    async def run() -> list[tuple[str, str]]:
        seen: list[tuple[str, str]] = []
        loop = asyncio.get_running_loop()

        def told(kind: str, outcome: str, _seconds: float) -> None:
            seen.append((kind, outcome))
            if len(seen) >= attempts:
                loop.call_soon_threadsafe(pool.drain)

        pool = Pool(replace(container.pool.tools, told=told), container.pool.settings)
        await pool.run()
        return seen

    return asyncio.run(run())
