"""The installation's own keys: made once, kept in a file only its owner can read."""

from __future__ import annotations

import json
import os
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from pathlib import Path
from typing import Final

from app.domain.shared.errors import Unavailable

NAMES: Final = ("jwt_key", "chain_key")
KEY_BYTES: Final = 32


class BadKey(Unavailable):
    """A key of the installation is missing or not 32 bytes in base64url; ``tramita init`` makes them."""

    code = "setup.bad_key"


def decode_key(name: str, text: str) -> bytes:
    """Give the 32 bytes of the key called ``name`` from base64url, padded or not. Raises BadKey."""
    try:
        raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError as error:
        raise BadKey(name=name) from error
    if len(raw) != KEY_BYTES:
        raise BadKey(name=name)
    return raw


def ensure_keys(directory: Path) -> bool:
    """Write ``keys.json`` with fresh random keys (32 bytes, base64url) unless it is there; tell whether it was made.

    The file is created readable for its owner alone. An existing one is never touched: the chain key cannot be replaced
    without breaking the hash chains made with it.
    """
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "keys.json"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    keys = {name: urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip("=") for name in NAMES}
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(keys, file)
        file.flush()
        os.fsync(file.fileno())
    return True
