"""Tokens: what an outside worker shows to answer for a task. Nobody can make one up, or use it in another namespace."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import blake2b
from hmac import compare_digest

from .live import StepKey
from .store import Key

_SIGNED = 16


class InvalidTokenError(ValueError):
    """The token is none of this namespace's."""


def token_of(step: StepKey, seed: str) -> str:
    """Give the token of a task. ``seed`` is the execution's, which nobody outside knows."""
    content = "\x1f".join((step.key.id, str(step.branch), str(step.entry), str(step.attempt)))
    return urlsafe_b64encode(_signature(step, seed) + content.encode()).decode().rstrip("=")


def step_in(token: str, namespace: str) -> StepKey:
    """Read what a token says, which is not yet proved. Raises InvalidTokenError."""
    try:
        content = urlsafe_b64decode(token + "=" * (-len(token) % 4))[_SIGNED:].decode()
        execution, branch, entry, attempt = content.split("\x1f")
        return StepKey(Key(namespace, execution), int(branch), int(entry), int(attempt))
    except (ValueError, binascii.Error) as error:
        raise InvalidTokenError("this is no token") from error


def prove(token: str, step: StepKey, seed: str) -> None:
    """Raise InvalidTokenError when the token is not the one given for the step."""
    if not compare_digest(token.encode(), token_of(step, seed).encode()):
        raise InvalidTokenError("this is no token")


def _signature(step: StepKey, seed: str) -> bytes:
    content = "\x1f".join((*step.key, str(step.branch), str(step.entry), str(step.attempt)))
    return blake2b(content.encode(), key=seed.encode()[:64], digest_size=_SIGNED, person=b"task token").digest()
