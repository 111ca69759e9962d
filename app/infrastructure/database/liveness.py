"""Who still lives: locks that a database server, or the kernel, takes from a process as soon as it is gone."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from app.domain.shared.errors import Unavailable
from app.domain.shared.ids import WorkerId
from app.infrastructure.database.drivers import Driver
from app.infrastructure.database.engine import Database
from app.infrastructure.database.failures import DriverErrors
from app.usecases.ports.jobs import Liveness

_CLASS: Final = 0x7472616D
"""The first half of our advisory locks' keys on PostgreSQL: "tram"."""


def liveness_of(database: Database) -> Liveness:
    """Give the locks that the database of this process has."""
    url = database.url
    if database.dialect.name == "sqlite":
        return FileLiveness(Path(url.database or ""))
    if database.dialect.name == "postgresql":
        return SessionLiveness(
            database.driver,
            take=lambda worker: f"SELECT pg_try_advisory_lock({_CLASS}, {worker})",
            give=lambda worker: f"SELECT pg_advisory_unlock({_CLASS}, {worker})",
        )
    # Named locks are the server's, not the database's; a name has at most 64 characters.
    name = (url.database or "").replace("'", "").replace("\\", "")[-40:]
    return SessionLiveness(
        database.driver,
        take=lambda worker: f"SELECT GET_LOCK('tramita.{name}.{worker}', 0)",
        give=lambda worker: f"SELECT RELEASE_LOCK('tramita.{name}.{worker}')",
    )


class SessionLiveness:
    """Locks that belong to a session of a database server: a connection of its own, kept open for as long as they are.

    ``take`` and ``give`` give the statements for the lock of a worker, whose answer is true when it was free, or ours.
    """

    def __init__(self, driver: Driver, *, take: Callable[[int], str], give: Callable[[int], str]) -> None:
        self._driver = driver
        self._take = take
        self._give = give
        self._connection: Any = None

    def hold(self, worker: WorkerId) -> None:
        """Take the lock of a worker and keep it. Raises Unavailable."""
        if not self._ask(self._take(int(worker))):
            raise Unavailable

    def holds(self) -> bool:
        """Tell whether the connection still stands, and so the lock."""
        if self._connection is None:
            return False
        try:
            return bool(self._ask("SELECT 1"))
        except Unavailable:
            return False

    def dead(self, worker: WorkerId) -> bool:
        """Tell whether nobody holds the lock of a worker. Raises Unavailable."""
        free = bool(self._ask(self._take(int(worker))))
        if free:
            self._ask(self._give(int(worker)))
        return free

    def release(self) -> None:
        """Give the lock back: with its connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _ask(self, sql: str) -> Any:
        try:
            if self._connection is None:
                self._connection = self._driver.connect()
            cursor = self._driver.cursor(self._connection)
            self._driver.execute(cursor, sql, (), prepare=False, limit=None)
            return cursor.fetchall()[0][0]
        except DriverErrors as error:
            # Nothing may go on as if the lock were held; and a line that stands must not keep what we know nothing of.
            with suppress(*DriverErrors):
                self.release()
            raise Unavailable from error


class FileLiveness:
    """Locks on files beside the SQLite file, which the kernel gives back when their process ends."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._held: tuple[int, Path] | None = None

    def hold(self, worker: WorkerId) -> None:
        """Take the lock of a worker and keep it. Raises Unavailable."""
        path = self._path(worker)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if not _locked(handle):
            os.close(handle)
            raise Unavailable
        self._held = (handle, path)

    def holds(self) -> bool:
        """Tell whether the lock was taken: only we ourselves can lose it."""
        return self._held is not None

    def dead(self, worker: WorkerId) -> bool:
        """Tell whether nobody holds the lock of a worker, and remove what is left of it."""
        path = self._path(worker)
        try:
            handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return True
        try:
            free = _locked(handle)
            if free:
                path.unlink(missing_ok=True)
            return free
        finally:
            os.close(handle)

    def release(self) -> None:
        """Give the lock back."""
        held, self._held = self._held, None
        if held is not None:
            handle, path = held
            path.unlink(missing_ok=True)
            os.close(handle)

    def _path(self, worker: WorkerId) -> Path:
        return self._database.with_name(f"{self._database.name}.worker-{int(worker)}")


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
