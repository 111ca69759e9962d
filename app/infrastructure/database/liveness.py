"""Who still does jobs: the engine's locks, which a process loses as soon as it is gone, for the job queue's workers."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from app.domain.shared.errors import Unavailable
from app.domain.shared.ids import WorkerId
from app.infrastructure.database.engine import Database
from app.infrastructure.database.failures import DriverErrors
from app.usecases.ports.jobs import Liveness
from app.workflow.stores.sql.liveness import FileLocks, Locks, SessionLocks

_CLASS: Final = 0x7472616D
"""The first half of our advisory locks' keys on PostgreSQL: "tram"."""


def liveness_of(database: Database) -> Liveness:
    """Give the locks that the database of this process has."""
    url = database.url
    if database.dialect.name == "sqlite":
        file = Path(url.database or "")
        return WorkerLiveness(FileLocks(lambda worker: file.with_name(f"{file.name}.worker-{worker}")))
    connect = database.driver.connect
    if database.dialect.name == "postgresql":
        return WorkerLiveness(
            SessionLocks(
                connect,
                DriverErrors,
                take=lambda worker: f"SELECT pg_try_advisory_lock({_CLASS}, {worker})",
                give=lambda worker: f"SELECT pg_advisory_unlock({_CLASS}, {worker})",
            )
        )
    # Named locks are the server's, not the database's; a name has at most 64 characters.
    name = (url.database or "").replace("'", "").replace("\\", "")[-40:]
    return WorkerLiveness(
        SessionLocks(
            connect,
            DriverErrors,
            take=lambda worker: f"SELECT GET_LOCK('tramita.{name}.{worker}', 0)",
            give=lambda worker: f"SELECT RELEASE_LOCK('tramita.{name}.{worker}')",
        )
    )


class WorkerLiveness:
    """The lock of one worker, and a look at the others'."""

    def __init__(self, locks: Locks) -> None:
        self._locks = locks
        self._worker: WorkerId | None = None

    def hold(self, worker: WorkerId) -> None:
        """Take the lock of a worker and keep it. Raises Unavailable."""
        try:
            taken = self._locks.take(int(worker))
        except DriverErrors as error:
            raise Unavailable from error
        if not taken:
            raise Unavailable
        self._worker = worker

    def holds(self) -> bool:
        """Tell whether the lock was taken and is still ours."""
        return self._worker is not None and self._locks.holds(int(self._worker))

    def dead(self, worker: WorkerId) -> bool:
        """Tell whether nobody holds the lock of a worker. Raises Unavailable."""
        try:
            return self._locks.dead(int(worker))
        except DriverErrors as error:
            raise Unavailable from error

    def release(self) -> None:
        """Give the lock back."""
        self._worker = None
        self._locks.close()
