"""Random secrets that somebody carries: what is stored of them, and how they are read."""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

_REFRESH: Final = re.compile(r"tr_([0-9a-f]{32})_([A-Za-z0-9_-]{43})")
_KEY: Final = re.compile(r"tk_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")


def fingerprint(secret: str) -> str:
    """Give what is stored of a random secret: its SHA-256 in hex. Not for passwords, which people choose."""
    return sha256(secret.encode()).hexdigest()


def same(stored: str, secret: str) -> bool:
    """Tell whether ``secret`` is the one ``stored`` is the fingerprint of, in the same time whatever differs."""
    return hmac.compare_digest(stored, fingerprint(secret))


@dataclass(frozen=True, slots=True)
class Opaque:
    """A secret that somebody else carries: ``name`` finds the row, ``secret`` is compared with what is stored there."""

    name: str
    secret: str = field(repr=False)

    @classmethod
    def refresh_token(cls, text: str) -> Opaque | None:
        """Read a refresh token, ``tr_<32 hex digits>_<256 bits in base64url>``; None for anything else."""
        return cls._read(_REFRESH, text)

    @classmethod
    def api_key(cls, text: str) -> Opaque | None:
        """Read an API key, ``tk_<16 hex digits>_<256 bits in base64url>``; None for anything else."""
        return cls._read(_KEY, text)

    @classmethod
    def _read(cls, pattern: re.Pattern[str], text: str) -> Opaque | None:
        found = pattern.fullmatch(text)
        return None if found is None else cls(found[1], found[2])


def recovery_code(text: str) -> str:
    """Give a recovery code in the form it is stored by: without blanks and dashes, in lower case."""
    return re.sub(r"[\s-]", "", text).lower()
