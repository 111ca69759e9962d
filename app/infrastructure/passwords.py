"""Password hashes: Argon2id with the library's present defaults (RFC 9106, low-memory profile)."""

from __future__ import annotations

import secrets
import threading
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

AT_ONCE: Final = 2


class ArgonPasswords:
    """Hashes and verifies; each takes about 0.1 s and 64 MiB, so at most two run at once in a process."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._turn = threading.BoundedSemaphore(AT_ONCE)
        # What an unknown account is compared with: the same parameters, hence the same time.
        self._dummy = self._hasher.hash("an account that does not exist")

    def hash(self, password: str) -> str:
        """Give the Argon2id hash in PHC form."""
        with self._turn:
            return self._hasher.hash(password)

    def verify(self, password_hash: str | None, password: str) -> bool:
        """Tell whether the password is right; None (no such account) takes the same time and is never right."""
        with self._turn:
            try:
                self._hasher.verify(password_hash or self._dummy, password)
            except (VerificationError, InvalidHashError):
                return False
        return password_hash is not None

    def outdated(self, password_hash: str) -> bool:
        """Tell whether the hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(password_hash)


def random_password() -> str:
    """Give a password nobody has to remember: 16 characters, 96 bits."""
    return secrets.token_urlsafe(12)
