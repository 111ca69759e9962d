"""A process that works until it is killed: ``python -m tests.support.workflow.hold <url> <now> <until>``.

It enters, claims all that is due, says its number, and waits.
"""

from __future__ import annotations

import sys
from threading import Event

from app.workflow.stores.sql.store import SqlStore


def main(url: str, now: int, until: int) -> None:
    """Say the worker's number and how many executions it has claimed, and wait."""
    store = SqlStore(url)
    worker = store.enter(now, until, "held")
    claimed = store.claim(worker, now, 100)
    sys.stdout.write(f"{worker} {len(claimed)}\n")
    sys.stdout.flush()
    Event().wait()


main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
