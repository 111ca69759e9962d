"""Tokens of tasks: what somebody outside shows to answer for one, made of its place and of a secret of the engine."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import blake2b
from hmac import compare_digest
from typing import Final, NamedTuple

_SIGNED: Final = 16


class Place(NamedTuple):
    """Which attempt of which visit of which execution."""

    execution: str
    branch: int
    entry: int
    attempt: int


def token_of(place: Place, seed: str) -> str:
    """Give the token of a task. ``seed`` is the execution's, which nobody outside knows."""
    content = _content(place)
    proof = blake2b(content, key=seed.encode()[:64], digest_size=_SIGNED, person=b"task token").digest()
    return urlsafe_b64encode(proof + content).decode().rstrip("=")


def place_in(token: str) -> Place | None:
    """Read what a token says, which is not yet proved; None when it is none."""
    try:
        content = urlsafe_b64decode(token + "=" * (-len(token) % 4))[_SIGNED:].decode()
        execution, branch, entry, attempt = content.split("\x1f")
        return Place(execution, int(branch), int(entry), int(attempt))
    except (ValueError, binascii.Error):
        return None


def proves(token: str, place: Place, seed: str) -> bool:
    """Tell whether a token was given out for a place."""
    return compare_digest(token.encode(), token_of(place, seed).encode())


def _content(place: Place) -> bytes:
    return "\x1f".join(map(str, place)).encode()
