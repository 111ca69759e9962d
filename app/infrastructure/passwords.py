"""Password hashes: Argon2id with the library's present defaults (RFC 9106, low-memory profile)."""

from __future__ import annotations

import re
import secrets
import threading
from base64 import b64encode
from collections.abc import Sequence
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import ARGON2_VERSION
from zxcvbn import zxcvbn

AT_ONCE: Final = 2
LEAST_SCORE: Final = 3
# zxcvbn's time grows with the square of the length (4 s for 1,024 characters); what 64 characters do not save is lost.
_JUDGED: Final = 64
_LONGEST_HINT: Final = 100
_SHORTEST_WORD: Final = 3
_OWN_PART: Final = 6


class ArgonPasswords:
    """Hashes and verifies; each takes about 0.1 s and 64 MiB, so at most two run at once in a process.

    ``least_score`` is the lowest zxcvbn score, 0 to 4, of a password that will do.
    """

    def __init__(self, hasher: PasswordHasher | None = None, *, least_score: int = LEAST_SCORE) -> None:
        self._hasher = hasher or PasswordHasher()
        self._least_score = least_score
        self._turn = threading.BoundedSemaphore(AT_ONCE)
        # What an unknown account is compared with: the same parameters, hence the same time.
        self._dummy = _hash_of_nothing(self._hasher)

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

    def random(self) -> str:
        """Give a password of 96 random bits."""
        return random_password()

    def outdated(self, password_hash: str) -> bool:
        """Tell whether the hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(password_hash)

    def guessable(self, password: str, hints: Sequence[str]) -> bool:
        """Tell whether the password is a common one, or follows from ``hints``: its zxcvbn score is too low."""
        known = _known_words(hints)
        own = password[:_JUDGED].lower()
        for word in known:
            own = own.replace(word, "")
        # zxcvbn counts two known words and a year as unguessable; so what is nobody else's is judged by itself.
        if len(re.sub(r"[\W_]+", "", own)) < _OWN_PART:
            return True
        judged = zxcvbn(own)
        return int(judged["score"]) < self._least_score


def _hash_of_nothing(hasher: PasswordHasher) -> str:
    """Give a PHC string of the hasher's parameters that no password has; making a real one costs a start 0.1 s."""
    salt, digest = (b64encode(bytes(size)).decode().rstrip("=") for size in (hasher.salt_len, hasher.hash_len))
    costs = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    return f"$argon2{hasher.type.name.lower()}$v={ARGON2_VERSION}${costs}${salt}${digest}"


def _known_words(hints: Sequence[str]) -> list[str]:
    """Give the hints and the words in them, in lower case, the longest first."""
    words = [word for hint in hints for word in (hint[:_LONGEST_HINT], *re.split(r"[\W_]+", hint[:_LONGEST_HINT]))]
    return sorted({word.lower() for word in words if len(word) >= _SHORTEST_WORD}, key=len, reverse=True)


def random_password() -> str:
    """Give a password nobody has to remember: 16 characters, 96 bits."""
    return secrets.token_urlsafe(12)
