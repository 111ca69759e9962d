"""Who still lives: locks that a database server, or the kernel, takes from a process as soon as it is gone."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any, Protocol


class Locks(Protocol):
    """One lock for each number; those taken belong to this object until it gives them back or its process ends."""

    def take(self, number: int) -> bool:
        """Take the lock of a number and keep it; false when somebody has it."""

    def holds(self, number: int) -> bool:
        """Tell whether the lock of a number is still ours: a line that broke took its locks with it."""

    def dead(self, number: int) -> bool:
        """Tell whether nobody holds the lock of a number, we ourselves included; what is left of it is removed."""

    def give(self, number: int) -> None:
        """Give one lock back."""

    def close(self) -> None:
        """Give all locks back."""


class SessionLocks:
    """Locks that belong to a session of a database server: a connection of its own, kept open for as long as they are.

    ``take`` and ``give`` make the statements for the lock of a number, whose answer is true when it was free, or ours.
    ``connect`` opens a connection that commits by itself. The driver's ``errors`` come out as they are.
    """

    def __init__(
        self,
        connect: Callable[[], Any],
        errors: tuple[type[Exception], ...],
        *,
        take: Callable[[int], str],
        give: Callable[[int], str],
    ) -> None:
        self._connect = connect
        self._errors = errors
        self._take = take
        self._give = give
        self._turn = Lock()
        self._connection: Any = None
        self._held: set[int] = set()

    def take(self, number: int) -> bool:
        """Take the lock of a number and keep it."""
        with self._turn:
            taken = bool(self._ask(self._take(number)))
            if taken:
                self._held.add(number)
            return taken

    def holds(self, number: int) -> bool:
        """Tell whether the lock of a number is still ours."""
        with self._turn:
            if number not in self._held:
                return False
            try:
                self._ask("SELECT 1")
            except self._errors:
                return False
            return True

    def dead(self, number: int) -> bool:
        """Tell whether nobody holds the lock of a number."""
        with self._turn:
            # The session that holds it would be given it a second time.
            if number in self._held:
                return False
            free = bool(self._ask(self._take(number)))
            if free:
                self._ask(self._give(number))
            return free

    def give(self, number: int) -> None:
        """Give one lock back."""
        with self._turn:
            if number in self._held:
                self._ask(self._give(number))
                self._held.discard(number)

    def close(self) -> None:
        """Give all locks back, and the connection."""
        with self._turn:
            with suppress(*self._errors):
                # One by one: the server takes a moment to end a session, and others need not wait for that.
                for number in tuple(self._held):
                    self._ask(self._give(number))
            self._held.clear()
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()

    def _ask(self, sql: str) -> Any:
        try:
            if self._connection is None:
                self._connection = self._connect()
            cursor = self._connection.cursor()
            cursor.execute(sql)
            return cursor.fetchone()[0]
        except self._errors:
            # Nothing may go on as if locks were held; and a line that stands must not keep what we know nothing of.
            line, self._connection = self._connection, None
            self._held.clear()
            if line is not None:
                with suppress(*self._errors):
                    line.close()
            raise


class FileLocks:
    """Locks on files, which the kernel gives back when their process ends; ``path`` names the file of a number."""

    def __init__(self, path: Callable[[int], Path]) -> None:
        self._path = path
        self._held: dict[int, int] = {}

    def take(self, number: int) -> bool:
        """Take the lock of a number and keep it."""
        if number in self._held:
            return True
        handle = os.open(self._path(number), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if not _locked(handle):
            os.close(handle)
            return False
        self._held[number] = handle
        return True

    def holds(self, number: int) -> bool:
        """Tell whether the lock was taken: only we ourselves can lose it."""
        return number in self._held

    def dead(self, number: int) -> bool:
        """Tell whether nobody holds the lock of a number, and remove what is left of it."""
        path = self._path(number)
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

    def give(self, number: int) -> None:
        """Give one lock back."""
        handle = self._held.pop(number, None)
        if handle is not None:
            self._path(number).unlink(missing_ok=True)
            os.close(handle)

    def close(self) -> None:
        """Give all locks back."""
        for number in list(self._held):
            self.give(number)


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
